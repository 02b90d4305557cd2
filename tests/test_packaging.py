"""What is installed has all it needs, and a packaged pipeline asks for seqpipe."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from glob import glob
from pathlib import Path

import pytest
from spacy.util import packages_distributions

import seqpipe

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "seqpipe"


def test_spacy_package_finds_the_distribution_of_our_components():
    # `spacy package` looks a component's top-level module up here, and requires what it finds.
    assert "seqpipe" in packages_distributions()["seqpipe"]


def test_every_file_of_a_starter_is_installed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["seqpipe"]
    # As setuptools reads them: hidden files, for one, are not found.
    installed = {
        PACKAGE / name
        for pattern in patterns
        for name in glob(pattern, root_dir=PACKAGE, recursive=True)
    }
    files = {path for path in PACKAGE.glob("*/starters/**/*") if path.is_file()}
    assert files
    assert files <= installed


def tracked(*names):
    """Files of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def run(*words, cwd, **environment):
    """The output of a Python command."""
    ended = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_the_source_distribution_gives_a_wheel_that_holds_all_and_installs(tmp_path):
    pytest.importorskip("build")
    source, built, target = (tmp_path / name for name in ("source", "built", "target"))
    for name in tracked("pyproject.toml", "README.md", "LICENSE", "seqpipe"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    # Without a choice, `build` makes the wheel from the source distribution.
    run("build", "--no-isolation", "--outdir", built, source, cwd=tmp_path)
    (wheel,) = built.glob("*.whl")
    assert set(tracked("seqpipe")) <= set(zipfile.ZipFile(wheel).namelist())
    run("pip", "install", "--no-deps", "--no-index", "--target", target, wheel, cwd=tmp_path)
    said = run("seqpipe", "--version", cwd=tmp_path, PYTHONPATH=str(target))
    assert seqpipe.__version__ in said


def test_the_version_stands_in_one_place():
    pattern = re.compile(rf"\b{re.escape(seqpipe.__version__)}\b")
    naming = [
        name
        for name in tracked("pyproject.toml", "README.md", "seqpipe")
        if name.endswith((".py", ".toml", ".md"))
        and pattern.search((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert naming == ["seqpipe/__init__.py"]
    assert f"\n## {seqpipe.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
