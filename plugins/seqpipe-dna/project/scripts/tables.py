"""The two tables of the README, made of the metrics files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SETS = {
    "ecoli": "*E. coli*",
    "bacillus": "*Bacillus*",
    "arabidopsis_tata": "*Arabidopsis*, TATA",
    "arabidopsis_non_tata": "*Arabidopsis*, non-TATA",
    "mouse_tata": "mouse, TATA",
}
METRICS = Path(__file__).parent.parent / "metrics"


def read(name: str) -> dict[str, Any]:
    """RETURNS (Dict): A metrics file."""
    return json.loads((METRICS / f"{name}.json").read_text(encoding="utf-8"))


def promoter_rows() -> list[str]:
    """RETURNS (List[str]): A row for each set of promoters."""
    rows = []
    for name, title in SETS.items():
        found = read(name)
        ours, test, lead = found["scores"]["recurrent"]["auc"], found["test"], found["difference"]
        cells = [
            title,
            f"{test['promoters']} / {test['others']}",
            f"{ours['mean']:.3f} ±{ours['std']:.3f} ({len(found['runs'])})",
            f"{found['scores']['regression']['auc']:.3f}",
            f"{lead['difference']:+.3f} ({lead['low']:+.3f} to {lead['high']:+.3f})",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def coding_rows() -> list[str]:
    """RETURNS (List[str]): A row for each split, and one for their mean."""
    found = read("coding")
    rows = []
    for one in found["splits"]:
        (ours,), theirs = one["recurrent"], one["regression"]
        scores = [ours["f"], theirs["f"], ours["strand_f"], theirs["strand_f"], one["all_coding_f"]]
        cells = [one["split"], f"{one['bases']:,}", *(f"{100 * score:.1f}" for score in scores)]
        rows.append(f"| {' | '.join(cells)} |")
    names = (
        "recurrent_f",
        "regression_f",
        "recurrent_strand_f",
        "regression_strand_f",
        "all_coding_f",
    )
    means = [found["scores"][name] for name in names]
    cells = [f"{100 * one['mean']:.1f} ±{100 * one['std']:.1f}" for one in means]
    return [*rows, f"| mean | | {' | '.join(cells)} |"]


if __name__ == "__main__":
    print("\n".join([*coding_rows(), *promoter_rows()]))
