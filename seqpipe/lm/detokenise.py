"""From words to text: where no space stands in English and much like it, and the marks of the
Penn Treebank. What the rules do not know has spaces around it."""

from __future__ import annotations

import re
from collections.abc import Sequence

SHOWN = {
    "``": '"', "''": '"', "`": "'", r"\/": "/", r"\*": "*",
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}",
}  # fmt: skip
# Quotes that tell which side they are on, before they are shown.
OPENING = {"``", "`", "“", "‘"}
CLOSING = {"''", "”"}
OPENS = re.compile(r"[(\[{¿¡]+")
CLOSES = re.compile(r"[,.;:!?…]+|[)\]}]+|n['’]t|['’](s|m|re|ve|ll|d)", re.IGNORECASE)
ELIDED = re.compile(
    r"(l|d|j|m|n|s|t|c|qu|jusqu|lorsqu|puisqu|un|all|dall|dell|nell|sull)['’]", re.IGNORECASE
)
CURRENCY = {"$", "£", "€"}
NUMBER = re.compile(r"\d|N$")  # N stands for numbers in a common form of the Penn Treebank
# Chinese and Japanese, with their punctuation.
UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


def detokenise(tokens: Sequence[str], *, after: str = "") -> str:
    """Put words together to a text.

    tokens (Sequence[str]): The words, as a tokenizer makes them or as a treebank has them.
    after (str): What stands before them, as it was written.
    RETURNS (str): The text that follows it, with the space between if one belongs there.
    """
    text = after
    is_open = {'"': after.count('"') % 2 == 1, "'": False}
    joins = _is_joined(after, is_quote_open=is_open['"'])
    for i, token in enumerate(tokens):
        opens, closes = _sides(token, text, "".join(tokens[i + 1 : i + 2]), is_open)
        shown = SHOWN.get(token.upper(), token)
        if not (joins or closes or _are_unspaced(text, shown)):
            text += " "
        text += shown
        joins = opens
    return text[len(after) :]


def _sides(token: str, before: str, following: str, is_open: dict[str, bool]) -> tuple[bool, bool]:
    """Whether what follows a token joins it, and whether it joins what is before it. Keeps account
    of the quotes that are open."""
    shown = SHOWN.get(token.upper(), token)
    if shown in is_open:
        # In dogs' it is no quote.
        is_possessive = token == "'" and before.endswith("s") and not is_open["'"]
        closes = token in CLOSING or is_possessive or (is_open[shown] and token not in OPENING)
        is_open[shown] = not closes
        return not closes, closes
    if shown in CURRENCY:
        return bool(NUMBER.match(following)), False
    if shown == "%":
        return False, bool(re.search(r"[\dN]$", before))
    return _opens(shown) or _is_elided(shown), shown in CLOSING or bool(CLOSES.fullmatch(shown))


def _is_joined(text: str, *, is_quote_open: bool) -> bool:
    """Whether what follows a text stands close to it."""
    if not text or text[-1].isspace():
        return True
    return _opens(text[-1]) or _is_elided(text.split()[-1]) or (is_quote_open and text[-1] == '"')


def _opens(token: str) -> bool:
    return token in OPENING or bool(OPENS.fullmatch(token))


def _is_elided(token: str) -> bool:
    return bool(ELIDED.fullmatch(token))


def _are_unspaced(before: str, token: str) -> bool:
    return bool(UNSPACED.match(before[-1:]) and UNSPACED.match(token))
