"""A decoder that attends to a memory, in three wirings that differ in what a step reads.

    "none"     x<t> = y<t-1>; c<t> is asked for by s<t> (Luong et al. 2015, section 3.1)
    "input"    x<t> = [y<t-1>, h<t-1>]; the same, and what was put out is fed back (section 3.3)
    "context"  x<t> = [y<t-1>, c<t>]; s<t-1> asks for c<t> (Bahdanau et al. 2015, section 3.1)

    s<t> = cell(x<t>, s<t-1>)      h<t> = tanh(Wc [c<t>, s<t>] + bc)

Without attention h<t> = s<t>. Only "none" computes all steps at once where the targets are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy
from thinc.api import Model

from .arguments import check_choice
from .attention import Memory, attend, remember
from .linear import check_rows, linear
from .packed import Packed, Packing
from .shapes import check_decoder

FEEDINGS = ("none", "input", "context")


@dataclass(frozen=True)
class Given:
    """What the decoder starts from.

    targets (Packed): What it reads, `(target tokens, width)`.
    start (Floats2d): Its state before the first step, `(sequences, nS)`.
    memory (Packed): What attention reads, `(source tokens, nK)`.
    """

    targets: Packed
    start: Any
    memory: Packed


def attentional_decoder(
    decoder: Model[Any, Any],
    attention: Model[Any, Any] | None = None,
    *,
    feeding: str = "none",
    nO: int | None = None,
) -> Model[Given, Packed]:
    """A decoder with attention.

    decoder (Model): A recurrent layer with `initial = "given"`, `return_state = true` and one
        direction.
    attention (Model): `seqpipe.Attention.v1`, or None.
    feeding (str): "none", "input" or "context".
    nO (int): Width of h<t>; by default that of the decoder, which it is without attention.
    RETURNS (Model): From what is Given to h, `(target tokens, nO)`. Its backprop gives the
        gradient of each: targets, start, memory.
    RAISES (ValueError): If the parts do not fit.
    """
    check_decoder(decoder)
    check_choice("feeding", feeding, FEEDINGS)
    if attention is None and feeding != "none":
        raise ValueError(f"feeding = {feeding!r}: expected attention, or 'none'")
    if attention is not None and "score" not in attention.attrs:
        raise ValueError(f"attention: expected seqpipe.Attention.v1, found {attention.name}")
    mixing = [] if attention is None else [attention, linear(nO)]
    return Model(
        "attentional_decoder",
        _forward,
        init=_init,
        layers=[decoder, *mixing],
        dims={"nO": nO, "nK": None, "nI": None},
        attrs={"feeding": feeding},
    )


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    """nK, the memory's width, has to be set, and nI, the targets', or the decoder's own."""
    decoder, *mixing = model.layers
    nQ, nK = decoder.get_dim("nO"), model.get_dim("nK")
    nO = model.maybe_get_dim("nO") or nQ
    if not mixing and nO != nQ:
        raise ValueError(f"nO = {nO} without attention: expected the decoder's, {nQ}")
    fed = {"none": 0, "input": nO, "context": nK}[model.attrs["feeding"]]
    if model.has_dim("nI") is None:
        model.set_dim("nI", decoder.get_dim("nI") - fed)
    decoder.initialize(X=([model.ops.alloc2f(1, model.get_dim("nI") + fed)], None))
    model.set_dim("nO", nO, force=True)
    if mixing:
        attention, mix = mixing
        for layer, dims in ((attention, {"nQ": nQ, "nK": nK}), (mix, {"nI": nK + nQ, "nO": nO})):
            for name, width in dims.items():
                layer.set_dim(name, width)
            layer.initialize()


def _forward(model: Model, X: Given, is_train: bool) -> tuple[Packed, Callable]:
    counts = len(X.memory.packing.lengths), len(X.targets.packing.lengths)
    if counts[0] != counts[1]:
        raise ValueError(f"{counts[0]} source sequences, {counts[1]} target: one for each expected")
    return (_at_once if model.attrs["feeding"] == "none" else _in_steps)(model, X, is_train)


def _at_once(model: Model, X: Given, is_train: bool) -> tuple[Packed, Callable]:
    xp, (decoder, *mixing) = model.ops.xp, model.layers
    (s, _), backprop_decoder = decoder((X.targets, X.start), is_train)
    if not mixing:

        def backprop_alone(dY: Packed) -> tuple[Packed, Any, Packed]:
            d_targets, d_start = backprop_decoder((dY, None))
            return d_targets, d_start, X.memory.with_data(xp.zeros_like(X.memory.data))

        return s, backprop_alone
    attention, mix = mixing
    contexts, backprop_attention = attention((s, X.memory), is_train)
    h, backprop_mix = _mixed(model, mix, contexts.data, s.data, is_train)

    def backprop(dY: Packed) -> tuple[Packed, Any, Packed]:
        d_contexts, d_direct = backprop_mix(dY.data)
        ds, d_memory = backprop_attention(s.with_data(d_contexts))
        d_targets, d_start = backprop_decoder((s.with_data(ds.data + d_direct), None))
        return d_targets, d_start, d_memory

    return s.with_data(h), backprop


def _mixed(
    model: Model, mix: Model, contexts: Any, s: Any, is_train: bool
) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """tanh(Wc [c<t>, s<t>] + bc), and the gradients of c and s."""
    xp, width = model.ops.xp, contexts.shape[1]
    joined, backprop_joined = mix(xp.hstack([contexts, s]), is_train)
    h = xp.tanh(joined, out=joined)

    def backprop(dh: Any) -> tuple[Any, Any]:
        d = backprop_joined(dh * (1 - h * h))
        return xp.ascontiguousarray(d[:, :width]), d[:, width:]

    return h, backprop


def _in_steps(model: Model, X: Given, is_train: bool) -> tuple[Packed, Callable]:
    """Step by step, the sequences that are alive by rank."""
    xp, (decoder, attention, _) = model.ops.xp, model.layers
    packing, targets = X.targets.packing, X.targets.data
    order = xp.asarray(packing.order)
    memory, backprop_memory = remember(
        attention, Packed(X.memory.data, X.memory.packing.reordered(packing.order)), is_train
    )
    width = targets.shape[1]
    state = X.start[order]
    fed = xp.zeros((len(order), decoder.get_dim("nI") - width), dtype=targets.dtype)
    h = xp.empty((len(targets), model.get_dim("nO")), dtype=targets.dtype)
    backprops: list[Callable] = []
    for start, end, size in packing.steps():
        given = (targets[start:end], state[:size], fed[:size])
        (h[start:end], state, fed), backprop_step = _step(model, *given, memory[:size], is_train)
        backprops.append(backprop_step)

    def backprop(dY: Packed) -> tuple[Packed, Any, Packed]:
        d_targets, d_state = xp.empty_like(targets), xp.zeros_like(X.start)
        d_fed = xp.zeros((len(order), decoder.get_dim("nI") - width), dtype=targets.dtype)
        for start, end, size in packing.steps(reverse=True):
            d = (dY.data[start:end], d_state[:size], d_fed[:size])
            d_targets[start:end], d_state[:size], d_fed[:size] = backprops.pop()(*d)
        d_start = xp.empty_like(d_state)
        d_start[order] = d_state
        d_memory = X.memory.with_data(backprop_memory().data)
        return X.targets.with_data(d_targets), d_start, d_memory

    return X.targets.with_data(h), backprop


def _step(
    model: Model, y: Any, state: Any, fed: Any, memory: Memory, is_train: bool
) -> tuple[tuple[Any, Any, Any], Callable]:
    """One step of n sequences: from y `(n, nI)`, the state and what is fed to h `(n, nO)`, the
    state then and what is fed next."""
    if model.attrs["feeding"] == "input":
        return _step_with_input(model, y, state, fed, memory, is_train)
    return _step_with_context(model, y, state, fed, memory, is_train)


def _step_with_input(
    model: Model, y: Any, state: Any, fed: Any, memory: Memory, is_train: bool
) -> tuple[tuple[Any, Any, Any], Callable]:
    decoder, attention, mix = model.layers
    (s, state), backprop_cell = _cell(model, decoder, y, fed, state, is_train)
    (contexts, _), backprop_attend = attend(attention, s[:, None], memory)
    h, backprop_mix = _mixed(model, mix, contexts[:, 0], s, is_train)

    def backprop(dh: Any, d_state: Any, d_fed: Any) -> tuple[Any, Any, Any]:
        d_contexts, d_direct = backprop_mix(dh + d_fed)
        ds = backprop_attend(d_contexts[:, None])[:, 0] + d_direct
        return backprop_cell(ds, d_state)

    return (h, state, h), backprop


def _step_with_context(
    model: Model, y: Any, state: Any, fed: Any, memory: Memory, is_train: bool
) -> tuple[tuple[Any, Any, Any], Callable]:
    """`fed` is not used: the context is made here."""
    xp, (decoder, attention, mix) = model.ops.xp, model.layers
    (contexts, _), backprop_attend = attend(attention, _top(decoder, state)[:, None], memory)
    context = contexts[:, 0]
    (s, state), backprop_cell = _cell(model, decoder, y, context, state, is_train)
    h, backprop_mix = _mixed(model, mix, context, s, is_train)

    def backprop(dh: Any, d_state: Any, d_fed: Any) -> tuple[Any, Any, Any]:
        d_context, d_direct = backprop_mix(dh)
        dy, d_before, d_read = backprop_cell(d_direct, d_state)
        d_query = backprop_attend((d_context + d_read)[:, None])[:, 0]
        _top(decoder, d_before)[...] += d_query
        return dy, d_before, xp.zeros_like(d_fed)

    return (h, state, fed), backprop


def _cell(
    model: Model, decoder: Model, y: Any, fed: Any, state: Any, is_train: bool
) -> tuple[tuple[Any, Any], Callable[[Any, Any], tuple[Any, Any, Any]]]:
    """A step of the recurrent layer, and the gradients of y, the state before, and what was fed."""
    xp, width = model.ops.xp, y.shape[1]
    rows = Packed(xp.hstack([y, fed]), Packing.of(numpy.ones(len(y), dtype=numpy.int64)))
    (s, after), backprop_decoder = decoder((rows, state), is_train)

    def backprop(ds: Any, d_after: Any) -> tuple[Any, Any, Any]:
        dx, d_before = backprop_decoder((rows.with_data(ds), d_after))
        return dx.data[:, :width], d_before, dx.data[:, width:]

    return (s.data, after), backprop


def _top(decoder: Model, state: Any) -> Any:
    """a<t> of the last level within a state, `(n, nO)`: a view."""
    width, level = decoder.get_dim("nO"), decoder.get_dim("nS") // _depth(decoder)
    first = state.shape[1] - level
    return state[:, first : first + width]


def _depth(decoder: Model) -> int:
    stack = decoder.layers[0]
    return (len(stack.layers) + 1) // 2 if stack.name == "recurrent_stack" else 1


@dataclass(frozen=True)
class Decoding:
    """Where the decoder stands in n sequences.

    state (Floats2d): Its state, `(n, nS)`.
    fed (Floats2d): What it reads besides the next token, `(n, width)`; of width 0 if nothing.
    sources (ndarray): int64 (n,): the place of each one's source in the memory.
    memory (Memory): What attention reads of each source; None without attention.
    """

    state: Any
    fed: Any
    sources: numpy.ndarray
    memory: Memory | None

    def select(self, indices: Any) -> Decoding:
        """Some of the sequences, repeated or reordered: those of a beam, by parent.

        indices (ndarray): Integers, `(selected,)`.
        RETURNS (Decoding): For prediction, in the order of the indices.
        """
        chosen = numpy.asarray(indices, dtype=numpy.int64)
        return replace(
            self, state=self.state[chosen], fed=self.fed[chosen], sources=self.sources[chosen]
        )

    def compact(self) -> Decoding:
        """The same without the memory of sources that have no sequence any more."""
        if self.memory is None:
            return self
        alive, places = numpy.unique(self.sources, return_inverse=True)
        if len(alive) == len(self.memory.values):
            return self
        return replace(self, sources=places, memory=self.memory.select(alive))


def begin(model: Model, start: Any, memory: Packed) -> Decoding:
    """Make ready to go step by step, for prediction.

    model (Model): An attentional decoder.
    start (Floats2d): Its state before the first step, `(sequences, nS)`.
    memory (Packed): What attention reads, `(source tokens, nK)`.
    RETURNS (Decoding): Before the first step.
    """
    xp, (decoder, *mixing) = model.ops.xp, model.layers
    fed = 0 if model.attrs["feeding"] == "none" else decoder.get_dim("nI") - model.get_dim("nI")
    return Decoding(
        start,
        xp.zeros((len(start), fed), dtype=start.dtype),
        numpy.arange(len(start)),
        remember(mixing[0], memory, False)[0] if mixing else None,
    )


def step(model: Model, y: Any, decoding: Decoding) -> tuple[Any, Any, Decoding]:
    """One step of n sequences.

    model (Model): An attentional decoder.
    y (Floats2d): What it reads, `(n, nI)`.
    decoding (Decoding): Where it stands.
    RETURNS (Tuple): h `(n, nO)`; the attention with which it was made, `(n, S)`, None without; and
        where the decoder stands then.
    """
    xp, (decoder, *mixing) = model.ops.xp, model.layers
    check_rows(y, "inputs")
    decoding = decoding.compact()
    state, fed, memory = decoding.state, decoding.fed, decoding.memory
    if memory is None:
        (s, state), _ = _cell(model, decoder, y, fed, state, False)
        return s, None, replace(decoding, state=state)
    attention, mix = mixing
    if model.attrs["feeding"] == "context":
        query = _top(decoder, state)
        fed, weights = _attend_by_source(attention, query, decoding.sources, memory)
        (s, state), _ = _cell(model, decoder, y, fed, state, False)
        h, _ = _mixed(model, mix, fed, s, False)
        return h, weights, replace(decoding, state=state)
    (s, state), _ = _cell(model, decoder, y, fed, state, False)
    contexts, weights = _attend_by_source(attention, s, decoding.sources, memory)
    h, _ = _mixed(model, mix, contexts, s, False)
    fed = h if model.attrs["feeding"] == "input" else xp.zeros((len(h), 0), dtype=h.dtype)
    return h, weights, replace(decoding, state=state, fed=fed)


def _attend_by_source(
    attention: Model, queries: Any, sources: numpy.ndarray, memory: Memory
) -> tuple[Any, Any]:
    """Contexts `(n, nK)` and weights `(n, S)` of n queries: those of one source side by side, so
    that its memory is read once and never copied."""
    xp = attention.ops.xp
    order = numpy.argsort(sources, kind="stable")
    counts = numpy.bincount(sources, minlength=len(memory.values))
    places = numpy.arange(len(sources)) - numpy.repeat(numpy.cumsum(counts) - counts, counts)
    place = numpy.empty_like(places)
    place[order] = places
    rows = (xp.asarray(sources), xp.asarray(place))
    grid = xp.zeros((len(counts), int(counts.max()), queries.shape[1]), dtype=queries.dtype)
    grid[rows] = queries
    (contexts, weights), _ = attend(attention, grid, memory)
    return contexts[rows], weights[rows]
