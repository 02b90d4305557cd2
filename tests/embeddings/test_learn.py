"""The loop: epochs, threads, checkpoints that go on to the same bytes, stopping, and NaN."""

import numpy
import pytest

from seqpipe.embeddings.checkpoint import Keeping, read_tables, write_tables
from seqpipe.embeddings.glove import make_glove
from seqpipe.embeddings.learn import Settings, Watcher, learn
from seqpipe.embeddings.neural_lm import NeuralLM
from seqpipe.embeddings.objective import Outcome
from seqpipe.embeddings.skip_gram import make_cbow, make_skip_gram
from seqpipe.embeddings.subwords import Subwords
from seqpipe.files import InputError
from seqpipe.pipe import DivergedError
from tests.embeddings.encoded_case import encode

OBJECTIVES = [
    pytest.param(make_skip_gram(), id="skip-gram"),
    pytest.param(make_skip_gram(loss="hierarchical"), id="tree"),
    pytest.param(make_skip_gram(loss="softmax"), id="softmax"),
    pytest.param(make_cbow(subwords=Subwords(rows=100)), id="cbow-subwords"),
    pytest.param(make_glove(x_max=10.0), id="glove"),
    pytest.param(NeuralLM(words=2, hidden=8, batch_size=20), id="neural-lm"),
]


class Recorder(Watcher):
    """Remembers what it is told; stops after so many looks."""

    def __init__(self, stop_after=None):
        self.shares, self.epochs, self.looks = [], [], 0
        self.stop_after = stop_after

    def learning(self, position, done, words):
        self.shares.append(done)

    def epoch_over(self, position):
        self.epochs.append(list(position.losses))

    def is_stopped(self):
        self.looks += 1
        return self.stop_after is not None and self.looks > self.stop_after


@pytest.fixture
def text(tmp_path):
    rng = numpy.random.default_rng(0)
    lines = [[f"w{n}" for n in rng.zipf(1.5, 8) if n < 60] for _ in range(120)]
    return encode(lines, tmp_path, part_size=40)


def run(text, objective, tmp_path, *, watcher=None, threads=1, epochs=3, **options):
    settings = Settings(width=12, epochs=epochs, threads=threads, seed=1)
    return learn(text, objective, settings, room=tmp_path, watcher=watcher or Recorder(), **options)


def keeping(tmp_path, **origin):
    return Keeping(tmp_path / "checkpoint.npz", 0.0, origin)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(objective, text, tmp_path):
    whole = run(text, objective, tmp_path, keeping=keeping(tmp_path))
    (tmp_path / "checkpoint.npz").unlink()
    stops = 0
    for stop_after in (1, 1, None):
        watcher = Recorder(stop_after)
        part = run(
            text, objective, tmp_path, watcher=watcher, keeping=keeping(tmp_path), resume=True
        )
        stops += not part.is_whole
    assert stops == 2
    assert part.is_whole
    assert part.position.losses == whole.position.losses
    for name, table in whole.learner.tables.items():
        assert part.learner.tables[name].tobytes() == table.tobytes(), name


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_two_threads_learn_too(objective, text, tmp_path):
    one, two = (run(text, objective, tmp_path, threads=n, epochs=6) for n in (1, 2))
    assert two.position.losses[-1] == pytest.approx(one.position.losses[-1], rel=0.2)
    assert numpy.isfinite(two.learner.vectors()).all()


def test_every_part_is_learned_from_once_an_epoch_and_the_rate_falls(text, tmp_path):
    seen = []

    class Spy:
        side_by_side, parts, by_word = True, 7, frozenset()

        def __init__(self):
            self.tables = {}

        def learn(self, epoch, part, done):
            seen.append((epoch, part, done))
            return Outcome(2.0, 4, 0.1)

    class Objective:
        def start(self, *args, **kwargs):
            return Spy()

    watcher = Recorder()
    learned = run(text, Objective(), tmp_path, watcher=watcher, epochs=2)
    assert [sorted(part for e, part, _ in seen if e == epoch) for epoch in (0, 1)] == [
        list(range(7))
    ] * 2
    assert [part for e, part, _ in seen if e == 0] != [part for e, part, _ in seen if e == 1]
    assert [done for *_, done in seen] == pytest.approx([i / 14 for i in range(14)])
    assert learned.position.losses == [0.5, 0.5]
    assert watcher.epochs == [[0.5], [0.5, 0.5]]
    assert watcher.shares == sorted(watcher.shares)
    assert watcher.shares[-1] == 1.0


def test_a_loss_that_is_no_number_stops_learning(text, tmp_path):
    objective = make_skip_gram(learning_rate=1e30, min_learning_rate=1e30, subsample=0.0)
    with pytest.raises(DivergedError, match=r"epoch 1, part .*a smaller learning_rate"):
        run(text, objective, tmp_path)


def test_a_checkpoint_of_another_run_is_refused(text, tmp_path):
    run(text, make_skip_gram(), tmp_path, watcher=Recorder(1), keeping=keeping(tmp_path, seed=1))
    with pytest.raises(InputError, match=r"checkpoint.npz: .*seed = 1, expected 2"):
        run(text, make_skip_gram(), tmp_path, keeping=keeping(tmp_path, seed=2), resume=True)


def test_a_damaged_checkpoint_is_refused(text, tmp_path):
    kept = keeping(tmp_path)
    run(text, make_skip_gram(), tmp_path, watcher=Recorder(1), keeping=kept)
    content = kept.path.read_bytes()
    kept.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"checkpoint.npz: damaged"):
        run(text, make_skip_gram(), tmp_path, keeping=kept, resume=True)


def test_what_is_stopped_before_it_learned_anything_leaves_nothing(text, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(text, make_skip_gram(), tmp_path, watcher=Recorder(0), keeping=keeping(tmp_path))
    assert not (tmp_path / "checkpoint.npz").exists()


def test_without_resume_a_checkpoint_is_not_read(text, tmp_path):
    run(text, make_skip_gram(), tmp_path, watcher=Recorder(1), keeping=keeping(tmp_path, seed=1))
    run(text, make_skip_gram(), tmp_path, keeping=keeping(tmp_path, seed=2))


@pytest.mark.parametrize(
    ("key", "value"), [("width", 0), ("epochs", 0), ("threads", 0), ("seed", -1)]
)
def test_settings_out_of_range_are_refused(key, value):
    with pytest.raises(InputError, match=f"{key} = {value}"):
        Settings(**{"width": 1, "epochs": 1, "threads": 1, "seed": 0, key: value})


def test_tables_come_back_as_they_were(tmp_path):
    tables = {
        "a b": numpy.arange(6, dtype="float32").reshape(2, 3),
        "c": numpy.zeros((0, 4), "float32"),
    }
    with open(tmp_path / "t.npz", "wb") as stream:
        write_tables(stream, tables, {"x": ["ü", 1.5]})
    found, meta = read_tables(tmp_path / "t.npz")
    assert meta == {"x": ["ü", 1.5]}
    assert {name: table.tolist() for name, table in found.items()} == {
        name: table.tolist() for name, table in tables.items()
    }
