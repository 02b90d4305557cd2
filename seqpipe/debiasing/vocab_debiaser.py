"""The component `debiaser`: changes the pipeline's vectors once, and keeps how."""

# No future import of annotations: spaCy reads those of `initialize`.
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from spacy import util
from spacy.language import Language
from spacy.pipeline.pipe import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.vocabulary.pretrained import TUNED

from .debiaser import Settings, debias
from .word_lists import WordLists
from .words import WordVectors


class VocabDebiaser(Pipe):
    """Debiases the vectors when the pipeline is initialised; docs pass through it unchanged.

    The factory says what the arguments are. Afterwards `basis` is float64 (k, width), the direction
    or subspace, `frequency` float64 (2, width), the mean and the direction that "double_hard" took
    away first, or None, and `report` what `Debiased.report` gives. They are saved with the
    pipeline, and the vectors with its vocab; loading changes nothing.
    """

    def __init__(self, vocab: Vocab, name: str, *, lists: str | None, settings: Settings) -> None:
        self.vocab, self.name = vocab, name
        self.lists, self.settings = lists, settings
        self.basis = np.zeros((0, 0))
        self.frequency: np.ndarray | None = None
        self.report: dict[str, Any] = {}

    def __call__(self, doc: Doc) -> Doc:
        """RETURNS (Doc): The same doc."""
        return doc

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
    ) -> None:
        """Debias the vectors that the pipeline has now, and put them into the vocab as a new table:
        the old one, which other pipelines may share, stays as it is.

        get_examples (Callable): Not used.
        nlp (Language): The pipeline.
        RAISES (InputError): If there are no vectors, if they and the lists do not go together, or
            if a component stands on the wrong side of this one.
        """
        if nlp is not None:
            check_order(nlp, self.name)
        lists = WordLists.english_gender() if self.lists is None else WordLists.load(self.lists)
        try:
            found = debias(WordVectors.from_vocab(self.vocab), lists, self.settings)
        except InputError as error:
            raise InputError(f"[components.{self.name}]: {error}") from error
        found.vectors.to_vocab(self.vocab)
        self.basis, self.report = found.subspace.basis, found.report()
        self.frequency = None
        if found.frequency is not None:
            self.frequency = np.stack([found.frequency.mean, found.frequency.direction])

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): Direction and report; the vectors are the vocab's.

        exclude (Iterable[str]): Names of parts to leave out.
        """
        return util.to_bytes({"report": self._report_bytes, "arrays": self._array_bytes}, exclude)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "VocabDebiaser":
        """Take direction and report from what `to_bytes` gave.

        data (bytes): What was written.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (VocabDebiaser): This one.
        """
        util.from_bytes(data, {"report": self._set_report, "arrays": self._set_arrays}, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write direction and report to a folder.

        path (Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out.
        """
        writers = {
            "report.json": lambda file: file.write_bytes(self._report_bytes()),
            "arrays.npz": lambda file: file.write_bytes(self._array_bytes()),
        }
        util.to_disk(util.ensure_path(path), writers, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "VocabDebiaser":
        """Read what `to_disk` wrote.

        path (Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (VocabDebiaser): This one.
        RAISES (InputError): If it is damaged.
        """
        readers = {
            "report.json": _naming_file(self._set_report),
            "arrays.npz": _naming_file(self._set_arrays),
        }
        util.from_disk(util.ensure_path(path), readers, exclude)
        return self

    def _report_bytes(self) -> bytes:
        return json.dumps(self.report, ensure_ascii=False, indent=1, allow_nan=False).encode()

    def _set_report(self, data: bytes) -> None:
        self.report = json.loads(data)

    def _array_bytes(self) -> bytes:
        stream = io.BytesIO()
        arrays = {"basis": self.basis}
        if self.frequency is not None:
            arrays["frequency"] = self.frequency
        np.savez(stream, **arrays)  # type: ignore[arg-type]
        return stream.getvalue()

    def _set_arrays(self, data: bytes) -> None:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            self.basis = arrays["basis"]
            self.frequency = arrays.get("frequency")


def check_order(nlp: Language, name: str) -> None:
    """See that what makes vectors stands before, and what copies them behind.

    nlp (Language): The pipeline.
    name (str): That of the debiaser in it.
    RAISES (InputError): Names the component that stands on the wrong side.
    """
    if name not in nlp.pipe_names:
        return
    place = nlp.pipe_names.index(name)
    for other, pipe in nlp.pipeline[:place]:
        if _copies_vectors(pipe):
            raise InputError(
                f"{name!r} stands after {other!r}, which has copied the vectors (vectors = "
                f"{TUNED!r}): expected it before"
            )
    for other in nlp.pipe_names[place + 1 :]:
        if nlp.get_pipe_meta(other).factory == "embedding_learner":
            raise InputError(
                f"{name!r} stands before {other!r}, which makes other vectors: expected it after"
            )


def _copies_vectors(pipe: Any) -> bool:
    """RETURNS (bool): Whether a component has a table of its own, made from the vectors."""
    model = getattr(pipe, "model", None)
    nodes = model.walk() if isinstance(model, Model) else ()
    return any(node.name == TUNED and "keys" in node.attrs for node in nodes)


def _naming_file(take: Callable[[bytes], None]) -> Callable[[Path], None]:
    """A reader of a file, which says which one is damaged."""

    def read(file: Path) -> None:
        try:
            take(file.read_bytes())
        except (ValueError, KeyError, EOFError, BadZipFile) as error:
            message = f"damaged ({error}), expected what a debiaser wrote"
            raise InputError(message, path=file) from error

    return read
