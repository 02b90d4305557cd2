"""What takes the place of <UNK>: the word that was attended to, or its entry in a lexicon."""

import gzip

import numpy as np
import pytest
import spacy

from seqpipe.files import InputError
from seqpipe.testing.case import copy_of
from seqpipe.translation.lexicon import read_lexicon, without_unknown
from seqpipe.translation.units import TextUnits
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.translation.translator_case import (
    MODEL,
    WIRINGS,
    excited,
    learn,
    pair_examples,
    untrained,
)

# Width 1 never ends where the end is unlikely.
ONE = {"width": 1, "max_ratio": 0.1}


def pipe_of(nlp):
    return nlp.get_pipe("rnn_translator")


def written(folder, text, name="lexicon.tsv"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


# The file


@pytest.mark.parametrize("name", ["lexicon.tsv", "lexicon.tsv.gz"])
def test_a_lexicon_has_a_word_and_its_translation_a_line(tmp_path, name):
    path = written(tmp_path, "Haus\thouse\nder Hund \t the dog\nHaus\tbuilding\n", name)
    assert read_lexicon(path) == {"Haus": "house", "der Hund": "the dog"}


@pytest.mark.parametrize("line", ["Haus", "Haus\t", "\thouse", "a\tb\tc", " \t "])
def test_a_line_that_is_no_entry_is_named(tmp_path, line):
    path = written(tmp_path, f"Hund\tdog\n{line}\n")
    with pytest.raises(InputError, match=r"lexicon\.tsv.*line 2.*expected a source word, a tab"):
        read_lexicon(path)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.tsv"):
        read_lexicon(tmp_path / "absent.tsv")
    (tmp_path / "latin.tsv").write_bytes("Bär\tbear\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.tsv"):
        read_lexicon(tmp_path / "latin.tsv")


# What is replaced


def test_each_unknown_piece_is_replaced_by_what_it_attends_to_most():
    attention = np.array([[0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.2, 0.7, 0.1], [0, 0, 1]])
    pieces = ["the", "<UNK>", "<UNK>"]
    words = ["le", "Zork"]
    assert without_unknown(pieces, words, attention, {}) == ["the", "Zork", "Zork"]
    assert without_unknown(pieces, words, attention, {"Zork": "zork"}) == ["the", "zork", "zork"]


def flattened(units="words", **config):
    """A translator that writes <UNK> and nothing else."""
    nlp = excited(units=units, pairs=[("le Zork dort (ici)", ["the zork sleeps"])])
    whole = untrained(model=nlp.config["components"]["rnn_translator"]["model"], **config)
    pipe_of(whole).from_bytes(pipe_of(nlp).to_bytes())
    bias = pipe_of(whole).model.get_ref("output_layer").get_param("b")
    bias[Vocabulary.UNK_ID], bias[Vocabulary.EOS_ID] = 100.0, -100.0
    return whole


@pytest.mark.parametrize("units", ["words", "spaced-words", "characters-words"])
def test_whole_words_of_the_source_are_copied(units):
    nlp = flattened(units, replace_unknown=True, search=ONE)
    doc = nlp("le Zork dort")
    words = doc._.translation.split()
    assert words
    assert set(words) <= {"le", "Zork", "dort"}
    assert set(doc._.translations[0]["pieces"]) == {"<UNK>"}


@pytest.mark.parametrize("units", ["characters", "subwords", "words-subwords"])
def test_a_target_of_other_units_than_words_has_nothing_to_replace(units):
    with pytest.raises(InputError, match=r"replace_unknown.*target\.unit = .*expected .word."):
        flattened(units, replace_unknown=True, search=ONE)


@pytest.mark.parametrize(("lower", "found"), [(False, "Haus"), (True, "house")])
def test_a_word_is_looked_up_lower_cased_if_its_source_is(lower, found):
    lexicon = {"haus": "house", "Hund": "dog"}
    attention = np.eye(2)
    pieces = without_unknown(["<UNK>"] * 2, ["Haus", "Hund"], attention, lexicon, lower=lower)
    assert pieces == [found, "dog"]


def test_a_translator_of_lower_cased_sources_looks_words_up_lower_cased():
    pair = ("Le Zork DORT", ["the zork sleeps"])
    config = {"replace_unknown": True, "search": ONE}
    nlp = untrained(model={**MODEL, "source": {"min_count": 1, "lower": True}}, **config)
    nlp.initialize(lambda: pair_examples(nlp, [pair]))
    pipe_of(nlp).cfg["lexicon"] = dict.fromkeys(["le", "zork", "dort"], "X")
    bias = pipe_of(nlp).model.get_ref("output_layer").get_param("b")
    bias[Vocabulary.UNK_ID], bias[Vocabulary.EOS_ID] = 100.0, -100.0
    assert set(nlp("Le Zork DORT")._.translation.split()) == {"X"}


def test_a_mark_that_is_put_in_stands_between_spaces():
    words = ["10", "%"]
    pieces = without_unknown(["ten", "<UNK>", "￭."], words, np.array([[1, 0], [0, 1], [0, 1]]), {})
    assert TextUnits().text(pieces) == "ten %."


def test_nothing_is_replaced_unless_asked_for():
    text = flattened(search=ONE)("le Zork dort")._.translation
    assert set(text.split()) == {"<UNK>"}


@pytest.fixture(scope="module")
def copier(tmp_path_factory):
    """Copies words, and writes <UNK> for those that it does not know. Its lexicon has "zork"; the
    file is gone. No test may change it."""
    rng = np.random.default_rng(0)
    pairs = []
    for i in range(1500):
        words = rng.choice(list("abcdef"), size=rng.integers(2, 5)).tolist()
        if i % 2:
            words[rng.integers(len(words))] = f"rare{i}"
        pairs.append((" ".join(words), [" ".join(words)]))
    once = {"min_count": 2}
    sides = {side: {**MODEL[side], "nO": 32} for side in ("encoder", "decoder")}
    model = {**MODEL, **sides, "source": once, "target": {**once, "split": "space"}}
    nlp = untrained(model=model, replace_unknown=True)
    path = written(tmp_path_factory.mktemp("lexicon"), "zork\tKROZ\n")
    nlp.config["initialize"]["components"]["rnn_translator"] = {"lexicon": str(path)}
    learn(nlp, pairs, epochs=6)
    path.unlink()
    return nlp


def test_an_unknown_word_is_copied_to_its_place(copier):
    for text in ("a blip b", "blip c d", "e f Blip"):
        doc = copier(text)
        assert doc._.translation == text
        assert doc._.translations[0]["text"] == text
        assert doc._.translations[0]["pieces"].count("<UNK>") == 1
        assert doc._.attention.shape == (4, 3)


def test_an_unknown_word_is_looked_up_and_the_lexicon_stays(copier, tmp_path):
    copier.to_disk(tmp_path)
    for nlp in (copier, spacy.load(tmp_path), copy_of(copier)):
        assert nlp("a zork b")._.translation == "a KROZ b"


def test_a_model_that_is_initialised_anew_has_no_lexicon_of_before(tmp_path):
    nlp = untrained(replace_unknown=True)
    examples = pair_examples(nlp, [("a b", ["b a"])])
    blocks = nlp.config["initialize"]["components"]
    blocks["rnn_translator"] = {"lexicon": str(written(tmp_path, "a\tb\n"))}
    nlp.initialize(lambda: examples)
    assert pipe_of(nlp).cfg["lexicon"] == {"a": "b"}
    blocks["rnn_translator"] = {}
    nlp.initialize(lambda: examples)
    assert "lexicon" not in pipe_of(nlp).cfg


def test_a_lexicon_that_nothing_uses_is_refused(tmp_path):
    nlp = untrained()
    nlp.config["initialize"]["components"]["rnn_translator"] = {
        "lexicon": str(written(tmp_path, "a\tb\n"))
    }
    with pytest.raises(InputError, match="lexicon without replace_unknown"):
        nlp.initialize(lambda: pair_examples(nlp, [("a b", ["a b"])]))


@pytest.mark.parametrize("config", [{"replace_unknown": True}, {"search": {"coverage": 0.1}}])
def test_a_model_without_attention_can_replace_and_cover_nothing(config):
    key = "coverage" if "search" in config else "replace_unknown"
    with pytest.raises(InputError, match=f"{key} is set: expected a model with attention"):
        untrained(model={**MODEL, **WIRINGS["none"]}, **config)
