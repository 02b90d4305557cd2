"""The MD5 that project.yml gives for an asset, over the same bytes as weasel's."""

from __future__ import annotations

import hashlib
from pathlib import Path


def md5_of(path: Path) -> str:
    """The checksum of a file, or of all files in a folder one after the other, without their names.

    path (Path): A file or folder that exists.
    RETURNS (str): In hexadecimal digits, lower case.
    """
    digest = hashlib.md5(usedforsecurity=False)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        with open(file, "rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()
