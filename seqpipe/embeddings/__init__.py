"""Word vectors: learned from raw text, looked up, compared, drawn and converted."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Public names and the modules they are in, which load numpy at the earliest when one is used.
PUBLIC = {
    "Embeddings": "matrix",
    "UnknownWordError": "matrix",
    "most_similar": "similarity",
    "most_similar_batch": "similarity",
    "analogy": "similarity",
    "cosine": "similarity",
    "evaluate_analogies": "evaluation",
    "evaluate_similarity": "evaluation",
    "read_vectors": "vector_files",
    "write_vectors": "vector_files",
}


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
