"""Reasons: how much each word of a text speaks for a label. Gradient times input (Denil et al.
2014) for every model, attention (Yang et al. 2016) where the model has it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.layers.model_gradients import forget_gradients
from seqpipe.layers.pooling import pooling_weights
from seqpipe.pipelines import only_component, run_before
from seqpipe.reporting.reasons import Explanation

from .gold import MULTILABEL
from .long_texts import read_tokens
from .text_pipe import TextClassifier

GRADIENT, ATTENTION = "gradient", "attention"


def explain(
    classifier: TextClassifier | Language,
    doc: Doc | str,
    *,
    label: str | None = None,
    method: str = GRADIENT,
    component: str = "",
) -> Explanation:
    """Weigh the words of a text, and set each one's weight as `token._.class_weight`.

    A word is one of spaCy's tokens: all that the classifier reads of a token comes in through the
    one vector that its tok2vec gives it, so its subwords and characters are summed up in it, and
    those of a listener's transformer too.

    "gradient": Σ_d x_d ∂s/∂x_d, with x the token's vector `(width,)`: what s loses, to first
    order, if the vector is taken away. Li et al. (2016) look at the size of the derivative alone,
    which has no sign. Where labels exclude each other, s is the label's logit less the mean of the
    others': the softmax knows logits by their differences alone, and a word that raises all of
    them speaks for none (Yin & Neubig 2022 contrast two labels so). With two labels s is
    log p / (1 - p), as it is in a multilabel model, where s is the label's logit. It is not the
    log-probability, whose gradient vanishes when the model is sure (Simonyan et al. 2014, section
    2, take the logit too). In a model that is linear in the vectors the weights sum to s less its
    value for a text without words.

    "attention": α of the pooling layer, positive and of sum 1. It says where the model looked, for
    whatever label, and not which one a word speaks for (Jain & Wallace 2019).

    classifier (TextClassifier / Language): The component, or a pipeline that has one.
    doc (Doc / str): The text. A Doc has what the components before have set; a string, which needs
        a pipeline, is run through these.
    label (str): The label; by default the most probable one.
    method (str): "gradient" or "attention".
    component (str): Its name in the pipeline, if there are several.
    RETURNS (Explanation): The weights, 0.0 for words beyond what the model reads of a long text,
        which `read` tells apart. The model is as it was before, gradients that it holds included.
    RAISES (InputError): If the label or the component is unknown, or there is no attention.
    """
    pipe = classifier
    if isinstance(pipe, Language):
        pipe = find_classifier(pipe, component)
    if isinstance(doc, str):
        if not isinstance(classifier, Language):
            raise InputError("a string needs the pipeline that it is run through, expected a Doc")
        doc = next(run_before(classifier, pipe, [classifier.make_doc(doc)]))
    weigh = {GRADIENT: _gradient_times_input, ATTENTION: _attention}.get(method)
    if weigh is None:
        raise InputError(f"method = {method!r}: expected {GRADIENT!r} or {ATTENTION!r}")
    probabilities = pipe.predict([doc])[0]
    index = int(np.argmax(probabilities)) if label is None else _index(pipe, label)
    weights = weigh(pipe, doc, index)
    for token, weight in zip(doc, weights.tolist(), strict=True):
        token._.class_weight = weight
    return Explanation(
        words=tuple(token.text for token in doc),
        spaces=tuple(token.whitespace_ for token in doc),
        weights=tuple(weights.tolist()),
        read=tuple(_is_read(pipe, len(doc)).tolist()),
        label=pipe.labels[index],
        probability=float(probabilities[index]),
        method=method,
    )


def find_classifier(nlp: Language, name: str = "", *, path: Path | None = None) -> TextClassifier:
    """The classifier of that name in a pipeline, or the only one.

    nlp (Language): The pipeline.
    name (str): Its name, or nothing.
    path (Path): Where the pipeline comes from, for the message.
    RETURNS (TextClassifier): The component.
    RAISES (InputError): If there is none, or more than one and no name.
    """
    called = "rnn_textcat or rnn_sentiment"
    return only_component(nlp, TextClassifier, called, name=name, path=path)


def _index(pipe: TextClassifier, label: str) -> int:
    if label in pipe.labels:
        return pipe.labels.index(label)
    near = difflib.get_close_matches(label, pipe.labels)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise InputError(
        f"label {label!r}: {hint or 'expected one of ' + ', '.join(map(repr, pipe.labels))}"
    )


def _gradient_times_input(pipe: TextClassifier, doc: Doc, index: int) -> np.ndarray:
    body = pipe.model.get_ref("body")
    (X,) = pipe.model.get_ref("tok2vec").predict([doc])
    with _as_in_prediction(body):
        logits, backprop = body([X], is_train=True)
        (dX,) = backprop(_gradient_of_score(pipe, logits, index))
    return body.ops.to_numpy((X * dX).sum(axis=1)).astype("float64")


def _gradient_of_score(pipe: TextClassifier, logits: Any, index: int) -> Any:
    """The gradient of s with respect to the logits, `(1, labels)`."""
    of_others = 0.0 if pipe.kind == MULTILABEL else -1.0 / (len(pipe.labels) - 1)
    gradient = logits * 0 + of_others
    gradient[0, index] = 1.0
    return gradient


def _attention(pipe: TextClassifier, doc: Doc, index: int) -> np.ndarray:
    pooling, body = pipe.model.get_ref("pooling"), pipe.model.get_ref("body")
    if pooling.attrs["kind"] != "attention":
        raise InputError(
            f"{pipe.name}: its pooling is {pooling.attrs['kind']!r}, so it has no attention "
            f"weights; expected pooling = 'attention' in its config, or method = {GRADIENT!r}"
        )
    steps: Any = pipe.model.get_ref("tok2vec").predict([doc])
    for layer in body.layers[: body.layers.index(pooling)]:
        steps = layer.predict(steps)
    (alpha,) = pooling_weights(pooling, steps)
    weights = np.zeros(len(doc))
    weights[_is_read(pipe, len(doc))] = body.ops.to_numpy(alpha)
    return weights


def _is_read(pipe: TextClassifier, length: int) -> np.ndarray:
    """Which tokens of a text the model reads, `(length,)`."""
    is_read = np.zeros(length, dtype=bool)
    for part in read_tokens(pipe.model.get_ref("cut"), length):
        is_read[part] = True
    return is_read


@contextmanager
def _as_in_prediction(model: Model) -> Iterator[None]:
    """Let a pass forward and back go without dropout, and leave no trace of it in the model."""
    rates = [
        (node, key, rate)
        for node in model.walk()
        for key, rate in node.attrs.items()
        if key.endswith("dropout_rate")
    ]
    gradients = [
        (node, name, node.get_grad(name).copy())
        for node in model.walk()
        for name in node.param_names
        if node.has_grad(name)
    ]
    for node, key, _ in rates:
        node.attrs[key] = 0.0
    try:
        yield
    finally:
        forget_gradients(model)
        for node, name, gradient in gradients:
            node.set_grad(name, gradient)
        for node, key, rate in rates:
            node.attrs[key] = rate
