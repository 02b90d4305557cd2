"""The rows of a hash table that a word's character n-grams fall on, as spaCy's floret vectors find
them: MurmurHash3, x64, 128 bits (Appleby 2011), of which each 32 bits are a hash.

    text (bytes,), seed     uint8, words one after another; an integer
"""

from __future__ import annotations

import numpy as np

from .compile import kernel

# An int beside a uint64 would make a float of both.
C1, C2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
MIX1, MIX2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
ADD1, ADD2, FIVE = np.uint64(0x52DCE729), np.uint64(0x38495AB5), np.uint64(5)
BITS, BYTE, HALF, LOW = np.uint64(64), np.uint64(8), np.uint64(32), np.uint64(0xFFFFFFFF)
R27, R31, R33 = np.uint64(27), np.uint64(31), np.uint64(33)


@kernel
def _rotated(x, bits):
    return (x << bits) | (x >> (BITS - bits))


@kernel
def _mixed(x):
    x = (x ^ (x >> R33)) * MIX1
    x = (x ^ (x >> R33)) * MIX2
    return x ^ (x >> R33)


@kernel
def _little_endian(text, start, end):
    x = np.uint64(0)
    for place in range(end - 1, start - 1, -1):
        x = (x << BYTE) | np.uint64(text[place])
    return x


@kernel
def murmur128(text, start, end, seed):
    """MurmurHash3_x64_128 of the bytes from start to end. RETURNS: Two uint64."""
    h1 = h2 = np.uint64(seed)
    for block in range(start, end - 15, 16):
        k1 = _little_endian(text, block, block + 8)
        k2 = _little_endian(text, block + 8, block + 16)
        h1 ^= _rotated(k1 * C1, R31) * C2
        h1 = (_rotated(h1, R27) + h2) * FIVE + ADD1
        h2 ^= _rotated(k2 * C2, R33) * C1
        h2 = (_rotated(h2, R31) + h1) * FIVE + ADD2
    tail = end - (end - start) % 16
    middle = min(tail + 8, end)
    # Of no bytes k is 0, and so is what it adds.
    h2 ^= _rotated(_little_endian(text, middle, end) * C2, R33) * C1
    h1 ^= _rotated(_little_endian(text, tail, middle) * C1, R31) * C2
    length = np.uint64(end - start)
    h1, h2 = h1 ^ length, h2 ^ length
    h1 += h2
    h2 += h1
    h1, h2 = _mixed(h1), _mixed(h2)
    h1 += h2
    return h1, h2 + h1


@kernel
def _put_rows(text, start, end, seed, hashes, size, out, place):
    """The `hashes` rows of one n-gram. RETURNS: The place in `out` behind them."""
    h1, h2 = murmur128(text, start, end, seed)
    for i in range(hashes):
        x = h1 if i < 2 else h2
        x = x >> HALF if i % 2 else x & LOW
        out[place] = np.int32(x % np.uint64(size))
        place += 1
    return place


@kernel
def ngram_rows(text, starts, minn, maxn, seed, hashes, size, out):
    """The rows of each padded word: of the word itself, then of its n-grams of minn to maxn
    characters, short ones first, from left to right.

    text `(bytes,)`: uint8, the padded words in UTF-8 without a gap. starts `(words + 1,)`: Where
        each begins in it, and the end; nothing is written for a word of no bytes.
    seed, hashes, size: Of the hash, how many rows an n-gram has, and the rows of the table.
    out: int32, takes the rows. RETURNS: How many.
    """
    count = 0
    # Where each character of a word begins, and the word's end.
    begins = np.empty(np.max(starts[1:] - starts[:-1]) + 1, np.int64)
    for word in range(len(starts) - 1):
        characters = 0
        for place in range(starts[word], starts[word + 1]):
            if text[place] & 0xC0 != 0x80:  # not a byte within a character
                begins[characters] = place
                characters += 1
        if characters == 0:
            continue
        begins[characters] = starts[word + 1]
        count = _put_rows(text, begins[0], begins[characters], seed, hashes, size, out, count)
        for n in range(minn, maxn + 1):
            for first in range(characters - n + 1):
                start, end = begins[first], begins[first + n]
                count = _put_rows(text, start, end, seed, hashes, size, out, count)
    return count
