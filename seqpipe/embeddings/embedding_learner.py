"""The component `embedding_learner`: word vectors from raw text, in `nlp.vocab.vectors`."""

# No future import of annotations: spaCy reads those of `initialize`.
import io
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from spacy import util
from spacy.language import Language
from spacy.pipeline.pipe import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import get_current_ops

from seqpipe.files import InputError
from seqpipe.vocabulary.text import Pieces, corpus_tokens, read_tokens, tokenizer_of

from .checkpoint import Keeping, read_tables, write_tables
from .encode import Encoder
from .encoded import EncodedText
from .learn import Learned, Settings, Watcher, learn
from .objective import Learner, Objective
from .phrases import Phrases
from .progress import watched
from .subwords import Subwords, floret_vectors
from .tables import set_aside

logger = logging.getLogger("seqpipe")
TABLES = "tables.npz"


class EmbeddingLearner(Pipe):
    """Learns word vectors when the pipeline is initialised; docs pass through it unchanged.

    The factory says what the arguments are. After learning, `words` and `counts` are the
    vocabulary, the most frequent first, `losses` the mean loss of each epoch, and `tables` all that
    was learned.
    """

    def __init__(
        self,
        vocab: Vocab,
        name: str,
        *,
        objective: Objective,
        settings: Settings,
        min_count: int,
        max_vocabulary: int | None,
        lower: bool,
        phrases: Phrases | None,
        keep_tables: bool,
    ) -> None:
        if min_count < 1:
            raise InputError(f"min_count = {min_count}: expected at least 1")
        if max_vocabulary is not None and max_vocabulary < 1:
            raise InputError(f"max_vocabulary = {max_vocabulary}: expected at least 1, or null")
        self.vocab, self.name = vocab, name
        self.objective, self.settings = objective, settings
        self.min_count, self.max_vocabulary = min_count, max_vocabulary
        self.lower, self.phrases, self.keep_tables = lower, phrases, keep_tables
        self.words: list[str] = []
        self.counts = np.zeros(0, dtype=np.int64)
        self.losses: list[float] = []
        self.tables: dict[str, np.ndarray] = {}
        self.by_word: frozenset[str] = frozenset()

    def __call__(self, doc: Doc) -> Doc:
        """RETURNS (Doc): The same doc."""
        return doc

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        text: str | list[str] | None = None,
        corpus: Callable[[Language], Iterable[Example]] | None = None,
        tokenizer: Literal["pipeline", "whitespace"] = "pipeline",
        begin_with: str | None = None,
        checkpoint: str | None = None,
        checkpoint_seconds: float = 60.0,
    ) -> None:
        """Learn the vectors: the block [initialize.components.embedding_learner] has the arguments.

        get_examples (Callable): Not used.
        nlp (Language): The pipeline, whose tokenizer is used.
        text (str, List[str]): Text files, plain or gzip, a sentence or document a line.
        corpus (Callable): A reader of examples, in place of files.
        tokenizer (str): How files are tokenised: by the pipeline's tokenizer or by "whitespace".
        begin_with (Optional[str]): Folder of a pipeline with an `embedding_learner`, to whose
            vectors this text is added.
        checkpoint (Optional[str]): A file to keep what is learned in; if there is one, learning
            goes on from it. It is removed at the end.
        checkpoint_seconds (float): Seconds between two writings of it.
        RAISES (InputError): If the text or a setting is at fault; (KeyboardInterrupt) when stopped.
        """
        if nlp is None or (text is None) == (corpus is None):
            raise InputError(
                f"[initialize.components.{self.name}]: expected either text, a list of files, or "
                "corpus, a reader"
            )
        if corpus is not None:
            pieces: Callable[..., Pieces] = partial(corpus_tokens, corpus, nlp, lower=self.lower)
        else:
            paths = [Path(path) for path in ([text] if isinstance(text, str) else text or [])]
            tokenize = tokenizer_of(nlp if tokenizer == "pipeline" else None, lower=self.lower)
            pieces = partial(read_tokens, paths, tokenize)
        file = Path(checkpoint) if checkpoint else None
        with watched(sys.stderr) as progress:
            is_whole = self.learn_from(
                pieces,
                watcher=progress,
                earlier=learner_of(begin_with) if begin_with else None,
                checkpoint=file,
                checkpoint_seconds=checkpoint_seconds,
                resume=True,
            )
        if not is_whole:
            raise KeyboardInterrupt
        if file is not None:
            file.unlink(missing_ok=True)

    def learn_from(
        self,
        pieces: Callable[[Callable[[str, float], None]], Pieces],
        *,
        watcher: Watcher,
        earlier: "EmbeddingLearner | None" = None,
        checkpoint: Path | None = None,
        checkpoint_seconds: float = 60.0,
        resume: bool = False,
    ) -> bool:
        """Learn the vectors, and put them into the vocab.

        pieces (Callable): Takes what progress of reading is reported to; gives the text's tokens.
        watcher (Watcher): Is told how it goes, and may stop it.
        earlier (Optional[EmbeddingLearner]): What was learned before, which this text is added to.
        checkpoint (Optional[Path]): A file for checkpoints.
        checkpoint_seconds (float): Seconds between two of them.
        resume (bool): Go on from the checkpoint, if there is one.
        RETURNS (bool): Whether it came to its end. If it was stopped, what was learned so far is
            kept, in a checkpoint too.
        """
        counted = self._counts_of(earlier) if earlier else {}
        if checkpoint is not None:
            checkpoint.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix="seqpipe-", dir=checkpoint.parent if checkpoint else None
        ) as folder:
            text, digest = self._encode(Path(folder) / "text", pieces, counted, watcher.preparing)
            keeping = None
            if checkpoint is not None:
                origin = {**self._origin(), "text": digest, "added_to": counted}
                keeping = Keeping(checkpoint, checkpoint_seconds, origin)
            learned = learn(
                text,
                self.objective,
                self.settings,
                room=Path(folder),
                watcher=watcher,
                keeping=keeping,
                resume=resume,
                begin=partial(carry, earlier, words=text.words) if earlier else None,
            )
            is_whole, vectors = learned.is_whole, self._taken(text, learned)
            del text, learned  # their memory is what the vocab takes now
        self._put_into_vocab(vectors)
        return is_whole

    def _encode(
        self,
        path: Path,
        pieces: Callable[[Callable[[str, float], None]], Pieces],
        earlier: dict[str, int],
        report: Callable[[str, float], None],
    ) -> tuple[EncodedText, str]:
        """The text as numbers, and what tells it from another one."""
        encoder = Encoder(path)
        encoder.write(pieces(report))
        text = encoder.text(
            min_count=self.min_count,
            max_vocabulary=self.max_vocabulary,
            earlier=earlier,
            phrases=self.phrases,
            report=report,
        )
        return text, encoder.digest()

    def _counts_of(self, earlier: "EmbeddingLearner") -> dict[str, int]:
        """The words of what was learned before with their counts, if text can be added to it."""
        width, before = self.settings.width, earlier.settings.width
        if width != before:
            raise InputError(
                f"width = {width}: expected {before}, that of the vectors that text is added to"
            )
        own, other = (
            (type(learner.objective).__name__, getattr(learner.objective, "subwords", None))
            for learner in (self, earlier)
        )
        if own != other:
            raise InputError(
                f"objective {own[0]} with subwords {own[1]}: expected {other[0]} with {other[1]}, "
                "as the vectors were learned that text is added to"
            )
        return dict(zip(earlier.words, earlier.counts.tolist(), strict=True))

    def _origin(self) -> dict[str, Any]:
        """What a run must have in common with the one that it goes on from."""
        return {
            "objective": repr(self.objective),
            "width": self.settings.width,
            "epochs": self.settings.epochs,
            "seed": self.settings.seed,
            "min_count": self.min_count,
            "max_vocabulary": self.max_vocabulary,
            "phrases": repr(self.phrases),
        }

    def _taken(self, text: EncodedText, learned: Learned) -> np.ndarray:
        """Keep what was learned. RETURNS: The table of the vectors, of n-grams if it has those."""
        learner = learned.learner
        self.words, self.counts = text.words, text.counts
        self.losses = learned.position.losses
        self.tables, self.by_word = {}, learner.by_word
        if self.keep_tables:
            self.tables = {name: set_aside(table) for name, table in learner.tables.items()}
        if self._subwords is not None:
            return learner.tables["inputs"][:, : self.settings.width].copy()
        return learner.vectors()

    @property
    def _subwords(self) -> Subwords | None:
        return getattr(self.objective, "subwords", None)

    def _put_into_vocab(self, data: np.ndarray) -> None:
        attr, name = "LOWER" if self.lower else "ORTH", f"seqpipe.{self.name}"
        if self._subwords is not None:
            vectors = floret_vectors(data, self._subwords, name=name, attr=attr)
        else:
            keys = map(self.vocab.strings.add, self.words)
            vectors = Vectors(
                strings=self.vocab.strings, data=data, keys=keys, name=name, attr=attr
            )
        self.vocab.vectors = vectors
        self.vocab.vectors.to_ops(get_current_ops())

    def _cfg(self) -> dict[str, Any]:
        return {
            "words": dict(zip(self.words, self.counts.tolist(), strict=True)),
            "losses": self.losses,
            "by_word": sorted(self.by_word),
        }

    def _set_cfg(self, data: bytes | str) -> None:
        found = json.loads(data)
        self.words = list(found["words"])
        self.counts = np.array(list(found["words"].values()), dtype=np.int64)
        self.losses, self.by_word = found["losses"], frozenset(found["by_word"])

    def _cfg_bytes(self) -> bytes:
        return json.dumps(self._cfg(), ensure_ascii=False).encode("utf-8")

    def _table_bytes(self) -> bytes:
        stream = io.BytesIO()
        write_tables(stream, self.tables, {})
        return stream.getvalue()

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): Vocabulary and tables; the vectors are the vocab's.

        exclude (Iterable[str]): Names of parts to leave out.
        """
        return util.to_bytes({"cfg": self._cfg_bytes, "tables": self._table_bytes}, exclude)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "EmbeddingLearner":
        """Take vocabulary and tables from what `to_bytes` gave.

        data (bytes): What was written.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (EmbeddingLearner): This one.
        """

        def set_tables(found: bytes) -> None:
            self.tables, _ = read_tables(io.BytesIO(found))

        util.from_bytes(data, {"cfg": self._set_cfg, "tables": set_tables}, exclude)
        self._look_up_in_lower_case()
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write vocabulary and tables to a folder; the vectors are the vocab's.

        path (Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out.
        """
        writers = {
            "cfg": lambda file: file.write_bytes(self._cfg_bytes()),
            TABLES: lambda file: file.write_bytes(self._table_bytes()),
        }
        util.to_disk(util.ensure_path(path), writers, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "EmbeddingLearner":
        """Read what `to_disk` wrote.

        path (Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (EmbeddingLearner): This one.
        """

        def set_tables(file: Path) -> None:
            self.tables, _ = read_tables(file)

        readers: dict[str, Any] = {
            "cfg": lambda file: self._set_cfg(file.read_bytes()),
            TABLES: set_tables,
        }
        util.from_disk(util.ensure_path(path), readers, exclude)
        self._look_up_in_lower_case()
        return self

    def _look_up_in_lower_case(self) -> None:
        """Do so if the text was lower-cased: spaCy saves that for floret vectors alone."""
        before = self.vocab.vectors
        if not (self.lower and self.words and before.mode == "default"):
            return
        vectors = Vectors(
            strings=self.vocab.strings, data=before.data, name=before.name, attr="LOWER"
        )
        for key, row in before.key2row.items():
            vectors.add(key, row=row)
        self.vocab.vectors = vectors


def saved_words(folder: Path) -> list[str]:
    """The words of an `embedding_learner`, without its tables.

    folder (Path): That of the component in a saved pipeline.
    RETURNS (List[str]): The most frequent first.
    """
    return list(json.loads((folder / "cfg").read_bytes())["words"])


def learner_of(folder: str | Path) -> EmbeddingLearner:
    """The `embedding_learner` of a saved pipeline.

    folder: The pipeline's.
    RETURNS (EmbeddingLearner): With what it learned.
    RAISES (InputError): If there is none, or it kept its vectors alone.
    """
    from seqpipe.pipelines import load_pipeline

    nlp = load_pipeline(folder)
    found = [pipe for _, pipe in nlp.components if isinstance(pipe, EmbeddingLearner)]
    if not found:
        raise InputError("no embedding_learner in it, expected one", path=folder)
    if not found[0].tables:
        raise InputError(
            "its embedding_learner has keep_tables = false, expected all that it learned",
            path=folder,
        )
    return found[0]


def carry(earlier: EmbeddingLearner, learner: Learner, words: list[str]) -> None:
    """Begin with what was learned before: rows by word, and tables of the same shape as a whole.

    earlier (EmbeddingLearner): What was learned before.
    learner (Learner): Its tables are changed.
    words (List[str]): Its words.
    """
    rows = {word: i for i, word in enumerate(words)}
    here = [rows[word] for word in earlier.words]
    for name, table in learner.tables.items():
        before = earlier.tables.get(name)
        if before is None or before.shape[1:] != table.shape[1:]:
            continue
        if name in learner.by_word:
            table[here] = before
        elif before.shape == table.shape:
            table[:] = before
