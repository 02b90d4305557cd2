"""The lock: what counts as a change, how it is said, and what a bad lock says."""

import json
import os

import pytest

from seqpipe.files import InputError
from seqpipe.project.load import load_project
from seqpipe.project.lock import Record, Records, read_records, write_records
from seqpipe.project.plan import plan

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


IN_PLACE = """
    workflows: {all: [a, c, b]}
    commands:
      - {name: a, script: ["copy in.txt"], deps: [in.txt], outputs: [DIR]}
      - {name: b, script: ["add a line"], deps: [x, y], outputs: [x]}
      - {name: c, script: ["copy y"], deps: [y.txt], outputs: [y]}
"""


class InPlace:
    """A file that one command makes and another adds a line to."""

    def __init__(self, write_project, output):
        self.path = write_project(
            IN_PLACE.replace("DIR", output).replace("[x", f"[{self.x(output)}")
        )
        self.folder = self.path.parent
        self.file = self.folder / self.x(output)
        self.file.parent.mkdir(exist_ok=True)
        for name in ("in.txt", "y.txt"):
            (self.folder / name).write_text(name)

    @staticmethod
    def x(output):
        return "x" if output in ("x", "./x") else f"{output}/x"

    def a(self):
        self.file.write_text((self.folder / "in.txt").read_text())

    def b(self):
        self.file.write_text(f"{self.file.read_text()}, {(self.folder / 'y').read_text()}")

    def c(self):
        (self.folder / "y").write_text((self.folder / "y.txt").read_text())

    def run(self, *options, **more):
        """Runs what has to; which that was."""
        project = load_project(self.path)
        records = Records(project)
        ran = ""
        for one in plan(project, *options, records=records, **more):
            command = one.step.command
            if records.reason(command) is not None:
                ran += command.name
                records.begin(command)
                getattr(self, command.name)()
                records.succeed(command)
        return ran


@pytest.fixture(params=["x", "./x", "folder"])
def in_place(request, write_project):
    return InPlace(write_project, request.param)


def test_what_is_worked_on_in_place_settles(in_place):
    assert in_place.run() == "acb"
    assert in_place.run() == ""
    (in_place.folder / "in.txt").write_text("new")
    assert in_place.run() == "ab"
    assert in_place.file.read_text() == "new, y.txt"
    in_place.file.write_text("by hand")
    assert in_place.run() == "ab"
    assert in_place.file.read_text() == "new, y.txt"
    assert in_place.run() == ""


def test_nothing_is_worked_on_in_place_twice(in_place):
    in_place.run()
    (in_place.folder / "y.txt").write_text("new")  # 'c' will run, and then 'b'
    assert reason(in_place.path, "a") is None  # alone
    assert in_place.run("a") == ""
    assert in_place.run() == "acb"
    rewrite(in_place.path, "add a line", "add two lines")
    assert in_place.run() == "ab"
    assert in_place.file.read_text() == "in.txt, new"
    in_place.run("b")
    in_place.file.unlink()
    assert in_place.run() == "ab"
    assert in_place.file.read_text() == "in.txt, new"


def test_why_the_maker_runs_again_is_said(in_place):
    in_place.run()
    rewrite(in_place.path, "add a line", "add two lines")
    assert reason(in_place.path, "a").startswith("'b' has to work on ")


def test_what_was_worked_on_alone_is_made_again(in_place):
    in_place.run()
    rewrite(in_place.path, "add a line", "add two lines")
    assert in_place.run("b") == "b"  # as asked for, on its own result
    assert in_place.run() == "ab"
    assert in_place.file.read_text() == "in.txt, y.txt"


def test_several_may_work_on_one_file_in_place(write_project):
    path = write_project("""
        commands:
          - {name: a, outputs: [x]}
          - {name: b, deps: [x], outputs: [x]}
          - {name: c, deps: [x], outputs: [x]}
    """)
    project = load_project(path)
    records = Records(project)
    for command in project.commands.values():
        records.begin(command)
        (path.parent / "x").write_text(command.name)
        records.succeed(command)
    assert [reason(path, name) for name in "abc"] == [None, None, None]
    rewrite(
        path, "[x], outputs: [x]}\n  - {name: c", "[x], outputs: [x], script: [new]}\n  - {name: c"
    )
    assert reason(path, "a") == "'b' has to work on x again"
    assert reason(path, "b") == "script line 1 added"


def test_what_another_command_wrote_over_an_output_is_said(write_project):
    path = write_project("commands: [{name: a, outputs: [x]}, {name: b, outputs: [./x]}]")
    for name in "ab":
        (path.parent / "x").write_text(name)
        succeed(path, name)
    assert reason(path, "a") == "x changed ('b' wrote it)"


def test_what_a_run_within_a_run_has_done_stays_in_the_lock(write_project):
    path = write_project("""
        commands:
          - {name: outer, script: ["seqpipe run . inner"], outputs: [outer.txt]}
          - {name: inner, script: [], outputs: [inner.txt]}
    """)
    for name in ("outer.txt", "inner.txt"):
        (path.parent / name).touch()
    project = load_project(path)
    outside, outer = Records(project), project.commands["outer"]
    outside.begin(outer)
    succeed(path, "inner")
    outside.succeed(outer)
    assert set(read_records(path.parent)[0]) == {"outer", "inner"}
    assert outside.reason(project.commands["inner"]) is None
    Records(project).begin(project.commands["inner"])
    assert outside.reason(project.commands["inner"]) == "never run"


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
        "other": Record([], {}, {}, {}, {"x": "3"}, {"y": ["1", "2"]}),
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
    '{"version": 2, "commands": {"a": {"script": [], "vars": {}, "env": {}, "deps": {}, '
    '"outputs": {}, "worked_on": {"x": ["1"]}}}}',
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
