"""`seqpipe.BleuScorer.v1`: translations of docs against their references."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from seqpipe.evaluation.bleu import BleuOptions, corpus_scores
from seqpipe.evaluation.bleu_scorer import make_bleu_scorer, score_translations
from seqpipe.files import InputError

CATS = ["the cat is on the mat", "there is a cat on the mat"]


def example(translation, references, text="Le chat est sur le tapis"):
    nlp = spacy.blank("xx")
    predicted, reference = nlp.make_doc(text), nlp.make_doc(text)
    predicted._.translation = translation
    reference._.references = references
    return Example(predicted, reference)


def test_scores_are_those_of_the_corpus_as_shares():
    texts, gold = ["the cat the cat on the mat", "a dog barks at it"], [CATS, ["a dog barks at me"]]
    scores = make_bleu_scorer(ter=True)(map(example, texts, gold))
    found = corpus_scores(texts, gold, chrf=True, ter=True)
    assert scores["bleu"] == pytest.approx(found.bleu.score / 100)
    assert [scores[f"bleu_p{n}"] for n in range(1, 5)] == pytest.approx(
        [clipped / total for clipped, total in zip((9, 7, 4, 2), (12, 10, 8, 6), strict=True)]
    )
    assert scores["bleu_bp"] == found.bleu.brevity_penalty
    assert scores["chrf"] == pytest.approx(found.chrf / 100)
    assert scores["ter"] == pytest.approx(found.ter / 100)
    assert scores["bleu_signature"] == found.signatures["bleu"]


def test_docs_without_references_are_left_out_and_counted():
    scores = score_translations(
        [example(CATS[0], CATS), example("a bird", None), example(None, [])]
    )
    assert scores["bleu"] == pytest.approx(1)
    assert scores["exact_match"] == 1
    assert (scores["bleu_texts"], scores["bleu_left_out"]) == (1, 2)


def test_without_any_reference_the_scores_are_none_under_the_same_names():
    some = score_translations([example(CATS[0], CATS)], ter=True)
    none = score_translations([example("a cat", None)], ter=True)
    assert set(none) == set(some)
    assert {name for name, value in none.items() if value is None} == set(some) - {
        "bleu_texts",
        "bleu_left_out",
        "bleu_empty",
    }


def test_empty_and_missing_translations_are_scored_and_counted():
    scores = score_translations([example(CATS[0], CATS), example("", CATS), example(None, CATS)])
    assert scores["bleu_empty"] == 2
    assert 0 < scores["bleu"] < 1
    assert scores["bleu_bp"] < 1


def test_a_pipeline_that_translates_nothing_is_refused():
    with pytest.raises(
        InputError, match=r"none of 2 docs has a translation .* doc\._\.translation"
    ):
        score_translations([example(None, CATS), example(None, CATS)])


@pytest.mark.parametrize("references", ["the cat", [1], {"en": "the cat"}])
def test_references_that_are_no_list_of_strings_are_refused(references):
    with pytest.raises(InputError, match=r"doc\._\.references is .* expected a list of strings"):
        score_translations([example("the cat", references)])


def test_a_translation_that_is_no_string_is_refused():
    with pytest.raises(InputError, match=r"doc\._\.translation is \['the'\], expected a string"):
        score_translations([example(["the"], CATS)])


def test_the_registered_scorer_takes_options_from_a_config():
    block = {"@scorers": "seqpipe.BleuScorer.v1", "lowercase": True, "chrf": False}
    scores = registry.resolve({"scorer": block})["scorer"]([example(CATS[0].upper(), CATS)])
    assert scores["bleu"] == pytest.approx(1)
    assert "case:lc" in scores["bleu_signature"]
    assert "chrf" not in scores


def test_an_option_that_does_not_fit_is_refused_before_anything_is_scored():
    with pytest.raises(InputError, match="tokenize = 'words'"):
        make_bleu_scorer(tokenize="words")


def test_gold_is_found_again_after_it_was_saved():
    nlp = spacy.blank("xx")
    doc = nlp.make_doc("Le chat")
    doc._.references = ["the cat"]
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    predicted = nlp.make_doc("Le chat")
    predicted._.translation = "the cat"
    scores = score_translations([Example(predicted, again)], options=BleuOptions())
    assert scores["exact_match"] == 1
