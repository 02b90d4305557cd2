"""Tables of what word vectors are worth, always with what they cover."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seqpipe.reporting.tables import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.embeddings.evaluation import AnalogyReport, SimilarityScore


def print_analogies(console: Console, report: AnalogyReport, title: str) -> None:
    """Print analogies by section, and in all.

    console (Console): Where to.
    report (AnalogyReport): The answers.
    title (str): Above the table.
    """
    rows = []
    for score in (*report.sections, *report.totals):
        share = "-" if score.accuracy is None else f"{100 * score.accuracy:.1f}"
        rows.append([score.name, share, str(score.correct), str(score.covered), str(score.asked)])
    print_table(console, title, ["", "%", "right", "covered", "asked"], rows)
    total = report.total
    console.print(f"\ncoverage: {total.covered:,} of {total.asked:,} ({total.coverage:.1%})")


def print_similarity(console: Console, found: Mapping[Path, SimilarityScore]) -> None:
    """Print Spearman's correlation of each file of word pairs.

    console (Console): Where to.
    found (Mapping[Path, SimilarityScore]): The scores by file.
    """
    rows = []
    for path, score in found.items():
        rho = "-" if score.spearman is None else f"{score.spearman:.3f}"
        rows.append([path.name, rho, str(score.covered), str(score.asked)])
    print_table(console, "word similarity", ["", "Spearman", "covered", "pairs"], rows)
