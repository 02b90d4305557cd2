"""The tutorial's blocks, as they stand, make a plugin that is tested and works; `seqpipe new`
writes the same one."""

import os
import re
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from seqpipe.cli.new import write_plugin
from tests.pages import page
from tests.processes import without_torch

TUTORIAL = "docs/plugin_tutorial.md"
# A file's block comes under its name; what is to be typed stands in blocks of the shell.
BLOCK = re.compile(r"(?:^\*\*`([^`]+)`\*\*\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AFTERWARDS = "read.py"  # what the reader writes when all is installed


def steps():
    """What the page has the reader do, in order: ("file", name, text) or ("sh", "", lines)."""
    for name, language, body in BLOCK.findall(page(TUTORIAL)):
        assert name or language == "sh", f"a block without a file name:\n{body}"
        yield ("file", name, body) if name else ("sh", "", body)


def fresh_environment(folder):
    """A virtual environment that has what this one has, and from which nothing is downloaded."""
    venv.create(folder)
    paths = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", vars=paths))
    (site / "all_of_this.pth").write_text(
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    )
    (programs,) = [
        folder / name for name in ("bin", "Scripts") if (folder / name / "activate").exists()
    ]
    # `0` is how pip reads "no build isolation" from the environment.
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return without_torch({**os.environ, **offline, "PATH": path, "VIRTUAL_ENV": str(folder)})


def test_every_file_of_the_page_is_one_that_seqpipe_new_plugin_writes(tmp_path):
    write_plugin("mood", tmp_path / "plugin")
    written = {
        path.relative_to(tmp_path / "plugin").as_posix(): path.read_text(encoding="utf-8")
        for path in (tmp_path / "plugin").rglob("*")
        if path.is_file()
    }
    shown = {name: body for kind, name, body in steps() if kind == "file" and name != AFTERWARDS}
    assert shown == written


@pytest.mark.slow
def test_blocks_of_the_page_make_a_plugin_that_is_tested_and_works(tmp_path):
    environment = fresh_environment(tmp_path / "venv")
    folder, said = tmp_path, ""
    for kind, name, body in steps():
        if kind == "file":
            (folder / name).write_text(body, encoding="utf-8")
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", body],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"{body}\n{done.stdout}\n{done.stderr}"
        said += done.stdout
        folder = tmp_path / "seqpipe-mood"  # where its first block goes to
    assert re.search(r"^\d+ passed", said, flags=re.MULTILINE)
    assert re.search(r"^mood +0\.1\.0 +seqpipe-mood +seqpipe_commands +ok$", said, re.MULTILINE)
    numbers = re.findall(r"^(-?\d\.\d+)\t", said, flags=re.MULTILINE)
    lovely, dull, bad = map(float, [*numbers, said.split()[-1]])
    assert lovely > 0 > dull > bad
