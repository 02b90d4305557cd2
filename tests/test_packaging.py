"""What is installed has all it needs, and a packaged pipeline asks for seqpipe."""

import tomllib
from glob import glob
from pathlib import Path

from spacy.util import packages_distributions

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
