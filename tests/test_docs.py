"""The documentation is held to the code: hooks, examples, default configs, commands."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from typer.main import get_command

from seqpipe import hookspecs
from seqpipe.cli.app import build_app
from seqpipe.project.events import Kind
from seqpipe.training.labels import initialize_block
from tests.pages import PAGES, ROOT, blocks, page

NEW_USER = (
    "python -m venv .venv && .venv/bin/pip install -e '.[dev,debiasing]' "
    "&& .venv/bin/seqpipe run projects/tour/project.yml\n"
    ".venv/bin/pytest -n 2\n"
)
READMES = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("projects/*/README.md"))]


def hooks():
    """Every hook's name and signature, as the documentation writes it."""
    for name, function in vars(hookspecs).items():
        if name.startswith(f"{hookspecs.PROJECT}_"):
            yield name + str(inspect.signature(function)).replace("'", "")


def test_every_hook_is_documented_with_its_signature_and_no_other():
    documented = re.findall(r"^### `(seqpipe_.*)`$", page("docs/plugins.md"), flags=re.MULTILINE)
    assert documented == list(hooks())


def test_readme_opens_with_the_two_lines_of_a_new_user():
    assert blocks("README.md", "sh")[0] == NEW_USER
    assert page("README.md").startswith(f"# seqpipe\n\n```sh\n{NEW_USER}```\n")


@pytest.mark.parametrize("name", PAGES + READMES)
def test_commands_on_a_page_exist(name):
    root = get_command(build_app()[0])
    for line in re.findall(r"^(?: {4})?seqpipe (.+)$", page(name), flags=re.MULTILINE):
        if line[0].isupper() or line.startswith(("brings", "is ", "-")):
            continue
        command = root
        for word in line.split():
            if not hasattr(command, "commands"):
                break
            assert word in command.commands, f"seqpipe {line}"
            command = command.commands[word]


@pytest.mark.parametrize("name", PAGES + READMES)
def test_links_of_a_page_lead_somewhere(name):
    prose = re.sub(r"^ *```.*?^ *```$", "", page(name), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", prose):
        assert (ROOT / name).parent.joinpath(target).exists(), target


def test_every_event_of_a_run_is_documented_and_no_other():
    table = page("docs/project.md").partition("\n## Events\n")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert documented == ["event", *get_args(Kind), "end"]


def test_files_on_the_page_are_those_that_the_command_writes():
    written = {
        ("components.ner", "labels"): Path("labels/ner.json"),
        ("components.ner", "vocabulary"): Path("labels/ner.vocabulary.json"),
    }
    assert blocks("docs/streams.md", "ini")[1] == initialize_block(written)


def test_plugin_of_the_page_works_when_it_is_installed(tmp_path):
    (toml,) = blocks("docs/plugins.md", "toml")
    source = blocks("docs/plugins.md", "python")[0]
    ((name, module),) = tomllib.loads(toml)["project"]["entry-points"]["seqpipe"].items()
    (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[seqpipe]\n{name} = {module}\n")
    done = subprocess.run(
        [sys.executable, "-m", "seqpipe", "hello", "Ada"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("Hello Ada\n", "", 0)


def config_lines():
    """Each line of config that the README's table shows."""
    lines = re.findall(r"\| `((?:factory|@\w+|source) = \"[^\"]+\")` \|", page("README.md"))
    assert len(lines) > 10
    return lines


@pytest.mark.parametrize("line", config_lines())
def test_a_line_of_config_in_the_readme_names_what_is_registered(line):
    kind, _, name = line.replace('"', "").partition(" = ")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    entry_points = settings["project"]["entry-points"]
    if kind == "factory":
        assert name in entry_points["spacy_factories"]
    elif kind != "source":
        assert any(name in names for names in entry_points.values())
        assert kind[1:] in {group.partition("_")[2] for group in entry_points}
