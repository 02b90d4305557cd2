"""Starting from what another pipeline learned: its token vectors and its encoder (Dai & Le 2015;
Howard & Ruder 2018). The two components meet through files and registries alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.pipe import SequencePipe
from seqpipe.vocabulary.embed import PARTS as TOKEN_PARTS
from seqpipe.vocabulary.embed import VOCABULARY, vocabulary_nodes
from seqpipe.vocabulary.pretrained import FROZEN, LEARNED_ATTRS

PARTS = ("tok2vec", "encoder")
# Parts of a token's vector that are read from the pipeline's own vectors at every call.
READ_FROM_VECTORS = {"static_vectors"}


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
        RAISES (InputError): If they are of other features.
        """
        theirs = vocabulary_nodes(self.pipe.model)
        if len(nodes) != len(theirs):
            raise self._unlike(name, "tok2vec", f"{len(theirs)} vocabularies, {len(nodes)} here")
        for node, other in zip(nodes, theirs, strict=True):
            try:
                vocabularies = other.attrs[VOCABULARY].to_dict()
                node.attrs[VOCABULARY] = node.attrs[VOCABULARY].from_dict(vocabularies)
            except InputError as error:
                raise self._unlike(name, "tok2vec", str(error)) from error

    def lend(self, model: Model, vocab: Vocab, name: str) -> None:
        """Copy the parameters of the parts that the borrower has. Its own settings stay.

        model (Model): The borrowing component's, initialised.
        vocab (Vocab): Its vocab.
        name (str): The component's.
        RAISES (InputError): If a part is built otherwise there, or reads other vectors.
        """
        if _reads_vectors(model) and not _same(vocab.vectors, self.pipe.vocab.vectors):
            raise self._unlike(name, "tok2vec", "it reads the vectors of another pipeline")
        for part in _parts(model):
            mine, theirs = model.get_ref(part), self.pipe.model.get_ref(part)
            for one, other in zip_longest(mine.walk(), theirs.walk()):
                if one is None or other is None or one.name != other.name:
                    layers = [layer.name if layer else "nothing" for layer in (other, one)]
                    raise self._unlike(name, part, "{} there, {} here".format(*layers))
            kept = [dict(node.attrs) for node in mine.walk()]
            try:
                mine.from_bytes(theirs.to_bytes())
            except Exception as error:  # whatever Thinc says of widths that differ
                raise self._unlike(name, part, " ".join(str(error).split())) from error
            for node, attrs in zip(mine.walk(), kept, strict=True):
                node.attrs.update({k: v for k, v in attrs.items() if k not in LEARNED_ATTRS})

    def _unlike(self, name: str, part: str, why: str) -> InputError:
        return InputError(
            f"{name}: start_from: the {part} of its component {self.pipe.name!r} is built "
            f"otherwise ({why}), expected the same settings here and there",
            path=self.path,
        )


def load_source(path: str | Path, component: str | None, *, of: Model) -> Source:
    """Load the component that lends.

    path: Folder of a saved pipeline.
    component (Optional[str]): Its name, if several could be meant.
    of (Model): The borrower's: the lender has all of its parts.
    RETURNS (Source): The component.
    RAISES (InputError): If there is no such component, or more than one.
    """
    from seqpipe.pipelines import load_pipeline

    nlp = load_pipeline(path)
    wanted = _parts(of)
    found = {
        name: pipe
        for name, pipe in nlp.components
        if isinstance(pipe, SequencePipe) and set(wanted) <= set(_parts(pipe.model))
    }
    if component is not None:
        found = {name: pipe for name, pipe in found.items() if name == component}
    if len(found) != 1:
        expected = "one component" if component is None else f"a component {component!r}"
        raise InputError(
            f"start_from: {list(found) or 'none'} of its components {nlp.pipe_names} has a "
            f"{' and an '.join(wanted)}, expected {expected} (start_component names it)",
            path=path,
        )
    return Source(next(iter(found.values())), Path(path))


def _parts(model: Model) -> list[str]:
    return [part for part in PARTS if model.has_ref(part) and model.get_ref(part) is not None]


def _reads_vectors(model: Model) -> bool:
    def parts() -> Iterable[str]:
        for node in vocabulary_nodes(model):
            yield from node.attrs[TOKEN_PARTS]
            yield from (layer.name for layer in node.layers)

    return bool({*READ_FROM_VECTORS, FROZEN} & set(parts()))


def _same(one: Vectors, other: Vectors) -> bool:
    return (
        one.shape == other.shape
        and one.key2row == other.key2row
        and np.array_equal(np.asarray(one.data), np.asarray(other.data))
    )
