"""The scripts of projects/benchmarks that measure translation: what they write, and that all
measure one model."""

import importlib
import json
import sys
from pathlib import Path

import numpy
import pytest

from seqpipe.files import InputError
from tests.processes import python, without_torch

BENCHMARKS = Path(__file__).parents[2] / "projects" / "benchmarks"
SCRIPTS = BENCHMARKS / "scripts"
SOURCE = ["ein", "mann", "sieht", "eine", "frau", "und", "das", "kind", "mit", "hund"]
TARGET = ["a", "man", "sees", "one", "woman", "and", "some", "child", "with", "dog"]


@pytest.fixture
def script(monkeypatch):
    """A module of the scripts, by its name."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for path in SCRIPTS.glob("*.py"):
        # Other projects have scripts of the same names; what is imported here goes with the test.
        monkeypatch.setitem(sys.modules, path.stem, None)
        del sys.modules[path.stem]
    return importlib.import_module


@pytest.fixture
def corpus(tmp_path):
    """A folder as Multi30k's: each word has its translation."""
    rng = numpy.random.default_rng(0)
    for name, count in (("train", 640), ("test_2016_flickr", 8)):
        texts = [rng.integers(len(SOURCE), size=rng.integers(2, 9)) for _ in range(count)]
        for language, words in (("de", SOURCE), ("en", TARGET)):
            lines = "".join(" ".join(words[i] for i in text) + "\n" for text in texts)
            path = tmp_path / "tok" / f"{name}.lc.norm.tok.{language}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(lines, encoding="utf-8")
    return tmp_path / "tok"


def run(folder, name, *words, env=None):
    """The results file, or the last line of what the script complains."""
    output = folder / "out.json"
    done = python(SCRIPTS / f"{name}.py", *words, "--output", output, cwd=folder, env=env)
    if done.returncode:
        assert not output.exists()
        return done.stderr.splitlines()[-1]
    return json.loads(output.read_text(encoding="utf-8"))


def padded(batches, side):
    lengths = [[len(pair[side].split()) for pair in batch] for batch in batches]
    return sum(len(found) * max(found) - sum(found) for found in lengths)


def test_batches_by_length_hold_the_same_pairs_with_less_padding(script, corpus):
    pairs = script("translation_pairs")
    found = pairs.read_pairs(corpus, "train", "de", "en")
    ordered = {order: pairs.in_order(found, order) for order in pairs.ORDERS}
    assert all(sorted(one) == sorted(found) != one for one in ordered.values())
    random, by_length = (pairs.batches_of(one, 10) for one in ordered.values())
    assert padded(by_length, 1) < padded(random, 1) / 4
    assert pairs.target_tokens(random) == pairs.target_tokens(by_length)
    assert pairs.in_order(found, "by length") == ordered["by length"]


def test_sides_of_unequal_length_are_refused(script, corpus):
    pairs = script("translation_pairs")
    path = corpus / "train.lc.norm.tok.en"
    path.write_text("one line\n", encoding="utf-8")
    with pytest.raises(InputError, match="train: 640 de lines, 1 en"):
        pairs.read_pairs(corpus, "train", "de", "en")


@pytest.fixture
def translator(script, corpus, tmp_path):
    """Our pipeline, trained a little."""
    pairs, ours = script("translation_pairs"), script("translation_ours")
    pairs.write_pairs(pairs.read_pairs(corpus, "train", "de", "en"), tmp_path, "train")
    loop = ours.training(tmp_path, SCRIPTS / "translation.cfg", {})
    for _, batch in zip(range(3), ours.batches_in(tmp_path, loop.nlp), strict=False):
        loop.update(batch, 0)
    return loop.nlp


def test_torch_says_the_same_with_our_weights_under_joeys_names(script, translator):
    torch = pytest.importorskip("torch")
    pipe = translator.get_pipe("rnn_translator")
    source, target = pipe.units.source, pipe.units.target
    sizes = len(source.vocabulary), len(target.vocabulary)
    rows = {side: numpy.arange(size) for side, size in zip(("src", "trg"), sizes, strict=True)}
    model = script("translation_torch").Translator(*sizes, feeds=True).eval()
    renamed = {
        "src_embed.lut": "source",
        "trg_embed.lut": "target",
        "encoder.rnn": "encoder",
        "decoder.rnn": "decoder",
        "decoder.bridge_layer": "bridge",
        "decoder.attention.key_layer": "keys",
        "decoder.att_vector_layer": "mix",
        "decoder.output_layer": "output",
    }
    state = {}
    for name, array in script("translation_ours").joey_weights(pipe.model, rows).items():
        layer, parameter = name.rsplit(".", 1)
        parameter = parameter.removesuffix("_l0") if layer == "decoder.rnn" else parameter
        state[f"{renamed[layer]}.{parameter}"] = torch.from_numpy(array)
    model.load_state_dict(state)
    docs = [translator.make_doc("ein mann sieht"), translator.make_doc("eine frau und ein kind")]
    texts = ["a man sees some", "one woman"]
    for doc, text, found in zip(docs, texts, pipe.score_targets(docs, texts), strict=True):
        x, y = (
            torch.from_numpy(ids)[None] for ids in (source.source(doc).ids, target.target(text).ids)
        )
        read = torch.cat([torch.tensor([[2]]), y[:, :-1]], dim=1)
        with torch.no_grad():
            logits = model.output(model(x, torch.tensor([x.shape[1]]), read))
        log_probs = torch.log_softmax(logits, dim=2).gather(2, y[:, :, None])[0, :, 0]
        numpy.testing.assert_allclose(found.log_probs, log_probs.numpy(), atol=1e-5)


def test_joey_gets_words_in_the_order_of_the_weights(script, translator, tmp_path):
    pipe = translator.get_pipe("rnn_translator")
    script("translation_ours").save_for_joey(pipe, tmp_path)
    words = (tmp_path / "words.trg").read_text(encoding="utf-8").split()
    assert sorted(words) == sorted(TARGET)
    table = pipe.model.get_ref("target").get_param("E")
    place = pipe.target_pieces.index
    with numpy.load(tmp_path / "weights.npz") as weights:
        found = weights["trg_embed.lut.weight"]
    for row, piece in enumerate(["<UNK>", "<PAD>", "<BOS>", "<EOS>", *words]):
        numpy.testing.assert_array_equal(found[row], table[place(piece)])


@pytest.mark.slow
def test_training_is_timed_on_the_same_batches(tmp_path, corpus):
    pytest.importorskip("torch")
    words = ["--config", SCRIPTS / "translation.cfg", "--threads", "1", "--steps", "2"]
    found = run(tmp_path, "translation_speed", corpus, *words, "--repeats", "1")
    assert [row["name"].split()[-1] for row in found["rows"]] == 2 * ["input", "none"]
    for row in found["rows"]:
        assert row["tokens"][0] == row["tokens"][1] > 100
        assert row["words"] == [[14, 14], [14, 14]]
        assert row["ratio"] == pytest.approx(row["ours"] / row["rival"], rel=0.02)
        assert 0 < row["ours_loss"] < 3 > row["rival_loss"] > 0
    assert found["skipped"] == {"joeynmt": "--joeynmt was not given"}


@pytest.mark.slow
def test_the_cost_of_a_beam_is_that_beside_the_narrowest(tmp_path, corpus):
    words = ["--config", SCRIPTS / "translation.cfg", "--threads", "1", "--epochs", "1"]
    words += ["--widths", "1,5", "--pairs", "128", "--repeats", "1"]
    found = run(tmp_path, "translation_decoding", corpus, *words, env=without_torch())
    one, five = found["rows"]
    assert (one["name"], one["cost"]) == ("beam search, width 1", 1.0)
    assert five["cost"] == pytest.approx(one["ours"] / five["ours"], abs=0.02)
    assert five["rival"] is None is five["ratio"]


@pytest.mark.slow
def test_a_reversal_that_was_not_learned_in_time_has_no_seconds(tmp_path):
    words = ["--config", SCRIPTS / "reversal.cfg", "--threads", "1", "--most-seconds", "0"]
    words += ["--share", "0.01"]
    found = run(tmp_path, "translation_reversal", *words, env=without_torch())
    assert [row["ours"] for row in found["rows"]] == [None, None]
    assert found["runs"][0]["ours"]["validations"][0]["steps"] == 0


def test_the_batches_that_serve_joey_best_are_beside_ours(script):
    decoding = script("translation_decoding")
    bench = decoding.Bench(Path(), [1, 5], Path("python"), [16, 64])
    texts = ["a b c d", "e f g h"]

    def runs(*rates):
        return [{"sentences": 2, "seconds": 2 / rate, "translations": texts} for rate in rates]

    found = {"ours, width 1": runs(90, 60, 80), "ours, width 5": runs(40)}
    found |= {"joeynmt, batch 16": runs(10, 30, 20), "joeynmt, batch 64": runs(5)}
    one, five = decoding.rows_of(bench, found, 1, texts, "joeynmt 2.3.0")
    assert (one["ours"], one["rival"]) == (80.0, None)
    assert (five["rival"], five["ratio"], five["cost"]) == (20.0, 2.0, 2.0)
    assert (five["same"], five["ours_bleu"], five["rival_bleu"]) == (2, 100.0, 100.0)
    assert five["rival_batches"] == {"16": 20.0, "64": 5.0}


def test_reversals_are_always_the_same_and_reversed(script):
    reversal = script("translation_reversal")
    found = reversal.reversals(reversal.random.Random(0), 200, 25)
    assert found == reversal.reversals(reversal.random.Random(0), 200, 25)
    lengths = {len(source.split()) for source, _ in found}
    assert (min(lengths), max(lengths)) == (1, 25)
    assert all(source.split()[::-1] == target.split() for source, target in found)


def test_when_a_score_was_reached_first(script):
    reversal = script("translation_reversal")
    seen = [{"seconds": 10.0, "exact": 50.0}, {"seconds": 21.04, "exact": 99.0}]
    seen.append({"seconds": 30.0, "exact": 100.0})
    assert reversal.seconds_to({"validations": seen}, "exact", 99.0) == 21.0
    assert reversal.seconds_to({"validations": seen[:1]}, "exact", 99.0) is None


@pytest.mark.parametrize("name", ["translation_decoding", "translation_reversal"])
def test_a_python_without_joey_is_named(tmp_path, corpus, name):
    words = [corpus] if name == "translation_decoding" else []
    words += ["--config", SCRIPTS / "reversal.cfg", "--joeynmt", "no-python"]
    said = run(tmp_path, name, *words)
    assert said.startswith("error: --joeynmt no-python: expected a Python with Joey NMT: ")
