"""`seqpipe new plugin`: writes a package whose every name is the user's, and never over anything.
That it installs and its tests pass is shown with the tutorial, which has the same files."""

import ast
import tomllib

import pytest
from typer.testing import CliRunner

from seqpipe.cli.app import build_app


def new(*words):
    return CliRunner().invoke(build_app()[0], ["new", "plugin", *map(str, words)])


def test_package_is_written_with_the_names_that_follow_from_the_plugins(tmp_path):
    done = new("word-mood", tmp_path / "made")
    assert done.exit_code == 0, done.output
    made = tmp_path / "made"
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]
    assert project["name"] == "seqpipe-word-mood"
    assert project["entry-points"]["seqpipe"] == {"word-mood": "seqpipe_word_mood.commands"}
    assert project["entry-points"]["spacy_factories"] == {
        "word_mood": "seqpipe_word_mood.component:make_regressor"
    }
    texts = {path: path.read_text() for path in made.rglob("*") if path.is_file()}
    assert not [path for path, text in texts.items() if "{{" in text or "template" in path.name]
    for path, text in texts.items():
        if path.suffix == ".py":
            ast.parse(text)


def test_every_entry_point_of_the_package_names_a_function_in_it(tmp_path):
    new("mood", tmp_path / "made")
    project = tomllib.loads((tmp_path / "made" / "pyproject.toml").read_text())["project"]
    for group, entries in project["entry-points"].items():
        for target in entries.values():
            module, _, function = target.partition(":")
            source = (tmp_path / "made" / f"{module.replace('.', '/')}.py").read_text()
            names = {node.name for node in ast.parse(source).body if hasattr(node, "name")}
            assert function in names or group == "seqpipe", target


def test_the_prefix_of_the_package_may_be_given_and_the_folder_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert new("seqpipe-mood").exit_code == 0
    assert (tmp_path / "seqpipe-mood" / "seqpipe_mood").is_dir()


def test_what_comes_next_can_be_pasted_whatever_the_folder_is_called(tmp_path):
    folder = tmp_path / "my mood; ls"
    assert f"Next: cd '{folder}'; pip install" in new("mood", folder).stdout


@pytest.mark.parametrize("make", ["file", "folder", "dangling link"])
def test_nothing_is_ever_overwritten(tmp_path, make):
    place = tmp_path / "mood"
    {
        "file": place.touch,
        "folder": place.mkdir,
        "dangling link": lambda: place.symlink_to(tmp_path / "nowhere"),
    }[make]()
    done = new("mood", place)
    assert f"{place}: something is there already" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mood"]
    assert not place.is_dir() or not list(place.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Mood", "'Mood' is no name for a plugin: .*; 'mood' would do"),
        ("my_mood", "; 'my-mood' would do"),
        ("3", "expected lower-case letters and digits"),
        ("mood-", "; 'mood' would do"),
        ("seqpipe-", "'' is no name for a plugin"),
        ("class", "a word of Python's or spaCy's own"),
        ("vocab", "a word of Python's or spaCy's own"),
        ("tokenizer", "a word of Python's or spaCy's own"),
        ("tagging", r"the plugin 'tagging' \(seqpipe plugins\) is there already"),
        ("train", "the command 'seqpipe train' is there already"),
        ("textcat", "a component of spaCy 'textcat' is there already"),
        ("rnn-ner", "a component of spaCy 'rnn_ner' is there already"),
    ],
)
def test_name_that_cannot_be_or_is_taken_is_refused(tmp_path, name, message):
    done = new(name, tmp_path / "made")
    with pytest.raises(ValueError, match=message):
        raise done.exception
    assert not list(tmp_path.iterdir())
