"""Digests of files and folders: what changes them, and a cache that never changes them."""

import json
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqpipe.files import content_digest
from seqpipe.project import hashes
from seqpipe.project.hashes import Hashes


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "inner" / "b.txt").write_text("two")
    return folder


@pytest.fixture(params=["plain", "cached"])
def digest(request, tmp_path):
    return content_digest if request.param == "plain" else Hashes(tmp_path).digest


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
def test_a_change_in_a_folder_changes_its_digest(folder, digest, change):
    before = digest(folder)
    change(folder)
    assert digest(folder) != before


@pytest.mark.parametrize("name", ["__pycache__", ".seqpipe"])
def test_what_python_and_seqpipe_keep_beside_files_is_no_change(folder, digest, name):
    before = digest(folder)
    (folder / "inner" / name).mkdir()
    (folder / "inner" / name / "a.pyc").write_bytes(b"x")
    assert digest(folder) == before


def test_a_linked_folder_counts_with_its_content(folder, digest, tmp_path):
    (tmp_path / "target").mkdir()
    (folder / "link").symlink_to(tmp_path / "target")
    before = digest(folder)
    (tmp_path / "target" / "x").write_text("x")
    assert digest(folder) != before


def test_a_link_to_the_folder_around_it_ends(folder, digest):
    (folder / "up").symlink_to(folder)
    (folder / "nowhere").symlink_to(folder / "missing")
    assert digest(folder) == digest(folder)


NAMES = st.sampled_from(["a", "b", "ä", "a b", "\udcff", "__pycache__", ".seqpipe"])
FILES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map(tuple), st.binary(max_size=8), max_size=6
)


def write(top, files):
    for names, content in files.items():
        path = top.joinpath(*names)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            pass  # one name, a file and a folder: the first stays


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(first=FILES, second=FILES, left_out=NAMES)
def test_the_cached_digest_is_the_plain_one(tmp_path_factory, first, second, left_out):
    top = tmp_path_factory.mktemp("top")
    files = top / "files"
    files.mkdir()
    (files / "link").symlink_to(files)
    for state in (first, second):
        write(files, state)
        age(files)
        leave_out = {str(files / left_out)}
        plain = content_digest(files, leave_out)
        cached = Hashes(top)
        assert [cached.digest(files, leave_out) for _ in range(2)] == [plain, plain]
        cached.keep([plain])
        cached.save()
        assert Hashes(top).digest(files, leave_out) == plain


def age(top):
    """Let files look as if they had been there for long."""
    for above, _, names in os.walk(top):
        for name in names:
            path = os.path.join(above, name)
            if not os.path.islink(path):
                os.utime(path, ns=(10**18, 10**18 + os.stat(path).st_size + 1))


def reads(monkeypatch, folder, path):
    """How many files are read for a digest."""
    count = 0
    plain = hashes.hashlib.file_digest

    def counting(stream, name):
        nonlocal count
        count += 1
        return plain(stream, name)

    with monkeypatch.context() as patched:
        patched.setattr(hashes.hashlib, "file_digest", counting)
        cache = Hashes(folder)
        cache.digest(path)
        cache.save()
    return count


def settle():
    time.sleep(hashes.TICK / 1e9 + 0.05)


def test_only_what_may_have_changed_is_read_again(folder, tmp_path, monkeypatch):
    settle()
    assert reads(monkeypatch, tmp_path, folder) == 2
    assert reads(monkeypatch, tmp_path, folder) == 0
    (folder / "a.txt").write_text("two")
    settle()
    assert reads(monkeypatch, tmp_path, folder) == 1
    before = (folder / "a.txt").stat()
    (folder / "a.txt").write_text("six")
    os.utime(folder / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    settle()
    assert reads(monkeypatch, tmp_path, folder) == 1  # its size and mtime are the same


def test_a_file_that_is_just_being_changed_is_not_trusted(folder, tmp_path, monkeypatch):
    (folder / "a.txt").write_text("two")
    assert reads(monkeypatch, tmp_path, folder / "a.txt") == 1
    assert reads(monkeypatch, tmp_path, folder / "a.txt") == 1


@pytest.mark.parametrize(
    ("mtime", "ctime", "age", "trusted"),
    [
        (10**18 + 5, 10**18 + 5, 2 * 10**8, True),
        (10**18 + 5, 10**18 + 5, 5 * 10**7, False),
        (10**18, 10**18, 2 * 10**9, False),  # dates without fractions: FAT, two seconds
        (10**18, 10**18, 3 * 10**9, True),
        (10**18 + 5, 10**18 + 5, -(10**9), False),  # from the future
    ],
)
def test_how_old_a_file_must_be_depends_on_its_clock(mtime, ctime, age, trusted):
    assert hashes._is_settled((0, mtime, ctime, 0), 10**18 + age) == trusted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 1}',
        '{"version": 1, "files": {"a": 1}, "folders": {}}',
        '{"version": 1, "files": {"folder/a.txt": [[1, 2, 3], "x"]}, "folders": {}}',
        '{"version": 1, "files": {}, "folders": {"a": 1}}',
        '{"version": 99, "files": {}, "folders": {}}',
        "\udcff",
    ],
)
def test_a_broken_cache_is_no_cache(folder, tmp_path, text):
    hashes.make_room(tmp_path)
    (tmp_path / ".seqpipe/hashes.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert Hashes(tmp_path).digest(folder) == content_digest(folder)


def test_a_cache_that_cannot_be_written_is_no_fault(folder, tmp_path):
    (tmp_path / ".seqpipe").write_text("a file in its place")
    settle()
    cache = Hashes(tmp_path)
    assert cache.digest(folder) == content_digest(folder)
    cache.save()


def test_git_does_not_see_the_cache_and_files_that_are_gone_leave_it(folder, tmp_path, monkeypatch):
    settle()
    reads(monkeypatch, tmp_path, folder)
    assert (tmp_path / ".seqpipe/.gitignore").read_text() == "*\n"
    (folder / "a.txt").unlink()
    (folder / "c.txt").write_text("new")
    settle()
    reads(monkeypatch, tmp_path, folder)
    known = json.loads((tmp_path / ".seqpipe/hashes.json").read_text())["files"]
    assert sorted(known) == ["folder/c.txt", "folder/inner/b.txt"]


def test_listings_of_folders_are_kept_as_long_as_they_are_wanted(folder, tmp_path):
    cache = Hashes(tmp_path)
    before = cache.digest(folder)
    cache.keep([before])
    cache.save()
    change_content(folder)
    later = Hashes(tmp_path)
    assert later.difference(before, later.digest(folder)) == ("a.txt", "changed")
    later.keep([])
    later.save()
    last = Hashes(tmp_path)
    assert last.difference(before, last.digest(folder)) is None
