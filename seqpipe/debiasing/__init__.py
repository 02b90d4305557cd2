"""Debiasing of word vectors: find a direction, neutralise, equalise, and say what is left."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Public names and the modules they are in, which load numpy at the earliest when one is used.
PUBLIC = {
    "WordVectors": "words",
    "WordLists": "word_lists",
    "Subspace": "subspace",
    "find_subspace": "subspace",
    "Settings": "debiaser",
    "Debiased": "debiaser",
    "debias": "debiaser",
}


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
