"""The component `ngram_lm`: how likely a text is, by counted n-grams."""

# No future import of annotations: spaCy reads those of `initialize`.
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from spacy import util
from spacy.language import Language
from spacy.pipeline.pipe import Pipe
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.vocab import Vocab

from seqpipe.files import InputError
from seqpipe.pipe import adopted_vocabulary
from seqpipe.vocabulary.text import Pieces, corpus_tokens, read_tokens, tokenizer_of
from seqpipe.vocabulary.vocabulary import Vocabulary

from .annotations import NATS_A_UNIT, annotate
from .arpa import read_arpa
from .learn import learn_ngrams
from .ngram_model import NgramModel
from .scores import SentenceScore, total
from .smoothing import SMOOTHINGS

logger = logging.getLogger("seqpipe")

MODEL = "model.npz"
# What spaCy initialises a pipeline with if it is given nothing.
DUMMY = ["x", "y", "z"]


class NgramLM(Pipe):
    """An n-gram language model, learned when the pipeline is initialised.

    The factory says what the arguments are. `model` is the NgramModel, None before. What it sets is
    in `seqpipe.lm.annotations`.
    """

    def __init__(
        self,
        vocab: Vocab,
        name: str,
        *,
        order: int,
        smoothing: str,
        k: float,
        min_count: int,
        max_vocabulary: int | None,
        lower: bool,
        unit: str,
    ) -> None:
        if order < 1:
            raise InputError(f"{name}: order = {order}: expected at least 1")
        for key, value, known in (
            ("smoothing", smoothing, SMOOTHINGS),
            ("unit", unit, tuple(NATS_A_UNIT)),
        ):
            if value not in known:
                raise InputError(f"{name}: {key} = {value!r}: expected one of {', '.join(known)}")
        if not k > 0:
            raise InputError(f"{name}: k = {k}: expected a number above 0")
        self.vocab, self.name = vocab, name
        self.order, self.smoothing, self.k, self.unit = order, smoothing, k, unit
        self.words = Vocabulary(max_size=max_vocabulary, min_count=min_count, lower=lower)
        self.model: NgramModel | None = None

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        text: str | list[str] | None = None,
        corpus: Callable[[Language], Iterable[Example]] | None = None,
        arpa: str | None = None,
        tokenizer: Literal["pipeline", "whitespace"] = "pipeline",
        vocabulary: str | None = None,
    ) -> None:
        """Learn the model: the block [initialize.components.ngram_lm] has the arguments.

        get_examples (Callable): The training examples, learned from if nothing else is given.
        nlp (Language): The pipeline, whose tokenizer is used.
        text (str, List[str]): Text files, plain or gzip, a sentence a line.
        corpus (Callable): A reader of examples.
        arpa (Optional[str]): An ARPA file, plain or gzip: nothing is learned, the model is read,
            and its order is that of the file.
        tokenizer (str): How files are tokenised: by the pipeline's tokenizer or by "whitespace".
        vocabulary (Optional[str]): The words that are known: "tokenizer" for those of the
            pipeline's tokenizer, or a vocabulary's file. Else the text's.
        RAISES (InputError): If the text, the file or a setting is at fault.
        """
        block = f"[initialize.components.{self.name}]"
        if sum(source is not None for source in (text, corpus, arpa)) > 1:
            raise InputError(f"{block}: expected one of text, corpus and arpa")
        if arpa is not None:
            self.model = read_arpa(arpa, lower=self.words.lower)
            self.order, self.smoothing = self.model.order, self.model.smoothing
            return
        if nlp is None:
            raise InputError(f"{block}: expected the pipeline as nlp")
        if text is not None:
            paths = [Path(path) for path in ([text] if isinstance(text, str) else text)]
            if not paths:
                raise InputError(f"{block}: text = []: expected a file or several")
            tokenize = tokenizer_of(nlp if tokenizer == "pipeline" else None, lower=False)
            pieces = read_tokens(paths, tokenize, _say_nothing)
        else:
            reader = corpus or partial(_given, get_examples, block)
            pieces = corpus_tokens(reader, nlp, _say_nothing, lower=False)
        self.learn_from(pieces, vocabulary=adopted_vocabulary(vocabulary, nlp))

    def learn_from(self, pieces: Pieces, *, vocabulary: Vocabulary | None = None) -> None:
        """Learn the model.

        pieces (Iterator): The tokens of each piece of text, and whether a sentence ends with it.
        vocabulary (Optional[Vocabulary]): The words that are known; else those of the text.
        """
        self.model = learn_ngrams(
            pieces,
            order=self.order,
            smoothing=self.smoothing,
            k=self.k,
            vocabulary=self.words if vocabulary is None else vocabulary,
        )

    def __call__(self, doc: Doc) -> Doc:
        """Set the doc's log-probability and perplexity, and the surprisal of its tokens.

        RETURNS (Doc): The same doc.
        """
        self._annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of docs.

        YIELDS (Doc): Each doc in its order.
        """
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            self._annotate(batch)
            yield from batch

    def _annotate(self, docs: list[Doc]) -> None:
        sentences = [_sentences(doc) for doc in docs]
        scores = iter(self._scores(sentences))
        for doc, tokens_of in zip(docs, sentences, strict=True):
            log_probs: list[float | None] = [None] * len(doc)
            ends = []
            for tokens in tokens_of:
                *found, end = next(scores).log_probs.tolist()
                ends.append(end)
                for token, log_prob in zip(tokens, found, strict=True):
                    log_probs[token.i] = log_prob
            annotate(doc, self.name, log_probs=log_probs, ends=ends, unit=self.unit)

    def _scores(self, sentences: list[list[list[Token]]]) -> list[SentenceScore]:
        """One for each sentence of each doc, one after another."""
        if self.model is None:
            raise InputError(
                f"{self.name} has no model yet: expected nlp.initialize() to be called before"
            )
        words = [[token.text for token in tokens] for found in sentences for tokens in found]
        return self.model.score_sentences(words)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """How well the text of the references is predicted. Sentences are the references'.

        examples (Iterable[Example]): The predicted docs are not used.
        RETURNS (Dict[str, Any]): `lm_score`, minus the cross-entropy in nats a token, which is to
            be high; `lm_perplexity`, and beside it `lm_tokens`, `lm_vocabulary` and `lm_oov_rate`,
            without which it means nothing; `NAME_score` and `NAME_perplexity` by the component's
            name. None where there is no token.
        """
        text = total(self._scores([_sentences(eg.reference) for eg in examples]))
        if text.impossible:
            logger.warning("%s: %s", self.name, text.zero_message())
        assert self.model is not None
        score = -text.cross_entropy if text.tokens else None
        perplexity = text.perplexity if text.tokens else None
        return {
            "lm_score": score,
            "lm_perplexity": perplexity,
            "lm_tokens": text.tokens,
            "lm_vocabulary": self.model.predictable,
            "lm_oov_rate": text.oov_rate,
            "lm_zero_probability": text.words_without_probability,
            f"{self.name}_score": score,
            f"{self.name}_perplexity": perplexity,
        }

    def _model_bytes(self) -> bytes:
        return b"" if self.model is None else self.model.to_bytes()

    def _set_model(self, data: bytes) -> None:
        self.model = NgramModel.from_bytes(data) if data else None
        if self.model is not None:
            self.order, self.smoothing = self.model.order, self.model.smoothing

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): The model."""
        return util.to_bytes({"model": self._model_bytes}, exclude)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "NgramLM":
        """Take the model from what `to_bytes` gave.

        RETURNS (NgramLM): This one.
        """
        util.from_bytes(data, {"model": self._set_model}, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the model to a folder."""
        writers = {MODEL: lambda file: file.write_bytes(self._model_bytes())}
        util.to_disk(util.ensure_path(path), writers, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "NgramLM":
        """Read what `to_disk` wrote.

        RETURNS (NgramLM): This one.
        RAISES (InputError): If it is damaged.
        """

        def set_model(file: Path) -> None:
            try:
                self._set_model(file.read_bytes())
            except InputError as error:
                raise InputError(str(error), path=file) from error

        util.from_disk(util.ensure_path(path), {MODEL: set_model}, exclude)
        return self


def _sentences(doc: Doc) -> list[list[Token]]:
    """The tokens of each sentence, or of the doc if it has none annotated, but white space; none of
    them is empty."""
    spans = doc.sents if doc.has_annotation("SENT_START") else [doc]
    found = ([token for token in span if not token.is_space] for span in spans)
    return [tokens for tokens in found if tokens]


def _given(
    get_examples: Callable[[], Iterable[Example]], block: str, nlp: Language
) -> Iterable[Example]:
    examples = list(get_examples())
    if [[token.text for token in eg.reference] for eg in examples] == [DUMMY]:
        raise InputError(f"{block}: expected text, corpus, arpa, or training examples")
    return examples


def _say_nothing(what: str, share: float) -> None:
    """Reading is quick; nothing is shown of it."""
