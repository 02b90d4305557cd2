"""Scores the translations of docs, `doc._.translation`, against `reference._.references`.

Annotations stay real objects here: spaCy's registry resolves them.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from seqpipe.evaluation.bleu import Bleu, BleuOptions, corpus_scores, sentence_bleu
from seqpipe.files import InputError
from seqpipe.references import TRANSLATION, references_of, translation_of

DEFAULTS = BleuOptions()
BLEU, JUDGED = "bleu", "judged_translation"


@registry.scorers("seqpipe.BleuScorer.v1")
def make_bleu_scorer(
    lowercase: bool = False,
    tokenize: str = "13a",
    smoothing: str = "exp",
    smoothing_value: float | None = None,
    chrf: bool = True,
    ter: bool = False,
) -> Callable[..., dict[str, Any]]:
    """Create the scorer of translations.

    lowercase, tokenize, smoothing, smoothing_value: See `BleuOptions`.
    chrf, ter (bool): Whether to compute them too.
    RETURNS (Callable): score_translations.
    RAISES (InputError): As `BleuOptions`.
    """
    options = BleuOptions(lowercase, tokenize, smoothing, smoothing_value)
    return partial(score_translations, options=options, chrf=chrf, ter=ter)


def score_translations(
    examples: Iterable[Example],
    *,
    options: BleuOptions = DEFAULTS,
    chrf: bool = True,
    ter: bool = False,
    **kwargs: Any,
) -> dict[str, Any]:
    """Score the translations of predicted docs. Docs without references are left out.

    examples (Iterable[Example]): Predictions with `predicted._.translation`, a string, and gold
        with `reference._.references`, a list of strings.
    options, chrf, ter: As for `corpus_scores`.
    RETURNS (Dict[str, Any]): From 0 to 1 as all of spaCy's scores: `bleu`; `bleu_p1` to `bleu_p4`,
        the precisions, smoothed if need be; `bleu_bp`, the brevity penalty; `exact_match`; maybe
        `chrf` and `ter` (edits to a word, so also above 1). Then `bleu_ratio`, the length of the
        translations by that of the references; `bleu_signature`, sacreBLEU's; `bleu_texts`,
        `bleu_left_out` and `bleu_empty`: how many are scored, have no references, and are scored
        but have an empty translation or none. All scores are None if no doc has references.
    RAISES (InputError): If references are no list of strings, a translation is no string, or none
        of the docs with references has a translation.
    """
    judged, left_out = [], 0
    for eg in examples:
        references = references_of(eg.reference)
        if references:
            judged.append((translation_of(eg.predicted), references))
        else:
            left_out += 1
    if judged and all(translation is None for translation, _ in judged):
        raise InputError(
            f"none of {len(judged):,} docs has a translation to score; expected a component in the "
            "pipeline that sets doc._.translation"
        )
    counts = {
        "bleu_texts": len(judged),
        "bleu_left_out": left_out,
        "bleu_empty": sum(not (translation or "").strip() for translation, _ in judged),
    }
    return {**_scores(judged, options, chrf=chrf, ter=ter), **counts}


def _scores(
    judged: list[tuple[str | None, list[str]]], options: BleuOptions, *, chrf: bool, ter: bool
) -> dict[str, Any]:
    asked = {"chrf": chrf, "ter": ter}
    measures = [name for name, is_asked in asked.items() if is_asked]
    parts = ["bleu_p1", "bleu_p2", "bleu_p3", "bleu_p4"]
    if not judged:
        names = ["bleu", *parts, "bleu_bp", "bleu_ratio", "exact_match", *measures]
        return dict.fromkeys([*names, "bleu_signature"])
    translations, references = zip(*judged, strict=True)
    found = corpus_scores(
        [text or "" for text in translations], references, options=options, **asked
    )
    bleu = found.bleu
    return {
        "bleu": _share(bleu),
        **{name: value / 100 for name, value in zip(parts, bleu.precisions, strict=True)},
        "bleu_bp": bleu.brevity_penalty,
        "bleu_ratio": bleu.ratio,
        "exact_match": found.exact_match / 100,
        **{name: getattr(found, name) / 100 for name in measures},
        "bleu_signature": found.signatures["bleu"],
    }


def _share(bleu: Bleu) -> float:
    # The mean of logarithms can come out above that of 100 by a rounding.
    return min(1.0, bleu.score / 100)


def annotate_bleu(doc: Doc, options: BleuOptions) -> None:
    """Keep the BLEU of a doc's translation, if it has one and references: `doc._.bleu`.

    doc (Doc): Is annotated.
    options (BleuOptions): How.
    RAISES (InputError): If its references are no list of strings, or its translation is none.
    """
    references, translation = references_of(doc), translation_of(doc)
    if references and translation is not None:
        (bleu,) = sentence_bleu([translation], [references], options=options)
        doc._.set(JUDGED, [_share(bleu), translation, references])


def _kept_bleu(doc: Doc) -> float | None:
    """The BLEU that was kept, if translation and references are still those that it was of."""
    judged = doc._.get(JUDGED)
    if judged is None:
        return None
    bleu, translation, references = judged
    # A DocBin gives tuples back for lists.
    is_same = translation == doc._.get(TRANSLATION) and list(references) == references_of(doc)
    return bleu if is_same else None


def _set_extensions() -> None:
    # The user may have set them before.
    if not Doc.has_extension(JUDGED):
        Doc.set_extension(JUDGED, default=None)
    if not Doc.has_extension(BLEU):
        Doc.set_extension(BLEU, getter=_kept_bleu)


_set_extensions()
