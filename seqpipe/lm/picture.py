"""A doc and what a language model says of it, as `seqpipe.reporting.surprisal` shows it."""

from __future__ import annotations

import math

from spacy.tokens import Doc, Token

from seqpipe.reporting.surprisal import Piece, SurprisalText

from .annotations import NATS_A_UNIT
from .language_model import LanguageModel, sentences_of
from .scores import total


def surprisal_text(model: LanguageModel, doc: Doc, *, unit: str | None = None) -> SurprisalText:
    """Let a model score a doc.

    model (LanguageModel): Scores it.
    doc (Doc): A doc, which stays as it is. Each of its sentences is scored, or all of it as one.
    unit (Optional[str]): "nats", "bits" or "log10"; by default the model's.
    RETURNS (SurprisalText): Each token with its surprisal.
    """
    unit = unit or model.unit
    scale = NATS_A_UNIT[unit]
    (scores,) = model.sentence_scores([doc])
    said: dict[int, tuple[float, bool]] = {}
    ends: dict[int, Piece] = {}
    sentences = sentences_of(doc, spaces=model.reads_spaces)
    for tokens, score in zip(sentences, scores, strict=True):
        # abs: a certain token has 0, and not -0.
        values = [abs(value) / scale for value in score.log_probs.tolist()]
        flags = score.is_unknown.tolist()
        said.update({t.i: found for t, *found in zip(tokens, values, flags, strict=False)})  # type: ignore[misc]
        if len(values) > len(tokens):
            ends[tokens[-1].i] = Piece(score.tokens[-1], "", values[-1], is_end=True)
    pieces = [piece for token in doc for piece in _pieces(token, said, ends)]
    return SurprisalText(
        pieces=tuple(pieces),
        model=model.name,
        unit=unit,
        predictable=model.predictable,
        blind=math.log(model.predictable) / scale,
        perplexity=total(scores).perplexity,
    )


def _pieces(
    token: Token, said: dict[int, tuple[float, bool]], ends: dict[int, Piece]
) -> list[Piece]:
    """A token, and the end of a sentence if one is predicted behind it."""
    surprisal, is_unknown = said.get(token.i, (None, False))
    end = ends.get(token.i)
    if end is None:
        return [Piece(token.text, token.whitespace_, surprisal, is_unknown)]
    behind = Piece(end.text, token.whitespace_, end.surprisal, is_end=True)
    return [Piece(token.text, " ", surprisal, is_unknown), behind]
