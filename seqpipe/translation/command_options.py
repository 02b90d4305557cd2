"""What the translation commands are asked with: arguments and options that several of them have."""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from seqpipe.command_options import (
    AsJson,
    Component,
    GpuId,
    HtmlPage,
    LinesOutput,
    MetricsOutput,
    ModelPath,
)

__all__ = [
    "AsJson",
    "Component",
    "GpuId",
    "HtmlPage",
    "LinesOutput",
    "MetricsOutput",
    "ModelPath",
]


class Normalisation(StrEnum):
    """By what a search ranks; the values are those of `decoding.scores.NORMALISATIONS`."""

    NONE = "none"
    LENGTH = "length"
    GNMT = "gnmt"


DATA_HELP = (
    "A file of sources and one or several of references, line by line; or a table, "
    "source<tab>reference; or a .spacy file."
)

Text = Annotated[str, typer.Argument(metavar="TEXT", help="A text in quotes.", show_default=False)]
Data = Annotated[list[Path], typer.Argument(metavar="DATA...", help=DATA_HELP, show_default=False)]
Width = Annotated[
    int | None,
    typer.Option(
        "--beam-width",
        "--width",
        help="Hypotheses that the search goes on with.",
        show_default=False,
    ),
]
Widths = Annotated[str, typer.Option("--beam-widths", "--widths", help="Widths, with commas.")]
NormalisationOption = Annotated[
    Normalisation | None,
    typer.Option(help="By what hypotheses are ranked: length is log P / T^alpha."),
]
Alpha = Annotated[
    float | None, typer.Option(help="Of the normalisation, from 0.", show_default=False)
]
Coverage = Annotated[
    float | None,
    typer.Option(help="Weight of GNMT's coverage; wants attention.", show_default=False),
]
MinLength = Annotated[
    int | None, typer.Option(help="Pieces before <EOS> at least.", show_default=False)
]
NoRepeat = Annotated[
    int | None,
    typer.Option(help="No n-gram of so many pieces comes twice; 0: all may.", show_default=False),
]
MaxRatio = Annotated[
    float | None,
    typer.Option(
        help="Pieces at most for each piece of the source, and 10 more.", show_default=False
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(help="Below 1 likely pieces come more often, above 1 less.", show_default=False),
]
TopK = Annotated[
    int | None, typer.Option(help="Draw from so many likeliest pieces; 0: all.", show_default=False)
]
TopP = Annotated[
    float | None,
    typer.Option(
        help="Draw from the likeliest pieces that have this probability.", show_default=False
    ),
]
Seed = Annotated[int | None, typer.Option(help="The same seed draws the same.", show_default=False)]
Limit = Annotated[int, typer.Option(min=0, help="The first so many texts; 0: all.")]
