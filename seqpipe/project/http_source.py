"""HTTP as a source of assets: what is asked of a server, and what its answer means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from seqpipe.files import InputError
from seqpipe.hookspecs import Download

if TYPE_CHECKING:
    from requests import Response

CONNECT, SILENCE = 10.0, 30.0  # seconds until an answer, and between two pieces
PIECE = 1 << 16  # bytes
# Of these names it is the file itself that is packed, whatever a server says of its way.
PACKED = (".gz", ".tgz", ".svgz")
UNPACKED_HERE = ("gzip", "x-gzip", "deflate")
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


class BusyError(ConnectionError):
    """The server answers, and has no time.

    pause (Optional[float]): How many seconds it asks to wait.
    status (str): Its answer, such as "HTTP 503 Service Unavailable".
    """

    def __init__(self, status: str, pause: float | None) -> None:
        super().__init__(status)
        self.pause = pause


def fetch_http(url: str, offset: int, tag: str) -> Download:
    """Ask a server for a file, or for the rest of it.

    url (str): Begins with http:// or https://.
    offset (int): Where to begin.
    tag (str): The ETag or date that came with the bytes before that.
    RETURNS (Download): Its bytes, as they are on the server. Raises ConnectionError or TimeoutError
        where another try may do better, else InputError; no message holds the URL.
    """
    response = _ask(url, offset, tag)
    try:
        download = _download(response, offset, tag)
    except BaseException:
        response.close()
        raise
    if download is None:
        response.close()
        return fetch_http(url, 0, "")
    return download


def _ask(url: str, offset: int, tag: str) -> Response:
    import requests

    # As it is: the checksum is that of the file, not of what is in a packed one.
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if tag:
            headers["If-Range"] = tag
    address = urlunsplit(urlsplit(url)._replace(fragment=""))
    with _in_our_words():
        return requests.get(address, stream=True, timeout=(CONNECT, SILENCE), headers=headers)


def _download(response: Response, offset: int, tag: str) -> Download | None:
    """What an answer brings; None where the file has to be asked for from its beginning."""
    _check_status(response, offset)
    if _is_packed(response):
        # Its bytes have no places in the file: it comes whole.
        return None if offset else Download(_pieces(response, unpacked=True))
    first, size = _range(response)
    if response.status_code == 416:
        # All of it is here, or the server has another file by now.
        return Download(iter(()), offset, size, tag) if size == offset else None
    if response.status_code == 206:
        if first == offset:
            return Download(_pieces(response), offset, size, tag if offset else _tag(response))
        if offset:
            return None
        raise ConnectionError("the server sent another part than was asked for")
    return Download(_pieces(response), 0, _length(response), _tag(response))


def _is_packed(response: Response) -> bool:
    """Whether a server packed the file for the way, unasked."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity") or urlsplit(response.url).path.lower().endswith(PACKED):
        return False
    if encoding not in UNPACKED_HERE:
        raise InputError(f"the server packed the file (Content-Encoding: {encoding}) unasked")
    return True


def _length(response: Response) -> int | None:
    length = response.headers.get("Content-Length")
    if length is None:
        return None
    if not length.isdecimal():
        raise InputError(f"the server says Content-Length: {length}, expected a number of bytes")
    return int(length)


def _check_status(response: Response, offset: int) -> None:
    status = f"HTTP {response.status_code} {response.reason}"
    if response.status_code in BUSY:
        asked = response.headers.get("Retry-After", "")
        raise BusyError(status, float(asked) if asked.isdecimal() else None)
    if not response.ok and not (offset and response.status_code == 416):
        raise InputError(status)


def _range(response: Response) -> tuple[int | None, int | None]:
    """The first byte and the whole size, as Content-Range has them."""
    found = re.fullmatch(
        r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)", response.headers.get("Content-Range", "")
    )
    first, total = found.groups() if found else (None, None)
    return None if first is None else int(first), None if total is None else int(total)


def _tag(response: Response) -> str:
    """What names this very version of the file; a weak ETag does not."""
    etag: str = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else str(response.headers.get("Last-Modified", ""))


def _pieces(response: Response, *, unpacked: bool = False) -> Iterator[bytes]:
    with closing(response), _in_our_words():
        yield from response.raw.stream(PIECE, decode_content=unpacked)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Say the faults of both libraries that read an answer."""
    import requests
    import urllib3

    try:
        yield
    except requests.exceptions.SSLError as fault:
        is_trust = "CERTIFICATE_VERIFY_FAILED" in str(fault)
        reason = "its certificate is not trusted here" if is_trust else "no TLS there"
        raise InputError(f"no secure connection, {reason}") from None
    except requests.ConnectTimeout:
        raise TimeoutError(f"no answer in {CONNECT:g} s") from None
    except (requests.Timeout, urllib3.exceptions.ReadTimeoutError):
        raise TimeoutError(f"no answer in {SILENCE:g} s") from None
    except requests.ConnectionError:
        raise ConnectionError("no connection") from None
    except ValueError as fault:
        raise InputError(f"cannot be asked for: {fault}") from None
    except urllib3.exceptions.HTTPError:
        raise ConnectionError("the connection broke") from None
    except requests.RequestException as fault:
        raise InputError(f"cannot be asked for: {fault}") from None
