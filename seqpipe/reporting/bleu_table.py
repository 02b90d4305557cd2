"""Tables of BLEU: what a score is made of, sentence by sentence, and systems side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seqpipe.reporting.tables import Cell, print_table
from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.evaluation.bleu import CorpusScores
    from seqpipe.evaluation.bleu_compare import Comparison
    from seqpipe.evaluation.bleu_report import BleuReport, SentenceBleu

METRICS = {"bleu": "BLEU", "chrf": "chrF", "ter": "TER"}


def print_report(console: Console, report: BleuReport, title: str) -> None:
    """Print all of a report.

    console (Console): Where to.
    report (BleuReport): The scores.
    title (str): What they are of.
    """
    print_bleu(console, report.scores, title)
    if report.sentences is not None:
        print_sentences(console, report.sentences)
    if report.comparison is not None:
        print_systems(console, report.comparison)


def print_bleu(console: Console, scores: CorpusScores, title: str) -> None:
    """Print the scores of a corpus with the breakdown of BLEU.

    console (Console): Where to.
    scores (CorpusScores): The scores.
    title (str): What they are of.
    """
    from rich.text import Text

    bleu = scores.bleu
    console.print(Text(f"\nBLEU {bleu.score:.2f}", style="bold"))
    heads = ["", *(f"{n}-grams" for n in range(1, len(bleu.totals) + 1))]
    starred = [
        f"{'*' if is_smoothed else ''}{value:.2f}"
        for value, is_smoothed in zip(bleu.precisions, bleu.is_smoothed, strict=True)
    ]
    rows: list[list[Cell]] = [
        ["clipped count", *(f"{count:,}" for count in bleu.clipped)],
        ["total", *(f"{total:,}" for total in bleu.totals)],
        ["precision, %", *starred],
    ]
    print_table(console, plain(title), heads, rows)
    if any(bleu.is_smoothed):
        console.print(Text("* smoothed: not clipped count by total", style="dim"))
    print_table(console, "beside it", ["", ""], _rows_beside(scores))
    for note in scores.notes():
        console.print(Text(f"note: {note}"))
    print_signatures(console, scores.signatures)


def _rows_beside(scores: CorpusScores) -> list[list[Cell]]:
    bleu = scores.bleu
    rows: list[list[Cell]] = [
        ["brevity penalty", f"{bleu.brevity_penalty:.4f}"],
        ["length of the hypotheses", f"{bleu.hypothesis_length:,}"],
        ["length of the references", f"{bleu.reference_length:,}"],
        ["ratio", "-" if bleu.ratio is None else f"{bleu.ratio:.4f}"],
    ]
    for name, value in (("chrF", scores.chrf), ("TER", scores.ter)):
        if value is not None:
            rows.append([name, f"{value:.2f}"])
    rows.append(["exact match, %", f"{scores.exact_match:.2f}"])
    rows.append(["sentences", f"{scores.sentences:,}"])
    return rows


def print_signatures(console: Console, signatures: Mapping[str, str]) -> None:
    """Print how scores were computed, so that others can compute them again.

    console (Console): Where to.
    signatures (Mapping[str, str]): sacreBLEU's, by metric.
    """
    from rich.text import Text

    console.print()
    for name, signature in signatures.items():
        console.print(Text(f"{METRICS[name]}|{signature}"), soft_wrap=True)


def print_sentences(console: Console, sentences: Sequence[SentenceBleu]) -> None:
    """Print a row a sentence: its BLEU, clipped count / total of each order, lengths, and how its
    hypothesis begins.

    console (Console): Where to.
    sentences (Sequence[SentenceBleu]): In the order to show.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    heads = ["line", "BLEU", "1", "2", "3", "4", "BP", "hyp.", "ref."]
    numbers = [_sentence_cells(one) for one in sentences]
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for head in heads:
        table.add_column(Text(head), justify="right", no_wrap=True)
    table.add_column(Text("hypothesis"), no_wrap=True)
    # A text of any length would take the numbers' room. Two columns are two spaces apart.
    taken = sum(max(map(len, column)) + 2 for column in zip(heads, *numbers, strict=True))
    for one, cells in zip(sentences, numbers, strict=True):
        text = Text(plain(one.hypothesis).replace("\n", " ").replace("\t", " "))
        text.truncate(max(len("hypothesis"), console.width - taken - 1), overflow="crop")
        table.add_row(*map(Text, cells), text)
    console.print(Text("\nsentences, with effective order", style="bold"))
    console.print(table)


def _sentence_cells(one: SentenceBleu) -> list[str]:
    bleu = one.bleu
    return [
        str(one.line),
        f"{bleu.score:.2f}",
        *(f"{c}/{t}" for c, t in zip(bleu.clipped, bleu.totals, strict=True)),
        f"{bleu.brevity_penalty:.3f}",
        str(bleu.hypothesis_length),
        str(bleu.reference_length),
    ]


def print_systems(console: Console, comparison: Comparison) -> None:
    """Print systems side by side, each compared with the first.

    console (Console): Where to.
    comparison (Comparison): Their scores.
    """
    sign = "+-" if console.options.ascii_only else "±"
    for metric, systems in comparison.scores.items():
        rows: list[list[Cell]] = []
        for one in systems:
            p_value = "-" if one.p_value is None else f"{one.p_value:.4f}"
            spread: Cell = [f"{one.mean:.2f}", f"{sign}{one.interval:.2f}"]
            rows.append([plain(one.system), f"{one.score:.2f}", spread, p_value])
        heads = ["", METRICS[metric], "mean and 95 %", "p"]
        print_table(console, f"{METRICS[metric]}, p against the first", heads, rows)
    print_signatures(console, comparison.signatures)
