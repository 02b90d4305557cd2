"""Runs translation_joey.py with the Python that has Joey NMT."""

import json
import os
import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from fresh_process import VARIABLES

from seqpipe.files import InputError

SCRIPT = Path(__file__).with_name("translation_joey.py")
HELP = "Python of an environment with Joey NMT, see README.md; without, its rows are left out."
ASKS = "import joeynmt, joeynmt.training, torch; print(joeynmt.__version__, torch.__version__)"


def joey_python(given: str) -> Path | None:
    """RETURNS (Optional[Path]): What --joeynmt names; None where it is empty."""
    return Path(given) if given else None


def skipped(python: Path | None) -> dict[str, str]:
    """RETURNS (Dict[str, str]): Who was not measured, and why."""
    return {} if python is not None else {"joeynmt": "--joeynmt was not given"}


def joey_version(python: Path) -> str:
    """RETURNS (str): Of Joey NMT, and of torch. Raises InputError if it is not there.

    python (Path): The interpreter.
    """
    try:
        asked = subprocess.run([python, "-c", ASKS], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        told = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1]
        raise InputError(f"--joeynmt {python}: expected a Python with Joey NMT: {told}") from None
    ours, torch = asked.stdout.split()
    return f"joeynmt {ours} (torch {torch})"


def joey(python: Path, what: str, folder: Path, threads: int, **options: Any) -> dict[str, Any]:
    """Measure one thing in a process of its own. Raises InputError with what it said last.

    what (str): "train", "decode" or "reverse".
    options: Of that.
    RETURNS (Dict[str, Any]): What it measured.
    """
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    environment = os.environ | dict.fromkeys(VARIABLES, str(threads))
    with NamedTemporaryFile(suffix=".json") as output:
        command = [python, SCRIPT, folder, what, "--output", output.name]
        command += ["--threads", str(threads), *given]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            told = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise InputError(f"Joey NMT ended with code {done.returncode}: {told}")
        return json.loads(Path(output.name).read_text(encoding="utf-8"))
