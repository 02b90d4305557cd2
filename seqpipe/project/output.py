"""What a command writes, cut into lines as a terminal would leave them."""

from __future__ import annotations

import re
from collections.abc import Mapping

# A line longer than this, in bytes, is cut.
LONGEST = 64 * 1024
SHORTEST_SECRET = 4  # characters; a shorter value is found in too much that is no secret


class Lines:
    """Cuts a stream of bytes into lines; of what a carriage return goes over, the last remains.

    secrets (Optional[Mapping[str, str]]): The values of `env`, by name: in the lines they become
        `${env.NAME}`.
    """

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._rest = b""
        self._names = {
            line: name
            for name, value in (secrets or {}).items()
            for line in value.splitlines()
            if len(line) >= SHORTEST_SECRET
        }
        longest_first = sorted(self._names, key=len, reverse=True)
        self._secret = re.compile("|".join(map(re.escape, longest_first)))

    def feed(self, piece: bytes) -> list[str]:
        """Take the next piece.

        piece (bytes): Any part of the stream.
        RETURNS (List[str]): The lines that are complete by now.
        """
        *whole, rest = (self._rest + piece).split(b"\n")
        # Of a progress bar only what stands last can ever be shown.
        self._rest = _last_written(rest)
        if len(self._rest) > LONGEST:
            whole.append(self._rest)
            self._rest = b""
        return [self._shown(line) for line in whole]

    @property
    def unfinished(self) -> str:
        """RETURNS (str): What stands in the line that is not complete."""
        return self._shown(self._rest)

    def end(self) -> list[str]:
        """RETURNS (List[str]): The last line, if it was not complete."""
        last, self._rest = self.unfinished, b""
        return [last] if last else []

    def _shown(self, line: bytes) -> str:
        text = _last_written(line).rstrip(b"\r").decode("utf-8", "replace")
        if not self._names:
            return text
        return self._secret.sub(lambda found: f"${{env.{self._names[found.group()]}}}", text)


def _last_written(line: bytes) -> bytes:
    # A return at the very end has not gone over anything yet.
    stripped = line.rstrip(b"\r")
    return stripped.rpartition(b"\r")[2] + line[len(stripped) :][:1]
