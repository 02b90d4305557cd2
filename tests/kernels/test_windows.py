"""Windows of skip-gram and CBOW against the loss that they are said to lower."""

import numpy
import pytest

from seqpipe.embeddings.huffman import huffman_tree
from seqpipe.embeddings.noise import alias_table, noise_distribution
from seqpipe.embeddings.tables import aligned_rows
from seqpipe.kernels.windows import POOL, Inputs, Outputs, Room, draw, learn_windows, next_random

WORDS, WIDTH, NOISE = 9, 20, 3
COUNTS = numpy.array([40, 30, 20, 10, 8, 6, 4, 2, 1])
END = -1
NONE = numpy.zeros(0, "uint64")
NO_TREE = (numpy.zeros(0, "int64"), numpy.zeros(0, "int32"), numpy.zeros(0, "float32"))
NO_ROWS = (numpy.zeros(0, "int64"), numpy.zeros(0, "int32"))
# Two rows a word, one of them shared, so that gradients of equal rows have to add up.
ROWS = (
    numpy.arange(0, 2 * WORDS + 1, 2),
    numpy.array([[w, (w + 1) % WORDS] for w in range(WORDS)], "int32").reshape(-1),
)


def table(rng, rows):
    made = aligned_rows(rows, WIDTH)
    made[:, :WIDTH] = rng.normal(0.0, 0.5, (rows, WIDTH))
    return made


def make(*, hierarchical=False, subwords=False):
    rng = numpy.random.default_rng(0)
    inputs = Inputs(table(rng, WORDS), *(ROWS if subwords else NO_ROWS))
    if hierarchical:
        outputs = Outputs(table(rng, WORDS - 1), 0, 0, NONE, *huffman_tree(COUNTS))
    else:
        noise = alias_table(noise_distribution(COUNTS, 0.75))
        outputs = Outputs(table(rng, WORDS), NOISE, 1, noise, *NO_TREE)
    return inputs, outputs


def make_room(context=20, rows=40, targets=20):
    hidden = aligned_rows(context, WIDTH).reshape(-1)
    return Room(
        numpy.zeros(rows, "int64"),
        numpy.zeros(rows, "float32"),
        numpy.zeros(context, "int64"),
        numpy.zeros(targets, "int64"),
        numpy.zeros(targets, "float32"),
        numpy.zeros(POOL, "int64"),
        hidden,
        hidden.copy(),
        numpy.zeros(context * targets + 16, "float32"),
        numpy.zeros(context * targets + 16, "float32"),
    )


def run(words, reaches, inputs, outputs, *, cbow, rate, seed=5):
    return learn_windows(
        numpy.array(words, "int32"),
        numpy.array(reaches, "int8"),
        inputs,
        outputs,
        cbow,
        numpy.float32(rate),
        numpy.array([seed], "uint64"),
        make_room(),
    )


def softplus(x):
    return numpy.logaddexp(0.0, x)


def vectors(E, inputs):
    if len(inputs.starts) == 0:
        return E
    return numpy.array(
        [
            E[inputs.rows[a:b]].mean(0)
            for a, b in zip(inputs.starts, inputs.starts[1:], strict=False)
        ]
    )


def window_loss(E, O, inputs, targets, context, cbow):
    """-Σ log σ(±θ·e): `targets` are rows of O with their labels."""
    hidden = vectors(E, inputs)[context]
    if cbow:
        hidden = hidden.mean(0, keepdims=True)
    return sum(
        softplus(-(h @ O[row]) if label else h @ O[row]).item()
        for h in hidden
        for row, label in targets
    )


def targets_of(word, outputs, noise):
    if len(outputs.starts):
        way = slice(outputs.starts[word], outputs.starts[word + 1])
        return list(zip(outputs.nodes[way], outputs.labels[way], strict=True))
    return [(word, 1), *((n, 0) for n in noise if n != word)]


def picked(pool, count, state):
    """So many words of the pool."""
    if not count:
        return []
    z = int(next_random(state))
    start, stride = z % POOL, (z >> 32) % POOL | 1
    return [pool[(start + i * stride) % POOL] for i in range(count)]


def gradients(loss, *tables, step=1e-5):
    found = []
    for values in tables:
        slope = numpy.zeros_like(values)
        for place in numpy.ndindex(values.shape):
            kept = values[place]
            values[place] = kept + step
            above = loss()
            values[place] = kept - step
            slope[place] = (above - loss()) / (2 * step)
            values[place] = kept
        found.append(slope)
    return found


def expected(words, reaches, inputs, outputs, *, cbow, rate, seed=5):
    """The same in float64, with gradients by finite differences."""
    E, O = (t[:, :WIDTH].astype("float64") for t in (inputs.table, outputs.table))
    state = numpy.array([seed], "uint64")

    def drawn(count):
        return [draw(outputs.columns, state) for _ in range(count)]

    total, examples, oldest = 0.0, 0, 0
    pool = drawn(POOL if outputs.noise else 0)
    for i, word in enumerate(words):
        line = [j for j in range(len(words)) if END not in words[min(i, j) : max(i, j) + 1]]
        near = [j for j in line if 0 < abs(j - i) <= reaches[i]]
        if word == END or not near:
            continue
        context = [words[j] for j in sorted(near, key=lambda j: (j > i, abs(j - i)))]
        targets = targets_of(word, outputs, picked(pool, outputs.noise, state))
        for word in drawn(outputs.fresh):
            pool[oldest % POOL] = word
            oldest += 1
        loss = lambda: window_loss(E, O, inputs, targets, context, cbow)  # noqa: B023, E731
        total += loss()
        examples += 1 if cbow else len(context)
        for values, slope in zip((E, O), gradients(loss, E, O), strict=True):
            values -= rate * slope
    return E, O, total, examples


KINDS = pytest.mark.parametrize(
    ("cbow", "hierarchical", "subwords"),
    [(c, h, s) for c in (False, True) for h in (False, True) for s in (False, True)],
    ids=lambda on: str(on),
)


@KINDS
def test_a_text_changes_the_tables_by_the_gradients_of_its_windows(cbow, hierarchical, subwords):
    words = [3, 0, 5, 1, END, 7, END, 2, 2, 8, END]
    reaches = [1, 2, 1, 2, 0, 2, 0, 2, 1, 1, 0]
    inputs, outputs = make(hierarchical=hierarchical, subwords=subwords)
    E, O, loss, examples = expected(words, reaches, inputs, outputs, cbow=cbow, rate=0.1)
    found = run(words, reaches, inputs, outputs, cbow=cbow, rate=0.1)
    assert found[1] == examples
    assert found[0] == pytest.approx(loss, rel=1e-4)
    numpy.testing.assert_allclose(inputs.table[:, :WIDTH], E, atol=2e-5)
    numpy.testing.assert_allclose(outputs.table[:, :WIDTH], O, atol=2e-5)


@KINDS
def test_columns_behind_the_width_stay_zero(cbow, hierarchical, subwords):
    inputs, outputs = make(hierarchical=hierarchical, subwords=subwords)
    run([3, 0, 5, 1, END], [2] * 5, inputs, outputs, cbow=cbow, rate=0.1)
    assert inputs.table.shape[1] > WIDTH
    assert not inputs.table[:, WIDTH:].any()
    assert not outputs.table[:, WIDTH:].any()


def test_a_word_alone_in_its_line_teaches_nothing():
    inputs, outputs = make()
    before = inputs.table.copy(), outputs.table.copy()
    assert run([4, END, 6, END], [3] * 4, inputs, outputs, cbow=False, rate=0.1) == (0.0, 0)
    numpy.testing.assert_array_equal(inputs.table, before[0])
    numpy.testing.assert_array_equal(outputs.table, before[1])


def test_a_loss_beyond_the_reach_of_sigmoid_is_counted_in_full():
    inputs, outputs = make(hierarchical=True)
    inputs.table[:, :WIDTH], outputs.table[:, :WIDTH] = 3.0, 1.0
    way = slice(outputs.starts[0], outputs.starts[1])
    wrong = (outputs.labels[way] == 0).sum()
    loss, _ = run([0, 1, END], [1, 0, 0], inputs, outputs, cbow=False, rate=0.0)
    assert loss == pytest.approx(60.0 * wrong, rel=1e-4)


def test_noise_is_drawn_as_often_as_its_distribution_says():
    probabilities = noise_distribution(COUNTS, 0.75)
    columns, state = alias_table(probabilities), numpy.array([1], "uint64")
    drawn = numpy.bincount([draw(columns, state) for _ in range(60_000)], minlength=WORDS)
    # Five standard deviations of a binomial.
    numpy.testing.assert_array_less(
        abs(drawn - 60_000 * probabilities),
        5 * numpy.sqrt(60_000 * probabilities * (1 - probabilities)),
    )


def test_random_numbers_are_those_of_splitmix64():
    # The first three for seed 1234567, as given with the algorithm's reference implementation.
    state = numpy.array([1234567], "uint64")
    assert [int(next_random(state)) for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]
