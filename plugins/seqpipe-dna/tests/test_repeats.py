"""Repeats and families, against plain search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqpipe_dna.families import find_families
from seqpipe_dna.nucleotides import reverse_complement
from seqpipe_dna.repeats import SEED, Repeat, find_repeats

from seqpipe.files import InputError

PARTS = st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=5)
BLOCKS = [
    "ACGTTGCAAGGCTTAACCGGATATCGCGTAAC",
    "TTGACCATGGCATTCAGGCATACCGTTAGGAA",
    "GGGATTTCACACTGTGTCCAAGGATTATCCGC",
]


def searched(text, min_length):
    """Every repeat, found place by place."""
    found, n = set(), len(text)
    for other, is_inverted in ((text, False), (reverse_complement(text), True)):
        for i in range(n):
            for j in range(n):
                if text[i] != other[j] or (i and j and text[i - 1] == other[j - 1]):
                    continue
                size = 0
                while max(i, j) + size < n and text[i + size] == other[j + size]:
                    size += 1
                first, second = sorted((i, n - j - size if is_inverted else j))
                if size >= min_length and first != second:
                    found.add(Repeat(first, second, size, is_inverted))
    return found


@given(PARTS, st.integers(SEED, 40))
def test_all_repeats_are_found_and_no_other(parts, min_length):
    text = "".join(reverse_complement(BLOCKS[i]) if turned else BLOCKS[i] for i, turned in parts)
    assert set(find_repeats(text, min_length)) == searched(text, min_length)


def test_an_inverted_repeat_is_found_whatever_its_case():
    text = BLOCKS[0] + "AAAA" + reverse_complement(BLOCKS[0]).lower()
    assert Repeat(0, 36, 32, True) in find_repeats(text, 32)


def test_repeats_too_short_to_be_found_are_refused():
    with pytest.raises(InputError, match="min_length = 5: expected at least 24"):
        find_repeats("ACGT", 5)


def test_what_overlaps_on_either_strand_is_one_family():
    first, second = BLOCKS[0] + BLOCKS[1][:10], reverse_complement(BLOCKS[0][:30]) + BLOCKS[2]
    assert find_families([first, BLOCKS[1], second.lower()], shared=30) == [[0, 2], [1]]


@given(st.lists(st.text("ACGT", min_size=1, max_size=12), max_size=12), st.integers(2, 6))
def test_families_hold_each_sequence_once_and_share_nothing_with_each_other(sequences, shared):
    families = find_families(sequences, shared)
    assert sorted(i for family in families for i in family) == list(range(len(sequences)))

    def pieces(family):
        strands = [s for i in family for s in (sequences[i], reverse_complement(sequences[i]))]
        return {s[i : i + shared] for s in strands for i in range(len(s) - shared + 1)}

    own = [pieces(family) for family in families]
    assert sum(map(len, own)) == len(set().union(*own))


def test_equal_sequences_are_one_family_even_if_short():
    assert find_families(["ACG", "TTT", "acg"]) == [[0, 2], [1]]
