"""Debiasing as a whole: from vectors, word lists and settings to vectors and a report."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from typing import Any

from seqpipe.files import InputError

from .definitional import Definitional, find_definitional
from .double_hard import FrequencyDirection, find_frequency_direction
from .hard import Changed, hard_debias
from .roles import Roles, assign_roles
from .subspace import LeftOut, Subspace, check_subspace, find_subspace, named
from .word_lists import WordLists
from .words import WordVectors

logger = logging.getLogger("seqpipe")

HARD, DOUBLE_HARD = "hard", "double_hard"
METHODS = (HARD, DOUBLE_HARD)
LIST, CLASSIFIER = "list", "classifier"
SOURCES = (LIST, CLASSIFIER)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How vectors are debiased.

    method (str): "hard" (Bolukbasi et al. 2016) or "double_hard" (Wang et al. 2020).
    direction (str): "svd", "mean" or "difference"; see `find_subspace`.
    k (int): Dimensions of the subspace.
    definitional (str): Which words keep their component: those of the "list", or those that a
        "classifier" finds, which learns from the seed.
    equalise (bool): Sets are equalised.
    cases (bool): What holds for a word holds for it in lower, title and upper case too.
    keep_lengths (bool): Vectors keep their lengths; without it all have length 1, as in the papers.
    seed (int): For the clusters of "double_hard".
    RAISES (InputError): Names the setting that is at fault.
    """

    method: str = HARD
    direction: str = "svd"
    k: int = 1
    definitional: str = LIST
    equalise: bool = True
    cases: bool = True
    keep_lengths: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("method", self.method, METHODS)
        check_subspace(self.direction, self.k)
        _check_choice("definitional", self.definitional, SOURCES)


@dataclass(frozen=True, eq=False)
class Debiased:
    """Vectors after debiasing, and how they came to be.

    vectors (WordVectors): The same words.
    subspace (Subspace): What was taken from neutral words.
    roles (Roles): What became of each word.
    settings (Settings): As given.
    lists (str): The name of the word lists.
    empty (Tuple[str, ...]): Words whose vectors are zero, and stay so.
    vanished (Tuple[str, ...]): Neutral words of which nothing was left: they are zero now.
    not_equalised (Tuple[LeftOut, ...]): Sets of the lists that could not be.
    frequency (Optional[FrequencyDirection]): What "double_hard" took away first.
    classifier (Optional[Definitional]): What the classifier found.
    """

    vectors: WordVectors
    subspace: Subspace
    roles: Roles
    settings: Settings
    lists: str
    empty: tuple[str, ...]
    vanished: tuple[str, ...]
    not_equalised: tuple[LeftOut, ...]
    frequency: FrequencyDirection | None
    classifier: Definitional | None

    def report(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON: settings, direction, what was found and missing, and
        how many words were neutralised and equalised."""
        failed = {left.words for left in self.not_equalised}
        equalised = [words for words in self.roles.sets if words not in failed]
        neutral = int(self.roles.neutral.sum())
        return {
            "lists": self.lists,
            "settings": asdict(self.settings),
            "subspace": self.subspace.as_dict(),
            "words": len(self.vectors.words),
            "neutralised": neutral,
            "definitional": len(self.vectors.words) - neutral - len(self.empty),
            "definitional_missing": list(self.roles.missing),
            "equalised_sets": len(equalised),
            "equalised_words": sum(map(len, equalised)),
            "not_equalised": [
                {"words": list(left.words), "reason": left.reason} for left in self.not_equalised
            ],
            "empty": list(self.empty),
            "vanished": list(self.vanished),
            "frequency": self.frequency and self.frequency.as_dict(),
            "classifier": self.classifier and self.classifier.as_dict(),
        }


def debias(vectors: WordVectors, lists: WordLists, settings: Settings | None = None) -> Debiased:
    """Neutralise, and equalise, after a direction of frequency was taken away if it is asked for.

    vectors (WordVectors): Not changed.
    lists (WordLists): Of the attribute.
    settings (Optional[Settings]): How; the defaults if None.
    RETURNS (Debiased): New vectors, in a matrix of the same type.
    RAISES (InputError): If lists and vectors do not go together, see `find_subspace`,
        `assign_roles`, `find_definitional` and `find_frequency_direction`.
    RAISES (ImportError): If "double_hard" or "classifier" is asked for without scikit-learn.
    """
    settings = settings or Settings()
    subspace = _find(vectors, lists, settings)
    _warn_of_pairs(subspace, settings)
    classifier = None
    if settings.definitional == CLASSIFIER:
        classifier = find_definitional(vectors, lists.seed)
        lists = replace(lists, definitional=classifier.words)
    roles = assign_roles(vectors, lists, equalise=settings.equalise, cases=settings.cases)
    frequency, source = None, vectors
    if settings.method == DOUBLE_HARD:
        frequency = find_frequency_direction(vectors, subspace, roles.neutral, seed=settings.seed)
        source = frequency.take_from(vectors)
        subspace = _find(source, lists, settings)
    lengths = vectors.lengths if settings.keep_lengths else None
    changed = hard_debias(source, subspace, roles, lengths=lengths)
    return _gathered(vectors, changed, subspace, roles, settings, lists.name, frequency, classifier)


def _gathered(
    before: WordVectors,
    changed: Changed,
    subspace: Subspace,
    roles: Roles,
    settings: Settings,
    lists: str,
    frequency: FrequencyDirection | None,
    classifier: Definitional | None,
) -> Debiased:
    if changed.vanished:
        logger.warning(
            "%d neutral words lie in the subspace whole, their vectors are zero now: %s",
            len(changed.vanished),
            named(changed.vanished),
        )
    return Debiased(
        vectors=changed.vectors,
        subspace=subspace,
        roles=roles,
        settings=settings,
        lists=lists,
        empty=before.empty,
        vanished=changed.vanished,
        not_equalised=(*roles.left_out, *changed.left_out),
        frequency=frequency,
        classifier=classifier,
    )


def _find(vectors: WordVectors, lists: WordLists, settings: Settings) -> Subspace:
    return find_subspace(vectors, lists.pairs, method=settings.direction, k=settings.k)


def _warn_of_pairs(subspace: Subspace, settings: Settings) -> None:
    if subspace.left_out:
        logger.warning(
            "%d of %d pairs are left out: %s",
            len(subspace.left_out),
            len(subspace.left_out) + len(subspace.pairs),
            named(subspace.left_out),
        )
    if len(subspace.pairs) == 1 and settings.direction == "svd" and settings.k == 1:
        logger.warning(
            "one pair only: direction = 'svd' finds its difference, and the variance that it "
            "explains says nothing"
        )


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{name} = {value!r}: expected {' or '.join(map(repr, choices))}")
