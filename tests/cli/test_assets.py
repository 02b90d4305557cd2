"""`seqpipe assets`: words and exit codes."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.processes import ended, seqpipe
from tests.project.site import serving

CONTENT = b"text"


def assets(*args, **env):
    return seqpipe("assets", *args, env={**os.environ, **env})


def test_what_is_fetched_is_said_and_what_fails_ends_with_1(tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "x").write_bytes(CONTENT)
    path = tmp_path / "project" / "project.yml"
    path.parent.mkdir()
    path.write_text(
        "vars: {dest: a}\nassets:\n"
        f"  - {{dest: '${{vars.dest}}.txt', checksum: '{hashlib.md5(CONTENT).hexdigest()}'}}\n"
        "  - {dest: b.txt, extra: true}\n"
    )
    done = assets(path, "--vars.dest", "c", SEQPIPE_MIRROR=str(mirror))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("✔ c.txt  copied from the mirror (")
    assert (path.parent / "c.txt").read_bytes() == CONTENT
    done = assets(path.parent, "--extra", "--vars.dest", "c", "--jobs", 1)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[:2] == ["✔ c.txt  is there", "✘ b.txt"]
    assert re.fullmatch(r"2 assets: 1 there, 1 failed; 0 bytes, \d+\.\d s", lines[2])
    assert done.stderr.startswith(f"error: {path}, line 4: asset b.txt: has no URL")


def test_a_project_without_assets_says_so(tmp_path):
    (tmp_path / "project.yml").write_text("commands: []")
    done = assets(tmp_path)
    assert done.returncode == 0
    assert done.stdout == "nothing to fetch (assets marked extra need --extra)\n"


@pytest.fixture
def big(tmp_path):
    """A project with one asset of a megabyte, and the site that it comes from, slowly."""
    with serving() as site:
        site.files["/big"], site.drip = b"x" * 1_000_000, 0.1
        path = tmp_path / "project.yml"
        path.write_text(f"assets: [{{dest: big, url: '{site.address}/big'}}]\n")
        yield path, site


def test_json_is_all_that_is_printed(tmp_path):
    (tmp_path / "x").write_bytes(CONTENT)
    (tmp_path / "project.yml").write_text(
        "assets:\n  - {dest: a, url: x}\n  - {dest: b, url: nowhere}\n"
    )
    done = assets(tmp_path, "--json", "--jobs", 1)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    a, b = told["assets"]
    assert (a["dest"], a["ready"], a["text"], a["bytes"]) == ("a", True, "copied", len(CONTENT))
    assert (b["dest"], b["ready"]) == ("b", False)
    assert b["text"] in done.stderr
    assert (told["failed"], told["bytes"]) == (1, len(CONTENT))


def test_without_a_terminal_there_are_plain_lines(big):
    path, site = big
    site.drip = 0.02
    done = assets(path)
    assert re.fullmatch(r"✔ big  downloaded, 1\.0 MB in \d\.\d s\n", done.stdout)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("width", [40, 100])
def test_a_terminal_has_a_bar_with_bytes_that_goes_away(big, width):
    import pty

    main, side = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": str(width), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "seqpipe", "assets", str(big[0])]
    process = subprocess.Popen(command, stdout=side, stderr=side, stdin=side, env=env)
    os.close(side)
    seen = b""
    try:
        while piece := os.read(main, 4096):
            seen += piece
    except OSError:  # how a terminal ends on Linux
        pass
    os.close(main)
    assert process.wait(timeout=60) == 0
    text = seen.decode()
    assert re.search(r"big +.*\d/1\.0 MB", text)
    assert "\x1b[3" not in text  # no colour
    assert "✔ big  downloaded, 1.0 MB in" in text
    assert "MB" not in text.rsplit("\x1b[2K", 1)[1]  # the bar is gone


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
    ids=["Ctrl-C", "SIGTERM"],
)
def test_an_end_by_a_signal_is_said_and_keeps_the_part(big, number, code, word):
    path, site = big
    site.drip = 0.3
    command = [sys.executable, "-m", "seqpipe", "assets", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    part = path.parent / ".big.part"
    while not part.exists() or not part.stat().st_size:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, said = ended(process, seconds=30)
    assert (process.returncode, said) == (code, f"{word}\n")
    assert 0 < part.stat().st_size < 1_000_000
    site.drip, site.asked = 0.0, []
    assert assets(path).returncode == 0
    assert site.asked[0][1] is not None
    assert (path.parent / "big").stat().st_size == 1_000_000


def test_two_at_a_time_do_not_disturb_each_other(big):
    path, _ = big
    command = [sys.executable, "-m", "seqpipe", "assets", str(path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(ended(process, seconds=60)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert "another `seqpipe assets` fetches for this project; waiting for it" in "".join(said)
    assert sum("downloaded" in one for one in said) == 1
    assert (path.parent / "big").stat().st_size == 1_000_000
