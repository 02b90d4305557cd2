"""Many training runs side by side, each a process of its own, and what came of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO, Any

from seqpipe.files import atomic_write
from seqpipe.reporting.long_work import only_run
from seqpipe.reporting.metrics import Summary, cores_allowed, summarise
from seqpipe.training.config_file import ConfigFile
from seqpipe.training.folders import switch_link
from seqpipe.training.grid import Run
from seqpipe.training.loop import BEST
from seqpipe.training.run import FINISHED

LOG, RUNS = "train.log", "runs.json"
# A library takes its own of these before the general one: one that is set speaks for all.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# How a run ends that was asked to stop: by itself, or before it could listen.
STOPPED = (130, -signal.SIGTERM)
# Seconds between two looks at whether to stop.
LOOK = 0.2


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    run (Run): The run.
    fault (str): Why it failed, or None; the rest is only there if it did not.
    score (float): The development score of its best model.
    step (int): The step of its best model.
    scores (Dict[str, Any]): The other scores of its best model, and its losses.
    seconds (float): What the training took, before it was resumed too.
    """

    run: Run
    fault: str | None = None
    score: float | None = None
    step: int | None = None
    scores: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class Group:
    """The runs of one setting.

    name (str): What it is called; empty if only seeds differ.
    setting (Dict[str, Any]): The swept values, by `"section.key"`.
    planned (int): How many runs it has.
    finished (int): How many of them did not fail.
    score (Summary): Mean and sample standard deviation of the development scores of those that did
        not fail, or None if all did.
    seconds (Summary): Of what each took.
    """

    name: str
    setting: dict[str, Any]
    planned: int
    finished: int
    score: Summary | None
    seconds: Summary | None


def train_many(
    file: ConfigFile,
    runs: Sequence[Run],
    output: Path,
    *,
    options: Sequence[str] = (),
    resume: bool = False,
    jobs: int = 1,
    report: Callable[[str, str], None],
    is_stopped: Callable[[], bool],
) -> list[Outcome]:
    """Train all runs, so many at a time, and keep what came of them.

    file (ConfigFile): The config, with the overrides of all runs.
    runs (Sequence[Run]): What `plan_runs` gives.
    output (Path): The folder that their folders are in.
    options (Sequence[str]): Other options of `seqpipe train` for each run.
    resume (bool): Go on with those that were begun, and leave those that came to their end.
    jobs (int): How many at a time.
    report (Callable): Called with a run's name and a line that it has written, from any thread, one
        line at a time.
    is_stopped (Callable): Whether to stop the runs, each with a checkpoint, and begin no other.
    RETURNS (List[Outcome]): Of the runs that came to their end or failed, in order: all, unless
        they were stopped.
    RAISES (InputError): If another command holds the folder.
    """
    jobs = min(jobs, len(runs))
    processes = _Processes(_environment(jobs), report)
    common = ["train", str(file.path), *options, *(["--resume"] if resume else [])]

    def train(run: Run) -> Outcome | None:
        words = [*common, "--output", str(run.folder), *_words({**file.overrides, **run.overrides})]
        return processes.train(run, words, append=resume)

    with only_run(output), ThreadPoolExecutor(jobs) as executor:
        futures = [executor.submit(train, run) for run in runs]
        try:
            while wait(futures, timeout=LOOK).not_done:
                if is_stopped():
                    processes.stop()
        except BaseException:
            processes.kill()
            raise
        found = [future.result() for future in futures]
        outcomes = [outcome for outcome in found if outcome is not None]
        if len(outcomes) == len(runs):
            keep_outcomes(file, outcomes, output)
    return outcomes


def best_outcome(outcomes: Sequence[Outcome]) -> Outcome | None:
    """RETURNS (Outcome): The one with the best development score, the first of equals; None if all
    failed.

    outcomes (Sequence[Outcome]): Of all runs.
    """
    finished = [outcome for outcome in outcomes if outcome.fault is None]
    return max(finished, key=lambda outcome: outcome.score or 0.0, default=None)


def group_outcomes(outcomes: Sequence[Outcome]) -> list[Group]:
    """RETURNS (List[Group]): The settings in order, each with mean and spread over its seeds.

    outcomes (Sequence[Outcome]): Of all runs.
    """
    by_name: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_name.setdefault(outcome.run.group, []).append(outcome)
    return [
        Group(
            name,
            members[0].run.setting,
            planned=len(members),
            finished=sum(outcome.fault is None for outcome in members),
            score=summarise([outcome.score for outcome in members]),
            seconds=summarise([outcome.seconds for outcome in members]),
        )
        for name, members in by_name.items()
    ]


def keep_outcomes(file: ConfigFile, outcomes: Sequence[Outcome], output: Path) -> None:
    """Write `runs.json`, and let `model-best` lead to the best model of all.

    file (ConfigFile): The config, with the overrides of all runs.
    outcomes (Sequence[Outcome]): What came of all runs.
    output (Path): The folder that their folders are in.
    """
    best = best_outcome(outcomes)
    if best is not None:
        switch_link(output / BEST, best.run.folder / BEST)
    record = {
        "config": str(file.path),
        "overrides": file.overrides,
        "best": None if best is None else best.run.name,
        "settings": [_group_record(group) for group in group_outcomes(outcomes)],
        "runs": [_record(outcome) for outcome in outcomes],
    }
    with atomic_write(output / RUNS) as stream:
        json.dump(record, stream, indent=2, ensure_ascii=False)
        stream.write("\n")


def _group_record(group: Group) -> dict[str, Any]:
    numbers = {"score": group.score, "seconds": group.seconds}
    summaries = {key: None if value is None else vars(value) for key, value in numbers.items()}
    counts = {"runs": group.planned, "finished": group.finished}
    return {"name": group.name, "setting": group.setting, **counts, **summaries}


def _record(outcome: Outcome) -> dict[str, Any]:
    run = outcome.run
    origin = {"folder": run.folder.name, "setting": run.setting, "seed": run.seed}
    return {**origin, **{key: value for key, value in vars(outcome).items() if key != "run"}}


class _Processes:
    """The processes of the runs that are under way: begun in any thread, stopped together.

    environment (Dict[str, str]): Of each process.
    report (Callable): Called with a run's name and a line that it has written.
    """

    def __init__(self, environment: Mapping[str, str], report: Callable[[str, str], None]) -> None:
        self.environment, self.report = environment, report
        self._live: set[subprocess.Popen] = set()
        self._is_stopping = False
        self._lock, self._speaking = Lock(), Lock()

    def train(self, run: Run, words: Sequence[str], *, append: bool) -> Outcome | None:
        """Train one run and wait for it.

        words (Sequence[str]): The arguments of `seqpipe`.
        append (bool): Whether its log goes on or begins anew.
        RETURNS (Outcome): What came of it; None if it was stopped or not begun.
        """
        child = None
        try:
            child = self._start(words)
            if child is None:
                return None
            run.folder.mkdir(parents=True, exist_ok=True)
            with open(run.folder / LOG, "ab" if append else "wb") as log:
                last = self._follow(run.name, child, log)
        except BaseException as error:
            # Whose output cannot be kept would wait for ever for someone to take it.
            self._end(child, kill=True)
            if not isinstance(error, OSError):
                raise
            return Outcome(run, fault=f"{error.filename or run.folder}: {error.strerror or error}")
        self._end(child)
        if self._is_stopping and child.returncode in STOPPED:
            return None
        return _outcome(run, child.returncode, last)

    def stop(self) -> None:
        """Ask all to stop, once, and let no other begin."""
        with self._lock:
            if not self._is_stopping:
                self._is_stopping = True
                for child in self._live:
                    child.terminate()

    def kill(self) -> None:
        """End all at once. What they have written stays whole."""
        with self._lock:
            self._is_stopping = True
            for child in self._live:
                child.kill()

    def _start(self, words: Sequence[str]) -> subprocess.Popen | None:
        # Modules in the working folder are found there if they are here.
        isolated = [] if os.getcwd() in sys.path else ["-P"]
        with self._lock:
            if self._is_stopping:
                return None
            child = subprocess.Popen(
                [sys.executable, *isolated, "-m", "seqpipe", *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal must reach it through us alone: a second one breaks off.
                start_new_session=True,
            )
            self._live.add(child)
        return child

    def _follow(self, name: str, child: subprocess.Popen, log: IO[bytes]) -> str:
        """Keep what a process writes, and report it. RETURNS (str): Its last line."""
        last = ""
        assert child.stdout is not None
        for raw in child.stdout:
            log.write(raw)
            log.flush()
            # Of a bar that was drawn over and over, the last state.
            line = raw.decode("utf-8", "replace").rstrip("\r\n").rpartition("\r")[2]
            last = line.strip() or last
            with self._speaking:
                self.report(name, line)
        return last

    def _end(self, child: subprocess.Popen | None, *, kill: bool = False) -> None:
        """Wait for the end of a process."""
        if child is None:
            return
        if kill:
            child.kill()
        assert child.stdout is not None
        child.stdout.close()
        child.wait()
        with self._lock:
            self._live.discard(child)


def _outcome(run: Run, code: int, last: str) -> Outcome:
    """What came of a run, from its exit code, the last line of its log, and its folder."""
    if code < 0:
        return Outcome(run, fault=f"killed by signal {-code}; its last line: {last or 'none'}")
    if code:
        return Outcome(run, fault=last.removeprefix("error: ") or f"exit code {code}, no output")
    finished = json.loads((run.folder / FINISHED).read_text(encoding="utf-8"))
    meta = json.loads((run.folder / BEST / "meta.json").read_text(encoding="utf-8"))
    return Outcome(
        run,
        score=finished["score"],
        step=finished["best_step"],
        scores=meta["performance"],
        seconds=finished["seconds"],
    )


def share_of_threads(jobs: int, environment: Mapping[str, str]) -> dict[str, str]:
    """How many threads each process may have.

    jobs (int): How many processes there are at a time.
    environment (Dict[str, str]): What is set already.
    RETURNS (Dict[str, str]): The variables to set, none if the user has set one of them.
    """
    if any(name in environment for name in THREADS):
        return {}
    return dict.fromkeys(THREADS, str(max(1, (cores_allowed() or 1) // jobs)))


def _environment(jobs: int) -> dict[str, str]:
    # Lines come when they are written, and as the log has them.
    spoken = {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    return {**os.environ, **spoken, **share_of_threads(jobs, os.environ)}


def _words(overrides: Mapping[str, Any]) -> list[str]:
    """Overrides as a command line has them."""
    return [f"--{key}={json.dumps(value)}" for key, value in overrides.items()]
