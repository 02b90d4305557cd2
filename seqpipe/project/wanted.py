"""A file that is to come here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seqpipe.project.variables import Text
from seqpipe.project.watch import Watch


@dataclass(frozen=True)
class Wanted:
    """A file that is to come here.

    url (Text): Where it is.
    dest (Path): Where it shall be.
    checksum (Optional[str]): The MD5 that it has to have, in lower case.
    folder (Path): The project's: relative paths start there.
    watch (Watch): Who looks on.
    """

    url: Text
    dest: Path
    checksum: str | None
    folder: Path
    watch: Watch
