"""Two readers of a whole text: the average of its embeddings, and a recurrent network over them."""

# No future import of annotations: confection reads these.
from typing import Any

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Dropout, Linear, Model, Relu, chain
from thinc.types import Floats2d

from seqpipe.files import InputError
from seqpipe.layers.dropout import packed_dropout, word_dropout
from seqpipe.layers.packed import list2packed
from seqpipe.layers.pooling import Pooling
from seqpipe.layers.shapes import check_encoder

from .long_texts import WINDOWS, cut, in_windows


@registry.architectures("seqpipe.AverageEmbedding.v1")
def AverageEmbedding(
    tok2vec: Model[list[Doc], list[Floats2d]],
    word_dropout_rate: float = 0.3,
    hidden_width: int = 0,
    hidden_depth: int = 0,
    max_tokens: int = 0,
    long_texts: str = "start",
) -> Model[list[Doc], Floats2d]:
    """The deep averaging network (Iyyer et al. 2015, section 3): z = Σ v_w / n, then hidden layers,
    then W z + b. Without hidden layers it is the lecture's simple model of sentiment.

    tok2vec (Model): A vector for each token: `seqpipe.WordFeatures.v1`, or a listener.
    word_dropout_rate (float): In training each word is left out of the average with this
        probability (their section 3.1).
    hidden_width (int): Units of a hidden layer.
    hidden_depth (int): Hidden layers, with ReLU and dropout.
    max_tokens (int): Of longer texts only so many tokens are read; 0 reads all.
    long_texts (str): Which of them: see `seqpipe.RNNClassifier.v1`. An average reads all with
        "windows".
    RETURNS (Model): From docs to logits, `(docs, nO)`.
    RAISES (InputError): If only one of width and depth of the hidden layers is 0.
    """
    if hidden_depth < 0 or hidden_width < 0 or bool(hidden_depth) != bool(hidden_width):
        raise InputError(
            f"hidden_depth = {hidden_depth}, hidden_width = {hidden_width}: "
            "expected layers and their width, or 0 of both"
        )
    hidden = [Relu(hidden_width, dropout=0.0) for _ in range(hidden_depth)]
    reading: list[Model[Any, Any]] = [
        list2packed(),
        word_dropout(word_dropout_rate),
        packed_dropout(),
    ]
    cut_layer = cut(max_tokens, long_texts)
    return _classifier(tok2vec, cut_layer, reading, Pooling("mean"), hidden, encoder=None)


@registry.architectures("seqpipe.RNNClassifier.v1")
def RNNClassifier(
    tok2vec: Model[list[Doc], list[Floats2d]],
    encoder: Model[Any, Any],
    pooling: str = "max",
    max_tokens: int = 0,
    long_texts: str = "start",
) -> Model[list[Doc], Floats2d]:
    """A recurrent network over the whole text, pooled to one vector: many to one.

    tok2vec (Model): A vector for each token: `seqpipe.WordFeatures.v1`, or a listener.
    encoder (Model): `seqpipe.LSTM.v1`, or any `seqpipe.Recurrent.v1`.
    pooling (str): "last" (of each direction), "mean", "max" or "attention" (Yang et al. 2016).
        There is no padding that could leak into it.
    max_tokens (int): Of longer texts only so many tokens are read; 0 reads all.
    long_texts (str): Which of them: the "start", the "end", or "both", half of each; or "windows":
        all are read, in windows of that many tokens, and the pooling is over all windows.
    RETURNS (Model): From docs to logits, `(docs, nO)`. There is dropout at the rate of `[training]
        dropout` before the encoder, one mask a text, and after the pooling.
    RAISES (InputError): If the pooling would see a part of the windows alone.
    """
    check_encoder(encoder)
    if pooling == "last" and long_texts == WINDOWS:
        raise InputError(
            f"pooling = 'last' with long_texts = {WINDOWS!r}: it would see the first and the last "
            "window alone; expected 'mean', 'max' or 'attention'"
        )
    pool: Model[Any, Any] = Pooling(pooling, bi=pooling == "last" and encoder.attrs["bi"])
    cut_layer = cut(max_tokens, long_texts)
    reader = in_windows(encoder, max_tokens) if long_texts == WINDOWS else encoder
    reading: list[Model[Any, Any]] = [list2packed(), packed_dropout(), reader]
    return _classifier(tok2vec, cut_layer, reading, pool, [], encoder=encoder)


def _classifier(
    tok2vec: Model[list[Doc], list[Floats2d]],
    cut_layer: Model[Any, Any],
    reading: list[Model[Any, Any]],
    pooling: Model[Any, Any],
    hidden: list[Model[Any, Any]],
    *,
    encoder: Model[Any, Any] | None,
) -> Model[list[Doc], Floats2d]:
    output: Model[Floats2d, Floats2d] = Linear()
    layers = [cut_layer, *reading, pooling, Dropout(0.0), *hidden, output]
    body: Model[Any, Floats2d] = chain(*layers)
    model: Model[list[Doc], Floats2d] = chain(tok2vec, body)
    refs: dict[str, Model[Any, Any] | None] = {
        "tok2vec": tok2vec,
        "body": body,
        "cut": cut_layer,
        "encoder": encoder,
        "pooling": pooling,
        "output_layer": output,
    }
    for name, node in refs.items():
        model.set_ref(name, node)
    return model
