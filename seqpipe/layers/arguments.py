"""Checks of arguments that many layers share: each a ValueError that names the argument."""

from __future__ import annotations

from typing import Any


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse an option that is none of the known ones.

    name (str): The option's name, for the message.
    value (str): What was given.
    known (Tuple[str, ...]): What it may be.
    RAISES (ValueError): If the value is not known.
    """
    if value not in known:
        raise ValueError(f"{name} = {value!r}: expected one of {', '.join(known)}")


def check_widths(**widths: int | None) -> None:
    """Refuse widths and counts below one; None stands for one that the data will give.

    RAISES (ValueError): If one is below 1; it names the argument.
    """
    for name, width in widths.items():
        if width is not None and width < 1:
            raise ValueError(f"{name} = {width}: expected at least 1")


def pair_of(X: Any, names: str) -> tuple[Any, Any]:
    """The pair, if it is one.

    X (Any): What a layer was given.
    names (str): What the message calls the two.
    RAISES (ValueError): If it is no tuple of two.
    """
    if not isinstance(X, tuple) or len(X) != 2:
        raise ValueError(f"expected a pair of {names}, found {type(X).__name__}")
    return X
