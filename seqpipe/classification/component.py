"""The factories `rnn_textcat` and `rnn_sentiment` with their default configs. Light at import."""

from collections.abc import Callable
from typing import Any, Literal

from spacy.language import Language
from thinc.api import Config, Model

from .text_pipe import SENTIMENT, TextClassifier

DEFAULT_MODEL = """
[model]
@architectures = "seqpipe.RNNClassifier.v1"
pooling = "max"
max_tokens = 0
long_texts = "start"

[model.tok2vec]
@architectures = "seqpipe.WordFeatures.v1"
width = 100
features = []
feature_width = 25
static_vectors = 0
unk_rate = 0.5
vectors = "none"
vectors_std = 0.25
characters = null

[model.tok2vec.vocabulary]
@misc = "seqpipe.Vocabulary.v1"
max_size = 30000
min_count = 1
lower = true
zero_digits = true

[model.encoder]
@layers = "seqpipe.LSTM.v1"
nO = 200
bi = true
depth = 1
dropout = 0.0
"""

SCORE_WEIGHTS = {
    "cats_acc": 1.0,
    "cats_macro_f": 0.0,
    "cats_ece": None,
    "cats_f_per_type": None,
    "cats_confusion": None,
}
COMMON = {
    "model": Config().from_str(DEFAULT_MODEL)["model"],
    "class_weights": None,
    "max_gradient_norm": 5.0,
    "max_gradient_value": 0.0,
    "scorer": {"@scorers": "seqpipe.ClassScorer.v1"},
}


@Language.factory(
    "rnn_textcat",
    assigns=["doc.cats"],
    default_config={**COMMON, "kind": "exclusive", "threshold": 0.5},
    default_score_weights=SCORE_WEIGHTS,
)
def make_rnn_textcat(
    nlp: Language,
    name: str,
    model: Model,
    kind: Literal["exclusive", "multilabel"],
    threshold: float,
    class_weights: dict[str, float] | str | None,
    max_gradient_norm: float,
    max_gradient_value: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> TextClassifier:
    """The classes of a whole text, in `doc.cats`.

    model (Model): From docs to logits: `seqpipe.RNNClassifier.v1` or `seqpipe.AverageEmbedding.v1`.
    kind (str): "exclusive": one class a text, the probabilities sum to one. "multilabel": each
        label for itself; one that a reference does not name is not annotated.
    threshold (float): For scores of "multilabel": a label that reaches it counts as given.
    class_weights: What an error costs, by label; "balanced" gives rare classes more, such that all
        have the same in sum; null makes no difference between them.
    max_gradient_norm (float): Gradients of a greater norm are scaled down to it; 0 turns it off.
    max_gradient_value (float): Each value of the gradients is cut to ± this bound; 0 turns it off.
    scorer (Callable): The scorer.
    """
    return TextClassifier(
        nlp.vocab,
        model,
        name,
        kind=kind,
        threshold=threshold,
        class_weights=class_weights,
        values=None,
        max_gradient_norm=max_gradient_norm,
        max_gradient_value=max_gradient_value,
        scorer=scorer,
    )


@Language.factory(
    "rnn_sentiment",
    assigns=["doc.cats", "doc.sentiment", "doc._.stars"],
    default_config={**COMMON, "values": None},
    default_score_weights={**SCORE_WEIGHTS, "stars_mae": None},
)
def make_rnn_sentiment(
    nlp: Language,
    name: str,
    model: Model,
    class_weights: dict[str, float] | str | None,
    values: dict[str, float] | None,
    max_gradient_norm: float,
    max_gradient_value: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> TextClassifier:
    """`rnn_textcat` for polarity and stars: exclusive classes in an order.

    Beside `doc.cats` it sets `doc.sentiment`, the expected value on a scale from -1, the least of
    the labels, to 1, and `doc._.stars`, the expected value itself, where labels are numbers.

    values (Dict[str, float]): The number that each label stands for. Without it numbers stand for
        themselves, and "negative", "neutral", "positive" (or "neg", "neu", "pos", and "very
        negative" and the like) for -1, 0 and 1.
    model, class_weights, max_gradient_norm, max_gradient_value, scorer: As for `rnn_textcat`.
    RETURNS (TextClassifier): The component.
    """
    return TextClassifier(
        nlp.vocab,
        model,
        name,
        kind=SENTIMENT,
        threshold=0.5,
        class_weights=class_weights,
        values=values,
        max_gradient_norm=max_gradient_norm,
        max_gradient_value=max_gradient_value,
        scorer=scorer,
    )
