"""Whatever file a command is given, it never ends in a traceback: a fault is one polite message."""

import shutil

import pytest
from typer.testing import CliRunner

from seqpipe.cli import describe
from seqpipe.cli.app import build_app
from seqpipe.plugins import Choice
from tests.cli.command_cases import CASES

WRONG = ("missing", "folder", "empty", "binary", "pipeline")
PAGES = (
    "tagging entities",
    "classification explain",
    "lm surprisal",
    "translation analyze",
    "debiasing audit",
)
FAULTS = (ValueError, KeyError, OSError)


@pytest.fixture(scope="module")
def app():
    return build_app(Choice(only=()))[0]


@pytest.fixture(scope="module")
def wrong_inputs(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong") / "inputs"
    shutil.copytree(inputs, folder)
    (folder / "folder").mkdir()
    (folder / "empty").touch()
    (folder / "binary").write_bytes(bytes(range(256)) * 8)
    (folder / "lm").rename(folder / "pipeline")  # of which few commands know the component
    (folder / "lm").symlink_to("pipeline")
    return folder


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_file_is_one_message(name, app, wrong_inputs, monkeypatch):
    monkeypatch.chdir(wrong_inputs)
    words = CASES[name].split()
    for place in [i for i, word in enumerate(words) if (wrong_inputs / word).exists()]:
        for wrong in WRONG:
            given = [*words[:place], wrong, *words[place + 1 :]]
            done = CliRunner().invoke(app, [*name.split(), *given])
            if done.exit_code == 0:
                continue  # such as an empty text, of which the translation is empty
            assert isinstance(done.exception, FAULTS), (given, done.exception)
            message = describe(done.exception)
            assert wrong in message or words[place] in message, given
            assert "Errno" not in message


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_written_as_html_only(name, app, inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    done = CliRunner().invoke(app, [*name.split(), *CASES[name].split(), "--html", "page.txt"])
    assert describe(done.exception) == "page.txt: expected a name that ends in .html"
    assert not (inputs / "page.txt").exists()
