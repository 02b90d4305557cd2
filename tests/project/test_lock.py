"""The lock: what counts as a change, and what a bad lock says."""

import pytest

from seqpipe.files import InputError, content_digest
from seqpipe.project.load import Command
from seqpipe.project.lock import (
    Entry,
    definition_digest,
    dep_digests,
    read_lock,
    write_lock,
)
from seqpipe.project.variables import Text


def texts(*values):
    return tuple(Text(value, value) for value in values)


def command(*, script=(), deps=(), outputs=()):
    return Command("a", texts(*script), texts(*deps), texts(*outputs), False, 1)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "inner" / "b.txt").write_text("two")
    return folder


def test_the_lock_comes_back_as_written(tmp_path):
    entries = {"träin": Entry("d", {"a b": "1"}, {"ö": "2"}), "other": Entry("e", {}, {"x": "3"})}
    write_lock(tmp_path, entries)
    assert read_lock(tmp_path) == entries


def test_no_lock_is_an_empty_one(tmp_path):
    assert read_lock(tmp_path) == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 1}', '{"version": 1, "commands": {"a": {"x": 1}}}']
)
def test_a_broken_lock_is_named_with_the_way_out(tmp_path, text):
    (tmp_path / "seqpipe.lock").write_text(text)
    with pytest.raises(InputError, match=r"seqpipe.lock: not a lock file; delete it"):
        read_lock(tmp_path)


def test_a_lock_from_a_newer_version_is_refused(tmp_path):
    (tmp_path / "seqpipe.lock").write_text('{"version": 2, "commands": {}}')
    with pytest.raises(InputError, match="lock version 2, expected 1"):
        read_lock(tmp_path)


def change_content(folder):
    (folder / "a.txt").write_text("three")


def rename_file(folder):
    (folder / "a.txt").rename(folder / "c.txt")


def swap_contents(folder):
    (folder / "a.txt").write_text("two")
    (folder / "inner" / "b.txt").write_text("one")


def add_empty_folder(folder):
    (folder / "new").mkdir()


def turn_file_into_folder(folder):
    (folder / "a.txt").unlink()
    (folder / "a.txt").mkdir()


@pytest.mark.parametrize(
    "change", [change_content, rename_file, swap_contents, add_empty_folder, turn_file_into_folder]
)
def test_a_change_in_a_folder_changes_its_digest(folder, change):
    before = content_digest(folder)
    change(folder)
    assert content_digest(folder) != before


def test_compiled_python_beside_scripts_is_no_change(folder):
    before = content_digest(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert content_digest(folder) == before


def test_a_linked_folder_counts_with_its_content(folder, tmp_path):
    (tmp_path / "target").mkdir()
    (folder / "link").symlink_to(tmp_path / "target")
    before = content_digest(folder)
    (tmp_path / "target" / "x").write_text("x")
    assert content_digest(folder) != before


def test_a_link_to_the_folder_around_it_ends(folder):
    (folder / "up").symlink_to(folder)
    (folder / "nowhere").symlink_to(folder / "missing")
    assert content_digest(folder) == content_digest(folder)


def test_what_a_command_writes_into_its_dependency_is_no_change_of_it(folder):
    made = command(deps=["folder"], outputs=["folder/out.txt"])
    before = dep_digests(made, folder.parent)
    (folder / "out.txt").write_text("made")
    assert dep_digests(made, folder.parent) == before
    change_content(folder)
    assert dep_digests(made, folder.parent) != before


def test_a_definition_changes_with_script_deps_and_outputs_but_not_by_moving_a_word():
    digests = {
        definition_digest(command()),
        definition_digest(command(script=["a b"])),
        definition_digest(command(script=["a", "b"])),
        definition_digest(command(deps=["a b"])),
        definition_digest(command(outputs=["a b"])),
    }
    assert len(digests) == 5
