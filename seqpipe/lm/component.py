"""The factories of language models with their default configs. Light at import."""

from typing import Any

from spacy.language import Language
from thinc.api import Model


@Language.factory(
    "ngram_lm",
    default_config={
        "order": 3,
        "smoothing": "kneser_ney",
        "k": 1.0,
        "min_count": 1,
        "max_vocabulary": None,
        "lower": False,
        "unit": "nats",
    },
    default_score_weights={"lm_score": 1.0, "lm_perplexity": None},
)
def make_ngram_lm(
    nlp: Language,
    name: str,
    order: int,
    smoothing: str,
    k: float,
    min_count: int,
    max_vocabulary: int | None,
    lower: bool,
    unit: str,
) -> Any:
    """A language model that counts: the probability of each word after the order - 1 before it.

    order (int): Words of the longest n-grams, with the one that is predicted.
    smoothing (str): "kneser_ney" (interpolated and modified), "add_k" or "maximum_likelihood".
    k (float): What "add_k" adds to each count.
    min_count (int): A word that stands less often than this is unknown.
    max_vocabulary (Optional[int]): How many words there are at most, the most frequent ones.
    lower (bool): Words are lower-cased.
    unit (str): "nats", "bits" or "log10", for `doc._.log_prob` and `token._.surprisal`.
    """
    from .ngram_lm import NgramLM
    from .streams import makes_characters

    return NgramLM(
        nlp.vocab,
        name,
        order=order,
        smoothing=smoothing,
        k=k,
        min_count=min_count,
        max_vocabulary=max_vocabulary,
        lower=lower,
        unit=unit,
        spaces=makes_characters(nlp),
    )


DEFAULT_MODEL = {
    "@architectures": "seqpipe.RNNLM.v1",
    "tied": False,
    "first": "zero",
    "dropout_per": "element",
    "tok2vec": {
        "@architectures": "seqpipe.WordFeatures.v1",
        "width": 200,
        "features": [],
        "unk_rate": 0.0,
        "vocabulary": {"@misc": "seqpipe.Vocabulary.v1", "max_size": 10_000, "min_count": 2},
    },
    "encoder": {
        "@layers": "seqpipe.LSTM.v1",
        "nO": 200,
        "bi": False,
        "depth": 2,
        "dropout_per": "element",
    },
    "output": {"@layers": "seqpipe.FullSoftmax.v1"},
}


@Language.factory(
    "rnn_lm",
    default_config={
        "model": DEFAULT_MODEL,
        "ends": True,
        "context": "sentence",
        "unit": "nats",
        "max_gradient_norm": 5.0,
        "max_gradient_value": 0.0,
    },
    default_score_weights={"lm_score": 1.0, "lm_perplexity": None},
)
def make_rnn_lm(
    nlp: Language,
    name: str,
    model: Model,
    ends: bool,
    context: str,
    unit: str,
    max_gradient_norm: float,
    max_gradient_value: float,
) -> Any:
    """A recurrent language model, over the words or characters that the tokenizer makes.

    model (Model): `seqpipe.RNNLM.v1`.
    ends (bool): <EOS> closes each sentence and is predicted; no for texts that run on, such as most
        that are read by character.
    context (str): "sentence": each sentence is read for itself; "doc": those of a doc one after
        another. Docs without sentences are one. A piece of `seqpipe.TextStreams.v1` is read on from
        where the last one ended.
    unit (str): "nats", "bits" or "log10", for `doc._.log_prob` and `token._.surprisal`.
    max_gradient_norm (float): A step whose gradients have a greater norm is scaled down; 0: none.
        They are those of the mean over tokens: a bound or a learning rate for the sum over the
        steps of a stream is 1/steps of this bound, and steps times this rate.
    max_gradient_value (float): Each value of the gradients is cut to ± this bound; 0: none.
    """
    from .rnn_lm import RNNLM
    from .streams import makes_characters

    return RNNLM(
        nlp.vocab,
        model,
        name,
        ends=ends,
        context=context,
        unit=unit,
        spaces=makes_characters(nlp),
        max_gradient_norm=max_gradient_norm,
        max_gradient_value=max_gradient_value,
    )


@Language.factory(
    "interpolated_lm",
    default_config={
        "models": ["rnn_lm", "ngram_lm"],
        "weights": None,
        "cache": 0,
        "cache_weight": None,
        "unit": "nats",
    },
    default_score_weights={"lm_score": 1.0, "lm_perplexity": None},
)
def make_interpolated_lm(
    nlp: Language,
    name: str,
    models: list[str],
    weights: list[float] | None,
    cache: int,
    cache_weight: float | None,
    unit: str,
) -> Any:
    """A language model that mixes others of its pipeline, token by token: p = Σ λi pi.

    models (List[str]): Their names in the pipeline; they stand before it.
    weights (Optional[List[float]]): λ of each, of sum 1. None: they are learned at initialisation,
        with that of the cache.
    cache (int): How many tokens a cache of the text has, which is one more model; 0 for no cache.
    cache_weight (Optional[float]): λ of the cache, where weights are given; those of the models
        then share what it leaves.
    unit (str): "nats", "bits" or "log10", for `doc._.log_prob` and `token._.surprisal`.
    """
    from .interpolated_lm import InterpolatedLM

    return InterpolatedLM(
        nlp,
        name,
        models=models,
        weights=weights,
        cache=cache,
        cache_weight=cache_weight,
        unit=unit,
    )
