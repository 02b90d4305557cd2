"""What the debiasing commands write, and how they say that they are at work.

Light at import: every command line imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# A metrics file has no numbers of single words: those are for --json.
BY_WORD = ("projections", "shares")


def without_words(found: Any) -> Any:
    """RETURNS (Any): The same without the numbers of each word.

    found (Any): A report for JSON.
    """
    if isinstance(found, list):
        return [without_words(inner) for inner in found]
    if not isinstance(found, dict):
        return found
    return {
        key: without_words(inner)
        for key, inner in found.items()
        # The words that are clustered; at the top "sides" are their two names.
        if key not in BY_WORD and not (key == "sides" and isinstance(inner, dict))
    }


def described(path: Path) -> dict[str, str]:
    """RETURNS (Dict[str, str]): A file or folder and its checksums; an installed pipeline's name.

    path (Path): Which.
    """
    from seqpipe.reporting.metrics import describe_corpus

    return describe_corpus(path) if path.exists() else {"path": str(path)}


@contextmanager
def working() -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is done and for how long, when it takes longer than two seconds.

    YIELDS (Callable): Takes what is done now.
    """
    import sys
    import threading

    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    bar = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        redirect_stdout=False,
    )
    task = bar.add_task("")
    timer = threading.Timer(2.0, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda what: bar.update(task, description=what)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


def json_text(found: Any) -> str:
    """RETURNS (str): What was found as JSON, which has no NaN.

    found (Any): Dicts, lists, numbers and strings.
    """
    import json

    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
