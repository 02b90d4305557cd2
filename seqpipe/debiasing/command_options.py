"""What the debiasing commands are asked with: arguments and options, and what they may be."""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from seqpipe.command_options import AsJson, HtmlPage, Language, MetricsOutput, Vectors

__all__ = ["AsJson", "HtmlPage", "Language", "MetricsOutput", "Vectors"]


class Method(StrEnum):
    """How vectors are debiased; with an underscore the values are those of `debiaser.METHODS`."""

    HARD = "hard"
    DOUBLE_HARD = "double-hard"


class Direction(StrEnum):
    """How the direction is found; the values are those of `subspace.METHODS`."""

    SVD = "svd"
    MEAN = "mean"
    DIFFERENCE = "difference"


class Definitional(StrEnum):
    """Which words keep their component; the values are those of `debiaser.SOURCES`."""

    LIST = "list"
    CLASSIFIER = "classifier"


class Form(StrEnum):
    """How vectors are written; the values are those of `vector_files.FORMS` without floret's."""

    WORD2VEC = "word2vec"
    WORD2VEC_BINARY = "word2vec-binary"
    GLOVE = "glove"
    SPACY = "spacy"


After = Annotated[
    Path | None,
    typer.Option(help="The same words after debiasing, as VECTORS.", show_default=False),
]
Lists = Annotated[
    Path | None,
    typer.Option(
        help="Word lists (JSON), or a folder of debiaswe's; else small ones for English gender.",
        show_default=False,
    ),
]
DirectionOption = Annotated[Direction, typer.Option(help="How it is found from the pairs.")]
DefinitionalOption = Annotated[
    Definitional,
    typer.Option(help="Words that keep their component: listed, or learned from the seed."),
]
Capitals = Annotated[
    bool, typer.Option("--capitals", help="Words with capitals may be neutral, as German nouns.")
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="For all that is drawn at random.")]
