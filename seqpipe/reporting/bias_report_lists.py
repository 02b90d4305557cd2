"""Word lists for debiasing, in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.debiasing.word_lists import WordLists

SHOWN = 5  # of each list; the whole is in the JSON


def lists_as_dict(lists: WordLists) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The lists in the form of their file.

    lists (WordLists): The lists.
    """
    return {
        "name": lists.name,
        "pairs": [list(words) for words in lists.pairs],
        "equalise": [list(words) for words in lists.equalise],
        "definitional": list(lists.definitional),
        "seed": list(lists.seed),
        "attributes": {name: list(words) for name, words in lists.attributes.items()},
        "targets": {name: list(words) for name, words in lists.targets.items()},
        "weat": [
            {"name": test.name, **{side: list(getattr(test, side)) for side in "xyab"}}
            for test in lists.weat
        ],
    }


def print_lists(console: Console, lists: WordLists) -> None:
    """Print how many words each list has, and the first of them.

    console (Console): Where to.
    lists (WordLists): The lists.
    """
    from rich.text import Text

    sets = {
        "pairs": ["/".join(words) for words in lists.pairs],
        "equalise": ["/".join(words) for words in lists.equalise],
        "definitional": lists.definitional,
        "seed": lists.seed,
        **{f"attributes: {name}": words for name, words in lists.attributes.items()},
        **{f"targets: {name}": words for name, words in lists.targets.items()},
        "weat": [test.name for test in lists.weat],
    }
    console.print(Text(plain(lists.name), style="bold"))
    for part, words in sets.items():
        line = Text(plain(f"{part}, {len(words):,}: "), style="bold")
        console.print(line.append(_first(words), style="not bold"))


def _first(words: Sequence[str]) -> str:
    more = ", ..." if len(words) > SHOWN else ""
    return plain(", ".join(words[:SHOWN])) + more
