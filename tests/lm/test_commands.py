"""`seqpipe lm`: what its commands show and write, and what they refuse."""

from __future__ import annotations

import json
import math
import re

import pytest
import spacy
import typer
from spacy.tokens import Doc
from spacy.training import Example
from typer.testing import CliRunner

from seqpipe.files import InputError
from seqpipe.lm.commands import seqpipe_commands
from seqpipe.lm.learn import sentence_pieces
from seqpipe.lm.scores import total
from tests.lm.ngram_case import SALADS

CHARACTERS = {"@tokenizers": "seqpipe.UnkTokenizer.v1", "unit": "char"}
WHITESPACE = {"@tokenizers": "seqpipe.UnkTokenizer.v1", "unit": "whitespace"}
PEAR, PAIR = "the apple and pear salad", "the apple and pair salad"


def run(*words, stdin=None, **environment):
    app = typer.Typer()
    seqpipe_commands(app=app)
    arguments = ["lm", *map(str, words)]
    result = CliRunner(env={"COLUMNS": "100", **environment}).invoke(app, arguments, input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    return result


def saved(folder, **models):
    """A pipeline with n-gram models of these names and settings, saved."""
    nlp = spacy.blank("xx")
    for name, config in models.items():
        nlp.add_pipe("ngram_lm", name=name, config=config).learn_from(sentence_pieces(SALADS))
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("one") / "model", ngram_lm={})


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return saved(
        tmp_path_factory.mktemp("two") / "model",
        large={},
        small={"max_vocabulary": 4, "smoothing": "maximum_likelihood"},
    )


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(f"{PEAR}\n\n{PAIR}\n", encoding="utf-8")
    return path


def rows(result):
    heads, *lines = [line.split("\t") for line in result.stdout.splitlines()]
    return [dict(zip(heads, line, strict=True)) for line in lines]


def test_score_gives_each_line_what_the_pipeline_says_of_it(model, text):
    result = run("score", model, text)
    nlp = spacy.load(model)
    pear, pair = rows(result)
    for row, number, line in ((pear, "1", PEAR), (pair, "3", PAIR)):
        assert (row["line"], row["text"], row["tokens"], row["unknown"]) == (number, line, "6", "0")
        assert float(row["log_prob"]) == pytest.approx(nlp(line)._.log_prob, rel=1e-5)
        assert float(row["perplexity"]) == pytest.approx(nlp(line)._.perplexity, rel=1e-5)


def test_score_reads_standard_input_and_converts_units(model):
    (nats,) = rows(run("score", model, "-", stdin=PEAR))
    (bits,) = rows(run("score", model, "-", "--unit", "bits", stdin=PEAR))
    expected = float(nats["log_prob"]) / math.log(2)
    assert float(bits["log_prob"]) == pytest.approx(expected, rel=1e-5)
    assert bits["perplexity"] == nats["perplexity"]


def test_a_byte_order_mark_is_no_part_of_a_text(model, tmp_path):
    text = b"\xef\xbb\xbf" + PEAR.encode()
    (tmp_path / "text").write_bytes(text)
    (of_file,) = rows(run("score", model, tmp_path / "text"))
    (of_input,) = rows(run("score", model, "-", stdin=text))
    assert of_file == of_input
    assert of_input["text"] == PEAR


def test_score_writes_tables_and_json_lines(model, text, tmp_path):
    printed = run("score", model, text).stdout
    said = run("score", model, text, "--output", tmp_path / "new" / "scores.tsv").stdout
    assert "The scores are in" in said
    assert (tmp_path / "new" / "scores.tsv").read_text(encoding="utf-8") == printed
    run("score", model, text, "--output", tmp_path / "scores.jsonl")
    lines = (tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == [PEAR, PAIR]
    assert run("score", model, text, "--json").stdout.splitlines() == lines


def test_score_goes_token_by_token(model, text):
    found = rows(run("score", model, text, "--tokens"))
    assert [row["token"] for row in found[:6]] == [*PEAR.split(), "<EOS>"]
    expected = spacy.load(model)(PEAR)
    assert [float(row["log_prob"]) for row in found[:5]] == pytest.approx(
        [-token._.surprisal for token in expected], rel=1e-5
    )
    assert {row["line"] for row in found} == {"1", "3"}
    (first, _) = map(
        json.loads, run("score", model, text, "--tokens", "--json").stdout.splitlines()
    )
    assert [token["token"] for token in first["each"]] == [*PEAR.split(), "<EOS>"]


def test_score_says_what_is_left_out_and_what_is_impossible(two, text, caplog):
    (row,) = map(
        json.loads,
        run(
            "score", two, "-", "--component", "small", "--json", stdin="\nthe a\n"
        ).stdout.splitlines(),
    )
    assert (row["line"], row["log_prob"], row["perplexity"]) == (2, None, None)
    assert "1 empty line is left out, line 1" in caplog.text
    assert "tokens have probability 0" in caplog.text
    for empty in ("", "\n \n"):
        with pytest.raises(InputError, match="no text, expected one a line"):
            run("score", two, "-", "--component", "small", stdin=empty)


def test_score_counts_the_empty_lines(model, caplog):
    run("score", model, "-", stdin="a\n\nthe\n \n")
    assert "2 empty lines are left out, the first is line 2" in caplog.text


def test_score_names_a_line_that_is_too_long_and_writes_those_before_it(model, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text(f"{PEAR}\n{PAIR}\n" + "a " * 600_000 + f"\n{PEAR}\n", encoding="utf-8")
    app = typer.Typer()
    seqpipe_commands(app=app)
    result = CliRunner().invoke(app, ["lm", "score", str(model), str(path)])
    assert str(result.exception).startswith(
        f"{path}, line 3: a text of 1,200,000 characters, expected 1,000,000 at most"
    )
    assert isinstance(result.exception, InputError)
    assert [row["text"] for row in rows(result)] == [PEAR, PAIR]
    path.write_text("one\tfits\none\t" + "a " * 600_000, encoding="utf-8")
    with pytest.raises(InputError, match=r"long\.txt, line 2: a text of 1,199,999 characters"):
        run("score", model, path, "--candidates")
    with pytest.raises(InputError, match=r"long\.txt: a text of 1,200,013 characters"):
        run("surprisal", model, path)


@pytest.mark.parametrize("command", ["score", "compare", "surprisal", "perplexity"])
def test_words_can_be_parted_by_white_space(model, tmp_path, command):
    path = tmp_path / "text.txt"
    path.write_text("the pear, and\n", encoding="utf-8")
    options = {
        "score": (path, "--tokens"),
        "compare": ("the pear, and", PAIR),
        "surprisal": ("the  pear, and",),
        "perplexity": (path,),
    }[command]
    by_pipeline = run(command, model, *options, "--json").stdout
    by_space = json.loads(
        run(command, model, *options, "--json", "--tokenizer", "whitespace").stdout
    )
    tokens = {
        "score": lambda found: [token["token"] for token in found["each"]],
        "compare": lambda found: [token["text"] for token in found["texts"][0]["tokens"]],
        "surprisal": lambda found: [t["text"] for t in found["tokens"] if t["read"]],
        "perplexity": lambda found: found[0]["tokens"],
    }[command]
    expected = ["the", "pear,", "and", "<EOS>"]
    assert tokens(by_space) == (len(expected) if command == "perplexity" else expected)
    assert tokens(json.loads(by_pipeline)) != tokens(by_space)


def test_score_puts_candidates_in_order(model, tmp_path):
    path = tmp_path / "candidates.tsv"
    path.write_text(f"one\t0\t{PAIR}\none\t0\t{PEAR}\ntwo\t1\tzebra\n", encoding="utf-8")
    found = rows(run("score", model, path, "--candidates"))
    assert [(row["id"], row["rank"], row["unknown"], row["text"]) for row in found] == [
        ("one", "1", "0", PEAR),
        ("one", "2", "0", PAIR),
        ("two", "1", "1", "zebra"),
    ]
    path.write_text(f"one\t30\t{PAIR}\none\t0\t{PEAR}\n", encoding="utf-8")
    assert rows(run("score", model, path, "--candidates"))[0]["text"] == PAIR
    weighed = rows(run("score", model, path, "--candidates", "--score-weight", "0.001"))
    assert weighed[0]["text"] == PEAR
    with pytest.raises(InputError, match="--candidates with --tokens"):
        run("score", model, path, "--candidates", "--tokens")


def test_score_refuses_a_file_that_is_no_text(model, tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"good\nb\xe4d\n")
    with pytest.raises(InputError, match=r"bad\.txt, line 2: byte 0xe4 is not UTF-8"):
        run("score", model, tmp_path / "bad.txt")
    with pytest.raises(OSError, match="none"):
        run("score", model, tmp_path / "none.txt")
    out = tmp_path / "out.tsv"
    with pytest.raises(InputError):
        run("score", model, tmp_path / "bad.txt", "--output", out)
    assert not out.exists()


def test_perplexity_stands_beside_vocabulary_unknown_words_and_tokens(model, text):
    nlp = spacy.load(model)
    docs = [Doc(nlp.vocab, words=line.split()) for line in (PEAR, PAIR)]
    expected = total(s for found in nlp.get_pipe("ngram_lm").sentence_scores(docs) for s in found)
    (row,) = json.loads(run("perplexity", model, text, "--json").stdout)
    assert row["perplexity"] == pytest.approx(expected.perplexity)
    assert (row["tokens"], row["sentences"], row["blank_lines"]) == (12, 2, 1)
    assert (row["unknown"], row["oov_rate"], row["zero_probability"]) == (0, 0.0, 0)
    shown = run("perplexity", model, text).stdout
    empty = "1 empty line is no sentence\n"
    for what in (f"{expected.perplexity:.2f}", f"{row['vocabulary']}", "0.00%", empty):
        assert what in shown
    assert "compared" not in shown


def test_perplexity_without_unknown_words_stands_beside_it(model, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the zebra\n\n\na pear\n", encoding="utf-8")
    scores = (
        spacy.load(model)
        .get_pipe("ngram_lm")
        .model.score_sentences([["the", "zebra"], ["a", "pear"]])
    )
    known = [
        log_prob
        for score in scores
        for log_prob, is_unknown in zip(score.log_probs, score.is_unknown, strict=True)
        if not is_unknown
    ]
    expected = math.exp(-sum(known) / 5)
    (row,) = json.loads(run("perplexity", model, path, "--json").stdout)
    assert row["perplexity_of_known"] == pytest.approx(expected) != row["perplexity"]
    shown = " ".join(run("perplexity", model, path).stdout.split())
    assert f"of known words {expected:.2f}" in shown
    assert "2 empty lines are no sentences" in shown


def test_perplexity_of_characters_says_nothing_of_empty_lines(tmp_path):
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": CHARACTERS}})
    vocabulary = {"@misc": "seqpipe.Vocabulary.v1", "min_count": 1}
    encoder = {"@layers": "seqpipe.LSTM.v1", "nO": 4, "bi": False, "depth": 1}
    small = {"tok2vec": {"width": 4, "vocabulary": vocabulary}, "encoder": encoder}
    nlp.add_pipe("rnn_lm", config={"ends": False, "model": small})
    docs = [nlp.make_doc("ab\r\nc")]
    nlp.initialize(lambda: [Example(doc.copy(), doc) for doc in docs])
    nlp.to_disk(tmp_path / "model")
    path = tmp_path / "text.txt"
    path.write_bytes(b"ab\r\n\r\nc\n")
    assert "empty" not in run("perplexity", tmp_path / "model", path).stdout
    (row,) = json.loads(run("perplexity", tmp_path / "model", path, "--json").stdout)
    assert (row["tokens"], row["unknown"], row["blank_lines"]) == (8, 0, 0)


def test_perplexity_of_several_models_and_files_says_what_can_be_compared(two, text, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("the zebra\n", encoding="utf-8")
    shown = " ".join(run("perplexity", two, text, other).stdout.split())
    assert "can be compared over the same vocabulary" in shown
    assert "these models differ in them" in shown
    found = json.loads(run("perplexity", two, text, other, "--json").stdout)
    assert [(row["file"], row["model"]) for row in found] == [
        (str(path), name) for path in (text, other) for name in ("large", "small")
    ]
    (only,) = json.loads(run("perplexity", two, text, "--component", "large", "--json").stdout)
    assert only["model"] == "large"


def test_perplexity_is_never_infinite_without_a_word_of_why(two, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the a\n", encoding="utf-8")
    shown = " ".join(run("perplexity", two, path, "--component", "small").stdout.split())
    assert "perplexity inf" in shown
    assert re.search(r"small: \d of 3 tokens have probability 0, which makes .*'a' \(1\)", shown)
    (row,) = json.loads(run("perplexity", two, path, "--component", "small", "--json").stdout)
    assert row["perplexity"] is None
    assert row["zero_tokens"]["a"] == 1


def test_perplexity_is_written_as_metrics(model, text, tmp_path):
    run("perplexity", model, text, "--output", tmp_path / "metrics" / "ppl.json")
    metrics = json.loads((tmp_path / "metrics" / "ppl.json").read_text(encoding="utf-8"))
    assert metrics["scores"][0]["model"] == "ngram_lm"
    assert metrics["corpora"][0]["path"] == str(text)
    assert {"seconds", "versions", "peak_memory_mb"} <= set(metrics)


@pytest.mark.parametrize("command", ["perplexity", "score"])
def test_what_cannot_be_written_is_refused_before_anything_is_read(model, tmp_path, command):
    (tmp_path / "file").write_text("")
    missing = tmp_path / "missing.txt"
    with pytest.raises(InputError, match="a folder stands there, expected a file for the"):
        run(command, model, missing, "--output", tmp_path)
    with pytest.raises(InputError, match=r"below\.json: .* that can be written"):
        run(command, model, missing, "--output", tmp_path / "file" / "below.json")


def test_perplexity_of_an_empty_file_is_refused(model, tmp_path):
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(InputError, match=r"empty\.txt: no word in it"):
        run("perplexity", model, tmp_path / "empty.txt")


@pytest.mark.parametrize("columns", ["40", "100"])
def test_compare_shows_token_by_token_which_is_likelier(model, columns):
    shown = run("compare", model, PAIR, PEAR, COLUMNS=columns, NO_COLOR="1").stdout
    nlp = spacy.load(model)
    gap = nlp(PEAR)._.log_prob - nlp(PAIR)._.log_prob
    assert max(map(len, shown.splitlines())) <= int(columns)
    said = " ".join(shown.split())
    assert f'1. text 2, "{PEAR}" 2. text 1, "{PAIR}": {gap:.2f} nats less, ' in said
    assert f"{math.exp(gap):.3g} times less likely" in said
    for text in ("pear", "pair"):
        assert re.search(rf"\b{text} -\d", said)


def test_compare_marks_unknown_words_and_gives_json(model):
    shown = run("compare", model, "the zebra", "the pear").stdout
    assert "zebra*" in shown
    assert "* unknown to the model" in shown
    found = json.loads(run("compare", model, PAIR, PEAR, "--unit", "bits", "--json").stdout)
    assert (found["model"], found["unit"], found["ranked"]) == ("ngram_lm", "bits", [1, 0])
    expected = spacy.load(model)(PAIR)._.log_prob / math.log(2)
    assert found["texts"][0]["log_prob"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([PEAR], "one text, expected two or more"),
        ([PEAR, " "], "text 2 is empty, expected words"),
        ([b"na\xefve".decode("utf-8", "surrogateescape"), PEAR], "text 1 is not UTF-8"),
    ],
)
def test_compare_refuses_what_cannot_be_compared(model, texts, message):
    with pytest.raises(InputError, match=message):
        run("compare", model, *texts)


def test_surprisal_shows_a_text_or_a_file_and_writes_a_page(model, tmp_path):
    page = tmp_path / "new" / "page.html"
    shown = run("surprisal", model, PEAR, "--html", page).stdout
    assert "ngram_lm: perplexity" in shown
    assert f"The page is in {page}" in shown.replace("\n", "")
    html = page.read_text(encoding="utf-8")
    assert html.count("<mark") == 6 + 5  # five words, the end, and the legend
    path = tmp_path / "text.txt"
    path.write_text(f"{PEAR}\n{PAIR}\n", encoding="utf-8")
    found = json.loads(run("surprisal", model, path, "--json").stdout)
    assert [token["text"] for token in found["tokens"]][:5] == PEAR.split()
    assert any(token["text"] == "\n" and not token["read"] for token in found["tokens"])


def test_surprisal_is_that_of_the_pipeline_with_its_sentences(tmp_path):
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("ngram_lm").learn_from(sentence_pieces(SALADS))
    nlp.to_disk(tmp_path / "model")
    text = "The pear. A pair!"
    found = json.loads(run("surprisal", tmp_path / "model", text, "--json").stdout)
    expected = nlp(text)
    words = [token for token in found["tokens"] if token["text"] != "<EOS>"]
    assert [token["text"] for token in found["tokens"]].count("<EOS>") == 2
    assert [token["surprisal"] for token in words] == pytest.approx(
        [token._.surprisal for token in expected]
    )
    assert found["perplexity"] == pytest.approx(expected._.perplexity)


def test_surprisal_refuses_nothing_and_a_folder(model, tmp_path):
    with pytest.raises(InputError, match="the text is empty"):
        run("surprisal", model, "")
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(InputError, match=r"empty\.txt is empty, expected words"):
        run("surprisal", model, tmp_path / "empty.txt")
    with pytest.raises(InputError, match="a folder stands there, expected a file"):
        run("surprisal", model, PEAR, "--html", tmp_path)


def test_generate_gives_the_same_texts_for_the_same_seed(model):
    options = ("generate", model, "--prompt", "the apple", "--samples", 3, "--seed", 1)
    shown = run(*options).stdout
    assert run(*options).stdout == shown
    texts = shown.strip().split("\n\n")
    assert len(texts) == 3
    assert all(text.startswith("the apple") for text in texts)
    found = json.loads(run(*options, "--json").stdout)
    assert [one["text"] for one in found] == texts
    assert set(found[0]) == {"text", "tokens", "log_prob", "finished"}
    (greedy,) = json.loads(run("generate", model, "--method", "greedy", "--json").stdout)
    assert "<UNK>" not in greedy["tokens"]
    beam = ("generate", model, "--method", "beam", "--samples", 2, "--no-repeat", 1, "--json")
    for one in json.loads(run(*beam, "--alpha", "1").stdout):
        assert len(set(one["tokens"])) == len(one["tokens"])


def test_generate_writes_texts_or_lines_of_json(model, tmp_path):
    options = ("generate", model, "--samples", 3, "--seed", 1)
    shown = run(*options).stdout
    text, lines = tmp_path / "new" / "texts.txt", tmp_path / "texts.jsonl"
    assert "The texts are in" in run(*options, "--output", text).stdout
    assert text.read_text(encoding="utf-8") == shown
    run(*options, "--output", lines)
    found = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert found == json.loads(run(*options, "--json").stdout)
    with pytest.raises(InputError, match="a folder stands there, expected a file for the texts"):
        run(*options, "--output", tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--temperature", "0"), "temperature"),
        (("--top-p", "1.5"), "top_p"),
        (("--top-k", "-1"), "top_k"),
        (("--length", "0"), "length"),
        (("--samples", "0"), "samples"),
        (("--prompt", "zebra"), "zebra"),
    ],
)
def test_generate_refuses_what_cannot_be(model, options, message):
    with pytest.raises(InputError, match=message):
        run("generate", model, *options)


def test_interpolate_saves_a_mixture_with_the_weights_of_its_models(model, tmp_path):
    other = saved(tmp_path / "other", ngram_lm={"order": 1})
    dev = tmp_path / "dev.txt"
    dev.write_text("".join(" ".join(words) + "\n" for words in SALADS), encoding="utf-8")
    out = tmp_path / "out"
    said = run("interpolate", model, other, "--text", dev, "--output", out, "--cache", 5).stdout
    found = re.findall(r"(\w+) (\d\.\d{3})", said)
    assert [name for name, _ in found] == ["ngram_lm", "ngram_lm_2", "cache"]
    assert sum(float(weight) for _, weight in found) == pytest.approx(1, abs=0.002)
    nlp = spacy.load(out)
    assert nlp.pipe_names == ["ngram_lm", "ngram_lm_2", "interpolated_lm"]
    rows_of = json.loads(run("perplexity", out, dev, "--json").stdout)
    by_name = {row["model"]: row["perplexity"] for row in rows_of}
    assert by_name["interpolated_lm"] == pytest.approx(min(by_name.values()))


def test_interpolate_of_one_model_speaks_of_its_arguments(model, text, tmp_path):
    with pytest.raises(
        InputError, match=r"^one language model, 'ngram_lm': expected two MODELs or"
    ):
        run("interpolate", model, "--text", text, "--output", tmp_path / "out")
    run("interpolate", model, "--text", text, "--output", tmp_path / "out", "--cache", 5)


def test_interpolate_says_what_of_a_pipeline_is_lost(model, text, tmp_path, caplog):
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": WHITESPACE}})
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("ngram_lm").learn_from(sentence_pieces(SALADS))
    nlp.meta["performance"] = {"lm_score": -1.0}
    other = tmp_path / "other"
    nlp.to_disk(other)
    run("interpolate", other, model, "--text", text, "--output", tmp_path / "first")
    assert f"{model}: its tokenizer differs from that of {other}" in caplog.text
    assert "left out" not in caplog.text
    assert spacy.load(tmp_path / "first").meta["performance"] == {}
    caplog.clear()
    run("interpolate", model, other, "--text", text, "--output", tmp_path / "second")
    assert f"{other}: left out: sentencizer; only language models are taken over" in caplog.text
    caplog.clear()
    run("interpolate", model, model, "--text", text, "--output", tmp_path / "third")
    assert str(model) not in caplog.text


def test_of_two_models_one_has_to_be_named(two, text):
    with pytest.raises(InputError, match=r"one language model \(or --component NAME\) among"):
        run("score", two, text)
    with pytest.raises(InputError, match="a language model named 'other' among its components"):
        run("score", two, text, "--component", "other")


def test_a_pipeline_without_a_language_model_is_refused(text, tmp_path):
    spacy.blank("xx").to_disk(tmp_path / "blank")
    for command in ("score", "perplexity"):
        with pytest.raises(InputError, match=r"blank: expected one language model among .* \[\]"):
            run(command, tmp_path / "blank", text)
