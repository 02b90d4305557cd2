"""What is written is whole or not there, and a fault names what was to be written."""

import os
import stat
import threading

import pytest

from seqpipe.files import InputError, atomic_folder, atomic_write, check_writable

# A name that no file system takes, so that not even a temporary file can stand beside it.
TOO_LONG = "x" * 300
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


def test_a_file_that_cannot_be_begun_is_named(tmp_path):
    with pytest.raises(OSError, match="name too long") as caught, atomic_write(tmp_path / TOO_LONG):
        pass
    assert caught.value.filename == str(tmp_path / TOO_LONG)


def test_a_folder_that_cannot_be_begun_is_named(tmp_path):
    path = tmp_path / TOO_LONG
    with pytest.raises(OSError, match="name too long") as caught, atomic_folder(path):
        pass
    assert caught.value.filename == str(path)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that takes no file")
def test_a_file_in_a_folder_that_takes_none_is_named():
    with pytest.raises(FileNotFoundError) as caught, atomic_write("/proc/reasons.html"):
        pass
    assert str(caught.value) == "[Errno 2] No such file or directory: '/proc/reasons.html'"


def test_a_file_whose_place_is_taken_by_a_folder_is_named(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError) as caught, atomic_write(tmp_path / "taken"):
        pass
    assert caught.value.filename == str(tmp_path / "taken")
    assert os.listdir(tmp_path) == ["taken"]


def test_a_fault_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic_write(tmp_path / "a"):
        (tmp_path / "other").read_bytes()
    assert caught.value.filename == str(tmp_path / "other")
    assert os.listdir(tmp_path) == []


@pytest.fixture
def pipe(tmp_path):
    """A named pipe, which stands for every device, and what was read from it."""
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    reader.start()
    yield path, lambda: (reader.join(10), read)[1]
    assert stat.S_ISFIFO(os.lstat(path).st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


@needs_pipes
@pytest.mark.parametrize(("mode", "content"), [("w", "sö\n"), ("wb", "sö\n".encode())])
def test_a_pipe_is_written_straight_into_and_stays(pipe, mode, content):
    path, read = pipe
    with atomic_write(path, mode) as stream:
        stream.write(content)
    assert read() == ["sö\n".encode()]


@needs_pipes
def test_a_pipe_is_no_place_for_a_folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotADirectoryError) as caught, atomic_folder(tmp_path / "pipe"):
        pass
    assert caught.value.filename == str(tmp_path / "pipe")
    assert stat.S_ISFIFO(os.lstat(tmp_path / "pipe").st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_device_that_takes_nothing_is_named():
    with pytest.raises(OSError, match="No space left") as caught, atomic_write("/dev/full") as full:
        full.write("a")
    assert caught.value.filename == "/dev/full"
    assert stat.S_ISCHR(os.lstat("/dev/full").st_mode)


def test_a_link_stays_and_what_it_points_to_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    for content in ("first", "second"):
        with atomic_write(tmp_path / "link") as stream:
            stream.write(content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "there" / "file").read_text(encoding="utf-8") == content
    assert os.listdir(tmp_path / "there") == ["file"]


def test_what_can_be_written_is_known_before(tmp_path):
    for path in (None, tmp_path / "a", tmp_path / "new" / "folder" / "a"):
        check_writable(path, "scores")
    assert os.listdir(tmp_path) == []


@needs_pipes
def test_a_pipe_can_be_written(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    check_writable(tmp_path / "pipe", "scores")
    assert stat.S_ISFIFO(os.lstat(tmp_path / "pipe").st_mode)


def test_what_cannot_be_written_is_known_before(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="a folder stands there, expected a file for the scores"):
        check_writable(tmp_path, "scores")
    for path in (tmp_path / "file" / "a", tmp_path / TOO_LONG):
        with pytest.raises(InputError, match="expected a file for the scores that") as caught:
            check_writable(path, "scores")
        assert caught.value.path == path


def test_what_is_read_is_not_written_over(tmp_path):
    source, other = tmp_path / "source", tmp_path / "other"
    source.touch()
    check_writable(other, "scores", read=[source, None])
    other.hardlink_to(source)
    for path in (source, other):
        with pytest.raises(InputError, match="this file is read, expected another one for the sc"):
            check_writable(path, "scores", read=[source])
    check_writable(os.devnull, "scores", read=[os.devnull])
