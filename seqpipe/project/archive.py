"""Unpacks an archive into an empty folder, and never outside of it."""

from __future__ import annotations

import bz2
import errno
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

from seqpipe.files import InputError
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
BLOCK, RECORD = 512, 10_240  # bytes; what a tar is made of, and filled up to
# What the system says of a name that cannot be.
UNFIT = frozenset(
    {errno.EEXIST, errno.EILSEQ, errno.EINVAL, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR}
)
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
    is_folder: bool = False
    target: str | None = None


def unpack(archive: Path, folder: Path, watch: Watch) -> None:
    """Unpack a zip, a tar (plain, gz, bz2, xz) or one packed file.

    archive (Path): The archive; its content says what it is, not its name.
    folder (Path): The folder to fill: an empty one, which nobody misses if this fails.
    watch (Watch): Who looks on.
    RAISES (InputError): For one that is damaged, would write outside of the folder or is too large
        for what it holds.
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
            if packed.next() is not None:
                return True
            # Zeros are an empty tar, and much else.
            assert packed.fileobj is not None
            packed.fileobj.seek(0)
            zeros = packed.fileobj.read(RECORD + 1)
    except tarfile.ReadError:
        return False
    return 2 * BLOCK <= len(zeros) <= RECORD and not len(zeros) % BLOCK and not any(zeros)


def _unpack_zip(archive: Path, folder: Path, limit: int, watch: Watch) -> None:
    with zipfile.ZipFile(archive) as packed:
        listed = packed.infolist()
        for info in listed:
            if stat.S_IFMT(info.external_attr >> 16) == stat.S_IFLNK:
                raise _refused(info.filename, "a link, which is not taken from a zip")
        members = (_Member(info.filename, info.file_size, info.is_dir()) for info in listed)
        _check(members, limit, watch)
        done = 0
        for info in listed:
            watch.advance(done, None)
            with _named(info.filename):
                _keep_executable(info, Path(packed.extract(info, folder)))
            done += info.file_size


def _keep_executable(info: zipfile.ZipInfo, file: Path) -> None:
    """Let those run a file who may read it, where it could be run."""
    if info.external_attr >> 16 & stat.S_IXUSR and not info.is_dir():
        mode = stat.S_IMODE(file.stat().st_mode)
        file.chmod(mode | (mode & 0o444) >> 2)


def _unpack_tar(archive: Path, folder: Path, limit: int, watch: Watch) -> None:
    with tarfile.open(archive) as packed:
        _check(map(_tar_member, packed), limit, watch)
        done = 0
        for info in packed.getmembers():
            watch.advance(done, None)
            with _named(info.name):
                packed.extract(info, folder, filter="data")
            done += info.size


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say which name in the archive it is that no file can have here."""
    try:
        yield
    except OSError as fault:
        if fault.errno not in UNFIT:
            raise
        raise _refused(name, f"which cannot be written here ({fault.strerror})") from None


def _tar_member(info: tarfile.TarInfo) -> _Member:
    if info.issym():
        # An absolute target stays one.
        target = str(PurePosixPath(info.name).parent / info.linkname)
        return _Member(info.name, 0, target=target)
    if info.islnk():
        return _Member(info.name, 0, target=info.linkname)
    if not (info.isfile() or info.isdir()):
        raise _refused(info.name, "neither a file nor a folder")
    return _Member(info.name, info.size, info.isdir())


def _unpack_one(
    archive: Path, opened: Callable[..., Any], folder: Path, limit: int, watch: Watch
) -> None:
    """Unpack what holds one file without a name: it gets the archive's, less its last suffix."""
    name = archive.stem if archive.suffix else f"{archive.name}.unpacked"
    with opened(archive, "rb") as content, open(folder / name, "wb") as stream:
        _copy(content, stream, limit, watch)


def _copy(content: IO[bytes], stream: IO[bytes], limit: int, watch: Watch) -> None:
    done = 0
    while piece := content.read(PIECE):
        done += len(piece)
        if done > limit:
            raise _too_large(limit)
        stream.write(piece)
        watch.advance(done, None)


def _check(members: Iterable[_Member], limit: int, watch: Watch) -> None:
    """Look at all that an archive would write, before any of it is."""
    size = 0
    keys: list[Key] = []
    links: dict[Key, _Member] = {}
    files: set[Key] = set()
    for member in members:
        watch.check()
        keys.append(_key(member.name))
        if member.target is not None:
            links[keys[-1]] = member
        elif not member.is_folder:
            files.add(keys[-1])
        size += member.size
        if size > limit or len(keys) > MOST_MEMBERS:
            raise _too_large(limit)
    for member in links.values():
        _check_target(member, links)
    for key, times in Counter(keys).items():
        if any(key[:end] in links for end in range(1, len(key))):
            raise _refused("/".join(key), "a path through a link")
        if any(key[:end] in files for end in range(1, len(key))):
            raise _refused("/".join(key), "a path through a file")
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
