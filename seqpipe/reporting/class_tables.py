"""What scores of classes are shown in: the rows of a confusion matrix, or of its most frequent
confusions where it would be too wide, and the groups of texts that are scored apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

# Beyond so many labels a matrix is no longer read, and of the confusions so many are shown.
MATRIX_LABELS, CONFUSIONS = 12, 10
ACCURACY, TEXTS = "cats_acc_", "cats_texts_"

# For one model: by gold label, how often each label was predicted.
Confusion = Mapping[str, Mapping[str, float]]


class ConfusionTable(NamedTuple):
    """A table of confusions.

    title (str): What it shows.
    heads (List[str]): Column heads.
    rows (List[List[str]]): The cells, the row's name first.
    """

    title: str
    heads: list[str]
    rows: list[list[str]]


class GroupRow(NamedTuple):
    """Texts that are scored apart.

    name (str): What they are called.
    accuracy (List[float]): One a run, None where there is no such text.
    texts (int): How many there are.
    """

    name: str
    accuracy: list[float | None]
    texts: int


def confusion_table(runs: Sequence[Confusion], *, width: int) -> ConfusionTable:
    """Lay out a confusion matrix, rows gold and columns predicted.

    runs (Sequence[Confusion]): That of one model, or of several: then each count is their mean.
    width (int): Of the terminal. Where the labels are too long for the columns, these have the
        rows' numbers; where that is too wide too, the most frequent confusions are listed.
    RETURNS (ConfusionTable): The table; without rows if there is nothing to show.
    """
    mean = _mean(runs)
    labels = list(mean)
    counts = [_shown(list(row.values()), decimals=_decimals(mean)) for row in mean.values()]
    if len(labels) <= MATRIX_LABELS:
        numbers = [str(number) for number, _ in enumerate(labels, start=1)]
        numbered = [f"{number} {label}" for number, label in zip(numbers, labels, strict=True)]
        for heads, names in ((labels, labels), (numbers, numbered)):
            table = [["", *heads], *([name, *row] for name, row in zip(names, counts, strict=True))]
            if _width(table) <= width:
                return ConfusionTable(
                    "confusion (rows gold, columns predicted)", table[0], table[1:]
                )
    return _most_frequent(mean)


def take_groups(scores: dict[str, list]) -> list[GroupRow]:
    """Take the groups that are scored apart out of the rest of the scores.

    scores (Dict[str, List]): The value of each run by name; loses what is taken.
    RETURNS (List[GroupRow]): The groups, in their order.
    """
    names = [key.removeprefix(TEXTS) for key in scores if key.startswith(TEXTS)]
    rows = []
    for name in names:
        texts, accuracy = scores.pop(TEXTS + name), scores.pop(ACCURACY + name, [])
        rows.append(GroupRow(name, accuracy, max((count or 0 for count in texts), default=0)))
    return rows


def _mean(runs: Sequence[Confusion]) -> dict[str, dict[str, float]]:
    """The mean counts over all labels of all runs; what a run does not name is 0."""
    labels = dict.fromkeys(label for run in runs for label in run)
    return {
        gold: {
            label: sum(run.get(gold, {}).get(label, 0) for run in runs) / len(runs)
            for label in labels
        }
        for gold in labels
    }


def _most_frequent(mean: Mapping[str, Mapping[str, float]]) -> ConfusionTable:
    found = [
        (count, gold, label, sum(row.values()))
        for gold, row in mean.items()
        for label, count in row.items()
        if count and label != gold
    ]
    found.sort(key=lambda confusion: -confusion[0])
    counts = _shown([count for count, *_ in found[:CONFUSIONS]], decimals=_decimals(mean))
    rows = [
        [gold, label, shown, f"{100 * count / of_gold:.1f}"]
        for shown, (count, gold, label, of_gold) in zip(counts, found, strict=False)
    ]
    rest = f", {len(rows)} of {len(found)}" if len(rows) < len(found) else ""
    title = f"most frequent confusions{rest}"
    return ConfusionTable(title, ["gold", "predicted", "texts", "% of gold"], rows)


def _decimals(mean: Mapping[str, Mapping[str, float]]) -> int:
    return int(any(count != int(count) for row in mean.values() for count in row.values()))


def _shown(counts: Sequence[float], *, decimals: int) -> list[str]:
    return [f"{count:.{decimals}f}" for count in counts]


def _width(table: Sequence[Sequence[str]]) -> int:
    """Of a table whose columns have a space between them."""
    return sum(max(map(len, column)) + 1 for column in zip(*table, strict=True))
