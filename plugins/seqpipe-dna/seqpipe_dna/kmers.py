"""seqpipe_dna.Kmers.v1: each token's vector from the k-mers around it, which overlap its
neighbours'. So tokens tile the text, and overlapping k-mers are what a model sees of them."""

# No future import of annotations: confection reads these.
from collections.abc import Callable
from typing import Any

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Embed, Model
from thinc.types import Floats2d

from seqpipe.files import InputError
from seqpipe_dna.nucleotides import kmer_numbers


@registry.architectures("seqpipe_dna.Kmers.v1")
def Kmers(k: list[int] = [1, 3], width: int = 16) -> Model[list[Doc], list[Floats2d]]:  # noqa: B006
    """Embeddings of k-mers, side by side. There is nothing to learn from the texts beforehand: all
    k-mers of A, C, G and T have a row, and one row is for those with another character or beyond
    the ends. Lower case is read as upper case, U as T.

    k (List[int]): Lengths. The k-mer of a token has the token's middle base in its own middle, just
        right of it where k is even; so the 3-mer of a codon is the codon.
    width (int): Width of the embedding for each length.
    RETURNS (Model): From docs to `(tokens, nO)` each.
    """
    if not k or min(k) < 1 or max(k) > 8 or len(set(k)) < len(k):
        raise InputError(f"k = {k}: expected lengths from 1 to 8, each once")
    if width < 1:
        raise InputError(f"width = {width}: expected at least 1")
    tables: list[Model[Any, Any]] = [Embed(width, 4**length + 1) for length in k]
    return Model(
        "kmers", _forward, init=_init, layers=tables, dims={"nO": width * len(k)}, attrs={"k": k}
    )


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    for table in model.layers:
        table.initialize()


def _forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    xp, width = model.ops.xp, model.layers[0].get_dim("nO")
    ids = [_ids(doc, model.attrs["k"]) for doc in docs]
    flat = xp.asarray(np.concatenate([np.zeros((0, len(model.layers)), dtype="int32"), *ids]))
    calls = [table(flat[:, i], is_train) for i, table in enumerate(model.layers)]
    Y = xp.concatenate([output for output, _ in calls], axis=1)  # (tokens, nO)

    def backprop(dYs: list[Floats2d]) -> list[Doc]:
        dY = xp.concatenate([Y[:0], *dYs])  # there may be no doc
        for i, (_, backprop_table) in enumerate(calls):
            backprop_table(xp.ascontiguousarray(dY[:, i * width : (i + 1) * width]))
        return docs

    ends = np.cumsum([len(doc) for doc in docs]).tolist()
    starts = [0, *ends[:-1]]
    return [Y[start:end] for start, end in zip(starts, ends, strict=bool(docs))], backprop


def _ids(doc: Doc, lengths: list[int]) -> np.ndarray:
    """The number of each token's k-mer, `(tokens, lengths)`."""
    middles = (doc.to_array(IDX) + doc.to_array(LENGTH) // 2).astype("int64")
    columns = []
    for k in lengths:
        padded = " " * (k // 2) + doc.text + " " * (k - 1 - k // 2)
        columns.append(kmer_numbers(padded, k)[middles])
    return np.stack(columns, axis=1).astype("int32")
