"""`seqpipe bleu`: BLEU of a file of translations, with what it is made of."""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import (
    console,
    described,
    metrics_file,
    print_json,
    say_where,
    working,
)
from seqpipe.hookspecs import hookimpl


class SentenceOrder(StrEnum):
    """Which sentences come first."""

    FILE = "file"
    WORST = "worst"


class Tokenize(StrEnum):
    """sacreBLEU's tokenizers, `seqpipe.evaluation.bleu.TOKENIZERS`."""

    V13A = "13a"
    NONE = "none"
    INTL = "intl"
    CHAR = "char"
    ZH = "zh"
    JA_MECAB = "ja-mecab"
    KO_MECAB = "ko-mecab"


class Smoothing(StrEnum):
    """What stands for a precision of 0, `seqpipe.evaluation.bleu.SMOOTHINGS`."""

    EXP = "exp"
    FLOOR = "floor"
    ADD_K = "add-k"
    NONE = "none"


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the command `bleu`."""
    app.command("bleu")(bleu)


def bleu(
    context: typer.Context,
    hypotheses: Annotated[
        Path,
        typer.Argument(
            metavar="HYP",
            help="Translations, one a line, plain or gzip; - is standard input.",
            show_default=False,
        ),
    ],
    references: Annotated[
        list[Path],
        typer.Argument(metavar="REF...", help="References, line by line.", show_default=False),
    ],
    lowercase: Annotated[bool, typer.Option("--lowercase", help="Capitals do not count.")] = False,
    tokenize: Annotated[
        Tokenize, typer.Option(help="sacreBLEU's tokenizer; none for text that is tokens.")
    ] = Tokenize.V13A,
    smoothing: Annotated[Smoothing, typer.Option(help="Of a precision of 0.")] = Smoothing.EXP,
    smoothing_value: Annotated[
        float | None, typer.Option(help="For floor and add-k; else 0.1 and 1.", show_default=False)
    ] = None,
    chrf: Annotated[bool, typer.Option("--chrf", help="Give chrF too.")] = False,
    ter: Annotated[bool, typer.Option("--ter", help="Give TER too.")] = False,
    sentences: Annotated[
        SentenceOrder | None,
        typer.Option(help="A row a sentence too, in the file's order or the worst first."),
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="Rows of sentences at most; 0: all.")] = 0,
    compare: Annotated[
        list[Path] | None,
        typer.Option(
            help="Translations of another system, may be repeated: paired bootstrap.",
            show_default=False,
        ),
    ] = None,
    output: asked.MetricsOutput = None,
    as_json: asked.AsJson = False,
) -> None:
    """BLEU of translations, with the counts it is made of, and its signature.

    Several references are several files; line by line all files belong together.
    """
    import time

    from seqpipe.evaluation.bleu import BleuOptions
    from seqpipe.evaluation.bleu_report import score_files
    from seqpipe.files import InputError
    from seqpipe.reporting.bleu_table import print_report

    if rows and sentences is None:
        raise InputError(f"--rows {rows}: expected with --sentences")
    paths = [hypotheses, *references, *(compare or [])]
    metrics = metrics_file(output, context.obj, read=paths)
    began = time.perf_counter()
    with working("scoring"):
        report = score_files(
            hypotheses,
            references,
            others=compare or (),
            options=BleuOptions(lowercase, tokenize.value, smoothing.value, smoothing_value),
            chrf=chrf,
            ter=ter,
            sentences=sentences is not None,
        )
    seconds = time.perf_counter() - began
    if sentences is SentenceOrder.WORST and report.sentences is not None:
        report.sentences.sort(key=lambda one: one.bleu.score)
    if rows and report.sentences is not None:
        del report.sentences[rows:]
    try:
        if as_json:
            print_json(report.as_dict())
        else:
            print_report(console(), report, str(hypotheses))
    finally:
        # Also where nobody reads on.
        if metrics is not None:
            corpora = [described(path) for path in paths]
            metrics.write({**report.as_dict(), "corpora": corpora, "seconds": seconds})
    if not as_json:
        say_where(("Metrics are", output))
