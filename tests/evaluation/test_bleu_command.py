"""`seqpipe bleu`: what it shows, what it writes, and what it refuses."""

from __future__ import annotations

import gzip
import json

import pytest
import typer
from typer.testing import CliRunner

from seqpipe.evaluation.bleu import SMOOTHINGS, TOKENIZERS
from seqpipe.evaluation.commands import seqpipe_commands
from seqpipe.files import InputError

HYPOTHESES = [
    "the the the the the the the",
    "the cat the cat on the mat",
    "there is a cat on the mat",
]
FIRST = ["the cat is on the mat"] * 3
SECOND = ["there is a cat on the mat"] * 3
SCORE = 100 * (14 / 21 * 10 / 18 * 7 / 15 * 5 / 12) ** (1 / 4)


def run(*words, stdin=None, **environment):
    app = typer.Typer()
    app.callback()(lambda: None)
    seqpipe_commands(app=app)
    arguments = ["bleu", *map(str, words)]
    result = CliRunner(env={"COLUMNS": "100", **environment}).invoke(app, arguments, input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    return result.stdout


def rows(shown):
    """The words of each line."""
    return [line.split() for line in shown.splitlines()]


@pytest.fixture
def files(tmp_path):
    """A file of hypotheses and two of references."""
    paths = []
    for name, texts in (("hyp", HYPOTHESES), ("ref1", FIRST), ("ref2", SECOND)):
        path = tmp_path / f"{name}.txt"
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        paths.append(path)
    return paths


def test_the_table_shows_what_the_score_is_made_of(files):
    shown = rows(run(*files))
    assert ["BLEU", f"{SCORE:.2f}"] in shown
    assert ["clipped", "count", "14", "10", "7", "5"] in shown
    assert ["total", "21", "18", "15", "12"] in shown
    assert ["precision,", "%", "66.67", "55.56", "46.67", "41.67"] in shown
    assert ["brevity", "penalty", "1.0000"] in shown
    assert ["length", "of", "the", "hypotheses", "21"] in shown
    assert any(row and row[0].startswith("BLEU|nrefs:2|case:mixed|eff:no|tok:13a") for row in shown)


def test_a_smoothed_precision_is_starred_and_the_star_explained(files, tmp_path):
    only = tmp_path / "the.txt"
    only.write_text(HYPOTHESES[0] + "\n" + "the\n" * 2, encoding="utf-8")
    shown = run(only, *files[1:])
    assert "*8.33" in shown
    assert "* smoothed" in shown


def test_chrf_and_ter_stand_beside_bleu_if_asked_for(files):
    without, shown = run(*files), run(*files, "--chrf", "--ter")
    assert "chrF" not in without
    assert "TER" not in without
    for name in ("chrF", "TER"):
        assert any(row[:1] == [name] for row in rows(shown))
        assert f"{name}|nrefs:2" in shown


def test_sentences_come_in_order_or_the_worst_first(files):
    def lines(*options):
        shown = rows(run(*files, *options))
        start = next(i for i, row in enumerate(shown) if row[:2] == ["line", "BLEU"])
        return [row for row in shown[start + 2 :] if row]

    in_order, worst = lines("--sentences", "file"), lines("--sentences", "worst")
    assert [row[0] for row in in_order] == ["1", "2", "3"]
    assert in_order[0][2:9] == ["2/7", "0/6", "0/5", "0/4", "1.000", "7", "7"]
    assert [float(row[1]) for row in worst] == sorted(float(row[1]) for row in in_order)
    assert len(lines("--sentences", "worst", "--rows", "1")) == 1


def test_a_long_hypothesis_leaves_the_numbers_their_room(files, tmp_path):
    long = tmp_path / "long.txt"
    long.write_text("the cat on the mat \x1b[31m" * 50 + "\na\nb\n", encoding="utf-8")
    shown = run(long, *files[1:], "--sentences", "file", COLUMNS="80")
    assert "200/350" not in shown
    assert max(map(len, shown.splitlines()[4:-3])) <= 100
    assert "\x1b" not in shown
    assert "…" not in shown.partition("sentences, with")[2]


def test_json_has_all_of_it(files):
    found = json.loads(run(*files, "--json", "--sentences", "worst", "--chrf"))
    assert found["scores"]["bleu"]["clipped"] == [14, 10, 7, 5]
    assert found["scores"]["signatures"].keys() == {"bleu", "chrf"}
    assert found["scores"]["exact_match"] == pytest.approx(100 / 3)
    assert [row["line"] for row in found["sentences"]] == [1, 2, 3]
    assert found["sentences"][0]["references"] == [FIRST[0], SECOND[0]]
    assert found["sentences"][0]["clipped"] == [2, 0, 0, 0]


def test_options_reach_the_signature(files):
    shown = run(*files, "--lowercase", "--tokenize", "char", "--smoothing", "floor")
    assert "case:lc|eff:no|tok:char|smooth:floor[0.10]" in shown


def test_another_system_is_compared_with_the_first(files):
    found = json.loads(run(*files, "--compare", files[2], "--json"))
    first, second = found["systems"]["scores"]["bleu"]
    assert (first["system"], second["system"]) == (str(files[0]), str(files[2]))
    assert second["score"] == pytest.approx(100)
    assert 0 < second["p_value"] <= 1
    assert "bs:1000" in run(*files, "--compare", files[2])


def test_the_metrics_file_has_scores_corpora_and_versions(files, tmp_path):
    output = tmp_path / "metrics" / "bleu.json"
    assert f"Metrics are in {output}" in run(*files, "--output", output).replace("\n", "")
    found = json.loads(output.read_text(encoding="utf-8"))
    assert found["scores"]["bleu"]["score"] == pytest.approx(SCORE)
    assert [corpus["path"] for corpus in found["corpora"]] == list(map(str, files))
    assert found["versions"]["seqpipe"]


def test_translations_come_from_standard_input_and_gzip(files, tmp_path):
    zipped = tmp_path / "ref.gz"
    zipped.write_bytes(gzip.compress(files[1].read_bytes()))
    text = files[0].read_text(encoding="utf-8")
    assert run("-", zipped, "--json", stdin=text) == run(files[0], files[1], "--json")


def test_an_empty_hypothesis_is_noted(files, tmp_path):
    some = tmp_path / "some.txt"
    some.write_text("a cat\n\nthe mat\n", encoding="utf-8")
    assert "note: 1 of 3 hypotheses are empty, the first in line 2" in run(some, *files[1:])


def test_a_byte_order_mark_is_scored_as_by_sacrebleu_and_noted(files, tmp_path):
    marked = tmp_path / "marked.txt"
    marked.write_bytes(b"\xef\xbb\xbf" + files[1].read_bytes())
    shown = run(marked, *files[1:])
    assert "note: the first line begins with a byte order mark" in shown
    assert ["clipped", "count", "17", "14", "11", "8"] in rows(shown)


def test_files_of_different_length_are_refused(files, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("a cat\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"hyp\.txt 3, .*ref1\.txt 3, .*short\.txt 1; expected"):
        run(*files[:2], short)


def test_rows_without_sentences_are_refused(files):
    with pytest.raises(InputError, match="--rows 3: expected with --sentences"):
        run(*files, "--rows", "3")


@pytest.mark.parametrize(
    ("option", "known"), [("--tokenize", TOKENIZERS), ("--smoothing", SMOOTHINGS)]
)
def test_a_choice_that_is_none_is_refused_before_files_are_read(option, known, tmp_path):
    app = typer.Typer(rich_markup_mode=None)
    seqpipe_commands(app=app)
    words = [str(tmp_path / "none")] * 2
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, [*words, option, "words"])
    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.stderr
    assert f"'words' is not one of {', '.join(map(repr, known))}" in done.stderr
