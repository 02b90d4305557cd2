"""A number for each type of a text, from the moment it is first seen: a hash table over bytes, so
that reading makes no object for any of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .compile import kernel
from .ngrams import murmur128

SEPARATOR = 0xFF  # a byte that no text in UTF-8 has
NO_TYPE = -1
NO_SEED = np.uint64(0)


class Table(NamedTuple):
    """The types that were seen.

    slots: int32 (slots,), a number or NO_TYPE; a power of two, and more than there are types.
    hashes: uint32 (room,), of each type. counts: int64 (room,), how often each was seen.
    starts: int64 (room + 1,), where the bytes of each begin in `spellings`, and where they end.
    spellings: uint8 (bytes,).
    """

    slots: Any
    hashes: Any
    counts: Any
    starts: Any
    spellings: Any


@kernel
def _is_type(table, number, text, begin, end):
    start, size = table.starts[number], end - begin
    same = 0
    if table.starts[number + 1] - start == size:
        while same < size and table.spellings[start + same] == text[begin + same]:
            same += 1
    return same == size


@kernel
def number_tokens(text, table, types, out):
    """Find the number of each token, or give it the next one.

    text `(bytes,)`: uint8, SEPARATOR behind each token; a token of no bytes is the end of a line.
    table: With room for all of them, and their bytes; it is changed.
    types: How many types there are.
    out `(tokens,)`: int32, takes the numbers, NO_TYPE at the end of a line.
    RETURNS: How many types there are now.
    """
    begin = token = 0
    mask = np.int64(len(table.slots) - 1)
    for end in range(len(text)):
        if text[end] != SEPARATOR:
            continue
        number = NO_TYPE
        if end > begin:
            found = np.uint32(murmur128(text, begin, end, NO_SEED)[0])
            slot = np.int64(found) & mask
            number = table.slots[slot]
            while number != NO_TYPE:
                if table.hashes[number] == found and _is_type(table, number, text, begin, end):
                    break
                slot = (slot + 1) & mask
                number = table.slots[slot]
            if number == NO_TYPE:
                number = types
                types += 1
                start = table.starts[number]
                table.starts[types] = start + end - begin
                table.spellings[start : start + end - begin] = text[begin:end]
                table.hashes[number] = found
                table.counts[number] = 0
                table.slots[slot] = number
            table.counts[number] += 1
        out[token] = number
        token += 1
        begin = end + 1
    return types


@kernel
def fill_slots(table, types):
    """Put types into empty slots.

    table: Its slots are filled, with the types that have any bytes.
    types: How many types there are.
    """
    mask = np.int64(len(table.slots) - 1)
    for number in range(types):
        if table.starts[number + 1] > table.starts[number]:
            slot = np.int64(table.hashes[number]) & mask
            while table.slots[slot] != NO_TYPE:
                slot = (slot + 1) & mask
            table.slots[slot] = number
