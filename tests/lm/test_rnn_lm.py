"""The component `rnn_lm`: what it says of a text, and that it learns to say it."""

import math

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed

from seqpipe.files import InputError
from seqpipe.lm.language_model import LanguageModel
from seqpipe.lm.model import word_table
from seqpipe.lm.streams import make_text_streams, stream_batches
from seqpipe.testing import ComponentChecks
from seqpipe.testing.case import ComponentCase, blank, copy_of, gradients, train, trained_once
from seqpipe.vocabulary.tokenizer import create_unk_tokenizer
from tests.lm.lm_case import MODEL, RNN_LM, SENTENCES, lm_examples


class TestRNNLM(ComponentChecks):
    case: ComponentCase = RNN_LM


@pytest.fixture(scope="module")
def trained():
    """No test may change it."""
    return trained_once(RNN_LM)


def streamed(tmp_path, *, streams=2, steps=3, lines=SENTENCES, **config):
    """An initialised pipeline, and the batches of a text cut into streams."""
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    nlp = spacy.blank("xx")
    nlp.tokenizer = create_unk_tokenizer(unit="whitespace")(nlp)
    pipe = nlp.add_pipe("rnn_lm", config={"model": MODEL, **config})
    examples = list(make_text_streams(path, streams=streams, steps=steps)(nlp))
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    return nlp, pipe, list(stream_batches(examples))


def test_it_is_a_language_model(trained):
    assert isinstance(trained.get_pipe("rnn_lm"), LanguageModel)


def test_log_prob_is_the_sum_over_words_and_the_end(trained):
    doc = trained("the cat sat on the mat .")
    (score,) = trained.get_pipe("rnn_lm").sentence_scores([doc])[0]
    assert score.tokens == [*["the", "cat", "sat", "on", "the", "mat", "."], "<EOS>"]
    assert doc._.log_prob == pytest.approx(score.log_probs.sum())
    assert doc._.perplexity == pytest.approx(math.exp(-score.log_probs.sum() / 8))
    np.testing.assert_allclose([token._.surprisal for token in doc], -score.log_probs[:-1])


def test_a_probability_depends_on_what_stands_before_and_on_nothing_behind(trained):
    (one,), (other,) = trained.get_pipe("rnn_lm").sentence_scores(
        [trained.make_doc("the cat sat on the mat ."), trained.make_doc("the cat ran .")]
    )
    np.testing.assert_allclose(one.log_probs[:2], other.log_probs[:2], atol=1e-6)
    assert abs(one.log_probs[2] - other.log_probs[2]) > 0.01


def test_the_lecture_s_pair_is_told_apart(trained):
    pear, pair = trained("the apple and pear salad"), trained("the apple and pair salad")
    assert pear._.log_prob > pair._.log_prob


def test_probabilities_of_what_may_follow_sum_to_one_and_are_those_that_are_scored(trained):
    pipe = trained.get_pipe("rnn_lm")
    log_probs, state = pipe.begin([[], ["the"]])
    assert np.exp(log_probs).sum(axis=1) == pytest.approx(1.0, abs=0.02)  # <PAD> and <BOS> lack
    (score,) = pipe.sentence_scores([trained.make_doc("the cat")])[0]
    place = pipe.next_words.index
    assert log_probs[0, place("the")] == pytest.approx(score.log_probs[0], abs=1e-5)
    assert log_probs[1, place("cat")] == pytest.approx(score.log_probs[1], abs=1e-5)
    assert log_probs[0, place("<BOS>")] == -np.inf
    after, _ = pipe.step(np.array([place("cat")]), pipe.select(state, np.array([1])))
    assert after[0, place("<EOS>")] == pytest.approx(score.log_probs[2], abs=1e-5)


def test_sentences_of_a_doc_are_read_one_by_one_or_in_one_go():
    nlp = copy_of(trained_once(RNN_LM))
    pipe = nlp.get_pipe("rnn_lm")
    words = ["the", "cat", "sat", ".", "a", "dog", "ran", "."]
    doc = Doc(nlp.vocab, words=words, sent_starts=[i in (0, 4) for i in range(8)])
    first, second = pipe.sentence_scores([doc])[0]
    (alone,) = pipe.sentence_scores([nlp.make_doc("a dog ran .")])[0]
    np.testing.assert_allclose(second.log_probs, alone.log_probs, atol=1e-6)
    whole = spacy.blank("xx").add_pipe("rnn_lm", config={"model": MODEL, "context": "doc"})
    whole.from_bytes(pipe.to_bytes())
    first_too, going_on = whole.sentence_scores([doc])[0]
    np.testing.assert_allclose(first_too.log_probs, first.log_probs, atol=1e-6)
    assert going_on.tokens == second.tokens
    assert abs(going_on.log_probs - second.log_probs).max() > 1e-3


def test_white_space_is_passed_over_and_none_is_said_of_it(trained):
    doc = trained("the  cat")
    assert [token._.surprisal is None for token in doc] == [False, True, False]
    assert doc._.log_prob == pytest.approx(trained("the cat")._.log_prob, abs=1e-6)


def test_units_scale_what_is_set_and_not_the_score():
    nlp = copy_of(trained_once(RNN_LM))
    pipe = nlp.get_pipe("rnn_lm")
    nats, score = nlp("a cat")._.log_prob, nlp.evaluate(lm_examples(nlp))["lm_score"]
    pipe.unit = "bits"
    assert nlp("a cat")._.log_prob == pytest.approx(nats / math.log(2))
    pipe.unit = "log10"
    assert nlp("a cat")._.log_prob == pytest.approx(nats / math.log(10))
    assert nlp.evaluate(lm_examples(nlp))["lm_score"] == score


def test_what_was_said_scores_as_what_is_read_again():
    nlp = copy_of(trained_once(RNN_LM))
    pipe = nlp.get_pipe("rnn_lm")
    pipe.unit = "bits"
    words = ["the", "cat", "", "sat", ".", "a", "dog"]
    doc = Doc(
        nlp.vocab, words=[w or " " for w in words], sent_starts=[i in (0, 5) for i in range(7)]
    )
    fresh = [Example(doc.copy(), doc), Example(nlp.make_doc("a dog"), nlp.make_doc("a cat"))]
    said = [Example(nlp(eg.predicted.copy()), eg.reference) for eg in fresh]
    assert pipe._said(fresh[0]) is None
    assert pipe._said(said[1]) is None  # another text was predicted
    assert pipe._said(said[0])[0].tokens == ["the", "cat", "sat", ".", "<EOS>"]
    for one in (said[:1], said):
        expected, found = pipe.score(fresh[: len(one)]), pipe.score(one)
        assert found.pop("lm_score") == pytest.approx(expected.pop("lm_score"), abs=1e-6)
        assert found["lm_tokens"] == expected["lm_tokens"]


def test_two_models_are_told_apart_by_name():
    nlp = copy_of(trained_once(RNN_LM))
    other = nlp.add_pipe("rnn_lm", name="other", config={"model": MODEL})
    fix_random_seed(1)
    other.initialize(lambda: lm_examples(nlp), nlp=nlp)
    doc = nlp("a cat")
    assert set(doc._.log_probs) == {"rnn_lm", "other"}
    assert doc._.log_probs["rnn_lm"] != doc._.log_probs["other"] == doc._.log_prob


# Truncated backpropagation


def test_a_text_in_pieces_scores_as_in_one_piece(tmp_path):
    nlp, pipe, _ = streamed(tmp_path)
    read = {
        steps: make_text_streams(tmp_path / "text.txt", streams=1, steps=steps)(nlp)
        for steps in (2, 1000)
    }
    scores = {steps: pipe.score(list(examples)) for steps, examples in read.items()}
    assert scores[2]["lm_tokens"] == scores[1000]["lm_tokens"]
    assert scores[2]["lm_score"] == pytest.approx(scores[1000]["lm_score"], abs=1e-6)


def docs_of(examples):
    return [eg.predicted.copy() for eg in examples]


def test_pieces_are_read_on_from_batch_to_batch_of_pipe(tmp_path):
    nlp, _, _ = streamed(tmp_path)
    examples = list(make_text_streams(tmp_path / "text.txt", streams=1, steps=2)(nlp))
    by = {
        size: [doc._.log_prob for doc in nlp.pipe(docs_of(examples), batch_size=size)]
        for size in (1, 100)
    }
    np.testing.assert_allclose(by[1], by[100], atol=1e-5)
    alone = [nlp(eg.predicted.copy())._.log_prob for eg in examples]
    assert abs(np.array(alone) - by[1])[1:].max() > 1e-3


def test_the_state_is_carried_and_the_gradient_is_not(tmp_path):
    """The losses of pieces add up to that of the whole text; their gradients, of equal length, do
    not."""
    lines = [" ".join(SENTENCES)]
    nlp, pipe, batches = streamed(tmp_path, streams=1, steps=11, lines=lines, ends=False)
    assert {len(eg.reference) for batch in batches for eg in batch} == {11}
    losses = [pipe.update(batch)["rnn_lm"] for batch in batches]
    (whole,) = list(make_text_streams(tmp_path / "text.txt", streams=1, steps=10**6)(nlp))
    fresh = copy_of(nlp).get_pipe("rnn_lm")
    assert sum(losses) == pytest.approx(fresh.update([whole])["rnn_lm"], rel=1e-5)
    truncated, full = gradients(pipe), gradients(fresh)
    furthest = max(
        abs(part / len(batches) - all_at_once).max()
        for part, all_at_once in zip(truncated, full, strict=True)
    )
    assert furthest > 1e-4


def test_evaluation_does_not_touch_the_state_of_training(tmp_path):
    def losses(with_evaluation):
        nlp, pipe, batches = streamed(tmp_path)
        found = []
        for batch in batches:
            found.append(pipe.update(batch)["rnn_lm"])
            if with_evaluation:
                nlp.evaluate([eg for other in batches for eg in other])
        return found

    assert losses(True) == losses(False)


def test_a_new_epoch_begins_with_no_state(tmp_path):
    _, pipe, batches = streamed(tmp_path)
    first = [pipe.update(batch)["rnn_lm"] for batch in batches]
    assert [pipe.update(batch)["rnn_lm"] for batch in batches] == first


def test_batches_may_be_subdivided(tmp_path):
    _, pipe, batches = streamed(tmp_path)
    whole = [pipe.update(batch)["rnn_lm"] for batch in batches]
    parts = [sum(pipe.update([eg])["rnn_lm"] for eg in batch) for batch in batches]
    np.testing.assert_allclose(parts, whole, rtol=1e-5)


def test_a_checkpoint_keeps_the_state_of_the_streams(tmp_path):
    nlp, pipe, batches = streamed(tmp_path)
    pipe.update(batches[0])
    other = copy_of(nlp).get_pipe("rnn_lm")
    other.set_training_state(pipe.training_state())
    expected = pipe.update(batches[1])["rnn_lm"]
    assert other.update(batches[1])["rnn_lm"] == expected
    assert copy_of(nlp).get_pipe("rnn_lm").update(batches[1])["rnn_lm"] != expected


# The model


def test_tied_weights_are_one_table_and_learn_from_both_sides(tmp_path):
    model = {**MODEL, "tied": True, "encoder": {**MODEL["encoder"], "nO": 16}}
    nlp = spacy.blank("xx")
    pipe = nlp.add_pipe("rnn_lm", config={"model": model})
    losses = train(nlp, lm_examples(nlp), steps=30)
    assert losses[-1] < 0.5 * losses[0]
    table = word_table(pipe.model.get_ref("tok2vec"))
    pipe.update(lm_examples(nlp))
    unread = pipe.words.id("<PAD>")
    assert abs(table.get_grad("E")[unread]).max() > 0  # as an output it was compared with all
    nlp.to_disk(tmp_path)
    doc, again = nlp("the cat sat"), spacy.load(tmp_path)("the cat sat")
    assert again._.log_prob == pytest.approx(doc._.log_prob, abs=1e-6)


def test_tied_weights_of_another_width_are_named():
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm", config={"model": {**MODEL, "tied": True}})
    with pytest.raises(InputError, match="nO = 24 and width = 16"):
        nlp.initialize(lambda: lm_examples(nlp))


def test_two_directions_are_refused():
    encoder = {**MODEL["encoder"], "bi": True}
    with pytest.raises(InputError, match="bi = true"):
        spacy.blank("xx").add_pipe("rnn_lm", config={"model": {**MODEL, "encoder": encoder}})


@pytest.mark.parametrize(
    ("key", "value"), [("unit", "decibel"), ("context", "word"), ("first", "nothing")]
)
def test_a_setting_that_is_unknown_is_named(key, value):
    config = {"model": {**MODEL, key: value}} if key == "first" else {"model": MODEL, key: value}
    with pytest.raises(InputError, match=f"{key} = '{value}'"):
        spacy.blank("xx").add_pipe("rnn_lm", config=config)


@pytest.mark.parametrize("first", ["zero", "<BOS>", "<EOS>"])
def test_every_first_input_learns(first):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm", config={"model": {**MODEL, "first": first}})
    losses = train(nlp, lm_examples(nlp), steps=10)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    "output", [{"@layers": "seqpipe.AdaptiveSoftmax.v1", "cutoffs": [8]},
               {"@layers": "seqpipe.SampledSoftmax.v1", "samples": 8}]
)  # fmt: skip
def test_every_output_learns_and_its_probabilities_sum_to_one(output):
    nlp = spacy.blank("xx")
    pipe = nlp.add_pipe("rnn_lm", config={"model": {**MODEL, "output": output}})
    train(nlp, lm_examples(nlp), steps=60)
    assert nlp.evaluate(lm_examples(nlp))["lm_score"] > -2.0
    log_probs, _ = pipe.begin([["the"]])
    assert np.exp(log_probs).sum() == pytest.approx(1.0, abs=0.05)


def test_a_model_of_characters_reads_spaces():
    tokenizer = {"@tokenizers": "seqpipe.UnkTokenizer.v1", "unit": "char"}
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": tokenizer}})
    pipe = nlp.add_pipe("rnn_lm", config={"model": MODEL, "ends": False})
    docs = [nlp.make_doc(text) for text in SENTENCES]
    train(nlp, [Example(doc.copy(), doc) for doc in docs], steps=5)
    doc = nlp("the cat")
    assert all(token._.surprisal is not None for token in doc)
    (score,) = pipe.sentence_scores([doc])[0]
    assert score.tokens == list("the cat")
    assert not pipe.predicts_ends
    assert copy_of(nlp)("the cat")._.log_prob == doc._.log_prob


def test_a_vocabulary_without_unknown_words_is_warned_of(caplog):
    nlp = blank(RNN_LM)
    nlp.initialize(lambda: lm_examples(nlp))
    assert "<UNK> is not learned" in caplog.text


def test_a_doc_without_tokens_has_no_sentence():
    pipe = trained_once(RNN_LM).get_pipe("rnn_lm")
    assert pipe.sentence_scores([Doc(pipe.vocab)]) == [[]]


def test_a_batch_of_white_space_alone_changes_nothing():
    nlp = copy_of(trained_once(RNN_LM))
    pipe = nlp.get_pipe("rnn_lm")
    blanks = [Example(nlp.make_doc("\n  "), nlp.make_doc("\n  "))]
    assert pipe.update(blanks, sgd=nlp.create_optimizer()) == {"rnn_lm": 0.0}
    doc = nlp("  \n")
    assert doc._.perplexity is None
    assert doc._.log_prob == 0.0


def test_labels_of_a_stream_count_ends_and_unknown_words(tmp_path):
    _, pipe, batches = streamed(tmp_path)
    words = [word for batch in batches for eg in batch for word in pipe.words_of(eg.reference)]
    assert words.count("<EOS>") == len(SENTENCES)
    assert pipe.words.counts[pipe.words.EOS_ID] == len(SENTENCES)
