"""What a command writes, cut into lines as a terminal would leave them."""

from __future__ import annotations

# A line longer than this, in bytes, is cut.
LONGEST = 64 * 1024


class Lines:
    """Cuts a stream of bytes into lines; of what a carriage return goes over, the last remains."""

    def __init__(self) -> None:
        self._rest = b""

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
        return [_shown(line) for line in whole]

    @property
    def unfinished(self) -> str:
        """RETURNS (str): What stands in the line that is not complete."""
        return _shown(self._rest)

    def end(self) -> list[str]:
        """RETURNS (List[str]): The last line, if it was not complete."""
        last, self._rest = self.unfinished, b""
        return [last] if last else []


def _last_written(line: bytes) -> bytes:
    # A return at the very end has not gone over anything yet.
    stripped = line.rstrip(b"\r")
    return stripped.rpartition(b"\r")[2] + line[len(stripped) :][:1]


def _shown(line: bytes) -> str:
    return _last_written(line).rstrip(b"\r").decode("utf-8", "replace")
