"""Which source a URL names, and the way of its file into the project."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from seqpipe.files import InputError
from seqpipe.hookspecs import Download, Fetcher
from seqpipe.project.file_source import pieces_of, read_file
from seqpipe.project.mirror import Copy
from seqpipe.project.transfer import transfer
from seqpipe.project.variables import Text
from seqpipe.project.wanted import Wanted

GITHUB_PAGE = re.compile(r"https?://(?:www\.)?github\.com/([^/]+/[^/]+)/(?:blob|tree)/(.+)")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def failure_of_scheme(scheme: str, words: str) -> str:
    """What is said of a fetcher that raised what it should not.

    scheme (str): Its scheme.
    words (str): What it raised.
    RETURNS (str): The message.
    """
    return f"the fetcher of {scheme}:// failed: {words}"


@dataclass(frozen=True)
class Sources:
    """Where files come from.

    fetchers (Mapping[str, Fetcher]): By scheme.
    explain (Callable[[str, str], str]): See `failure_of_scheme`.
    """

    fetchers: Mapping[str, Fetcher]
    explain: Callable[[str, str], str]

    def fetch(self, wanted: Wanted) -> str:
        """Bring the file behind a URL or, as in weasel, a path.

        wanted (Wanted): The file.
        RETURNS (str): How it came. Raises InputError for a scheme that nobody knows, and where the
            file cannot be had.
        """
        found = SCHEME.match(wanted.url.value)
        if found is None:
            path = wanted.folder / wanted.url.value
            transfer(wanted, lambda url, offset, tag: read_file(path, offset, tag), _as_it_is)
            return "copied"
        scheme = found.group(1).lower()
        if scheme not in self.fetchers:
            known = "".join(f"{name}://, " for name in self.fetchers).rstrip(", ")
            expected = f"{known} or a path" if known else "a path"
            raise InputError(f"nothing fetches {scheme}://, expected {expected}")
        fetch = self.fetchers[scheme].fetch
        transfer(wanted, fetch, lambda words: self.explain(scheme, words))
        return "copied" if scheme == "file" else "downloaded"


def copy_from_mirror(wanted: Wanted, copy: Copy) -> str:
    """Take a file of the mirror.

    wanted (Wanted): The file.
    copy (Copy): What the mirror has.
    RETURNS (str): How it came.
    """
    size = None if copy.packed else copy.path.stat().st_size
    transfer(
        wanted,
        lambda url, offset, tag: Download(pieces_of(copy.open()), size=size),
        _as_it_is,
    )
    return f"copied from the mirror ({copy.path}{', unpacked' if copy.packed else ''})"


def raw_address(url: Text) -> Text:
    """The address of a file where a URL names GitHub's page about it.

    url (Text): Any URL.
    RETURNS (Text): The file's, or the same URL.
    """
    value, shown = (
        GITHUB_PAGE.sub(r"https://raw.githubusercontent.com/\1/\2", form)
        for form in (url.value, url.shown)
    )
    return Text(value, shown)


def _as_it_is(words: str) -> str:
    return words
