"""Archives: unpacked whole, again when they change, and never outside of their folder."""

import bz2
import gzip
import io
import json
import lzma
import os
import stat
import tarfile
import zipfile

import pytest

from seqpipe.files import InputError
from seqpipe.project import archive
from seqpipe.project.assets import project_assets

FILES = {"a.txt": b"one", "deep/b.txt": b"two", "deep/er/c.txt": b""}


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch):
    monkeypatch.delenv("SEQPIPE_MIRROR", raising=False)


def tar(files, mode="w", **members):
    """A tar of files, and of members that say what else they are."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
        for name, (kind, target) in members.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            packed.addfile(info)
    return stream.getvalue()


def zipped(files, mode=0o644):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            packed.writestr(info, content)
    return stream.getvalue()


@pytest.fixture
def project(write_project):
    """A project whose archive stands beside it, to be unpacked into data/en."""
    path = write_project("assets: [{dest: data/a.bin, url: packed, extract: data/en}]")

    def write(content):
        (path.parent / "packed").write_bytes(content)
        return path

    return write


def fetch(path, **options):
    told = []
    project_assets(
        path,
        report=lambda event: told.append(event.text) if event.kind == "ready" else None,
        **options,
    )
    return told[0]


def unpacked(path):
    folder = path.parent / "data/en"
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def refused(path, match):
    with pytest.raises(InputError, match=f"line 1: asset data/a.bin: .*{match}"):
        fetch(path)
    names = {p.name for p in (path.parent / "data").iterdir()}
    assert names == {"a.bin"}
    assert sorted(p.name for p in path.parent.iterdir()) == [
        ".seqpipe",
        "data",
        "packed",
        "project.yml",
    ]


@pytest.mark.parametrize(
    "content",
    [zipped(FILES), *(tar(FILES, mode) for mode in ("w", "w:gz", "w:bz2", "w:xz"))],
    ids=["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"],
)
def test_an_archive_is_unpacked(project, content):
    path = project(content)
    assert fetch(path) == "copied, unpacked into data/en (files: 3)"
    assert unpacked(path) == FILES
    assert (path.parent / "data/a.bin").read_bytes() == content


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_is_unpacked_under_the_archives_name(project, pack):
    path = project(pack(b"text"))
    fetch(path)
    assert unpacked(path) == {"a": b"text"}


def test_it_is_unpacked_once(project):
    path = project(zipped(FILES))
    fetch(path)
    (path.parent / "data/en/own.txt").write_text("mine")
    assert fetch(path) == "is there (no checksum to hold it to)"
    assert (path.parent / "data/en/own.txt").exists()


def test_it_is_unpacked_again_when_the_archive_changed_or_the_folder_is_gone(project):
    path = project(zipped(FILES))
    fetch(path)
    (path.parent / "data/a.bin").write_bytes(zipped({"new.txt": b"new"}))
    assert "unpacked into" in fetch(path)
    assert unpacked(path) == {"new.txt": b"new"}
    (path.parent / "data/en/new.txt").unlink()
    (path.parent / "data/en").rmdir()
    assert "unpacked into" in fetch(path)
    assert unpacked(path) == {"new.txt": b"new"}


def test_files_that_no_archive_brought_are_not_replaced(project):
    path = project(zipped(FILES))
    (path.parent / "data/en").mkdir(parents=True)
    (path.parent / "data/en/mine.txt").write_text("mine")
    with pytest.raises(
        InputError, match=r"data/en would be replaced, and holds 'mine.txt', which did not"
    ):
        fetch(path, force=True)
    assert unpacked(path) == {"mine.txt": b"mine"}


def test_a_file_that_was_added_is_not_lost_when_the_archive_changes(project):
    path = project(zipped(FILES))
    fetch(path)
    mine = path.parent / "data/en/deep/mine.txt"
    mine.write_text("mine")
    (path.parent / "data/a.bin").write_bytes(zipped({"new.txt": b"new"}))
    with pytest.raises(
        InputError, match=r"asset .*data/en would be .*holds 'deep/mine.txt', which"
    ):
        fetch(path)
    assert unpacked(path) == {**FILES, "deep/mine.txt": b"mine"}
    mine.unlink()
    (path.parent / "data/en/__pycache__").mkdir()
    (path.parent / "data/en/__pycache__/x.pyc").touch()
    fetch(path)
    assert unpacked(path) == {"new.txt": b"new"}


def test_an_archive_that_was_refused_gives_no_right_to_what_stands_there_later(project):
    path = project(zipped({"../evil": b"x"}))
    refused(path, "a path that leaves the folder")
    (path.parent / "data/en").mkdir()
    (path.parent / "data/en/mine.txt").write_text("mine")
    (path.parent / "packed").write_bytes(zipped(FILES))
    with pytest.raises(InputError, match=r"holds 'mine.txt'"):
        fetch(path, force=True)
    assert unpacked(path) == {"mine.txt": b"mine"}


def test_what_was_broken_off_while_it_was_replaced_is_ours_and_done_again(project):
    path = project(zipped(FILES))
    fetch(path)
    note = path.parent / "data/.en.asset"
    note.write_text(json.dumps({**json.loads(note.read_text()), "source": ""}))  # as a kill does
    assert "unpacked into" in fetch(path)


def test_a_links_own_way_inside_is_kept(project):
    path = project(
        tar(
            {"d/a.txt": b"one"},
            **{"d/l": (tarfile.SYMTYPE, "a.txt"), "h": (tarfile.LNKTYPE, "d/a.txt")},
        )
    )
    fetch(path)
    assert unpacked(path) == {"d/a.txt": b"one", "d/l": b"one", "h": b"one"}


@pytest.mark.parametrize(
    "name",
    ["../evil", "/srv/evil", "a/../../evil", "..\\evil", "C:\\evil", "C:evil", "a/..", "\\\\x\\y"],
)
@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_name_that_leaves_the_folder_is_refused(project, name, pack):
    refused(project(pack({"good": b"x", name: b"x"})), "a path that leaves the folder")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../../evil", "x/../../../evil"])
def test_a_link_that_leaves_the_folder_is_refused(project, kind, target):
    refused(project(tar({}, **{"d/l": (kind, target)})), "a link out of the folder")


def test_a_file_through_a_link_is_refused(project):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as packed:
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, "d"
        packed.addfile(link)
        info = tarfile.TarInfo("L/x")  # where case does not count it is the same
        packed.addfile(info, io.BytesIO())
    refused(project(content.getvalue()), "a path through a link")


def test_a_link_that_leads_out_by_another_link_is_refused(project):
    path = project(
        tar({}, **{"here": (tarfile.SYMTYPE, "."), "out": (tarfile.SYMTYPE, "here/../evil")})
    )
    refused(path, "a link through another link")


def test_a_file_in_the_place_of_a_link_is_refused(project):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as packed:
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, "d"
        packed.addfile(link)
        packed.addfile(tarfile.TarInfo("l"), io.BytesIO())
    refused(project(stream.getvalue()), "there more than once, and a link")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_or_pipe_is_refused(project, kind):
    refused(project(tar({}, dev=(kind, ""))), "neither a file nor a folder")


def test_a_link_in_a_zip_is_refused(project):
    content = zipped({"l": b"/etc/passwd"}, stat.S_IFLNK | 0o777)
    refused(project(content), "a link, which is not taken from a zip")


@pytest.mark.parametrize(
    "pack",
    [
        lambda content: zipped({"a": content}),
        lambda content: tar({"a": content}, "w:gz"),
        gzip.compress,
    ],
)
def test_a_bomb_is_refused_before_it_fills_the_disk(project, monkeypatch, pack):
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED", 1 << 20)
    refused(project(pack(b"\0" * 6_000_000)), "unpacks to more than .* MiB")


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"<html>sign in</html>"])
def test_what_is_no_archive_is_named(project, content):
    if not content:
        content = b"\0"
    refused(project(content), "not an archive, expected zip, tar")


@pytest.mark.parametrize(
    "content",
    [zipped({"a": os.urandom(9000)})[:4000], tar({"a": os.urandom(9000)}, "w:gz")[:4000],
     tar({"a": os.urandom(9000)})[:4000], gzip.compress(os.urandom(9000))[:4000]],
    ids=["zip", "tar.gz", "tar", "gz"],
)  # fmt: skip
def test_a_damaged_archive_writes_nothing(project, content):
    refused(project(content), "cannot be unpacked: .*; nothing was written")


def test_a_zip_with_a_password_says_so(project):
    content = bytearray(zipped({"a": b"text"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    refused(project(bytes(content)), "password")


@pytest.mark.parametrize("folder", ["data", ".", "data/a.bin/x"])
def test_a_folder_around_the_archive_is_refused(write_project, folder):
    path = write_project(f"assets: [{{dest: data/a.bin, url: packed, extract: '{folder}'}}]")
    (path.parent / "packed").write_bytes(zipped(FILES))
    with pytest.raises(InputError):
        fetch(path)
    assert not (path.parent / "data").exists()
    assert path.exists()


def test_a_folder_outside_of_the_project_is_refused(write_project):
    path = write_project("assets: [{dest: a.bin, url: packed, extract: '../out'}]")
    (path.parent / "packed").write_bytes(zipped(FILES))
    with pytest.raises(InputError, match="line 1"):
        fetch(path)
    assert not (path.parent.parent / "out").exists()


def test_a_file_in_the_folders_place_is_named(project):
    path = project(zipped(FILES))
    (path.parent / "data").mkdir()
    (path.parent / "data/en").write_text("mine")
    with pytest.raises(InputError, match="data/en is a file, expected a folder; move it away"):
        fetch(path)
    assert (path.parent / "data/en").read_text() == "mine"


@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_file_that_is_a_folder_too_is_the_archives_fault(project, pack):
    refused(
        project(pack({"a": b"x", "a/b": b"x"})), "the archive holds 'a/b', a path through a file"
    )


@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_name_that_cannot_be_is_the_archives_fault(project, pack):
    name = "n" * 300
    refused(project(pack({name: b"x"})), f"holds '{name}', which cannot be written here .File name")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_an_empty_tar_is_an_empty_folder(project, mode):
    path = project(tar({}, mode))
    assert fetch(path) == "copied, unpacked into data/en (files: 0)"
    assert unpacked(path) == {}


@pytest.mark.skipif(os.name != "posix", reason="needs rights")
@pytest.mark.parametrize("mode", [0o755, 0o644])
def test_what_could_be_run_can_be_run(project, mode):
    path = project(zipped({"a.sh": b"x"}, mode))
    fetch(path)
    assert bool((path.parent / "data/en/a.sh").stat().st_mode & 0o111) == (mode == 0o755)


def test_a_folder_is_unpacked_where_nothing_stands(write_project):
    path = write_project("assets: [{dest: a.bin, url: packed, extract: deep/er/en}]")
    (path.parent / "packed").write_bytes(b"no archive")
    with pytest.raises(InputError):
        fetch(path)
    assert not (path.parent / "deep").exists()
    (path.parent / "packed").write_bytes(zipped(FILES))
    fetch(path, force=True)
    assert (path.parent / "deep/er/en/a.txt").read_bytes() == b"one"
