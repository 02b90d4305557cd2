"""`seqpipe plugins`: the list shows the built-in ones."""

import json
import subprocess
import sys

from seqpipe import __version__


def listed(*options):
    return subprocess.run(
        [sys.executable, "-m", "seqpipe", "plugins", *options],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_built_in_plugins_are_listed():
    done = listed()
    assert done.returncode == 0
    rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert f"tagging {__version__} built in seqpipe_commands, seqpipe_starters ok" in rows
    assert f"embeddings {__version__} built in seqpipe_commands ok" in rows


def test_only_those_of_a_hook_are_listed():
    rows = [line.split()[0] for line in listed("--hook", "seqpipe_starters").stdout.splitlines()]
    assert rows[:3] == ["name", "tagging", "classification"]
    assert "embeddings" not in rows


def test_a_hook_that_is_not_there_is_an_error_with_the_nearest():
    done = listed("--hook", "seqpipe_starter")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "error: --hook seqpipe_starter: no hook is named so; did you mean seqpipe_starters?\n"
    )


def test_json_has_all_that_is_known_of_a_plugin():
    found = json.loads(listed("--json").stdout)
    assert found["plugins"][0] == {
        "name": "tagging",
        "module": "seqpipe.tagging.commands",
        "distribution": "seqpipe",
        "version": __version__,
        "hooks": ["seqpipe_commands", "seqpipe_starters"],
        "error": None,
        "left_out": None,
        "state": "ok",
    }
    assert isinstance(found["broken_factories"], list)
