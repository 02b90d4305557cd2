"""What of a report goes into a metrics file."""

from __future__ import annotations

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
