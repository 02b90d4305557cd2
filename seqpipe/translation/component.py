"""The factory of `rnn_translator` with its default config. Light at import."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Model

DEFAULT_MODEL = {
    "@architectures": "seqpipe.RNNTranslator.v1",
    "feeding": "none",
    "width": 256,
    "tied": "none",
    "joint": False,
    "dropout_per": "element",
    "source": {"@misc": "seqpipe.SourceUnits.v1", "unit": "word", "min_count": 2},
    "target": {
        "@misc": "seqpipe.TargetUnits.v1",
        "unit": "word",
        "split": "punctuation",
        "min_count": 2,
    },
    "encoder": {"@layers": "seqpipe.GRU.v1", "nO": 512, "bi": True, "depth": 1},
    "decoder": {"@layers": "seqpipe.GRU.v1", "nO": 512, "bi": False, "depth": 1},
    "attention": {"@layers": "seqpipe.Attention.v1", "score": "general"},
    "output": {"@layers": "seqpipe.FullSoftmax.v1", "label_smoothing": 0.0},
}
DEFAULT_SEARCH = {
    "width": 5,
    "normalisation": "length",
    "alpha": 0.7,
    "coverage": 0.0,
    "n_best": 1,
    "min_length": 0,
    "no_repeat": 0,
    "max_ratio": 2.0,
}


@Language.factory(
    "rnn_translator",
    assigns=["doc._.translation", "doc._.translations", "doc._.attention"],
    default_config={
        "model": DEFAULT_MODEL,
        "search": DEFAULT_SEARCH,
        "max_source": 500,
        "truncate": False,
        "replace_unknown": False,
        "target_lang": "xx",
        "max_gradient_norm": 5.0,
        "max_gradient_value": 0.0,
        "scorer": {"@scorers": "seqpipe.BleuScorer.v1"},
    },
    default_score_weights={"bleu": 1.0, "exact_match": 0.0},
)
def make_rnn_translator(
    nlp: Language,
    name: str,
    model: Model,
    search: dict[str, Any],
    max_source: int,
    truncate: bool,
    replace_unknown: bool,
    target_lang: str,
    max_gradient_norm: float,
    max_gradient_value: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> Any:
    """A recurrent encoder-decoder: sets `doc._.translation`, learns from
    `reference._.references`, a list of strings.

    model (Model): `seqpipe.RNNTranslator.v1`.
    search (Dict[str, Any]): The beam search; see `seqpipe.translation.search.SearchOptions`.
    max_source (int): Pieces of a source at most.
    truncate (bool): Cut a longer one; else it is an error.
    replace_unknown (bool): Put the source word that an <UNK> attends to most in its place, or that
        word's entry in the lexicon of [initialize.components.NAME]. The target's unit must be
        "word".
    target_lang (str): The target's language, one that spaCy knows, by whose rules `target_doc`
        tells tokens apart.
    max_gradient_norm (float): A step whose gradients have a greater norm is scaled down; 0: none.
    max_gradient_value (float): Each value of the gradients is cut to ± this bound; 0: none.
    scorer (Callable): `seqpipe.BleuScorer.v1`.
    RETURNS (RNNTranslator): The component.
    RAISES (InputError): If a setting of the search is unknown or out of range.
    """
    from seqpipe.files import InputError

    from .rnn_translator import RNNTranslator
    from .search import SearchOptions

    unknown = set(search) - set(DEFAULT_SEARCH)
    if unknown:
        raise InputError(
            f"[components.{name}.search]: {min(unknown)} is no setting: expected one of "
            f"{', '.join(DEFAULT_SEARCH)}"
        )
    try:
        options = SearchOptions(**search)
    except InputError as error:
        raise InputError(f"[components.{name}.search]: {error}") from None
    return RNNTranslator(
        nlp.vocab,
        model,
        name,
        options=options,
        max_source=max_source,
        truncate=truncate,
        replace_unknown=replace_unknown,
        target_lang=target_lang,
        max_gradient_norm=max_gradient_norm,
        max_gradient_value=max_gradient_value,
        scorer=scorer,
    )
