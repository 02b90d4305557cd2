"""All that a plugin can add at project level, one documented hook each.

A plugin is a module named by an entry point of the group `seqpipe`; it marks its functions with
`hookimpl`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import typer

PROJECT = "seqpipe"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True)
class Starter:
    """A project that `seqpipe init` writes for a new user.

    name (str): What the user asks for, and the folder's name if none is given.
    help (str): One line for the list of starters.
    folder (Path): What is copied: `project.yml` with a workflow `all` that runs as it stands,
        offline, and all that it needs. Where a file says `{{lang}}`, the code of the user's
        language is put in.
    """

    name: str
    help: str
    folder: Path


@dataclass(frozen=True)
class ReportFormat:
    """A way to write the metrics of a model, chosen by the suffix of the file.

    suffix (str): With its dot, in lower case: ".csv".
    help (str): What it is, in a few words.
    render (Callable): From the metrics to the file's whole content, as text or bytes. The metrics
        are what the JSON file holds: dictionaries, lists, texts, numbers and None.
    """

    suffix: str
    help: str
    render: Callable[[Mapping[str, Any]], str | bytes]


@dataclass(frozen=True)
class Download:
    """An asset on its way.

    pieces (Iterator[bytes]): Its bytes in order, in pieces of any size. A generator is closed when
        no more are wanted.
    start (int): The place of the first byte: the `offset` that was asked for, or 0 where the source
        cannot begin there or holds another content by now.
    size (Optional[int]): Bytes of the whole asset, if the source says.
    tag (str): What tells this content from another one at the same place, as an HTTP ETag does; ""
        if there is no such thing: then the next try begins anew, unless the asset has a checksum.
        What goes on at an offset has the tag of the bytes before it; with another one all of it is
        asked for again.
    """

    pieces: Iterator[bytes]
    start: int = 0
    size: int | None = None
    tag: str = ""


@dataclass(frozen=True)
class Fetcher:
    """Where assets come from whose URL has some scheme.

    scheme (str): What stands before "://", in lower case: "s3".
    fetch (Callable[[str, int, str], Download]): Called with the URL, the offset to begin at, which
        is 0 for all of it, and the tag that came with the bytes before that. It may run in a
        thread. A ConnectionError or TimeoutError, also of `pieces`, is tried again; if it has an
        attribute `pause`, the source is there and asks to wait so many seconds (None: as we like).
        A `seqpipe.files.InputError` is the asset's fault, and its message is shown. Any other
        exception is shown as the plugin's.
    """

    scheme: str
    fetch: Callable[[str, int, str], Download]


@dataclass(frozen=True)
class Outcome:
    """How a project's command went.

    state: "done"; "failed", by its own exit code or an output that is missing; or "interrupted".
    exit_code (int): 0 if it is done.
    seconds (float): From its first script line to the end.
    peak_memory_mb (Optional[float]): The most memory that one of its processes had; None where the
        system does not say.
    """

    state: Literal["done", "failed", "interrupted"]
    exit_code: int
    seconds: float
    peak_memory_mb: float | None = None


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training run is, at an evaluation.

    output (Path): The run's folder.
    step (int): The step that is done, from 0.
    epoch (int): Its epoch, from 0.
    words (int): Trained on so far.
    seconds (float): Since the run began, those before it was resumed too.
    losses (Mapping[str, float]): By component, summed since the evaluation before.
    score (float): The weighted score of this evaluation.
    scores (Mapping[str, Any]): All that it is made from, as in the metrics.
    best_score (float): The best one so far.
    best_step (int): Where that was.
    share_done (Optional[float]): Between 0 and 1, by `max_steps` or `max_epochs`; None if neither
        is set. Patience may end a run earlier.
    """

    output: Path
    step: int
    epoch: int
    words: int
    seconds: float
    losses: Mapping[str, float]
    score: float
    scores: Mapping[str, Any]
    best_score: float
    best_step: int
    share_done: float | None


@hookspec
def seqpipe_commands(app: typer.Typer) -> None:
    """Add commands, or a group of them, to the command line.

    Called once for each run of the command line, `--help` included: import what is heavy inside the
    command's body. Each plugin gets an app of its own, whose commands are then taken over; a name
    that is there already sets the plugin aside.

    app (typer.Typer): Where to add, with `app.command("name")(function)` or
        `app.add_typer(group, name="name")`.
    """


@hookspec
def seqpipe_starters() -> list[Starter]:  # type: ignore[empty-body]
    """Offer projects for `seqpipe init NAME`.

    Called only by `seqpipe init`. Each starter has a name of its own; a name that is there already,
    or a folder without a `project.yml`, sets the plugin aside. The files have to be installed with
    the package (setuptools: `package-data`).

    RETURNS (List[Starter]): The starters.
    """


@hookspec
def seqpipe_report_formats() -> list[ReportFormat]:  # type: ignore[empty-body]
    """Offer formats for the metrics that commands write, such as `seqpipe evaluate --output FILE`.

    Called only where such a file is asked for, before the work begins. Each format has a suffix of
    its own; one that is there already sets the plugin aside. The file is written by us, whole or
    not at all.

    RETURNS (List[ReportFormat]): The formats.
    """


@hookspec
def seqpipe_fetchers() -> list[Fetcher]:  # type: ignore[empty-body]
    """Offer schemes for the URLs of a project's assets.

    Called only by `seqpipe assets`. Each fetcher has a scheme of its own; one that is there already
    sets the plugin aside. `http`, `https` and `file` are built in. A fetcher only gives bytes: the
    partial file, trying again, the checksum and the place in the project are ours.

    RETURNS (List[Fetcher]): The fetchers.
    """


@hookspec
def seqpipe_before_command(project: Path, command: str) -> None:
    """Learn that a project's command starts, which is not said of one that is skipped.

    Called in the process of `seqpipe run`, one call at a time, also with `--jobs`.

    project (Path): The project.yml.
    command (str): The command's name.
    """


@hookspec
def seqpipe_after_command(project: Path, command: str, outcome: Outcome) -> None:
    """Learn how a project's command went. Each call of `seqpipe_before_command` has one.

    project (Path): The project.yml.
    command (str): The command's name.
    outcome (Outcome): Its state, exit code, seconds and memory.
    """


@hookspec
def seqpipe_training_progress(progress: TrainingProgress) -> None:
    """Learn how a run of `seqpipe train` goes on, at each of its evaluations.

    Called in the process that trains, which waits. Random numbers that are drawn here do not change
    the run.

    progress (TrainingProgress): Where the run is, its losses and scores.
    """
