"""The letters of a sequence: IUPAC codes, their complements, and the bases as numbers.

Cornish-Bowden 1985, "Nomenclature for incompletely specified bases in nucleic acid sequences".
"""

from __future__ import annotations

import numpy as np

# Each code above its complement. U, which RNA has for T, is complemented as T is.
_CODES = "ACGTURYSWKMBDHVN"
_COMPLEMENTS = "TGCAAYRSWMKVHDBN"
IUPAC = frozenset(_CODES + _CODES.lower())
BASES = "ACGT"
UNKNOWN = len(BASES)
_COMPLEMENT = str.maketrans(_CODES + _CODES.lower(), _COMPLEMENTS + _COMPLEMENTS.lower())
_NORMAL = str.maketrans("Uu" + _CODES.lower().replace("u", ""), "TT" + _CODES.replace("U", ""))
_NUMBERS = np.full(256, UNKNOWN, dtype=np.int64)
for _number, _base in enumerate(BASES):
    _NUMBERS[[ord(_base), ord(_base.lower())]] = _number
_NUMBERS[[ord("U"), ord("u")]] = BASES.index("T")


def normalise(sequence: str) -> str:
    """RETURNS (str): The sequence in upper case, with T for U. Other characters stay.

    sequence (str): Any text.
    """
    return sequence.translate(_NORMAL)


def reverse_complement(sequence: str) -> str:
    """RETURNS (str): The other strand, from its own 5' end; case stays with each base.

    sequence (str): IUPAC codes; any other character stays as it is.
    """
    return sequence[::-1].translate(_COMPLEMENT)


def base_numbers(text: str) -> np.ndarray:
    """RETURNS (ndarray): 0 to 3 for A, C, G and T (or U), 4 for any other character, `(n,)`.

    text (str): Any text.
    """
    return _NUMBERS[np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8)]


def kmer_numbers(text: str, k: int) -> np.ndarray:
    """Number the k-mer that begins at each place.

    text (str): Any text of n characters.
    k (int): Bases in a k-mer.
    RETURNS (ndarray): From 0 to 4^k - 1, and 4^k where one of its characters is no A, C, G or T,
        `(n - k + 1,)`.
    """
    bases = base_numbers(text)
    count = max(len(bases) - k + 1, 0)
    numbers = np.zeros(count, dtype=np.int64)
    is_known = np.ones(count, dtype=bool)
    for i in range(k):
        column = bases[i : i + count]
        numbers = numbers * UNKNOWN + column
        is_known &= column < UNKNOWN
    return np.where(is_known, numbers, UNKNOWN**k)
