"""`seqpipe plugins`: the list shows the built-in ones."""

import subprocess
import sys

from seqpipe import __version__


def test_the_built_in_plugins_are_listed():
    done = subprocess.run(
        [sys.executable, "-m", "seqpipe", "plugins"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert f"tagging {__version__} built in seqpipe_commands, seqpipe_starters ok" in rows
    assert f"embeddings {__version__} built in seqpipe_commands ok" in rows
