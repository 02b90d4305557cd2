"""What is written is whole or not there, and a fault names what was to be written."""

import os

import pytest

from seqpipe.files import atomic_folder, atomic_write

# A name that no file system takes, so that not even a temporary file can stand beside it.
TOO_LONG = "x" * 300


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
