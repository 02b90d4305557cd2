"""The scripts of projects/benchmarks that measure language models: what they write."""

import gzip
import importlib
import importlib.util
import json
import sys
from itertools import islice
from pathlib import Path

import numpy
import pytest

from tests.processes import python, without_torch

BENCHMARKS = Path(__file__).parents[2] / "projects" / "benchmarks"
SCRIPTS = BENCHMARKS / "scripts"
CONFIG = BENCHMARKS.parent / "lm" / "configs" / "words.cfg"


def script(monkeypatch, name):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for path in SCRIPTS.glob("*.py"):
        # Other projects have scripts of the same names; what is imported here goes with the test.
        monkeypatch.setitem(sys.modules, path.stem, None)
        del sys.modules[path.stem]
    return importlib.import_module(name)


def run(folder, name, *words, env=None):
    """The results file, or the last line of what the script complains."""
    output = folder / "out.json"
    done = python(SCRIPTS / f"{name}.py", *words, "--output", output, cwd=folder, env=env)
    if done.returncode:
        assert not output.exists()
        return done.stderr.splitlines()[-1]
    return json.loads(output.read_text(encoding="utf-8"))


@pytest.fixture
def text(monkeypatch, tmp_path):
    """A gzipped text of some 12,000 tokens."""
    module = script(monkeypatch, "zipf_text")
    words = next(module.blocks())[:450]
    lines = "".join(" ".join(f"w{word}" for word in sentence) + "\n" for sentence in words)
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(lines.encode()))
    return path


@pytest.mark.slow
def test_training_is_timed_by_three_ways_on_as_many_tokens(tmp_path, text):
    pytest.importorskip("torch")
    words = [text, "--config", CONFIG, "--threads", "1", "--steps", "5", "--repeats", "1"]
    found = run(tmp_path, "lm_speed", *words)["rows"]
    assert [row["name"].split()[-1] for row in found] == ["nlp.update", "rnn_lm.update"]
    for row in found:
        assert row["unit"] == "tokens/s"
        assert row["ratio"] == pytest.approx(row["ours"] / row["rival"], abs=1e-2)
        assert 0 < row["ours_loss"] < 10 > row["rival_loss"] > 0
    assert found[0]["ours_loss"] == found[1]["ours_loss"]


@pytest.mark.slow
def test_ngrams_are_timed_beside_nltk_or_it_is_said_what_to_install(tmp_path, text):
    words = [text, text, "--tokens", "2000", "--repeats", "1"]
    found = run(tmp_path, "ngram_speed", *words, env=without_torch())
    if importlib.util.find_spec("nltk") is None:
        assert found == "error: nltk is not installed: pip install 'seqpipe[rivals]'"
        return
    rows = found["rows"]
    assert [row["ratio"] is not None for row in rows] == [False, False, True, False]
    assert all(row["ours"] > 0 for row in rows)


@pytest.mark.slow
def test_memory_of_a_stream_stands_beside_that_of_a_small_text(tmp_path):
    sizes = ["--size", "1.5", "--small-size", "0.5", "--steps", "3"]
    found = run(tmp_path, "lm_stream", "--config", CONFIG, *sizes, env=without_torch())
    small, whole = found["runs"]
    assert whole["size"] > 2 * small["size"]
    for one in (small, whole):
        assert one["memory_before"] < one["memory_reading"] <= one["memory"]
    assert [row["unit"] for row in found["rows"]] == ["MB", "MB"]


def test_the_long_text_is_always_the_same_and_its_words_follow_from_each_other(monkeypatch):
    blocks = script(monkeypatch, "zipf_text").blocks
    one, again = next(blocks()), next(blocks())
    numpy.testing.assert_array_equal(one, again)
    assert (one != next(islice(blocks(), 1, None))).any()
    counts = numpy.sort(numpy.bincount(one.ravel()))[::-1]
    assert counts[0] > 5 * counts[20]
    # After a rare word stands one of its eight followers half the time.
    pairs = {tuple(pair) for pair in zip(one[:, :-1].ravel(), one[:, 1:].ravel(), strict=True)}
    assert len(pairs) < 0.8 * one[:, 1:].size


def test_the_first_words_of_a_text_are_so_many(monkeypatch):
    first_tokens = script(monkeypatch, "ngram_speed").first_tokens
    sentences = [["a", "b"], ["c", "d", "e"], ["f"]]
    assert first_tokens(sentences, 4) == [["a", "b"], ["c", "d"]]
    assert first_tokens(sentences, 2) == [["a", "b"]]
    assert first_tokens(sentences, 99) == sentences
