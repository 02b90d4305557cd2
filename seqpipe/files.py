"""Files: errors that say where, and writes that are whole or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Python writes the first into any folder of scripts that a command imports from; the second is what
# seqpipe keeps for itself in the folder of a project.
IGNORED = frozenset({"__pycache__", ".seqpipe"})


class InputError(ValueError):
    """A fault in what the user gave: says the file, the line and what was expected.

    message (str): What was found and what would be right.
    path: The file, if one is at fault.
    line (int): The line in it, from 1.
    """

    def __init__(
        self, message: str, *, path: str | os.PathLike[str] | None = None, line: int | None = None
    ) -> None:
        where = "" if path is None else f"{os.fspath(path)}: "
        if path is not None and line is not None:
            where = f"{os.fspath(path)}, line {line}: "
        super().__init__(where + message)
        self.path, self.line = path, line


@contextmanager
def blamed(file: Path) -> Iterator[Path]:
    """Say of whatever goes wrong inside which file of a component is at fault.

    file (Path): The file.
    YIELDS (Path): The same.
    RAISES (InputError): In the place of any exception.
    """
    try:
        yield file
    except InputError as error:
        raise InputError(str(error), path=file) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=file) from error
    except Exception as error:
        # Damage comes up as any exception at all, of msgpack, srsly or Thinc.
        raise InputError(
            f"does not load ({error}), expected what a component of this architecture wrote",
            path=file,
        ) from error


@contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO]:
    """Write a file beside its place, sync it, then rename it there.

    A reader sees the old file or the new one, whatever kills the process. The parent folder is
    made. A link stays, and what it points to is written. A device or a pipe is written straight
    into: a file in the place of /dev/null would harm all others.

    path: The file to write.
    mode (str): "w" for UTF-8 text with "\\n" line ends, or "wb" for bytes.
    YIELDS (IO): The open file: a temporary one, or the device or the pipe.
    """
    target = Path(path)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    if _is_special(target):
        try:
            with open(target, mode, **text) as stream:  # type: ignore[call-overload]
                yield stream
        except BaseException as error:
            _say_where(error, target)
            raise
        return
    place = Path(os.path.realpath(target)) if target.is_symlink() else target
    place.parent.mkdir(parents=True, exist_ok=True)
    with _saying_where(target):
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with open(handle, mode, **text) as stream:  # type: ignore[call-overload]
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        with _saying_where(target):
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, place)
    except BaseException as error:
        if os.path.exists(name):
            os.unlink(name)
        _say_where(error, target)
        raise


@contextmanager
def atomic_folder(path: str | os.PathLike[str], *, within: Path | None = None) -> Iterator[Path]:
    """Fill a folder beside its place, then rename it there; an old one is replaced.

    A reader sees the old folder or the new one; in between, for an instant, none.

    path: The folder to write.
    within (Optional[Path]): The folder to fill it in, on the same file system; by default the one
        that it will stand in.
    YIELDS (Path): The folder to fill.
    RAISES (NotADirectoryError): If a device or a pipe stands there.
    """
    target = Path(path)
    if _is_special(target):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    with _saying_where(target):
        work = Path(tempfile.mkdtemp(dir=within or target.parent, prefix=f".{target.name}."))
    fresh, old = work / "new", work / "old"
    try:
        fresh.mkdir()
        yield fresh
        if target.exists():
            os.replace(target, old)
        try:
            os.replace(fresh, target)
        except OSError:
            os.replace(old, target)
            raise
    except BaseException as error:
        _say_where(error, target)
        raise
    finally:
        shutil.rmtree(work)


def check_writable(
    path: str | os.PathLike[str] | None,
    what: str,
    *,
    read: Iterable[str | os.PathLike[str] | None] = (),
) -> None:
    """Refuse at once what could not be written when all is computed, or would be written over what
    it is computed from.

    path: The file to write; None for none.
    what (str): What will stand in it, such as "scores".
    read (Iterable): Files that are read; a None among them is none.
    RAISES (InputError): If a folder stands there, nothing can be written there, or it is one of
        the files that are read.
    """
    if path is None:
        return
    target = Path(path)
    for source in read:
        if source is not None and _is_same_file(target, source):
            message = f"this file is read, expected another one for the {what}"
            raise InputError(message, path=path)
    try:
        if target.is_dir():
            raise InputError(f"a folder stands there, expected a file for the {what}", path=path)
        if _is_special(target):
            if not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
            return
        # Only this shows it surely: root, and some file systems, have rights of their own.
        folder = next(above for above in Path(os.path.realpath(target)).parents if above.exists())
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{target.name}."):
            pass
    except OSError as error:
        message = f"{error.strerror or error}, expected a file for the {what} that can be written"
        raise InputError(message, path=path) from error


def _is_same_file(target: Path, source: str | os.PathLike[str]) -> bool:
    """RETURNS (bool): Whether both are one file. A terminal may be read and written."""
    try:
        return os.path.samefile(target, source) and not _is_special(target)
    except (OSError, ValueError):  # one of them is not there
        return False


def _is_special(target: Path) -> bool:
    """RETURNS (bool): Whether a path leads to a device, a pipe or a socket."""
    try:
        mode = os.stat(target).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def _saying_where(target: Path) -> Iterator[None]:
    """Name what was to be written where an error of the system names the temporary file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error


def _say_where(error: BaseException, target: Path) -> None:
    """Let an error of the system that names no file, such as a full disk, name the one that could
    not be written; numpy's own has no number either."""
    if isinstance(error, OSError) and error.filename is None:
        reason = error.strerror or f"could not be written ({error})"
        raise OSError(error.errno or errno.EIO, reason, str(target)) from error


def content_digest(path: Path, leave_out: Collection[str] = ()) -> str:
    """A digest of a file, or of a folder with the names in it; links are followed.

    path (Path): A file or folder that exists.
    leave_out (Collection[str]): Absolute paths below it that do not count.
    RETURNS (str): SHA-256.
    """
    return _digest(path, leave_out, frozenset())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _digest(path: Path, leave_out: Collection[str], above: frozenset[str]) -> str:
    real = os.path.realpath(path)
    if path.is_file():
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    if not path.is_dir() or real in above:
        # A dangling link, a link to a folder around it, a socket: no content beside its name.
        return "-"
    digest = hashlib.sha256(b"folder\0")
    for name in sorted(os.listdir(path)):
        inner = path / name
        if name not in IGNORED and os.path.abspath(inner) not in leave_out:
            line = f"{name}\0{_digest(inner, leave_out, above | {real})}\0"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
