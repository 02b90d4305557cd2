"""What each metric of an audit of bias shows and what it cannot show, and an audit in a few
sentences. Nothing here says that bias is gone: only what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from seqpipe.debiasing.findings import Audit, Findings

# The set of words that a report shows first, if the lists have it.
OCCUPATIONS = "occupations"


class Explained(NamedTuple):
    """How to read a metric.

    title (str): Its name.
    shows (str): What its value says.
    hides (str): What it does not say.
    low, high (Optional[float]): The ends of its scale; None: as far as the values go.
    middle (Optional[float]): The value that says nothing, such as chance.
    """

    title: str
    shows: str
    hides: str
    low: float | None = None
    high: float | None = None
    middle: float | None = None


EXPLAINED = {
    "direct_bias": Explained(
        "Direct bias",
        "How far words lie along the direction: 0 is across it, 1 on it.",
        "What lies anywhere else. Taking the direction away makes it 0 whatever else is left.",
        low=0.0,
    ),
    "weat": Explained(
        "WEAT",
        "Effect size: by how many standard deviations X is nearer to A, and Y to B, from -2 to 2. "
        "p: the share of other partitions that are as extreme, corrected for the number of tests.",
        "Anything about words outside of its sets. A large p does not show that there is nothing.",
        low=-2.0,
        high=2.0,
        middle=0.0,
    ),
    "rnd": Explained(
        "Relative norm distance (RND)",
        "Which group the words are nearer to, summed: above 0 the second, below 0 the first.",
        "Words that lean to one side, where as many lean to the other: they cancel out.",
        middle=0.0,
    ),
    "mac": Explained(
        "Mean average cosine (MAC)",
        "The mean cosine distance of the groups' words from the sets: 1 is unrelated.",
        "Which group is nearer: all are averaged.",
        middle=1.0,
    ),
    "ect": Explained(
        "Embedding coherence test (ECT)",
        "Whether both groups have the words in one order: 1 is the same order.",
        "How near words are. Groups that were equalised have one order by construction.",
        low=-1.0,
        high=1.0,
        middle=0.0,
    ),
    "neighbours": Explained(
        "Bias by neighbours",
        "How the bias that a word had correlates with its neighbours' sides: 0 is not at all.",
        "Why they are neighbours. It sees what a projection onto the direction cannot see.",
        low=-1.0,
        high=1.0,
        middle=0.0,
    ),
    "clustering": Explained(
        "Clusters of the most biased words",
        "How often two clusters match the sides that words had: 0.5 is chance.",
        "Anything about other words. Where clusters fail, a classifier may not.",
        low=0.5,
        high=1.0,
    ),
    "recovery": Explained(
        "A classifier recovers the side",
        "How often it names the side that a word had, of words that it has not seen: 0.5 is "
        "chance.",
        "What another classifier would find: chance for one is no proof for all.",
        low=0.0,
        high=1.0,
        middle=0.5,
    ),
    "sembias": Explained(
        "SemBias",
        "Which of four pairs is nearest to he:she: that of the definition, a stereotype, or none.",
        "Anything outside of its questions, which ask for the direction again.",
        low=0.0,
        high=1.0,
    ),
    "similarity": Explained(
        "Word similarity",
        "Spearman's correlation of cosines with what people say.",
        "What a task would lose. People's scores have stereotypes too.",
        low=0.0,
        high=1.0,
    ),
    "analogies": Explained(
        "Analogies",
        "The share of questions answered rightly.",
        "What a task would lose. Questions on the attribute itself count too.",
        low=0.0,
        high=1.0,
    ),
    "pipelines": Explained(
        "Pipelines",
        "The score of pipelines that were trained on the vectors.",
        "Whether the pipeline treats groups alike: the score does not ask that.",
        low=0.0,
        high=1.0,
    ),
}
PRICE = ("similarity", "analogies", "pipelines")
# Each pair of the figure's keys, and what a reader is told of it.
HIDDEN = (
    "The sides can still be told after: what lies along the direction is not all that there is "
    "(Gonen & Goldberg 2019)."
)
UNSEEN = "Here the sides can hardly be told after; another way of looking may still tell them."


def first_set(findings: Findings) -> Any:
    """RETURNS (Optional[DirectBias]): The direct bias of the set that a report shows first, with
    its words; None if there is none.

    findings (Findings): Before or after.
    """
    with_words = [one for one in findings.direct_bias if one.projections]
    named = [one for one in with_words if one.name == OCCUPATIONS]
    return next(iter(named + with_words), None)


def reading(audit: Audit) -> list[str]:
    """Say in sentences what an audit found.

    audit (Audit): The audit.
    RETURNS (List[str]): Plain text; what has no value is left out.
    """
    after = audit.after
    found = [_along(audit), _told(audit)]
    if after is not None:
        found.append(_hidden(after))
        found += [_price(audit, metric) for metric in PRICE]
    return [plain(sentence) for sentence in found if sentence]


def _along(audit: Audit) -> str:
    shown = first_set(audit.before)
    if shown is None:
        return f"No direction was found: {audit.reason}." if audit.reason else ""
    then = ""
    if audit.after is not None:
        same = [one for one in audit.after.direct_bias if one.name == shown.name]
        then = "".join(f", {_short(one.value)} after" for one in same if one.value is not None)
    when = " before" if then else ""
    return f"Along the direction: direct bias of {shown.name} {_short(shown.value)}{when}{then}."


def _told(audit: Audit) -> str:
    """How far sides can be told, by clusters and by a classifier."""
    parts = []
    for name, what in (("clustering", "two clusters"), ("recovery", "a classifier")):
        values = [getattr(side, name) for side in (audit.before, audit.after) if side is not None]
        if values and all(one is not None and one.value is not None for one in values):
            shares = [f"{100 * one.value:.1f} %" for one in values]
            said = " before, ".join(shares) + (" after" if len(shares) > 1 else "")
            parts.append(f"{what} {said}")
    if not parts:
        return ""
    return f"The side of the most biased words is told by {' and by '.join(parts)} (chance: 50 %)."


def _hidden(after: Findings) -> str:
    told = [one for one in (after.clustering, after.recovery) if one is not None]
    intervals = [one.interval for one in told if one.interval is not None]
    if not intervals:
        return ""
    return HIDDEN if any(interval.low > 0.55 for interval in intervals) else UNSEEN


def _price(audit: Audit, metric: str) -> str:
    """The largest loss, or the least gain."""
    changes = [
        (row.after.value - row.before.value, row.name)
        for row in audit.rows()
        if row.metric == metric
        and row.after is not None
        and row.before.value is not None
        and row.after.value is not None
    ]
    if not changes:
        return ""
    change, name = min(changes)
    title = EXPLAINED[metric].title.lower()
    of_many = f", the least of {len(changes)}" if len(changes) > 1 else ""
    return f"The price, {title}: {100 * change:+.1f} points on {name}{of_many}."


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
