"""Sealed values: what tells whether a value of `env` is the same as before, and not what it is."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from functools import lru_cache

# About 10 ms. A lock is often public, and a value may be short enough to try them all.
ROUNDS = 20_000
SALT = 16  # bytes


class Seals:
    """Makes seals with one random salt, so that many commands with one value cost one seal.

    known (Iterable[str]): Seals of the lock: their salt is used again.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        first = next((seal.partition("$")[0] for seal in known), None)
        self._salt = first if first is not None else os.urandom(SALT).hex()

    def seal(self, name: str, value: str) -> str:
        """Seal a value.

        name (str): Its name; the same value has another seal under another name.
        value (str): The value.
        RETURNS (str): Salt and digest.
        """
        return _seal(self._salt, name, value)

    def holds(self, seal: str, name: str, value: str) -> bool:
        """Whether a value is the one that was sealed.

        seal (str): The seal.
        name (str): The name under which it was sealed.
        value (str): The value.
        RETURNS (bool): True where it is.
        """
        return hmac.compare_digest(seal, _seal(seal.partition("$")[0], name, value))


@lru_cache(maxsize=256)
def _seal(salt: str, name: str, value: str) -> str:
    message = f"{name}\0{value}".encode("utf-8", "surrogateescape")
    digest = hashlib.pbkdf2_hmac("sha256", message, salt.encode(), ROUNDS)
    return f"{salt}${digest.hex()}"
