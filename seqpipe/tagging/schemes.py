"""Tag schemes: how entities become one tag a token and back, and what a CRF may do with the tags.

BIO is IOB2; for it and IOB1 see Tjong Kim Sang and Veenstra (1999).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from seqpipe.files import InputError

SCHEMES = ("BILUO", "BIO", "IOB1", "IOBES")
CRF_SCHEMES = ("BILUO", "BIO", "IOBES")
OUTSIDE = "O"
_ALIASES = {"IOB2": "BIO"}

Span = tuple[int, int, str]


class _Role(NamedTuple):
    """Whether a prefix starts an entity and whether it ends one; None: its neighbours decide."""

    starts: bool | None
    ends: bool | None


_ROLES: dict[str, dict[str, _Role]] = {
    "BILUO": {
        "B": _Role(True, False),
        "I": _Role(False, False),
        "L": _Role(False, True),
        "U": _Role(True, True),
    },
    "BIO": {"B": _Role(True, None), "I": _Role(False, None)},
    "IOB1": {"I": _Role(None, None), "B": _Role(True, None)},
    "IOBES": {
        "B": _Role(True, False),
        "I": _Role(False, False),
        "E": _Role(False, True),
        "S": _Role(True, True),
    },
}


class _Tag(NamedTuple):
    """A tag taken apart. Outside, as well as the place before and after a sentence, is None."""

    role: _Role
    label: str


class Constraints(NamedTuple):
    """What a linear-chain CRF over L tags may do.

    start (ndarray): Whether a sequence may begin with the tag, bool, (L,).
    transitions (ndarray): Whether the second tag may follow the first, bool, (L, L), [from, to].
    end (ndarray): Whether a sequence may end with the tag, bool, (L,).
    """

    start: np.ndarray
    transitions: np.ndarray
    end: np.ndarray


def scheme_named(name: str) -> str:
    """Find a scheme by its name or alias (IOB2 is BIO).

    name (str): The name.
    RETURNS (str): One of SCHEMES.
    RAISES (InputError): If there is no such scheme.
    """
    scheme = _ALIASES.get(name, name)
    if scheme not in _ROLES:
        known = ", ".join((*SCHEMES, *_ALIASES))
        raise InputError(f"unknown tag scheme {name!r}, expected one of {known}")
    return scheme


def tags_of(labels: Sequence[str], scheme: str) -> list[str]:
    """List the tags of a set of entity labels.

    labels (Sequence[str]): The labels, for instance "PER".
    scheme (str): The scheme's name.
    RETURNS (list): "O", then for each label its tags in the scheme's order.
    """
    prefixes = _ROLES[scheme_named(scheme)]
    return [OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in prefixes)]


def allowed(tags: Sequence[str], scheme: str | None) -> Constraints:
    """Say which sequences of tags are possible.

    tags (Sequence[str]): The L tags, in the CRF's order.
    scheme (str): The scheme's name, or None for tags that are no entities: all is allowed.
    RETURNS (Constraints): Masks over the start, the transitions and the end.
    RAISES (ValueError): If the scheme takes the same entities in more than one way (IOB1), or a
        tag is not of the scheme.
    """
    n = len(tags)
    if scheme is None:
        return Constraints(np.ones(n, bool), np.ones((n, n), bool), np.ones(n, bool))
    scheme = scheme_named(scheme)
    if scheme not in CRF_SCHEMES:
        raise ValueError(
            f"tag scheme {scheme} is for reading files only, "
            f"expected one of {', '.join(CRF_SCHEMES)} for a model"
        )
    parsed = [_parse(tag, scheme) for tag in tags]
    return Constraints(
        start=np.array([_may_follow(None, tag) for tag in parsed], dtype=bool),
        transitions=np.array(
            [[_may_follow(before, after) for after in parsed] for before in parsed], dtype=bool
        ).reshape(n, n),
        end=np.array([_may_follow(tag, None) for tag in parsed], dtype=bool),
    )


def spans_of(
    tags: Sequence[str | None],
    scheme: str,
    *,
    path: str | os.PathLike[str] | None = None,
    lines: Sequence[int] | None = None,
) -> list[Span]:
    """Read the entities of one sentence from its tags.

    IOB1 takes any order of its tags; all others are strict.

    tags (Sequence[Optional[str]]): One tag a token; None, not annotated, is read as outside.
    scheme (str): The scheme's name.
    path: The file that the tags come from, for the error message.
    lines (Sequence[int]): The line of each tag in that file, from 1.
    RETURNS (list): Triples of the first token, the token after the last, and the label.
    RAISES (InputError): If a tag is not of the scheme or may not stand where it stands.
    """
    scheme = scheme_named(scheme)
    spans: list[Span] = []
    start, before = 0, None
    for i in range(len(tags) + 1):
        try:
            after = _parse(tags[i] or OUTSIDE, scheme) if i < len(tags) else None
            if not _may_follow(before, after):
                raise ValueError(_fault(tags, i, scheme))
        except ValueError as err:
            at = min(i, len(tags) - 1)
            where = f"token {at + 1}: " if path is None else ""
            line = None if lines is None else lines[at]
            raise InputError(f"{where}{err}", path=path, line=line) from None
        if not _continues(before, after):
            if before is not None:
                spans.append((start, i, before.label))
            start = i
        before = after
    return spans


def tags_from_spans(spans: Iterable[Span], length: int, scheme: str) -> list[str]:
    """Write the entities of one sentence as tags.

    spans (Iterable): Triples of the first token, the token after the last, and the label, in any
        order; none overlaps another.
    length (int): The number of tokens.
    scheme (str): The scheme's name.
    RETURNS (list): One tag a token.
    RAISES (ValueError): If a span is empty, overlaps another or leaves the sentence.
    """
    scheme = scheme_named(scheme)
    tags = [OUTSIDE] * length
    previous: Span = (0, 0, "")
    for span in sorted(spans):
        start, end, label = span
        if not previous[1] <= start < end <= length:
            raise ValueError(
                f"span {span} is empty, overlaps {previous} or leaves the {length} tokens"
            )
        adjacent = previous[1:] == (start, label)
        tags[start:end] = [f"{p}-{label}" for p in _prefixes(end - start, adjacent, scheme)]
        previous = span
    return tags


@lru_cache(maxsize=4096)
def _parse(tag: str, scheme: str) -> _Tag | None:
    if tag == OUTSIDE:
        return None
    prefix, _, label = tag.partition("-")
    role = _ROLES[scheme].get(prefix)
    if role is None or not label:
        prefixes = ", ".join(f"{p}-LABEL" for p in _ROLES[scheme])
        raise ValueError(
            f"tag {tag!r} is not of the scheme {scheme}, expected O, {prefixes}"
            + _hint([s for s in SCHEMES if label and prefix in _ROLES[s]])
        )
    return _Tag(role, label)


def _may_follow(before: _Tag | None, after: _Tag | None) -> bool:
    may_start = after is None or after.role.starts is not False
    if before is None or before.role.ends is True:
        return may_start
    may_continue = (
        after is not None and after.role.starts is not True and after.label == before.label
    )
    return may_continue or (before.role.ends is None and may_start)


def _continues(before: _Tag | None, after: _Tag | None) -> bool:
    """Whether two neighbours, of which the second may follow the first, are of one entity."""
    if before is None or after is None or before.label != after.label:
        return False
    return before.role.ends is not True and after.role.starts is not True


def _prefixes(length: int, adjacent: bool, scheme: str) -> list[str]:
    if scheme == "IOB1":
        return ["B" if adjacent else "I"] + ["I"] * (length - 1)
    if scheme == "BIO":
        return ["B"] + ["I"] * (length - 1)
    last, unit = ("L", "U") if scheme == "BILUO" else ("E", "S")
    return [unit] if length == 1 else ["B"] + ["I"] * (length - 2) + [last]


def _fault(tags: Sequence[str | None], i: int, scheme: str) -> str:
    """Say what is wrong where tag i, or the end, may not follow the tag before."""
    before = (tags[i - 1] or OUTSIDE) if i else None
    after = (tags[i] or OUTSIDE) if i < len(tags) else None
    others = [s for s in SCHEMES if _legal(before, after, s)]
    shown = [tag or "a token without annotation" for tag in tags[max(i - 1, 0) : i + 1]]
    if after is None:
        found = f"{shown[0]} at the end of a sentence"
    else:
        found = f"{shown[-1]} after {shown[0]}" if i else f"{shown[0]} at the start of a sentence"
    labels = [tag.partition("-")[2] for tag in (before, after) if tag not in (None, OUTSIDE)]
    expected = [
        t for t in tags_of(list(dict.fromkeys(labels)), scheme) if _legal(before, t, scheme)
    ]
    if after is None:
        return f"{found}, expected {' or '.join(expected)} after it in {scheme}" + _hint(others)
    return f"{found}, expected {' or '.join(expected)} in {scheme}" + _hint(others)


def _legal(before: str | None, after: str | None, scheme: str) -> bool:
    try:
        pair = [None if tag is None else _parse(tag, scheme) for tag in (before, after)]
    except ValueError:
        return False
    return _may_follow(*pair)


def _hint(schemes: Sequence[str]) -> str:
    return f"; it is legal in {' and '.join(schemes)}" if schemes else ""
