"""Whose fault an error is: the search's where the model prefers a reference, else the model's."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.training import Example
from spacy.util import fix_random_seed

from seqpipe.files import InputError
from seqpipe.translation.analysis import WIDTHS, analyse
from seqpipe.translation.component import DEFAULT_MODEL
from seqpipe.translation.search import SearchOptions
from seqpipe.translation.translation import Translation
from seqpipe.translation.verdicts import Reach, Target, judge
from tests.translation.garden_path import REFERENCES, TableTranslator, garden_examples

ASTRAY, WRONG, ENDLESS, SURE, LACKS = range(1, 6)


def translation(text, score, *, log_prob=-1.0, finished=True):
    pieces = (*text.split(), *(["<EOS>"] if finished else []))
    log_probs = np.full(len(pieces), log_prob / max(1, len(pieces)))
    return Translation(text, pieces, log_probs, score, finished)


def target(text, score, out_of_reach=None):
    return Target(text, translation(text, score), out_of_reach)


def verdict(output, *references):
    return judge(output, references)[0]


def test_the_search_is_at_fault_if_the_reference_scores_strictly_higher():
    assert verdict(translation("a b", -2.0), target("a c", -1.0)) == "search"
    assert verdict(translation("a b", -1.0), target("a c", -2.0)) == "model"


@pytest.mark.parametrize("rounding", [0.0, 1e-7, -1e-7])
def test_equal_scores_are_the_models_fault_however_they_are_rounded(rounding):
    assert verdict(translation("a b", -1.0 + rounding), target("a c", -1.0)) == "model"


def test_it_is_the_score_that_decides_not_the_log_probability():
    output = translation("a", -1.0, log_prob=-2.0)
    assert verdict(output, Target("a b c", translation("a b c", -0.9, log_prob=-3.0), None)) == (
        "search"
    )


def test_the_best_of_several_references_is_y_star():
    references = [target("a", -3.0), target("b", -1.0), target("c", -2.0)]
    assert judge(translation("x", -1.5), references) == ("search", references[1])


def test_an_output_that_is_any_of_the_references_is_right():
    references = [target("a", -1.0), target("b", -9.0)]
    assert verdict(translation("b", -2.0), *references) == "right"


def test_an_output_with_the_pieces_of_a_reference_is_right_though_case_is_lost():
    reference = Target("Jane  Visits", translation("jane visits", -1.0), None)
    assert verdict(translation("jane visits", -1.0), reference) == "right"


def test_the_same_pieces_are_not_right_if_one_is_unknown():
    reference = Target("Jane meets Zoe", translation("Jane meets <UNK>", -1.0), "unknown pieces")
    assert verdict(translation("Jane meets <UNK>", -1.0), reference) == "out of reach"


def test_an_unknown_word_that_was_replaced_can_be_right():
    output = Translation("Zoe", ("<UNK>", "<EOS>"), np.zeros(2), -1.0, True)
    assert verdict(output, Target("Zoe", translation("<UNK>", -1.0), "unknown pieces")) == "right"


def test_a_reference_in_reach_goes_before_one_that_scores_higher_but_is_not():
    far, near = target("a", -0.5, "unknown pieces"), target("b", -1.0)
    assert judge(translation("x", -2.0), [far, near]) == ("search", near)
    assert verdict(translation("x", -0.7), far, near) == "model"


def test_an_output_that_was_cut_ranks_below_each_reference_that_ends():
    cut = translation("la la la", -0.1, finished=False)
    assert verdict(cut, target("la", -5.0)) == "search"


def test_a_score_that_is_not_a_number_is_refused():
    with pytest.raises(InputError, match="not a number"):
        verdict(translation("a", math.nan), target("b", -1.0))


@pytest.mark.parametrize(
    ("pieces", "reach", "reason"),
    [
        ("a b <EOS>", Reach(3), None),
        ("a b c <EOS>", Reach(3), "longer than the maximum length"),
        ("a <EOS>", Reach(9, min_length=2), "shorter than the minimum length"),
        ("a b <EOS>", Reach(9, min_length=2), None),
        ("a <UNK> <EOS>", Reach(9), "unknown pieces"),
        ("a b a b <EOS>", Reach(9, no_repeat=2), "repeats what may not be repeated"),
        ("a b a <EOS>", Reach(9, no_repeat=2), None),
        ("<EOS>", Reach(9), "the reference is empty"),
        ("a <EOS> b <EOS>", Reach(9), "special pieces"),
        ("<PAD> a <EOS>", Reach(9), "special pieces"),
        ("a <BOS> <UNK> <EOS>", Reach(9), "special pieces"),
        ("a <EOS>", Reach(0), "the source is empty"),
    ],
)
def test_what_no_beam_could_write_is_told_by_its_reason(pieces, reach, reason):
    assert reach.excludes(pieces.split()) == reason


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=6), st.integers(0, 3))
def test_reach_and_the_search_agree_on_what_may_repeat(letters, size):
    limits = SearchOptions(no_repeat=size).limits([9])
    ids = np.array([{"a": 4, "b": 5}[letter] for letter in letters])
    can_write = all(
        limits.allowed(np.zeros((1, 6)), ids[None, :place])[0, id] == 0.0
        for place, id in enumerate(ids)
    )
    assert (Reach(20, no_repeat=size).excludes([*letters, "<EOS>"]) is None) == can_write


@pytest.fixture(scope="module")
def analysis():
    return analyse(TableTranslator(), garden_examples())


def verdicts(analysis, number):
    return [one.verdict for one in analysis.judged if one.number == number]


def test_greedy_search_misses_what_a_wider_beam_finds(analysis):
    assert verdicts(analysis, ASTRAY) == ["search", "right", "right", "right"]
    greedy = next(one for one in analysis.judged if one.number == ASTRAY)
    assert greedy.output.text == "Jane is going to be visiting Africa"
    assert greedy.target.text == "Jane is visiting Africa"
    assert greedy.target.forced.log_prob > greedy.output.log_prob


def test_no_beam_mends_a_model_that_prefers_another_word(analysis):
    assert verdicts(analysis, WRONG) == ["model"] * len(WIDTHS)


def test_what_greedy_search_cannot_stop_is_the_searchs_and_then_the_models(analysis):
    assert verdicts(analysis, ENDLESS) == ["search", "model", "model", "model"]
    assert [row.cut for row in analysis.totals] == [1, 0, 0, 0]


def test_sentences_with_unknown_words_are_counted_apart(analysis):
    assert verdicts(analysis, LACKS) == ["out of reach"] * len(WIDTHS)
    assert analysis.unreachable == {"unknown pieces": 1}


def test_the_rows_count_and_share_out_all_errors(analysis):
    first = analysis.totals[0]
    assert (first.sentences, first.right, first.errors) == (5, 1, 4)
    assert (first.search, first.model, first.out_of_reach) == (2, 1, 1)
    shares = [first.share(kind) for kind in ("search", "model", "out of reach")]
    assert shares == [0.5, 0.25, 0.25]
    low, high = first.share_interval("search")
    assert 0.1 < low < 0.5 < high < 0.9
    assert [row.exact_match for row in analysis.totals] == [0.2, 0.4, 0.4, 0.4]


def test_the_score_has_the_normalisation_of_the_search_and_log_p_has_none():
    for normalisation, divisor in (("none", 1.0), ("length", 5**0.7)):
        translator = TableTranslator(normalisation=normalisation)
        found = analyse(translator, garden_examples(), widths=[1])
        forced = next(one for one in found.judged if one.number == ASTRAY).target.forced
        assert len(forced.pieces) == 5  # <EOS> counts
        assert forced.score == pytest.approx(forced.log_prob / divisor)


def test_coverage_is_in_the_scores_of_both():
    found = analyse(TableTranslator(coverage=0.5), garden_examples(), widths=[30])
    sure = next(one for one in found.judged if one.number == SURE)
    assert sure.output.score == pytest.approx(sure.target.forced.score)


def test_references_are_scored_once_for_all_widths():
    translator = TableTranslator()
    analyse(translator, garden_examples(), widths=[1, 2, 3])
    assert translator.scored == len(REFERENCES)


def test_a_reference_of_unknown_words_only_has_no_score():
    references = {**REFERENCES, "Jane danse": ["Zoe danst"]}
    found = analyse(TableTranslator(), garden_examples(references), widths=[1])
    lacks = next(one for one in found.judged if one.number == LACKS)
    assert (lacks.verdict, lacks.target.forced.score) == ("out of reach", -math.inf)
    assert lacks.as_dict()["reference"]["score"] is None


def test_an_empty_source_can_become_nothing():
    found = analyse(TableTranslator(), garden_examples({**REFERENCES, "": ["Jane"]}), widths=[1])
    assert found.judged[-1].verdict == "out of reach"
    assert found.unreachable["the source is empty"] == 1


def test_docs_without_references_are_left_out_and_keep_their_numbers():
    references = {"Rien": [], **REFERENCES}
    found = analyse(TableTranslator(), garden_examples(references), widths=[1])
    assert found.left_out == 1
    assert [one.number for one in found.judged] == [2, 3, 4, 5, 6]


def test_a_sentence_is_shown_once_for_each_verdict(analysis):
    shown = [(one.judged.verdict, one.judged.number, one.judged.width) for one in analysis.examples]
    assert shown == [
        ("search", ASTRAY, 1),
        ("search", ENDLESS, 1),
        ("model", WRONG, 1),
        ("model", ENDLESS, 3),
        ("out of reach", LACKS, 1),
    ]
    for one in analysis.examples:
        shape = len(one.judged.output.pieces), len(one.source_pieces)
        assert one.judged.output.attention.shape == shape
    assert all(one.output.attention is None for one in analysis.judged)


def test_the_json_has_all_numbers_and_is_strict(analysis):
    found = json.loads(json.dumps(analysis.as_dict(), allow_nan=False))
    assert found["options"]["normalisation"] == "length"
    assert found["rows"][0]["search_share"] == 0.5
    assert len(found["judged"]) == 5 * len(WIDTHS)
    assert found["bleu_signature"].startswith("nrefs:1|")
    assert found["advice"] == analysis.advice


def test_advice_bounds_what_a_wider_beam_could_win(analysis):
    assert analysis.advice[0] == (
        "Of 5 outputs at width 1, 4 are wrong: 2 (50.0 %) are due to the search, 1 (25.0 %) to the "
        "model, 1 out of reach, as no search could write a reference. Even a search that misses "
        "nothing would right 2 of them at most, 40.0 % of all sentences."
    )
    assert "The sentences are too few to say what BLEU gains by the width." in analysis.advice
    assert "At width 1, 1 output cut at the maximum length, before <EOS>." in analysis.advice


def of_many(text, count=30):
    """A sentence often, and between them some that are right, so that not all blocks are alike."""
    examples = [garden_examples({text: REFERENCES[text]})[0] for _ in range(count)]
    right = [garden_examples({"Jane chante": ["Jane sings la la"]})[0] for _ in range(count // 3)]
    return [*examples[:10], *right, *examples[10:]]


def test_advice_says_that_a_wider_beam_helps_where_bleu_rises():
    found = analyse(TableTranslator(), of_many("Jane visite l'Afrique"), widths=[1, 3])
    assert found.changes[0].direction == 1
    assert found.advice[1].startswith("A wider beam helps: from width 1 to 3 BLEU goes from ")
    assert found.totals[1].errors == 0


def test_advice_blames_the_model_where_the_widest_beam_changes_nothing():
    found = analyse(TableTranslator(), of_many("Jane a visité l'Afrique"), widths=[1, 3])
    assert found.advice[1].startswith("No wider beam of the table raises BLEU for certain")
    assert found.advice[2].startswith("At width 3 most errors are the model's")


def test_nothing_is_advised_where_all_is_right():
    found = analyse(TableTranslator(), garden_examples({"Jane chante": ["Jane sings la la"]}))
    assert found.advice == ["At width 1 the only output is right."]


def test_advice_counts_one_as_one():
    text = "Jane visite l'Afrique"
    known = {text: REFERENCES[text], "Jane chante": ["Jane sings la la"]}
    found = analyse(TableTranslator(), garden_examples(known), widths=[1])
    assert found.advice[0].startswith(
        "Of 2 outputs at width 1, 1 is wrong: 1 (100.0 %) is due to the search, 0 (0.0 %) to the "
    )


@pytest.mark.parametrize(
    ("widths", "said"),
    [([2], "0 at width 2."), ([1, 2], "0 at width 1, 0 at width 2.")],
)
def test_advice_without_bleu_names_each_width_once(widths, said):
    examples = garden_examples({"Jane a visité l'Afrique": ["Jane visited Africa"]})
    found = analyse(TableTranslator(), examples, widths=widths)
    assert {row.bleu for row in found.totals} == {None}
    assert found.changes == ()
    assert found.advice[1] == (
        f"BLEU means nothing here: all outputs are shorter than four words. Right outputs: {said}"
    )


def test_errors_are_parted_by_length_of_the_source():
    examples = of_many("Jane visite l'Afrique", count=60)
    found = analyse(TableTranslator(), examples, widths=[1], edges=[2])
    assert [(row.label, row.sentences, row.search) for row in found.rows] == [
        (None, 80, 60),
        ("1-2", 20, 0),
        ("3+", 60, 60),
    ]


@pytest.mark.parametrize("widths", [[], [0], [3, -1]])
def test_a_width_below_one_is_refused(widths):
    with pytest.raises(InputError, match="widths = "):
        analyse(TableTranslator(), garden_examples(), widths=widths)


def test_data_without_references_is_refused():
    with pytest.raises(InputError, match="no doc has references"):
        analyse(TableTranslator(), garden_examples({"Jane chante": []}))


@pytest.fixture(scope="module")
def reverser():
    """A translator that has begun to learn to reverse four words, and its data."""
    fix_random_seed(0)
    rng = np.random.default_rng(0)
    nlp = spacy.blank("xx")
    small = {
        "width": 16,
        "encoder": {**DEFAULT_MODEL["encoder"], "nO": 24},
        "decoder": {**DEFAULT_MODEL["decoder"], "nO": 24},
    }
    nlp.add_pipe("rnn_translator", config={"model": {**DEFAULT_MODEL, **small}})
    examples = []
    for _ in range(160):
        words = rng.choice(list("abcdef"), size=rng.integers(2, 6)).tolist()
        doc = nlp.make_doc(" ".join(words))
        eg = Example(doc, doc.copy())
        eg.reference._.references = [" ".join(words[::-1])]
        examples.append(eg)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for start in [*range(0, 160, 40)] * 7:
        nlp.update(examples[start : start + 40], sgd=optimizer)
    return nlp.get_pipe("rnn_translator"), examples[:60]


def test_a_trained_model_is_judged_by_its_own_scores(reverser):
    pipe, examples = reverser
    found = analyse(pipe, examples, widths=[1, 4])
    by_verdict = {one.verdict for one in found.judged}
    assert by_verdict <= {"right", "search", "model"}
    assert {"right", "model"} <= by_verdict
    for one in found.judged:
        output, reference = one.output.score, one.target.forced.score
        if one.verdict == "right":
            assert output == pytest.approx(reference, rel=1e-4)
        elif one.output.finished:
            assert (one.verdict == "search") == (reference > output)


def test_a_wide_beam_makes_no_more_search_errors_than_greedy_search(reverser):
    pipe, examples = reverser
    narrow, wide = analyse(pipe, examples, widths=[1, 50]).totals
    assert narrow.search > wide.search == 0


def test_the_analysis_leaves_the_docs_as_they_are(reverser):
    pipe, examples = reverser
    analyse(pipe, examples[:3], widths=[1])
    assert all(eg.predicted._.translation is None for eg in examples[:3])
