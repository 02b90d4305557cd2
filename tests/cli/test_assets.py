"""`seqpipe assets`: words and exit codes."""

import hashlib
import os
import subprocess
import sys

CONTENT = b"text"


def assets(*args, **env):
    return subprocess.run(
        [sys.executable, "-m", "seqpipe", "assets", *map(str, args)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


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
    done = assets(path.parent, "--extra", "--vars.dest", "c")
    assert done.returncode == 1
    assert done.stdout == "✔ c.txt  is there\n"
    assert done.stderr.startswith(f"error: {path}, line 4: asset b.txt: has no URL")


def test_a_project_without_assets_says_so(tmp_path):
    (tmp_path / "project.yml").write_text("commands: []")
    done = assets(tmp_path)
    assert done.returncode == 0
    assert done.stdout == "nothing to fetch (assets marked extra need --extra)\n"
