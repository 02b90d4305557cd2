"""What a kill leaves of an asset that is a folder goes with the next run, or comes back."""

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from seqpipe.project.assets import project_assets
from seqpipe.project.unfinished import unfinished


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch):
    monkeypatch.delenv("SEQPIPE_MIRROR", raising=False)


def fetch(path):
    told = []
    project_assets(
        path,
        report=lambda event: told.append(event.text) if event.kind == "ready" else None,
    )
    return told


def test_what_a_kill_leaves_of_an_unpacking_goes_with_the_next_run(write_project, tmp_path):
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as packed:
        for i in range(6_000):
            packed.writestr(f"{i // 100}/{i}.txt", b"")
    path = write_project("assets: [{dest: data/a.zip, url: many.zip, extract: data/many}]")
    room = tmp_path / ".seqpipe" / "unfinished"
    process = subprocess.Popen([sys.executable, "-m", "seqpipe", "assets", str(path)])
    while not list(room.glob("*/filled/*")):
        assert process.poll() is None
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert not (tmp_path / "data" / "many").exists()
    assert list(room.glob("*/filled/*"))
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["a.zip"]
    fetch(path)
    assert list(room.iterdir()) == []
    assert sum(file.is_file() for file in (tmp_path / "data/many").rglob("*")) == 6_000
    names = sorted(file.name for file in (tmp_path / "data").iterdir())
    assert names == [".many.asset", "a.zip", "many"]


def test_what_a_kill_leaves_on_another_file_system_goes_too(write_project):
    path = write_project("assets: [{dest: data/a.conll, url: project.yml}]")
    fetch(path)
    left = path.parent / "data" / ".a.conll.unfinished"
    (left / "tmp1" / "clone" / ".git").mkdir(parents=True)
    mine = left.with_name(".b.conll.unfinished")
    mine.mkdir()
    fetch(path)
    assert not left.exists()
    assert mine.exists()


def test_a_folder_that_a_kill_caught_while_it_was_replaced_comes_back(write_project):
    path = write_project("assets: [{dest: here, git: {repo: nowhere, path: data}}]")
    room = path.parent / ".seqpipe" / "unfinished" / "tmp1"
    old = room / ".here.x_1" / "old"
    old.mkdir(parents=True)
    (old / "a.txt").write_text("before")
    (room / "place").write_text("here")
    (room / "clone" / "old").mkdir(parents=True)  # of a repository
    assert fetch(path) == ["is there (no checksum to hold it to)"]
    assert (path.parent / "here" / "a.txt").read_text() == "before"
    assert not room.parent.exists()


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs another file system")
def test_a_folder_on_another_file_system_is_filled_beside_its_place(tmp_path):
    with TemporaryDirectory(dir="/dev/shm") as other:
        place = Path(other) / "here"
        (tmp_path / ".seqpipe").mkdir()
        with unfinished(place, tmp_path) as room:
            (room / "filled").mkdir()
            os.replace(room / "filled", place)
        assert os.listdir(other) == ["here"]
