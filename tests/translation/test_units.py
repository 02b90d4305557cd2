"""What a translator reads and writes: how texts are cut, put together again, and learned from."""

from collections import Counter

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from seqpipe.files import InputError
from seqpipe.translation.pair_units import PairUnits
from seqpipe.translation.units import (
    JOINER,
    NO_TOKEN,
    TextUnits,
    make_source_units,
    make_target_units,
)
from seqpipe.vocabulary.vocabulary import Vocabulary

NLP = spacy.blank("xx")
UNITS = {
    "word-punctuation": {"unit": "word", "split": "punctuation"},
    "word-space": {"unit": "word", "split": "space"},
    "character": {"unit": "character"},
    "subword-punctuation": {"unit": "subword", "merges": 20, "split": "punctuation"},
    "subword-space": {"unit": "subword", "merges": 20, "split": "space"},
}
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=JOINER)),
    st.text(alphabet="ab_ .,(@'-é\u0301\u0928\u093f\u200d<>\n\t☃"),
    st.lists(st.sampled_from(["<UNK>", "<EOS>", "a@@", "@@", "b.", "(a)", "don't"])).map(" ".join),
)


def known(text, **settings):
    """Units that have learned all of a text."""
    units = TextUnits(**settings)
    return units.build(Counter(units.target_words(text)))


def pieces(text, **settings):
    return known(text, **settings).target(text).texts[:-1]


@pytest.mark.parametrize("kind", UNITS)
@given(text=TEXTS)
def test_a_text_of_known_pieces_comes_back_but_for_its_white_space(kind, text):
    units = known(text, **UNITS[kind])
    cut = units.target(text)
    assert cut.texts[-1] == "<EOS>"
    assert cut.ids[-1] == Vocabulary.EOS_ID
    together = units.text(cut.texts[:-1])
    assert together == (text.strip() if kind == "character" else " ".join(text.split()))
    if kind != "word-space" and not set(text.split()) & set(Vocabulary.SPECIALS):
        assert Vocabulary.UNK_ID not in cut.ids


@pytest.mark.parametrize("kind", UNITS)
@given(text=TEXTS)
def test_what_is_written_is_cut_as_it_was_read(kind, text):
    units = known(text, **UNITS[kind])
    once = units.target(text)
    assert units.target(units.text(once.texts[:-1])).texts == once.texts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Jane is here.", ["Jane", "is", "here", "￭."]),
        ("l'Afrique", ["l", "￭'￭", "Afrique"]),
        ("a (very) good one", ["a", "(￭", "very", "￭)", "good", "one"]),
        ("wait ... what?!", ["wait", ".", "￭.", "￭.", "what", "￭?", "￭!"]),
        ("2-3 - 4", ["2", "￭-￭", "3", "-", "4"]),
        ("snake_case", ["snake_case"]),
        ("हिन्दी में।", ["हिन्दी", "में", "￭।"]),
        ("cafe\u0301s", ["cafe\u0301s"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("", []),
        (" \n", []),
    ],
)
def test_punctuation_is_marked_where_no_space_stood(text, parts):
    assert pieces(text) == parts


def test_a_joiner_in_a_text_is_another_mark():
    assert pieces("a￭b") == ["a", "￭■￭", "b"]


def test_characters_are_those_between_the_ends():
    assert pieces(" ab c\n", unit="character") == ["a", "b", " ", "c"]


def test_a_source_is_the_tokens_of_a_doc_and_says_where_they_stand():
    doc = Doc(NLP.vocab, words=["A", "\n", "cat", "."], spaces=[True, False, False, False])
    units = make_source_units().build({"A": 1, "cat": 1})
    found = units.source(doc)
    assert found.texts == ["A", "cat", ".", "<EOS>"]
    assert found.tokens.tolist() == [0, 2, 3, NO_TOKEN]
    assert found.ids.tolist() == [4, 5, Vocabulary.UNK_ID, Vocabulary.EOS_ID]


def test_a_source_of_characters_has_the_spaces_between_tokens_but_not_those_at_the_ends():
    found = make_source_units(unit="character").source(NLP.make_doc(" a bc "))
    assert found.texts == ["a", " ", "b", "c", "<EOS>"]
    assert found.tokens.tolist() == [1, NO_TOKEN, 2, 2, NO_TOKEN]
    assert found.words == ["a", " ", "bc", "bc", "<EOS>"]
    assert make_source_units(unit="character").source(NLP.make_doc(" \n ")).texts == ["<EOS>"]


def test_a_source_of_subwords_says_of_which_token_each_is():
    units = make_source_units(unit="subword", merges=1).build({"low": 5, "lot": 3})
    found = units.source(NLP.make_doc("low lot"))
    assert found.texts == ["lo@@", "w", "lo@@", "t", "<EOS>"]
    assert found.tokens.tolist() == [0, 0, 1, 1, NO_TOKEN]
    assert found.words == ["low", "low", "lot", "lot", "<EOS>"]


def test_a_cut_keeps_the_first_pieces_and_the_end():
    found = make_source_units().source(NLP.make_doc("a b c d"))
    assert found.cut(2).texts == ["a", "b", "<EOS>"]
    assert found.cut(2).words == ["a", "b", "<EOS>"]
    assert found.cut(2).tokens.tolist() == [0, 1, NO_TOKEN]
    assert found.cut(2).ids[-1] == Vocabulary.EOS_ID
    assert found.cut(4).texts == found.cut(9).texts == found.texts


@pytest.mark.parametrize("kind", UNITS)
def test_lower_makes_one_of_cases(kind):
    units = known("ab ab AB Ab", **UNITS[kind], lower=True)
    assert units.target("AB").ids.tolist() == units.target("ab").ids.tolist()
    assert Vocabulary.UNK_ID not in units.target("aB").ids
    assert all(piece == piece.lower() for piece in list(units.vocabulary)[4:])


def test_rare_pieces_and_those_beyond_the_size_are_unknown():
    counts = {"a": 5, "b": 3, "c": 1}
    assert list(TextUnits(min_count=2).build(counts).vocabulary)[4:] == ["a", "b"]
    assert list(TextUnits(max_size=1).build(counts).vocabulary)[4:] == ["a"]
    units = TextUnits("subword", merges=1, min_count=2).build({"aa": 5, "b": 1})
    assert list(units.vocabulary)[4:] == ["aa"]


@pytest.mark.parametrize("kind", UNITS)
def test_what_was_learned_can_be_learned_anew_with_the_same_settings(kind):
    units = TextUnits(**UNITS[kind], min_count=2)
    first, other = Counter(["aa", "aa", "ab", "ab", "b"]), Counter({"xyx": 4, "y": 1})
    again = units.build(first).build(other)
    assert again.to_dict() == units.build(other).to_dict()
    assert again.settings == units.settings


def test_dropout_cuts_otherwise_where_it_is_drawn_and_nowhere_else():
    units = TextUnits("subword", merges=10, dropout=0.5).build({"lower": 9, "lowest": 9})
    whole = units.target("lower lowest").texts
    assert units.target("lower lowest").texts == whole
    rng = np.random.default_rng(0)
    cuts = {tuple(units.target("lower lowest", rng).texts) for _ in range(20)}
    assert len(cuts) > 3
    for cut in cuts:
        assert units.text(cut[:-1]) == "lower lowest"
        assert Vocabulary.UNK_ID not in units.vocabulary.ids(cut)


@pytest.mark.parametrize("kind", UNITS)
def test_what_was_learned_comes_back_from_a_dictionary(kind):
    text = "Jane visits Africa (in September)."
    units = known(text, **UNITS[kind])
    again = TextUnits(**UNITS[kind]).from_dict(units.to_dict())
    assert again.target(text).ids.tolist() == units.target(text).ids.tolist()
    assert again.to_dict() == units.to_dict()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"unit": "morpheme"}, "unit = 'morpheme'"),
        ({"split": "comma"}, "split = 'comma'"),
        ({"unit": "subword"}, "merges = 0"),
        ({"unit": "word", "merges": 5}, "merges = 5"),
        ({"unit": "subword", "merges": -1}, "merges = -1"),
        ({"unit": "subword", "merges": 5, "dropout": 1.0}, "dropout = 1.0"),
        ({"dropout": 0.1}, "dropout = 0.1"),
        ({"max_size": 0}, "max_size = 0"),
        ({"min_count": 0}, "min_count = 0"),
    ],
)
def test_settings_that_mean_nothing_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        make_target_units(**settings)


@pytest.mark.parametrize(
    ("key", "value", "other"),
    [("unit", "word", "character"), ("lower", False, True), ("split", "punctuation", "space")],
)
def test_settings_that_cut_otherwise_than_what_was_learned_are_named(key, value, other):
    learned = known("a b", **{key: other}).to_dict()
    with pytest.raises(InputError, match=f"{key} = {value!r} in the config.*has {other!r}"):
        TextUnits(**{key: value}).from_dict(learned)


def test_settings_of_learning_may_be_others_than_those_it_was_learned_with():
    learned = known("a b", min_count=1).to_dict()
    assert TextUnits(min_count=3).from_dict(learned).target("b").ids[0] > 3


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda data: [1],
        lambda data: {"settings": data["settings"], "subwords": data["subwords"]},
        lambda data: {**data, "subwords": None},
        lambda data: {**data, "settings": []},
        lambda data: {**data, "settings": {}},
        lambda data: {**data, "vocabulary": {}},
    ],
)
def test_what_was_not_saved_by_units_is_refused(spoiled):
    data = known("low lower", unit="subword", merges=3).to_dict()
    with pytest.raises(InputError):
        TextUnits("subword", merges=3).from_dict(spoiled(data))


# Both sides


def both(joint=False, source=None, target=None):
    units = PairUnits(make_source_units(**source or {}), make_target_units(**target or {}))
    if joint:
        units = PairUnits(units.source, units.target, joint=True)
    counts = Counter(units.words_of(NLP.make_doc("le chat dort"), ["the cat sleeps", "le cat"]))
    return units.build(counts)


def test_sides_learn_apart():
    units = both()
    assert set(units.source.vocabulary) - set(Vocabulary.SPECIALS) == {"le", "chat", "dort"}
    assert set(units.target.vocabulary) - set(Vocabulary.SPECIALS) == {"the", "cat", "sleeps", "le"}


@pytest.mark.parametrize("side", [{}, {"unit": "character"}, {"unit": "subword", "merges": 3}])
def test_joint_sides_have_one_vocabulary_and_one_set_of_subwords(side):
    units = both(joint=True, source=side, target=side)
    assert units.source.vocabulary is units.target.vocabulary
    assert units.source.subwords is units.target.subwords
    source, target = units.source.source(NLP.make_doc("le")), units.target.target("le")
    assert source.ids.tolist() == target.ids.tolist()
    again = PairUnits(make_source_units(**side), make_target_units(**side), joint=True)
    assert again.from_dict(units.to_dict()).to_dict() == units.to_dict()


def test_joint_sides_of_different_units_are_refused():
    with pytest.raises(InputError, match=r"joint = true: source has unit = 'word', target 'char"):
        both(joint=True, target={"unit": "character"})


def test_sides_that_were_learned_apart_are_not_joint():
    with pytest.raises(InputError, match="joint = true in the config"):
        PairUnits(make_source_units(), make_target_units(), joint=True).from_dict(both().to_dict())


@pytest.mark.parametrize("data", [None, [], {"source": {}}, {"source": 1, "target": 2}])
def test_what_is_not_two_sides_is_refused(data):
    with pytest.raises(InputError):
        both().from_dict(data)


def test_words_are_adopted_on_the_source_s_side_alone():
    words = Vocabulary().build({"le": 1})
    units = PairUnits(make_source_units(), make_target_units())
    built = units.build({("source", "chat"): 1, ("target", "cat"): 1}, words=words)
    assert built.words is built.source.vocabulary is words
    assert "cat" in built.target.vocabulary


@pytest.mark.parametrize("side", [{"unit": "character"}, {"unit": "subword", "merges": 3}])
def test_only_words_can_be_adopted(side):
    units = PairUnits(make_source_units(**side), make_target_units())
    with pytest.raises(InputError, match=f'vocabulary with unit = "{side["unit"]}"'):
        units.build({("source", "chat"): 1, ("target", "cat"): 1}, words=Vocabulary())


@pytest.mark.parametrize("references", [[], [""], [" ", "\n"]])
def test_texts_without_a_word_on_the_target_s_side_are_an_error(references):
    units = PairUnits(make_source_units(), make_target_units())
    counts = Counter(units.words_of(NLP.make_doc("le chat"), references))
    with pytest.raises(InputError, match="no training text has a translation"):
        units.build(counts)


def test_nothing_can_be_adopted_jointly():
    units = PairUnits(make_source_units(), make_target_units(), joint=True)
    with pytest.raises(InputError, match="joint = true"):
        units.build({("source", "chat"): 1, ("target", "cat"): 1}, words=Vocabulary())
