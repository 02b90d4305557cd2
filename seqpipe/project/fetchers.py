"""The built-in fetchers, by the hook that plugins use. Loaded at each start of the command line."""

from __future__ import annotations

from seqpipe.hookspecs import Fetcher, hookimpl


@hookimpl
def seqpipe_fetchers() -> list[Fetcher]:
    """Offer the built-in schemes."""
    from seqpipe.project.file_source import fetch_file
    from seqpipe.project.http_source import fetch_http

    return [
        Fetcher("http", fetch_http),
        Fetcher("https", fetch_http),
        Fetcher("file", fetch_file),
    ]
