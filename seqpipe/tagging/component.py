"""The factories `rnn_tagger` and `rnn_ner` with their default configs. Light at import."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Config, Model

from .ner import RNNEntityRecognizer
from .tagger import RNNTagger

DEFAULT_MODEL = """
[model]
@architectures = "seqpipe.RNNTagger.v1"

[model.tok2vec]
@architectures = "seqpipe.WordFeatures.v1"
width = 100
features = ["shape", "prefix2", "prefix3", "suffix2", "suffix3"]
feature_width = 25
static_vectors = 0
unk_rate = 0.5
vectors = "none"
vectors_std = 0.25

[model.tok2vec.vocabulary]
@misc = "seqpipe.Vocabulary.v1"
max_size = 10000
min_count = 1
lower = true
zero_digits = true

[model.tok2vec.characters]
@layers = "seqpipe.CharacterCNN.v1"
nO = 50
width = 25

[model.encoder]
@layers = "seqpipe.LSTM.v1"
nO = 300
bi = true
depth = 1
dropout = 0.0

[model.head]
@layers = "seqpipe.CRF.v1"
"""

DEFAULT_TAGGER_MODEL = DEFAULT_MODEL.replace("seqpipe.CRF.v1", "seqpipe.TokenSoftmax.v1")


@Language.factory(
    "rnn_tagger",
    assigns=["token.tag"],
    default_config={
        "model": Config().from_str(DEFAULT_TAGGER_MODEL)["model"],
        "target": "tag_",
        "max_gradient_norm": 5.0,
        "max_gradient_value": 0.0,
        "scorer": {"@scorers": "seqpipe.TaggerScorer.v1"},
    },
    default_score_weights={"tag_acc": 1.0},
)
def make_rnn_tagger(
    nlp: Language,
    name: str,
    model: Model,
    target: str,
    max_gradient_norm: float,
    max_gradient_value: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> RNNTagger:
    """A recurrent tagger that gives each token one label.

    model (Model): From docs to the potentials of their labels: `seqpipe.RNNTagger.v1`.
    target (str): What is learned and set: "tag_", or "_.name" for the token extension `name`, whose
        values are read as strings.
    max_gradient_norm (float): Gradients of a greater norm are scaled down to it; 0 turns it off.
    max_gradient_value (float): Each value of the gradients is cut to ± this bound; 0 turns it off.
    scorer (Callable): The scorer.
    """
    return RNNTagger(
        nlp.vocab,
        model,
        name,
        target=target,
        max_gradient_norm=max_gradient_norm,
        max_gradient_value=max_gradient_value,
        scorer=scorer,
    )


@Language.factory(
    "rnn_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": Config().from_str(DEFAULT_MODEL)["model"],
        "scheme": "BILUO",
        "threshold": 0.0,
        "max_gradient_norm": 5.0,
        "max_gradient_value": 0.0,
        "scorer": {"@scorers": "seqpipe.EntityScorer.v1"},
    },
    default_score_weights={
        "ents_f": 1.0,
        "ents_p": 0.0,
        "ents_r": 0.0,
        "ents_per_type": None,
        "ents_ece": None,
    },
)
def make_rnn_ner(
    nlp: Language,
    name: str,
    model: Model,
    scheme: str,
    threshold: float,
    max_gradient_norm: float,
    max_gradient_value: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> RNNEntityRecognizer:
    """A recurrent named-entity recogniser whose entities know their probability.

    model (Model): From docs to the potentials of their tags: `seqpipe.RNNTagger.v1`.
    scheme (str): Tag scheme inside the model: "BILUO", "BIO" or "IOBES".
    threshold (float): Entities of a lower confidence are not set.
    max_gradient_norm (float): Gradients of a greater norm are scaled down to it; 0 turns it off.
    max_gradient_value (float): Each value of the gradients is cut to ± this bound; 0 turns it off.
    scorer (Callable): The scorer.
    """
    return RNNEntityRecognizer(
        nlp.vocab,
        model,
        name,
        scheme=scheme,
        threshold=threshold,
        max_gradient_norm=max_gradient_norm,
        max_gradient_value=max_gradient_value,
        scorer=scorer,
    )
