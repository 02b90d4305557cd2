"""The bias that words had before against the sides of their neighbours, before and after, as the
panels of a plot (Gonen & Goldberg 2019, figure 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqpipe.reporting.bias_report_words import OCCUPATIONS
from seqpipe.reporting.curves_page import Axis
from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from seqpipe.debiasing.findings import Audit, Findings
    from seqpipe.debiasing.neighbours import NeighbourBias

WIDTH, HEIGHT = 360, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 44


def scatter_panels(audit: Audit) -> dict[str, Any] | None:
    """Lay the plot out.

    audit (Audit): The audit.
    RETURNS (Optional[Dict]): For the template: a panel before, and one after if there is an after,
        on the same axes; None if no neighbours were looked at.
    """
    sides = [("before", audit.before)]
    if audit.after is not None:
        sides.append(("after", audit.after))
    clouds = [(when, *_sets(findings)) for when, findings in sides]
    shown = [one for _, *both in clouds for one in both if one is not None and one.shares]
    if not shown:
        return None
    reach = max(abs(bias) for one in shown for bias in one.projections.values()) * 1.05 or 1.0
    across = Axis(-reach, reach, LEFT, WIDTH - RIGHT)
    up = Axis(0.0, 100.0, HEIGHT - BOTTOM, TOP)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "frame": (LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM),
        "side": plain(shown[0].side),
        "neighbours": shown[0].neighbours,
        "zero": across.place(0.0),
        "across": across.ticks(),
        "up": up.ticks(),
        "panels": [_panel(when, many, few, across, up) for when, many, few in clouds],
    }


def _sets(findings: Findings) -> tuple[NeighbourBias | None, NeighbourBias | None]:
    """The sample of the vocabulary, which is the last set, and the set that has its names shown."""
    if not findings.neighbours:
        return None, None
    *sets, many = findings.neighbours
    named = [one for one in sets if one.name == OCCUPATIONS]
    return many, next(iter(named + sets), None)


def _panel(
    when: str, many: NeighbourBias | None, few: NeighbourBias | None, across: Axis, up: Axis
) -> dict[str, Any]:
    dots = _points(many, across, up)
    named = _points(few, across, up)
    about = [
        f"{plain(one.name)}: r = {one.value:.2f}"
        for one in (many, few)
        if one is not None and one.value is not None
    ]
    return {
        "when": when,
        "about": ", ".join(about) or "no correlation",
        # One path for a thousand dots keeps the page small.
        "dots": " ".join(f"M{x} {y}h0" for _, x, y in dots),
        "named": [(x, y, f"{plain(word)}: bias {_of(few, word)}") for word, x, y in named],
        "name": plain(few.name) if few is not None else "",
    }


def _points(found: NeighbourBias | None, across: Axis, up: Axis) -> list[tuple[str, float, float]]:
    if found is None:
        return []
    return [
        (word, across.place(found.projections[word]), up.place(100 * share))
        for word, share in found.shares.items()
    ]


def _of(found: NeighbourBias | None, word: str) -> str:
    if found is None:
        return ""
    return f"{found.projections[word]:+.3f}, {100 * found.shares[word]:.0f} % of its neighbours"
