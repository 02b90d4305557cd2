"""The lock: what counts as a change, how it is said, and what a bad lock says."""

import json
import os

import pytest

from seqpipe.files import InputError
from seqpipe.project.load import load_project
from seqpipe.project.lock import Record, Records, read_records, write_records

PROJECT = """
    vars: {epochs: 8, name: "${vars.kind}/x", kind: small}
    env: {token: LOCK_TEST_TOKEN}
    commands:
      - name: train
        script:
          - "python train.py --epochs ${vars.epochs} ${vars.name}"
          - "curl --user ${env.token} example.org"
        deps: [train.py, corpus]
        outputs: [models/x]
"""


@pytest.fixture
def project(write_project, monkeypatch):
    """A project whose one command has succeeded."""
    monkeypatch.setenv("LOCK_TEST_TOKEN", "s3cret")
    path = write_project(PROJECT)
    for name in ("train.py", "corpus/a.txt", "corpus/deep/b.txt", "models/x"):
        (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / name).write_text(name)
    succeed(path)
    return path


def succeed(path, name="train", overrides=None):
    project = load_project(path, overrides)
    records = Records(project)
    records.begin(project.commands[name])
    records.succeed(project.commands[name])


def reason(path, name="train", overrides=None):
    project = load_project(path, overrides)
    return Records(project).reason(project.commands[name])


def rewrite(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nothing_changed_is_no_reason(project):
    assert reason(project) is None


def test_what_never_ran_has_to_run(project):
    (project.parent / "seqpipe.lock").unlink()
    assert reason(project) == "never run"


CHANGES = {
    "train.py changed": lambda folder: (folder / "train.py").write_text("other"),
    "train.py is missing": lambda folder: (folder / "train.py").unlink(),
    "models/x is missing": lambda folder: (folder / "models/x").unlink(),
    "models/x changed": lambda folder: (folder / "models/x").write_text("by hand"),
    "corpus/deep/b.txt changed": lambda folder: (folder / "corpus/deep/b.txt").write_text("other"),
    "corpus/a.txt is gone": lambda folder: (folder / "corpus/a.txt").unlink(),
    "corpus/deep/c.txt is new": lambda folder: (folder / "corpus/deep/c.txt").write_text(""),
    "corpus/a.txt is gone ": lambda folder: os.rename(folder / "corpus/a.txt", folder / "corpus/z"),
}


@pytest.mark.parametrize("words", CHANGES)
def test_a_changed_file_is_named(project, words):
    CHANGES[words](project.parent)
    assert reason(project) == words.strip()
    assert reason(project) == words.strip()  # nothing was learned that hides it


def test_without_the_cache_the_folder_is_named(project):
    (project.parent / ".seqpipe/hashes.json").unlink()
    (project.parent / "corpus/a.txt").write_text("other")
    assert reason(project) == "corpus changed"


EDITS = {
    "vars.epochs is 10, was 8": ("epochs: 8", "epochs: 10"),
    "vars.kind is large, was small": ("kind: small", "kind: large"),
    "script line 2 changed": ("example.org", "example.com"),
    "script line 2 removed": ('      - "curl --user ${env.token} example.org"\n', ""),
    "script line 3 added": ("    deps: [train.py", "      - more\n    deps: [train.py"),
    "deps: a.txt added": ("corpus]", "corpus, a.txt]"),
    "deps: corpus removed": (", corpus]", "]"),
    "outputs: models added": ("outputs: [models/x]", "outputs: [models]"),
    "runs always (no_skip)": ("    outputs:", "    no_skip: true\n    outputs:"),
    "runs always (no outputs)": ("    outputs: [models/x]", "    outputs: []"),
}


@pytest.mark.parametrize("words", EDITS)
def test_a_changed_setting_is_named(project, words):
    rewrite(project, *EDITS[words])
    (project.parent / "a.txt").write_text("")
    assert reason(project) == words


def test_an_override_is_a_change_and_its_value_may_be_long(project):
    assert reason(project, overrides={"epochs": "10"}) == "vars.epochs is 10, was 8"
    assert len(reason(project, overrides={"epochs": "x\n" * 999})) < 80
    assert reason(project, overrides={"epochs": "8"}) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epochs: 8,", "epochs: 8, other: 1,"),
        ("name: train", "name: train\n    help: words"),
        ("--epochs ${vars.epochs}", "--epochs 8"),
    ],
)
def test_what_changes_nothing_for_the_command_is_no_reason(project, old, new):
    rewrite(project, old, new)
    assert reason(project) is None


def test_a_value_of_env_counts_and_is_nowhere_to_be_read(project, monkeypatch):
    kept = [path.read_bytes() for path in project.parent.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in content for content in kept)
    monkeypatch.setenv("LOCK_TEST_TOKEN", "other")
    assert reason(project) == "the value of env.token changed"
    monkeypatch.delenv("LOCK_TEST_TOKEN")
    assert reason(project) == "the value of env.token changed"


def test_the_same_value_is_sealed_differently_in_every_lock(project):
    def seal():
        return read_records(project.parent)[0]["train"].env["env.token"]

    first = seal()
    succeed(project)
    assert seal() == first
    (project.parent / "seqpipe.lock").unlink()
    succeed(project)
    assert seal() != first


def test_a_command_that_begins_is_forgotten_until_it_succeeds(project):
    loaded = load_project(project)
    records = Records(loaded)
    records.begin(loaded.commands["train"])
    assert reason(project) == "never run"
    records.succeed(loaded.commands["train"])
    assert reason(project) is None


def test_what_is_read_counts_as_it_was_at_the_beginning(project):
    loaded = load_project(project)
    records = Records(loaded)
    records.begin(loaded.commands["train"])
    (project.parent / "train.py").write_text("edited while it ran")
    records.succeed(loaded.commands["train"])
    assert reason(project) == "train.py changed"


def test_an_output_that_is_missing_is_never_locked(project):
    loaded = load_project(project)
    records = Records(loaded)
    records.begin(loaded.commands["train"])
    (project.parent / "models/x").unlink()
    records.succeed(loaded.commands["train"])
    assert read_records(project.parent) == ({}, set())


def test_what_a_command_does_in_place_and_beside_is_no_change_of_what_it_reads(write_project):
    path = write_project("""
        commands:
          - name: polish
            deps: [x, ., folder, folder]
            outputs: [x, folder/out]
    """)
    folder = path.parent
    (folder / "folder").mkdir()
    (folder / "x").write_text("rough")
    project = load_project(path)
    records = Records(project)
    records.begin(project.commands["polish"])
    (folder / "x").write_text("smooth")
    (folder / "folder/out").write_text("made")
    records.succeed(project.commands["polish"])
    assert reason(path, "polish") is None  # though the lock and the cache lie in "." too
    (folder / "folder/in").write_text("new")
    assert reason(path, "polish") == "./folder/in is new"


def test_commands_that_are_no_longer_there_stay_in_the_lock(project):
    text = project.read_text()
    other = text.replace("name: train", "name: other")
    project.write_text(other)
    succeed(project, "other")
    project.write_text(text)
    assert reason(project) is None
    assert set(read_records(project.parent)[0]) == {"train", "other"}


def test_the_lock_comes_back_as_written(tmp_path):
    records = {
        "träin": Record(["a b"], {"vars.ö": "1"}, {"env.x": "s$d"}, {"a b": "1", "c": None}, {}),
        "other": Record([], {}, {}, {}, {"x": "3"}),
    }
    write_records(tmp_path, records)
    assert read_records(tmp_path) == (records, set())


def test_no_lock_is_an_empty_one(tmp_path):
    assert read_records(tmp_path) == ({}, set())


BROKEN = [
    "",
    "{",
    "[]",
    "null",
    '{"version": 2}',
    '{"version": "x", "commands": {}}',
    '{"version": 2, "commands": []}',
    '{"version": 2, "commands": {"a": {"x": 1}}}',
    json.dumps(
        {
            "version": 2,
            "commands": {"a": {"script": 1, "vars": {}, "env": {}, "deps": {}, "outputs": {}}},
        }
    ),
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_lock_is_named_with_the_way_out(tmp_path, text):
    (tmp_path / "seqpipe.lock").write_text(text)
    with pytest.raises(InputError, match=r"seqpipe.lock: not a lock file; delete it"):
        read_records(tmp_path)


def test_a_lock_from_a_newer_version_says_what_to_do(tmp_path):
    (tmp_path / "seqpipe.lock").write_text('{"version": 3, "commands": {"a": 1}, "more": 2}')
    words = "lock version 3, from a newer seqpipe.*knows 2; upgrade seqpipe, or delete the file"
    with pytest.raises(InputError, match=words):
        read_records(tmp_path)


def test_a_lock_from_an_older_version_runs_everything_again(project):
    old = {"definition": "d", "deps": {}, "outputs": {"models/x": "1"}}
    lock = project.parent / "seqpipe.lock"
    lock.write_text(json.dumps({"version": 1, "commands": {"train": old}}))
    assert reason(project) == "the lock is from an older seqpipe"
    succeed(project)
    assert reason(project) is None
    assert json.loads(lock.read_text())["version"] == 2
