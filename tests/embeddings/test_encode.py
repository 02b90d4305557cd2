"""An encoded text gives its words back, in parts, and its vocabulary is cut as the settings say."""

from collections import Counter

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.embeddings import encode as module
from seqpipe.embeddings.encode import Encoder
from seqpipe.embeddings.encoded import LINE_END
from seqpipe.embeddings.phrases import Phrases
from seqpipe.files import InputError


def encode(lines, folder, *, max_types=100, **settings):
    encoder = Encoder(folder / "text", max_types)
    encoder.write((line, True) for line in lines)
    defaults = {"min_count": 1, "max_vocabulary": None, "earlier": {}, "phrases": None}
    return encoder.text(**{**defaults, **settings}, report=lambda what, share: None)


def decode(text):
    lines = [[]]
    for i in range(text.parts):
        for id in text.part(i):
            if id == LINE_END:
                lines.append([])
            else:
                lines[-1].append(text.words[id])
    return lines[:-1]


LINES = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12), min_size=1, max_size=12)


@settings(deadline=None)
@given(LINES.filter(any), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))
def test_words_come_back_and_rare_ones_are_left_out(tmp_path_factory, lines, least, part, block):
    counts = Counter(word for line in lines for word in line)
    if max(counts.values()) < least:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PART_SIZE", part)
        patch.setattr(module, "BLOCK", block)
        text = encode(lines, tmp_path_factory.mktemp("t"), min_count=least)
    assert decode(text) == [[word for word in line if counts[word] >= least] for line in lines]
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    assert text.words == [word for word in ranked if counts[word] >= least]
    assert text.counts.tolist() == [counts[word] for word in text.words]
    assert text.tokens == sum(counts.values())
    # A part is cut at a line's end, or at twice its size.
    assert max(numpy.diff(text.starts)) <= 2 * part + max(map(len, lines)) + 1


def test_a_line_longer_than_a_part_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PART_SIZE", 10)
    text = encode([["a", "b"] * 50], tmp_path)
    assert text.parts > 5
    assert decode(text) == [["a", "b"] * 50]


def test_the_most_frequent_words_are_kept(tmp_path):
    text = encode([["b", "b", "a", "c", "c", "c"]], tmp_path, max_vocabulary=2)
    assert text.words == ["c", "b"]


def test_earlier_words_stay_and_their_counts_are_added(tmp_path):
    text = encode([["a", "a", "b", "d"]], tmp_path, min_count=2, earlier={"b": 4, "z": 1})
    assert dict(zip(text.words, text.counts.tolist(), strict=True)) == {"b": 5, "a": 2, "z": 1}
    assert decode(text) == [["a", "a", "b"]]


def test_phrases_are_joined_before_the_vocabulary_is_cut(tmp_path):
    lines = [["new", "york"], ["in", "new", "york"], ["new", "york", "is"], ["is", "in"]] * 5
    text = encode(lines, tmp_path, phrases=Phrases(threshold=0.4, min_count=1))
    assert "new_york" in text.words
    assert ["in", "new_york"] in decode(text)
    assert text.tokens == text.counts.sum()


def test_when_there_are_too_many_types_the_rarest_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)
    lines = [["often", "often"], *[[f"once{i}", "often"] for i in range(40)]]
    text = encode(lines, tmp_path, max_types=10)
    assert text.words[0] == "often"
    assert text.counts[0] == 42
    assert len(text.words) <= 10 + 4


@pytest.mark.parametrize(
    ("lines", "settings", "message"),
    [
        ([[]], {}, "the text is empty"),
        (
            [["a", "b", "a"]],
            {"min_count": 5},
            "min_count = 5: no word stands so often.*'a'.*2 times",
        ),
        ([["a"]], {"min_count": 2, "earlier": {"z": 1}}, "no word of the vocabulary stands"),
    ],
    ids=["empty", "rare", "other words"],
)
def test_a_text_without_words_is_refused(tmp_path, lines, settings, message):
    with pytest.raises(InputError, match=message):
        encode(lines, tmp_path, **settings)


def test_the_digest_tells_texts_apart(tmp_path):
    digests = set()
    for lines in ([["a", "b"]], [["b", "a"]], [["a"], ["b"]], [["a", "c"]]):
        encoder = Encoder(tmp_path / "text")
        encoder.write((line, True) for line in lines)
        digests.add(encoder.digest())
    assert len(digests) == 4
