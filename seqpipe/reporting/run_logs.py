"""Run logs, as `seqpipe.RunLog.v1` writes them: a line that says what was trained, then a line an
evaluation, in JSON."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqpipe.files import InputError

# The key of the first line that tells a run log from other files, and the format's version.
MARK, VERSION = "run_log", 1
NAME, SUFFIX = "run.jsonl", ".jsonl"
# What each value of an evaluation may be, and how to say so.
KINDS: dict[str, tuple[Any, str]] = {
    "step": (int, "a whole number"),
    "epoch": (int, "a whole number"),
    "words": (int, "a whole number"),
    "seconds": ((int, float), "a number"),
    "score": ((int, float, type(None)), "a number or null"),
    "scores": (dict, "an object"),
    "losses": (dict, "an object"),
    "loss_per_token": (dict, "an object"),
}


@dataclass(frozen=True)
class Evaluation:
    """What was known when a run was evaluated.

    step (int): The last step before it, from 0.
    epoch (int): From 0.
    words (int): Trained on so far.
    seconds (float): Since the run began.
    score (float): The one that chooses the best model; None if it was not a number.
    scores (Dict[str, Any]): All scores, by name.
    losses (Dict[str, float]): The sum since the last evaluation, by component.
    loss_per_token (Dict[str, float]): The same for each word trained on since then.
    """

    step: int
    epoch: int
    words: int
    seconds: float
    score: float | None
    scores: dict[str, Any]
    losses: dict[str, float | None]
    loss_per_token: dict[str, float | None]

    @property
    def rank(self) -> float:
        """RETURNS (float): The score, below all others if it was not a number."""
        return -math.inf if self.score is None else self.score


@dataclass(frozen=True)
class Run:
    """A run log that was read.

    label (str): What tells it from the others.
    path (Path): Its file.
    header (Dict[str, Any]): Its first line.
    evaluations (Sequence[Evaluation]): At least one, in the order of their steps.
    """

    label: str
    path: Path
    header: Mapping[str, Any]
    evaluations: Sequence[Evaluation]

    @property
    def best(self) -> Evaluation:
        """RETURNS (Evaluation): That of `model-best`: of equal scores the last was saved."""
        return max(reversed(self.evaluations), key=lambda evaluation: evaluation.rank)

    @property
    def reached(self) -> Evaluation:
        """RETURNS (Evaluation): The first one with the best score."""
        return max(self.evaluations, key=lambda evaluation: evaluation.rank)

    @property
    def words_per_second(self) -> float | None:
        """RETURNS (float): Over the whole run; None while it has taken no second."""
        last = self.evaluations[-1]
        return last.words / last.seconds if last.seconds else None


def read_runs(paths: Iterable[str | os.PathLike[str]]) -> list[Run]:
    """Read run logs.

    paths: Files, or folders that hold some, or whose folders do.
    RETURNS (List[Run]): The runs, with the shortest labels that tell them apart.
    RAISES (InputError): If there is no such file, or it is not what such a log is, with the line;
        or if it has no evaluation.
    """
    files = [file for path in paths for file in _find(Path(path))]
    files = list({os.path.abspath(file): file for file in files}.values())
    return [_read(file, label) for file, label in zip(files, _labels(files), strict=True)]


def is_run_log(path: str | os.PathLike[str]) -> bool:
    """RETURNS (bool): Whether a file begins as a run log does.

    path: A file that exists.
    """
    with open(path, encoding="utf-8", errors="replace") as stream:
        try:
            header = json.loads(stream.readline())
        except ValueError:
            return False
    return isinstance(header, dict) and MARK in header


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Each value of nested dicts under its dotted name.

    values (Mapping[str, Any]): Values and dicts of them.
    prefix (str): What the names begin with.
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found.update(flattened(value, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = value
    return found


def _find(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError("no such file or folder, expected a run log", path=path)
    if not path.is_dir():
        return [path]
    # A run's own folder, or that of many runs.
    for pattern in (f"*{SUFFIX}", f"*/*{SUFFIX}"):
        found = [file for file in sorted(path.glob(pattern)) if file.is_file() and is_run_log(file)]
        if found:
            return found
    message = f"no run log (*{SUFFIX} of seqpipe.RunLog.v1) in this folder nor in those in it"
    raise InputError(message, path=path)


def _labels(files: Sequence[Path]) -> list[str]:
    """So many of the last parts of each path as tell them apart."""
    named = [Path(os.path.abspath(file)) for file in files]
    parts = [path.parent.parts if path.name == NAME else _without_suffix(path) for path in named]
    for count in range(1, max(map(len, parts), default=0) + 1):
        labels = ["/".join(some[-count:]) for some in parts]
        if len(set(labels)) == len(labels):
            return labels
    return [str(file) for file in files]


def _without_suffix(path: Path) -> tuple[str, ...]:
    return (*path.parent.parts, path.name.removesuffix(SUFFIX))


def _read(path: Path, label: str) -> Run:
    header, *rest = _records(path) or [(1, None)]
    if not isinstance(header[1], dict) or header[1].get(MARK) != VERSION:
        raise InputError(f'expected {{"{MARK}": {VERSION}, ...}}, a run log', path=path, line=1)
    evaluations: list[Evaluation] = []
    for line, record in rest:
        evaluation = _evaluation(record, path, line)
        if evaluations and evaluation.step <= evaluations[-1].step:
            before = evaluations[-1].step
            message = f"step {evaluation.step} behind step {before}: did two runs write this file?"
            raise InputError(message, path=path, line=line)
        evaluations.append(evaluation)
    if not evaluations:
        raise InputError("no evaluation in this run log", path=path)
    return Run(label, path, header[1], evaluations)


def _records(path: Path) -> list[tuple[int, Any]]:
    """What stands on each line, and its number; a last line that is half written is left out."""
    raw = path.read_bytes().split(b"\n")
    records = []
    for number, line in enumerate(raw, start=1):
        if not line.strip():
            continue
        try:
            records.append((number, json.loads(line.decode("utf-8"))))
        except ValueError as error:
            if number == len(raw):
                break
            raise InputError(f"no JSON in UTF-8 ({error})", path=path, line=number) from None
    return records


def _evaluation(record: Any, path: Path, line: int) -> Evaluation:
    if not isinstance(record, dict):
        raise InputError("expected an evaluation, a JSON object", path=path, line=line)
    for name, (kind, expected) in KINDS.items():
        if name not in record:
            raise InputError(f'an evaluation without "{name}"', path=path, line=line)
        if not isinstance(record[name], kind):
            found = json.dumps(record[name])[:60]
            raise InputError(f'"{name}": {found}: expected {expected}', path=path, line=line)
    return Evaluation(**{name: record[name] for name in KINDS})
