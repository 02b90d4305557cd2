"""Picks texts that show what a pipeline's classes are like, right and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

LONGEST = 200  # characters that are shown of a text
POOL = 12  # texts that are looked at for each one that is shown


class ClassifiedText(NamedTuple):
    """A text, its most probable class with the probability, and what the data say."""

    text: str
    predicted: str
    probability: float
    gold: str

    @property
    def is_right(self) -> bool:
        """RETURNS (bool): Whether both are the same."""
        return self.predicted == self.gold


def pick_texts(nlp: Language, examples: Sequence[Example], count: int) -> list[ClassifiedText]:
    """Pick texts from all over the data, up to half of them with a wrong class.

    nlp (Language): The pipeline that predicts the classes.
    examples (Sequence[Example]): Gold; left as they are.
    count (int): How many texts, if the data have as many.
    RETURNS (List[ClassifiedText]): The texts, in the order of the data.
    """
    known = [eg for eg in examples if eg.reference.cats]
    step = max(1, len(known) // (POOL * count))
    pool = known[::step][: POOL * count]
    docs = nlp.pipe(eg.predicted.copy() for eg in pool)
    found = [_judged(eg, doc.cats) for eg, doc in zip(pool, docs, strict=True) if doc.cats]
    wrong = [i for i, text in enumerate(found) if not text.is_right]
    right = [i for i, text in enumerate(found) if text.is_right]
    n_wrong = min(len(wrong), max(count // 2, count - len(right)))
    return [found[i] for i in sorted([*wrong[:n_wrong], *right[: count - n_wrong]])]


def _judged(eg: Example, cats: dict[str, float]) -> ClassifiedText:
    gold = eg.reference.cats
    predicted = max(cats, key=cats.__getitem__)
    line = " ".join(eg.reference.text.split())
    shown = line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
    return ClassifiedText(shown, predicted, cats[predicted], max(gold, key=gold.__getitem__))
