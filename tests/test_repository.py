"""What no file of the repository may hold: paths of one machine, and placeholders."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MACHINE = re.compile(r"(?<![\w.~}-])/(?:work|tmp|root)(?![\w-])")
PLACEHOLDER = re.compile(r"^\s*[A-Z]*(?:RESULTS|TODO|FIXME|TBD)\s*$", re.MULTILINE)


def texts():
    """Every text that is committed, or is new and not ignored."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout of git")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            yield name, path.read_bytes().decode("utf-8", errors="ignore")


def test_no_file_names_a_path_of_one_machine():
    found = {name: MACHINE.findall(text) for name, text in texts()}
    # This file has to name them.
    assert {name for name, hits in found.items() if hits} <= {"tests/test_repository.py"}


def test_no_file_holds_a_placeholder():
    assert [name for name, text in texts() if PLACEHOLDER.search(text)] == []
