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
    # The width in use, or the next narrower one that the table has.
    base = max(
        (row for row in totals if row.width <= analysis.width), default=totals[0], key=_width
    )
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
        said = "the only output is" if row.sentences == 1 else f"all {row.sentences:,} outputs are"
        return f"At width {row.width} {said} right."
    parts = [f"{row.search:,} ({_percent(row.share(SEARCH))}) {_be(row.search)} due to the search"]
    parts.append(f"{row.model:,} ({_percent(row.share(MODEL))}) to the model")
    if row.out_of_reach:
        parts.append(f"{row.out_of_reach:,} out of reach, as no search could write a reference")
    outputs = f"Of {_many(row.sentences, 'output')} at width {row.width}"
    said = f"{outputs}, {row.errors:,} {_be(row.errors)} wrong: {', '.join(parts)}."
    if not row.search:
        return f"{said} No reference that can be written scores higher than its output."
    gain = _percent(row.search / row.sentences)
    return (
        f"{said} Even a search that misses nothing would right {row.search:,} of them at most, "
        f"{gain} of all sentences."
    )


def _of_widths(
    changes: Sequence[BleuChange], totals: Sequence[ErrorRow], base: ErrorRow
) -> list[str]:
    """Whether BLEU changes with the width: from the width in use to wider ones, else over all."""
    if not any(row.bleu for row in totals):
        return [_without_bleu(totals)]
    known = [change for change in changes if change.interval is not None]
    from_here = [change for change in known if change.narrow == base.width]
    rising = [change for change in from_here if change.direction > 0]
    if rising:
        best = max(rising, key=lambda change: change.difference)
        return [f"A wider beam helps: {_change(best, totals)}."]
    if from_here:
        said = {0: "No wider beam of the table raises BLEU for certain", -1: "A wider beam harms"}
        return [f"{said[from_here[-1].direction]}: {_change(from_here[-1], totals)}."]
    if known:  # the width in use is the widest
        over_all = max(known, key=lambda change: change.wide - change.narrow)
        said = {1: "The width pays", 0: "The width changes nothing for certain", -1: "It harms"}
        return [f"{said[over_all.direction]}: {_change(over_all, totals)}."]
    return ["The sentences are too few to say what BLEU gains by the width."] if changes else []


def _without_bleu(totals: Sequence[ErrorRow]) -> str:
    """What can be said where BLEU is 0 or has no meaning at any width."""
    if all(row.bleu is None for row in totals):
        said = "BLEU means nothing here: all outputs are shorter than four words."
    else:
        where = f"at width {totals[0].width}" if len(totals) == 1 else "at every width"
        said = f"BLEU is 0 {where}: no n-grams of four are right."
    ends = totals if len(totals) == 1 else (totals[0], totals[-1])
    right = ", ".join(f"{row.right:,} at width {row.width}" for row in ends)
    return f"{said} Right outputs: {right}."


def _change(change: BleuChange, totals: Sequence[ErrorRow]) -> str:
    narrow, wide = (
        next(row for row in totals if row.width == width) for width in (change.narrow, change.wide)
    )
    assert change.interval is not None  # the others are not spoken of
    assert narrow.bleu is not None
    assert wide.bleu is not None
    low, high = change.interval
    return (
        f"from width {narrow.width} to {wide.width} BLEU goes from {_points(narrow.bleu)} to "
        f"{_points(wide.bleu)} ({_signed(change.difference)}, 95 % interval {_signed(low)} to "
        f"{_signed(high)}), right outputs from {narrow.right:,} to {wide.right:,}"
    )


def _of_model(totals: Sequence[ErrorRow]) -> list[str]:
    """What the widest beam, the nearest to a search without misses, leaves to the model."""
    first, last = totals[0], totals[-1]
    found = []
    interval = last.share_interval(MODEL)
    if interval is not None and interval[0] > 0.5:
        found.append(
            f"At width {last.width} most errors are the model's: it scores its own output at least "
            "as high as any reference, so that no search by this score has a reason to choose one. "
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
            f"width {first.width}, {after:.3f} at width {last.width}. Length "
            "normalisation with a greater alpha favours longer ones."
        )
    return found


def _of_limits(unreachable: dict[str, int], base: ErrorRow) -> list[str]:
    """What no beam could write, and what was cut."""
    remedies = {
        UNKNOWN: "; a larger target vocabulary, subwords or characters have fewer",
        TOO_LONG: "; a greater max_ratio lets the search write them",
    }
    found = [
        f"Out of reach, {reason}: {_many(count, 'sentence')}{remedies.get(reason, '')}."
        for reason, count in unreachable.items()
    ]
    if base.cut:
        found.append(
            f"At width {base.width}, {_many(base.cut, 'output')} cut at the maximum length, before "
            "<EOS>."
        )
    return found


def _of_lengths(rows: Sequence[ErrorRow]) -> list[str]:
    """Whether long sentences come out otherwise than short ones."""
    known = [(row.bleu, row) for row in rows if row.label is not None and row.bleu]
    if len(known) < 2:
        return []
    ends = (known[0], known[-1])
    (_, short), (_, long) = ends
    if short.bleu_interval is None or long.bleu_interval is None:
        return []
    if not _are_apart(short.bleu_interval, long.bleu_interval):
        return []
    (low, worse), (high, better) = sorted(ends, key=lambda end: end[0])
    return [
        f"Sources of {better.label} tokens reach BLEU {_points(high)}, those of "
        f"{worse.label} only {_points(low)}."
    ]


def _width(row: ErrorRow) -> int:
    return row.width


def _are_apart(one: Interval, other: Interval) -> bool:
    return one[1] < other[0] or other[1] < one[0]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _points(bleu: float) -> str:
    return f"{100 * bleu:.2f}"


def _signed(difference: float) -> str:
    return f"{100 * difference:+.2f}"
