"""What a whole corpus of labelled texts holds: its labels, and what its user is to be warned of."""

from __future__ import annotations

import difflib
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from .gold import ROUNDING
from .labelled import LabelledText, Place, Selection
from .lines import shown

logger = logging.getLogger("seqpipe")

_MANY = 25  # labels; a message names no more


@dataclass(frozen=True)
class Survey:
    """What a whole corpus holds, of all folds.

    labels (Tuple[str, ...]): All labels, sorted.
    warnings (List[str]): What its user should know.
    """

    labels: tuple[str, ...]
    warnings: list[str]

    def log(self, path: Path) -> None:
        """Log the warnings, each once in a process.

        path (Path): The corpus, for the message.
        """
        for warning in self.warnings:
            warn_once(f"{path}: {warning}")


@cache
def warn_once(message: str) -> None:
    """Log a warning that was not logged before in this process: a corpus is read by one reader
    when a pipeline is initialised, and by another when it is trained.

    message (str): What to say, with the file.
    """
    logger.warning("%s", message)


def survey(texts: Iterable[LabelledText], selection: Selection) -> Survey:
    """Read a whole corpus for its labels, its faults and its contradictions.

    texts (Iterable[LabelledText]): The corpus.
    selection (Selection): How its labels are renamed, and which may be.
    RETURNS (Survey): What was found.
    RAISES (InputError): If a text or its label is at fault.
    """
    labels: set[str] = set(selection.labels or ())
    found: set[str] = set()
    left_out: Counter[str] = Counter()
    duplicates = _Duplicates()
    docs = unannotated = 0
    for given in texts:
        found.update(given.labels)
        docs += given.doc is not None
        text = selection.renamed(given)
        if text is None:
            left_out[", ".join(given.held or given.labels)] += 1
        elif text.label == {}:
            unannotated += 1
        else:
            labels.update(text.labels)
            duplicates.add(text)
    warnings = []
    if not selection.is_closed:
        warnings += [_unmatched(name, found) for name in selection.names if name not in found]
    if left_out:
        each = ", ".join(f"{label!r} {count}" for label, count in sorted(left_out.items()))
        warnings.append(f"texts left out for their labels: {left_out.total()} ({each})")
    if unannotated:
        warnings.append(f"{unannotated} of {docs} docs have no cats, so nothing is known of them")
    warnings += duplicates.warnings()
    return Survey(tuple(sorted(labels)), warnings)


@dataclass(frozen=True)
class _Said:
    """What is said of a text.

    values (FrozenSet[Tuple[str, float]]): Labels, and how far each holds.
    is_whole (bool): Whether no other label holds; if not, nothing is known of others.
    """

    values: frozenset[tuple[str, float]]
    is_whole: bool

    def contradicts(self, other: _Said, *, are_whole: bool) -> bool:
        """RETURNS (bool): Whether the two cannot both be; are_whole makes both of them whole."""
        mine, theirs = dict(self.values), dict(other.values)
        if any(mine[label] != theirs[label] for label in mine.keys() & theirs.keys()):
            return True
        lacking = theirs.keys() - mine.keys() if self.is_whole or are_whole else ()
        lacked = mine.keys() - theirs.keys() if other.is_whole or are_whole else ()
        return any(theirs[label] for label in lacking) or any(mine[label] for label in lacked)

    def __str__(self) -> str:
        listed = (one if self.is_whole else f"{one} {value:g}" for one, value in self.values)
        return ", ".join(sorted(listed)) or "none"


class _Duplicates:
    """All that is said of each different text. Of a text a hash is kept, not the text itself."""

    def __init__(self) -> None:
        self._said: dict[int, list[tuple[_Said, Place]]] = {}
        self._kinds: dict[_Said, _Said] = {}  # one object for all texts of the same labels
        self._shown: dict[int, str] = {}  # texts of which more than one thing is said
        self._is_exclusive = True

    def add(self, text: LabelledText) -> None:
        if isinstance(text.label, dict):
            self._is_exclusive &= abs(sum(text.label.values()) - 1) <= ROUNDING
            said = _Said(frozenset(text.label.items()), False)
        else:
            said = _Said(frozenset((label, 1.0) for label in text.labels), True)
        said = self._kinds.setdefault(said, said)
        key = hash(text.text)
        before = self._said.setdefault(key, [])
        if all(one is not said for one, _ in before):
            before.append((said, text.place))
            if len(before) > 1:
                self._shown.setdefault(key, shown(text.text))

    def warnings(self) -> list[str]:
        """RETURNS (List[str]): One that counts the texts and shows the first, or none."""
        # Where all values sum to 1, the labels seem to exclude each other: a text that does not
        # name a label then tells that it does not hold.
        instances = []
        for key, text in self._shown.items():
            for (one, place), (other, place_of_other) in combinations(self._said[key], 2):
                if one.contradicts(other, are_whole=self._is_exclusive):
                    instances.append(f"{text}: {one} in {place}, {other} in {place_of_other}")
                    break
        if not instances:
            return []
        return [
            "texts that are there more than once, with labels that contradict each other: "
            f"{len(instances)}; all are kept. Such as {instances[0]}"
        ]


def _unmatched(name: str, found: set[str]) -> str:
    near = difflib.get_close_matches(name, found, n=1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    else:
        more = f", ... ({len(found)} in all)" if len(found) > _MANY else ""
        hint = f"found {', '.join(map(repr, sorted(found)[:_MANY]))}{more}"
    return f"no text has the label {name!r}, which names would rename; {hint}"
