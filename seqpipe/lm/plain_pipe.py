"""What language models do alike that are no Thinc models: annotate, score, and keep what they
learned in one file."""

# No future import of annotations: spaCy reads those of the pipes' methods.
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from spacy import util
from spacy.pipeline.pipe import Pipe
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.files import InputError

from .language_model import annotate_docs, annotate_stream, text_scores
from .scores import SentenceScore


class PlainLM(Pipe):
    """The base of `ngram_lm` and `interpolated_lm`: a subclass says how sentences are scored, and
    what there is to keep.

    name (str): The component's.
    part, file (str): The name of what is kept, and of its file.
    reads_spaces (bool): White space is tokens like others.
    """

    name: str
    part: ClassVar[str]
    file: ClassVar[str]

    @property
    def reads_spaces(self) -> bool:
        return False

    @abstractmethod
    def sentence_scores(
        self, docs: Sequence[Doc], *, carried: dict[Any, Any] | None = None
    ) -> list[list[SentenceScore]]:
        """Score the sentences of docs. See `LanguageModel.sentence_scores`."""

    @abstractmethod
    def _kept(self) -> bytes:
        """What was learned."""

    @abstractmethod
    def _keep(self, data: bytes) -> None:
        """Put that back. Raises InputError for what is damaged."""

    def __call__(self, doc: Doc) -> Doc:
        """Set the doc's log-probability and perplexity, and the surprisal of its tokens.

        RETURNS (Doc): The same doc.
        """
        model: Any = self
        annotate_docs(model, [doc], self.sentence_scores([doc]))
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """YIELDS (Doc): Each doc of a stream, annotated. See `annotate_stream`."""
        model: Any = self
        handle = self.get_error_handler()
        return annotate_stream(model, stream, batch_size=batch_size, handle=handle)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """How well the text of the references is predicted. Sentences are the references'.

        examples (Iterable[Example]): The predicted docs are not used.
        RETURNS (Dict[str, Any]): See `text_scores`.
        """
        model: Any = self
        found = self.sentence_scores([eg.reference for eg in examples])
        return text_scores(model, (score for scores in found for score in scores))

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): What it learned.

        exclude (Iterable[str]): Names of parts to leave out.
        """
        return util.to_bytes({self.part: self._kept}, exclude)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Take what it learned from what `to_bytes` gave.

        data (bytes): What was written.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (Self): This one.
        """
        util.from_bytes(data, {self.part: self._keep}, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write what it learned to a folder.

        path (Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out.
        """
        writers = {self.file: lambda file: file.write_bytes(self._kept())}
        util.to_disk(util.ensure_path(path), writers, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Read what `to_disk` wrote.

        path (Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (Self): This one.
        RAISES (InputError): If it is damaged.
        """

        def read(file: Path) -> None:
            try:
                self._keep(file.read_bytes())
            except InputError as error:
                raise InputError(str(error), path=file) from error

        util.from_disk(util.ensure_path(path), {self.file: read}, exclude)
        return self
