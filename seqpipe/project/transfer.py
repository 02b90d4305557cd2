"""Brings a file here from any source: tries again, goes on where it broke off, checks the MD5."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from seqpipe.files import InputError
from seqpipe.hookspecs import Download
from seqpipe.project.mirror import VARIABLE
from seqpipe.project.partial import Partial
from seqpipe.project.wanted import Wanted

ATTEMPTS = 4  # that bring nothing, one after the other
PAUSE = 0.5  # seconds before the second attempt, then twice as long each time
LONGEST_PAUSE = 60.0  # that a source may ask for

# `seqpipe.Fetcher.fetch`: URL, offset, tag.
Fetch = Callable[[str, int, str], Download]
# From what a source raised, in words, to what the user is told.
Explain = Callable[[str], str]


class _BrokenError(Exception):
    """The source cannot be reached or has no time: another attempt may do better.

    reason (str): In words for the user.
    is_answered (bool): The source is there, and busy.
    pause (Optional[float]): How many seconds it asks to wait.
    """

    def __init__(
        self, reason: str, *, is_answered: bool = False, pause: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.is_answered, self.pause = reason, is_answered, pause


def transfer(wanted: Wanted, fetch: Fetch, explain: Explain) -> None:
    """Bring a file into its place, going on with what an earlier attempt or run left of it.

    wanted (Wanted): The file.
    fetch (Callable[[str, int, str], Download]): As `seqpipe.Fetcher` has it.
    explain (Callable[[str], str]): Says what is shown of an exception that no source should raise.
    RAISES (InputError): If it cannot be had; what has come of it by then stays for the next run,
        unless its checksum is wrong.
    """
    partial = Partial(wanted.dest, wanted.url.value)
    source = _Source(wanted, fetch, explain)
    try:
        was_resumed = _receive(wanted, partial, source)
        if was_resumed and wanted.checksum not in (None, partial.md5):
            wanted.watch.note("the part that was here is of another file; starting anew")
            partial.drop()
            _receive(wanted, partial, source)
        if wanted.checksum not in (None, partial.md5):
            found = f"MD5 {partial.md5}, expected {wanted.checksum}; nothing was written"
            partial.drop()
            raise InputError(f"{wanted.url.shown}: {found}")
        partial.finish()
    finally:
        partial.close()


def _receive(wanted: Wanted, partial: Partial, source: _Source) -> bool:
    """Get the whole file into the partial one, in as many goes as it takes.

    RETURNS (bool): Whether it was put together from several answers.
    """
    failures, farthest, was_resumed = 0, partial.size, partial.size > 0
    while True:
        try:
            _go_on(wanted, partial, source)
            return was_resumed
        except _BrokenError as broken:
            # Whoever gets further each time has patience with the line.
            failures = 1 if partial.size > farthest else failures + 1
            farthest = max(farthest, partial.size)
            was_resumed = was_resumed or partial.size > 0
            if failures == ATTEMPTS:
                raise InputError(_given_up(wanted, broken)) from None
            pause = PAUSE * 2 ** (failures - 1) if broken.pause is None else broken.pause
            wanted.watch.note(f"{broken.reason}; again in {pause:g} s")
            wanted.watch.pause(pause)


def _given_up(wanted: Wanted, broken: _BrokenError) -> str:
    message = f"{wanted.url.shown}: {broken.reason} ({ATTEMPTS} attempts)"
    if broken.is_answered:
        return message
    return f"{message}; without internet, let {VARIABLE} name a folder that holds the file"


def _go_on(wanted: Wanted, partial: Partial, source: _Source) -> None:
    """Get what is missing, or all where the parts might not fit."""
    if partial.size and not partial.tag and wanted.checksum is None:
        partial.drop()
    download = source.ask(partial.size, partial.tag)
    if download.start and download.tag != partial.tag:
        # It went on in another content.
        partial.drop()
        download = source.ask(0, "")
    if not download.start:
        partial.begin(download.tag)
    wanted.watch.advance(partial.size, download.size)
    with closing(source.pieces(download)) as pieces:
        for piece in pieces:
            partial.write(piece)
            wanted.watch.advance(partial.size, download.size)
    if download.size is None or partial.size == download.size:
        return
    if partial.size > download.size:
        partial.drop()
        raise _BrokenError(f"more came than the {download.size:,} bytes that were announced")
    raise _BrokenError("the connection broke")


@dataclass(frozen=True)
class _Source:
    """Whom the bytes are asked for. What they raise never gets out as it is.

    explain (Callable[[str], str]): See `transfer`.
    """

    wanted: Wanted
    fetch: Fetch
    explain: Explain

    def ask(self, offset: int, tag: str) -> Download:
        """RETURNS (Download): What the source gives, and that it is what it should be."""
        with self._in_our_words():
            download = self.fetch(self.wanted.url.value, offset, tag)
            if not isinstance(download, Download):
                raise TypeError(f"gave {download!r}, expected a seqpipe.Download")
            if download.start not in (0, offset):
                expected = f"{offset} or 0" if offset else "0"
                raise ValueError(f"began at byte {download.start}, expected {expected}")
            if not isinstance(download.size, int | None) or not isinstance(download.tag, str):
                raise TypeError(f"gave size {download.size!r} and tag {download.tag!r}")
        return download

    def pieces(self, download: Download) -> Generator[bytes, None, None]:
        """YIELDS (bytes): The pieces; the source is told when no more are wanted."""
        with self._in_our_words():
            pieces = iter(download.pieces)
        try:
            while True:
                with self._in_our_words():
                    piece = next(pieces, None)
                    if not isinstance(piece, bytes | None):
                        raise TypeError(f"gave a piece that is {piece!r:.40}, expected bytes")
                if piece is None:
                    return
                yield piece
        finally:
            with self._in_our_words():
                getattr(pieces, "close", lambda: None)()

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except (ConnectionError, TimeoutError) as fault:
            reason = _in_one_line(fault.strerror or str(fault) or type(fault).__name__)
            is_answered, pause = hasattr(fault, "pause"), getattr(fault, "pause", None)
            if isinstance(pause, int | float):
                pause = min(max(pause, 0.0), LONGEST_PAUSE)
            raise _BrokenError(reason, is_answered=is_answered, pause=pause) from None
        except InputError as fault:
            raise self._failed(str(fault)) from None
        except KeyboardInterrupt:
            raise
        except BaseException as fault:
            # SystemExit, and those that testing and asynchronous libraries derive themselves.
            words = _in_one_line("".join(traceback.format_exception_only(fault)))
            raise self._failed(self.explain(words)) from fault

    def _failed(self, words: str) -> InputError:
        return InputError(f"{self.wanted.url.shown}: {_in_one_line(words)}")


def _in_one_line(words: str) -> str:
    return " ".join(words.split())
