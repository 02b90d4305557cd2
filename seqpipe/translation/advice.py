"""What an error analysis says, in words: what a wider beam could win at most, whether BLEU rises
with the width, and what else there is to mend. Each sentence stands on numbers of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .intervals import Interval
from .verdicts import MODEL, SEARCH, TOO_LONG, UNKNOWN

if TYPE_CHECKING:
    from .analysis import ErrorAnalysis
    from .error_rows import BleuChange, ErrorRow

SHORT = 0.97  # of the references' length, where BLEU's brevity penalty begins to be felt


def advise(analysis: ErrorAnalysis) -> list[str]:
    """RETURNS (List[str]): A few sentences each.

    analysis (ErrorAnalysis): The numbers.
    """
    totals = analysis.totals
    base = next((row for row in totals if row.width == analysis.width), totals[0])
    found = [_faults(base)]
    if any(row.errors for row in totals):
        found += _of_widths(analysis.changes, totals, base)
        found += _of_model(totals)
        found += _of_limits(analysis.unreachable, base)
        found += _of_lengths(
            [row for row in analysis.rows if row.width == base.width and row.label]
        )
    return found


def _faults(row: ErrorRow) -> str:
    """Whose the errors are, and what that bounds."""
    if not row.errors:
        return f"At width {row.width} all {row.sentences:,} outputs are right."
    parts = [f"{row.search:,} ({_percent(row.share(SEARCH))}) are due to the search"]
    parts.append(f"{row.model:,} ({_percent(row.share(MODEL))}) to the model")
    if row.out_of_reach:
        parts.append(f"and of {row.out_of_reach:,} no search could write a reference")
    said = f"At width {row.width} {row.errors:,} of {row.sentences:,} outputs are wrong: "
    said += ", ".join(parts) + "."
    if not row.search:
        return (
            f"{said} No reference scores higher than its output: there is none that a beam missed."
        )
    gain = _percent(row.search / row.sentences)
    return (
        f"{said} A search that misses nothing, which no beam is wider than, would right "
        f"{row.search:,} sentences at most: {gain} of all."
    )


def _of_widths(
    changes: Sequence[BleuChange], totals: Sequence[ErrorRow], base: ErrorRow
) -> list[str]:
    """Whether BLEU changes with the width: from the width in use to wider ones, else over all."""
    from_here = [change for change in changes if change.narrow == base.width]
    rising = [change for change in from_here if change.direction > 0]
    if rising:
        best = max(rising, key=lambda change: change.difference)
        return [f"A wider beam helps: {_change(best, totals)}."]
    if from_here:
        widest = from_here[-1]
        said = {0: "no wider beam of the table raises BLEU for certain", -1: "a wider beam harms"}
        return [_capital(f"{said[widest.direction]}: {_change(widest, totals)}.")]
    if changes:
        over_all = next(change for change in changes[::-1] if change.narrow == totals[0].width)
        said = {1: "the width pays", 0: "the width changes nothing for certain", -1: "it harms"}
        return [_capital(f"{said[over_all.direction]}: {_change(over_all, totals)}.")]
    return []


def _change(change: BleuChange, totals: Sequence[ErrorRow]) -> str:
    narrow, wide = (
        next(row for row in totals if row.width == width) for width in (change.narrow, change.wide)
    )
    said = (
        f"from width {narrow.width} to {wide.width} BLEU goes from {_points(narrow.bleu)} to "
        f"{_points(wide.bleu)} ({_signed(change.difference)}"
    )
    if change.interval is not None:
        low, high = change.interval
        said += f", 95 % interval {_signed(low)} to {_signed(high)}"
    else:
        said += ", of too few sentences for an interval"
    return f"{said}), right outputs from {narrow.right:,} to {wide.right:,}"


def _of_model(totals: Sequence[ErrorRow]) -> list[str]:
    """What the widest beam, the nearest to a search without misses, leaves to the model."""
    first, last = totals[0], totals[-1]
    found = []
    interval = last.share_interval(MODEL)
    if interval is not None and interval[0] > 0.5:
        found.append(
            f"At width {last.width} most errors are the model's: it scores its own output at least "
            "as high as any reference, and no search by this score would choose the reference. "
            "What is left is a better model (more or nearer data, longer or better regularised "
            "training, another architecture) or another score (normalisation, alpha); the "
            "table does not say which."
        )
    interval = last.share_interval(SEARCH)
    if interval is not None and interval[0] > 0.5:
        found.append(
            f"Even at width {last.width} most errors are due to the search: a table with wider "
            "beams would show more."
        )
    before, after = first.length_ratio, last.length_ratio
    if before is not None and after is not None and after < min(before, SHORT):
        found.append(
            f"Outputs get shorter with the width: {before:.3f} of the references' length at "
            f"width {first.width}, {after:.3f} at width {last.width}. A greater alpha favours "
            "longer ones."
        )
    return found


def _of_limits(unreachable: dict[str, int], base: ErrorRow) -> list[str]:
    """What no beam could write, and what was cut."""
    remedies = {
        UNKNOWN: "; a larger target vocabulary, subwords or characters have fewer",
        TOO_LONG: "; a greater max_ratio lets the search write them",
    }
    found = [
        f"Out of reach, {reason}: {count:,} sentences{remedies.get(reason, '')}."
        for reason, count in unreachable.items()
    ]
    if base.cut:
        found.append(
            f"At width {base.width} {base.cut:,} outputs were cut at the maximum length, before "
            "<EOS>."
        )
    return found


def _of_lengths(rows: Sequence[ErrorRow]) -> list[str]:
    """Whether long sentences come out otherwise than short ones."""
    rows = [row for row in rows if row.label is not None]
    if len(rows) < 2:
        return []
    short, long = rows[0], rows[-1]
    if short.bleu_interval is None or long.bleu_interval is None:
        return []
    if not _are_apart(short.bleu_interval, long.bleu_interval):
        return []
    better, worse = sorted((short, long), key=lambda row: -row.bleu)
    return [
        f"Sources of {better.label} tokens reach BLEU {_points(better.bleu)}, those of "
        f"{worse.label} only {_points(worse.bleu)}."
    ]


def _are_apart(one: Interval, other: Interval) -> bool:
    return one[1] < other[0] or other[1] < one[0]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _points(bleu: float) -> str:
    return f"{100 * bleu:.2f}"


def _signed(difference: float) -> str:
    return f"{100 * difference:+.2f}"


def _capital(said: str) -> str:
    return said[0].upper() + said[1:]
