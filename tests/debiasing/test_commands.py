"""`seqpipe debiasing`: what its commands show and write, and what they refuse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import spacy
import typer
from spacy.vectors import Vectors
from typer.testing import CliRunner

from seqpipe.cli import guarded
from seqpipe.debiasing.commands import seqpipe_commands
from seqpipe.debiasing.word_lists import WordLists
from seqpipe.debiasing.words import WordVectors
from seqpipe.embeddings.vector_files import write_vectors
from tests.debiasing.debias_case import EQUAL, PAIRS, letters, planted, without

pytest.importorskip("sklearn")

NEUTRAL = letters(240)
LISTS = {
    "name": "planted",
    "pairs": PAIRS,
    "equalise": EQUAL,
    "definitional": ["beard", "pregnant"],
    "seed": ["she", "he"],
    "attributes": {"female": [a for a, _ in PAIRS], "male": [b for _, b in PAIRS]},
    "targets": {"occupations": NEUTRAL[:30], "homes": [*NEUTRAL[100:110], "wizard"]},
    "weat": [
        {"name": "work/home", "x": NEUTRAL[:8], "y": NEUTRAL[100:108], "a": "male", "b": "female"}
    ],
}


def invoke(*words, **environment):
    app = typer.Typer()
    seqpipe_commands(app=app)
    arguments = ["debiasing", *map(str, words)]
    return CliRunner(env={"COLUMNS": "60", **environment}).invoke(app, arguments)


def run(*words, **environment):
    result = invoke(*words, **environment)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    return result


def words_of(result):
    return " ".join(result.stdout.split())


def refusal(*words):
    """What a command says when it refuses."""
    result = invoke(*words)
    assert isinstance(result.exception, (ValueError, OSError)), result.output
    return str(result.exception)


def written_lists(path, **parts):
    path.write_text(json.dumps({**LISTS, **parts}), encoding="utf-8")
    return path


def written(path, vectors):
    write_vectors(vectors.to_embeddings(), path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Vectors, lists, and the vectors after debiasing."""
    folder = tmp_path_factory.mktemp("vectors")
    vectors = written(folder / "before.bin", planted(240, 20))
    lists = written_lists(folder / "lists.json")
    after = folder / "after.bin"
    run("apply", vectors, after, "--lists", lists)
    return vectors, lists, after


@pytest.fixture
def pipeline(tmp_path):
    """A pipeline with components, one of which looks the vectors up."""
    nlp = spacy.blank("xx")
    planted(30).to_nlp(nlp)
    nlp.add_pipe("sentencizer")
    config = {
        "model": {
            "@architectures": "spacy.HashEmbedCNN.v2",
            "width": 8,
            "depth": 1,
            "embed_size": 20,
            "window_size": 1,
            "maxout_pieces": 2,
            "subword_features": True,
            "pretrained_vectors": True,
        }
    }
    nlp.add_pipe("tok2vec", config=config)
    nlp.initialize()
    folder = tmp_path / "pipeline"
    nlp.to_disk(folder)
    return folder


def projections(path, words, direction):
    vectors = WordVectors.load(path)
    rows, _ = vectors.of(words)
    return vectors.unit_rows(rows) @ direction


def direction_of(path, lists):
    from seqpipe.debiasing.subspace import find_subspace

    return find_subspace(WordVectors.load(path), WordLists.load(lists).pairs).direction


def test_apply_takes_the_direction_from_neutral_words_and_leaves_the_definitional(files):
    before, lists, after = files
    direction = direction_of(before, lists)
    assert np.abs(projections(after, NEUTRAL, direction)).max() < 1e-6
    assert projections(after, ["she"], direction)[0] > 0.2
    assert projections(after, ["beard"], direction)[0] < -0.2


def test_apply_says_direction_pairs_and_counts(files, tmp_path):
    before, lists, _ = files
    text = words_of(run("apply", before, tmp_path / "out.vec", "--lists", lists))
    assert "direction by svd, from 4 of 4 pairs" in text
    assert "neutralised 240" in text
    assert "keep their component 14" in text
    assert "equalised 4 in 2 sets" in text
    assert f"The vectors are in {tmp_path / 'out.vec'}" in text
    assert "removed" not in text


def test_apply_names_pairs_that_it_lacks_and_goes_on(files, tmp_path):
    vectors = written(tmp_path / "few.bin", without(planted(60), "mother"))
    result = run("apply", vectors, tmp_path / "out.bin", "--lists", files[1])
    assert "mother/father (no vector for 'mother')" in words_of(result)


def test_apply_takes_all_its_settings(files, tmp_path):
    before, lists, _ = files
    report = tmp_path / "report.json"
    options = ["--method", "double-hard", "--direction", "mean", "--no-equalise", "--match-case"]
    options += ["--keep-lengths", "--seed", "3", "--metrics", report, "--json"]
    out = tmp_path / "out.vec"
    printed = json.loads(run("apply", before, out, "--lists", lists, *options).stdout)
    assert printed["settings"] == {
        "method": "double_hard",
        "direction": "mean",
        "k": 1,
        "definitional": "list",
        "equalise": False,
        "cases": False,
        "keep_lengths": True,
        "seed": 3,
    }
    assert printed["frequency"]["component"] >= 1
    metrics = json.loads(report.read_text(encoding="utf-8"))
    assert metrics["scores"] == printed
    assert metrics["vectors"]["sha256"]
    assert metrics["lists"]["path"] == str(lists)
    lengths = WordVectors.load(before).lengths
    assert WordVectors.load(out).lengths == pytest.approx(lengths, rel=1e-4)


def test_apply_keeps_the_components_of_a_pipeline_and_says_what_was_trained_before(
    pipeline, files, tmp_path
):
    before = WordVectors.load(pipeline).matrix.copy()
    result = run("apply", pipeline, tmp_path / "debiased", "--lists", files[1])
    assert "to be trained again: tok2vec" in result.stderr
    nlp = spacy.load(tmp_path / "debiased")
    assert nlp.pipe_names == ["sentencizer", "tok2vec"]
    direction = direction_of(pipeline, files[1])
    neutral = letters(30)
    assert np.abs(projections(tmp_path / "debiased", neutral, direction)).max() < 1e-6
    assert np.array_equal(WordVectors.load(pipeline).matrix, before)


def test_apply_writes_vectors_of_a_file_as_a_pipeline_and_the_other_way(files, pipeline, tmp_path):
    run("apply", files[0], tmp_path / "made", "--lists", files[1], "--lang", "de")
    assert spacy.load(tmp_path / "made").lang == "de"
    run("apply", pipeline, tmp_path / "plain.txt", "--lists", files[1])
    assert len(WordVectors.load(tmp_path / "plain.txt").words) == 44


def test_audit_puts_before_and_after_side_by_side_in_sixty_columns(files):
    before, lists, after = files
    result = run("audit", before, "--after", after, "--lists", lists, NO_COLOR="1")
    text = words_of(result)
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 60
    assert "Direct bias before after found" in text
    assert "occupations" in text
    assert "30/30" in text
    assert "10/11" in text  # "wizard" has no vector
    assert "Gonen & Goldberg 2019" in text
    assert "does not show that there is no bias" in text
    assert "removed" not in text


def test_audit_of_one_table_has_one_column(files):
    text = words_of(run("audit", files[0], "--lists", files[1]))
    assert "Direct bias value found" in text
    assert "after" not in text.split("Direct bias value found")[1].split("Source")[0]


def test_audit_writes_metrics_json_and_a_page(files, tmp_path):
    before, lists, after = files
    page, metrics = tmp_path / "a.html", tmp_path / "metrics" / "a.json"
    result = run(
        "audit", before, "--after", after, "--lists", lists, "--json", "-o", metrics, "--html", page
    )
    found = json.loads(result.stdout)
    assert found["after"]["direct_bias"][0]["value"] < 1e-6
    assert found["before"]["direct_bias"][0]["projections"]
    record = json.loads(metrics.read_text(encoding="utf-8"))
    scores = record["scores"]
    assert scores["before"]["direct_bias"][0]["value"] > 0.05
    assert "projections" not in scores["before"]["direct_bias"][0]
    assert scores["before"]["clustering"]["per_side"] > 0
    assert scores["sides"] == ["female", "male"]
    assert record["after"]["path"] == str(after)
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "before.bin and after.bin" in html


def test_audit_is_the_same_for_the_same_seed(files):
    words = ("audit", files[0], "--lists", files[1], "--json", "--seed", "5")
    assert run(*words).stdout == run(*words).stdout


def test_audit_measures_the_price(files, tmp_path):
    before, lists, after = files
    pairs = tmp_path / "similar.txt"
    rows = [f"{a} {b} {n}" for n, (a, b) in enumerate(pairwise(NEUTRAL[:20]))]
    pairs.write_text("\n".join(rows), encoding="utf-8")
    questions = tmp_path / "analogies.txt"
    questions.write_text(": family\nshe he woman man\n", encoding="utf-8")
    words = ("audit", before, "--after", after, "--lists", lists)
    text = words_of(run(*words, "--similarity", pairs, "--analogies", questions))
    assert "Word similarity before after points found" in text
    assert "19/19" in text
    assert "Analogies before after points found" in text
    assert "The price, word similarity" in text


@pytest.mark.slow
def test_audit_scores_pipelines_by_the_command_line(files, tmp_path):
    """Folders of several seeds have commas between."""
    from spacy.tokens import DocBin

    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    nlp.config["training"]["score_weights"] = {"token_acc": 1.0}
    for name in ("one", "two", "three"):
        nlp.to_disk(tmp_path / name)
    corpus = tmp_path / "dev.spacy"
    doc = spacy.blank("xx")("she reads")
    doc[0].is_sent_start = True
    DocBin(docs=[doc]).to_disk(corpus)
    sides = f"{tmp_path / 'one'},{tmp_path / 'two'}", tmp_path / "three"
    words = ("audit", files[0], "--after", files[2], "--lists", files[1], "--json")
    found = json.loads(run(*words, "--evaluate", *sides, corpus).stdout)
    assert len(found["before"]["pipelines"][0]["by_model"]) == 2
    assert found["after"]["pipelines"][0]["coverage"]["given"] == 1


def test_audit_answers_sembias(files, tmp_path):
    sembias = tmp_path / "SemBias"
    pairs = [f"{NEUTRAL[2 * n]}:{NEUTRAL[2 * n + 1]}" for n in range(4)]
    sembias.write_text("\t".join(pairs) + "\n", encoding="utf-8")
    text = words_of(run("audit", files[0], "--lists", files[1], "--sembias", sembias))
    assert "all: definition" in text
    assert "all: stereotype" in text


def test_direction_shows_shares_extremes_and_words_before_and_after(files, tmp_path):
    before, lists, after = files
    picture = tmp_path / "words.svg"
    result = run("direction", before, "--after", after, "--lists", lists, "-n", "5", "-o", picture)
    text = words_of(result)
    *lines, last = result.stdout.splitlines()
    assert max(map(len, lines)) <= 60
    assert last == f"The picture is in {picture}"
    assert "from 4 of 4 pairs" in text
    assert "occupations, 10 of 30 along the direction (o before, * after)" in text
    rows = [line for line in lines if re.search(r"[.|o]{5}\*[.|o]{5}", line)]
    assert sum("0.000" in row for row in rows) == 10
    assert "svg" in picture.read_text(encoding="utf-8")


def test_direction_gives_json_of_any_words(files):
    words = ",".join([*NEUTRAL[:3], "nosuchword"])
    found = json.loads(
        run("direction", files[0], "--lists", files[1], "--words", words, "--json").stdout
    )
    assert set(found["words"]["before"]) == set(NEUTRAL[:3])
    assert found["missing"] == ["nosuchword"]
    assert found["variance"] == sorted(found["variance"], reverse=True)
    assert set(found["farthest"]) == {"female", "male"}
    assert all(value > 0 for value in found["farthest"]["female"].values())


def test_direction_shows_the_dimensions_that_are_asked_for(files):
    words = ("direction", files[0], "--lists", files[1], "--json")
    assert len(json.loads(run(*words, "--k", "2").stdout)["variance"]) == 2
    assert json.loads(run(*words, "--direction", "difference").stdout)["k"] == 1


def test_lists_prints_and_writes_lists_and_the_template(tmp_path):
    text = words_of(run("lists"))
    assert "English gender" in text
    assert "pairs, 12: she/he, woman/man" in text
    output, template = tmp_path / "lists.json", tmp_path / "template.json"
    run("lists", "-o", output, "--template", template)
    assert WordLists.load(output) == WordLists.english_gender()
    assert WordLists.load(template).pairs
    assert json.loads(run("lists", output, "--json").stdout) == json.loads(output.read_text())


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"pairs": [["she", "he"], ["he", "she"]]}, "he/she is there twice, once as she/he"),
        ({"pairs": [["x1", "x2"], ["x3", "x4"]]}, "0 of 2 pairs can be used"),
        ({"definitional": ["x1"]}, "definitional: none of its 1 words has a vector"),
        ({"equalise": [["x1", "x2"]]}, "equalise: none of its 1 sets has vectors"),
    ],
)
def test_apply_refuses_lists_that_do_not_fit(files, tmp_path, parts, message):
    lists = written_lists(tmp_path / "bad.json", **parts)
    out = tmp_path / "out.vec"
    assert message in refusal("apply", files[0], out, "--lists", lists)
    assert not out.exists()


def test_missing_pairs_are_named_before_an_audit(files, tmp_path):
    lists = written_lists(tmp_path / "bad.json", pairs=[["she", "he"], ["x1", "x2"], ["a1", "a2"]])
    said = refusal("audit", files[0], "--lists", lists)
    assert "1 of 3 pairs can be used, expected at least 3" in said
    assert "x1/x2 (no vector for 'x1', 'x2')" in said


def test_an_audit_says_why_a_set_that_is_empty_has_no_value(files, tmp_path):
    lists = written_lists(tmp_path / "empty.json", targets={"occupations": ["x1", "x2"]}, weat=[])
    text = words_of(run("audit", files[0], "--lists", lists))
    assert "occupations: none of the words has a vector" in text
    assert "nan" not in text.lower().split()


def test_words_without_any_vector_are_refused(files):
    said = refusal("direction", files[0], "--lists", files[1], "--words", "x1,x2")
    assert "none of the 2 words has a vector: 'x1', 'x2'" in said


def test_floret_vectors_are_refused(files, tmp_path):
    nlp = spacy.blank("xx")
    nlp.vocab.vectors = Vectors(
        data=np.ones((20, 4), dtype="f"), mode="floret", strings=nlp.vocab.strings, hash_count=1
    )
    nlp.to_disk(tmp_path / "floret")
    for words in (("apply", tmp_path / "floret", tmp_path / "out"), ("audit", tmp_path / "floret")):
        said = refusal(*words, "--lists", files[1])
        assert said.startswith(f"{tmp_path / 'floret'}: floret vectors")


def test_outputs_are_looked_at_before_the_work(files, tmp_path):
    """The vectors are not even there."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    nothing = tmp_path / "nothing.bin"
    assert "expected .txt" in refusal("apply", nothing, tmp_path / "out.doc")
    assert "something else than a pipeline" in refusal("apply", nothing, tmp_path / "full")
    assert "a file stands there" in refusal("apply", nothing, tmp_path / "file")
    assert "Not a directory" in refusal("apply", nothing, tmp_path / "file" / "out.vec")
    full = tmp_path / "full"
    assert "a folder stands there" in refusal("audit", nothing, "-o", full)
    assert "a folder stands there" in refusal("audit", nothing, "--html", full)
    assert "a plot ends in" in refusal("direction", nothing, "-o", tmp_path / "a.gif")
    assert "a folder stands there" in refusal("lists", "--template", full)


@pytest.mark.parametrize(
    "option", ["--after", "--lists", "--weat", "--similarity", "--analogies", "--sembias"]
)
def test_files_that_are_not_there_are_named(files, tmp_path, option):
    nothing = tmp_path / "nothing"
    assert str(nothing) in refusal("audit", files[0], option, nothing)


def test_pipelines_to_score_must_be_pipelines(files, tmp_path):
    data = tmp_path / "dev.spacy"
    data.write_bytes(b"")
    said = refusal("audit", files[0], "--evaluate", tmp_path, tmp_path, data)
    assert "expected a saved pipeline" in said


def test_other_words_after_than_before_are_refused(files, tmp_path):
    other = written(tmp_path / "other.bin", planted(10, 20))
    said = refusal("audit", files[0], "--after", other, "--lists", files[1])
    assert "expected the 254 words that there were before" in said


def test_an_exponent_below_zero_is_refused(files):
    assert "--exponent -1, expected 0 or more" in refusal("audit", files[0], "--exponent", "-1")


def test_a_fault_is_one_line_and_exit_code_1(capsys, tmp_path):
    def fail():
        raise invoke("apply", tmp_path / "nothing.bin", tmp_path / "out.vec").exception

    with pytest.raises(SystemExit) as caught:
        guarded(fail)
    assert caught.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_group_is_one_of_the_built_in_plugins():
    command = [sys.executable, "-m", "seqpipe", "debiasing", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in ("apply", "audit", "direction", "lists"):
        assert name in done.stdout
