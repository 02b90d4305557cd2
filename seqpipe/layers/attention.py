"""Attention: a weighted mean of a memory's positions for each query, with four scores.

Additive: Bahdanau et al. 2015, appendix A.1.2. Dot and general: Luong et al. 2015, equation 8.
Scaled dot: Vaswani et al. 2017, equation 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from thinc.api import Model, get_array_module, registry
from thinc.types import Floats2d

from .arguments import check_choice, check_widths, pair_of
from .initial import glorot_uniform
from .packed import Packed, Packing, as_packed, like_output, packed_rows, sample_width

SCORES = ("additive", "dot", "general", "scaled_dot")
# Numbers of the additive score's (B, T, S, nH) that exist at once: 4 MB in float32.
CHUNK = 2**20


# Shapes: B sequences, T queries and S positions of the longest, padded, in the caller's order. s is
# a query, a a position of the memory, e a score, α the softmax of e over the positions.
@registry.layers("seqpipe.Attention.v1")
def Attention(
    score: str = "additive",
    nQ: int | None = None,
    nK: int | None = None,
    *,
    nH: int | None = None,
) -> Model[Any, Any]:
    """For each query s the context Σ α a over the positions a of its memory, α = softmax(e).

    score (str): "additive", e = vᵀ tanh(Wq s + Wk a + b); "dot", e = sᵀ a; "general", e = sᵀ W a;
        "scaled_dot", e = sᵀ a / sqrt(nK).
    nQ (int): Width of a query. For the dot scores it is that of the memory.
    nK (int): Width of the memory, and of a context.
    nH (int): Width of the additive score's hidden layer, by default nK.
    RETURNS (Model): From a pair (queries, memory), each sequences as a list of arrays, Ragged,
        Padded or Packed, one query sequence for each memory sequence, to contexts
        `(length of the query sequence, nK)` in the form of the queries. An empty memory gives
        zeros. Matrices start Glorot uniform, b zero.
    RAISES (ValueError): If an option is unknown, or of no use to the score.
    """
    check_choice("score", score, SCORES)
    if nH is not None and score != "additive":
        raise ValueError(f"nH = {nH}: only the additive score has a hidden layer, not {score}")
    check_widths(nQ=nQ, nK=nK, nH=nH)
    if score in ("dot", "scaled_dot"):
        nQ, nK = nQ or nK, nK or nQ
        _check_equal(score, nQ, nK)
    params = {"additive": ("Wq", "Wk", "b", "v"), "general": ("W",)}.get(score, ())
    return Model(
        f"{score}_attention",
        _forward,
        init=_init,
        dims={"nQ": nQ, "nK": nK, **({"nH": nH} if score == "additive" else {})},
        params=dict.fromkeys(params),
        attrs={"score": score},
    )


def _check_equal(score: str, nQ: int | None, nK: int | None) -> None:
    if nQ != nK:
        raise ValueError(f"nQ = {nQ}, nK = {nK}: the {score} score needs equal widths")


@dataclass
class MemoryGradient:
    """What the steps of a decoder add up: gradients of a memory's values and of its keys.

    values (ndarray): `(B, S, nK)`, added to in place.
    keys (ndarray): As wide as the keys, `(B, S, nH)` or `(B, S, nK)`.
    """

    values: Any
    keys: Any


@dataclass
class Memory:
    """A memory as `attend` reads it: all that does not depend on the query.

    values (ndarray): The positions, `(B, S, nK)`, zero where padded.
    keys (ndarray): What a query is compared with: Wk a + b, `(B, S, nH)`, for the additive score,
        W a, `(B, S, nQ)`, for the general one, else the values.
    mask (ndarray): True where there is a position, `(B, S)`.
    gradient (MemoryGradient): None in prediction.
    """

    values: Any
    keys: Any
    mask: Any
    gradient: MemoryGradient | None = None

    def __getitem__(self, rows: slice) -> Memory:
        """A view of the memories of adjacent sequences; a gradient goes on to this one's."""
        values = self.values[rows]
        keys = values if self.keys is self.values else self.keys[rows]
        gradient = self.gradient
        if gradient is not None:
            gradient = MemoryGradient(gradient.values[rows], gradient.keys[rows])
        return Memory(values, keys, self.mask[rows], gradient)

    def select(self, indices: Any) -> Memory:
        """The memories of some sequences, repeated or reordered: those of a beam, by parent.

        indices (ndarray): Integers, `(selected,)`.
        RETURNS (Memory): For prediction; it takes no gradient.
        """
        chosen = get_array_module(self.values).asarray(indices, dtype="int64")
        values = self.values[chosen]
        keys = values if self.keys is self.values else self.keys[chosen]
        return Memory(values, keys, self.mask[chosen])


def remember(model: Model, memory: Any, is_train: bool) -> tuple[Memory, Callable[[], Any]]:
    """Compute once what every query will read.

    model (Model): The attention layer.
    memory (Any): Sequences `(length, nK)`, in any form that the layer takes.
    is_train (bool): Whether gradients will come.
    RETURNS (Tuple): The Memory, and a backprop to call once, after those of all uses of `attend`.
        It gives the gradient of the memory, in the memory's form.
    """
    xp = model.ops.xp
    nK = model.get_dim("nK")
    packed, restore, _ = as_packed(model.ops, memory)
    packed = packed_rows(model.ops, packed, name="memory", dim="nK", width=nK)
    grid = _Grid.of(xp, packed.packing)
    projected, backprop_keys = _project(model, packed.data)
    values = grid.pad(xp, packed.data)
    keys = values if projected is packed.data else grid.pad(xp, projected)
    gradient = MemoryGradient(xp.zeros_like(values), xp.zeros_like(keys)) if is_train else None

    def backprop() -> Any:
        total = _required(remembered.gradient)
        remembered.gradient = None  # a second call would add to the parameters' gradients again
        return restore(
            packed.with_data(grid.rows(total.values) + backprop_keys(grid.rows(total.keys)))
        )

    lengths = xp.asarray(packed.packing.lengths)
    mask = xp.arange(values.shape[1]) < lengths[:, None]  # (B, S)
    remembered = Memory(values, keys, mask, gradient)
    return remembered, backprop


def attend(
    model: Model, queries: Any, memory: Memory
) -> tuple[tuple[Any, Any], Callable[[Any], Any]]:
    """Contexts of padded queries; a decoder calls it once a step, with T = 1.

    model (Model): The attention layer.
    queries (ndarray): `(B, T, nQ)`.
    memory (Memory): What `remember` gave.
    RETURNS (Tuple): The pair of contexts `(B, T, nK)` and weights α `(B, T, S)`, and a backprop
        from the gradient of the contexts to that of the queries, which adds to the memory's own.
    RAISES (ValueError): If the queries are no floats of that shape.
    """
    xp, nQ = model.ops.xp, model.get_dim("nQ")
    if queries.dtype.kind != "f":
        raise ValueError(f"queries of {queries.dtype}, expected floats")
    if queries.ndim != 3 or len(queries) != len(memory.values) or queries.shape[2] != nQ:
        raise ValueError(
            f"queries of shape {queries.shape}, expected ({len(memory.values)}, steps, nQ={nQ})"
        )
    compare = _score_additive if model.attrs["score"] == "additive" else _score_product
    scores, backprop_scores = compare(model, queries, memory.keys)
    weights = _softmax(xp, scores, memory.mask[:, None])
    contexts = xp.matmul(weights, memory.values)

    def backprop(d_contexts: Any) -> Any:
        total = _required(memory.gradient)
        total.values += xp.matmul(xp.swapaxes(weights, 1, 2), d_contexts)
        d_weights = xp.matmul(d_contexts, xp.swapaxes(memory.values, 1, 2))  # (B, T, S)
        d_weights -= (weights * d_weights).sum(axis=2, keepdims=True)
        d_queries, d_keys = backprop_scores(weights * d_weights)
        total.keys += d_keys
        return d_queries

    return (contexts, weights), backprop


def attention_weights(model: Model, queries: Any, memory: Any) -> list[Floats2d]:
    """How much each query takes from each position, for instance to plot it.

    model (Model): The attention layer.
    queries, memory (Any): Sequences, as the layer takes them.
    RETURNS (List[Floats2d]): For each pair α, `(queries, positions)`, in the caller's order.
    """
    remembered, _ = remember(model, memory, False)
    packed, _, _ = _packed_queries(model, queries, remembered)
    padded = _Grid.of(model.ops.xp, packed.packing).pad(model.ops.xp, packed.data)
    (_, weights), _ = attend(model, padded, remembered)
    positions = model.ops.to_numpy(remembered.mask.sum(axis=1)).tolist()
    steps = packed.packing.lengths.tolist()
    return [w[:t, :s] for w, t, s in zip(weights, steps, positions, strict=True)]


def _forward(
    model: Model, X: tuple[Any, Any], is_train: bool
) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    xp, (queries, memory) = model.ops.xp, pair_of(X, "queries and memory")
    nK = model.get_dim("nK")
    remembered, backprop_memory = remember(model, memory, is_train)
    packed, restore, to_packed = _packed_queries(model, queries, remembered)
    grid = _Grid.of(xp, packed.packing)
    (contexts, _), backprop_attend = attend(model, grid.pad(xp, packed.data), remembered)

    def backprop(dY: Any) -> tuple[Any, Any]:
        d_contexts = like_output(model.ops, to_packed(dY), packed.packing, nK)
        d_queries = backprop_attend(grid.pad(xp, d_contexts.data))
        return restore(packed.with_data(grid.rows(d_queries))), backprop_memory()

    return restore(packed.with_data(grid.rows(contexts))), backprop


@dataclass(frozen=True)
class _Grid:
    """Where packed rows lie in a padded array `(B, steps, width)`, in the caller's order."""

    packing: Packing
    sequences: Any  # (tokens,)
    steps: Any  # (tokens,)

    @classmethod
    def of(cls, xp: Any, packing: Packing) -> _Grid:
        steps = np.repeat(np.arange(len(packing.sizes)), packing.sizes)
        return cls(packing, xp.asarray(packing.order[packing.sequences]), xp.asarray(steps))

    def pad(self, xp: Any, rows: Any) -> Any:
        # One step at least, so that there is a maximum over no positions too.
        steps = max(len(self.packing.sizes), 1)
        padded = xp.zeros((len(self.packing.lengths), steps, rows.shape[1]), dtype=rows.dtype)
        padded[self.sequences, self.steps] = rows
        return padded

    def rows(self, padded: Any) -> Any:
        return padded[self.sequences, self.steps]


def _packed_queries(
    model: Model, queries: Any, memory: Memory
) -> tuple[Packed, Callable, Callable]:
    nQ = model.get_dim("nQ")
    packed, restore, to_packed = as_packed(model.ops, queries)
    packed = packed_rows(model.ops, packed, name="queries", dim="nQ", width=nQ)
    count = len(packed.packing.lengths)
    if count != len(memory.values):
        raise ValueError(
            f"{count} sequences of queries, {len(memory.values)} of memory: expected one for each"
        )
    return packed, restore, to_packed


def _required(gradient: MemoryGradient | None) -> MemoryGradient:
    if gradient is None:
        raise ValueError("no gradient: expected is_train=True, and backprop called but once")
    return gradient


def _project(model: Model, rows: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The keys of the memory's rows, `(tokens, n)`; the rows themselves for the dot scores."""
    xp = model.ops.xp
    if model.attrs["score"] in ("dot", "scaled_dot"):
        return rows, lambda d_keys: d_keys
    additive = model.attrs["score"] == "additive"
    name = "Wk" if additive else "W"
    W: Any = model.get_param(name)
    keys = xp.matmul(rows, W.T)
    if additive:
        keys += model.get_param("b")

    def backprop(d_keys: Any) -> Any:
        if additive:
            model.inc_grad("b", d_keys.sum(axis=0))
        model.inc_grad(name, xp.matmul(d_keys.T, rows))
        return xp.matmul(d_keys, W)

    return keys, backprop


def _score_product(
    model: Model, queries: Any, keys: Any
) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """e = sᵀ key, scaled for "scaled_dot": `(B, T, S)`."""
    xp = model.ops.xp
    scale = model.get_dim("nK") ** -0.5 if model.attrs["score"] == "scaled_dot" else 1.0
    scaled = queries * scale

    def backprop(dE: Any) -> tuple[Any, Any]:
        return xp.matmul(dE, keys) * scale, xp.matmul(xp.swapaxes(dE, 1, 2), scaled)

    return xp.matmul(scaled, xp.swapaxes(keys, 1, 2)), backprop


def _score_additive(
    model: Model, queries: Any, keys: Any
) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """e = vᵀ tanh(Wq s + key): `(B, T, S)`.

    The hidden layer is computed again for the gradient, some queries at a time: kept, it would be
    nH times as large as the scores.
    """
    xp = model.ops.xp
    Wq, v = (model.get_param(name) for name in ("Wq", "v"))
    projected = xp.matmul(queries, Wq.T)  # (B, T, nH)
    shape = (*projected.shape[:2], keys.shape[1])
    E = xp.empty(shape, dtype=xp.result_type(projected, keys))
    chunks = list(_chunks(shape[1], keys.size))
    for some in chunks:
        E[:, some] = xp.matmul(_hidden(xp, projected[:, some], keys), v)

    def backprop(dE: Any) -> tuple[Any, Any]:
        d_projected, d_keys = xp.empty_like(projected), xp.zeros_like(keys)
        for some in chunks:
            A, d_some = _hidden(xp, projected[:, some], keys), dE[:, some]
            model.inc_grad("v", xp.tensordot(d_some, A, axes=3))
            A *= A
            xp.subtract(1, A, out=A)
            A *= d_some[..., None]
            d_projected[:, some] = A.sum(axis=2)
            d_keys += A.sum(axis=1)
        d_projected *= v
        d_keys *= v
        model.inc_grad("Wq", xp.tensordot(d_projected, queries, axes=((0, 1), (0, 1))))
        return xp.matmul(d_projected, Wq), d_keys

    return E, backprop


def _chunks(steps: int, size: int) -> Iterator[slice]:
    """Slices over the steps, so that each step having `size` numbers they have CHUNK at most."""
    width = max(CHUNK // max(size, 1), 1)
    return (slice(start, start + width) for start in range(0, steps, width))


def _hidden(xp: Any, projected: Any, keys: Any) -> Any:
    """tanh(Wq s + Wk a + b), `(B, T, S, nH)`."""
    hidden = projected[:, :, None] + keys[:, None]
    return xp.tanh(hidden, out=hidden)


def _softmax(xp: Any, scores: Any, mask: Any) -> Any:
    """Softmax over the last axis where the mask is true, exactly 0 elsewhere; 0 if it never is."""
    scores = xp.where(mask, scores, xp.finfo(scores.dtype).min)
    weights = xp.exp(scores - scores.max(axis=-1, keepdims=True)) * mask
    total = weights.sum(axis=-1, keepdims=True)
    weights /= xp.where(total > 0, total, 1)
    return weights


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    for dim, Xseq in zip(("nQ", "nK"), X if X is not None else (), strict=False):
        if model.has_dim(dim) is None:
            model.set_dim(dim, sample_width(dim, as_packed(model.ops, Xseq)[0]))
    ops, score = model.ops, model.attrs["score"]
    nQ, nK = model.get_dim("nQ"), model.get_dim("nK")
    if score in ("dot", "scaled_dot"):
        _check_equal(score, nQ, nK)
    if score == "general":
        model.set_param("W", glorot_uniform(ops, nQ, nK))
    if score == "additive":
        if model.has_dim("nH") is None:
            model.set_dim("nH", nK)
        nH = model.get_dim("nH")
        model.set_param("Wq", glorot_uniform(ops, nH, nQ))
        model.set_param("Wk", glorot_uniform(ops, nH, nK))
        model.set_param("b", ops.alloc1f(nH))
        model.set_param("v", glorot_uniform(ops, 1, nH)[0])
