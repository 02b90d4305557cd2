"""Arguments and options that commands of several concepts have: one name and one help each.

Light at import: every command line imports it.
"""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Tokenizer(StrEnum):
    """Who tells words apart."""

    PIPELINE = "pipeline"
    WHITESPACE = "whitespace"


VECTORS_HELP = "A pipeline's folder, or a file of vectors, plain or gzipped."

ModelPath = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Folder of a saved pipeline.", show_default=False)
]
ConfigPath = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="The training config.", show_default=False)
]
ProjectPath = Annotated[
    Path, typer.Argument(metavar="PROJECT", help="A project.yml or the folder that holds it.")
]
Vectors = Annotated[Path, typer.Argument(metavar="VECTORS", help=VECTORS_HELP, show_default=False)]
Lines = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A text a line, plain or gzip; - is standard input.",
        show_default=False,
    ),
]
MetricsOutput = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Metrics file: .json, .csv, .md, or a plugin's."),
]
LinesOutput = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write: JSON lines if it ends in .jsonl."),
]
HtmlPage = Annotated[
    Path | None,
    typer.Option("--html", help="Write a page too, to look at in a browser."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Component = Annotated[
    str,
    typer.Option(metavar="NAME", help="Name of the component, if a pipeline has several."),
]
GpuId = Annotated[int, typer.Option("--gpu-id", "-g", min=-1, help="GPU to use; -1: the CPU.")]
Code = Annotated[Path | None, typer.Option("--code", "-c", help="Python file to import first.")]
Language = Annotated[
    str, typer.Option("--lang", "-l", metavar="CODE", help="Language of a pipeline that is made.")
]
TokenizerOption = Annotated[
    Tokenizer, typer.Option(help="Who tells words apart; whitespace is for text that has it so.")
]
Force = Annotated[bool, typer.Option("--force", "-F", help="Also what has not changed.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many at a time.")]
