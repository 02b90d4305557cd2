"""Runs a script in a process of its own, with so many threads, and reads what it prints."""

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from seqpipe.files import InputError

# What libraries of linear algebra and OpenMP read when they are loaded.
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
FEW_LINES = 200


def write_few_lines(text: Path, room: Path) -> Path:
    """RETURNS (Path): A file with the first lines of a text, which each process learns from before
    it is measured: loading what is compiled takes memory, which has nothing to do with the text."""
    path = room / "few_lines.txt"
    with text.open(encoding="utf-8") as stream:
        path.write_text("".join(islice(stream, FEW_LINES)), encoding="utf-8")
    return path


def measured(name: str, *words: str | int | Path, threads: int) -> dict[str, Any]:
    """Run a script beside this one.

    name (str): Of the script.
    words: Its arguments.
    threads (int): How many libraries may use there.
    RETURNS (Dict[str, Any]): The JSON in its last line. Raises InputError if it fails.
    """
    script = Path(__file__).with_name(f"{name}.py")
    done = subprocess.run(
        [sys.executable, str(script), *map(str, words)],
        env=os.environ | dict.fromkeys(VARIABLES, str(threads)),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise InputError(f"{script.name} ended with {done.returncode}: {done.stderr[-800:]}")
    return json.loads(done.stdout.splitlines()[-1])


def process_memory(name: str) -> float:
    """RETURNS (float): MB of this process, as Linux counts them: "VmRSS" now, "VmHWM" at most.
    Not `getrusage`: its peak may be that of the process that started this one."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise InputError(f"/proc/self/status has no {name}: expected Linux")
