"""Unpacks an archive into a folder of its own: whole or not at all, and never outside of it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from seqpipe.files import InputError, atomic_folder
from seqpipe.project.unfinished import unfinished
from seqpipe.project.watch import Watch

# What an archive may unpack to: so many times its own size, and some more for small ones.
LARGEST_RATIO, ALWAYS_ALLOWED = 250, 64 << 20
MOST_MEMBERS = 2_000_000
Key = tuple[str, ...]
PIECE = 1 << 20  # bytes
PACKED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
DAMAGED = (
    EOFError,
    RuntimeError,  # a password, or a method that this Python cannot read
    gzip.BadGzipFile,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class _Member:
    """A file, folder or link in an archive.

    target (Optional[str]): Where a link leads, from the archive's top.
    """

    name: str
    size: int
    target: str | None = None


def unpack(archive: Path, folder: Path, watch: Watch) -> int:
    """Unpack a zip, a tar (plain, gz, bz2, xz) or one packed file.

    archive (Path): The archive; its content says what it is, not its name.
    folder (Path): The folder to fill; what is there is replaced.
    watch (Watch): Who looks on.
    RETURNS (int): How many files came out. Raises InputError, with nothing written, for one that is
        damaged, would write outside of the folder or is too large for what it holds.
    """
    with open(archive, "rb") as stream:
        magic = stream.read(8)
    limit = archive.stat().st_size * LARGEST_RATIO + ALWAYS_ALLOWED
    try:
        if magic.startswith(ZIP):
            return _unpack_zip(archive, folder, limit, watch)
        if _is_tar(archive):
            return _unpack_tar(archive, folder, limit, watch)
        for start, opened in PACKED.items():
            if magic.startswith(start):
                return _unpack_one(archive, opened, folder, limit, watch)
    except DAMAGED as fault:
        raise InputError(f"the archive cannot be unpacked: {fault}; nothing was written") from None
    raise InputError("not an archive, expected zip, tar, tar.gz, tar.bz2, tar.xz or gz")


def _is_tar(archive: Path) -> bool:
    try:
        with tarfile.open(archive) as packed:
            return packed.next() is not None  # zeros are an empty tar, and much else
    except tarfile.ReadError:
        return False


def _unpack_zip(archive: Path, folder: Path, limit: int, watch: Watch) -> int:
    with zipfile.ZipFile(archive) as packed:
        listed = packed.infolist()
        for info in listed:
            if stat.S_IFMT(info.external_attr >> 16) == stat.S_IFLNK:
                raise _refused(info.filename, "a link, which is not taken from a zip")
        _check((_Member(info.filename, info.file_size) for info in listed), limit, watch)
        with _filled(folder) as fresh:
            done = 0
            for info in listed:
                watch.advance(done, None)
                packed.extract(info, fresh)
                done += info.file_size
        return sum(not info.is_dir() for info in listed)


def _unpack_tar(archive: Path, folder: Path, limit: int, watch: Watch) -> int:
    with tarfile.open(archive) as packed:
        _check(map(_tar_member, packed), limit, watch)
        listed = packed.getmembers()
        with _filled(folder) as fresh:
            done = 0
            for info in listed:
                watch.advance(done, None)
                packed.extract(info, fresh, filter="data")
                done += info.size
        return sum(not info.isdir() for info in listed)


def _tar_member(info: tarfile.TarInfo) -> _Member:
    if info.issym():
        # An absolute target stays one.
        return _Member(info.name, 0, str(PurePosixPath(info.name).parent / info.linkname))
    if info.islnk():
        return _Member(info.name, 0, info.linkname)
    if not (info.isfile() or info.isdir()):
        raise _refused(info.name, "neither a file nor a folder")
    return _Member(info.name, info.size)


def _unpack_one(
    archive: Path, opened: Callable[..., Any], folder: Path, limit: int, watch: Watch
) -> int:
    """Unpack what holds one file without a name: it gets the archive's, less its last suffix."""
    name = archive.stem if archive.suffix else f"{archive.name}.unpacked"
    with (
        _filled(folder) as fresh,
        opened(archive, "rb") as content,
        open(fresh / name, "wb") as stream,
    ):
        _copy(content, stream, limit, watch)
    return 1


def _copy(content: IO[bytes], stream: IO[bytes], limit: int, watch: Watch) -> None:
    done = 0
    while piece := content.read(PIECE):
        done += len(piece)
        if done > limit:
            raise _too_large(limit)
        stream.write(piece)
        watch.advance(done, None)


@contextmanager
def _filled(folder: Path) -> Iterator[Path]:
    """A folder to fill that takes its place when all is in it."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, expected a folder to unpack into")
    with unfinished(folder) as room, atomic_folder(folder, within=room) as fresh:
        yield fresh


def _check(members: Iterable[_Member], limit: int, watch: Watch) -> None:
    """Look at all that an archive would write, before any of it is."""
    size = 0
    keys: list[Key] = []
    links: dict[Key, _Member] = {}
    for member in members:
        watch.check()
        keys.append(_key(member.name))
        if member.target is not None:
            links[keys[-1]] = member
        size += member.size
        if size > limit or len(keys) > MOST_MEMBERS:
            raise _too_large(limit)
    for member in links.values():
        _check_target(member, links)
    for key, times in Counter(keys).items():
        if any(key[:end] in links for end in range(1, len(key))):
            raise _refused("/".join(key), "a path through a link")
        if times > 1 and key in links:
            raise _refused("/".join(key), "there more than once, and a link")


def _key(name: str) -> Key:
    """The parts of a name as the least particular file system tells them apart."""
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    is_absolute = name.startswith(("/", "\\")) or PureWindowsPath(name).drive
    if is_absolute or ".." in parts or "\0" in name:
        raise _refused(name, "a path that leaves the folder")
    return tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)


def _check_target(link: _Member, links: Container[Key]) -> None:
    """Follow a link by its words alone: outside, and through another link, it must not lead."""
    assert link.target is not None
    if link.target.startswith(("/", "\\")) or PureWindowsPath(link.target).drive:
        raise _refused(link.name, "a link out of the folder")
    place: Key = ()
    for part in re.split(r"[/\\]", link.target):
        if part in ("", "."):
            continue
        if place in links:
            raise _refused(link.name, "a link through another link")
        if part != "..":
            place += (unicodedata.normalize("NFC", part).casefold(),)
        elif place:
            place = place[:-1]
        else:
            raise _refused(link.name, "a link out of the folder")


def _refused(name: str, what: str) -> InputError:
    return InputError(f"the archive holds {name!r}, {what}; nothing was written")


def _too_large(limit: int) -> InputError:
    size = f"{limit / (1 << 20):,.0f} MiB or {MOST_MEMBERS:,} files"
    ratio = f"{LARGEST_RATIO} times its size and {ALWAYS_ALLOWED >> 20} MiB"
    return InputError(
        f"the archive unpacks to more than {size} (allowed are {ratio}); nothing was written"
    )
