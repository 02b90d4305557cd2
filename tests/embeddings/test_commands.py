"""`seqpipe embeddings`: what similar, analogy, evaluate and convert show, write and refuse."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from seqpipe.embeddings import UnknownWordError, read_vectors, write_vectors
from seqpipe.embeddings.commands import Form, Method, seqpipe_commands
from seqpipe.embeddings.similarity import METHODS
from seqpipe.embeddings.vector_files import FORMS
from seqpipe.files import InputError
from tests.embeddings.featurised import TABLE, table

QUESTIONS = ": family\nman woman king queen\nman woman prince princess\n: fruit\na b c d\n"


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    write_vectors(table(), path)
    return path


def run(*words, env=None):
    app = typer.Typer()
    seqpipe_commands(app=app)
    result = CliRunner().invoke(app, ["embeddings", *map(str, words)], env=env)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def rows(output):
    """The table's rows as words, without its title and heads."""
    return [line.split() for line in output.split("─")[-1].splitlines() if line.strip()]


def test_similar_shows_the_nearest_words(vectors):
    assert rows(run("similar", "apple", "--vectors", vectors, "-n", 1).stdout) == [
        ["orange", "0.9985"]
    ]


def test_vectors_may_come_from_the_environment(vectors):
    done = run("analogy", "man", "woman", "king", env={"SEQPIPE_VECTORS": str(vectors)})
    assert rows(done.stdout)[0] == ["queen", "0.9340"]
    assert "SEQPIPE_VECTORS" in run("similar", "king").output


def test_analogy_by_the_other_method_as_json(vectors):
    done = run(
        "analogy", "man", "woman", "king", "-v", vectors, "--method", "3CosMul", "--json", "-n", 1
    )
    assert json.loads(done.stdout) == [{"word": "queen", "similarity": 2.563673}]


def test_unknown_word_is_named(vectors):
    with pytest.raises(UnknownWordError, match="no vector for 'quen'; did you mean 'queen'"):
        run("similar", "quen", "-v", vectors)


def test_only_some_words_are_looked_among(vectors):
    done = run("similar", "king", "-v", vectors, "--only", "man,woman,nobody")
    assert [word for word, _ in rows(done.stdout)] == ["man", "woman"]
    assert done.stderr == "note: 1 words have no vector, such as nobody\n"


def test_evaluate_shows_scores_and_coverage_and_writes_metrics(vectors, tmp_path):
    (tmp_path / "questions.txt").write_text(QUESTIONS)
    (tmp_path / "pairs.txt").write_text("apple orange 9\nking queen 5\nman woman 1\na b 1\n")
    output = tmp_path / "metrics" / "embeddings.json"
    done = run(
        *("evaluate", vectors, "--analogies", tmp_path / "questions.txt"),
        *("--similarity", tmp_path / "pairs.txt", "-o", output),
    )
    shown = [line.split() for line in done.stdout.splitlines()]
    assert ["family", "100.0", "1", "1", "2"] in shown
    assert ["fruit", "-", "0", "0", "1"] in shown
    assert "coverage: 1 of 3 (33.3%)" in done.stdout
    assert ["pairs.txt", "1.000", "3", "4"] in shown
    metrics = json.loads(output.read_text())
    assert metrics["scores"]["analogies"]["total"]["accuracy"] == 1
    assert metrics["scores"]["similarity"][str(tmp_path / "pairs.txt")]["coverage"] == 0.75
    assert metrics["vectors"]["path"] == str(vectors)
    assert [corpus["path"] for corpus in metrics["corpora"]] == [
        str(tmp_path / "questions.txt"),
        str(tmp_path / "pairs.txt"),
    ]


def test_evaluate_needs_something_to_evaluate_on(vectors):
    with pytest.raises(InputError, match="--analogies FILE or --similarity FILE"):
        run("evaluate", vectors)


def test_convert_goes_round_all_forms_of_word_vectors(vectors, tmp_path):
    source = vectors
    for name in ("v.bin.gz", "glove.txt", "model", "again.vec"):
        done = run("convert", source, tmp_path / name)
        assert done.stdout == f"6 words, 4 dimensions, are in {tmp_path / name}\n"
        source = tmp_path / name
    assert source.read_bytes() == vectors.read_bytes()


def test_convert_takes_the_forms_by_name_and_some_words_only(vectors, tmp_path):
    run(
        *("convert", vectors, tmp_path / "v", "--from", "word2vec", "--to", "glove"),
        *("--only", "queen,king"),
    )
    assert (tmp_path / "v").read_text() == "queen 0.97 0.95 0.69 0.01\nking -0.95 0.93 0.7 0.02\n"


def test_pipeline_is_written_in_a_language(vectors, tmp_path):
    run("convert", vectors, tmp_path / "model", "--lang", "en")
    assert json.loads((tmp_path / "model" / "meta.json").read_text())["lang"] == "en"
    assert read_vectors(tmp_path / "model").words == list(TABLE)


def test_options_name_all_forms_and_methods():
    assert tuple(form.value for form in Form) == FORMS
    assert tuple(method.value for method in Method) == METHODS
