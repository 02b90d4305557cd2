"""torch's functions against array code: the same outputs, states and gradients."""

import subprocess
import sys

import numpy
import pytest
from thinc.api import CupyOps, NumpyOps
from thinc.compat import has_cupy_gpu, has_torch_cuda_gpu

from seqpipe.layers.array_path import Direction, array_walk
from seqpipe.layers.gru import GRUCell
from seqpipe.layers.lstm import LSTMCell
from seqpipe.layers.packed import Packing
from seqpipe.layers.recurrent import Recurrent
from seqpipe.layers.rnn import RNNCell
from seqpipe.layers.torch_path import (
    missing_in_torch,
    torch_serves,
    torch_walk,
    warn_of_array_code,
)
from tests.gradients import relative_error

torch = pytest.importorskip("torch")

CPU = NumpyOps(use_blis=False)
H, NI = 5, 4
CELLS = {
    "rnn-tanh": RNNCell(),
    "rnn-relu": RNNCell(activation="relu"),
    "gru": GRUCell(form="reset_after"),
    "lstm": LSTMCell(),
}
LENGTHS = {
    "ragged": [3, 1, 7, 2],
    "equal": [4, 4, 4],
    "one-token": [1],
    "with-empty": [0, 3, 0, 5],
    "all-empty": [0, 0],
    "no-sequence": [],
}
DIRECTIONS = {"one-direction": [False], "two-directions": [False, True]}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
every_batch = pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
both_directions = pytest.mark.parametrize("reverses", DIRECTIONS.values(), ids=DIRECTIONS.keys())


def level(cell, reverses, *, ops=CPU, dtype="float32", seed=0):
    """The directions of a level none of whose parameters is zero, which would hide mistakes."""
    rng = numpy.random.default_rng(seed)
    return [
        Direction(
            cell,
            {
                name: ops.xp.asarray(rng.normal(size=start.shape, scale=0.5), dtype=dtype)
                for name, start in cell.start(ops, H, NI).items()
            },
            reverse,
        )
        for reverse in reverses
    ]


def rows(n, width, *, ops=CPU, dtype="float32", seed=1):
    return ops.xp.asarray(numpy.random.default_rng(seed).normal(size=(n, width)), dtype=dtype)


def states(cell, directions, batch, *, ops=CPU, dtype="float32", seed=2, zero=False):
    """a (and c) of each direction."""
    arrays = [
        [rows(batch, H, ops=ops, dtype=dtype, seed=seed + 10 * i + s) for s in range(cell.states)]
        for i in range(directions)
    ]
    return [[a * 0 for a in parts] for parts in arrays] if zero else arrays


def everything(walk, directions, lengths, *, ops=CPU, dtype="float32", zero=False):
    """Output, final states, and the gradients of all that goes in, by name."""
    cell, D, packing = directions[0].cell, len(directions), Packing.of(lengths)
    kind = {"ops": ops, "dtype": dtype}
    state = states(cell, D, len(lengths), zero=zero, **kind)
    d_state = states(cell, D, len(lengths), seed=5, **kind)
    X, dY = rows(packing.tokens, NI, **kind), rows(packing.tokens, D * H, seed=4, **kind)
    Y, backward = walk(ops, directions, X, packing, state, keep=True)
    found = {"Y": Y.copy(), **{f"state {i}": s.copy() for i, s in enumerate(flat(state))}}
    Y[...] = 0  # a caller may write on it
    dX, gradients = backward(dY, d_state)
    found.update({f"d_state {i}": s for i, s in enumerate(flat(d_state))}, dX=dX)
    for i, gradient in enumerate(gradients):
        found.update({f"d{name} {i}": value for name, value in gradient.items()})
    return {name: ops.to_numpy(value) for name, value in found.items()}


def flat(state):
    return [part for parts in state for part in parts]


def assert_same(found, expected, tolerance):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        assert found[name].dtype == value.dtype, name
        assert relative_error(found[name], value) < tolerance, name


@pytest.mark.parametrize("zero", [False, True], ids=["given-state", "zero-state"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
@every_batch
@both_directions
@every_cell
def test_agrees_with_array_code(cell, reverses, lengths, dtype, tolerance, zero):
    directions = level(cell, reverses, dtype=dtype)
    options = {"dtype": dtype, "zero": zero}
    expected = everything(array_walk, directions, lengths, **options)
    assert_same(everything(torch_walk, directions, lengths, **options), expected, tolerance)


@pytest.mark.skipif(not (has_cupy_gpu and has_torch_cuda_gpu), reason="needs CuPy, torch, a GPU")
@both_directions
@every_cell
def test_cudnn_agrees_with_array_code(cell, reverses, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    ops, lengths = CupyOps(), LENGTHS["with-empty"]
    directions = level(cell, reverses, ops=ops)
    assert torch_serves(ops, directions)
    expected = everything(array_walk, directions, lengths, ops=ops)
    assert_same(everything(torch_walk, directions, lengths, ops=ops), expected, 1e-5)


@every_cell
def test_without_gradient_agrees_with_array_code(cell):
    directions, packing = level(cell, [False, True]), Packing.of([3, 0, 5])
    X = rows(packing.tokens, NI)
    ours, theirs = states(cell, 2, 3), states(cell, 2, 3)
    expected, _ = array_walk(CPU, directions, X, packing, ours, keep=False)
    Y, _ = torch_walk(CPU, directions, X, packing, theirs, keep=False)
    assert relative_error(Y, expected) < 1e-5
    for final, wanted in zip(flat(theirs), flat(ours), strict=True):
        assert relative_error(final, wanted) < 1e-5


def unusual(X):
    """The same numbers as arrays that torch does not take as they are."""
    frozen = X.copy()
    frozen.flags.writeable = False
    return {
        "fortran": numpy.asfortranarray(X),
        "every-other-row": numpy.repeat(X, 2, axis=0)[::2],
        "negative-stride": X[::-1].copy()[::-1],
        "read-only": frozen,
        "broadcast": numpy.broadcast_to(X[:1], X.shape),
    }


@pytest.mark.parametrize("name", unusual(numpy.zeros((1, 1))))
def test_takes_arrays_in_any_layout(name):
    directions, packing = level(LSTMCell(), [False]), Packing.of([3, 5])
    X = unusual(rows(8, NI))[name]
    dY = unusual(rows(8, H, seed=4))[name]
    found = []
    for walk in (array_walk, torch_walk):
        Y, backward = walk(CPU, directions, X, packing, states(LSTMCell(), 1, 2), keep=True)
        dX, (gradients,) = backward(dY, states(LSTMCell(), 1, 2))
        found.append({"Y": Y, "dX": dX, **gradients})
    assert_same(found[1], found[0], 1e-5)


def test_neither_parameters_nor_inputs_change():
    directions, packing = level(GRUCell(form="reset_after"), [False, True]), Packing.of([2, 3])
    X, dY = rows(5, NI), rows(5, 2 * H)
    held = [X, dY, *directions[0].params.values(), *directions[1].params.values()]
    before = [array.copy() for array in held]
    cell = directions[0].cell
    _, backward = torch_walk(CPU, directions, X, packing, states(cell, 2, 2), keep=True)
    backward(dY, states(cell, 2, 2))
    for array, value in zip(held, before, strict=True):
        assert (array == value).all()


@pytest.mark.parametrize("keep", [True, False], ids=["called-twice", "not-kept"])
def test_refuses_a_gradient_that_it_has_not(keep):
    directions, packing = level(LSTMCell(), [False]), Packing.of([2, 3])
    state = states(LSTMCell(), 1, 2)
    Y, backward = torch_walk(CPU, directions, rows(5, NI), packing, state, keep=keep)
    if keep:
        backward(Y, state)
    with pytest.raises(ValueError, match="is_train=True, and backprop called but once"):
        backward(Y, state)


# What torch lacks

LACKING = {
    "rnn with activation = 'identity'": RNNCell(activation="identity"),
    "rnn with layer_norm = True": RNNCell(layer_norm=True),
    "gru with form = 'full'": GRUCell(),
    "gru with form = 'simplified'": GRUCell(form="simplified"),
    "gru with layer_norm = True": GRUCell(form="reset_after", layer_norm=True),
    "lstm with peepholes = True": LSTMCell(peepholes=True),
    "lstm with output = 'cell' and peepholes = True": LSTMCell(output="cell", peepholes=True),
    "lstm with layer_norm = True": LSTMCell(layer_norm=True),
}


@pytest.mark.parametrize(("reason", "cell"), LACKING.items())
def test_says_what_torch_lacks(reason, cell):
    assert missing_in_torch(level(cell, [False, True])) == reason


@both_directions
@every_cell
def test_lacks_nothing_that_is_compared_above(cell, reverses):
    assert missing_in_torch(level(cell, reverses)) is None


def test_lacks_a_reverse_direction_alone():
    reason = missing_in_torch(level(LSTMCell(), [True]))
    assert reason == "lstm with a reverse direction alone"


def test_warns_once_for_each_reason(caplog):
    for reason in ("gru with this", "gru with that", "gru with this"):
        warn_of_array_code(reason)
    assert caplog.messages == [
        "the GPU has no fast gru with this; array code runs instead, slower",
        "the GPU has no fast gru with that; array code runs instead, slower",
    ]


def test_leaves_the_cpu_to_other_ways_and_is_silent(caplog):
    assert not torch_serves(CPU, level(LSTMCell(), [False]))
    assert not torch_serves(CPU, level(LSTMCell(peepholes=True), [False]))
    assert not caplog.messages


# What is saved

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import numpy
from seqpipe.layers.recurrent import Recurrent
folder = sys.argv[1]
model = Recurrent("gru", nO=10, nI=4, form="reset_after").from_disk(folder + "/model")
numpy.save(folder + "/found.npy", model.predict([numpy.load(folder + "/X.npy")])[0])
"""


def test_model_trained_with_torch_loads_without_it(tmp_path):
    model = Recurrent("gru", nO=2 * H, nI=NI, form="reset_after").initialize()
    nodes = [node for node in model.walk() if node.has_param("Wx")]
    cell = nodes[0].attrs["cell"]
    params = [{name: node.get_param(name) for name in node.param_names} for node in nodes]
    directions = [Direction(cell, params[0], False), Direction(cell, params[1], True)]
    X, packing = rows(6, NI), Packing.of([6])
    Y, backward = torch_walk(CPU, directions, X, packing, states(cell, 2, 1), keep=True)
    _, gradients = backward(Y, states(cell, 2, 1, zero=True))
    for node, gradient in zip(nodes, gradients, strict=True):
        for name in node.param_names:
            node.set_param(name, node.get_param(name) - gradient[name])

    model.to_disk(tmp_path / "model")
    numpy.save(tmp_path / "X.npy", X)
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH, str(tmp_path)], check=True)
    assert numpy.array_equal(numpy.load(tmp_path / "found.npy"), model.predict([X])[0])
