"""Co-occurrence counts, against a plain count, whatever the memory; and the file of cells."""

import tempfile
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.embeddings import cooccurrence
from seqpipe.embeddings.cooccurrence import Nearness, PairCounts, count_cells
from tests.embeddings.encoded_case import encode

LINES = st.lists(
    st.lists(st.sampled_from("abcdefghij"), max_size=30), min_size=1, max_size=12
).filter(any)


def plain_count(lines, words, nearness):
    """X[word, context] in the plainest way, exactly."""
    counts = Counter()
    for line in lines:
        ids = [words.index(word) for word in line if word in words]
        for i, word in enumerate(ids):
            for j, other in enumerate(ids):
                distance = i - j if not nearness.is_symmetric else abs(i - j)
                if 1 <= distance <= nearness.window:
                    counts[word, other] += Fraction(1, distance if nearness.by_distance else 1)
    return counts


def ignore(what, share):
    """A report that nobody reads."""


def counted(text, nearness, memory, room):
    """X[word, context] as it is counted, exactly."""
    counts, last = Counter(), -1
    for records in PairCounts(text, nearness, memory=memory, room=room).count(ignore):
        for pair, units in records.tolist():
            assert pair > last
            last = pair
            word, other = divmod(pair, len(text.words))
            counts[word, other] += Fraction(units, nearness.scale)
            if nearness.is_symmetric:
                counts[other, word] += Fraction(units, nearness.scale)
    return counts


@given(
    lines=LINES,
    window=st.integers(1, 12),
    is_symmetric=st.booleans(),
    by_distance=st.booleans(),
    memory=st.integers(0, 3000),
    part_size=st.integers(1, 40),
    min_count=st.integers(1, 3),
)
@settings(max_examples=150, deadline=None)
def test_counts_are_those_of_a_plain_count_whatever_the_memory(
    lines, window, is_symmetric, by_distance, memory, part_size, min_count
):
    nearness = Nearness(window, is_symmetric, by_distance)
    with tempfile.TemporaryDirectory() as folder:
        text = encode(lines, Path(folder), min_count=min_count, part_size=part_size)
        found = counted(text, nearness, memory, Path(folder))
        assert found == plain_count(lines, text.words, nearness)


@pytest.mark.parametrize("window", [22, 23, 60])
def test_one_over_the_distance_is_exact_up_to_22_words_and_close_beyond(window):
    nearness = Nearness(window, True, True)
    weights = [Fraction(int(units), nearness.scale) for units in nearness.units]
    errors = [abs(w * d - 1) for d, w in enumerate(weights, start=1)]
    assert max(errors) == 0 if window <= 22 else 0 < max(errors) < 1e-7


def random_lines(seed=0, lines=200, length=20, words=60):
    rng = numpy.random.default_rng(seed)
    drawn = (words * rng.random((lines, length)) ** 3).astype(int)
    return [[f"w{i}" for i in line] for line in drawn]


def test_little_memory_makes_many_small_pieces(tmp_path):
    text = encode(random_lines(), tmp_path)
    pairs = PairCounts(text, Nearness(10, True, True), memory=16_000, room=tmp_path)
    pieces = list(pairs.count(ignore))
    assert len(pieces) > 5
    assert max(len(piece) for piece in pieces) <= 16_000 // cooccurrence.BYTES_TO_MERGE
    assert not (tmp_path / "pairs").exists()


def all_cells(cells):
    blocks = [cells.block(i) for i in range(cells.blocks)]
    return blocks, {
        (word, other): log_count
        for block, log_counts in blocks
        for (word, other), log_count in zip(block[:, :2].tolist(), log_counts.tolist(), strict=True)
    }


@pytest.mark.parametrize("is_symmetric", [True, False])
@pytest.mark.parametrize("memory", [8_000, 10**6])
def test_blocks_hold_every_cell_once_in_even_shares(tmp_path, monkeypatch, is_symmetric, memory):
    monkeypatch.setattr(cooccurrence, "BLOCK", 100)
    lines, nearness = random_lines(), Nearness(5, is_symmetric, True)
    text = encode(lines, tmp_path)
    cells = count_cells(text, nearness, memory=memory, seed=0, room=tmp_path, report=ignore)
    blocks, found = all_cells(cells)
    counts = plain_count(lines, text.words, nearness)
    kept = {cell: x for cell, x in counts.items() if not is_symmetric or cell[0] >= cell[1]}
    assert found == {cell: pytest.approx(numpy.log(float(x)), abs=1e-6) for cell, x in kept.items()}
    sizes = [len(log_counts) for _, log_counts in blocks]
    assert sum(sizes) == len(kept)
    assert len(cells.starts) - 1 > 1 or memory == 10**6
    assert max(sizes) - min(sizes) <= len(cells.starts)


def test_cells_are_shuffled_with_the_seed(tmp_path):
    text = encode(random_lines(), tmp_path)

    def order(seed):
        cells = count_cells(
            text, Nearness(5, True, True), memory=10**6, seed=seed, room=tmp_path, report=ignore
        )
        return cells.block(0)[0].tolist()

    assert order(1) == order(1)
    assert order(1) != order(2)
    words = [word for word, *_ in order(1)]
    rises = sum(a < b for a, b in pairwise(words))
    assert 0.4 < rises / len(words) < 0.6


@pytest.mark.parametrize("stage", ["counting co-occurrences", "merging the counts"])
def test_a_report_may_stop_it(tmp_path, stage):
    text = encode(random_lines(), tmp_path)

    def stop(what, share):
        if what == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        count_cells(text, Nearness(5, True, True), memory=10**6, seed=0, room=tmp_path, report=stop)
