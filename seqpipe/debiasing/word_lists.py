"""The word lists that debiasing works with, from one JSON file: definitional sets, words that keep
their component, groups, and sets of words for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqpipe.files import InputError

LISTS = Path(__file__).parent / "lists"
# A note is for who reads the file.
PARTS = (
    "name",
    "note",
    "pairs",
    "equalise",
    "definitional",
    "seed",
    "attributes",
    "targets",
    "weat",
)
Words = tuple[str, ...]


@dataclass(frozen=True)
class WeatTest:
    """One test of association: are words of x nearer to a than to b, more than those of y are?

    name (str): What it is called, such as "career/family".
    x, y (Tuple[str, ...]): Two sets of targets.
    a, b (Tuple[str, ...]): Two sets of attributes.
    """

    name: str
    x: Words
    y: Words
    a: Words
    b: Words


@dataclass(frozen=True)
class WordLists:
    """Words of one attribute, such as gender, in one language.

    name (str): What they are called.
    pairs (Tuple[Tuple[str, ...], ...]): Definitional sets, such as ("she", "he"), from which the
        direction comes; the first word of the first one projects positively. More than two words
        are a set of as many groups, always in the same order.
    equalise (Tuple[Tuple[str, ...], ...]): Sets whose words shall differ in the attribute alone.
    definitional (Tuple[str, ...]): Words that have the attribute by definition, and keep it.
    seed (Tuple[str, ...]): Such words, from which a classifier learns the others.
    attributes (Dict[str, Tuple[str, ...]]): Words of each group, by its name; two groups or more,
        in the order of the words of a pair.
    targets (Dict[str, Tuple[str, ...]]): Words that shall be neutral, by the name of the set.
    weat (Tuple[WeatTest, ...]): Tests of association.
    """

    name: str
    pairs: tuple[Words, ...]
    equalise: tuple[Words, ...] = ()
    definitional: Words = ()
    seed: Words = ()
    attributes: dict[str, Words] = field(default_factory=dict)
    targets: dict[str, Words] = field(default_factory=dict)
    weat: tuple[WeatTest, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> WordLists:
        """Read word lists.

        path: A JSON file in the form of `lists/template.json`, or a folder with the files of
            debiaswe (Bolukbasi et al. 2016) as they were published.
        RETURNS (WordLists): The lists.
        RAISES (InputError): Names the file and the part that is at fault.
        """
        if Path(path).is_dir():
            from .published_lists import read_debiaswe

            return read_debiaswe(path)
        content = read_json(path)
        return _Reader(Path(path)).lists(content)

    @classmethod
    def english_gender(cls) -> WordLists:
        """RETURNS (WordLists): Small lists of English words for gender, women first."""
        return cls.load(LISTS / "en_gender.json")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    path: The file.
    RETURNS (Any): Its content.
    RAISES (InputError): With the line, if it is no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        message = f"no JSON ({error.msg}), expected word lists"
        raise InputError(message, path=path, line=error.lineno) from error
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8, expected word lists in JSON", path=path) from error
    except OSError as error:
        message = f"{error.strerror or error}, expected a JSON file of word lists"
        raise InputError(message, path=path) from error


def check_words(value: Any, where: str, path: str | Path, *, least: int = 0) -> Words:
    """Check a list of words.

    value (Any): What was read.
    where (str): The part of the file that it stands in.
    path: The file, for errors.
    least (int): How many words there must be.
    RETURNS (Tuple[str, ...]): The words.
    RAISES (InputError): If it is no list of words, or too short, or has a word twice.
    """
    if not isinstance(value, list):
        raise InputError(f"{where}: {value!r}, expected a list of words", path=path)
    for i, word in enumerate(value):
        if not isinstance(word, str) or not word.strip():
            raise InputError(f"{where}[{i}]: {word!r}, expected a word", path=path)
    twice = sorted({word for word in value if value.count(word) > 1}) if _repeats(value) else []
    if twice:
        raise InputError(f"{where}: {twice[0]!r} is there twice, expected it once", path=path)
    if len(value) < least:
        raise InputError(f"{where}: {value!r}, expected {least} words or more", path=path)
    return tuple(value)


def _repeats(value: list[str]) -> bool:
    return len(set(value)) < len(value)


class _Reader:
    """Turns what a JSON file holds into lists, and says which part is at fault."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lists(self, content: Any) -> WordLists:
        if not isinstance(content, dict):
            self.fail("", content, f"an object with the keys {', '.join(PARTS)}")
        unknown = [key for key in content if key not in PARTS]
        if unknown:
            raise InputError(
                f"{unknown[0]!r} is no part of word lists, expected {', '.join(PARTS)}",
                path=self.path,
            )
        if "pairs" not in content:
            raise InputError("no 'pairs' in it, expected definitional sets", path=self.path)
        name = content.get("name", self.path.stem)
        if not isinstance(name, str) or not name.strip():
            self.fail("name", name, "a name")
        attributes = self.groups(content, "attributes")
        if len(attributes) == 1:
            self.fail("attributes", list(attributes), "two groups or more")
        targets = self.groups(content, "targets")
        return WordLists(
            name=name,
            pairs=self.sets(content, "pairs", least=1),
            equalise=self.sets(content, "equalise"),
            definitional=self.words(content.get("definitional", []), "definitional"),
            seed=self.words(content.get("seed", []), "seed"),
            attributes=attributes,
            targets=targets,
            weat=self.tests(content.get("weat", []), {**targets, **attributes}),
        )

    def sets(self, content: dict[str, Any], part: str, *, least: int = 0) -> tuple[Words, ...]:
        value = content.get(part, [])
        if not isinstance(value, list) or len(value) < least:
            self.fail(part, value, "a list of sets of words, such as [['she', 'he']]")
        found = tuple(self.words(words, f"{part}[{i}]", 2) for i, words in enumerate(value))
        for i, words in enumerate(found):
            if part == "pairs" and len(words) != len(found[0]):
                expected = f"{len(found[0])} words, as in {part}[0]"
                self.fail(f"{part}[{i}]", list(words), expected)
        return found

    def groups(self, content: dict[str, Any], part: str) -> dict[str, Words]:
        value = content.get(part, {})
        if not isinstance(value, dict):
            self.fail(part, value, "an object: the name of each set and its words")
        return {name: self.words(words, f"{part}.{name}", 1) for name, words in value.items()}

    def tests(self, value: Any, named: dict[str, Words]) -> tuple[WeatTest, ...]:
        if not isinstance(value, list):
            self.fail("weat", value, "a list of tests")
        return tuple(self.test(test, f"weat[{i}]", named) for i, test in enumerate(value))

    def test(self, value: Any, where: str, named: dict[str, Words]) -> WeatTest:
        sides = ("x", "y", "a", "b")
        if not isinstance(value, dict) or set(value) - {"name"} != set(sides):
            self.fail(where, value, f"an object with name, {', '.join(sides)}")
        sets = {}
        for side in sides:
            given = value[side]
            if isinstance(given, str):
                if given not in named:
                    expected = f"a list of words or the name of a set: {', '.join(named) or 'none'}"
                    self.fail(f"{where}.{side}", given, expected)
                sets[side] = named[given]
            else:
                sets[side] = self.words(given, f"{where}.{side}", 1)
        name = value.get("name", where)
        if not isinstance(name, str) or not name.strip():
            self.fail(f"{where}.name", name, "a name")
        return WeatTest(name=name, **sets)

    def words(self, value: Any, where: str, least: int = 0) -> Words:
        return check_words(value, where, self.path, least=least)

    def fail(self, where: str, value: Any, expected: str) -> None:
        shown = f"{where}: " if where else ""
        raise InputError(f"{shown}{value!r}, expected {expected}", path=self.path)
