"""The most biased words of a vocabulary on each side of the direction (Gonen & Goldberg 2019,
section 3): the same words are looked at before and after. The paper's direction is he - she; here
it is whatever was found from the pairs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

import numpy as np

from .direct_bias import project
from .words import WordVectors

# Gonen & Goldberg 2019, section 3: of the 50,000 most frequent words, those without upper-case
# letters, digits and punctuation, and no longer than this.
MOST_FREQUENT, LONGEST = 50_000, 20


@dataclass(frozen=True, eq=False)
class NeutralVocabulary:
    """Words that shall be neutral, and their bias before anything was done about it.

    words (Tuple[str, ...]): The most frequent first.
    bias (np.ndarray): float64 (words,), the cosine of each with the direction: above 0 on the side
        of the first group.
    sides (Tuple[str, str]): The names of the groups on the positive and on the negative side.
    """

    words: tuple[str, ...]
    bias: np.ndarray
    sides: tuple[str, str]

    def most_biased(self, per_side: int) -> tuple[list[str], list[str]]:
        """Take the words that lie farthest along the direction.

        per_side (int): How many on each side, at most; both sides get as many.
        RETURNS (Tuple[List[str], List[str]]): Those on the first side and on the second, the most
            biased first; of equals the more frequent.
        """
        order = np.argsort(-self.bias, kind="stable")
        reverse = np.argsort(self.bias, kind="stable")
        n = min(per_side, int((self.bias > 0).sum()), int((self.bias < 0).sum()))
        first, second = ([self.words[row] for row in rows[:n]] for rows in (order, reverse))
        return first, second


def neutral_vocabulary(
    vectors: WordVectors,
    direction: np.ndarray,
    *,
    definitional: Collection[str] = (),
    sides: tuple[str, str] = ("first", "second"),
    most_frequent: int = MOST_FREQUENT,
    capitals: bool = False,
) -> NeutralVocabulary:
    """Take the words of a vocabulary that shall be neutral, with their bias.

    vectors (WordVectors): Before debiasing, the most frequent words first.
    direction (np.ndarray): (width,), found before debiasing.
    definitional (Collection[str]): Words that have the attribute by definition: left out.
    sides (Tuple[str, str]): The names of the groups.
    most_frequent (int): Only the first so many words.
    capitals (bool): Whether words with upper-case letters count, as German nouns should.
    RETURNS (NeutralVocabulary): Words of zeros are left out.
    """
    empty, given = set(vectors.empty), set(definitional)
    words = tuple(
        word
        for word in islice(vectors.words, most_frequent)
        if word not in given and word not in empty and is_plain(word, capitals=capitals)
    )
    return NeutralVocabulary(words, project(vectors, list(words), direction), sides)


def is_plain(word: str, *, capitals: bool = False) -> bool:
    """RETURNS (bool): Whether a word is made of letters alone, and not too long.

    word (str): Any word.
    capitals (bool): Whether upper-case letters are fine.
    """
    return word.isalpha() and len(word) <= LONGEST and (capitals or word == word.lower())
