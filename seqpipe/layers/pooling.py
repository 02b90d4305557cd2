"""Pooling, many to one: a row for each sequence from its last step, mean, maximum or attention.

Attention pooling is that of Yang et al. 2016, equations 5 to 7. There is no padding: the rows of a
batch are segments of one array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from thinc.api import Model, Ops, registry
from thinc.types import Floats1d

from .arguments import check_choice, check_widths
from .initial import glorot_uniform
from .packed import Packed, Packing, as_packed, packed_rows, sample_width

Pooled = tuple[Any, Callable[[Any], Any]]


@registry.layers("seqpipe.Pooling.v1")
def Pooling(
    kind: str = "last", nI: int | None = None, *, nH: int | None = None, bi: bool = False
) -> Model[Any, Any]:
    """One row for each sequence.

    kind (str): "last", the row of the last step; "mean" and "max", over the steps, column by
        column; "attention", Σ α h with u = tanh(W h + b) and α = softmax(uᵀ u_w) over the steps.
    nI (int): Width of the input and of the output.
    nH (int): Width of u, for "attention", by default nI.
    bi (bool): For "last", the input has two directions side by side: the second half of the columns
        is taken from the first step, where that direction ends.
    RETURNS (Model): From sequences `(length, nI)`, a list of arrays, Ragged, Padded or Packed, to
        `(sequences, nI)` in the caller's order. An empty sequence gives zeros. W and u_w start
        Glorot uniform, b zero.
    RAISES (ValueError): If an option is unknown, or of no use to the kind.
    """
    check_choice("kind", kind, tuple(KINDS))
    if nH is not None and kind != "attention":
        raise ValueError(f"nH = {nH}: only attention pooling has a hidden layer, not {kind}")
    if bi and kind != "last":
        raise ValueError(f"bi = {bi}: only for kind = 'last', not {kind!r}")
    check_widths(nI=nI, nH=nH)
    attention = kind == "attention"
    model: Model[Any, Any] = Model(
        f"{kind}_pooling",
        _forward,
        init=_init,
        dims={"nI": None, "nO": None, **({"nH": nH} if attention else {})},
        params=dict.fromkeys(("W", "b", "u") if attention else ()),
        attrs={"kind": kind, "bi": bi},
    )
    if nI is not None:
        _set_width(model, nI)
    return model


def pooling_weights(model: Model, Xseq: Any) -> list[Floats1d]:
    """How much each step counts in attention pooling, for instance to explain a classification.

    model (Model): An attention pooling layer.
    Xseq (Any): Sequences, as the layer takes them.
    RETURNS (List[Floats1d]): For each sequence α, `(length,)`, in the caller's order.
    RAISES (ValueError): If the layer pools in another way.
    """
    if model.attrs["kind"] != "attention":
        raise ValueError(f"{model.attrs['kind']} pooling has no weights: expected attention")
    xp = model.ops.xp
    packed, _ = _packed(model, Xseq)
    lengths = packed.packing.lengths
    if not packed.packing.tokens:
        return [xp.zeros(0, dtype=packed.data.dtype) for _ in lengths]
    rows = packed.data[xp.asarray(packed.packing.inverse)]
    weights = _weigh(model, rows, _positive(model.ops, packed.packing))[0]
    ends = np.cumsum(lengths).tolist()
    return [weights[end - n : end] for n, end in zip(lengths.tolist(), ends, strict=True)]


def _forward(model: Model, Xseq: Any, is_train: bool) -> tuple[Any, Callable[[Any], Any]]:
    """Pool the sequences that are not empty; h `(tokens, nI)` are their rows, one after another."""
    xp = model.ops.xp
    packed, restore = _packed(model, Xseq)
    packing = packed.packing
    Y = xp.zeros((len(packing.lengths), model.get_dim("nI")), dtype=packed.data.dtype)
    if not packing.tokens:
        return Y, lambda dY: restore(packed)
    alive = xp.asarray(np.flatnonzero(packing.lengths))
    lengths = _positive(model.ops, packing)
    h = packed.data[xp.asarray(packing.inverse)]
    Y[alive], backprop_pool = KINDS[model.attrs["kind"]](model, h, lengths)

    def backprop(dY: Any) -> Any:
        dh = backprop_pool(dY[alive])
        return restore(packed.with_data(dh[xp.asarray(packing.rows)]))

    return Y, backprop


def _packed(model: Model, Xseq: Any) -> tuple[Packed, Callable]:
    nI = model.get_dim("nI")
    packed, restore, _ = as_packed(model.ops, Xseq)
    return packed_rows(model.ops, packed, name="input", dim="nI", width=nI), restore


def _positive(ops: Ops, packing: Packing) -> Any:
    """The lengths of the sequences that are not empty: Thinc refuses the maximum of nothing."""
    lengths: Any = packing.lengths[packing.lengths > 0]
    return ops.asarray1i(lengths)


def _pool_last(model: Model, h: Any, lengths: Any) -> Pooled:
    xp, ends = model.ops.xp, model.ops.xp.cumsum(lengths)
    first, last = ends - lengths, ends - 1
    middle = h.shape[1] // 2 if model.attrs["bi"] else h.shape[1]

    def backprop(dY: Any) -> Any:
        dh = xp.zeros_like(h)
        dh[last, :middle] = dY[:, :middle]
        dh[first, middle:] = dY[:, middle:]
        return dh

    return xp.concatenate([h[last, :middle], h[first, middle:]], axis=1), backprop


def _pool_mean(model: Model, h: Any, lengths: Any) -> Pooled:
    ops = model.ops
    return ops.reduce_mean(h, lengths), lambda dY: ops.backprop_reduce_mean(dY, lengths)


def _pool_max(model: Model, h: Any, lengths: Any) -> Pooled:
    ops = model.ops
    Y, which = ops.reduce_max(h, lengths)
    return Y, lambda dY: ops.backprop_reduce_max(dY, which, lengths)


def _pool_attention(model: Model, h: Any, lengths: Any) -> Pooled:
    ops = model.ops
    weights, backprop_weights = _weigh(model, h, lengths)

    def backprop(dY: Any) -> Any:
        spread = ops.backprop_reduce_sum(dY, lengths)  # each row has its sequence's dY
        return weights[:, None] * spread + backprop_weights((spread * h).sum(axis=1))

    return ops.reduce_sum(weights[:, None] * h, lengths), backprop


def _weigh(model: Model, h: Any, lengths: Any) -> Pooled:
    """α of every step, `(tokens,)`; its backprop gives the gradient of h."""
    ops, xp = model.ops, model.ops.xp
    W, b, u = (model.get_param(name) for name in ("W", "b", "u"))

    def each(per_sequence: Any) -> Any:
        return ops.backprop_reduce_sum(per_sequence, lengths)[:, 0]  # (tokens,)

    hidden = xp.tanh(xp.matmul(h, W.T) + b)  # (tokens, nH)
    scores = xp.matmul(hidden, u)
    weights = xp.exp(scores - each(ops.reduce_max(scores[:, None], lengths)[0]))
    weights /= each(ops.reduce_sum(weights[:, None], lengths))

    def backprop(d_weights: Any) -> Any:
        mean = each(ops.reduce_sum((weights * d_weights)[:, None], lengths))
        d_scores = weights * (d_weights - mean)
        model.inc_grad("u", xp.matmul(d_scores, hidden))
        d_hidden = d_scores[:, None] * u * (1 - hidden * hidden)
        model.inc_grad("W", xp.matmul(d_hidden.T, h))
        model.inc_grad("b", d_hidden.sum(axis=0))
        return xp.matmul(d_hidden, W)

    return weights, backprop


def _set_width(model: Model, nI: int) -> None:
    if model.attrs["bi"] and nI % 2:
        raise ValueError(f"nI = {nI}: expected an even width, half for each of two directions")
    model.set_dim("nI", nI)
    model.set_dim("nO", nI)


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    if X is not None and model.has_dim("nI") is None:
        _set_width(model, sample_width("nI", as_packed(model.ops, X)[0]))
    if model.attrs["kind"] == "attention":
        nI = model.get_dim("nI")
        if model.has_dim("nH") is None:
            model.set_dim("nH", nI)
        nH = model.get_dim("nH")
        model.set_param("W", glorot_uniform(model.ops, nH, nI))
        model.set_param("b", model.ops.alloc1f(nH))
        model.set_param("u", glorot_uniform(model.ops, 1, nH)[0])


KINDS = {"last": _pool_last, "mean": _pool_mean, "max": _pool_max, "attention": _pool_attention}
