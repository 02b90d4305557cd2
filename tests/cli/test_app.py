"""The frame of the command line: faults as one message, help, version."""

import errno
import os
import subprocess
import sys

import pytest

from seqpipe import __version__
from seqpipe.cli import describe, main
from seqpipe.files import InputError
from tests import processes


def seqpipe(*args, **env):
    return processes.seqpipe(*args, env={**os.environ, **env})


def test_help_lists_the_commands():
    done = seqpipe("--help")
    assert done.returncode == 0
    for command in ("run", "assets", "train", "evaluate", "apply", "plugins"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("command", ["run", "assets", "train", "evaluate", "apply", "plugins"])
def test_every_command_has_help(command):
    done = seqpipe(command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


def test_version():
    assert seqpipe("--version").stdout == f"seqpipe {__version__}\n"


def test_an_unknown_command_is_a_usage_error():
    done = seqpipe("rnu")
    assert done.returncode == 2
    assert "rnu" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fault_is_one_plain_line_on_stderr_and_exit_code_1(tmp_path):
    done = seqpipe("run", str(tmp_path))
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == f"error: {tmp_path}: no project.yml in this folder\n"


def test_debug_adds_the_traceback(tmp_path):
    done = seqpipe("run", str(tmp_path), SEQPIPE_DEBUG="1")
    assert "Traceback" in done.stderr
    assert done.stderr.endswith(f"error: {tmp_path}: no project.yml in this folder\n")
    assert done.returncode == 1


def test_output_that_the_terminal_cannot_show_is_escaped(tmp_path):
    (tmp_path / "project.yml").write_text(
        "commands: [{name: all, script: ['echo słowo']}]", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "seqpipe", "run", str(tmp_path)],
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert b"-- all --  echo s\\u0142owo" in done.stdout


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (InputError("bad", path="a.cfg", line=3), "a.cfg, line 3: bad"),
        (KeyError("[E002] Can't find factory"), "[E002] Can't find factory"),
        (KeyError("words"), "KeyError: 'words'"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.txt"), "x.txt: no such file or folder"),
        (OSError(errno.ENOSPC, "No space left"), "no space left on the device"),
        (OSError(errno.EIO, "Input/output error", "x.txt"), "x.txt: Input/output error"),
        (OSError("out of luck"), "out of luck"),
        (ValueError(), "ValueError"),
    ],
)
def test_a_fault_is_described_without_decoration(fault, message):
    assert describe(fault) == message


def test_a_missing_extra_says_how_to_install_it(monkeypatch, capsys):
    def needs_plot(*args, **options):
        raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib.pyplot")

    monkeypatch.setattr("seqpipe.cli.app.load_plugins", needs_plot)
    with pytest.raises(SystemExit):
        main()
    assert "pip install 'seqpipe[plot]'" in capsys.readouterr().err
