"""BLEU by length of the source for a model on texts that others may be measured on too (Bahdanau et
al. 2015, figure 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from spacy.training import Example

from seqpipe.references import references_of

from .length_buckets import LengthBucket, Scorer, bleu_by_length
from .search import SearchOptions

if TYPE_CHECKING:
    from .rnn_translator import RNNTranslator

TOGETHER = 250  # sentences whose attention is in memory at once


def length_curve(
    pipe: RNNTranslator,
    examples: Sequence[Example],
    options: SearchOptions,
    *,
    lengths: Sequence[int],
    edges: Sequence[int] | None = None,
    scorer: Scorer | None = None,
    advance: Callable[[int], Any] = lambda count: None,
) -> list[LengthBucket]:
    """Translate texts and score them by their length.

    pipe (RNNTranslator): The component.
    examples (Sequence[Example]): Sources in `predicted`, as the component is to see them, and
        `reference._.references`.
    options (SearchOptions): Of the search.
    lengths (Sequence[int]): Tokens of each source; the same for all models that are compared.
    edges (Optional[Sequence[int]]), scorer (Optional[Callable]): As for `bleu_by_length`.
    advance (Callable): Takes how many more texts are translated.
    RETURNS (List[LengthBucket]): From the shortest sources on.
    """
    texts: list[str] = []
    for first in range(0, len(examples), TOGETHER):
        docs = [eg.predicted for eg in examples[first : first + TOGETHER]]
        texts += [best.text for best, *_ in pipe.search(docs, options)]
        advance(len(docs))
    references = [references_of(eg.reference) for eg in examples]
    return bleu_by_length(texts, references, lengths, edges=edges, scorer=scorer)
