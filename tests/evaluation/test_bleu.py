"""BLEU: the lecture's counts, counts by hand, sacreBLEU's own scores, and what is refused."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.evaluation.bleu import (
    SMOOTHINGS,
    TOKENIZERS,
    BleuOptions,
    corpus_scores,
    sentence_bleu,
)
from seqpipe.files import InputError

CATS = ("the cat is on the mat", "there is a cat on the mat")
AS_TOKENS = BleuOptions(tokenize="none")
words = st.lists(st.sampled_from("abc"), max_size=9).map(" ".join)
corpora = st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=3)), min_size=1)


def counted(hypothesis, references, n):
    """Clipped count and total of n-grams, as Papineni et al. (2002, section 2.1) define them."""
    found = Counter(ngrams(hypothesis, n))
    most = Counter()
    for reference in references:
        most |= Counter(ngrams(reference, n))
    return sum((found & most).values()), sum(found.values())


def ngrams(text, n):
    tokens = text.split()
    return list(zip(*(tokens[start:] for start in range(n)), strict=False))


def closest_length(hypothesis, references):
    length = len(hypothesis.split())
    return min((len(one.split()) for one in references), key=lambda n: (abs(n - length), n))


def test_seven_times_the_gives_two_of_seven():
    bleu = corpus_scores(["the the the the the the the"], [CATS]).bleu
    assert (bleu.clipped[0], bleu.totals[0]) == (2, 7)
    assert bleu.precisions[0] == pytest.approx(100 * 2 / 7)


def test_the_lectures_second_sentence_gives_five_of_seven_and_four_of_six():
    bleu = corpus_scores(["the cat the cat on the mat"], [CATS]).bleu
    assert (bleu.clipped[:2], bleu.totals[:2]) == ((5, 4), (7, 6))
    assert (bleu.hypothesis_length, bleu.reference_length, bleu.brevity_penalty) == (7, 7, 1.0)


def test_brevity_penalty_is_that_of_the_closest_reference():
    bleu = corpus_scores(["the cat is"], [("a b c d e f g", "the cat is on the")]).bleu
    assert bleu.reference_length == 5
    assert bleu.brevity_penalty == pytest.approx(math.exp(1 - 5 / 3))


def test_the_score_is_the_penalty_times_the_geometric_mean_of_the_precisions():
    bleu = corpus_scores(
        ["the cat sat on the mat today"], [("the cat sat on the mat by day",)]
    ).bleu
    mean = math.prod(bleu.precisions) ** (1 / 4)
    assert bleu.score == pytest.approx(bleu.brevity_penalty * mean)
    assert not any(bleu.is_smoothed)


@given(corpora)
def test_counts_and_lengths_are_those_made_by_hand(corpus):
    hypotheses, references = zip(*corpus, strict=True)
    bleu = corpus_scores(hypotheses, references, options=AS_TOKENS).bleu
    for n in range(1, 5):
        counts = [counted(text, some, n) for text, some in corpus]
        assert bleu.clipped[n - 1] == sum(clipped for clipped, _ in counts)
        assert bleu.totals[n - 1] == sum(total for _, total in counts)
    assert bleu.reference_length == sum(closest_length(*one) for one in corpus)


@given(corpora)
def test_the_counts_of_a_corpus_are_the_sums_of_its_sentences(corpus):
    hypotheses, references = zip(*corpus, strict=True)
    whole = corpus_scores(hypotheses, references, options=AS_TOKENS).bleu
    each = sentence_bleu(hypotheses, references, options=AS_TOKENS)
    assert whole.clipped == tuple(map(sum, zip(*(one.clipped for one in each), strict=True)))
    assert whole.hypothesis_length == sum(one.hypothesis_length for one in each)


@given(corpora, st.sampled_from(SMOOTHINGS))
def test_scores_are_sacrebleus_whatever_the_smoothing(corpus, smoothing):
    hypotheses, references = zip(*corpus, strict=True)
    options = BleuOptions(tokenize="none", smoothing=smoothing)
    for text, some, ours in zip(
        hypotheses,
        references,
        sentence_bleu(hypotheses, references, options=options),
        strict=True,
    ):
        theirs = sacrebleu.sentence_bleu(text, some, smooth_method=smoothing, tokenize="none")
        assert ours.score == theirs.score
        assert ours.precisions == pytest.approx(theirs.precisions)
        assert ours.clipped[1] == counted(text, some, 2)[0]


def test_chrf_and_ter_are_sacrebleus_and_say_how_they_are_computed():
    hypotheses = ["The cat sat on the mat.", "A dog barked"]
    references = [["The cat was on the mat."], ["the dog barked", "A dog was barking"]]
    found = corpus_scores(hypotheses, references, chrf=True, ter=True)
    streams = [["The cat was on the mat.", "the dog barked"], [None, "A dog was barking"]]
    assert found.bleu.score == sacrebleu.corpus_bleu(hypotheses, streams).score
    assert found.chrf == sacrebleu.corpus_chrf(hypotheses, streams).score
    assert found.ter == sacrebleu.corpus_ter(hypotheses, streams).score
    version = f"version:{sacrebleu.__version__}"
    assert found.signatures["bleu"] == f"nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|{version}"
    assert set(found.signatures) == {"bleu", "chrf", "ter"}


def test_capitals_do_not_count_if_asked_and_the_signature_says_so():
    texts, gold = ["The CAT is on the mat"], [[CATS[0]]]
    assert corpus_scores(texts, gold).bleu.score < 100
    found = corpus_scores(texts, gold, options=BleuOptions(lowercase=True), chrf=True)
    assert (found.bleu.score, found.chrf, found.exact_match) == (pytest.approx(100), 100, 100)
    assert "case:lc" in found.signatures["bleu"]


@pytest.mark.parametrize(("tokenize", "tokens"), [("13a", 4), ("none", 2), ("char", 7), ("zh", 4)])
def test_a_tokenizer_tells_tokens_apart(tokenize, tokens):
    bleu = corpus_scores(["ab, cd."], [["x"]], options=BleuOptions(tokenize=tokenize)).bleu
    # A comma and a full stop are characters without the space before the second word.
    assert bleu.hypothesis_length == (6 if tokenize == "char" else tokens)


def test_a_hypothesis_that_is_its_reference_has_100_and_matches_exactly():
    found = corpus_scores([CATS[1], "no"], [CATS, ["yes"]])
    assert found.exact_match == 50
    assert sentence_bleu([CATS[1]], [CATS])[0].score == pytest.approx(100)


def test_a_sentence_of_two_words_is_judged_by_its_unigrams_and_bigrams():
    (bleu,) = sentence_bleu(["red cat"], [["red cat"]])
    assert (bleu.score, bleu.totals) == (pytest.approx(100), (2, 1, 0, 0))


def test_what_is_smoothed_is_told_from_what_is_counted():
    (bleu,) = sentence_bleu(["the the the the the the the"], [CATS])
    assert bleu.is_smoothed == (False, True, True, True)
    assert bleu.clipped == (2, 0, 0, 0)
    added = BleuOptions(smoothing="add-k", smoothing_value=0.5)
    (bleu,) = sentence_bleu(["the the cat"], [CATS], options=added)
    assert (bleu.clipped, bleu.totals) == ((3, 1, 0, 0), (3, 2, 1, 0))
    assert bleu.precisions[1] == pytest.approx(100 * 1.5 / 2.5)
    assert bleu.is_smoothed == (False, True, True, True)


def test_without_smoothing_a_precision_of_0_gives_0():
    (bleu,) = sentence_bleu(["the cat sat"], [CATS], options=BleuOptions(smoothing="none"))
    assert (bleu.score, bleu.is_smoothed) == (0, (False,) * 4)


def test_empty_hypotheses_and_references_are_scored_counted_and_noted():
    found = corpus_scores(["", "the cat", "  "], [["a cat"], ["the cat", ""], ["x"]])
    assert found.empty_hypotheses == (1, 3)
    assert found.empty_references == (2,)
    assert found.notes() == [
        "2 of 3 hypotheses are empty, the first in line 1",
        "1 of 3 sentences have a reference that is empty, the first in line 2",
    ]


def test_only_empty_hypotheses_give_0():
    bleu = corpus_scores(["", ""], [["a"], ["b"]]).bleu
    assert (bleu.score, bleu.brevity_penalty, bleu.totals) == (0, 0, (0, 0, 0, 0))


def test_a_hundred_hypotheses_in_tokens_are_noted_unless_they_are_compared_as_tokens():
    texts, gold = ["the cat ."] * 100, [["the cat."]] * 100
    (note,) = corpus_scores(texts, gold).notes()
    assert note.startswith('100 hypotheses end in " ."')
    assert corpus_scores(texts, gold, options=AS_TOKENS).notes() == []


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        ([], [], "no hypothesis"),
        (["a", "b"], [["a"]], "2 hypotheses and references for 1 sentences: expected as many"),
        (["a", "b"], [["a"], []], r"sentence 2: references \[\], expected a list of strings"),
        (["a"], ["a"], "sentence 1: references 'a', expected a list of strings"),
    ],
)
def test_lists_that_do_not_fit_are_refused(hypotheses, references, message):
    for scored in (corpus_scores, sentence_bleu):
        with pytest.raises(InputError, match=message):
            scored(hypotheses, references)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokenize": "moses"}, "tokenize = 'moses': expected one of 13a, none"),
        ({"smoothing": "laplace"}, "smoothing = 'laplace': expected one of exp"),
        ({"smoothing_value": 1.0}, "smoothing_value = 1.0: smoothing 'exp' takes none"),
        (
            {"smoothing": "floor", "smoothing_value": 0.0},
            "smoothing_value = 0.0: expected a number",
        ),
        ({"smoothing": "floor", "smoothing_value": math.nan}, "smoothing_value = nan"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        BleuOptions(**options)


@pytest.mark.parametrize("tokenize", TOKENIZERS)
def test_every_tokenizer_works_or_says_what_to_install(tokenize):
    try:
        found = corpus_scores(["ab cd"], [["ab cd"]], options=BleuOptions(tokenize=tokenize))
    except InputError as error:
        assert "pip install sacrebleu[" in str(error)  # noqa: PT017
        assert tokenize in ("ja-mecab", "ko-mecab")
    else:
        assert f"tok:{tokenize}" in found.signatures["bleu"]
