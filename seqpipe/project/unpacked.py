"""A folder that was unpacked from an archive, and the hidden note beside it that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqpipe.files import InputError, atomic_write
from seqpipe.project.checksum import md5_of


class Unpacked:
    """The folder that an archive is unpacked into.

    The note `.NAME.unpacked` holds the archive's MD5: it tells when the archive has changed, and
    that what stands in the folder is ours to replace. It stands beside the folder, not in it, so
    that the folder holds what the archive holds.

    folder (Path): The folder.
    archive (Path): The archive.
    """

    def __init__(self, folder: Path, archive: Path) -> None:
        self.folder, self._archive = folder, archive
        self._note = folder.with_name(f".{folder.name}.unpacked")

    def is_current(self) -> bool:
        """RETURNS (bool): Whether the folder is there and was unpacked from this very archive."""
        if not self.folder.is_dir() or not self._note.is_file():
            return False
        return self._note.read_text(encoding="utf-8").strip() == md5_of(self._archive)

    def check_free(self, shown: str) -> None:
        """Refuse a folder with content that no archive brought.

        shown (str): The folder's path, for the message.
        """
        if self.folder.is_dir() and any(self.folder.iterdir()) and not self._note.is_file():
            raise InputError(
                f"{shown} holds files that were not unpacked from it, expected a folder of its own"
            )

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Note, around the unpacking, that the folder is ours, and then what it was made from."""
        with atomic_write(self._note) as note:
            note.write("\n")
        yield
        with atomic_write(self._note) as note:
            note.write(f"{md5_of(self._archive)}\n")
