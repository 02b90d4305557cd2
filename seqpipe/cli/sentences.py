"""Picks example sentences that show what a pipeline's entities are like, right and wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from seqpipe.reporting.entities import Entity, entity_of, is_wrong

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span
    from spacy.training import Example

T = TypeVar("T")

# Long enough to have a context, short enough for two lines of a terminal.
LENGTHS = range(5, 41)


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence with the entities of the pipeline and of the data, as characters of its text.

    text (str): The sentence.
    predicted, gold (List[Entity]): In its order.
    """

    text: str
    predicted: list[Entity]
    gold: list[Entity]


def pick_sentences(nlp: Language, examples: Sequence[Example], count: int) -> list[MarkedSentence]:
    """Pick sentences with many sorts of entities, from all over the data, up to half with errors.

    nlp (Language): The pipeline that predicts the entities.
    examples (Sequence[Example]): Gold; left as they are.
    count (int): How many sentences, if the data has as many.
    RETURNS (List[MarkedSentence]): The sentences, in the order of the data.
    """
    sentences = [(eg, span) for eg in examples for span in _sentences(eg)]
    telling = [pair for pair in sentences if pair[1].ents and len(pair[1]) in LENGTHS]
    telling = list({span.text: (eg, span) for eg, span in telling}.values())
    # Predicting a dozen for each one shown is enough to choose from.
    pool = _spread(telling or sentences, max(60, 12 * count))
    docs = nlp.pipe(eg.predicted.copy() for eg, _ in pool)
    marked = [_mark(doc, span) for doc, (_, span) in zip(docs, pool, strict=True)]
    wrong = [i for i, s in enumerate(marked) if is_wrong(s.predicted, s.gold)]
    right = [i for i in range(len(marked)) if i not in set(wrong)]
    n_wrong = min(len(wrong), max(count // 2, count - len(right)))
    chosen = _best_of_parts(marked, wrong, n_wrong)
    chosen += _best_of_parts(marked, right, count - n_wrong)
    return [marked[i] for i in sorted(chosen)]


def _sentences(eg: Example) -> Iterator[Span]:
    # Texts that differ have offsets that differ.
    if not len(eg.reference) or eg.predicted.text != eg.reference.text:
        return
    if eg.reference.has_annotation("SENT_START"):
        yield from eg.reference.sents
    else:
        yield eg.reference[:]


def _mark(doc: Doc, gold: Span) -> MarkedSentence:
    start, end = gold.start_char, gold.end_char
    inside = [ent for ent in doc.ents if ent.start_char >= start and ent.end_char <= end]
    return MarkedSentence(
        gold.text,
        [entity_of(ent, start) for ent in inside],
        [entity_of(ent, start) for ent in gold.ents],
    )


def _spread(items: Sequence[T], count: int) -> list[T]:
    """RETURNS (List): At most so many of the items, evenly from the first to the last."""
    if len(items) <= count:
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]


def _best_of_parts(marked: list[MarkedSentence], among: list[int], count: int) -> list[int]:
    """RETURNS (List[int]): From each of so many equal parts, the sentence with most to see."""

    def interest(index: int) -> tuple[int, int]:
        entities = [*marked[index].predicted, *marked[index].gold]
        return len({entity.label for entity in entities}), len(entities)

    count = min(count, len(among))
    cuts = [i * len(among) // count for i in range(count + 1)] if count else []
    return [max(among[a:b], key=interest) for a, b in pairwise(cuts)]
