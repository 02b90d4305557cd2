"""`seqpipe train`: trains a pipeline from a config file."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import console, print_json, say_where, working

if TYPE_CHECKING:
    from seqpipe.plugins import Plugins
    from seqpipe.training.config_file import ConfigFile


def train(
    context: typer.Context,
    config: asked.ConfigPath,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Folder for model-best and model-last.", show_default=False
        ),
    ],
    code: asked.Code = None,
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint, if there is one.")
    ] = False,
    checkpoint_seconds: Annotated[
        float, typer.Option(min=0.0, help="Seconds between two checkpoints; 0 for none.")
    ] = 60.0,
    checkpoint_steps: Annotated[
        int, typer.Option(min=0, help="Steps between two checkpoints; 0 for none.")
    ] = 0,
    average: Annotated[
        int,
        typer.Option(
            min=0,
            help="Save the mean of the so many best evaluated models too, as model-average.",
        ),
    ] = 0,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", "-D", help="Read everything, train on one batch, write nothing."),
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Train with so many seeds, the config's and those after it.", show_default=False
        ),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,...",
            help="Train with each value of training.dropout=0.1,0.3; repeated: each combination.",
            show_default=False,
        ),
    ] = None,
    jobs: asked.Jobs = 1,
) -> None:
    """Train a pipeline from a config file, checked before it starts.

    Any value of the config can be given as an option: --training.max_steps 100.
    Ctrl-C stops after the step, with a checkpoint. With --json, what is said meanwhile goes to
    stderr.
    """
    import sys

    from seqpipe.files import InputError
    from seqpipe.pipelines import choose_device

    file = read_config(config, context.args, code)
    choose_device(gpu_id)
    if dry_run:
        _show_dry_run(file, gpu_id, as_json)
        return
    if seeds is None and not sweep:
        if jobs != 1:
            raise InputError(f"--jobs {jobs}: is for several runs, with --seeds or --sweep")
        cadence = (checkpoint_seconds, checkpoint_steps)
        said = sys.stderr if as_json else sys.stdout
        best = _train_one(
            file, output, gpu_id, resume, *cadence, average=average, plugins=context.obj, said=said
        )
        if as_json:
            print_json({"model": str(best), **_finished(output)})
        else:
            say_where(("The best model is", best))
        return
    from seqpipe.cli.many import train_side_by_side

    options = ["--gpu-id", gpu_id, *(["--code", code] if code is not None else [])]
    options += ["--checkpoint-seconds", checkpoint_seconds, "--checkpoint-steps", checkpoint_steps]
    options += ["--average", average]
    train_side_by_side(
        file,
        output,
        sweeps=sweep or (),
        seeds=seeds,
        jobs=jobs,
        resume=resume,
        options=[str(word) for word in options],
        as_json=as_json,
    )


def _show_dry_run(file: "ConfigFile", gpu_id: int, as_json: bool) -> None:
    """Say what a look before the run found."""
    from seqpipe.reporting.tables import print_table
    from seqpipe.training.dry_run import dry_run

    with working("reading everything"):
        found = dry_run(file, use_gpu=gpu_id)
    if as_json:
        print_json(vars(found))
        return
    rows = [[name, f"{n:,}", f"{tokens:,}"] for name, (n, tokens) in found.corpora.items()]
    print_table(console(), "Corpora", ["", "examples", "tokens"], rows)
    print_table(
        console(),
        "Components",
        ["", "parameters", "loss a token", "labels"],
        [
            [
                name,
                f"{count:,}",
                f"{found.losses[name]:.4f}" if name in found.losses else "-",
                ", ".join(found.labels.get(name, ("-",))),
            ]
            for name, count in found.parameters.items()
        ],
    )
    examples, tokens = found.batch
    typer.echo(
        f"\nOne batch of {examples} examples, {tokens} tokens: {found.seconds:.2f} s, "
        "the first with all that is loaded once. Nothing was written."
    )


def _train_one(
    file: "ConfigFile",
    output: Path,
    gpu_id: int,
    resume: bool,
    checkpoint_seconds: float,
    checkpoint_steps: int,
    *,
    average: int,
    plugins: "Plugins | None",
    said: "IO[str]",
) -> Path:
    """Train in this process; what is said meanwhile goes to a stream."""
    import os
    import sys

    from seqpipe.training.loop import Cadence
    from seqpipe.training.run import train_from_config

    if not said.isatty() or "NO_COLOR" in os.environ:
        # spaCy's printer colours files and pipes too, unless it is told not to.
        os.environ.setdefault("ANSI_COLORS_DISABLED", "1")
    best = train_from_config(
        file,
        output,
        use_gpu=gpu_id,
        resume=resume,
        cadence=Cadence(checkpoint_seconds, checkpoint_steps),
        average=average,
        plugins=plugins,
        stdout=said,
        stderr=sys.stderr,
    )
    if best is None:
        typer.echo(
            f"stopped, with a checkpoint in {output}; the same with --resume goes on", err=True
        )
        raise KeyboardInterrupt
    return best


def _finished(output: Path) -> dict[str, Any]:
    """What a run that has come to its end says of its best model."""
    import json

    from seqpipe.training.run import FINISHED

    found = json.loads((output / FINISHED).read_text(encoding="utf-8"))
    return {key: value for key, value in found.items() if key != "origins"}


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
