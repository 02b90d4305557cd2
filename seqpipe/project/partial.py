"""The part of a download that is here already, kept beside its place until the rest has come."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import IO

from seqpipe.files import atomic_write


class Partial:
    """The file `.NAME.part`, and in `.NAME.part.json` what it is a part of.

    dest (Path): Where the whole file shall be. A link stays, and what it points to is written.
    url (str): Where it comes from. Only a digest of it is kept: it may hold a password.
    """

    def __init__(self, dest: Path, url: str) -> None:
        self._place = Path(os.path.realpath(dest)) if dest.is_symlink() else dest
        self.path = self._place.with_name(f".{self._place.name}.part")
        self._note = self._place.with_name(f".{self._place.name}.part.json")
        self._url = hashlib.sha256(url.encode()).hexdigest()
        self._digest = hashlib.md5(usedforsecurity=False)
        self._stream: IO[bytes] | None = None
        self.size = 0
        self.tag = ""
        self._take_up()

    def _take_up(self) -> None:
        """Go on with what an earlier run left, if it is of the same URL."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            if note["url"] != self._url:
                return
            self.tag = str(note["tag"])
            with open(self.path, "rb") as stream:
                while piece := stream.read(1 << 20):
                    self._digest.update(piece)
                    self.size += len(piece)
        except (OSError, ValueError, KeyError, TypeError):
            self.size = 0

    def begin(self, tag: str) -> None:
        """Start with nothing.

        tag (str): What tells this version of the file from another one; "" if there is no such
            thing.
        """
        self.close()
        self._place.parent.mkdir(parents=True, exist_ok=True)
        # In this order: a note must never speak of another file's bytes.
        self._stream = open(self.path, "wb", buffering=0)  # noqa: SIM115
        self.size, self.tag = 0, tag
        self._digest = hashlib.md5(usedforsecurity=False)
        with atomic_write(self._note) as note:
            json.dump({"url": self._url, "tag": tag}, note)

    def write(self, piece: bytes) -> None:
        """Append some bytes. They are with the system at once: a kill does not lose them.

        piece (bytes): What came next.
        """
        if self._stream is None:
            self._stream = open(self.path, "ab", buffering=0)  # noqa: SIM115
        rest = memoryview(piece)
        while rest:
            rest = rest[self._stream.write(rest) :]
        self._digest.update(piece)
        self.size += len(piece)

    @property
    def md5(self) -> str:
        """RETURNS (str): The MD5 of what is here."""
        return self._digest.hexdigest()

    def finish(self) -> None:
        """Put the file in its place: it is whole."""
        if self._stream is None:
            self._stream = open(self.path, "ab", buffering=0)  # noqa: SIM115
        os.fsync(self._stream.fileno())
        self.close()
        os.replace(self.path, self._place)
        self._note.unlink(missing_ok=True)

    def drop(self) -> None:
        """Forget what is here."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.size, self.tag = 0, ""
        self._digest = hashlib.md5(usedforsecurity=False)

    def close(self) -> None:
        """Let go of the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
