"""Analogies and word similarity: hand counts, gensim's counts, and broken files."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spacy.vectors import Vectors

from seqpipe.embeddings import Embeddings, analogy, evaluate_analogies, evaluate_similarity
from seqpipe.embeddings.evaluation import read_pairs, read_questions, spearman
from seqpipe.embeddings.vector_files import read_vectors
from seqpipe.files import InputError
from tests.embeddings.featurised import TABLE, table

DATA = Path(__file__).parents[3] / "shared" / "data" / "embeddings"
QUESTIONS = """: family
man woman king queen
king queen man woman
Man Woman king apple
: fruit
apple apples orange oranges
: gram1-plural
man king woman queen
"""


def file_with(tmp_path, text):
    path = tmp_path / "data.txt"
    path.write_text(text, encoding="utf-8")
    return path


def counts(report):
    return {s.name: (s.correct, s.covered, s.asked) for s in [*report.sections, *report.totals]}


def test_analogies_are_counted_by_section_and_in_total(tmp_path):
    report = evaluate_analogies(table(), file_with(tmp_path, QUESTIONS))
    assert counts(report) == {
        "family": (2, 3, 3),
        "fruit": (0, 0, 1),
        "gram1-plural": (1, 1, 1),
        "semantic": (2, 3, 4),
        "syntactic": (1, 1, 1),
        "total": (3, 4, 5),
    }
    assert report.total.accuracy == 0.75
    assert report.total.coverage == 0.8
    assert report.sections[1].accuracy is None
    assert report.as_dict()["sections"]["family"]["correct"] == 2


def test_case_counts_if_it_shall(tmp_path):
    report = evaluate_analogies(table(), file_with(tmp_path, QUESTIONS), ignore_case=False)
    assert counts(report)["family"] == (2, 2, 3)


def test_variants_of_the_question_are_no_answer_and_those_of_the_answer_are_right(tmp_path):
    # King lies nearest to what is asked for and QUEEN next.
    words = {**TABLE, "King": [1, 1, 0.7, 0], "QUEEN": [0.98, 0.96, 0.7, 0]}
    embeddings = Embeddings(words, list(words.values()))
    path = file_with(tmp_path, ": family\nman woman king queen\n")
    assert evaluate_analogies(embeddings, path).total.correct == 1
    assert evaluate_analogies(embeddings, path, ignore_case=False).total.correct == 0


def test_only_the_most_frequent_words_are_asked_for_and_are_candidates(tmp_path):
    path = file_with(tmp_path, QUESTIONS)
    assert counts(evaluate_analogies(table(), path, most_frequent=4))["total"] == (3, 3, 5)
    assert counts(evaluate_analogies(table(), path, most_frequent=3))["total"] == (0, 0, 5)


@pytest.mark.parametrize("method", ["3CosAdd", "3CosMul"])
def test_evaluation_answers_as_single_analogies_do(tmp_path, monkeypatch, method):
    monkeypatch.setattr("seqpipe.embeddings.evaluation.CANDIDATES", 7)
    monkeypatch.setattr("seqpipe.embeddings.evaluation.QUESTIONS", 3)
    rng = np.random.default_rng(1)
    embeddings = Embeddings([f"w{row}" for row in range(40)], rng.standard_normal((40, 5)))
    questions = [[f"w{row}" for row in rng.choice(40, 3, replace=False)] for _ in range(50)]
    answers = [analogy(embeddings, *abc, method=method, n=1)[0].word for abc in questions]
    lines = [" ".join([*abc, d]) for abc, d in zip(questions, answers, strict=True)]
    path = file_with(tmp_path, "\n".join([": all", *lines, *lines[:10]]))
    assert counts(evaluate_analogies(embeddings, path, method=method))["all"] == (60, 60, 60)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("man woman king queen\n", "line 1: no section yet"),
        (": family\nman woman king\n", "line 2: 3 words, expected 4"),
        (": family\n\nman woman king queen prince\n", "line 3: 5 words, expected 4"),
        (":\nman woman king queen\n", "line 1: a section without a name"),
        (": family\n", "no question in it"),
        ("", "no question in it"),
        (": family\n\x00\xff", "line 2: 1 words, expected 4"),
    ],
)
def test_broken_line_of_an_analogy_file_is_an_error(tmp_path, text, message):
    with pytest.raises(InputError, match=f"data.txt(, |: ){message}"):
        evaluate_analogies(table(), file_with(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "tiger\tcat\t7.35\nbook\tpaper\t5\n",
        "tiger,cat,7.35\nbook,paper,5\n",
        "tiger cat 7.35\r\nbook   paper 5",
        "# pairs\n\ntiger cat 7.35\nbook\tpaper\t5\n",
        "Word 1,Word 2,Human (mean)\ntiger,cat,7.35\nbook,paper,5\n",
        "\ufefftiger cat 7.35\nbook paper 5\n",
    ],
)
def test_pairs_are_read_in_all_their_forms(tmp_path, text):
    pairs = list(read_pairs(file_with(tmp_path, text)))
    assert pairs == [("tiger", "cat", 7.35), ("book", "paper", 5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b 1\nc d\n", "line 2: 2 columns, expected 3"),
        ("a b 1\nc d e 4\n", "line 2: 4 columns, expected 3"),
        ("a b 1\nc d high\n", "line 2: score 'high', expected a number"),
        ("a\tb\tnan0\n", "line 1: score 'nan0'"),
        ("a b 1\na b inf\n", "line 2: score 'inf'"),
        ("# nothing\n", "no pair in it"),
    ],
)
def test_broken_line_of_a_similarity_file_is_an_error(tmp_path, text, message):
    with pytest.raises(InputError, match=f"data.txt(, |: ){message}"):
        evaluate_similarity(table(), file_with(tmp_path, text))


def test_text_that_is_not_utf8_is_an_error_with_its_line(tmp_path):
    path = tmp_path / "data.txt"
    path.write_bytes(b"a b 1\nc\xe9 d 2\n")
    with pytest.raises(InputError, match=r"data\.txt, line 2: byte 0xe9 is not UTF-8"):
        list(read_pairs(path))


def test_gzipped_file_cut_short_is_an_error(tmp_path):
    path = tmp_path / "data.txt.gz"
    path.write_bytes(gzip.compress(QUESTIONS.encode())[:-12])
    with pytest.raises(InputError, match="no sound gzip file"):
        list(read_questions(path))


def test_similarity_ranks_the_covered_pairs(tmp_path):
    text = "apple orange 9\nking QUEEN 5\nman woman 1\nman nobody 10\n"
    score = evaluate_similarity(table(), file_with(tmp_path, text))
    assert (score.spearman, score.covered, score.asked) == (1.0, 3, 4)
    assert score.coverage == 0.75
    sensitive = evaluate_similarity(table(), file_with(tmp_path, text), ignore_case=False)
    assert (sensitive.spearman, sensitive.covered) == (1.0, 2)


def test_nothing_covered_has_no_score(tmp_path):
    score = evaluate_similarity(table(), file_with(tmp_path, "no body 3\n"))
    assert (score.spearman, score.covered, score.asked) == (None, 0, 1)


@settings(deadline=None)
@given(arrays(float, 9, elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, 7.5])))
def test_spearman_agrees_with_scipy(x):
    stats = pytest.importorskip("scipy.stats")
    y = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5])
    if len(set(x)) == 1:
        assert spearman(x, y) is None
    else:
        assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y)[0])


@pytest.fixture(scope="module")
def pretrained():
    if not DATA.exists():
        pytest.skip(f"no {DATA}")
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    path = DATA / "pretrained" / "glove_twitter_12k.25d.txt.gz"
    return read_vectors(path), keyed.load_word2vec_format(str(path))


@pytest.mark.parametrize("ignore_case", [True, False])
@pytest.mark.parametrize("most_frequent", [30_000, 3000])
def test_analogies_on_shared_vectors_equal_gensims(pretrained, ignore_case, most_frequent):
    embeddings, keyed = pretrained
    path = DATA / "analogy" / "questions-words.txt"
    report = evaluate_analogies(
        embeddings, path, most_frequent=most_frequent, ignore_case=ignore_case
    )
    _, sections = keyed.evaluate_word_analogies(
        str(path), restrict_vocab=most_frequent, case_insensitive=ignore_case
    )
    theirs = {s["section"]: (len(s["correct"]), len(s["incorrect"])) for s in sections}
    ours = {s.name: (s.correct, s.covered - s.correct) for s in report.sections}
    ours["Total accuracy"] = (report.total.correct, report.total.covered - report.total.correct)
    assert ours == theirs
    assert report.total.asked == 19_544


@pytest.mark.parametrize("name", ["EN-WS-353-ALL", "EN-SIMLEX-999", "EN-VERB-143"])
def test_similarity_on_shared_vectors_equals_gensims(pretrained, name):
    embeddings, keyed = pretrained
    path = DATA / "similarity" / f"{name}.txt"
    score = evaluate_similarity(embeddings, path)
    _, theirs, unknown = keyed.evaluate_word_pairs(str(path))
    assert score.spearman == pytest.approx(theirs[0], abs=1e-6)
    assert 100 * (1 - score.coverage) == pytest.approx(unknown)


@pytest.mark.parametrize("ignore_case", [True, False])
def test_floret_vectors_cover_every_pair_and_only_the_analogies_of_their_words(
    tmp_path, ignore_case
):
    data = np.random.default_rng(0).standard_normal((50, 8)).astype("f")
    floret = Vectors(data=data, mode="floret", minn=2, maxn=4, hash_count=2)
    bare = Embeddings([], data[:0], floret=floret)
    pairs = file_with(tmp_path, "apple orange 9\nking queen 5\nKing Queen 1\nman nobody 10\n")
    assert evaluate_similarity(bare, pairs, ignore_case=ignore_case).coverage == 1
    path = file_with(tmp_path, QUESTIONS)
    assert evaluate_analogies(bare, path, ignore_case=ignore_case).total.covered == 0
    named = bare.subset(["man", "woman", "king", "queen"])
    assert evaluate_analogies(named, path, ignore_case=ignore_case).total.covered == 3
