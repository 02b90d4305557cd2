"""`seqpipe train`: trains a pipeline from a config file."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from seqpipe.training.config_file import ConfigFile


def train(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="The training config.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Folder for model-best and model-last.", show_default=False
        ),
    ],
    code: Annotated[
        Path | None, typer.Option("--code", "-c", help="Python file to import first.")
    ] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU to use; -1: the CPU.")] = -1,
) -> None:
    """Train a pipeline from a config file, checked before it starts.

    Any value of the config can be given as an option: --training.max_steps 100.
    """
    import os
    import sys

    from seqpipe.pipelines import choose_device
    from seqpipe.training.run import train_from_config

    file = read_config(config, context.args, code)
    choose_device(gpu_id)
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        # spaCy's printer colours files and pipes too, unless it is told not to.
        os.environ.setdefault("ANSI_COLORS_DISABLED", "1")
    try:
        best = train_from_config(file, output, use_gpu=gpu_id, stdout=sys.stdout, stderr=sys.stderr)
    except KeyboardInterrupt:
        kept = [name for name in ("model-best", "model-last") if (output / name).is_dir()]
        left = " and ".join(kept) or "nothing"
        typer.echo(f"\nstopped; {output} has {left} of this run", err=True)
        raise
    typer.echo(f"The best model is in {best}")


def read_config(config: Path, arguments: list[str], code: Path | None) -> "ConfigFile":
    """Read the config file that a command line names, with its overrides.

    config (Path): The first word of the command line that is no option of the command.
    arguments (List[str]): The others.
    code (Path): A file to import, whose registered functions the config names.
    RETURNS (ConfigFile): The file.
    RAISES (InputError): If there is not just one, or anything in it or in the code is at fault.
    """
    from seqpipe.files import InputError
    from seqpipe.training.config_file import parse_overrides, read_config_file

    # Overrides may stand before the config, where their names and values look like arguments.
    words, overrides = parse_overrides([str(config), *arguments])
    if len(words) != 1:
        raise InputError(f"expected one config file, not {len(words)}: {' '.join(words)}")
    file = read_config_file(words[0], overrides)
    if code is not None:
        _import_code(code)
    return file


def _import_code(code: Path) -> None:
    """Import a file of registered functions that the config names."""
    from spacy.util import import_file

    from seqpipe.files import InputError

    if not code.is_file():
        raise InputError("no such Python file (--code)", path=code)
    try:
        import_file("seqpipe_training_code", code)
    except Exception as error:
        # Whatever a user's file raises while it is imported is that file's fault.
        raise InputError(f"{type(error).__name__}: {error}", path=code) from error
