"""Packages whose entry points break spaCy: it imports the module of every `spacy_factories` entry
at each `spacy.blank()`, and one that fails takes all pipelines of the environment with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions
from types import TracebackType

from seqpipe.plugins import words_of

FACTORIES = "spacy_factories"
GROUPS = ("spacy_", "thinc_")
TRUSTED = ("seqpipe", "spacy")  # their own tests import all of theirs
SECONDS = 120.0  # for all entries; heavy libraries may come with them
# Reads entries as JSON and says of each, as it is done with it, what came of it: what ends the
# process, even a crash, is then the fault of the next one.
LOADING = """
import json, os, sys
from importlib.metadata import EntryPoint
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
import spacy
print(file=answers, flush=True)
for fields in json.load(sys.stdin):
    try:
        EntryPoint(*fields).load()
        error = None
    except BaseException as fault:
        error = " ".join(f"{type(fault).__name__}: {fault}".split())
    print(json.dumps(error), file=answers, flush=True)
answers.close()
os._exit(0)
"""


@dataclass(frozen=True)
class BrokenEntry:
    """An entry point for spaCy or Thinc that cannot be loaded.

    name (str): What it registers.
    group (str): Where: "spacy_factories".
    distribution (str): The package that it comes from.
    version (str): That package's version.
    error (str): What loading it raised.
    """

    name: str
    group: str
    distribution: str
    version: str
    error: str

    def __str__(self) -> str:
        breaks = "; no pipeline can be made with it" if self.group == FACTORIES else ""
        return (
            f"the package {self.distribution} {self.version} registers '{self.name}' "
            f"({self.group}), which cannot be loaded{breaks}: {self.error}; expected a package "
            f"that imports here: install it again, or pip uninstall {self.distribution}"
        )


def broken_entry_in(fault: BaseException) -> BrokenEntry | None:
    """Tell whether a fault comes from a package's entry point, by the way it took.

    fault (BaseException): What was raised, perhaps because of something else.
    RETURNS (Optional[BrokenEntry]): The entry point that was being loaded, if it is not ours.
    """
    seen: set[int] = set()
    at: BaseException | None = fault
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        for entry in _entries_loading(at.__traceback__):
            if entry.dist is not None and entry.dist.name not in TRUSTED:
                return _broken(entry, words_of(at))
        at = at.__cause__ or at.__context__
    return None


def find_broken_factories() -> list[BrokenEntry]:
    """Load the `spacy_factories` of all installed packages but ours and spaCy's, in a process of
    its own.

    RETURNS (List[BrokenEntry]): Those that failed, or ended the process.
    """
    entries = list(_factories())
    broken = []
    while entries:
        errors = _load(entries)
        found = zip(entries, errors, strict=False)
        broken += [_broken(entry, error) for entry, error in found if error is not None]
        if len(errors) < len(entries):
            broken.append(_broken(entries[len(errors)], "it ended the process, or took too long"))
        entries = entries[len(errors) + 1 :]
    return broken


def _factories() -> Iterator[EntryPoint]:
    for distribution in distributions():
        try:
            if distribution.name not in TRUSTED:
                yield from distribution.entry_points.select(group=FACTORIES)
        except Exception:
            continue  # `load_plugins` has named it


def _load(entries: list[EntryPoint]) -> list[str | None]:
    """What each of the entries raised, or None, up to the one that ended the process."""
    fields = [(entry.name, entry.value, entry.group) for entry in entries]
    process = subprocess.Popen(
        [sys.executable, "-c", LOADING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        answers, _ = process.communicate(json.dumps(fields), timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        answers, _ = process.communicate()
    lines = answers.splitlines()
    if not lines:
        # spaCy itself does not import: none of them is to blame.
        return [None] * len(entries)
    return [json.loads(line) for line in lines[1:]]


def _entries_loading(traceback: TracebackType | None) -> Iterator[EntryPoint]:
    """The entry points in whose `load` a traceback has been."""
    while traceback is not None:
        frame = traceback.tb_frame
        entry = frame.f_locals.get("self")
        if (
            frame.f_code.co_name == "load"
            and isinstance(entry, EntryPoint)
            and entry.group.startswith(GROUPS)
        ):
            yield entry
        traceback = traceback.tb_next


def _broken(entry: EntryPoint, error: str) -> BrokenEntry:
    dist = entry.dist
    name, version = ("?", "?") if dist is None else (dist.name or "?", dist.version or "?")
    return BrokenEntry(entry.name, entry.group, name, version, error)
