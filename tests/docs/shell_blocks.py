"""Runs the lines of a shell block: calls of seqpipe in this process, anything else in bash."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from seqpipe.cli import main

QUOTED = re.compile(r"'[^']*'|\"[^\"$`]*\"")
OF_THE_SHELL = re.compile(r"[|&;<>()$`*?~{}\n]")
SECONDS = 120


class Shell:
    """Runs blocks in a folder.

    folder (Path): The working folder.
    not_run (List[str]): Beginnings of the commands that are left out.
    """

    def __init__(self, folder, not_run):
        self.folder = folder
        self.not_run = tuple(not_run)

    def run(self, body):
        """Run each command of a block; raise ValueError unless it exits with 0."""
        lines = [line for line in commands(body) if not line.startswith(self.not_run or ("\0",))]
        if all(is_plain_seqpipe(line) for line in lines):
            for line in lines:
                run_here(line)
        else:
            self.run_in_bash("\n".join(lines))

    def run_in_bash(self, script):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        if done.returncode:
            said = done.stdout + done.stderr
            raise ValueError(f"exit code {done.returncode} of\n{script}\n{said}")


def commands(body):
    """The lines of a block that say something, those that go on with a backslash in one."""
    lines = body.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def is_plain_seqpipe(line):
    """Whether a line is a call of seqpipe that needs no shell but for its quotes."""
    command = re.sub(r"\s#.*", "", QUOTED.sub("''", line))
    return command.startswith("seqpipe ") and not OF_THE_SHELL.search(command)


def run_here(line):
    """Run a call of seqpipe in this process, as the shell would."""
    with patch.object(sys, "argv", shlex.split(line, comments=True)):
        try:
            main()
        except SystemExit as end:
            if end.code:
                raise ValueError(f"exit code {end.code} of: {line}") from None
