"""What every language model of a pipeline can do, and what all of them do alike with a Doc."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import numpy as np
from spacy.tokens import Doc, Token

from .annotations import annotate
from .scores import SentenceScore, total

logger = logging.getLogger("seqpipe")


@runtime_checkable
class LanguageModel(Protocol):
    """A component that gives a Doc its probability. All of its numbers are natural logarithms;
    only what it sets on a Doc is in its unit.

    name (str): The component's.
    unit (str): "nats", "bits" or "log10".
    """

    name: str
    unit: str

    @property
    def predictable(self) -> int:
        """How many different tokens it can predict: numbers over different vocabularies cannot be
        compared."""

    @property
    def predicts_ends(self) -> bool:
        """Whether <EOS> closes a sentence and is predicted."""

    @property
    def reads_spaces(self) -> bool:
        """Whether white space is tokens like others: so for characters."""

    def sentence_scores(
        self, docs: Sequence[Doc], *, carried: dict[Any, Any] | None = None
    ) -> list[list[SentenceScore]]:
        """Score the sentences of docs, which stay as they are. Pieces of a text that was cut into
        streams are read on from the piece before.

        docs (Sequence[Doc]): The docs.
        carried (Optional[Dict]): What pieces left that were read by earlier calls; it is changed.
        RETURNS (List[List[SentenceScore]]): For each doc that of each of its sentences, as
            `sentences_of` finds them.
        """

    @property
    def next_words(self) -> list[str]:
        """The words that `begin` and `step` give log-probabilities of."""

    def begin(self, contexts: Sequence[Sequence[str]]) -> tuple[np.ndarray, Any]:
        """Read the beginning of a sentence for each of n contexts, nothing for [].

        contexts (Sequence[Sequence[str]]): The words of each.
        RETURNS (Tuple[np.ndarray, Any]): Log-probabilities of what may follow `(n, words)`, and a
        state.
        """

    def step(self, ids: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """Go on by one word each.

        ids (np.ndarray): Places in `next_words`, `(n,)`.
        state: That of the words before.
        RETURNS (Tuple[np.ndarray, Any]): As `begin`.
        """

    def select(self, state: Any, rows: np.ndarray) -> Any:
        """RETURNS: The state of some of the n texts, `(m,)`, one of which may stand there twice.

        state (Any): What `begin` or `step` gave.
        rows (np.ndarray): int `(m,)`, places below n.
        """


def sentences_of(doc: Doc, *, spaces: bool = False) -> list[list[Token]]:
    """The tokens of each sentence, or of the whole doc if no sentences are annotated; none of them
    is empty.

    doc (Doc): A doc.
    spaces (bool): White space counts as tokens, as for models of characters.
    RETURNS (List[List[Token]]): The tokens.
    """
    spans = doc.sents if doc.has_annotation("SENT_START") else [doc]
    found = ([token for token in span if spaces or not token.is_space] for span in spans)
    return [tokens for tokens in found if tokens]


def annotate_docs(
    model: LanguageModel,
    docs: Sequence[Doc],
    scores: Sequence[Sequence[SentenceScore]],
) -> None:
    """Set on docs what a model says of them.

    model (LanguageModel): Said it.
    docs (Sequence[Doc]): Are annotated.
    scores (Sequence): What its `sentence_scores` gave for them.
    """
    for doc, found in zip(docs, scores, strict=True):
        log_probs: list[float | None] = [None] * len(doc)
        ends: list[float] = []
        sentences = sentences_of(doc, spaces=model.reads_spaces)
        for tokens, score in zip(sentences, found, strict=True):
            values = score.log_probs.tolist()
            ends += values[len(tokens) :]
            for token, value in zip(tokens, values, strict=False):
                log_probs[token.i] = value
        annotate(doc, model.name, log_probs=log_probs, ends=ends, unit=model.unit)


def annotate_stream(
    model: LanguageModel, stream: Iterable[Doc], *, batch_size: int, handle: Callable[..., Any]
) -> Iterator[Doc]:
    """Let a model annotate docs as they come. Pieces of a text are read on from batch to batch.

    model (LanguageModel): The component.
    stream (Iterable[Doc]): Are annotated.
    batch_size (int): Docs that are scored at a time.
    handle (Callable): spaCy's error handler: takes name, component, docs and error.
    YIELDS (Doc): Each doc in its order.
    """
    carried: dict[Any, Any] = {}
    docs = iter(stream)
    while batch := list(islice(docs, batch_size)):
        try:
            annotate_docs(model, batch, model.sentence_scores(batch, carried=carried))
        except Exception as error:
            handle(model.name, model, batch, error)
        else:
            yield from batch


def text_scores(model: LanguageModel, scores: Iterable[SentenceScore]) -> dict[str, Any]:
    """How well a text is predicted, as spaCy's scorers have it.

    model (LanguageModel): Predicted it.
    scores (Iterable[SentenceScore]): Of all sentences.
    RETURNS (Dict[str, Any]): `lm_score`, minus the cross-entropy in nats a token, which is to be
        high; `lm_perplexity`, and beside it `lm_tokens`, `lm_vocabulary` and `lm_oov_rate`, without
        which it means nothing; `lm_zero_probability`, how many tokens have none; `NAME_score` and
        `NAME_perplexity` by the component's name. None where there is no token.
    """
    text = total(scores)
    if text.impossible:
        logger.warning("%s: %s", model.name, text.zero_message())
    score = -text.cross_entropy if text.tokens else None
    perplexity = text.perplexity if text.tokens else None
    return {
        "lm_score": score,
        "lm_perplexity": perplexity,
        "lm_tokens": text.tokens,
        "lm_vocabulary": model.predictable,
        "lm_oov_rate": text.oov_rate,
        "lm_zero_probability": text.words_without_probability,
        f"{model.name}_score": score,
        f"{model.name}_perplexity": perplexity,
    }
