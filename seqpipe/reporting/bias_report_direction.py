"""A direction of bias in the terminal: what it explains, the words that lie farthest along it, and
where words were before and are after; and what debiasing did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seqpipe.reporting.tables import print_table
from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from rich.console import Console

LONGEST = 16  # letters of a word in a line
LEAST_STRIP = 15
NAMED = 5  # of sets and words that are not there


@dataclass(frozen=True, eq=False)
class AlongDirection:
    """Words along a direction.

    name (str): What the set of words is called.
    words (Tuple[str, ...]): The words, those farthest to the positive side first.
    before (np.ndarray): float (words,), the cosine of each with the direction.
    after (Optional[np.ndarray]): The same in other vectors.
    sides (Tuple[str, str]): What lies on the positive and on the negative side.
    """

    name: str
    words: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray | None
    sides: tuple[str, str]

    @classmethod
    def sorted_by_bias(
        cls,
        name: str,
        before: Mapping[str, float],
        after: Mapping[str, float] | None,
        sides: tuple[str, str],
    ) -> AlongDirection:
        """Put words in order.

        name (str): What the set is called.
        before, after (Dict[str, float]): The cosine of each word.
        sides (Tuple[str, str]): See above.
        RETURNS (AlongDirection): The most positive before comes first.
        """
        words = tuple(sorted(before, key=lambda word: (-before[word], word)))
        then = None if after is None else np.array([after[word] for word in words])
        return cls(name, words, np.array([before[word] for word in words]), then, sides)

    def extremes(self, per_side: int) -> AlongDirection:
        """RETURNS (AlongDirection): The first and the last words alone, or all if there are no
        more.

        per_side (int): Words on each side.
        """
        n = len(self.words)
        if n <= 2 * per_side:
            return self
        rows = [*range(per_side), *range(n - per_side, n)]
        return AlongDirection(
            f"{self.name}, {2 * per_side} of {n}",
            tuple(self.words[row] for row in rows),
            self.before[rows],
            None if self.after is None else self.after[rows],
            self.sides,
        )

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON: the cosine of each word, before and after."""
        columns = {"before": self.before, "after": self.after}
        return {
            "name": self.name,
            **{
                when: dict(zip(self.words, map(float, values), strict=True))
                for when, values in columns.items()
                if values is not None
            },
        }

    def reach(self) -> float:
        """RETURNS (float): How far a scale goes to both sides: rounded up to a tenth."""
        values = [self.before, *([] if self.after is None else [self.after])]
        farthest = max((float(np.abs(part).max()) for part in values if len(part)), default=0.0)
        return max(0.1, float(np.ceil(10 * farthest - 1e-9)) / 10)


def print_subspace(console: Console, found: Mapping[str, Any]) -> None:
    """Print what a direction or subspace was found from and what it explains.

    console (Console): Where to.
    found (Dict[str, Any]): As `Subspace.as_dict` gives it.
    """
    _say(console, _pairs_line(found))
    rows = [
        [str(number), f"{100 * share:.1f}"] for number, share in enumerate(found["variance"], 1)
    ]
    print_table(console, "share of the pairs' variance", ["dimension", "%"], rows)


def print_extremes(
    console: Console, sides: Sequence[tuple[str, Sequence[tuple[str, float]]]]
) -> None:
    """Print the words that lie farthest to each side.

    console (Console): Where to.
    sides (Sequence[Tuple[str, Sequence[Tuple[str, float]]]]): The name of a side, and its words
        with their cosines, as many on both sides.
    """
    heads = ["", *(plain(name) for name, _ in sides)]
    rows = [
        [
            str(place + 1),
            *(f"{plain(words[place][0])} {signed(words[place][1])}" for _, words in sides),
        ]
        for place in range(len(sides[0][1]))
    ]
    if rows:
        print_table(
            console, "farthest along the direction, of words that shall be neutral", heads, rows
        )


def print_along(console: Console, along: AlongDirection) -> None:
    """Draw words along a direction, a line each: o is before, * is after.

    console (Console): Where to; sixty columns are enough.
    along (AlongDirection): The words.
    """
    from rich.text import Text

    words = [_cut(plain(word)) for word in along.words]
    name_width = max(map(len, words), default=0)
    numbers = 7 if along.after is None else 14
    strip = max(LEAST_STRIP, min(61, console.width - name_width - numbers - 1))
    strip -= 1 - strip % 2  # odd, so that there is a middle
    reach = along.reach()
    key = "" if along.after is None else " (o before, * after)"
    console.print(Text(plain(f"\n{along.name} along the direction{key}"), style="bold"))
    negative, positive = (plain(side) for side in reversed(along.sides))
    ends = f"{negative} -{reach:.1f}", f"+{reach:.1f} {positive}"
    gap = max(1, strip - len(ends[0]) - len(ends[1]))
    console.print(Text(" " * (name_width + 1) + ends[0] + " " * gap + ends[1]), overflow="fold")
    for row, word in enumerate(words):
        then = None if along.after is None else float(along.after[row])
        line = _strip(float(along.before[row]), then, reach, strip)
        shown = "".join(
            f" {signed(value)}" for value in (float(along.before[row]), then) if value is not None
        )
        console.print(Text(f"{word:>{name_width}} {line}{shown}"))


def signed(value: float) -> str:
    """RETURNS (str): A cosine with its sign, of which what is only rounding has none.

    value (float): The cosine.
    """
    text = f"{value:+.3f}"
    return text if text.strip("+-0.") else " 0.000"


def print_debiased(console: Console, report: Mapping[str, Any]) -> None:
    """Print what debiasing did.

    console (Console): Where to.
    report (Dict[str, Any]): As `Debiased.report` gives it.
    """
    print_subspace(console, report["subspace"])
    rows = [
        ["neutralised", f"{report['neutralised']:,}"],
        ["keep their component", f"{report['definitional']:,}"],
        ["equalised", f"{report['equalised_words']:,} in {report['equalised_sets']:,} sets"],
        ["vectors of zeros", f"{len(report['empty']):,}"],
        ["became zeros", f"{len(report['vanished']):,}"],
    ]
    print_table(console, f"{report['words']:,} words", ["", ""], rows)
    console.print()
    for line in (
        _sets_line("not equalised", report["not_equalised"], most=NAMED),
        _words_line("definitional words without a vector", report["definitional_missing"]),
        _classifier_line(report["classifier"]),
        _frequency_line(report["frequency"]),
    ):
        if line:
            _say(console, line)
    _say(
        console,
        "This changes what lies along the direction. What is left elsewhere, `seqpipe debiasing "
        "audit` measures.",
    )


def _pairs_line(found: Mapping[str, Any]) -> str:
    used, left = len(found["pairs"]), found["left_out"]
    line = f"direction by {found['method']}, from {used} of {used + len(left)} pairs"
    return f"{line}; {_sets_line('left out', left)}" if left else line


def _sets_line(what: str, left: Sequence[Mapping[str, Any]], *, most: int | None = None) -> str:
    """Sets and why they are not used: all, or the first of them and their number."""
    if not left:
        return ""
    shown = ", ".join(f"{'/'.join(one['words'])} ({one['reason']})" for one in left[:most])
    if most is None or len(left) <= most:
        return f"{what}: {shown}"
    return f"{what}: {len(left):,} sets, such as {shown}"


def _words_line(what: str, words: Sequence[str]) -> str:
    return f"{what}: {len(words):,}, such as {', '.join(words[:NAMED])}" if words else ""


def _classifier_line(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    return (
        f"classifier: {found['words']:,} definitional words, learned from {found['seed']:,}; "
        f"cross-validated accuracy {100 * found['accuracy']:.2f} %, precision "
        f"{100 * found['precision']:.1f} %, recall {100 * found['recall']:.1f} %"
    )


def _frequency_line(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    best = min(found["accuracies"])
    return (
        f"double-hard: principal component {found['component']}, "
        f"{100 * found['variance']:.1f} % of the variance, was taken away first; two clusters tell "
        f"the side of {100 * best:.1f} % of {2 * found['biased']:,} biased words, of "
        f"{100 * found['hard_accuracy']:.1f} % after hard debiasing alone"
    )


def _strip(before: float, after: float | None, reach: float, width: int) -> str:
    """A line of dots with a middle and one or two marks."""
    line = ["."] * width
    line[width // 2] = "|"
    for value, mark in ((before, "o"), (after, "*")):
        if value is not None:
            place = round((value / reach + 1) / 2 * (width - 1))
            line[min(width - 1, max(0, place))] = mark
    return "".join(line)


def _cut(word: str) -> str:
    return word if len(word) <= LONGEST else f"{word[: LONGEST - 2]}.."


def _say(console: Console, text: str) -> None:
    from rich.text import Text

    console.print(Text(plain(text)))
