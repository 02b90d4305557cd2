"""Checkpoints: all that a training run needs to go on as if nothing had happened.

`checkpoint` in the output folder is a link to the last one, `checkpoints/STEP`: the pipeline with
its present parameters, what the optimizer remembers, and `state.json`, which holds the rest.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from seqpipe.files import InputError, content_digest
from seqpipe.reporting.run_logs import flattened
from seqpipe.training.folders import fill_folder, keep_only, remove, switch_link

if TYPE_CHECKING:
    from spacy.language import Language
    from thinc.api import Optimizer

LINK, FOLDER = "checkpoint", "checkpoints"
PIPELINE, OPTIMIZER, STATE = "pipeline", "optimizer.npz", "state.json"
# What may change between a run and its continuation: it decides only when to stop.
FREE = ("training.max_steps", "training.patience")


@dataclass(frozen=True)
class Checkpoint:
    """One that was read.

    path (Path): Its folder.
    state (Dict[str, Any]): What `write_checkpoint` was given, and what the run was made from.
    """

    path: Path
    state: dict[str, Any]

    @property
    def step(self) -> int:
        """RETURNS (int): The last step that is in it."""
        return self.state["loop"]["step"]

    def arrays(self) -> dict[str, Any]:
        """RETURNS (Dict[str, numpy.ndarray]): What the optimizer remembers, by name."""
        with numpy.load(self.path / OPTIMIZER, allow_pickle=False) as stored:
            return dict(stored)


def write_checkpoint(
    output: Path, nlp: Language, optimizer: Optimizer, state: Mapping[str, Any], step: int
) -> None:
    """Write a checkpoint and let the link lead to it; the one before is removed.

    output (Path): The output folder of the run.
    nlp (Language): The pipeline, with its present parameters.
    optimizer (Optimizer): What trains it.
    state (Mapping[str, Any]): The rest, as JSON has it.
    step (int): The last step that is in it.
    """
    from seqpipe.training.optimizer_state import optimizer_state
    from seqpipe.training.random_state import component_states

    plain, arrays = optimizer_state(nlp, optimizer)
    pipes = {
        name: pipe.training_state()
        for name, pipe in nlp.pipeline
        if hasattr(pipe, "training_state")
    }
    whole = {**state, "optimizer": plain, "components": pipes, "owned": component_states(nlp)}

    def fill(folder: Path) -> None:
        nlp.to_disk(folder / PIPELINE)
        with open(folder / OPTIMIZER, "wb") as stream:
            numpy.savez(stream, **arrays)
        (folder / STATE).write_text(json.dumps(whole), encoding="utf-8")

    target = fill_folder(output / FOLDER, step, fill)
    switch_link(output / LINK, target)
    keep_only(output / FOLDER, {target.resolve()})


def read_checkpoint(output: Path) -> Checkpoint | None:
    """Find the last checkpoint of a run.

    output (Path): The output folder of the run.
    RETURNS (Checkpoint): The checkpoint, or None if there is none.
    RAISES (InputError): If it cannot be read.
    """
    link = output / LINK
    if not link.is_symlink() and not link.exists():
        return None
    with damage_of(link):
        state = json.loads((link / STATE).read_text(encoding="utf-8"))
        checkpoint = Checkpoint(link.resolve(), state)
        int(checkpoint.step)
        return checkpoint


@contextmanager
def damage_of(folder: Path) -> Iterator[None]:
    """Say of whatever goes wrong inside that a checkpoint is damaged.

    folder (Path): The checkpoint.
    YIELDS (None): Once, for the code inside.
    RAISES (InputError): Whatever went wrong, with the folder.
    """
    try:
        yield
    except Exception as error:
        # Damage comes up as any exception at all, of json, zipfile, msgpack or spaCy.
        detail = " ".join(str(error).split())
        message = f"damaged ({type(error).__name__}: {detail}); without --resume training begins"
        raise InputError(f"{message} anew", path=folder) from error


def remove_checkpoints(output: Path) -> None:
    """Remove all checkpoints of a run, the link first.

    output (Path): The run's output folder.
    """
    remove(output / LINK)
    remove(output / FOLDER)


def restore(checkpoint: Checkpoint, nlp: Language, optimizer: Optimizer) -> None:
    """Put back what the optimizer and the components remember.

    checkpoint (Checkpoint): The checkpoint.
    nlp (Language): The pipeline that was loaded from it.
    optimizer (Optimizer): Made from its config.
    """
    from seqpipe.training.optimizer_state import set_optimizer_state
    from seqpipe.training.random_state import set_component_states

    state, steps = checkpoint.state, checkpoint.step + 1
    pipeline: Any = nlp.pipeline
    with damage_of(checkpoint.path):
        set_optimizer_state(nlp, optimizer, state["optimizer"], checkpoint.arrays(), steps)
        for name, pipe in pipeline:
            if name in state["components"]:
                pipe.set_training_state(state["components"][name])
        set_component_states(nlp, state["owned"])


def origins(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a run is made from, to be compared when it goes on.

    config (Mapping): The pipeline's config, variables filled in.
    RETURNS (Dict[str, Any]): The config, and a digest of each file and folder that the corpora and
        the initialisation read.
    """
    sections = (config[section] for section in ("corpora", "initialize"))
    paths = {value for value in _strings(sections) if value and Path(value).exists()}
    digests = {path: content_digest(Path(path)) for path in sorted(paths)}
    return {"config": json.loads(json.dumps(config)), "files": digests}


def _strings(value: Any) -> Iterator[str]:
    """Each string of nested dicts and lists: a path may stand among others in a list."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(value.values())
    elif isinstance(value, Iterable):
        for item in value:
            yield from _strings(item)


def check_origins(
    then: Mapping[str, Any], now: Mapping[str, Any], at: str, *, free: Collection[str] = FREE
) -> None:
    """Refuse to go on with another config or other data.

    then (Mapping[str, Any]): What `origins` gave.
    now (Mapping[str, Any]): What it gives now.
    at (str): What `then` is of, for the message.
    free (Collection[str]): Keys that may differ.
    RAISES (InputError): If anything differs: the first key or file that does.
    """
    before, after = flattened(then["config"]), flattened(now["config"])
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key) and key not in free:
            section, _, name = key.rpartition(".")
            found, expected = json.dumps(after.get(key)), json.dumps(before.get(key))
            raise InputError(f"[{section}] {name} = {found}: expected {expected}, as in {at}")
    for path, digest in now["files"].items():
        if then["files"].get(path) != digest:
            raise InputError(f"has changed since {at}; --resume expects the same data", path=path)
