"""The scripts of projects/embeddings: the text of the small world, and the measuring of vectors."""

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from random import Random

import pytest

from seqpipe.embeddings import evaluate_analogies, read_vectors
from seqpipe.embeddings.evaluation import read_pairs, read_questions
from tests.processes import python

PROJECT = Path(__file__).parents[2] / "projects" / "embeddings"
SCRIPTS = PROJECT / "scripts"
SIZE = ["--width", "16", "--epochs", "1", "--min-count", "1"]


def run(folder, *words, expected=0):
    """What a program of ours says; the last line of what it complains, if it should fail."""
    done = python(*words, cwd=folder)
    assert done.returncode == expected, done.stderr
    return done.stderr.splitlines()[-1] if expected else done.stdout


def script(folder, name, *words, expected=0):
    return run(folder, SCRIPTS / f"{name}.py", *words, expected=expected)


def seqpipe(folder, *words):
    return run(folder, "-m", "seqpipe", *words)


def module_of(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def content(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The folder in which the project's first command wrote a fifth of its text."""
    folder = tmp_path_factory.mktemp("small")
    script(folder, "make_text", "corpus", "--sentences", "12000")
    return folder / "corpus"


@pytest.fixture(scope="module")
def judges(small):
    return ["--analogies", small / "analogies.txt", "--similarity", small / "similarity.txt"]


def test_same_seed_writes_the_same_files_and_another_does_not(tmp_path):
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        script(tmp_path, "make_text", folder, "--sentences", "50", "--seed", seed)
    a, b, c = ((tmp_path / name / "text.txt").read_text(encoding="utf-8") for name in "abc")
    assert a == b != c
    assert a.count("\n") == 50


def test_no_sentence_states_what_is_asked(small):
    sentences = [set(line.split()) for line in (small / "text.txt").open(encoding="utf-8")]
    pairs = {question.words[:2] for question in read_questions(small / "analogies.txt")}
    assert len(pairs) == 12 + 2 * 16 + 2 * 12 + 10
    said = [pair for pair in pairs if any(words.issuperset(pair) for words in sentences)]
    assert said == []


def test_every_word_of_the_questions_stands_in_the_text(small):
    words = set((small / "text.txt").read_text(encoding="utf-8").split())
    asked = {word for q in read_questions(small / "analogies.txt") for word in q.words}
    compared = {word for pair in read_pairs(small / "similarity.txt") for word in (pair.a, pair.b)}
    assert asked | compared <= words


def test_tagger_is_asked_about_names_that_it_was_not_trained_on(small):
    names = []
    for file in ("train.conll", "dev.conll"):
        rows = [line.split("\t") for line in (small / file).read_text().splitlines() if line]
        names.append({word for word, tag in rows if tag != "O"})
    assert all(len(found) == 24 for found in names)
    assert not names[0] & names[1]


def test_likeness_of_a_pair_is_what_its_words_have_in_common():
    module = module_of("make_text")
    world = content(PROJECT / "assets" / "world.json")
    scores = {}
    for line in module.similarities(world, Random(0), count=100_000):
        a, b, score = line.split("\t")
        scores[frozenset((a, b))] = float(score)
    like = [scores[frozenset(pair)] for pair in (("tea", "milk"), ("king", "queen"))]
    assert like == [10.0, 5.0]
    assert scores[frozenset(("tea", "king"))] == 0.0


@pytest.mark.slow
def test_vectors_of_the_small_text_answer_its_analogies(small, tmp_path):
    words = ["--tokenizer", "whitespace", "--width", "50", "--epochs", "20", "--subsample", "0.01"]
    seqpipe(tmp_path, "embeddings", "train", small / "text.txt", "-o", "vectors", *words)
    report = evaluate_analogies(read_vectors(tmp_path / "vectors"), small / "analogies.txt")
    assert report.total.coverage == 1.0
    assert report.total.accuracy > 0.9


def test_prepared_text_is_lower_case_words_of_a_to_z_a_paragraph_a_line(tmp_path):
    texts = {"one.gz": "The Café, 1999!\n\n--\n", "two.gz": "It's\x85New York\n"}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(gzip.compress(text.encode("utf-8")))
    script(tmp_path, "prepare", *texts, "--output", "text.txt", "--words", "6")
    assert (tmp_path / "text.txt").read_text() == "the caf\nit s new york\n"


def test_prepared_text_of_another_size_is_refused_and_not_written(tmp_path):
    (tmp_path / "one.gz").write_bytes(gzip.compress(b"one two three\n"))
    said = script(tmp_path, "prepare", "one.gz", "--output", "text.txt", expected=1)
    assert said == "error: 3 words, expected 16,857,739: other files than these?"
    assert not (tmp_path / "text.txt").exists()


def test_text_that_is_not_gzipped_is_refused(tmp_path):
    (tmp_path / "one.gz").write_text("one\n")
    said = script(tmp_path, "prepare", "one.gz", "--output", "text.txt", expected=1)
    assert said.startswith("error: one.gz: expected a gzipped text in UTF-8")


@pytest.fixture
def judged(small, judges, tmp_path):
    """Two runs that differ in their seed alone, each judged."""
    for seed in (1, 2):
        words = ["-o", f"seed{seed}", "--seed", seed, "--tokenizer", "whitespace", *SIZE]
        seqpipe(tmp_path, "embeddings", "train", small / "text.txt", *words)
        words = [f"seed{seed}", *judges, "--output", f"seed{seed}.json"]
        seqpipe(tmp_path, "embeddings", "evaluate", *words)
    return tmp_path


@pytest.mark.slow
def test_metrics_of_seeds_are_gathered(judged):
    said = script(judged, "gather", "seed1.json", "seed2.json", "--output", "both.json")
    found = content(judged / "both.json")
    one, two = (
        content(judged / f"seed{seed}.json")["scores"]["analogies"]["total"]["accuracy"]
        for seed in (1, 2)
    )
    total = found["scores"]["analogies"]["total"]["accuracy"]
    assert total["mean"] == pytest.approx((one + two) / 2)
    assert [one["seed"] for one in found["runs"]] == [1, 2]
    assert all(len(one["losses"]) == 1 for one in found["runs"])
    assert found["learner"]["width"] == 16
    assert "analogies, total, %" in said


@pytest.mark.slow
def test_runs_that_differ_in_more_than_the_seed_are_not_gathered(judged):
    config = judged / "seed2" / "config.cfg"
    config.write_text(config.read_text().replace("window = 5", "window = 3"))
    words = ["seed1.json", "seed2.json", "--output", "both.json"]
    said = script(judged, "gather", *words, expected=1)
    assert said.startswith("error: seed2.json: learner is not as in seed1.json")


def test_plan_of_the_comparison_takes_turns_and_more_seeds_on_one_thread(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    compare = module_of("compare")
    base = compare.Settings("", 100, 5, 5, 5, threads=1, seed=1)
    plan = list(compare.plan(base, [1, 2], [1, 2], more_seeds=1))
    assert [(way, each.objective, each.threads, each.seed) for way, each in plan] == [
        *[(way, "skip-gram", 1, 1) for way in ("gensim", "ours")],
        *[(way, "cbow", 1, 1) for way in ("gensim", "ours")],
        *[(way, "skip-gram", 2, 1) for way in ("gensim", "ours")],
        *[(way, "cbow", 2, 1) for way in ("gensim", "ours")],
        *[(way, "skip-gram", 1, 2) for way in ("ours", "gensim")],
        *[(way, "cbow", 1, 2) for way in ("ours", "gensim")],
    ]


@pytest.mark.slow
def test_ours_and_gensim_are_measured_in_turn(small, judges, tmp_path):
    pytest.importorskip("gensim")
    text = tmp_path / "text.txt"
    lines = (small / "text.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    text.write_text("".join(lines[:1000]), encoding="utf-8")
    script(tmp_path, "compare", text, *judges, *SIZE, "--seeds", "1", "--output", "out.json")
    found = content(tmp_path / "out.json")
    assert {run["words"] for run in found["runs"]} == {len(text.read_text().split())}
    assert len(found["rows"]) == 2 * 2 * 5
    for row in found["rows"]:
        assert row["rival_name"].startswith("gensim 4.")
        if row["unit"] in ("words/s", "MB"):
            assert row["ours"] > 0
            assert row["rival"] > 0


@pytest.mark.slow
def test_neighbours_are_timed_beside_the_product(tmp_path):
    script(tmp_path, "similar", "--output", "out.json", "--words", "500", "--width", "20")
    rows = content(tmp_path / "out.json")["rows"]
    assert [(row["name"], row["threads"]) for row in rows] == [
        (f"most_similar, {name}", threads)
        for threads in (1, 2)
        for name in ("one query", "256 queries")
    ]


@pytest.mark.slow
def test_cells_of_glove_are_counted(tmp_path):
    (tmp_path / "text.txt").write_text("a b c\n" * 50)
    words = ["text.txt", "--output", "out.json", "--threads", "1", "--epochs", "3"]
    script(tmp_path, "glove", *words, "--width", "8")
    (row,) = content(tmp_path / "out.json")["rows"]
    assert row["shape"] == "6 cells, width 8, 3 epochs"
    assert row["ours"] > 0
    assert row["loss_falls"] == (row["losses"] == sorted(set(row["losses"]), reverse=True))


def test_script_that_fails_in_its_own_process_is_one_message(tmp_path):
    (tmp_path / "empty.txt").touch()
    words = ["empty.txt", "--output", "out.json", "--threads", "1"]
    said = script(tmp_path, "glove", *words, expected=1)
    assert said.startswith("error: learn_ours.py ended with 1: error: ")
    assert "empty" in said or "no word in it" in said
    assert not (tmp_path / "out.json").exists()
