"""Metrics files: scores with what a reader needs to judge and repeat them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from seqpipe.files import atomic_write

PACKAGES = ("seqpipe", "spacy", "thinc", "numpy")


@dataclass(frozen=True)
class Summary:
    """The mean of some runs and its sample standard deviation, None for a single run.

    mean (float): Over the runs.
    std (Optional[float]): With n - 1 in the denominator.
    """

    mean: float
    std: float | None = None


def summarise(values: Sequence[float | None]) -> Summary | None:
    """Put the scores of several runs into two numbers.

    values (Sequence[float]): One score a run; None where a run has none.
    RETURNS (Summary): Mean and spread, or None if no run has a score.
    """
    known = [float(value) for value in values if value is not None]
    if not known:
        return None
    return Summary(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None)


def write_metrics(path: str | Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics as JSON, with the versions, the commit, the machine and the peak memory.

    path: The file, by custom `metrics/NAME.json`.
    metrics (Dict[str, Any]): The scores, the corpora (`describe_corpus`), the seeds, the seconds.
    """
    with atomic_write(path) as stream:
        stream.write(as_json(metrics_record(metrics)))


def metrics_record(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What a metrics file holds, as JSON has it.

    metrics (Dict[str, Any]): See `write_metrics`.
    """
    return jsonable({**metrics, **environment()})


def as_json(record: Mapping[str, Any]) -> str:
    """RETURNS (str): A metrics file's text.

    record (Dict[str, Any]): What `metrics_record` gave.
    """
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def summarise_runs(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Put the scores of several runs together, however deep they are nested.

    runs (Sequence[Dict]): One dict of scores a run, all of the same keys or nearly so.
    RETURNS (Dict[str, Any]): For each key a number, if there is one run, else
        `{"mean": ..., "std": ...}`; None where no run has a score; of texts all that differ.
    """
    result: dict[str, Any] = {}
    for key in dict.fromkeys(key for run in runs for key in run):
        values = [run.get(key) for run in runs]
        if any(isinstance(value, Mapping) for value in values):
            result[key] = summarise_runs([value or {} for value in values])
            continue
        if any(isinstance(value, str) for value in values):
            # Such as spaCy's "cats_score_desc".
            result[key] = ", ".join(dict.fromkeys(str(value) for value in values if value))
            continue
        summary = summarise(values)
        if summary is None or len(runs) == 1:
            result[key] = None if summary is None else summary.mean
        else:
            result[key] = {"mean": summary.mean, "std": summary.std}
    return result


def describe_corpus(path: str | Path) -> dict[str, str]:
    """RETURNS (Dict[str, str]): A corpus's path as it was given and its SHA-256 and MD5.

    path: A file, or a folder: then of all of its files' names and contents, in their order.
    """
    sums = {"sha256": hashlib.sha256(), "md5": hashlib.md5(usedforsecurity=False)}
    root = Path(path)
    files = [root] if root.is_file() else sorted(file for file in root.rglob("*") if file.is_file())
    for file in files:
        name = b"" if file == root else file.relative_to(root).as_posix().encode() + b"\0"
        for digest in sums.values():
            digest.update(name)
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                for digest in sums.values():
                    digest.update(block)
    return {"path": os.fspath(path), **{name: digest.hexdigest() for name, digest in sums.items()}}


def environment() -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Peak memory of this process in MB, versions, commit and machine."""
    return {
        "peak_memory_mb": peak_memory_mb(),
        "versions": {"python": platform.python_version(), **_versions()},
        "commit": _commit(),
        "machine": {
            "platform": platform.platform(),
            "cpu": _cpu_name(),
            "cores": os.cpu_count(),
            "cores_allowed": cores_allowed(),
        },
    }


def peak_memory_mb() -> float | None:
    """RETURNS (float): The most memory this process has had, in MB; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KB, macOS in bytes.
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str | None:
    """RETURNS (str): The commit of the checkout we are in, and "-dirty" if files differ."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip() or None


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def cores_allowed() -> int | None:
    """RETURNS (int): How many cores this process may use, where the system says."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def jsonable(value: Any) -> Any:
    """Make JSON of numbers of any kind; JSON has no NaN and no infinity, so they become null.

    value (Any): Mappings, sequences, texts, numbers, arrays' scalars.
    RETURNS (Any): Dictionaries, lists, texts, numbers and None.
    """
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
