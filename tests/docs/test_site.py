"""The pages of the site that are held to the code, and the site itself."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib

import pytest

from docs.scripts import numbers_page
from docs.scripts.docstrings import in_sections
from tests.pages import PAGES, ROOT, blocks, page
from tests.test_architecture import FLOORS

REFERENCE = [name for name in PAGES if name.startswith("docs/api/")]
TARGETS = re.findall(r"^::: (\S+)$", "".join(map(page, REFERENCE)), flags=re.MULTILINE)


def registered():
    """Every name that seqpipe registers, and what it names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for group, names in project["entry-points"].items():
        if group != "seqpipe":
            yield from names.items()


def test_every_registered_name_is_in_the_reference_with_what_it_names():
    entries = re.findall(
        r"^## `(\S+)`\n\n::: (\S+)$", "".join(map(page, REFERENCE)), flags=re.MULTILINE
    )
    expected = {(name, target.replace(":", ".")) for name, target in registered()}
    assert set(entries) == expected


def imported(body):
    """Every name that a Python block imports from seqpipe, with its module."""
    for node in ast.walk(ast.parse(body)):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name for name in names if name.split(".")[0] == "seqpipe")


def defined_at(name):
    """The name under which a module has what it defines, whatever module else hands it out."""
    module, _, attribute = name.rpartition(".")
    found = getattr(importlib.import_module(module), attribute)
    if not hasattr(found, "__qualname__"):
        return attribute
    return f"{found.__module__}.{found.__qualname__}"


@pytest.mark.parametrize("name", PAGES)
def test_what_the_examples_of_a_page_import_is_in_the_reference(name):
    examples = {found for body in blocks(name, "python") for found in imported(body)}
    assert set(map(defined_at, examples)) <= set(map(defined_at, TARGETS))


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_reference_names_is_there_and_says_what_it_is(target):
    module, _, name = target.rpartition(".")
    assert getattr(importlib.import_module(module), name).__doc__


def test_docstrings_in_the_style_of_spacy_are_read_as_parameters():
    docstring = (
        "Cut long texts. Note: in tokens.\n\n"
        "size (int): How many,\n    at most.\n"
        "side: Which.\n"
        "RETURNS (List[str]): The rest.\n"
        "RAISES (InputError): If size is 0."
    )
    assert list(in_sections(docstring, "Args:", {"size", "side"})) == [
        "Cut long texts. Note: in tokens.",
        "",
        "",
        "Args:",
        "    size (int): How many,",
        "        at most.",
        "    side: Which.",
        "",
        "Returns:",
        "    List[str]: The rest.",
        "",
        "Raises:",
        "    InputError: If size is 0.",
    ]


def test_table_of_rooms_is_that_of_the_architecture():
    table = page("docs/built.md").partition("| floor |")[2].partition("\n\n")[0]
    rows = [line.split(" | ")[0] for line in table.splitlines()[2:]]
    said = [set(re.findall(r"`(\w+)`", row)) for row in rows]
    rooms = [{room for room in floor if not room.startswith("__")} for floor in FLOORS]
    assert said == [floor for floor in rooms if floor]


def test_numbers_on_the_page_are_those_of_the_files():
    # Else: python -m docs.scripts.numbers_page
    assert numbers_page.page() == page("docs/numbers.md")


@pytest.mark.slow
def test_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link|img)[^>]+https?:", home)  # no network to read it
    assert (tmp_path / "site" / "search" / "search_index.js").exists()
    reference = (tmp_path / "site" / "api" / "layers.html").read_text(encoding="utf-8")
    assert "recurrent_init" in reference
    assert "&lt;BOS&gt;" in reference
