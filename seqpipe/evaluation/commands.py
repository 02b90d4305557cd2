"""`seqpipe bleu`: BLEU of a file of translations, with what it is made of."""

# No future import of annotations: Typer reads these.
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from seqpipe.hookspecs import hookimpl


class SentenceOrder(StrEnum):
    """Which sentences come first."""

    FILE = "file"
    WORST = "worst"


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the command `bleu`."""
    app.command("bleu")(bleu)


def bleu(
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
        str,
        typer.Option(help="13a, none, intl, char, zh, ja-mecab or ko-mecab; none for tokens."),
    ] = "13a",
    smoothing: Annotated[
        str, typer.Option(help="Of a precision of 0: exp, floor, add-k or none.")
    ] = "exp",
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
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Metrics file (JSON) to write.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """BLEU of translations, with the counts it is made of, and its signature.

    Several references are several files; line by line all files belong together.
    """
    import time

    from rich.console import Console

    from seqpipe.evaluation.bleu import BleuOptions
    from seqpipe.evaluation.bleu_report import score_files
    from seqpipe.files import InputError
    from seqpipe.reporting.bleu_table import print_report

    if rows and sentences is None:
        raise InputError(f"--rows {rows}: expected with --sentences")
    began = time.perf_counter()
    report = score_files(
        hypotheses,
        references,
        others=compare or (),
        options=BleuOptions(lowercase, tokenize, smoothing, smoothing_value),
        chrf=chrf,
        ter=ter,
        sentences=sentences is not None,
    )
    if sentences is SentenceOrder.WORST and report.sentences is not None:
        report.sentences.sort(key=lambda one: one.bleu.score)
    if rows and report.sentences is not None:
        del report.sentences[rows:]
    if output is not None:
        paths = [hypotheses, *references, *(compare or [])]
        _write_metrics(output, report.as_dict(), paths, time.perf_counter() - began)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
        return
    print_report(Console(highlight=False), report, str(hypotheses))
    if output is not None:
        typer.echo(f"Metrics are in {output}")


def _write_metrics(output: Path, record: dict[str, Any], paths: list[Path], seconds: float) -> None:
    from seqpipe.reporting.metrics import describe_corpus, write_metrics

    corpora = [describe_corpus(path) if path.is_file() else {"path": str(path)} for path in paths]
    write_metrics(output, {**record, "corpora": corpora, "seconds": seconds})
