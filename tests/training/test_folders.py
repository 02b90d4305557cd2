"""Folders that are whole or not there, and links that lead to one or the other."""

import os

import pytest

from seqpipe.training.folders import fill_folder, keep_only, switch_link


def write(text):
    return lambda folder: (folder / "a.txt").write_text(text)


def test_a_folder_has_its_number_and_what_was_filled_in(tmp_path):
    folder = fill_folder(tmp_path / "models", 40, write("x"))
    assert folder == tmp_path / "models" / "000040"
    assert (folder / "a.txt").read_text() == "x"
    assert os.listdir(tmp_path / "models") == ["000040"]


def test_a_number_that_is_taken_leaves_the_other_folder_as_it_is(tmp_path):
    first, second = (fill_folder(tmp_path, 7, write(text)) for text in "ab")
    assert (first.name, second.name) == ("000007", "000007.1")
    assert ((first / "a.txt").read_text(), (second / "a.txt").read_text()) == ("a", "b")


def test_what_fails_leaves_nothing(tmp_path):
    def fail(folder):
        (folder / "half").write_text("x")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fill_folder(tmp_path, 1, fail)
    assert os.listdir(tmp_path) == []


def test_what_a_killed_run_left_half_written_is_gone_with_the_next(tmp_path):
    (tmp_path / ".000003.new").mkdir()
    (tmp_path / ".000003.new" / "half").touch()
    fill_folder(tmp_path, 3, write("x"))
    assert os.listdir(tmp_path) == ["000003"]


@pytest.mark.parametrize("before", ["nothing", "link", "dangling link", "folder"])
def test_a_link_leads_to_the_new_folder_whatever_stood_there(tmp_path, before):
    new, old, link = tmp_path / "models" / "2", tmp_path / "models" / "1", tmp_path / "model-best"
    new.mkdir(parents=True)
    if before == "folder":
        link.mkdir()
        (link / "a").touch()
    elif before != "nothing":
        link.symlink_to(old)
        if before == "link":
            old.mkdir()
    switch_link(link, new)
    assert link.resolve() == new
    assert not os.path.isabs(os.readlink(link))  # the whole may be moved
    assert sorted(os.listdir(tmp_path)) == ["model-best", "models"]


def test_only_what_is_named_is_kept(tmp_path):
    folders = [fill_folder(tmp_path, i, write("x")) for i in range(3)]
    (tmp_path / ".000009.new").mkdir()
    keep_only(tmp_path, {folders[1].resolve()})
    assert os.listdir(tmp_path) == ["000001"]
