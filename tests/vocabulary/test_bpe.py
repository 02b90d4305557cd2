"""Byte-pair encoding: what is learned, how words are cut and joined, and what files say."""

import gzip
import io
import json
import random
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.vocabulary.bpe import Subwords
from seqpipe.vocabulary.learn_bpe import Merge, learn_merges
from seqpipe.vocabulary.vocabulary import Vocabulary

MULTI30K = Path(__file__).parents[3] / "shared" / "data" / "mt" / "multi30k" / "tok"
PAPER = {"low": 5, "lower": 2, "newest": 6, "widest": 3}

any_word = st.text(min_size=1, max_size=12) | st.sampled_from(
    [
        "@@",
        "a@@",
        "@",
        "</w>",
        "a</w>",
        "<UNK>",
        "a<UNK>",
        "<EOS>@@",
        "e\u0301e\u0301",
        "👩‍👩‍👧‍👧",
        "กำ",
    ]
)
repetitive = st.text("ab", min_size=1, max_size=10) | st.text("ab@", min_size=1, max_size=6)
counts_of = {
    "any": st.dictionaries(any_word, st.integers(1, 9), max_size=20),
    "repetitive": st.dictionaries(repetitive, st.integers(1, 9), max_size=20),
}
any_counts = counts_of["any"] | counts_of["repetitive"]


def in_print(merges):
    return [(left, right + "</w>" * ends) for left, right, ends in merges]


def counted_pairs(words):
    """Algorithm 1's `get_stats`: how often each two symbols stand side by side."""
    pairs = Counter()
    for symbols, count in words:
        for pair in pairwise(symbols):
            pairs[pair] += count
    return pairs


def merged_everywhere(words, pair):
    """Algorithm 1's `merge_vocab`."""
    merged = []
    for symbols, count in words:
        new, at = [], 0
        while at < len(symbols):
            if tuple(symbols[at : at + 2]) == pair:
                new.append((pair[0][0] + pair[1][0], pair[1][1]))
                at += 2
            else:
                new.append(symbols[at])
                at += 1
        merged.append((new, count))
    return merged


def start_symbols(counts, mark_apart=False):
    words = []
    for word, count in counts.items():
        texts = [*word, ""] if mark_apart else [*word]
        words.append(([*((text, False) for text in texts[:-1]), (texts[-1], True)], count))
    return words


def learned_by_recounting(counts, number, min_count, mark_apart):
    words, merges = start_symbols(counts, mark_apart), []
    while len(merges) < number and (pairs := counted_pairs(words)):
        best = max(pairs.values())
        if best < min_count:
            break
        pair = min(pair for pair, count in pairs.items() if count == best)
        merges.append((pair[0][0], *pair[1]))
        words = merged_everywhere(words, pair)
    return merges


def test_the_papers_example():
    subwords = Subwords.learn(PAPER, merges=10, mark_apart=True)
    assert in_print(subwords.merges)[:5] == [
        ("e", "s"),
        ("es", "t"),
        ("est", "</w>"),
        ("l", "o"),
        ("lo", "w"),
    ]
    assert subwords.split("lowest") == ["low@@", "est"]


def test_the_papers_figure_1():
    # "r ·", "l o", "lo w", "e r·" in the paper: the end mark is of the last character here.
    counts = {"low": 1, "lowest": 1, "newer": 1, "wider": 1}
    subwords = Subwords.learn(counts, merges=4)
    assert set(in_print(subwords.merges)) >= {("l", "o"), ("e", "r</w>")}
    assert Subwords.learn(counts, merges=4, mark_apart=True).split("lower") == ["low@@", "er"]


@pytest.mark.parametrize("mark_apart", [False, True])
@settings(deadline=None)
@given(counts=any_counts, min_count=st.integers(1, 4))
def test_merges_are_those_of_counting_anew_each_time(mark_apart, counts, min_count):
    learned = learn_merges(counts, min_count=min_count, mark_apart=mark_apart)
    assert [*map(tuple, islice(learned, 12))] == learned_by_recounting(
        counts, 12, min_count, mark_apart
    )


@settings(deadline=None)
@given(any_counts, st.randoms())
def test_the_order_of_counting_does_not_matter(counts, random):
    shuffled = [*counts.items()]
    random.shuffle(shuffled)
    assert Subwords.learn(dict(shuffled), merges=20) == Subwords.learn(counts, merges=20)


def test_words_that_were_not_seen_and_specials_teach_nothing():
    subwords = Subwords.learn({"ab": 3, "xy": 0, "": 5, "<UNK>": 9}, merges=10)
    assert in_print(subwords.merges) == [("a", "b</w>")]
    assert subwords.characters == "ab"


def test_two_texts_are_learned_jointly_from_the_sum_of_their_counts():
    german, english = Counter({"hand": 1, "land": 1}), Counter({"hand": 1, "sand": 1})
    joint = Subwords.learn(german + english, merges=3)
    assert in_print(joint.merges) == [("a", "n"), ("an", "d</w>"), ("h", "and</w>")]
    assert joint.encode(["hand", "land", "sand"]) == ["hand", "l@@", "and", "s@@", "and"]


@settings(deadline=None)
@given(any_counts, st.integers(0, 200), st.booleans())
def test_size_is_the_most_pieces_there_are(counts, size, mark_apart):
    least = len(Subwords.learn(counts, merges=0, mark_apart=mark_apart).pieces)
    if size < least:
        with pytest.raises(InputError, match=f"size = {size}: expected at least {least}, two"):
            Subwords.learn(counts, size=size, mark_apart=mark_apart)
        return
    subwords = Subwords.learn(counts, size=size, mark_apart=mark_apart)
    longer = Subwords.learn(counts, merges=len(subwords.merges) + 1, mark_apart=mark_apart)
    assert len(subwords.pieces) <= size
    assert len(longer.pieces) > size or longer == subwords


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "merges = None, size = None: expected one of them"),
        ({"merges": 1, "size": 9}, "merges = 1, size = 9: expected one of them"),
        ({"merges": -1}, "merges = -1: expected at least 0"),
        ({"merges": 1, "min_count": 0}, "min_count = 0: expected at least 1"),
    ],
)
def test_a_setting_out_of_range_is_named(options, message):
    with pytest.raises(InputError, match=message):
        Subwords.learn(PAPER, **options)


@pytest.mark.parametrize("mark_apart", [False, True])
@settings(deadline=None)
@given(
    counts=any_counts,
    merges=st.integers(0, 60),
    dropout=st.sampled_from([0, 0.3, 1]),
    data=st.data(),
)
def test_known_characters_come_back_exactly(mark_apart, counts, merges, dropout, data):
    subwords = Subwords.learn(counts, merges=merges, min_count=1, mark_apart=mark_apart)
    words = data.draw(st.lists(st.sampled_from([*counts, "<UNK>"])))
    if subwords.characters:
        words += data.draw(st.lists(st.text(subwords.characters, min_size=1, max_size=9)))
    pieces = subwords.encode(words, dropout=dropout, rng=np.random.default_rng(0))
    assert subwords.join(pieces) == words
    assert set(pieces) <= {*subwords.pieces, *Vocabulary.SPECIALS}
    assert set(pieces) & {*Vocabulary.SPECIALS} <= {*words}


def test_pieces_have_an_order_and_make_a_vocabulary():
    subwords = Subwords.learn({"aab": 2, "b": 1}, merges=2)
    assert subwords.pieces == ("a@@", "a", "b@@", "b", "aa@@", "aab")
    vocabulary = Vocabulary().build(dict.fromkeys(subwords.pieces, 1))
    assert Vocabulary.UNK_ID not in vocabulary.ids(subwords.encode(["aab", "aa", "ba"]))


def test_a_character_never_seen_is_unknown_each_time():
    subwords = Subwords.learn({"aba": 3}, merges=5)
    assert subwords.split("aba") == ["aba"]
    assert subwords.split("猫aba猫猫") == ["<UNK>@@", "ab@@", "a@@", "<UNK>@@", "<UNK>"]
    assert Subwords.learn({}, merges=5).split("a") == ["<UNK>"]


def test_the_last_piece_never_looks_as_if_the_word_went_on():
    subwords = Subwords.learn({"a@@": 9, "b<UNK>": 9}, merges=20)
    assert subwords.split("a@@") == ["a@@", "@@@", "@"]
    assert subwords.split("<UNK>") == ["<UNK>"]
    assert subwords.encode(["b<UNK>"]) == ["b<UNK>"]
    assert subwords.encode(["bb<UNK>", "<UNK>"])[-1:] == ["<UNK>"]


def test_an_empty_word_has_no_pieces_and_a_cut_off_text_keeps_its_last_word():
    subwords = Subwords.learn(PAPER, merges=10)
    assert subwords.split("") == []
    assert subwords.join([]) == []
    assert subwords.join(["low", "wid@@", "e@@"]) == ["low", "wide"]


def test_pieces_handed_out_are_the_callers_own():
    subwords = Subwords.learn(PAPER, merges=10)
    wanted = subwords.split("lowest")
    subwords.split("lowest").clear()
    assert subwords.split("lowest") == wanted


def test_dropout_of_one_gives_characters_and_none_gives_always_the_same():
    subwords, rng = Subwords.learn(PAPER, merges=10), np.random.default_rng(0)
    assert subwords.split("newest", dropout=1, rng=rng) == ["n@@", "e@@", "w@@", "e@@", "s@@", "t"]
    assert subwords.split("newest", dropout=0, rng=rng) == subwords.split("newest") == ["newest"]


def test_dropout_passes_over_each_merge_with_its_chance():
    subwords, rng = Subwords.learn({"ab": 2}, merges=1), np.random.default_rng(0)
    whole = sum(subwords.split("ab", dropout=0.25, rng=rng) == ["ab"] for _ in range(4000))
    assert whole / 4000 == pytest.approx(0.75, abs=0.03)
    draws = [subwords.split("ab", dropout=0.5, rng=np.random.default_rng(seed)) for seed in (7, 7)]
    assert draws[0] == draws[1]


def test_what_was_passed_over_is_drawn_again_at_the_next_merge():
    merges = [Merge("a", "b", False), Merge("b", "c", False), Merge("a", "bc", False)]
    merges += [Merge("c", "d", True)]
    subwords, rng = Subwords(merges, "abcd"), np.random.default_rng(0)
    found = Counter(" ".join(subwords.split("abcd", dropout=0.5, rng=rng)) for _ in range(8000))
    wanted = {
        # a b at once, then c d; or c d when all else was passed over, then a b at last
        "ab@@ cd": 1 / 4 + 1 / 16,
        "ab@@ c@@ d": 1 / 4,
        "abc@@ d": 1 / 8,
        "a@@ bc@@ d": 1 / 8,
        "a@@ b@@ cd": 1 / 16,
        "a@@ b@@ c@@ d": 1 / 8,
    }
    assert {pieces: count / 8000 for pieces, count in found.items()} == pytest.approx(
        wanted, abs=0.02
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 1.5, "rng": np.random.default_rng(0)}, "dropout = 1.5: expected a share"),
        ({"dropout": -0.1, "rng": np.random.default_rng(0)}, "dropout = -0.1: expected a share"),
        ({"dropout": 0.1}, "dropout = 0.1 without rng: expected a random generator"),
    ],
)
def test_a_dropout_that_cannot_be_is_named(options, message):
    with pytest.raises(InputError, match=message):
        Subwords.learn(PAPER, merges=1).split("low", **options)


def test_a_very_long_word_is_cut_in_no_time():
    letters = random.Random(0).choices("abcdefghij", k=50_000)
    subwords = Subwords.learn(
        Counter("".join(letters[i : i + 9]) for i in range(2000)), merges=2000
    )
    word = "".join(letters)
    assert subwords.join(subwords.split(word)) == [word]


def test_two_merges_may_make_the_same_text():
    merges = [Merge("b", "c", False), Merge("a", "bc", False), Merge("a", "b", False)]
    merges += [Merge("ab", "c", False), Merge("abc", "d", True)]
    subwords = Subwords(merges, "abcd")
    assert subwords.split("abcd") == ["abcd"]
    assert subwords.pieces.count("abc@@") == 1


@settings(deadline=None)
@given(any_counts, st.integers(0, 40), st.booleans())
def test_round_trip_through_bytes_and_dict(counts, merges, mark_apart):
    subwords = Subwords.learn(counts, merges=merges, mark_apart=mark_apart)
    assert Subwords.from_bytes(subwords.to_bytes()) == subwords
    assert Subwords.from_dict(subwords.to_dict()) == subwords


def test_equality_sees_merges_characters_and_the_mark():
    subwords = Subwords.learn(PAPER, merges=3)
    assert subwords != Subwords.learn(PAPER, merges=4)
    assert subwords != Subwords(subwords.merges, subwords.characters + "x")
    assert Subwords([], "a") != Subwords([], "a", mark_apart=True)
    assert subwords != subwords.pieces


def test_the_file_can_be_read_by_eye(tmp_path):
    subwords = Subwords.learn({"naïve": 2, "猫猫": 1}, merges=2, min_count=1)
    subwords.to_disk(tmp_path / "subwords.json")
    lines = (tmp_path / "subwords.json").read_text(encoding="utf-8").splitlines()
    assert lines[3:7] == [
        ' "characters": "aenvï猫",',
        ' "merges": [',
        '  ["a", "ï", false],',
        '  ["aï", "v", false]',
    ]
    assert Subwords.from_disk(tmp_path / "subwords.json") == subwords


def saved(**changes):
    data = {**Subwords.learn(PAPER, merges=2).to_dict(), **changes}
    return json.dumps(data).encode("utf-8")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (saved()[:-4], "not a whole JSON file"),
        (b"", "not a whole JSON file"),
        (b"\xff\xfe{}", "not a whole JSON file"),
        (b"[" * 100_000, "not a whole JSON file"),
        (b"[]", 'expected "format": "seqpipe.BytePairs.v1"'),
        (saved(format="other"), 'expected "format": "seqpipe.BytePairs.v1"'),
        (saved(mark_apart=1), '"mark_apart" is 1, expected bool'),
        (saved(characters=["a"]), "\"characters\" is ['a'], expected str"),
        (saved(merges=None), '"merges" is None, expected list'),
        (saved(merges=[["a", "b"]]), "merge 1 is ['a', 'b'], expected two texts and whether"),
        (saved(merges=[["e", "s", 0]]), "merge 1 is ['e', 's', 0], expected two texts"),
        (saved(merges=["es"]), "merge 1 is 'es', expected two texts and whether"),
        (saved(merges=[["e", "s", False], ["x", "e", False]]), "merge 2: 'x' is neither a known"),
        (saved(merges=[["es", "t", False]]), "merge 1: 'es' is neither a known character nor"),
        (saved(merges=[["e", "", True]]), "merge 1: '</w>' is neither a known character nor"),
        (saved(merges=[["", "e", False]]), "merge 1: '' is neither a known character nor"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "subwords.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Subwords.from_disk(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    for read in (Subwords.from_disk, Subwords.from_codes):
        with pytest.raises(InputError, match=r"nowhere: cannot be read \(No such file"):
            read(tmp_path / "nowhere")


@pytest.mark.parametrize("mark_apart", [False, True])
def test_round_trip_through_a_file_of_codes(tmp_path, mark_apart):
    subwords = Subwords.learn(PAPER, merges=8, mark_apart=mark_apart)
    subwords.to_codes(tmp_path / "codes")
    lines = (tmp_path / "codes").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["#version: 0.1" if mark_apart else "#version: 0.2", "e s"]
    assert len(lines) == 9
    assert Subwords.from_codes(tmp_path / "codes", characters=subwords.characters) == subwords
    assert Subwords.from_codes(tmp_path / "codes", characters=[*PAPER]) == subwords
    known = Subwords.from_codes(tmp_path / "codes").characters
    assert known == "".join(sorted(set("".join(m.text for m in subwords.merges))))


def test_codes_without_a_version_have_the_mark_apart(tmp_path):
    (tmp_path / "codes").write_bytes(b"s t\r\nst </w>\r\n\r\n")
    subwords = Subwords.from_codes(tmp_path / "codes")
    assert subwords == Subwords(
        [Merge("s", "t", False), Merge("st", "", True)], "st", mark_apart=True
    )


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"#version: 0.3\ne s\n", 1, "'#version: 0.3', expected #version: 0.1 or #version: 0.2"),
        (b"#version: 0.2\ne s\nes\n", 3, "'es', expected two symbols with a space between"),
        (b"#version: 0.2\n\ne s t\n", 3, "'e s t', expected two symbols"),
        (b"#version: 0.2\ne  s\n", 2, "'e  s', expected two symbols"),
        (b"#version: 0.2\nes t\n", 2, "'es' is neither a known character nor made by"),
        (b"e s</w>\n", 1, "'s</w>' is neither a known character nor made by"),
        (b"#version: 0.2\ns </w>\n", 2, "'</w>' is neither a known character nor made by"),
        (b"#version: 0.2\ne \xff\n", 2, "byte 0xff is not UTF-8"),
    ],
)
def test_a_damaged_file_of_codes_is_named_with_its_line(tmp_path, content, line, message):
    path = tmp_path / "codes"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Subwords.from_codes(path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "merge",
    [
        Merge("a", " ", False),
        Merge("\n", "a", True),
        Merge("a", "\r", True),
        Merge("a", "</w>", False),
    ],
)
def test_codes_cannot_hold_white_space_nor_their_own_mark(tmp_path, merge):
    mark = [Merge("<", "/", False), Merge("</", "w", False), Merge("</w", ">", False)]
    with pytest.raises(InputError, match=r"the merge of .* a file of codes can hold neither"):
        Subwords([*mark, merge], "a \n\r</w>").to_codes(tmp_path / "codes")
    assert not [*tmp_path.iterdir()]


def made_up_text(words=2000, seed=0):
    """Words that share stems and endings, as a text has them."""
    draw = random.Random(seed)
    syllables = ["ka", "lo", "mi", "nest", "or", "pé", "ß", "tt", "u", "ing", "猫", "a@", "lll"]
    stems = ["".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(60)]
    return [draw.choice(stems) + draw.choice(["", "s", "ing", "er", "lll"]) for _ in range(words)]


def subword_nmt_codes(text, merges):
    learn_bpe = pytest.importorskip("subword_nmt.learn_bpe")
    codes = io.StringIO()
    learn_bpe.learn_bpe(io.StringIO(" ".join(text)), codes, merges)
    return codes.getvalue()


@pytest.mark.parametrize("mark_apart", [False, True])
def test_words_are_cut_as_subword_nmt_cuts_them(tmp_path, mark_apart):
    apply_bpe = pytest.importorskip("subword_nmt.apply_bpe")
    subwords = Subwords.learn(Counter(made_up_text()), merges=150, mark_apart=mark_apart)
    subwords.to_codes(tmp_path / "codes")
    theirs = apply_bpe.BPE(io.StringIO((tmp_path / "codes").read_text(encoding="utf-8")))
    words = [*made_up_text(seed=1), "s", "nest" * 9, "l" * 31]
    words = [word for word in words if not set(word) - set(subwords.characters)]
    assert subwords.encode(words) == theirs.segment_tokens(words)


def are_most_frequent(merges, counts):
    """Whether each merge is of a pair that is as frequent as any, after those before it."""
    words = start_symbols(counts)
    for left, right, ends in merges:
        pairs, pair = counted_pairs(words), ((left, False), (right, ends))
        if pairs[pair] < max(pairs.values()):
            return False
        words = merged_everywhere(words, pair)
    return True


def test_merges_are_subword_nmts_up_to_ties(tmp_path):
    text = made_up_text()
    (tmp_path / "codes").write_text(subword_nmt_codes(text, 80), encoding="utf-8")
    theirs = Subwords.from_codes(tmp_path / "codes").merges
    ours = Subwords.learn(Counter(text), merges=80).merges
    assert len(ours) == len(theirs) == 80
    assert are_most_frequent(theirs, Counter(text))
    assert are_most_frequent(ours, Counter(text))
    assert not are_most_frequent(ours[::-1], Counter(text))
    assert len({*ours} & {*theirs}) > 70


@pytest.mark.skipif(not MULTI30K.exists(), reason="shared/data/mt/multi30k is not there")
def test_multi30k_is_cut_into_known_pieces_and_comes_back():
    texts = {}
    for language in ("de", "en"):
        with gzip.open(
            MULTI30K / f"train.lc.norm.tok.{language}.gz", "rt", encoding="utf-8"
        ) as file:
            texts[language] = file.read().split()
    counts = Counter(texts["de"]) + Counter(texts["en"])
    subwords = Subwords.learn(counts, size=8000)
    assert len(subwords.pieces) == 8000
    for text in texts.values():
        pieces = subwords.encode(text)
        assert subwords.join(pieces) == text
        assert len(text) < len(pieces) < 1.3 * len(text)
