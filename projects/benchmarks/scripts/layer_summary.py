"""The rows of layer_speed.py put together: means and least ratios beside what they must reach."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from seqpipe.reporting.tables import print_table

# The least ratio of a shape and the least geometric mean: what must be reached, and what was to be
# reached with Intel's MKL, which product_speed.py shows to be no quicker than what stands.
TARGETS = {"training": (1.0, 1.25), "inference": (0.9, 1.1)}
HIGHER_TARGETS = {"training": (1.2, 1.5), "inference": (1.0, 1.3)}
SGEMM_SHAPE, SGEMM_SHARE = "64,40,300→512 ragged", 0.6


def summarise(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each cell, mode and number of threads the ratios of all shapes in two numbers.

    rows: Those of layer_speed.py.
    """
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["cell"], row["mode"], row["threads"]), []).append(row)
    return [_line(*key, found) for key, found in groups.items()]


def _line(cell: str, mode: str, threads: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    ratios = [row["ratio"] for row in rows]
    least, mean = min(ratios), math.exp(statistics.fmean(map(math.log, ratios)))
    least_target, mean_target = TARGETS[mode]
    higher = HIGHER_TARGETS[mode]
    line = {
        "cell": cell,
        "mode": mode,
        "threads": threads,
        "shapes": len(rows),
        "geometric_mean": round(mean, 2),
        "mean_target": mean_target,
        "least": least,
        "least_target": least_target,
        "reaches_higher": least >= higher[0] and mean >= higher[1],
        "short": [row["shape"] for row in rows if row["ratio"] < least_target],
    }
    shares = [row["sgemm_share"] for row in rows if row["shape"].startswith(SGEMM_SHAPE)]
    reached = not line["short"] and line["geometric_mean"] >= mean_target
    if mode == "training" and shares:
        line["sgemm_share"], line["sgemm_share_target"] = min(shares), SGEMM_SHARE
        reached = reached and min(shares) >= SGEMM_SHARE
    return {**line, "verdict": "pass" if reached else "short"}


def print_results(
    console: Console, rows: Sequence[dict[str, Any]], summary: Sequence[dict[str, Any]]
) -> None:
    """Print a table for each cell and mode, then the summary."""
    for name in dict.fromkeys(row["name"] for row in rows):
        heads = ["shape", "threads", "ours", "torch", "which", "ratio", "limit"]
        found = [row for row in rows if row["name"] == name]
        title = f"{name}, thousand tokens a second"
        print_table(console, title, heads, [_cells(row) for row in found])
    heads = ["", "threads", "mean", "of", "least", "of", "sgemm", "", "higher bar"]
    lines = [
        [
            f"{line['cell']} {line['mode']}",
            str(line["threads"]),
            f"{line['geometric_mean']:.2f}",
            f"{line['mean_target']:.2f}",
            f"{line['least']:.2f}",
            f"{line['least_target']:.2f}",
            f"{line['sgemm_share']:.0%}" if "sgemm_share" in line else "",
            line["verdict"],
            "pass" if line["reaches_higher"] else "short",
        ]
        for line in summary
    ]
    print_table(console, "ours beside the better torch path", heads, lines)


def _cells(row: dict[str, Any]) -> list[str | list[str]]:
    return [
        row["shape"].split(", "),
        str(row["threads"]),
        f"{row['ours'] / 1000:.1f}",
        f"{row['rival'] / 1000:.1f}",
        row["rival_name"].split()[-1],
        f"{row['ratio']:.2f}",
        [f"{part}," for part in row["limit"].split(", ")[:-1]] + [row["limit"].split(", ")[-1]],
    ]
