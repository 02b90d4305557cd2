"""The objective GloVe: it learns, its settings, and the same seed gives the same bytes."""

import gzip
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import pytest
from spacy.util import registry
from thinc.api import Config

from seqpipe.embeddings import cooccurrence
from seqpipe.embeddings.glove import GloVe, make_glove
from seqpipe.embeddings.objective import Setup
from seqpipe.files import InputError
from tests.embeddings.encoded_case import encode

NEWS = (
    Path(__file__).parents[3]
    / "shared"
    / "data"
    / "embeddings"
    / "corpus"
    / "wikinews_en_19k_articles.txt.gz"
)


def ignore(what, share):
    """A report that nobody reads."""


def start(text, room, *, objective=None, width=10, seed=0):
    objective = objective or make_glove()
    return objective.start(text, Setup(width, seed, room, ignore))


def epoch(learner, number):
    outcomes = [learner.learn(number, part, 0.0) for part in range(learner.parts)]
    return sum(o.loss for o in outcomes) / sum(o.examples for o in outcomes)


def two_topics(seed=0, lines=300):
    """Each line has words of one of two topics, and of a third that stands in all."""
    rng = numpy.random.default_rng(seed)
    drawn = rng.integers(0, 10, size=(lines, 15))
    names = ("even", "odd")
    return [
        [f"{names[n % 2] if i % 3 else 'any'}{word}" for i, word in enumerate(line)]
        for n, line in enumerate(drawn)
    ]


def test_words_of_one_topic_come_to_lie_together(tmp_path):
    text = encode(two_topics(), tmp_path)
    learner = start(text, tmp_path)
    losses = [epoch(learner, number) for number in range(20)]
    assert losses == sorted(losses, reverse=True)
    vectors = learner.vectors()
    assert vectors.shape == (30, 10)
    vectors = vectors - vectors.mean(axis=0)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    even = [i for i, word in enumerate(text.words) if word.startswith("even")]
    odd = [i for i, word in enumerate(text.words) if word.startswith("odd")]
    similar = vectors @ vectors.T
    assert similar[numpy.ix_(even, even)].mean() > 0.3 + similar[numpy.ix_(even, odd)].mean()


@pytest.mark.skipif(not NEWS.exists(), reason="shared/data/embeddings/corpus is not there")
def test_loss_falls_every_epoch_on_a_real_text(tmp_path):
    with gzip.open(NEWS, "rt", encoding="utf-8") as stream:
        lines = [line.split() for _, line in zip(range(1000), stream, strict=False)]
    text = encode(lines, tmp_path, min_count=3, part_size=20_000)
    learner = start(text, tmp_path, width=25)
    losses = [epoch(learner, number) for number in range(8)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 1.5


def test_vectors_are_the_sum_of_both_sets(tmp_path):
    learner = start(encode(two_topics(), tmp_path), tmp_path)
    epoch(learner, 0)
    both = learner.tables["words"][:, :10] + learner.tables["contexts"][:, :10]
    assert numpy.array_equal(learner.vectors(), both)


def test_loss_is_the_mean_over_all_cells_in_both_directions(tmp_path):
    """Before anything is learned the product is about 0: the loss is ½ f(X) log² X."""
    text = encode([["a", "b"]] * 3 + [["c", "c"]] * 2, tmp_path)
    objective = make_glove(x_max=10.0, learning_rate=1e-9)
    outcome = start(text, tmp_path, objective=objective, width=1000).learn(0, 0, 0.0)
    # a-b and b-a: 3 times each; c beside itself: in the context of both, so 4.
    expected = sum(0.5 * (x / 10) ** 0.75 * math.log(x) ** 2 for x in (3, 3, 4))
    assert outcome.examples == 3
    assert outcome.loss == pytest.approx(expected, rel=1e-2)


def test_the_first_step_is_the_learning_rate_times_the_slope(tmp_path):
    text = encode([["a", "b"]], tmp_path)
    objective = make_glove(symmetric=False, x_max=0.5, learning_rate=0.25)
    learner = start(text, tmp_path, objective=objective)
    learner.tables["words"][1, 10] = 2.0  # the bias of b, whose context is a: log X = 0
    before = {name: table.copy() for name, table in learner.tables.items()}
    learner.learn(0, 0, 0.0)
    error = float(before["words"][1] @ before["contexts"][0])
    moved = before["words"][1, 10] - learner.tables["words"][1, 10]
    assert moved == pytest.approx(0.25 * error, rel=1e-5)


def trained(tmp_path, name, monkeypatch, *, seed=0, epochs=2, tables=None):
    monkeypatch.setattr(cooccurrence, "BLOCK", 50)
    room = tmp_path / name
    room.mkdir()
    learner = start(encode(two_topics(), tmp_path), room, seed=seed)
    assert learner.parts > 3
    if tables is not None:
        for key, table in tables.items():
            learner.tables[key][:] = table
        epoch(learner, 1)
        return learner
    for number in range(epochs):
        epoch(learner, number)
    return learner


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path, monkeypatch):
    first, again = (trained(tmp_path, name, monkeypatch).vectors() for name in "ab")
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != trained(tmp_path, "c", monkeypatch, seed=1).vectors().tobytes()


def test_tables_alone_carry_a_run_over_to_the_same_bytes(tmp_path, monkeypatch):
    half = trained(tmp_path, "half", monkeypatch, epochs=1)
    resumed = trained(tmp_path, "rest", monkeypatch, tables=half.tables)
    assert resumed.vectors().tobytes() == trained(tmp_path, "all", monkeypatch).vectors().tobytes()


def test_every_table_has_a_row_for_each_word(tmp_path):
    text = encode(two_topics(), tmp_path)
    learner = start(text, tmp_path)
    assert learner.by_word == set(learner.tables)
    assert {len(table) for table in learner.tables.values()} == {len(text.words)}
    assert {table.dtype.name for table in learner.tables.values()} == {"float32"}


def test_it_resolves_from_a_config():
    config = Config().from_str('[glove]\n@misc = "seqpipe.GloVe.v1"\nwindow = 4\nx_max = 10\n')
    assert registry.resolve(config)["glove"] == GloVe(4, True, True, 10, 0.75, 0.05, 256)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("window", 0),
        ("memory", 0),
        ("x_max", 0.0),
        ("x_max", math.nan),
        ("alpha", -0.1),
        ("alpha", math.inf),
        ("learning_rate", 0.0),
        ("learning_rate", -1.0),
    ],
)
def test_a_setting_out_of_its_range_is_refused_by_name(setting, value):
    with pytest.raises(InputError, match=f"{setting} = .*expected"):
        make_glove(**{setting: value})


def test_a_text_of_single_words_is_refused(tmp_path):
    text = encode([["a"], ["b"], ["a"]], tmp_path)
    with pytest.raises(InputError, match="no two words of the vocabulary"):
        start(text, tmp_path)


def test_threads_may_learn_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setattr(cooccurrence, "BLOCK", 50)
    learner = start(encode(two_topics(), tmp_path), tmp_path)
    assert learner.side_by_side
    losses = []
    with ThreadPoolExecutor(2) as executor:
        for number in range(4):
            outcomes = list(
                executor.map(
                    learner.learn,
                    [number] * learner.parts,
                    range(learner.parts),
                    [0.0] * learner.parts,
                )
            )
            losses.append(sum(o.loss for o in outcomes))
    assert losses == sorted(losses, reverse=True)
