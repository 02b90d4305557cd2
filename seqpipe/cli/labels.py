"""`seqpipe labels`: writes the label and vocabulary files that a pipeline is initialised from."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import working


def labels(
    context: typer.Context,
    config: asked.ConfigPath,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the files.", show_default=False)
    ],
    code: asked.Code = None,
) -> None:
    """Read a whole training corpus for label and vocabulary files.

    A stream (max_epochs = -1) shows its first 100 examples at initialisation, so the files tell
    what the others hold. Any value of the config can be given as an option: --paths.train FILE.
    """
    from seqpipe.cli.train import read_config
    from seqpipe.training.labels import initialize_block, survey, write_files

    file = read_config(config, context.args, code)
    with working("reading the corpus"):
        found = survey(file)
    written = write_files(found, output)
    typer.echo(f"{found.examples:,} examples, {found.tokens:,} tokens")
    for path in written.values():
        typer.echo(f"written: {path}")
    typer.echo(f"\nFor the config:\n\n{initialize_block(written)}", nl=False)
