import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thinc.api import Model, NumpyOps, Ragged

from seqpipe.layers.packed import Packed, Packing, on_rows, pack, packed_rows, unpack

OPS = NumpyOps()


def sequences_of(lengths, width=3, seed=0):
    rng = numpy.random.default_rng(seed)
    return [rng.normal(size=(n, width)).astype("float32") for n in lengths]


@given(st.lists(st.integers(0, 7), max_size=8))
def test_unpack_inverts_pack(lengths):
    sequences = sequences_of(lengths)
    restored = unpack(OPS, pack(OPS, sequences))
    assert len(restored) == len(sequences)
    for before, after in zip(sequences, restored, strict=True):
        assert numpy.array_equal(before, after)


def test_rows_are_time_major_and_longest_first():
    packed = pack(OPS, [numpy.array([[1.0], [2.0]]), numpy.array([[3.0], [4.0], [5.0]])])
    assert packed.data[:, 0].tolist() == [3, 1, 4, 2, 5]
    assert packed.packing.sizes.tolist() == [2, 2, 1]
    assert packed.packing.last.tolist() == [4, 3]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6))
def test_layout_agrees_with_torch(lengths):
    torch = pytest.importorskip("torch")
    lengths = [n for n in lengths if n]  # torch refuses empty sequences
    if not lengths:
        return
    sequences = sequences_of(lengths)
    theirs = torch.nn.utils.rnn.pack_sequence(
        [torch.tensor(x) for x in sequences], enforce_sorted=False
    )
    ours = pack(OPS, sequences)
    assert ours.packing.sizes.tolist() == theirs.batch_sizes.tolist()


def test_each_row_knows_its_sequence():
    packing = Packing.of([1, 0, 3])
    assert packing.order.tolist() == [2, 0, 1]
    assert packing.sequences.tolist() == [0, 1, 0, 0]


def doubled() -> Model:
    def forward(model, X, is_train):
        return X * 2, lambda dY: dY * 2

    return Model("doubled", forward)


def test_a_layer_on_rows_gives_back_the_form_it_took():
    sequences = sequences_of([2, 3, 1])
    layer = on_rows(doubled())
    flat = numpy.concatenate(sequences)
    lists, backprop = layer(sequences, True)
    assert numpy.allclose(numpy.concatenate(lists), flat * 2)
    assert numpy.allclose(numpy.concatenate(backprop(lists)), flat * 4)
    lengths = numpy.array([2, 3, 1], dtype="i")
    ragged, backprop = layer(Ragged(flat, lengths), True)
    assert numpy.allclose(ragged.data, flat * 2)
    assert numpy.allclose(backprop(ragged).data, flat * 4)
    padded, backprop = layer(OPS.list2padded(sequences), True)
    assert numpy.allclose(numpy.concatenate(OPS.padded2list(padded)), flat * 2)
    assert numpy.allclose(numpy.concatenate(OPS.padded2list(backprop(padded))), flat * 4)
    assert isinstance(layer.predict(pack(OPS, sequences)), Packed)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([numpy.zeros((2, 3), "f"), numpy.zeros((2, 4), "f")], "one width"),
        ([numpy.zeros(3, "f")], "shape"),
        ([numpy.zeros((2, 3), "i")], "int32"),
    ],
)
def test_wrong_sequences_are_refused(sequences, message):
    with pytest.raises(ValueError, match=message):
        pack(OPS, sequences)


def test_another_type_of_batch_is_refused():
    with pytest.raises(ValueError, match="found int"):
        on_rows(doubled()).predict(3)


@given(st.lists(st.integers(0, 5), max_size=6), st.randoms(use_true_random=False))
def test_in_another_order_the_rows_stay_and_the_caller_finds_his_sequences(lengths, shuffler):
    sequences = sequences_of(lengths)
    order = list(range(len(lengths)))
    shuffler.shuffle(order)
    packed = pack(OPS, sequences)
    packing = packed.packing.reordered(numpy.array(order, dtype="int64"))
    assert packing.lengths.tolist() == [lengths[i] for i in order]
    restored = unpack(OPS, Packed(packed.data, packing))
    for place, found in zip(order, restored, strict=True):
        assert numpy.array_equal(found, sequences[place])


def test_each_row_knows_the_step_before_it_and_the_one_after():
    # By rank: 3 steps in rows 0, 2, 4; 2 steps in rows 1, 3; beyond them 5 + rank.
    packing = Packing.of([2, 0, 3])
    assert packing.before.tolist() == [5, 6, 0, 1, 2]
    assert packing.after.tolist() == [2, 3, 4, 6, 5]
    assert Packing.of([]).before.tolist() == Packing.of([0]).after.tolist() == []


def test_steps_go_from_the_start_or_from_the_end():
    packing = Packing.of([2, 0, 3])
    steps = [(0, 2, 2), (2, 4, 2), (4, 5, 1)]
    assert packing.steps() == steps
    assert packing.steps(reverse=True) == steps[::-1]
    assert (packing.tokens, Packing.of([]).tokens) == (5, 0)


def test_no_sequences_at_all_are_packed_as_no_rows():
    packed = pack(OPS, [])
    assert packed.data.shape == (0, 0)
    assert (packed.data.dtype, packed.packing.lengths.tolist()) == ("float32", [])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_no_sequence_has_take_the_width_that_is_expected(dtype):
    nothing = Packed(numpy.zeros((0, 7), dtype), Packing.of([0, 0]))
    found = packed_rows(OPS, nothing, name="input", dim="nI", width=3)
    assert (found.data.shape, found.data.dtype) == ((0, 3), dtype)
    assert found.packing is nothing.packing
