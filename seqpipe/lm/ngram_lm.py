"""The component `ngram_lm`: how likely a text is, by counted n-grams."""

# No future import of annotations: spaCy reads those of `initialize`.
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from seqpipe.files import InputError
from seqpipe.vocabulary.of_model import adopted_vocabulary
from seqpipe.vocabulary.text import Pieces, read_tokens, tokenizer_of
from seqpipe.vocabulary.vocabulary import Vocabulary

from .annotations import NATS_A_UNIT
from .arpa import read_arpa
from .learn import learn_ngrams
from .ngram_model import NgramModel
from .ngram_steps import next_log_probs, next_states
from .pieces import Open, Part, parts_of, sentences_of_corpus
from .plain_pipe import PlainLM
from .scores import SentenceScore
from .smoothing import SMOOTHINGS
from .streams import line_tokens

# What spaCy initialises a pipeline with if it is given nothing.
DUMMY = ["x", "y", "z"]


class NgramLM(PlainLM):
    """An n-gram language model, learned when the pipeline is initialised.

    The factory says what the arguments are. `model` is the NgramModel, None before. What it sets is
    in `seqpipe.lm.annotations`.
    """

    part, file = "model", "model.npz"

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
        spaces: bool,
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
        self._spaces = spaces

    @property
    def reads_spaces(self) -> bool:
        """RETURNS (bool): Whether white space is tokens like others: so for characters."""
        return self._spaces

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
            if tokenizer == "pipeline":
                pieces = line_tokens(paths, nlp, sentences=True)
            else:
                pieces = read_tokens(paths, tokenizer_of(None, lower=False))
        else:
            examples = corpus(nlp) if corpus is not None else _given(get_examples, block)
            pieces = sentences_of_corpus(examples, spaces=self.reads_spaces)
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

    @property
    def predictable(self) -> int:
        """RETURNS (int): How many different tokens it can predict."""
        return self._learned.predictable

    @property
    def predicts_ends(self) -> bool:
        """RETURNS (bool): Whether the ends of sentences are predicted; they always are."""
        return True

    @property
    def _learned(self) -> NgramModel:
        if self.model is None:
            raise InputError(
                f"{self.name} has no model yet: expected nlp.initialize() to be called before"
            )
        return self.model

    def sentence_scores(
        self, docs: Sequence[Doc], *, carried: Open | None = None
    ) -> list[list[SentenceScore]]:
        """Score the sentences of docs. See `LanguageModel.sentence_scores`."""
        left = {} if carried is None else carried
        model, spaces = self._learned, self.reads_spaces
        parts = [parts_of(doc, left, spaces=spaces, context=model.order - 1) for doc in docs]
        flat = [part for of_doc in parts for part in of_doc]
        whole = model.score_sentences([part.before + part.words for part in flat])
        scores = map(_score_of, whole, flat)
        return [[next(scores) for _ in of_doc] for of_doc in parts]

    @property
    def next_words(self) -> list[str]:
        """RETURNS (List[str]): The words that `begin` and `step` give log-probabilities of."""
        return list(self._learned.vocabulary)

    def begin(self, contexts: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """Read the beginning of a sentence for each of n contexts.

        contexts (Sequence[Sequence[str]]): Words, [] for none.
        RETURNS (Tuple[np.ndarray, np.ndarray]): Log-probabilities of what may follow `(n, words)`,
            and a state.
        """
        model = self._learned
        states = np.array([model.state(words) for words in contexts], dtype=np.int64)
        return next_log_probs(model, states), states

    def step(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Go on by one word each.

        ids (np.ndarray): Places in `next_words`, `(n,)`.
        state (np.ndarray): That of the words before.
        RETURNS (Tuple[np.ndarray, np.ndarray]): As `begin`.
        """
        states = next_states(self._learned, state, ids)
        return next_log_probs(self._learned, states), states

    def select(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): The state of some of the n texts; one may be taken twice."""
        return state[rows]

    def _kept(self) -> bytes:
        return b"" if self.model is None else self.model.to_bytes()

    def _keep(self, data: bytes) -> None:
        self.model = NgramModel.from_bytes(data) if data else None
        if self.model is not None:
            self.order, self.smoothing = self.model.order, self.model.smoothing


def _score_of(score: SentenceScore, part: Part) -> SentenceScore:
    """What a sentence's score says of a part of it."""
    start = len(part.before)
    here = slice(start, start + len(part.words) + int(part.is_closed))
    return SentenceScore(score.tokens[here], score.log_probs[here], score.is_unknown[here])


def _given(get_examples: Callable[[], Iterable[Example]], block: str) -> Iterable[Example]:
    examples = list(get_examples())
    if [[token.text for token in eg.reference] for eg in examples] == [DUMMY]:
        raise InputError(f"{block}: expected text, corpus, arpa, or training examples")
    return examples
