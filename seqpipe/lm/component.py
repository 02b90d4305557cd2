"""The factory `ngram_lm` with its default config. Light at import."""

from typing import Any

from spacy.language import Language


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
    default_score_weights={"lm_score": 1.0, "lm_perplexity": 0.0},
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
    )
