"""Writes what is up to date as weasel's project.lock, so that weasel skips it too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqpipe.files import atomic_write, check_writable
from seqpipe.project.load import Command, Project
from seqpipe.project.lock import Records

FILE = "project.lock"


def export_weasel_lock(
    project: Project, records: Records
) -> tuple[Path, list[str], dict[str, str]]:
    """Write weasel's lock file where weasel reads it: beside project.yml. An older one is replaced.

    project (Project): The project.
    records (Records): What is known of earlier runs.
    RETURNS (Tuple[Path, List[str], Dict[str, str]]): The file, the commands in it, and those left
        out with why.
    """
    import srsly

    path = project.folder / FILE
    check_writable(path, "lock", read=[project.path])
    entries: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for command in project.commands.values():
        reason = records.reason(command)
        if reason is None and command.env:
            names = ", ".join(command.env)
            reason = f"weasel's lock would show the value of {names}"
        if reason is None:
            entries[command.name] = _entry(project.folder, command)
        else:
            left_out[command.name] = reason
    with atomic_write(path) as stream:
        stream.write(srsly.yaml_dumps(entries))
    return path, list(entries), left_out


def _entry(folder: Path, command: Command) -> dict[str, Any]:
    from weasel.cli.run import get_lock_entry

    block = {"name": command.name}
    texts = {"script": command.script, "deps": command.deps, "outputs": command.outputs}
    return get_lock_entry(
        folder, block | {key: [text.value for text in values] for key, values in texts.items()}
    )
