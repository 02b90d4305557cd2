"""BLEU by the length of the sentence, of one translation model or several (Bahdanau et al. 2015,
figure 2): a table for the terminal, and a picture."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seqpipe.reporting.plots import Line, plot_lines
from seqpipe.reporting.tables import Cell, print_table
from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.translation.length_buckets import LengthBucket

# Points of models at one length stand so far from each other, so that their intervals are seen.
APART = 0.07


def print_length_curves(console: Console, curves: Mapping[str, Sequence[LengthBucket]]) -> None:
    """Print a row a length: how many sentences have it, and the BLEU of each model on them.

    console (Console): Where to.
    curves (Mapping[str, Sequence[LengthBucket]]): By the model's name, of the same sentences.
    RAISES (ValueError): If the lengths or the numbers of sentences are not the same for all.
    """
    buckets = _same_buckets(curves)
    with_intervals = any(bucket.bleu_interval for curve in curves.values() for bucket in curve)
    rows: list[list[Cell]] = [
        [
            bucket.label,
            f"{bucket.sentences:,}",
            *(_cell(curve[place], with_intervals) for curve in curves.values()),
        ]
        for place, bucket in enumerate(buckets)
    ]
    heads = ["tokens", "sentences", *map(plain, curves)]
    said = ", with 95 % intervals" if with_intervals else ""
    print_table(console, f"BLEU by length of the source{said}", heads, rows)


def plot_length_curves(
    path: str | os.PathLike[str], curves: Mapping[str, Sequence[LengthBucket]]
) -> None:
    """Draw a line for each model; upright lines are 95 % intervals. A bucket without BLEU has no
    point.

    path: The file, .png, .svg or .pdf.
    curves (Mapping[str, Sequence[LengthBucket]]): As for `print_length_curves`.
    RAISES (ValueError): As `print_length_curves`.
    """
    buckets = _same_buckets(curves)
    lines = []
    for number, (name, curve) in enumerate(curves.items()):
        beside = APART * (number - (len(curves) - 1) / 2)
        lines.append(
            Line(
                plain(name),
                [place + beside for place in range(len(curve))],
                [math.nan if bucket.bleu is None else 100 * bucket.bleu for bucket in curve],
                colour=number,
                intervals=[_percent(bucket) for bucket in curve],
            )
        )
    plot_lines(
        path,
        lines,
        x_label="tokens of the source; below, how many sentences",
        y_label="BLEU",
        x_names=[f"{bucket.label}\n{bucket.sentences:,}" for bucket in buckets],
    )


def _same_buckets(curves: Mapping[str, Sequence[LengthBucket]]) -> Sequence[LengthBucket]:
    """The buckets of the first model, if those of the others are the same."""
    (name, first), *others = curves.items()
    expected = [(bucket.label, bucket.sentences) for bucket in first]
    for other, curve in others:
        found = [(bucket.label, bucket.sentences) for bucket in curve]
        if found != expected:
            raise ValueError(
                f"lengths and sentences of {other}: {found}, expected those of {name}: {expected}"
            )
    return first


def _percent(bucket: LengthBucket) -> tuple[float, float] | None:
    if bucket.bleu_interval is None:
        return None
    low, high = bucket.bleu_interval
    return 100 * low, 100 * high


def _cell(bucket: LengthBucket, with_intervals: bool) -> Cell:
    bleu = "-" if bucket.bleu is None else f"{100 * bucket.bleu:.2f}"
    interval = _percent(bucket)
    if not with_intervals:
        return bleu
    return [bleu, "-" if interval is None else f"{interval[0]:.1f}-{interval[1]:.1f}"]
