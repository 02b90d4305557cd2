"""Collocations in an encoded text: found and joined as gensim does, counted right, in bounds."""

from collections import Counter
from itertools import pairwise

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import registry

from seqpipe.embeddings.encoded import LINE_END
from seqpipe.embeddings.phrases import (
    Phrases,
    count_pairs,
    find_phrases,
    join_phrases,
    join_phrases_in_file,
)
from seqpipe.files import InputError

LINES = st.lists(st.lists(st.sampled_from("abcdef"), max_size=12), min_size=1, max_size=30)


def silent(doing, share):
    pass


def encoded(lines):
    """A text in the terms of the encoding: tokens, types, counts."""
    types = sorted({word for line in lines for word in line})
    number = {word: i for i, word in enumerate(types)}
    tokens = [mark for line in lines for mark in [*(number[word] for word in line), LINE_END]]
    counts = Counter(word for line in lines for word in line)
    return (
        numpy.array(tokens, dtype=numpy.int32),
        types,
        numpy.array([counts[word] for word in types], dtype=numpy.int64),
    )


def decoded(tokens, types):
    lines = [[]]
    for token in tokens.tolist():
        if token == LINE_END:
            lines.append([])
        else:
            lines[-1].append(types[token])
    return lines[:-1]


def joined_in_file(path, lines, options, part_lines=1_000):
    """The lines after all passes, through a file of several parts; with its counts by word."""
    tokens, types, counts = encoded(lines)
    tokens.tofile(path)
    ends = numpy.flatnonzero(tokens == LINE_END)[part_lines - 1 :: part_lines] + 1
    starts = numpy.unique([0, *ends, len(tokens)])
    text = join_phrases_in_file(path, starts, types, counts, settings=options, report=silent)
    tokens = numpy.fromfile(path, dtype=numpy.int32)
    assert text.starts[0] == 0
    assert text.starts[-1] == len(tokens)
    assert len(text.starts) == len(starts)
    return decoded(tokens, text.types), dict(zip(text.types, text.counts.tolist(), strict=True))


def by_gensim(lines, options, delimiter):
    models = pytest.importorskip("gensim.models.phrases")
    found = models.Phrases(
        lines,
        min_count=options.min_count,
        threshold=options.threshold,
        delimiter=delimiter,
        scoring=options.scoring,
    )
    return found.export_phrases(), [found[line] if line else [] for line in lines]


def natural(seed=0, lines=400):
    """Lines of Zipf-distributed words in which some words like to stand together."""
    rng = numpy.random.default_rng(seed)
    drawn = numpy.minimum(rng.zipf(1.3, size=lines * 20), 300).tolist()
    words = []
    for word in drawn:
        words.append(f"w{word}")
        if word % 7 == 0:
            words.append(f"w{word + 1}")
            if word % 2 == 0:
                words.append(f"w{word + 2}")
    return [words[start : start + 20] for start in range(0, len(words), 20)]


SETTINGS = [
    Phrases(threshold=2.0, min_count=2),
    Phrases(threshold=0.3, min_count=3, scoring="npmi"),
    Phrases(threshold=-0.5, min_count=1, scoring="npmi"),
]


@pytest.mark.parametrize("options", SETTINGS, ids=["default", "npmi", "npmi-below-0"])
def test_phrases_and_scores_are_those_of_gensim(options):
    lines = natural()
    tokens, types, counts = encoded(lines)
    found = find_phrases(types, counts, [tokens], settings=options)
    scores = dict(zip((found.types[i] for i in found.numbers), found.scores, strict=True))
    expected, _ = by_gensim(lines, options, "_")
    assert len(expected) > 20
    assert scores == pytest.approx(expected, rel=1e-12)


@given(lines=LINES, threshold=st.sampled_from([0.1, 0.5, 1.0, 3.0]), min_count=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_lines_are_joined_as_gensim_joins_them(tmp_path_factory, lines, threshold, min_count):
    options = Phrases(threshold=threshold, min_count=min_count)
    path = tmp_path_factory.mktemp("text") / "tokens"
    joined, _ = joined_in_file(path, lines, options, part_lines=2)
    assert joined == by_gensim(lines, options, "_")[1]


def test_two_passes_are_gensims_on_the_joined_text(tmp_path):
    # gensim counts a pair together with the word of the same spelling; another delimiter parts them
    once = Phrases(threshold=2.0, min_count=2)
    lines = natural()
    _, expected = by_gensim(by_gensim(lines, once, "_")[1], once, "+")
    expected = [[word.replace("+", "_") for word in line] for line in expected]
    joined, _ = joined_in_file(
        tmp_path / "tokens", lines, Phrases(threshold=2.0, min_count=2, passes=2), part_lines=7
    )
    assert joined == expected
    assert any(word.count("_") == 2 for line in joined for word in line)


@given(lines=LINES, passes=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_joined_words_are_counted_anew_and_nothing_is_lost(tmp_path_factory, lines, passes):
    path = tmp_path_factory.mktemp("text") / "tokens"
    options = Phrases(threshold=0.2, min_count=1, passes=passes)
    joined, counts = joined_in_file(path, lines, options, part_lines=3)
    assert [word for line in joined for word in "_".join(line).split("_") if word] == [
        word for line in lines for word in line
    ]
    expected = Counter(word for line in joined for word in line)
    assert {word: count for word, count in counts.items() if count} == expected


def test_word2phrase_scores_are_times_the_tokens():
    tokens, types, counts = encoded([["new", "york"]] * 4 + [["new", "car"]])
    options = Phrases(threshold=1.0, min_count=1, scoring="word2phrase")
    found = find_phrases(types, counts, [tokens], settings=options)
    assert found.types[found.numbers[0]] == "new_york"
    assert found.scores.tolist() == [(4 - 1) / (5 * 4) * 10]


def test_of_overlapping_phrases_the_left_one_is_joined():
    lines = [["a", "b", "c", "d"], ["x", "b", "c", "a"], ["a", "a", "a"], ["a", "b"], ["b", "c"]]
    tokens, types, counts = encoded(lines)
    options = Phrases(threshold=1e-9, min_count=1)
    found = find_phrases(types, counts, [numpy.tile(tokens, 2)], settings=options)
    counts = numpy.append(counts, numpy.zeros(len(found.types) - len(types), numpy.int64))
    assert decoded(join_phrases(tokens, found, counts), found.types) == [
        ["a_b", "c_d"],
        ["x_b", "c_a"],
        ["a_a", "a"],
        ["a_b"],
        ["b_c"],
    ]


def test_phrases_cross_neither_lines_nor_parts():
    lines = [["a"], ["b"]] * 9
    tokens, types, counts = encoded(lines)
    options = Phrases(threshold=1e-9, min_count=1)
    assert not len(find_phrases(types, counts, [tokens], settings=options).pairs)
    halves = [numpy.array([number], dtype=numpy.int32) for number in [0, 1] * 9]
    assert not len(find_phrases(types, counts, halves, settings=options).pairs)


def test_phrase_that_the_text_has_as_a_word_is_that_word(tmp_path):
    lines = [["new", "york"], ["new_york"]] * 3
    options = Phrases(threshold=0.1, min_count=1)
    joined, counts = joined_in_file(tmp_path / "tokens", lines, options)
    assert joined == [["new_york"]] * 6
    assert counts == {"new": 0, "york": 0, "new_york": 6}


def test_equal_spellings_of_different_pairs_are_one_word(tmp_path):
    lines = [["a", "b_c"], ["a_b", "c"]] * 3
    joined, counts = joined_in_file(tmp_path / "tokens", lines, Phrases(threshold=0.1, min_count=1))
    assert joined == [["a_b_c"]] * 6
    assert counts["a_b_c"] == 6


@given(lines=LINES, part_lines=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_pairs_are_counted_block_by_block(lines, part_lines):
    parts = [encoded_part(lines[i : i + part_lines]) for i in range(0, len(lines), part_lines)]
    pairs, counts = count_pairs(parts, max_pairs=36)  # there are no more: no pair is forgotten
    expected = Counter((ord(a) << 32) | ord(b) for line in lines for a, b in pairwise(line))
    assert dict(zip(pairs.tolist(), counts.tolist(), strict=True)) == expected
    assert pairs.tolist() == sorted(pairs.tolist())


def encoded_part(lines):
    marks = [mark for line in lines for mark in [*(ord(word) for word in line), LINE_END]]
    return numpy.array(marks, dtype=numpy.int32)


def test_beyond_the_bound_rare_pairs_are_forgotten_and_frequent_ones_kept():
    rng = numpy.random.default_rng(0)
    often = numpy.array([1, 2, LINE_END] * 5, dtype=numpy.int32)
    parts = [numpy.append(rng.integers(3, 10_000, 50, numpy.int32), often) for _ in range(200)]
    pairs, counts = count_pairs(parts, max_pairs=500)
    assert len(pairs) <= 500
    assert counts[pairs == (1 << 32) + 2] == 1_000


def test_interrupted_joining_leaves_the_file_as_it_was(tmp_path):
    def interrupt(doing, share):
        if doing.startswith("joining"):
            raise KeyboardInterrupt

    tokens, types, counts = encoded(natural())
    tokens.tofile(tmp_path / "tokens")
    starts, options = numpy.array([0, len(tokens)]), Phrases(threshold=2.0, min_count=2)
    with pytest.raises(KeyboardInterrupt):
        join_phrases_in_file(
            tmp_path / "tokens", starts, types, counts, settings=options, report=interrupt
        )
    assert numpy.array_equal(numpy.fromfile(tmp_path / "tokens", numpy.int32), tokens)
    assert [path.name for path in tmp_path.iterdir()] == ["tokens"]


def test_config_gives_the_settings():
    config = {"phrases": {"@misc": "seqpipe.Phrases.v1", "threshold": 0.5, "scoring": "npmi"}}
    assert registry.resolve(config)["phrases"] == Phrases(threshold=0.5, scoring="npmi")
    assert registry.resolve({"phrases": {"@misc": "seqpipe.Phrases.v1"}})["phrases"] == Phrases()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 0}, "threshold = 0: expected more than 0"),
        ({"threshold": float("nan")}, "threshold = nan: expected more than 0"),
        ({"threshold": 10.0, "scoring": "npmi"}, "threshold = 10.0: expected -1 to 1, as npmi is"),
        ({"scoring": "pmi"}, "scoring = 'pmi': expected one of default, word2phrase, npmi"),
        ({"min_count": 0}, "min_count = 0: expected at least 1"),
        ({"passes": 0}, "passes = 0: expected at least 1"),
        ({"max_pairs": 0}, "max_pairs = 0: expected at least 1"),
        ({"delimiter": ""}, "delimiter = '': expected characters, and no white space"),
        ({"delimiter": "_ "}, "delimiter = '_ ': expected characters, and no white space"),
    ],
)
def test_bad_settings_are_named(given, message):
    with pytest.raises(InputError) as error:
        Phrases(**given)
    assert str(error.value) == message
