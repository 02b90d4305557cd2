"""The pipeline's word vectors as a layer, frozen or as a table of its own that is fine-tuned
(Collobert et al. 2011, section 4.5; Lample et al. 2016, section 4.2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy
from spacy.attrs import LOWER, ORTH
from spacy.strings import get_string_id
from spacy.vectors import Mode
from thinc.api import Model, Ops, get_array_module

from seqpipe.files import InputError
from seqpipe.layers.embed import embedding
from seqpipe.layers.resize import resize

FROZEN, TUNED = "frozen", "tuned"
LEARNED_ATTRS = ("scale", "keys", "rows")  # that belong to what was learned, as parameters do
UNKNOWN_ROW = 0


def pretrained(mode: str, std: float) -> Model[Any, Any]:
    """From `(texts, vectors)`, n words and spaCy's vectors, to a vector for each, `(n, nO)`.

    A word is looked up as written, and if that fails lower-cased. One that has no vector either way
    reads a row that is learned in both modes, and starts at zero.

    mode (str): "frozen" reads spaCy's vectors, of any kind, at every call. "tuned" has a table,
        copied from them at initialisation, which is learned and saved with the model; later it does
        not look at them.
    std (float): All vectors are multiplied by one number, such that at initialisation this is the
        standard deviation of their values. 0 leaves them as they are.
    RETURNS (Model): Its nO is the width of the vectors.
    RAISES (InputError): If the mode is unknown or the deviation is none.
    """
    if mode not in (FROZEN, TUNED):
        raise InputError(f"vectors = {mode!r}: expected 'none', {FROZEN!r} or {TUNED!r}")
    if not 0.0 <= std < math.inf:
        raise InputError(f"vectors_std = {std}: expected a deviation, or 0 to change nothing")
    nothing = numpy.zeros(0)
    return Model(
        mode,
        _forward_tuned if mode == TUNED else _forward_frozen,
        init=partial(_init, mode, std),
        layers=[embedding()],
        dims={"nO": None},
        # Of a tuned table: the hashes of its words, ascending, and the row of each.
        attrs={"scale": 1.0, "keys": nothing.astype("uint64"), "rows": nothing.astype("int64")},
    )


def _forward_tuned(
    model: Model, inputs: tuple[list[str], Any], is_train: bool
) -> tuple[Any, Callable[[Any], Any]]:
    texts, _ = inputs
    ids = _rows(partial(_find, model.attrs["keys"], model.attrs["rows"]), texts)
    ids[ids < 0] = UNKNOWN_ROW
    return model.layers[0](model.ops.xp.asarray(ids), is_train)


def _forward_frozen(
    model: Model, inputs: tuple[list[str], Any], is_train: bool
) -> tuple[Any, Callable[[Any], Any]]:
    xp, table, (texts, vectors) = model.ops.xp, model.layers[0], inputs
    V, has_none = _look_up(model.ops, vectors, texts, model.get_dim("nO"))
    unknown = xp.asarray(numpy.flatnonzero(has_none))
    learned, backprop_learned = table(xp.full_like(unknown, UNKNOWN_ROW), is_train)
    Y = V.astype(learned.dtype) * model.attrs["scale"]
    Y[unknown] = learned

    def backprop(dY: Any) -> Any:
        return backprop_learned(dY[unknown])

    return Y, backprop


def _look_up(ops: Ops, vectors: Any, texts: list[str], width: int) -> tuple[Any, numpy.ndarray]:
    """Vectors of words, `(n, width)`, and which of the words have none, `(n,)`."""
    if not texts:  # nor any vectors, if there is no doc
        return ops.alloc2f(0, width), numpy.zeros(0, dtype=bool)
    _check_vectors(FROZEN, vectors, width)
    if not _is_table(vectors):
        # Such vectors, floret's say, are made of parts of a word: every word has one.
        return ops.asarray2f(_composed(vectors, texts)), numpy.zeros(len(texts), dtype=bool)
    rows = _rows(lambda words: ops.to_numpy(vectors.find(keys=words)), texts)
    return ops.asarray2f(vectors.data[get_array_module(vectors.data).asarray(rows)]), rows < 0


def _composed(vectors: Any, texts: list[str]) -> Any:
    """Vectors of words from such as are no table, `(n, width)`."""
    is_lower = getattr(vectors, "attr", ORTH) == LOWER
    return vectors.get_batch([text.lower() for text in texts] if is_lower else texts)


def _rows(find: Callable[[list[str]], numpy.ndarray], texts: list[str]) -> numpy.ndarray:
    """The row of each word as written, or else lower-cased; -1 if it has none, `(n,)`."""
    rows = find(texts)
    missing = numpy.flatnonzero(rows < 0)
    rows[missing] = find([texts[i].lower() for i in missing.tolist()])
    return rows


def _find(keys: numpy.ndarray, rows: numpy.ndarray, texts: list[str]) -> numpy.ndarray:
    """The row of each word among those with these hashes; -1 if it is not among them."""
    wanted = numpy.array([get_string_id(text) for text in texts], dtype="uint64")
    places = numpy.searchsorted(keys, wanted)
    places[places == len(keys)] = 0
    return numpy.where(keys[places] == wanted, rows[places], -1)


def _is_table(vectors: Any) -> bool:
    """Whether there is one row for each of some words, and nothing for others."""
    return getattr(vectors, "mode", None) == Mode.default


def _init(
    mode: str,
    std: float,
    model: Model,
    X: tuple[Sequence[str], Any] | None = None,
    Y: Any = None,
) -> None:
    """X is all words of the training data, and spaCy's vectors."""
    if X is None:
        raise ValueError("expected words and vectors to initialise from")
    words, vectors = X
    _check_vectors(mode, vectors)
    if mode == TUNED and not _is_table(vectors):
        raise InputError(
            f"vectors = {TUNED!r}: the pipeline's vectors are no table of words that could be "
            f"copied (floret's, or a plugin's own), expected {FROZEN!r} with such"
        )
    width, table = int(vectors.shape[1]), model.layers[0]
    data = _known_rows(model.ops, vectors, list(words))
    model.attrs["scale"] = _scale(mode, data, std)
    if mode == TUNED:
        _take_keys(model, vectors)
    else:
        data = data[:0]
    model.set_dim("nO", width, force=True)
    resize(table, "nO", width)
    resize(table, "nV", 1 + len(data))
    unknown = numpy.zeros((1, width), dtype=data.dtype)
    E: Any = numpy.concatenate([unknown, data * model.attrs["scale"]])
    table.set_param("E", model.ops.asarray2f(E))


def _known_rows(ops: Ops, vectors: Any, words: list[str]) -> numpy.ndarray:
    """Every row of a table that a word has, ascending; of other vectors those of these words."""
    if _is_table(vectors):
        return ops.to_numpy(vectors.data)[_used(vectors)]
    return ops.to_numpy(_composed(vectors, words))


def _used(vectors: Any) -> numpy.ndarray:
    """The rows of a table that a word has, ascending. spaCy's tables have spare rows."""
    return numpy.unique(numpy.fromiter(vectors.key2row.values(), dtype="int64"))


def _take_keys(model: Model, vectors: Any) -> None:
    """Remember which row each word of a table has in the copy, where the first is the unknown's."""
    pairs = sorted(vectors.key2row.items())
    rows = numpy.array([row for _, row in pairs], dtype="int64")
    model.attrs["keys"] = numpy.array([key for key, _ in pairs], dtype="uint64")
    model.attrs["rows"] = 1 + numpy.searchsorted(_used(vectors), rows)


def _scale(mode: str, data: numpy.ndarray, std: float) -> float:
    found = float(data.std(dtype="float64")) if data.size else 0.0
    if not 0.0 < found < math.inf:
        raise InputError(
            f"vectors = {mode!r}: the standard deviation of the pipeline's vectors is {found}, "
            "expected vectors of finite numbers that differ"
        )
    return std / found if std else 1.0


def _check_vectors(mode: str, vectors: Any, expected: int | None = None) -> None:
    width = int(vectors.shape[1])
    if not width:
        raise InputError(
            f"vectors = {mode!r}: the pipeline has no vectors, expected some in [initialize] "
            "vectors, or from a component that learns them and stands before this one"
        )
    if expected is not None and width != expected:
        raise InputError(
            f"vectors = {mode!r}: the pipeline's vectors have {width} dimensions, "
            f"expected {expected} as in training"
        )
