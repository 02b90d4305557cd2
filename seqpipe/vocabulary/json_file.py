"""What is kept in one JSON file: written whole or not at all, and named where it is damaged."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from os import PathLike
from pathlib import Path
from typing import ClassVar, Self

from seqpipe.files import InputError, atomic_write


class JsonFile(ABC):
    """The base of what is saved so.

    called (str): What it is, in messages.
    """

    called: ClassVar[str]

    @abstractmethod
    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The JSON that `to_disk` writes."""

    @classmethod
    @abstractmethod
    def from_dict(cls, data: object) -> Self:
        """Make a new one of what the JSON holds.

        data (object): Whatever was read.
        RETURNS (Self): The new one.
        RAISES (InputError): Where it is malformed.
        """

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Make what `to_bytes` gave. Raises InputError where it is malformed.

        data (bytes): The JSON.
        RETURNS (Self): A new one.
        """
        try:
            decoded = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"not a whole JSON file ({error}): expected what {cls.__name__}.to_disk writes"
            ) from None
        return cls.from_dict(decoded)

    def to_disk(self, path: str | PathLike[str]) -> None:
        """Write it to one JSON file.

        path: The file to write; an old one is replaced.
        """
        with atomic_write(path, "wb") as file:
            file.write(self.to_bytes())

    @classmethod
    def from_disk(cls, path: str | PathLike[str]) -> Self:
        """Make what `to_disk` wrote. Raises InputError if there is none, or damaged.

        path: The JSON file.
        RETURNS (Self): A new one.
        """
        try:
            return cls.from_bytes(Path(path).read_bytes())
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror}): expected the JSON file of {cls.called}",
                path=path,
            ) from None
        except InputError as error:
            raise InputError(str(error), path=path) from None
