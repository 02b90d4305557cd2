"""One training run from a config: checked, locked, begun or gone on with, and stopped cleanly."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from seqpipe.files import InputError, atomic_write
from seqpipe.plugins import Plugins
from seqpipe.reporting.long_work import only_run, say, stopping
from seqpipe.training.announce import announce
from seqpipe.training.checkpoint import (
    FREE,
    LINK,
    PIPELINE,
    Checkpoint,
    check_origins,
    damage_of,
    origins,
    read_checkpoint,
    remove_checkpoints,
)
from seqpipe.training.config_check import explain_config_error, filled_config, load_checked_config
from seqpipe.training.config_file import ConfigFile
from seqpipe.training.labels import sample_warning
from seqpipe.training.loop import BEST, Cadence, TrainingLoop
from seqpipe.training.progress import Progress

if TYPE_CHECKING:
    from spacy.language import Language

FINISHED = "finished.json"


def train_from_config(
    file: ConfigFile,
    output: Path,
    *,
    use_gpu: int = -1,
    resume: bool = False,
    cadence: Cadence,
    average: int = 0,
    plugins: Plugins | None = None,
    stdout: IO[str],
    stderr: IO[str],
) -> Path | None:
    """Train a pipeline and save it.

    file (ConfigFile): The training config, with its overrides.
    output (Path): The folder that gets `model-best`, `model-last` and the checkpoints.
    use_gpu (int): The GPU's number, already switched to, or -1.
    resume (bool): Go on from the last checkpoint in the folder, if there is one.
    cadence (Cadence): How often to write a checkpoint.
    average (int): The mean of the so many best evaluated models is saved as `model-average`; 0 for
        none.
    plugins (Optional[Plugins]): Those that are told how the run goes on; None for none.
    stdout (IO): Where the training logger writes its table.
    stderr (IO): Where it writes the rest, and progress is shown.
    RETURNS (Path): The folder of the best model; None if it was stopped by Ctrl-C, with a
        checkpoint.
    RAISES (InputError): If the config or the corpus is at fault, or another run trains into the
        folder, or `resume` finds a checkpoint of another config or other data.
    """
    config = load_checked_config(file)
    made_from = origins(filled_config(file))
    with only_run(output), _without_vectors_warning():
        checkpoint = read_checkpoint(output) if resume else None
        if checkpoint is not None:
            at = f"the checkpoint at step {checkpoint.step} ({checkpoint.path})"
            check_origins(checkpoint.state["origins"], made_from, at)
            nlp = _load(checkpoint, made_from, use_gpu)
            say(stdout, f"Going on behind step {checkpoint.step}")
        elif resume and _is_finished(output, made_from):
            say(stdout, f"{output}: this run has come to its end already")
            return output / BEST
        else:
            nlp = _initialize(file, config, use_gpu)
            warning = sample_warning(config, nlp)
            if warning is not None:
                say(stderr, f"warning: {warning}")
            if (output / LINK).is_symlink():
                say(stderr, f"warning: {output}: the checkpoint of an earlier run is given up")
            remove_checkpoints(output)
            (output / FINISHED).unlink(missing_ok=True)
        loop = TrainingLoop(nlp, output, resumed=checkpoint, origins=made_from, average=average)
        if not _run(loop, cadence, plugins or Plugins(), stdout, stderr):
            return None
        with atomic_write(output / FINISHED) as stream:
            json.dump({"origins": made_from, **_result(loop)}, stream)
        remove_checkpoints(output)
    return output / BEST


def initialized_pipeline(file: ConfigFile, *, use_gpu: int = -1) -> Language:
    """Check a training config, and make and initialise its pipeline.

    file (ConfigFile): The training config, with its overrides.
    use_gpu (int): The GPU's number, already switched to, or -1.
    RETURNS (Language): The pipeline, ready to be trained.
    RAISES (InputError): If the config or the corpus is at fault.
    """
    config = load_checked_config(file)
    with _without_vectors_warning():
        return _initialize(file, config, use_gpu)


def _initialize(file: ConfigFile, config: Any, use_gpu: int) -> Language:
    from spacy.training.initialize import init_nlp
    from thinc.api import ConfigValidationError

    try:
        return init_nlp(config, use_gpu=use_gpu)
    except ConfigValidationError as error:
        raise explain_config_error(file, error) from error


def _load(checkpoint: Checkpoint, made_from: dict[str, Any], use_gpu: int) -> Language:
    """The pipeline of a checkpoint, with what may have changed in the config."""
    import spacy
    from thinc.api import set_gpu_allocator

    training = made_from["config"]["training"]
    if use_gpu >= 0 and training["gpu_allocator"]:
        set_gpu_allocator(training["gpu_allocator"])
    free = {name: training[name.partition(".")[2]] for name in FREE}
    with damage_of(checkpoint.path):
        return spacy.load(checkpoint.path / PIPELINE, config=free)


def _result(loop: TrainingLoop) -> dict[str, Any]:
    """What a run has come to: its last step, score and step of its best model, its seconds."""
    counters = loop.counters
    # Of equal scores the last: as in spaCy, its model has taken the place of the one before.
    score, step = max(counters.results)
    best = {"score": float(score), "best_step": step}
    return {"step": counters.step, **best, "seconds": counters.seconds}


def _is_finished(output: Path, made_from: dict[str, Any]) -> bool:
    """Whether this very run has come to its end in that folder; another one's is not touched."""
    file = output / FINISHED
    if not file.is_file() or not (output / BEST).is_dir():
        return False
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        at = f"the run that has come to its end there at step {found['step']}"
        then = found["origins"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not what a finished run writes ({error})", path=file) from error
    check_origins(then, made_from, at, free=())
    return True


def _run(
    loop: TrainingLoop, cadence: Cadence, plugins: Plugins, stdout: IO[str], stderr: IO[str]
) -> bool:
    """Say what is trained, then train, with the config's logger. RETURNS: Whether to the end."""
    nlp, settings = loop.nlp, loop.settings
    say(stdout, f"Pipeline: {', '.join(nlp.pipe_names)}")
    for key in ("frozen_components", "annotating_components"):
        if settings[key]:
            say(stdout, f"{key}: {', '.join(settings[key])}")
    with nlp.select_pipes(disable=settings["frozen_components"]):
        log, finalize = settings["logger"](nlp, stdout, stderr)
    try:
        with Progress(stderr).shown() as progress, stopping(stderr) as is_stopped:

            def shown(loop: TrainingLoop, report: dict[str, Any]) -> None:
                progress(loop, report)
                announce(plugins, loop, report)

            return loop.run(
                cadence=cadence, log=progress.around(log), shown=shown, is_stopped=is_stopped
            )
    except OSError as error:
        raise InputError(_not_written(loop, error)) from error
    finally:
        finalize()


def _not_written(loop: TrainingLoop, error: OSError) -> str:
    """What to say when the disk refuses."""
    assert loop.output is not None
    checkpoint = read_checkpoint(loop.output)
    ahead = "" if checkpoint is None else f"; --resume goes on from step {checkpoint.step}"
    where = error.filename or loop.output
    return (
        f"{where}: {error.strerror or error}, at step {loop.counters.step}; "
        f"what was saved before is untouched{ahead}"
    )


@contextmanager
def _without_vectors_warning() -> Iterator[None]:
    """Sourced and blank vectors differ whenever a pipeline is put together from parts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\[W113\]")
        yield
