"""Who is what: words that are neutralised, words that keep their component, and sets that are
equalised (Bolukbasi et al. 2016, section 5: N, S and E)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqpipe.files import InputError

from .subspace import LeftOut, check_sets, find_sets, named, said
from .word_lists import WordLists, Words
from .words import WordVectors

CASES = (str.lower, str.title, str.upper)


@dataclass(frozen=True, eq=False)
class Roles:
    """What becomes of each word.

    neutral (np.ndarray): bool (words,), those to neutralise: all that are not definitional and have
        a vector.
    sets (Tuple[Tuple[str, ...], ...]): Those to equalise.
    rows (Tuple[np.ndarray, ...]): intp, the rows of each of these sets.
    left_out (Tuple[LeftOut, ...]): Sets of the lists that cannot be equalised.
    missing (Tuple[str, ...]): Definitional words of the lists that have no vector.
    """

    neutral: np.ndarray
    sets: tuple[Words, ...]
    rows: tuple[np.ndarray, ...]
    left_out: tuple[LeftOut, ...]
    missing: Words


def assign_roles(vectors: WordVectors, lists: WordLists, *, equalise: bool, cases: bool) -> Roles:
    """Say what becomes of each word. Words of pairs and of sets to equalise are definitional too.

    vectors (WordVectors): All words.
    lists (WordLists): What was given.
    equalise (bool): Whether sets are equalised; if not, their words keep their component.
    cases (bool): What holds for a word holds for it in lower, title and upper case, of sets with
        the partners in the same case.
    RETURNS (Roles): One for each word.
    RAISES (InputError): If a word is in two sets, or none of a list has a vector.
    """
    check_sets(lists.equalise, "equalise")
    given = [word for words in (*lists.pairs, *lists.equalise) for word in words]
    listed = list(dict.fromkeys([*lists.definitional, *given]))
    _, missing = vectors.of(listed)
    if lists.definitional and not len(vectors.of(lists.definitional)[0]):
        raise InputError(
            f"definitional: none of its {len(lists.definitional)} words has a vector, expected "
            f"words as the vectors have them, such as {vectors.words[0]!r}"
        )
    others = [case(word) for word in listed for case in CASES] if cases else []
    neutral = vectors.lengths > 0
    neutral[vectors.of([*listed, *others])[0]] = False
    sets, rows, left_out = _to_equalise(vectors, lists.equalise if equalise else (), cases)
    return Roles(neutral, tuple(sets), tuple(rows), tuple(left_out), missing)


def _to_equalise(
    vectors: WordVectors, given: Sequence[Words], cases: bool
) -> tuple[list[Words], list[np.ndarray], list[LeftOut]]:
    """The sets that are equalised, with those in other cases, their rows, and those left out."""
    _check_apart(given)
    found, rows, left_out = find_sets(vectors, given)
    if given and not found:
        raise InputError(
            f"equalise: none of its {len(given)} sets has vectors for all its words: without "
            f"{named(left_out)}; expected some, or equalise = false"
        )
    if not cases:
        return found, rows, left_out
    others, other_rows, _ = find_sets(vectors, _in_other_cases(given))
    return [*found, *others], [*rows, *other_rows], left_out


def _in_other_cases(given: Sequence[Words]) -> list[Words]:
    """Sets in lower, title and upper case. Those with a word of a given set, or of one another, are
    left out: what is meant is not clear."""
    made = dict.fromkeys(tuple(map(case, words)) for words in given for case in CASES)
    others = [words for words in made if words not in given]
    counts = Counter(word for words in (*given, *others) for word in words)
    return [words for words in others if all(counts[word] == 1 for word in words)]


def _check_apart(sets: Sequence[Words]) -> None:
    """Equalised twice, a word would depend on the order."""
    where: dict[str, Words] = {}
    for words in sets:
        for word in words:
            if word in where:
                raise InputError(
                    f"equalise: {word!r} is in {said(where[word])} and in {said(words)}, expected "
                    "each word in one set"
                )
            where[word] = words
