"""Sentences from templates: in "{PER} lives in {LOC} ." each name in braces is a list to draw from.

A list may hold templates itself. What comes from a list that has a label is an entity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import srsly

from seqpipe.files import InputError

SLOT = re.compile(r"\{(\w+)\}")
# A word of a sentence, and its BIO tag.
Tagged = tuple[str, str]
# How often a list is asked for something that the sentence does not have yet.
DRAWS = 20


def read_language(path: str | Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What a file of assets/ holds."""
    try:
        found = srsly.read_yaml(path)
    except (OSError, ValueError) as error:
        raise InputError(f"expected YAML: {error}", path=path) from error
    if not isinstance(found, dict):
        raise InputError("expected a mapping, with words and sentences", path=path)
    return found


def of_part(given: Any, part: str) -> list[str]:
    """RETURNS (List[str]): What a part of the corpus draws from a list: what stands under `test` is
    the test's alone, beside the rest."""
    if isinstance(given, Mapping):
        return [*given["train"], *(given.get("test", ()) if part == "test" else ())]
    return list(given)


class Templates:
    """Fills templates.

    words (Dict[str, Any]): Lists by name.
    part (str): "train", "dev" or "test".
    rng (Random): Draws.
    """

    def __init__(self, words: Mapping[str, Any], part: str, rng: Random) -> None:
        self.words = {name: of_part(given, part) for name, given in words.items()}
        self.rng = rng

    def text(self, template: str) -> str:
        """RETURNS (str): The template filled, nothing drawn twice from one list; it begins with a
        capital."""
        drawn: set[tuple[str, str]] = set()
        return capital(SLOT.sub(lambda slot: self._new(slot[1], drawn), template))

    def tagged(self, template: str, labels: Mapping[str, str]) -> list[Tagged]:
        """Fill a template whose words stand between spaces.

        labels (Dict[str, str]): The label of what comes from a list, by the list's name.
        RETURNS (List[Tuple[str, str]]): The words, each with its tag.
        """
        found: list[Tagged] = []
        drawn: set[tuple[str, str]] = set()
        for piece in template.split():
            slot = SLOT.fullmatch(piece)
            words = self._new(slot[1], drawn).split() if slot else [piece]
            label = labels.get(slot[1]) if slot else None
            found += zip(words, _tags(label, len(words)), strict=True)
        first, tag = found[0]
        return [(capital(first), tag), *found[1:]]

    def _new(self, name: str, drawn: set[tuple[str, str]]) -> str:
        """RETURNS (str): Something from a list that the sentence does not have yet, if there is."""
        for _ in range(DRAWS):
            found = SLOT.sub(lambda slot: self._new(slot[1], drawn), self._one(name))
            if (name, found) not in drawn:
                break
        drawn.add((name, found))
        return found

    def _one(self, name: str) -> str:
        if name not in self.words:
            raise InputError(f"{{{name}}}: expected one of {', '.join(self.words)}")
        return self.rng.choice(self.words[name])


def capital(text: str) -> str:
    """RETURNS (str): The text with a capital first."""
    return text[:1].upper() + text[1:]


def distinct(lines: Iterable[str], known: set[str], count: int) -> list[str]:
    """RETURNS (List[str]): The first lines that are not known, so many; they are known then."""
    found: list[str] = []
    for line in lines:
        if line not in known:
            known.add(line)
            found.append(line)
        if len(found) == count:
            break
    return found


def _tags(label: str | None, words: int) -> list[str]:
    if label is None:
        return ["O"] * words
    return [f"B-{label}", *[f"I-{label}"] * (words - 1)]
