"""An objective's settings from the command line: every `--name value` that the command itself does
not have."""

from __future__ import annotations

import difflib
import inspect
import math
from typing import Any

import srsly

from seqpipe.files import InputError

OBJECTIVES = {
    "skip-gram": "seqpipe.SkipGram.v1",
    "cbow": "seqpipe.CBOW.v1",
    "glove": "seqpipe.GloVe.v1",
    "neural-lm": "seqpipe.NeuralLM.v1",
}
NO_NUMBERS = ("nan", "inf", "infinity")
# What a setting that is itself an object is made by.
PARTS = {"subwords": "seqpipe.Subwords.v1", "phrases": "seqpipe.Phrases.v1"}


def split_options(arguments: list[str], declared: set[str]) -> tuple[list[str], dict[str, str]]:
    """Take the options that are not declared out of a command line, each with its value.

    arguments (List[str]): What stands behind the command's name.
    declared (Set[str]): The command's own options, with their hyphens.
    RETURNS (Tuple[List[str], Dict[str, str]]): The other arguments, and the options by name, with
        "_" for "-".
    RAISES (InputError): If a value is missing.
    """
    rest: list[str] = []
    found: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            return [*rest, word, *words], found
        if not name.startswith("--") or name in declared:
            rest.append(word)
            continue
        if not equals:
            following = next(words, None)
            if following is None or following.startswith("--"):
                raise InputError(f"{name}: expected a value after it")
            value = following
        found[name.removeprefix("--").replace("-", "_")] = value
    return rest, found


def learner_options(
    objective: str, options: dict[str, str], *, phrases: bool, subwords: bool
) -> dict[str, Any]:
    """The blocks `objective` and `phrases` of the component's config.

    objective (str): One of OBJECTIVES, or a registered name.
    options (Dict[str, str]): The objective's settings; `subwords.minn` and `phrases.threshold` are
        settings of these.
    phrases (bool): Whether phrases are joined; settings of them say so as well.
    subwords (bool): Whether there are subwords; settings of them say so as well.
    RETURNS (Dict[str, Any]): As a config has them.
    RAISES (InputError): If there is no such objective or setting.
    """
    of_phrases = {
        key.removeprefix("phrases."): value
        for key, value in options.items()
        if key.startswith("phrases.")
    }
    rest = {key: value for key, value in options.items() if not key.startswith("phrases.")}
    if subwords:
        rest.setdefault("subwords", "")
    found = {"objective": _block(OBJECTIVES.get(objective, objective), rest, objective)}
    if phrases or of_phrases:
        found["phrases"] = _block(PARTS["phrases"], of_phrases, "phrases", "phrases.")
    return found


def _block(registered: str, options: dict[str, str], what: str, prefix: str = "") -> dict[str, Any]:
    """The config block of a registered function; `prefix` stands before its options' names."""
    from spacy.util import registry

    try:
        make = registry.misc.get(registered)
    except Exception as error:  # catalogue's and spaCy's own errors have no common base
        raise InputError(
            f"--objective {what}: no such objective, expected one of {', '.join(OBJECTIVES)}"
        ) from error
    known = list(inspect.signature(make).parameters)
    block: dict[str, Any] = {"@misc": registered}
    for key, value in options.items():
        first, _, inner = key.partition(".")
        if first not in known or (inner and first not in PARTS):
            advice = _advice(first, known, prefix)
            raise InputError(f"{_flag(prefix, key)}: {what} has no such setting; {advice}")
        if first in PARTS:
            part = block.setdefault(first, {"@misc": PARTS[first]})
            nested = {inner: value} if inner else {}
            part.update(_block(PARTS[first], nested, first, f"{first}."))
        else:
            block[first] = _value(_flag(prefix, key), value)
    return block


def _flag(prefix: str, key: str) -> str:
    return f"--{prefix}{key.replace('_', '-')}"


def _advice(key: str, known: list[str], prefix: str) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {_flag(prefix, near[0])}?" if near else f"there are {', '.join(known)}"


def _value(flag: str, text: str) -> Any:
    try:
        value = srsly.json_loads(text)
    except ValueError:
        value = text
    is_endless = isinstance(value, float) and not math.isfinite(value)
    if is_endless or text.lower().strip("+-") in NO_NUMBERS:
        raise InputError(f"{flag} {text}: expected a finite number")
    return value
