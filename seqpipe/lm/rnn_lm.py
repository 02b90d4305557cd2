"""The pipe class of `rnn_lm`: how likely a text is, by a recurrent network."""

# No future import of annotations: spaCy reads those of `initialize`.
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.layers.batches import batches_by_length
from seqpipe.layers.resize import resize
from seqpipe.pipe import SequencePipe
from seqpipe.vocabulary.embed import VOCABULARY, vocabulary_nodes
from seqpipe.vocabulary.vocabulary import Vocabulary

from .annotations import NATS_A_UNIT, log_probs_of
from .carried import Carried, carried_to, carry, from_json, rounds, to_json
from .find import language_models
from .language_model import annotate_docs, annotate_stream, text_scores
from .model import Reading, first_word, next_log_probs, unpredictable, use_dense_gradient
from .scores import SentenceScore
from .sequences import TokenSequence, sequences_of
from .streams import makes_characters

logger = logging.getLogger("seqpipe")

SENTENCE, DOC = "sentence", "doc"
CONTEXTS = (SENTENCE, DOC)
CARRIED = "carried"


class RNNLM(SequencePipe):
    """A recurrent language model. What it sets is in `seqpipe.lm.annotations`."""

    label_kind = None

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str,
        *,
        ends: bool,
        context: str,
        unit: str,
        spaces: bool,
        max_gradient_norm: float,
        max_gradient_value: float,
    ) -> None:
        """Make the component. The factory says what the arguments are; `spaces`: white space counts
        as tokens."""
        for key, value, known in (
            ("unit", unit, tuple(NATS_A_UNIT)),
            ("context", context, CONTEXTS),
        ):
            if value not in known:
                raise InputError(f"{name}: {key} = {value!r}: expected one of {', '.join(known)}")
        super().__init__(
            vocab,
            model,
            name,
            max_gradient_norm=max_gradient_norm,
            max_gradient_value=max_gradient_value,
        )
        use_dense_gradient(model)
        self.unit = unit
        self._ends, self._is_whole = ends, context == DOC
        self.cfg["spaces"] = spaces
        # Of the streams that it is trained on. Prediction and evaluation have their own.
        self._carried: dict[int, Carried] = {}
        self._batch: list[TokenSequence] = []
        self._has_warned = False

    @property
    def words(self) -> Vocabulary:
        """RETURNS (Vocabulary): The words that it knows."""
        return vocabulary_nodes(self.model)[0].attrs[VOCABULARY].words

    @property
    def predictable(self) -> int:
        """RETURNS (int): How many different tokens it can predict."""
        return len(self.words) - len(unpredictable(self.words, ends=self._ends))

    @property
    def predicts_ends(self) -> bool:
        """RETURNS (bool): Whether the ends of sentences are predicted."""
        return self._ends

    @property
    def reads_spaces(self) -> bool:
        """RETURNS (bool): Whether white space is tokens like others: so for characters."""
        return bool(self.cfg["spaces"])

    def labels_of(self, reference: Doc) -> Iterable[str]:
        return ()

    def initialize(  # type: ignore[override]  # it has no labels
        self,
        get_examples: Any,
        *,
        nlp: Language | None = None,
        vocabulary: str | Path | None = None,
    ) -> None:
        """Take the vocabulary from the examples, and initialise the model.

        get_examples (Callable): Gives the training examples, at every call anew.
        nlp (Language): The pipeline; with `unit = "char"` in its tokenizer characters are read, and
            white space with them.
        vocabulary (str / Path): See `SequencePipe.initialize`. A text that is read as a stream
            shows its beginning only, and wants one.
        """
        if nlp is not None:
            self.cfg["spaces"] = makes_characters(nlp)
        self._carried, self._batch = {}, []
        super().initialize(get_examples, nlp=nlp, vocabulary=vocabulary)
        if nlp is not None:
            self._warn_of_score(nlp)
        if not self.reads_spaces and not self.words.counts[Vocabulary.UNK_ID]:
            logger.warning(
                "%s: each word of the training text is known, so that <UNK> is not learned and "
                "unknown words will be held nearly impossible; min_count = 2 makes some unknown",
                self.name,
            )

    def _warn_of_score(self, nlp: Language) -> None:
        """Say if training watches another language model."""
        last = list(language_models(nlp))[-1]
        weights = nlp.config.get("training", {}).get("score_weights") or {}
        if last != self.name and not weights.get(f"{self.name}_score"):
            logger.warning(
                "%s: lm_score is that of %s, the last language model of the pipeline; to choose "
                "the best model by this one set %s_score = 1.0 and lm_score = 0.0 in "
                "[training.score_weights]",
                self.name,
                last,
                self.name,
            )

    def words_of(self, reference: Doc) -> Iterable[str]:
        return (word for sequence in self._read(reference)[1] for word in sequence.words)

    def connect(self) -> None:
        resize(self.model.get_ref("output_layer"), "nO", len(self.words))

    def _read(self, doc: Doc) -> tuple[list[list[Token]], list[TokenSequence]]:
        return sequences_of(doc, ends=self._ends, spaces=self.reads_spaces, whole=self._is_whole)

    def model_input(self, examples: list[Example]) -> Reading:
        """The sequences of the references; they begin where their streams' last pieces ended."""
        self._batch = [found for eg in examples for found in self._read(eg.reference)[1]]
        return self._reading(self._batch, self._carried)

    def _reading(self, sequences: list[TokenSequence], carried: dict[int, Carried]) -> Reading:
        """What the model reads of sequences.

        carried (Dict[int, Carried]): By stream, what earlier pieces left.
        """
        first = first_word(self.model)
        before = [carried_to(sequence, carried) for sequence in sequences]
        self._warn_of_orphans(sequences, before)
        docs = [
            sequence.doc(self.vocab, first if last is None else last.word)
            for sequence, last in zip(sequences, before, strict=True)
        ]
        targets = [self.words.ids(sequence.words) for sequence in sequences]
        state: Any = None
        if any(last is not None for last in before):
            width = self.model.get_ref("encoder").get_dim("nS")
            state = self.model.ops.alloc2f(len(sequences), width)
            for row, last in enumerate(before):
                if last is not None:
                    before_it: Any = last.state
                    state[row] = self.model.ops.asarray(before_it)
        return Reading(docs, targets, state)

    def _warn_of_orphans(
        self, sequences: list[TokenSequence], before: list[Carried | None]
    ) -> None:
        """Say once that the state of a stream is not carried."""
        orphans = (
            sequence.piece is not None and sequence.piece.place > 0 and last is None
            for sequence, last in zip(sequences, before, strict=True)
        )
        if not self._has_warned and any(orphans):
            self._has_warned = True
            logger.warning(
                "%s: a piece of a text came without the one before it, and is read as if nothing "
                "stood there; expected seqpipe.StreamBatches.v1 in [training.batcher], and in "
                "prediction one process and the pieces in their order",
                self.name,
            )

    def get_loss(self, examples: Iterable[Example], scores: Any) -> tuple[float, Any]:
        """The loss of a batch, and its factor: the gradient is that of the mean over tokens."""
        log_probs, final = scores
        carry(self._batch, self.model.ops.to_numpy(final), self._carried)
        tokens = sum(len(sequence.words) for sequence in self._batch)
        loss = -math.fsum(float(found.sum()) for found in log_probs)
        return loss, 1.0 / max(1, tokens)

    def training_state(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): What a checkpoint keeps: the streams' states too."""
        return {**super().training_state(), CARRIED: to_json(self._carried)}

    def set_training_state(self, state: dict[str, Any]) -> None:
        """Put that back. state (Dict[str, Any]): What `training_state` gave."""
        carried = state[CARRIED]
        super().set_training_state({k: v for k, v in state.items() if k != CARRIED})
        self._carried = from_json(carried)

    def sentence_scores(
        self, docs: Sequence[Doc], *, carried: dict[int, Carried] | None = None
    ) -> list[list[SentenceScore]]:
        """Score the sentences of docs. See `LanguageModel.sentence_scores`."""
        carried = {} if carried is None else carried
        sequences = [self._read(doc)[1] for doc in docs]
        flat = [sequence for found in sequences for sequence in found]
        log_probs: list[Any] = [None] * len(flat)
        for indices in rounds(flat):
            for batch in batches_by_length([len(flat[i].words) for i in indices]):
                chosen = [indices[i] for i in batch]
                found = [flat[i] for i in chosen]
                values, final = self.model.predict(self._reading(found, carried))
                carry(found, self.model.ops.to_numpy(final), carried)
                for i, value in zip(chosen, values, strict=True):
                    log_probs[i] = self.model.ops.to_numpy(value)[:, 0]
        scored = iter(zip(flat, log_probs, strict=True))
        return [[s for _ in found for s in self._by_sentence(*next(scored))] for found in sequences]

    def _by_sentence(self, sequence: TokenSequence, log_probs: Any) -> Iterator[SentenceScore]:
        is_unknown = self.words.ids(sequence.words) == Vocabulary.UNK_ID
        start = 0
        for length in sequence.sentences:
            part = slice(start, start + length)
            yield SentenceScore(sequence.words[part], log_probs[part], is_unknown[part])
            start += length

    def predict(self, docs: Iterable[Doc]) -> list[list[SentenceScore]]:
        """RETURNS (List[List[SentenceScore]]): As `sentence_scores`."""
        return self.sentence_scores(list(docs))

    def set_annotations(self, docs: Iterable[Doc], scores: list[list[SentenceScore]]) -> None:
        """Set what the model says of docs.

        docs (Iterable[Doc]): The docs. scores: What `predict` gave for them.
        """
        annotate_docs(self, list(docs), scores)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """YIELDS (Doc): Each doc of a stream, annotated. See `annotate_stream`."""
        handle = self.get_error_handler()
        return annotate_stream(self, stream, batch_size=batch_size, handle=handle)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """How well the text of the references is predicted. Sentences are the references'.

        examples (Iterable[Example]): Of predicted docs that are the same text, what was said is
            taken: reading it again would take as long.
        RETURNS (Dict[str, Any]): See `text_scores`.
        """
        examples = list(examples)
        found: Any = [self._said(eg) for eg in examples]
        if any(scores is None for scores in found):
            found = self.sentence_scores([eg.reference for eg in examples])
        return text_scores(self, (score for scores in found for score in scores))

    def _said(self, eg: Example) -> list[SentenceScore] | None:
        """What was said of the predicted doc, if that is the text of the reference."""
        sentences, sequences = self._read(eg.reference)
        said = log_probs_of(eg.predicted, self.name)
        if said is None or self._read(eg.predicted)[1] != sequences:
            return None
        by_token, ends = said[0], iter(said[1])
        log_probs: list[Any] = []
        lengths = [length for sequence in sequences for length in sequence.sentences]
        for tokens, length in zip(sentences, lengths, strict=True):
            log_probs += [by_token[token.i] for token in tokens]
            log_probs += [next(ends) for _ in range(length - len(tokens))]
        flat = iter(log_probs)
        return [
            score
            for sequence in sequences
            for score in self._by_sentence(sequence, np.array([next(flat) for _ in sequence.words]))
        ]

    @property
    def next_words(self) -> list[str]:
        """RETURNS (List[str]): The words that `begin` and `step` give log-probabilities of."""
        return list(self.words)

    def begin(self, contexts: Sequence[Sequence[str]]) -> tuple[np.ndarray, Any]:
        """Read the beginning of a sentence for each of n contexts.

        contexts (Sequence[Sequence[str]]): Words, [] for none.
        RETURNS (Tuple[np.ndarray, Any]): Log-probabilities of what may follow `(n, words)`, and a
            state.
        """
        first = first_word(self.model)
        return self._next([[first, *context] for context in contexts], None)

    def step(self, ids: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """Go on by one word each.

        ids (np.ndarray): Places in `next_words`, `(n,)`.
        state: That of the words before.
        RETURNS (Tuple[np.ndarray, Any]): As `begin`.
        """
        return self._next([[word] for word in self.words.words(ids)], state)

    def select(self, state: Any, rows: np.ndarray) -> Any:
        """RETURNS: The state of some of the n texts; one may be taken twice."""
        return state[rows]

    def _next(self, words: list[list[str]], state: Any) -> tuple[np.ndarray, Any]:
        docs = [Doc(self.vocab, words=found) for found in words]
        log_probs, state = next_log_probs(self.model, Reading(docs, None, state))
        log_probs = self.model.ops.to_numpy(log_probs)
        log_probs[:, unpredictable(self.words, ends=self._ends)] = -np.inf
        return log_probs, state
