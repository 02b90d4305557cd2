"""`seqpipe translation`: what its commands show and write, and what they refuse."""

from __future__ import annotations

import gzip
import json
import math
import re

import numpy as np
import pytest
import spacy
import typer
from spacy.tokens import DocBin
from typer.testing import CliRunner

from seqpipe.files import InputError
from seqpipe.translation.commands import seqpipe_commands
from tests.translation.translator_case import MODEL, learn, reversals, reverser, untrained

PAIRS = reversals(40, seed=5, longest=9)
HTML_NEEDS = ("http://", "https://", "<script")


def run(*words, stdin=None, **environment):
    app = typer.Typer()
    seqpipe_commands(app=app)
    arguments = ["translation", *map(str, words)]
    result = CliRunner(env={"COLUMNS": "60", **environment}).invoke(app, arguments, input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    return result


def lines(*words, **options):
    return run(*words, **options).stdout.splitlines()


def objects(*words, **options):
    return [json.loads(line) for line in lines(*words, **options)]


def rows(*words):
    heads, *found = [line.split("\t") for line in lines(*words)]
    return [dict(zip(heads, row, strict=True)) for row in found]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("with") / "with"
    reverser().to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def plain_model(tmp_path_factory):
    """One without attention, hardly trained."""
    nlp = untrained(model={**MODEL, "attention": None})
    learn(nlp, reversals(50))
    folder = tmp_path_factory.mktemp("without") / "without"
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def files(tmp_path):
    """Sources and references, line by line."""
    paths = tmp_path / "source.txt", tmp_path / "target.txt"
    texts = [source for source, _ in PAIRS], [target for _, (target,) in PAIRS]
    for path, side in zip(paths, texts, strict=True):
        path.write_text("".join(f"{text}\n" for text in side), encoding="utf-8")
    return paths


def written(path, *texts):
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def test_translate_gives_a_line_for_each_line_in_order(model, files):
    nlp = spacy.load(model)
    expected = [nlp(source)._.translation for source, _ in PAIRS]
    assert lines("translate", model, files[0]) == expected
    zipped = files[0].with_suffix(".gz")
    zipped.write_bytes(gzip.compress(files[0].read_bytes()))
    assert lines("translate", model, zipped) == expected


def test_translate_reads_standard_input_and_leaves_empty_lines_empty(model):
    assert lines("translate", model, "-", stdin="a b c\n\n  \nd e\n") == ["c b a", "", "", "e d"]


def test_a_byte_order_mark_is_no_part_of_a_text(model, tmp_path):
    text = b"\xef\xbb\xbfa b c\n"
    (tmp_path / "a").write_bytes(text)
    (of_file,) = objects("translate", model, tmp_path / "a", "--json")
    (of_input,) = objects("translate", model, "-", "--json", stdin=text)
    assert of_file["source"] == of_input["source"] == "a b c"


def test_translate_goes_in_batches_without_a_trace_of_them(model, files, monkeypatch):
    whole = lines("translate", model, files[0])
    monkeypatch.setattr("seqpipe.translation.given_lines.BATCH", 3)
    assert lines("translate", model, files[0]) == whole


def test_translate_takes_texts_from_the_command_line(model):
    assert lines("translate", model, "--text", "a b", "--text", "c d e") == ["b a", "e d c"]


def test_translate_gives_the_n_best_with_rank_and_score(model):
    found = [
        line.split("\t")
        for line in lines("translate", model, "-", "--n-best", "3", stdin="a b c\nd\n")
    ]
    assert [rank for rank, _, _ in found] == ["1", "2", "3"] * 2
    assert [text for rank, _, text in found if rank == "1"] == ["c b a", "d"]
    scores = [float(score) for _, score, _ in found]
    assert scores[:3] == sorted(scores[:3], reverse=True)


def test_translate_writes_json_lines(model, tmp_path):
    words = ("translate", model, "--text", "a b c", "--n-best", "2")
    (found,) = objects(*words, "--json")
    expected = spacy.load(model)("a b c")._.translations[0]
    assert (found["line"], found["source"], found["text"]) == (1, "a b c", "c b a")
    assert found["pieces"] == ["c", "b", "a", "<EOS>"]
    for name in ("log_prob", "score"):
        assert found[name] == pytest.approx(expected[name], rel=1e-4)
    first, second = found["translations"]
    assert first["text"] == "c b a" != second["text"]
    said = run(*words, "-o", tmp_path / "new" / "out.jsonl").stdout
    assert "The translations are in" in said
    assert json.loads((tmp_path / "new" / "out.jsonl").read_text(encoding="utf-8")) == found


def test_translate_searches_as_it_is_told(model):
    def best(*words):
        return objects("translate", model, "--text", "a b c", "--json", *words)[0]

    plain = best("--width", "1", "--normalisation", "none")
    assert plain["score"] == plain["log_prob"]
    divided = best("--normalisation", "length", "--alpha", "1")
    assert divided["score"] == pytest.approx(divided["log_prob"] / 4)
    assert len(best("--min-length", "5")["pieces"]) == 6
    assert best("--coverage", "0.5")["score"] < best()["score"]
    (long,) = objects(
        "translate", model, "--text", "a a a", "--no-repeat", "1", "--json", "--min-length", "2"
    )
    assert len(set(long["pieces"])) == len(long["pieces"])


def test_translations_are_as_long_as_they_may_be(model, files):
    drawn = ("translate", model, files[0], "--json", "--sample", "--seed", "1")

    def longest(*words):
        found = objects(*drawn, "--temperature", "100", *words)
        return max(len(one["pieces"]) for one in found)

    assert longest("--max-ratio", "0.01") == 10 < longest()


def test_translate_draws_the_same_with_the_same_seed(model, files):
    def draw(seed, *words):
        return lines("translate", model, files[0], "--sample", "--seed", seed, *words)

    hot = ("--temperature", "3")
    assert draw("1", *hot) == draw("1", *hot) != draw("2", *hot)
    assert draw("1", "--top-k", "1") == lines(
        "translate", model, files[0], "--width", "1", "--normalisation", "none"
    )


def test_score_gives_log_probabilities_and_all_together(model, files):
    *each, total = rows("score", model, *files)
    pipe = spacy.load(model).get_pipe("rnn_translator")
    docs = [reverser().make_doc(source) for source, _ in PAIRS]
    expected = pipe.score_targets(docs, [target for _, (target,) in PAIRS])
    for row, one in zip(each, expected, strict=True):
        assert float(row["log_prob"]) == pytest.approx(one.log_prob, rel=1e-4, abs=1e-6)
        assert float(row["score"]) == pytest.approx(one.score, rel=1e-4, abs=1e-6)
        assert (int(row["pieces"]), row["unknown"]) == (len(one.pieces), "0")
    pieces = sum(len(one.pieces) for one in expected)
    log_prob = math.fsum(one.log_prob for one in expected)
    assert total["line"] == "all"
    assert float(total["perplexity"]) == pytest.approx(math.exp(-log_prob / pieces), rel=1e-4)
    assert int(total["pieces"]) == pieces


def test_score_goes_piece_by_piece_and_shows_unknown_ones(model):
    words = ("score", model, "--text", "a b", "--target", "b zz", "--pieces")
    *each, total = rows(*words)
    assert [row["piece"] for row in each] == ["b", "zz", "<EOS>"]
    assert [row["unknown"] for row in each] == ["0", "1", "0"]
    found = [float(row["log_prob"]) for row in each]
    assert float(total["log_prob"]) == pytest.approx(sum(found), rel=1e-4)
    assert float(total["perplexity"]) == pytest.approx(math.exp(-sum(found) / 3), rel=1e-4)
    pair, all_together = objects(*words, "--json")
    assert [one["log_prob"] for one in pair["each"]] == pytest.approx(found, rel=1e-4)
    assert (all_together["line"], all_together["unknown"]) == ("all", 1)


def test_score_of_what_was_found_is_that_of_the_search(model):
    for option in (("--normalisation", "gnmt"), ("--alpha", "0.3"), ("--coverage", "0.4")):
        (found,) = objects("translate", model, "--text", "a b c d", "--json", *option)
        scored, _ = objects(
            "score", model, "--text", "a b c d", "--target", found["text"], "--json", *option
        )
        assert scored["score"] == pytest.approx(found["score"], rel=1e-4, abs=1e-6)


def test_analyze_says_whose_fault_errors_are(model, files, tmp_path):
    metrics, page = tmp_path / "metrics" / "a.json", tmp_path / "a.html"
    shown = run("analyze", model, *files, "--widths", "1,4", "-o", metrics, "--html", page).stdout
    assert "errors by beam width" in shown
    assert max(map(len, shown.splitlines()[:20])) <= 60
    record = json.loads(metrics.read_text(encoding="utf-8"))
    totals = [row for row in record["scores"]["rows"] if row["label"] is None]
    assert [row["width"] for row in totals] == [1, 4]
    assert all(row["sentences"] == len(PAIRS) for row in totals)
    assert [corpus["path"] for corpus in record["corpora"]] == [str(path) for path in files]
    html = page.read_text(encoding="utf-8")
    assert "Error analysis" in html
    assert not any(word in html for word in HTML_NEEDS)


def test_analyze_reads_tables_and_spacy_files_alike(model, files, tmp_path):
    table = written(tmp_path / "a.tsv", *(f"{s}\t{t}" for s, (t,) in PAIRS))
    nlp, docs = spacy.load(model), []
    for source, references in PAIRS:
        docs.append(nlp.make_doc(source))
        docs[-1]._.references = references
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "a.spacy")
    of_files, of_table, of_docs = (
        json.loads(run("analyze", model, *data, "--widths", "2", "--json").stdout)["judged"]
        for data in (files, [table], [tmp_path / "a.spacy"])
    )
    assert [one["verdict"] for one in of_files] == [one["verdict"] for one in of_docs]
    # Equal sources stay as many texts as they are in files.
    assert len({source for source, _ in PAIRS}) < len(PAIRS)
    assert [one["verdict"] for one in of_files] == [one["verdict"] for one in of_table]


def test_analyze_searches_as_it_is_told(model, files):
    told = {"coverage": 0.3, "min_length": 1, "no_repeat": 2, "max_ratio": 3.0}
    words = [word for name, value in told.items() for word in (f"--{name}", str(value))]
    words = [word.replace("_", "-") for word in words]
    found = json.loads(run("analyze", model, *files, "--limit", "2", "--json", *words).stdout)
    assert {name: found["options"][name] for name in told} == told


def test_a_table_is_read_as_the_pipeline_read_its_own(model, tmp_path):
    nlp = spacy.load(model)
    reader = {"@readers": "seqpipe.PairedTexts.v1", "path": "dev.tsv", "source": 1, "targets": 0}
    nlp.config["corpora"] = {"dev": reader}
    nlp.config["training"]["dev_corpus"] = "corpora.dev"
    nlp.to_disk(tmp_path / "trained")
    table = written(tmp_path / "a.tsv", "c b a\ta b c", "e d\td e")
    found = json.loads(run("analyze", tmp_path / "trained", table, "--json").stdout)["judged"]
    assert {one["source"] for one in found} == {"a b c", "d e"}
    assert {one["verdict"] for one in found} == {"right"}


def test_analyze_looks_at_the_first_texts_alone(model, files):
    found = json.loads(run("analyze", model, *files, "--limit", "3", "--json").stdout)
    assert {one["number"] for one in found["judged"]} == {1, 2, 3}
    assert {one["width"] for one in found["judged"]} == {1, 3, 10, 30}


def test_attention_is_shown_and_drawn(model, tmp_path):
    shown = run("attention", model, "a b c", NO_COLOR="1").stdout
    assert re.match(r"log P -0\.\d{3}   c b a\n", shown)
    assert "attention:" in shown
    found = json.loads(run("attention", model, "a b c", "--json").stdout)
    assert found["source_pieces"] == ["a", "b", "c", "<EOS>"]
    assert np.shape(found["attention"]) == (4, 4)
    assert np.sum(found["attention"], axis=1) == pytest.approx(np.ones(4), abs=1e-3)
    page = tmp_path / "a.html"
    assert str(page) in run("attention", model, "a b c", "-o", page).stdout.replace("\n", "")
    html = page.read_text(encoding="utf-8")
    assert "<table" in html
    assert not any(word in html for word in HTML_NEEDS)


def test_attention_is_drawn_as_a_picture(model, tmp_path):
    pytest.importorskip("matplotlib")
    for name, begins in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")):
        run("attention", model, "a b c", "-o", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begins)


def test_attention_can_be_that_of_a_given_translation(model):
    found = json.loads(run("attention", model, "a b c", "--target", "a a", "--json").stdout)
    assert found["pieces"] == ["a", "a", "<EOS>"]
    assert np.shape(found["attention"]) == (3, 4)


def test_beam_is_shown_as_a_tree(model, tmp_path):
    shown = run("beam", model, "a b c", "--width", "3").stdout
    (best,) = [line for line in shown.splitlines() if "#1" in line and "<EOS>" in line]
    assert len(best) <= 60
    found = json.loads(run("beam", model, "a b c", "--width", "3", "--json").stdout)
    assert found["translation"]["text"] == "c b a"
    for step in found["steps"]:
        assert sum(node["status"] == "open" for node in step) <= 3
    assert found["steps"][0][0]["piece"] == "c"
    page = tmp_path / "beam.html"
    run("beam", model, "a b c", "-o", page)
    html = page.read_text(encoding="utf-8")
    assert "<svg" in html
    assert not any(word in html for word in HTML_NEEDS)


def test_lengths_puts_models_side_by_side(model, plain_model, files, tmp_path):
    metrics = tmp_path / "lengths.json"
    models = ("--model", model, "--model", f"other={plain_model}")
    shown = run("lengths", *files, *models, "--edges", "4", "-o", metrics).stdout
    heads = next(line for line in shown.splitlines() if line.startswith("tokens")).split()
    assert heads == ["tokens", "sentences", "with", "other"]
    scores = json.loads(metrics.read_text(encoding="utf-8"))["scores"]
    assert [bucket["label"] for bucket in scores["with"]] == ["1-4", "5+"]
    assert scores["with"][0]["exact_match"] > scores["other"][0]["exact_match"]
    assert json.loads(run("lengths", *files, *models, "--edges", "4", "--json").stdout) == scores


def test_lengths_are_drawn(model, files, tmp_path):
    pytest.importorskip("matplotlib")
    run("lengths", *files, "--model", model, "-o", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def refused(*words, match):
    with pytest.raises(InputError, match=match) as caught:
        run(*words)
    return caught.value


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("--width", "0"), r"width = 0: expected a beam of at least 1"),
        (("--n-best", "3", "--width", "2"), r"n_best = 3: expected 1 to width = 2"),
        (("--n-best", "0"), r"n_best = 0: expected 1 to width"),
        (("--alpha", "-1"), r"alpha = -1.0: expected 0 or more"),
        (("--temperature", "2"), r"--temperature 2.0: expected with --sample"),
        (("--sample", "--n-best", "2"), r"--n-best 2: expected without --sample"),
        (("--sample", "--top-p", "2"), r"top_p = 2.0: expected a number above 0, up to 1"),
        (("--sample", "--seed", "-1"), r"--seed -1: expected 0 or more"),
        (("--component", "other"), r"named 'other' among its components \['rnn_translator'\]"),
    ],
)
def test_translate_refuses_settings(model, words, match):
    refused("translate", model, "--text", "a", *words, match=match)


def test_coverage_wants_attention(plain_model):
    match = r"coverage = 0.2: expected a model with attention, rnn_translator has none"
    refused("translate", plain_model, "--text", "a", "--coverage", "0.2", match=match)


def test_translate_refuses_texts(model, tmp_path):
    refused("translate", model, match="no text: expected a FILE, - for standard input, or --text")
    refused("translate", model, "-", "--text", "a", match="FILE and --text: expected a FILE, -")
    refused("translate", model, "--text", "a", "--text", " ", match="text 2 is empty")
    refused("translate", model, "--text", "\udcff", match="the text is not UTF-8")
    refused("translate", model, tmp_path, match="a folder, expected a file")
    refused("translate", model, tmp_path / "none", match="none: no such file")
    path = tmp_path / "a"
    path.write_bytes(b"a\n\xff\n")
    assert refused("translate", model, path, match="byte 0xff is not UTF-8").line == 2
    path.write_bytes(b"a\n b\0 c\n")
    one = refused("translate", model, path, match="a NUL at character 3, expected a text in UTF-8")
    assert (one.path, one.line) == (str(path), 2)


def test_translate_gives_what_stands_before_a_source_that_is_too_long(model, tmp_path):
    path = written(tmp_path / "a", "a b", "", "a " * 501, "c")
    app = typer.Typer()
    seqpipe_commands(app=app)
    result = CliRunner().invoke(app, ["translation", "translate", str(model), str(path)])
    assert result.stdout == "b a\n\n"
    said = r"rnn_translator: a source of 501 pieces, .* expected max_source = 500 at most"
    assert isinstance(result.exception, InputError)
    assert result.exception.line == 3
    with pytest.raises(InputError, match=rf"a, line 3: {said}"):
        raise result.exception
    written(path, "a b", "c", "a " * 501, "c")
    for command in ("score", "analyze"):
        words = (command, model, path, written(tmp_path / "b", *"abcd"))
        assert refused(*words, match=rf"a, line 3: {said}").line == 3


def test_models_are_refused_that_are_none_or_cannot_translate(plain_model, tmp_path):
    refused("translate", tmp_path / "none", "--text", "a", match="no such folder, expected the")
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "other")
    match = r"expected one rnn_translator \(or --component NAME\) among .* \['sentencizer'\]"
    for command in ("translate", "attention", "beam"):
        words = ["--text", "a"] if command == "translate" else ["a"]
        refused(command, tmp_path / "other", *words, match=match)
    refused("attention", plain_model, "a", match="has no attention, expected a model with it")


def test_score_refuses_pairs(model, tmp_path):
    source = written(tmp_path / "source", "a b", "c d", "e f")

    def target(*texts):
        return "score", model, source, written(tmp_path / "target", *texts)

    one = refused(*target("b a", "d c"), match=r"source 3, .*target 2; expected equally many")
    assert one.line == 2
    one = refused(*target("b a", "", "f e"), match="an empty reference, expected a text$")
    assert one.line == 2
    one = refused(*target("b a", "d c", "ЖЖ щ"), match="no piece of the target 'ЖЖ щ' is known")
    assert (one.path, one.line) == (tmp_path / "target", 3)
    both = "expected two files, SOURCE and TARGET, or both --text and --target"
    for words in ((), (source,), (source, source, "--text", "a"), ("--text", "a")):
        refused("score", model, *words, match=both)
    refused("score", model, "--text", "a", "--target", "", match="--target is empty")


def of(model):
    return ("--model", model)


def test_analyze_and_lengths_refuse_data(model, files, tmp_path):
    refused(
        "analyze", model, *files, "--widths", "0,3", match="--beam-widths '0,3': expected whole"
    )
    refused("analyze", model, *files, "--widths", "x", match="--beam-widths 'x': expected whole")
    refused("analyze", model, tmp_path / "none", match="none: no such file")
    refused("analyze", model, "-", match="standard input is not read here")
    refused("analyze", model, files[0], match="line 1: 1 column, expected at least 2")
    empty = written(tmp_path / "empty", *("" for _ in PAIRS))
    for words in (("analyze", model, files[0], empty), ("lengths", files[0], empty, *of(model))):
        refused(*words, match="empty, line 1: an empty reference, expected a text$")
    table = written(tmp_path / "empty.tsv", "a\t")
    refused("analyze", model, table, match=r"an empty reference \(column 1\), expected a text$")
    nlp = spacy.blank("xx")
    DocBin(docs=[nlp("a b")]).to_disk(tmp_path / "bare.spacy")
    refused("analyze", model, tmp_path / "bare.spacy", match="no doc has references, expected")
    twice = ("--model", model, "--model", f"{model}/")
    refused("lengths", *files, *twice, match="is named with too, expected --model NAME=FOLDER")
    refused("lengths", *files, "--model", model, "--edges", "5,3", match="edges = .* that rise")


def test_places_are_looked_at_before_the_work(tmp_path, files):
    """There is no model: what cannot be written is said before that."""
    (tmp_path / "file").touch()
    bad = tmp_path / "file" / "a"
    none = tmp_path / "none"
    cannot = "Not a directory, expected a file for the {} that can be written"
    refused("translate", none, "--text", "a", "-o", bad, match=cannot.format("translations"))
    refused("score", none, *files, "-o", bad, match=cannot.format("scores"))
    refused("analyze", none, *files, "-o", bad, match=cannot.format("metrics"))
    refused("analyze", none, *files, "--html", tmp_path, match="a folder stands there, expected")
    refused("attention", none, "a", "-o", f"{bad}.html", match=cannot.format("picture"))
    refused("attention", none, "a", "-o", "a.gif", match="ends in .png, .svg, .pdf or .html")
    refused("beam", none, "a", "-o", "a.png", match="a name that ends in .html")
    refused("lengths", *files, "--model", none, "-o", "a.txt", match="no format has the suffix")


def test_nothing_is_written_over_what_is_read(tmp_path, files):
    """There is no model: it is said before the work."""
    none, (source, target) = tmp_path / "none", files
    link = tmp_path / "link.png"
    link.symlink_to(source)
    said = "this file is read, expected another one for the {}"
    for path in (source, link):
        refused("translate", none, source, "-o", path, match=said.format("translations"))
    refused("score", none, source, target, "-o", target, match=said.format("scores"))
    refused("analyze", none, source, target, "-o", target, match=said.format("metrics"))
    refused("analyze", none, source, target, "--html", source, match=said.format("page"))
    refused("lengths", *files, "--model", none, "-o", link, match=said.format("picture"))
