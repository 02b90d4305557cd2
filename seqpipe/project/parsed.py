"""Keeps what a project.yml says as JSON, which reads fifty times as fast as YAML."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from seqpipe.files import atomic_write
from seqpipe.project.hashes import ROOM
from seqpipe.project.source import Lines, parse_yaml

VERSION = 1


def read_parsed(path: Path) -> tuple[Any, Lines]:
    """Read a YAML file, or what is kept of it if it is the same.

    path (Path): The file. What is kept lies beside it, where seqpipe has run before.
    RETURNS (Tuple[Any, Lines]): Its data, and the lines in it. Raises InputError as `read_yaml`
        does.
    """
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    kept = path.parent / ROOM / f"parsed-{path.name}.json"
    found = _read(kept, digest)
    if found is None:
        found = parse_yaml(content, path)
        _write(kept, digest, *found)
    return found


def _read(kept: Path, digest: str) -> tuple[Any, Lines] | None:
    try:
        content = json.loads(kept.read_bytes())
        if (content["version"], content["digest"]) == (VERSION, digest):
            return content["data"], Lines({tuple(p): int(n) for p, n in content["lines"]})
    except (OSError, ValueError, KeyError, TypeError):
        pass  # it is only kept to save time
    return None


def _write(kept: Path, digest: str, data: Any, lines: Lines) -> None:
    if not kept.parent.is_dir():
        return
    try:
        if json.loads(json.dumps(data)) != data:
            return  # such as keys that are no strings
        places = [[list(place), line] for place, line in lines.places.items()]
        content = {"version": VERSION, "digest": digest, "data": data, "lines": places}
        with atomic_write(kept) as stream:
            stream.write(json.dumps(content))
    except (OSError, TypeError, ValueError):
        return  # dates, or a folder that cannot be written
