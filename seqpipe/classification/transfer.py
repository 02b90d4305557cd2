"""Starting from what another pipeline learned: its token vectors and its encoder (Dai & Le 2015;
Howard & Ruder 2018). The two components meet through files and registries alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.pipe import SequencePipe
from seqpipe.vocabulary.embed import VOCABULARY, vocabulary_nodes

PARTS = ("tok2vec", "encoder")


@dataclass(frozen=True)
class Source:
    """A component that lends what it learned.

    pipe (SequencePipe): The component.
    path (Path): Its pipeline's folder.
    """

    pipe: SequencePipe
    path: Path

    def lend_vocabularies(self, nodes: list[Model], name: str) -> None:
        """Give the vocabularies, which the vectors of tokens belong to.

        nodes (List[Model]): The layers that have vocabularies.
        name (str): The borrowing component's.
        """
        theirs = vocabulary_nodes(self.pipe.model)
        if len(nodes) != len(theirs):
            raise self._unlike(name, "tok2vec", f"{len(theirs)} vocabularies, {len(nodes)} here")
        for node, other in zip(nodes, theirs, strict=True):
            node.attrs[VOCABULARY] = node.attrs[VOCABULARY].from_dict(
                other.attrs[VOCABULARY].to_dict()
            )

    def lend(self, model: Model, name: str) -> None:
        """Copy the parameters of the parts that both have.

        model (Model): The borrowing component's, initialised.
        name (str): The component's.
        RAISES (InputError): If a part is built otherwise there.
        """
        for part in PARTS:
            mine = model.get_ref(part) if model.has_ref(part) else None
            if mine is not None:
                try:
                    mine.from_bytes(self.pipe.model.get_ref(part).to_bytes())
                except Exception as error:  # whatever Thinc says of models that differ
                    raise self._unlike(name, part, " ".join(str(error).split())) from error

    def _unlike(self, name: str, part: str, why: str) -> InputError:
        return InputError(
            f"{name}: start_from: the {part} of its component {self.pipe.name!r} is built "
            f"otherwise ({why}), expected the same settings here and there",
            path=self.path,
        )


def load_source(path: str | Path, component: str | None) -> Source:
    """Load the component that lends.

    path: Folder of a saved pipeline.
    component (Optional[str]): Its name, if several could be meant.
    RETURNS (Source): The component.
    RAISES (InputError): If there is no such component, or more than one.
    """
    from seqpipe.pipelines import load_pipeline

    nlp = load_pipeline(path)
    found = {
        name: pipe
        for name, pipe in nlp.components
        if isinstance(pipe, SequencePipe) and _lends(pipe.model)
    }
    if component is not None:
        found = {name: pipe for name, pipe in found.items() if name == component}
    if len(found) != 1:
        wanted = "one component" if component is None else f"a component {component!r}"
        raise InputError(
            f"start_from: {list(found) or 'none'} of its components {nlp.pipe_names} has a tok2vec "
            f"and an encoder, expected {wanted} (start_component names it)",
            path=path,
        )
    return Source(next(iter(found.values())), Path(path))


def _lends(model: Model) -> bool:
    return all(model.has_ref(part) and model.get_ref(part) is not None for part in PARTS)
