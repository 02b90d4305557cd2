"""Counting which words stand near which: a table for the frequent ones, keys to sort for the rest.

Weights are whole units, so that sums are the same in whatever order they are made.
"""

from __future__ import annotations

from .compile import kernel


@kernel
def count_pairs(ids, place, size, units, is_symmetric, starts, table, keys, filled):
    """Count the words before each word, within its line, up to `len(units)` places away.

    ids (n,): Words below size, negative at the end of a line. place: Where to begin; what stands
        before it is context only. units (window,): The weight of each distance. is_symmetric: The
        two words of a pair change places where the second is the greater.
    starts (rows + 1,), table: Row r of the table begins at starts[r]. It takes the pairs of two
        words below `rows`.
    keys: Takes the others, from `filled` on, as (row * size + column) * window + distance - 1.
    RETURNS: The place that it came to, before the end where keys may be full; how many keys.
    """
    window, rows = len(units), len(starts) - 1
    for here in range(place, len(ids)):
        if filled + window > len(keys):
            return here, filled
        word = ids[here]
        if word < 0:
            continue
        for distance in range(1, min(window, here) + 1):
            other = ids[here - distance]
            if other < 0:
                break
            swap = is_symmetric and other > word
            row, column = (other, word) if swap else (word, other)
            if row < rows and column < rows:
                table[starts[row] + column] += units[distance - 1]
            else:
                keys[filled] = (row * size + column) * window + distance - 1
                filled += 1
    return len(ids), filled


@kernel
def add_up(keys, place, units, pairs, sums):
    """Add up the weights of equal pairs, from sorted keys.

    keys (n,): As `count_pairs` makes them. place: Where to begin. units (window,): The weight of
        each distance. pairs, sums (m,): Take row * size + column, each once, and its weight.
    RETURNS: The place that it came to, before the end where pairs are full; how many pairs.
    """
    window, count = len(units), 0
    while place < len(keys):
        pair = keys[place] // window
        if count == 0 or pair != pairs[count - 1]:
            if count == len(pairs):
                break
            pairs[count], sums[count] = pair, 0
            count += 1
        sums[count - 1] += units[keys[place] - pair * window]
        place += 1
    return place, count
