"""Packages as pip leaves them in a folder, and the command line beside them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.processes import without_torch


@dataclass
class Installed:
    """A folder that packages are installed into."""

    folder: Path

    def add(self, name, source, target=None, *, group="seqpipe"):
        """Install seqpipe-NAME 1.5: a module NAME_module, and its metadata with an entry point."""
        (self.folder / f"{name}_module.py").write_text(source)
        self._info(name).mkdir()
        metadata = f"Metadata-Version: 2.1\nName: seqpipe-{name}\nVersion: 1.5\n"
        (self._info(name) / "METADATA").write_text(metadata)
        entries = f"[{group}]\n{name} = {target or f'{name}_module'}\n"
        (self._info(name) / "entry_points.txt").write_text(entries)

    def damage(self, name, file, content):
        """Put something else into a file of a package's metadata, or, with None, remove it."""
        if content is None:
            (self._info(name) / file).unlink()
        else:
            (self._info(name) / file).write_bytes(content)

    def put_on_path(self, monkeypatch):
        """Let this process find these packages, and no module of an earlier test."""
        monkeypatch.syspath_prepend(self.folder)
        for name in [name for name in sys.modules if name.endswith("_module")]:
            monkeypatch.delitem(sys.modules, name)

    def seqpipe(self, *args, **environment):
        """Run the command line beside these packages, in a process of its own: which packages
        there are is read when libraries are imported."""
        return subprocess.run(
            [sys.executable, "-m", "seqpipe", *map(str, args)],
            env=self._environment() | environment,
            capture_output=True,
            text=True,
            timeout=240,
        )

    def processor_seconds(self, *args):
        """How long it takes on a machine that does nothing else: it waits for nothing."""
        before = os.times()
        words = [sys.executable, "-m", "seqpipe", *map(str, args)]
        subprocess.run(words, env=self._environment(), capture_output=True, timeout=120)
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])

    def _environment(self):
        return without_torch({**os.environ, "PYTHONPATH": str(self.folder)})

    def state(self, name):
        """What `seqpipe plugins` says of one: state, hooks and error."""
        listed = json.loads(self.seqpipe("plugins", "--json").stdout)["plugins"]
        (found,) = [one for one in listed if one["name"] == name]
        return found["state"], found["hooks"], found["error"]

    def _info(self, name):
        return self.folder / f"seqpipe_{name}-1.5.dist-info"
