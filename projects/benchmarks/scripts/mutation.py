"""Changes the code of the layers, of decoding and of BLEU here and there and counts which of the
changes the tests see.

The changes are mutmut's: another operator, number or text, an argument left out or None, and so on,
in functions without decorators. A random sample of each room is tried on the room's quick tests
(`mutation_run.py`), what survives a second time on more of them. What survives both is listed. A
survivor that no test could see, since it changes nothing that anybody meets, stands in the file of
equivalents with its reason.
"""

import contextlib
import importlib.util
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from fresh_process import VARIABLES
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.intervals import NORMAL, wilson_interval
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

ROOT = Path(__file__).parents[3]
# The files of each room, the tests that are to see their changes, and how many are drawn.
ROOMS = {
    "layers": ("seqpipe/layers/*.py", "tests/layers/test_*.py", 300),
    "decoding": ("seqpipe/decoding/*.py", "tests/decoding/test_*.py", 120),
    "bleu": ("seqpipe/evaluation/bleu*.py", "tests/evaluation/test_bleu*.py", 80),
}
# Processor seconds of tests for a mutant, and how many variants of a test; what survives the first
# round goes on to the second.
ROUNDS = ((3.0, 4), (60.0, 1000))
COUNTS = ("killed", "timed_out", "survived", "equivalent")
VERDICTS, MUTANTS, NAMES = "verdicts.jsonl", "mutants.json", "names.json"
LOG = "log.txt"
Rooms = dict[str, dict[str, list[str]]]  # of each room the files, of each file the mutants
Place = tuple[str, str]  # room, file


def copy_code(code: Path) -> None:
    """Copy what is changed to a folder of its own, with mutmut's settings beside it."""
    shutil.copytree(ROOT / "seqpipe", code / "seqpipe", dirs_exist_ok=True)
    shutil.copy2(ROOT / "pyproject.toml", code)
    settings = "[mutmut]\nsource_paths = seqpipe\n"  # without any it refuses
    (code.parent / "setup.cfg").write_text(settings, encoding="utf-8")


def change_code(code: Path) -> Rooms:
    """Write all mutants of each function beside it. RETURNS (Dict): Their names."""
    from mutmut.mutation.data import MutantLineSpans
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name

    rooms: Rooms = {}
    with contextlib.chdir(code.parent):  # where mutmut looks for its settings and for the code
        for room, (pattern, _, _) in ROOMS.items():
            rooms[room] = {}
            for source in sorted(ROOT.glob(pattern)):
                path = source.relative_to(ROOT)
                found = mutate_file_contents(path.as_posix(), source.read_text(encoding="utf-8"))
                (code / path).write_text(found.code, encoding="utf-8")
                spans = found.line_span_by_function_name
                MutantLineSpans(path=path, span_by_function_name=spans).save()
                names = [get_mutant_name(path, name) for name in found.mutant_names]
                rooms[room][path.as_posix()] = names
    return rooms


def draw(rooms: Rooms, seed: int) -> list[str]:
    """RETURNS (List[str]): A sample of each room, in random order."""
    names = []
    for room, files in rooms.items():
        whole = sorted(name for of_file in files.values() for name in of_file)
        count = min(ROOMS[room][2], len(whole))
        names += random.Random(f"{seed} {room}").sample(whole, count)
    random.Random(seed).shuffle(names)
    return names


def tests_for(code: Path, room: str, file: str) -> list[str]:
    """RETURNS (List[str]): The room's files of tests, those first that name the file's module."""
    module = Path(file).stem
    paths = sorted(code.glob(ROOMS[room][1]))

    def rank(path: Path) -> int:
        if path.stem == f"test_{module}":
            return 0
        return 1 if f".{module} " in path.read_text(encoding="utf-8") else 2

    return [path.relative_to(code).as_posix() for path in sorted(paths, key=rank)]


def try_mutants(
    code: Path, mutants: Sequence[tuple[str, list[str]]], seconds: float, variants: int, end: float
) -> None:
    """Run the tests on each, in a process of its own, till the end. Raises InputError if it fails.

    seconds, variants: See `ROUNDS`.
    end (float): By `time.time`.
    """
    (code / MUTANTS).write_text(json.dumps(mutants), encoding="utf-8")
    script = Path(__file__).with_name("mutation_run.py")
    environment = os.environ | dict.fromkeys(VARIABLES, "1") | {"PYTHONPATH": str(code)}
    options = [MUTANTS, VERDICTS, str(seconds), str(variants), str(end)]
    command = [sys.executable, str(script), *options]
    with (code / LOG).open("w", encoding="utf-8") as log:
        done = subprocess.run(command, cwd=code, env=environment, stdout=log, stderr=log)
    if done.returncode:
        said = (code / LOG).read_text(encoding="utf-8")[-2000:]
        raise InputError(f"the run of the tests ended with {done.returncode}: {said}")


def verdicts(code: Path) -> dict[str, str]:
    """RETURNS (Dict[str, str]): What became of each mutant that was tried, at last."""
    path = code / VERDICTS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    return {line["name"]: line["verdict"] for line in found}


def change(code: Path, file: str, name: str) -> str:
    """RETURNS (str): The lines that a mutant takes away (-) and puts in (+)."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    with contextlib.chdir(code.parent):
        lines = get_diff_for_mutant(name, path=file).splitlines()
    kept = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return "\n".join(line[0] + " " + line[1:].strip() for line in kept)


def judge(
    code: Path, files: Mapping[str, str], known: Mapping[tuple[str, str], str]
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Tell the survivors that are known to be equivalent from the others.

    files (Dict[str, str]): The file of each mutant of the sample.
    known (Dict): The reason by file and change.
    RETURNS (Tuple): The verdict of each mutant, and what survived, with the reason if it is known.
    """
    every = verdicts(code)
    found, left = {name: every[name] for name in files}, []
    for name, file in files.items():
        if found[name] == "survived":
            lines = change(code, file, name)
            reason = known.get((file, lines))
            found[name] = "survived" if reason is None else "equivalent"
            left.append({"file": file, "mutant": name, "change": lines, "reason": reason})
    return found, left


def rate(counts: Mapping[str, int], *, equivalents: bool) -> dict[str, Any] | None:
    """The share that was seen, of all or of those that are not known to be equivalent.

    counts (Dict[str, int]): How many there are of each verdict.
    RETURNS (Optional[Dict]): The share, of how many, and its 95 % interval (Wilson's).
    """
    total = sum(counts[name] for name in COUNTS if equivalents or name != "equivalent")
    if not total:
        return None
    share = (counts["killed"] + counts["timed_out"]) / total
    return {"share": share, "of": total, "interval": wilson_interval(share, total)}


def row_of(mutants: int, found: Sequence[str]) -> dict[str, Any]:
    """RETURNS (Dict): The counts of a file or a room, and its two rates."""
    counts = {name: Counter(found)[name] for name in COUNTS}
    rates = {
        "rate_of_all": rate(counts, equivalents=True),
        "rate_without_equivalents": rate(counts, equivalents=False),
    }
    return {"mutants": mutants, "tried": len(found), **counts, **rates}


def report(
    rooms: Rooms, found: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """RETURNS (Tuple): A row for each room and one for each file."""
    by_room, by_file = [], []
    for room, files in rooms.items():
        for file, names in files.items():
            tried = [found[name] for name in names if name in found]
            by_file.append({"file": file, **row_of(len(names), tried)})
        names = [name for of_file in files.values() for name in of_file]
        tried = [found[name] for name in names if name in found]
        by_room.append({"room": room, **row_of(len(names), tried)})
    return by_room, by_file


def whole_rate(rows: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    """The share over all rooms, each with the weight of its mutants, tried or not, and its 95 %
    interval: the normal one, with two of each verdict added to each room (Agresti & Coull 1998)."""
    share = variance = 0.0
    for row in rows:
        weight = row["mutants"] / sum(row["mutants"] for row in rows)
        found, total = row[key]["share"], row[key]["of"]
        share += weight * found
        smoothed = (found * total + 2) / (total + 4)
        variance += weight**2 * smoothed * (1 - smoothed) / (total + 4)
    half = NORMAL * math.sqrt(variance)
    return {"share": share, "interval": (share - half, min(1.0, share + half))}


def results(
    rooms: Rooms, found: Mapping[str, str], survivors: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """RETURNS (Dict): The counts, the rates, and what survived."""
    by_room, by_file = report(rooms, found)
    rates = ("rate_of_all", "rate_without_equivalents")
    return {
        "rooms": by_room,
        "whole": {key: whole_rate(by_room, key) for key in rates},
        "files": by_file,
        "survivors": [one for one in survivors if one["reason"] is None],
        "equivalents": [one for one in survivors if one["reason"] is not None],
        "rounds": [{"seconds": seconds, "variants": variants} for seconds, variants in ROUNDS],
    }


def made_ready(code: Path) -> Rooms:
    """Copy and change the code, unless an earlier run has; tests and pages are copied anew.

    RETURNS (Dict): The names of the mutants.
    """
    names = code / NAMES
    if not names.exists():
        code.mkdir(parents=True, exist_ok=True)
        copy_code(code)
        names.write_text(json.dumps(change_code(code)), encoding="utf-8")
    for folder in ("tests", "docs"):  # some tests read pages
        shutil.copytree(ROOT / folder, code / folder, dirs_exist_ok=True)
    rooms: Rooms = json.loads(names.read_text(encoding="utf-8"))
    return rooms


def try_all(code: Path, names: Sequence[str], places: Mapping[str, Place], minutes: float) -> None:
    """Try those that were not tried, then again those that survived, as long as there is time."""
    end = time.time() + 60 * minutes
    for (seconds, variants), verdict in zip(ROUNDS, (None, "survived"), strict=True):
        found = verdicts(code)
        left = [name for name in names if found.get(name) == verdict]
        if left and time.time() < end:
            mutants = [(name, tests_for(code, *places[name])) for name in left]
            try_mutants(code, mutants, seconds, variants, end)


def main(
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    equivalents: Annotated[Path, typer.Option(help="JSON file of changes that change nothing.")],
    seed: Annotated[int, typer.Option(help="For the sample.")] = 0,
    minutes: Annotated[float, typer.Option(help="Time for trying; the rest is left out.")] = 180,
    work: Annotated[Path | None, typer.Option(help="Folder to work in, and to go on in.")] = None,
) -> None:
    """Sample, try, count."""
    if importlib.util.find_spec("mutmut") is None:
        raise InputError("mutmut is not installed: pip install mutmut==3.8.1")
    known = {(one["file"], one["change"]): one["reason"] for one in srsly.read_json(equivalents)}
    with tempfile.TemporaryDirectory() as fresh:
        code = (work or Path(fresh)).resolve() / "mutants"
        rooms = made_ready(code)
        places = {
            name: (room, file)
            for room, files in rooms.items()
            for file, names in files.items()
            for name in names
        }
        drawn = draw(rooms, seed)
        try_all(code, drawn, places, minutes)
        tried = verdicts(code)
        files = {name: places[name][1] for name in drawn if name in tried}
        found, survivors = judge(code, files, known)
    record = results(rooms, found, survivors)
    write_metrics(output, record | {"drawn": len(drawn), "seed": seed, "mutmut": version("mutmut")})
    heads = ("mutants", "tried", *COUNTS)
    table = [[row["room"], *(str(row[name]) for name in heads)] for row in record["rooms"]]
    print_table(Console(), "Changes that the tests see", ["", *heads], table)


if __name__ == "__main__":
    run_script(main)
