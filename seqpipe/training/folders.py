"""Folders that are whole or not there: written under a number, synced, then a link is switched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path


def fill_folder(parent: Path, number: int, fill: Callable[[Path], None]) -> Path:
    """Fill a folder under another name; when it is whole and on the disk, name it by a number.

    parent (Path): Where it stands; made if need be.
    number (int): Its name, in six digits. If there is one already, the new one has ".1" after it,
        or ".2" and so on: links may lead to the other.
    fill (Callable): Writes the content.
    RETURNS (Path): The folder.
    """
    parent.mkdir(parents=True, exist_ok=True)
    fresh = parent / f".{number:06}.new"
    remove(fresh)
    try:
        fresh.mkdir()
        fill(fresh)
        _sync(fresh)
        names = (f"{number:06}{f'.{i}' if i else ''}" for i in count())
        target = next(parent / name for name in names if not (parent / name).exists())
        os.rename(fresh, target)
        _sync_names(parent)
    except BaseException:
        remove(fresh)
        raise
    return target


def switch_link(link: Path, target: Path) -> None:
    """Let a link lead to a folder, at once; what stood under its name, a folder too, is gone.

    link (Path): The link; the target is written relative to its folder.
    target (Path): The folder.
    """
    fresh = link.with_name(f".{link.name}.new")
    remove(fresh)
    os.symlink(os.path.relpath(target, link.parent), fresh, target_is_directory=True)
    old = link.with_name(f".{link.name}.old")
    remove(old)
    if link.is_dir() and not link.is_symlink():
        os.rename(link, old)  # left by spaCy's own loop
    os.replace(fresh, link)
    remove(old)
    _sync_names(link.parent)


def keep_only(parent: Path, kept: set[Path]) -> None:
    """Remove the numbered folders, whole or not, that no link leads to.

    kept (Set[Path]): Those that stay, resolved.
    parent (Path): Where they stand; it need not be there.
    """
    if parent.is_dir():
        for folder in parent.iterdir():
            if folder.resolve() not in kept:
                remove(folder)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all in it, if it is there.

    path (Path): A link is removed itself, not what it leads to.
    """
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def _sync(folder: Path) -> None:
    """Have everything in a folder on the disk."""
    for parent, _, files in os.walk(folder):
        for name in files:
            with open(Path(parent) / name, "rb") as stream:
                os.fsync(stream.fileno())
        _sync_names(Path(parent))


def _sync_names(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system lets folders be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
