"""Every code block of README.md and docs/ runs, page by page, in the order of the page.

A page is one test. Its blocks run in one new folder, which is the working folder, and which the
page's stage has furnished: `tests/docs/stages/PAGE.py` (for README.md `readme.py`) has a function

    def prepare(folder: Path) -> None:

that writes the files which the page's blocks name: tiny corpora, models. `stages/models.py` gives
models that cost nothing. A page without a stage runs in an empty folder.

What becomes of a block, by the word behind its fence:

`sh`: runs line by line, and each line must exit with 0. Lines that only call seqpipe run in this
    process (quick); a block with anything else runs in bash -e, with this environment's programs.
`python`: runs in one namespace a page. A comment behind an expression or a print says what it gives
    or prints, and may go on after a colon. A literal behind `name = ...` says what was assigned.
`ini`: a config or a part of one, filled up with what it leaves out and checked as `seqpipe train`
    checks it, so every key, value, path and registered name must hold. A part of [components.x]
    without a factory needs an earlier block of the page, or a config in the folder, that has one.
    The keys of [initialize.components.x] are held to the component; readers of [corpora] read an
    example.
`yaml`: a project.yml or a part of one is loaded as `seqpipe run` loads it.
`json`, `toml`: is parsed.
`text`, `bibtex`: is not run: output, equations, synopses with placeholders, citations.

A block under a line that is a bold file name and nothing else (**`corpus/train.conll`**) is a file:
it is written into the folder, whatever its language, and the blocks after it use it.

Any other fence is a fault, and so is code by indentation, which nothing says the language of. No
mark in a page leaves a block out: what cannot run here stands in NOT_RUN below, with the reason. A
page whose blocks want an extra, such as matplotlib, stands in WANTED.
"""

import importlib.util
import json
import tomllib

import pytest

from tests.docs import config_blocks, project_blocks, python_blocks, shell_blocks
from tests.pages import PAGES, ROOT, fences, indented_code, tags
from tests.processes import without_torch

STAGES = ROOT / "tests" / "docs" / "stages"
# By page and the beginning of a command.
NOT_RUN = {
    ("README.md", "python -m venv"): "installs from the network; .ci/run runs it word for word",
    ("README.md", ".venv/bin/pytest"): "this test suite; .ci/run runs it word for word",
    (
        "docs/pipeline.md",
        "spacy package",
    ): "builds from the network; tests/projects runs it",
    ("docs/pipeline.md", "pip install"): "the same",
    (
        "docs/pipeline.md",
        "seqpipe run projects/pipeline",
    ): "trains for minutes; tests/projects/test_pipeline.py runs it with small settings",
    ("docs/command_line.md", "seqpipe --install-completion"): "changes the user's shell",
    (
        "docs/init.md",
        "seqpipe run my_names",
    ): "trains for half a minute; tests/cli/test_init.py runs the project of every starter",
}
# Pages whose blocks want what an extra brings.
WANTED = {
    "docs/curves.md": ["matplotlib"],
    "docs/gradients.md": ["matplotlib"],
    "docs/embeddings_plot.md": ["matplotlib", "sklearn"],
}
# Those that train several models.
SLOW = (
    "docs/classification.md",
    "docs/embeddings.md",
    "docs/language_models.md",
    "docs/many.md",
    "docs/pipeline.md",
    "docs/project.md",
    "docs/tagging.md",
)
# What a page may mean as HTML.
HTML = ("<!--", "<a ", "</a>", "<br>", "<img ", "<picture>", "</picture>", "<source ")
# Pages whose blocks need more than a folder, and the test that runs them.
RUN_ELSEWHERE = {"docs/plugin_tutorial.md": "tests/test_plugin_tutorial.py"}


def stage_of(name):
    """Where the stage of a page is, if it has one."""
    path = name.removeprefix("docs/").removesuffix(".md").lower()
    return STAGES / f"{path.replace('/', '_')}.py"


def prepare(name, folder):
    """Let the page's stage, if it has one, write its files."""
    stage = stage_of(name)
    if stage.exists():
        spec = importlib.util.spec_from_file_location(f"stage_of_{stage.stem}", stage)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.prepare(folder)


class Page:
    """What the blocks of a page share."""

    def __init__(self, name, folder):
        self.folder = folder
        self.shell = shell_blocks.Shell(folder, [what for at, what in NOT_RUN if at == name])
        self.run_python = python_blocks.Namespace(name).run
        self.check_config = config_blocks.Configs(folder).check

    def run(self, fence):
        if fence.file:
            path = self.folder / fence.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fence.body, encoding="utf-8")
            return
        match fence.language:
            case "sh":
                self.shell.run(fence.body)
            case "python":
                self.run_python(fence.body, fence.line)
            case "ini":
                self.check_config(fence.body)
            case "yaml":
                project_blocks.check(fence.body, self.folder)
            case "json":
                json.loads(fence.body)
            case "toml":
                tomllib.loads(fence.body)
            case "text" | "bibtex":
                pass
            case other:
                raise ValueError(f"a fence of {other!r} cannot be run")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
        for name in PAGES
        if name not in RUN_ELSEWHERE
    ],
)
def test_blocks_of_the_page_run(name, tmp_path, monkeypatch):
    for module in WANTED.get(name, ()):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", without_torch()["PYTHONPATH"])  # of what the blocks start
    prepare(name, tmp_path)
    page = Page(name, tmp_path)
    for fence in fences(name):
        try:
            page.run(fence)
        except Exception as fault:
            pytest.fail(f"{name}, line {fence.line}: {type(fault).__name__}: {fault}")


@pytest.mark.parametrize("name", PAGES)
def test_code_of_the_page_stands_in_fences(name):
    assert indented_code(name) == []


@pytest.mark.parametrize("name", PAGES)
def test_what_looks_like_a_tag_stands_in_backticks(name):
    # `a<t>` in plain text loses its <t> where the page is shown.
    written = [tag for tag in tags(name) if not tag.startswith(HTML)]
    assert written == []


@pytest.mark.parametrize(("name", "what"), NOT_RUN)
def test_what_is_not_run_is_still_there(name, what):
    bodies = [fence.body for fence in fences(name) if fence.language == "sh"]
    assert any(
        command.startswith(what) for body in bodies for command in shell_blocks.commands(body)
    )


@pytest.mark.parametrize("name", RUN_ELSEWHERE)
def test_page_that_is_run_elsewhere_is_read_there(name):
    assert name in PAGES
    assert f'"{name}"' in (ROOT / RUN_ELSEWHERE[name]).read_text(encoding="utf-8")


def test_every_stage_has_a_page():
    shared = {STAGES / "models.py"}
    assert set(STAGES.glob("*.py")) - shared <= set(map(stage_of, PAGES))
