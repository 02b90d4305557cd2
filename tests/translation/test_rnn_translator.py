"""The component `rnn_translator`: the checks that all components pass, what it learns, and what
it refuses."""

import copy
import json
import logging
import math

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.testing import ComponentChecks
from seqpipe.testing.case import ComponentCase, copy_of, gradients, train, weights
from seqpipe.translation.analysis import analyse
from tests.translation.translator_case import (
    MODEL,
    TRANSLATOR,
    UNITS,
    WIRINGS,
    learn,
    pair_examples,
    reversals,
    reverser,
    untrained,
)

PAIRS = [("a b c", ["c b a"]), ("b a", ["a b"]), ("c", ["c"])]
LSTM = {"@layers": "seqpipe.LSTM.v1", "nO": 12}


class TestTranslator(ComponentChecks):
    case: ComponentCase = TRANSLATOR


def pipe_of(nlp):
    return nlp.get_pipe("rnn_translator")


def initialised(pairs=PAIRS, **config):
    nlp = untrained(**config)
    examples = pair_examples(nlp, pairs)
    spacy.util.fix_random_seed(0)
    nlp.initialize(lambda: examples)
    return nlp, examples


# What it learns


@pytest.mark.parametrize("units", UNITS)
def test_every_pair_of_units_learns_and_stays(units, tmp_path):
    source, target = ({**side, "min_count": 1} for side in UNITS[units])
    nlp = untrained(model={**MODEL, "source": source, "target": target})
    pairs = [("a cat, sat", ["un chat, là"]), ("the cats", ["les (chats)"]), ("so", ["si, si"])]
    losses = train(nlp, pair_examples(nlp, pairs), steps=60)
    assert losses[-1] < 0.2 * losses[0]
    found = [nlp(source)._.translation for source, _ in pairs]
    assert found == [text for _, (text,) in pairs]
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert [again(source)._.translation for source, _ in pairs] == found


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("tied", ["none", "output", "all"])
def test_every_wiring_and_tie_learns_and_stays(wiring, tied):
    side = {"min_count": 1}
    joint = {"source": side, "target": dict(side), "joint": True} if tied == "all" else {}
    nlp = untrained(model={**MODEL, "tied": tied, **joint, **WIRINGS[wiring]})
    losses = train(nlp, pair_examples(nlp, PAIRS), steps=60)
    assert losses[-1] < 0.2 * losses[0]
    found = [nlp(source)._.translation for source, _ in PAIRS]
    assert found == [text for _, (text,) in PAIRS]
    again = copy_of(nlp)
    assert [again(source)._.translation for source, _ in PAIRS] == found


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        ({**LSTM, "bi": True, "depth": 2}, {**LSTM, "bi": False, "depth": 2}),
        ({**LSTM, "bi": False, "depth": 1}, MODEL["decoder"]),
        (
            {"@layers": "seqpipe.Recurrent.v1", "cell": "rnn", "nO": 12, "bi": True, "depth": 3},
            {"@layers": "seqpipe.Recurrent.v1", "cell": "rnn", "nO": 10, "bi": False, "depth": 1},
        ),
    ],
    ids=["deep-lstm", "lstm-gru", "rnn"],
)
def test_every_cell_direction_and_depth_learns(encoder, decoder):
    nlp = untrained(model=copy.deepcopy({**MODEL, "encoder": encoder, "decoder": decoder}))
    losses = train(nlp, pair_examples(nlp, PAIRS), steps=40)
    assert losses[-1] < 0.5 * losses[0]


def test_all_references_are_learned_from():
    nlp, several = initialised([("a b", ["x y", "y"]), ("b", ["x"])])
    alone = pair_examples(nlp, [("a b", ["x y"]), ("a b", ["y"]), ("b", ["x"])])
    other = copy_of(nlp)
    assert pipe_of(nlp).update(several) == pytest.approx(pipe_of(other).update(alone))
    for ours, theirs in zip(gradients(pipe_of(nlp)), gradients(pipe_of(other)), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert {"x", "y"} <= set(pipe_of(nlp).target_pieces)


def test_the_loss_is_that_of_forced_scoring():
    nlp, examples = initialised()
    found = pipe_of(nlp).score_targets(
        [eg.predicted for eg in examples], [text for _, (text,) in PAIRS]
    )
    loss = pipe_of(nlp).update(examples)["rnn_translator"]
    assert loss == pytest.approx(-sum(one.log_prob for one in found), rel=1e-5)


def test_examples_without_references_or_text_are_passed_over():
    nlp, examples = initialised()
    without = [Example(nlp.make_doc("a c"), nlp.make_doc("a c"))]
    empty = pair_examples(nlp, [("", ["c"]), (" \n", ["a"]), ("a b c", [])])
    other = copy_of(nlp)
    loss = pipe_of(nlp).update([*without, *examples, *empty])
    assert loss == pipe_of(other).update(examples)
    for ours, theirs in zip(gradients(pipe_of(nlp)), gradients(pipe_of(other)), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    before = weights(pipe_of(nlp))
    nothing = pipe_of(nlp).update([*without, *empty], sgd=nlp.create_optimizer())
    assert nothing == {"rnn_translator": 0.0}
    assert weights(pipe_of(nlp)) == before


def test_words_of_texts_without_references_are_not_learned():
    nlp, _ = initialised([*PAIRS, ("unread", [])])
    assert "unread" not in pipe_of(nlp).units.source.vocabulary


def test_training_texts_without_any_reference_are_an_error():
    nlp = untrained()
    with pytest.raises(InputError, match="none of 2 training texts has a translation"):
        nlp.initialize(lambda: pair_examples(nlp, [("a", []), ("b", [])]))


@pytest.mark.parametrize("references", ["c b a", ["a", 1], {"a": 1}, [["a"]]])
def test_references_that_are_no_list_of_strings_are_an_error(references):
    nlp, _ = initialised()
    doc = nlp.make_doc("a b c")
    doc._.references = references
    with pytest.raises(InputError, match=r"doc\._\.references is .*expected a list of strings"):
        pipe_of(nlp).update([Example(nlp.make_doc("a b c"), doc)])


def test_smoothed_labels_keep_probabilities_from_the_extremes():
    sure = {}
    for rate in (0.0, 0.2):
        output = {"@layers": "seqpipe.FullSoftmax.v1", "label_smoothing": rate}
        nlp = untrained(model={**MODEL, "output": output})
        train(nlp, pair_examples(nlp, PAIRS), steps=60)
        assert nlp("a b c")._.translation == "c b a"
        sure[rate] = math.exp(nlp("a b c")._.translations[0]["log_prob"])
    assert sure[0.0] > 0.95
    assert sure[0.2] < 0.8


def test_dropout_is_in_training_alone():
    nlp, examples = initialised()
    losses = {pipe_of(nlp).update(examples, drop=0.5)["rnn_translator"] for _ in range(3)}
    assert len(losses) == 3
    assert nlp("a b c")._.translations == nlp("a b c")._.translations
    assert len({pipe_of(nlp).update(examples)["rnn_translator"] for _ in range(2)}) == 1


def test_bpe_dropout_is_in_training_alone():
    units = {"unit": "subword", "merges": 10, "min_count": 1, "dropout": 0.5}
    model = {**MODEL, "source": units, "target": dict(units)}
    nlp, examples = initialised([("lower lowest", ["lowest lower"])] * 2, model=model)
    pipe = pipe_of(nlp)
    sides = [pipe.model_input(examples) for _ in range(5)]
    assert len({tuple(ids) for X in sides for ids in map(np.ndarray.tolist, X.sources)}) > 2
    assert len({tuple(ids) for X in sides for ids in map(np.ndarray.tolist, X.targets)}) > 2
    assert pipe.source_pieces(examples[0].predicted) == ["lower", "lowest", "<EOS>"]
    np.random.seed(0)
    first = pipe.update(examples)["rnn_translator"]
    np.random.seed(0)
    assert pipe.update(examples)["rnn_translator"] == first
    assert pipe.update(examples)["rnn_translator"] != first


def test_a_source_is_not_too_long_by_the_chance_of_dropout():
    units = {"unit": "subword", "merges": 10, "min_count": 1, "dropout": 0.9}
    model = {**MODEL, "source": units}
    nlp, examples = initialised([("lower lowest", ["x"])] * 2, model=model, max_source=2)
    for _ in range(10):
        assert pipe_of(nlp).update(examples)["rnn_translator"] > 0


def test_spaces_are_written_as_characters():
    character = {"unit": "character", "min_count": 1}
    nlp = untrained(model={**MODEL, "source": character, "target": dict(character)})
    pairs = [("one two", ["two  one"]), ("a b.", ["b. a"])]
    train(nlp, pair_examples(nlp, pairs), steps=80)
    assert [nlp(source)._.translation for source, _ in pairs] == ["two  one", "b. a"]
    assert nlp(" one two \n")._.translation == "two  one"
    assert " " in nlp("one two")._.translations[0]["pieces"]


def test_a_second_initialize_takes_other_texts():
    nlp, _ = initialised()
    learn(nlp, [("x y", ["y x"]), ("y", ["y"])] * 10, epochs=20, batch=20)
    assert nlp("x y")._.translation == "y x"
    assert set(pipe_of(nlp).target_pieces[4:]) == {"x", "y"}
    assert copy_of(nlp)("x y")._.translation == "y x"


def test_two_translators_stand_in_one_pipeline():
    nlp = copy_of(reverser())
    nlp.add_pipe("rnn_translator", name="other", source=reverser())
    nlp.rename_pipe("other", "another")
    assert nlp("a b c")._.translation == "c b a"


# Odd sources


def test_what_is_wholly_unknown_is_warned_of_once_a_call(caplog):
    nlp = copy_of(reverser())
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        docs = list(nlp.pipe(["привет мир", "a b", "☃", "", "привет"]))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "nothing of 3 of 5 texts is known to the model" in caplog.text
    assert "the first is 'привет мир'" in caplog.text
    assert docs[1]._.translation == "b a"
    assert isinstance(docs[0]._.translation, str)
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        nlp("a b")
        assert not caplog.records
        nlp("☃")
    assert "nothing of 1 of 1 texts" in caplog.text


def test_a_source_that_is_too_long_is_named_or_cut():
    config = {"max_source": 3}
    nlp, _ = initialised(**config)
    pipe = pipe_of(nlp)
    long = pair_examples(nlp, [("a b c a b", ["c"])])
    for read in (
        lambda: nlp("a b c a b"),
        lambda: pipe.update(long),
        lambda: pipe.score_targets([long[0].predicted], ["c"]),
        lambda: pipe.trace(long[0].predicted),
    ):
        with pytest.raises(InputError, match=r"of 5 pieces, 'a b c a b'.*max_source = 3.*truncate"):
            read()
    cutting, _ = initialised(**config, truncate=True)
    pipe_of(cutting).from_bytes(pipe.to_bytes())
    doc = cutting("a b c a b")
    assert doc._.translation == nlp("a b c")._.translation
    assert doc._.attention.shape[1] == 5
    assert not doc._.attention[:, 3:].any()
    assert pipe_of(cutting).source_pieces(doc) == ["a", "b", "c", "<EOS>"]


@pytest.mark.parametrize("place", [2, 14])
@pytest.mark.parametrize(
    "source", [{}, {"unit": "character"}, {"unit": "subword", "merges": 1}], ids=str
)
def test_a_training_source_that_is_too_long_is_found_before_training(source, place):
    model = {**MODEL, "source": {"min_count": 1, **source}}
    pairs = [("ab c", ["x"])] * 20
    pairs[place] = ("ab c ab c ab c", ["x"])
    expected = rf"training text {place + 1}: .*'ab c ab c ab c'.*max_source = 4"
    with pytest.raises(InputError, match=expected):
        initialised(pairs, model=model, max_source=4)
    initialised(pairs, model=model, max_source=4, truncate=True)
    pairs[place] = ("ab c ab c ab c", [])
    initialised(pairs, model=model, max_source=4)


def test_subwords_that_were_learned_before_do_not_make_a_source_too_long():
    model = {**MODEL, "source": {"unit": "subword", "merges": 20, "min_count": 1}}
    nlp, _ = initialised([("xyz", ["x"])] * 3, model=model, max_source=4)
    examples = pair_examples(nlp, [("lowest lower", ["x"])] * 3)
    nlp.initialize(lambda: examples)
    assert pipe_of(nlp).source_pieces(examples[0].predicted) == ["lowest", "lower", "<EOS>"]


@pytest.mark.parametrize("empty", ["", " ", "\n\t"])
def test_an_empty_reference_is_refused_in_training_and_its_text_is_named(empty):
    pairs = [*PAIRS, ("b b c", ["c", empty])]
    with pytest.raises(InputError, match=r"training text 4: .*empty reference of .*'b b c'"):
        initialised(pairs)
    nlp, _ = initialised()
    examples = pair_examples(nlp, pairs)
    before = weights(pipe_of(nlp))
    with pytest.raises(InputError, match="empty reference of the text 'b b c'"):
        nlp.update(examples, sgd=nlp.create_optimizer())
    assert weights(pipe_of(nlp)) == before
    assert nlp.evaluate(examples)["bleu_texts"] == 4


@pytest.mark.parametrize("special", ["<PAD>", "<BOS>", "<EOS>"])
def test_a_target_with_what_is_never_written_is_refused(special):
    nlp, examples = initialised()
    with pytest.raises(InputError, match=f"{special} in the target 'c {special} a'"):
        pipe_of(nlp).score_targets([examples[0].predicted], [f"c {special} a"])
    text = f"c {special} a"
    analysis = analyse(pipe_of(nlp), pair_examples(nlp, [("a b c", [text, "c b a"])]), widths=[1])
    assert analysis.judged[0].target.text == "c b a"


@pytest.mark.parametrize("language", ["klingon", "", "EN"])
def test_a_language_that_spacy_does_not_know_is_refused(language):
    with pytest.raises(InputError, match=f"target_lang = '{language}': expected the code"):
        untrained(target_lang=language)


@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_that_lets_nothing_in_is_named(value):
    with pytest.raises(InputError, match=f"max_source = {value}"):
        untrained(max_source=value)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"width": 0}, "width = 0"),
        ({"beam": 5}, r"\[components\.rnn_translator\.search\]: beam is no setting.*width"),
        ({"n_best": 9}, "n_best = 9"),
        ({"width": 2.5}, r"\[components\.rnn_translator\.search\]: width = 2.5: expected a beam"),
        ({"width": "5"}, r"\[components\.rnn_translator\.search\]: width = '5'"),
        ({"alpha": None}, r"\[components\.rnn_translator\.search\]: alpha = None"),
        ({"max_ratio": 1e30}, r"\[components\.rnn_translator\.search\]: max_ratio = 1e"),
    ],
)
def test_settings_of_the_search_that_mean_nothing_are_named(search, message):
    with pytest.raises(InputError, match=message):
        untrained(search=search)


# Saved models


def spoil(folder, change):
    """Change the vocabularies of a saved pipeline."""
    path = folder / "rnn_translator" / "vocabularies.json"
    (sides,) = json.loads(path.read_text(encoding="utf-8"))
    change(sides)
    path.write_text(json.dumps([sides]), encoding="utf-8")


def without_last(words):
    last = list(words["words"])[-1]
    del words["words"][last]
    words["size"] -= 1


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("tied", ["none", "output"])
def test_a_vocabulary_that_does_not_fit_the_weights_is_named(side, tied, tmp_path):
    nlp, _ = initialised(model={**MODEL, "tied": tied})
    nlp.to_disk(tmp_path)
    spoil(tmp_path, lambda sides: without_last(sides[side]["vocabulary"]))
    with pytest.raises(InputError, match=f"the {side}'s vocabulary has 6 pieces.*weights have 7"):
        spacy.load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda sides: sides.pop("target"),
        lambda sides: sides.update(source=None),
        lambda sides: sides["source"].pop("subwords"),
        lambda sides: sides["target"]["vocabulary"].update(words={"a": 1}),
        lambda sides: sides["target"]["vocabulary"].update(format="other"),
    ],
)
def test_vocabularies_that_are_damaged_are_named(change, tmp_path):
    nlp, _ = initialised()
    nlp.to_disk(tmp_path)
    spoil(tmp_path, change)
    with pytest.raises(InputError, match=r"vocabularies\.json"):
        spacy.load(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("source.unit", "character", "unit = 'character' in the config.*has 'word'"),
        ("target.split", "punctuation", "split = 'punctuation' in the config.*has 'space'"),
        ("target.lower", True, "lower = True in the config.*has False"),
        ("joint", True, "joint = true in the config"),
        ("tied", "output", "tied = 'output' in the config.*trained with 'none'"),
        ("feeding", "input", "feeding = 'input' in the config.*trained with 'none'"),
        ("attention.score", "dot", "attention.score = 'dot' in the config.*with 'scaled_dot'"),
        ("attention", None, "model: does not load"),
        ("width", 20, "model: does not load"),
    ],
)
def test_settings_that_changed_after_learning_are_named(key, value, message, tmp_path):
    attention = {"@layers": "seqpipe.Attention.v1", "score": "scaled_dot"}
    nlp, _ = initialised([("a b", ["x"])], model={**MODEL, "attention": attention})
    nlp.to_disk(tmp_path)
    config = spacy.util.load_config(tmp_path / "config.cfg")
    *sections, last = key.split(".")
    block = config["components"]["rnn_translator"]["model"]
    for section in sections:
        block = block[section]
    block[last] = value
    config.to_disk(tmp_path / "config.cfg")
    with pytest.raises(InputError, match=message):
        spacy.load(tmp_path)


def test_settings_of_the_search_may_change_after_learning(tmp_path):
    reverser().to_disk(tmp_path)
    override = {"components.rnn_translator.search": {"width": 4, "n_best": 3}}
    nlp = spacy.load(tmp_path, config=override)
    assert len(nlp("a b c")._.translations) == 3
    assert nlp("a b c")._.translation == "c b a"


def test_a_translator_that_never_learned_is_kept_as_it_is(tmp_path):
    untrained().to_disk(tmp_path)
    assert spacy.load(tmp_path).pipe_names == ["rnn_translator"]


# What spaCy asks


def test_it_has_no_labels():
    nlp = copy_of(reverser())
    assert pipe_of(nlp).labels == ()
    assert pipe_of(nlp).label_data == []
    assert nlp.pipe_labels["rnn_translator"] == []


def test_scores_are_those_of_the_translations():
    nlp = reverser()
    scores = nlp.evaluate(pair_examples(nlp, reversals(30, seed=11)))
    assert scores["exact_match"] > 0.9
    assert scores["bleu"] > 0.9
    assert scores["bleu_texts"] == 30
    assert nlp.config["training"]["score_weights"]["bleu"] == 1.0


def test_a_doc_that_is_no_text_of_the_tokenizer_is_read_by_its_tokens():
    nlp = reverser()
    doc = nlp(Doc(nlp.vocab, words=["a", "b", "c"], spaces=[False, False, False]))
    assert doc.text == "abc"
    assert doc._.translation == "c b a"
