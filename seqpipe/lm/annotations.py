"""What language models say of a Doc: `doc._.log_prob`, `doc._.perplexity`, `token._.surprisal`.

Each component keeps its own numbers under its name, in one dictionary that is saved with the doc.
Without a name the attributes give what the last component said. They give None for a doc whose
tokens have changed since.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from spacy.attrs import ORTH
from spacy.tokens import Doc, Token

KEPT = "language_models"
NATS_A_UNIT = {"nats": 1.0, "bits": math.log(2), "log10": math.log(10)}


def annotate(
    doc: Doc, name: str, *, log_probs: Sequence[float | None], ends: Sequence[float], unit: str
) -> None:
    """Keep what a model says of a doc, in place of what one of that name said before.

    doc (Doc): Is annotated.
    name (str): The component's.
    log_probs (Sequence[Optional[float]]): In nats, of each token; None for one that the model does
        not read, such as white space.
    ends (Sequence[float]): In nats, of the ends of sentences that it predicts.
    unit (str): "nats", "bits" or "log10", for log-probability and surprisal.
    """
    scale = NATS_A_UNIT[unit]
    read = [*(log_prob for log_prob in log_probs if log_prob is not None), *ends]
    whole = math.fsum(read) if all(map(math.isfinite, read)) else -math.inf
    kept = {found: said for found, said in models_of(doc).items() if found != name}
    kept[name] = {
        "orths": doc.to_array(ORTH).tolist(),
        "unit": unit,
        "log_prob": whole / scale,
        "perplexity": _perplexity(whole, len(read)),
        "surprisals": [None if one is None else abs(one) / scale for one in log_probs],
        "ends": [abs(end) / scale for end in ends],
    }
    doc._.set(KEPT, kept)


def _perplexity(log_prob: float, tokens: int) -> float | None:
    if not tokens:
        return None
    try:
        return math.exp(-log_prob / tokens)
    except OverflowError:
        return math.inf


def models_of(doc: Doc) -> dict[str, dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): What each model said of the tokens as they are now.

    doc (Doc): Maybe annotated.
    """
    kept = doc._.get(KEPT) or {}
    orths = doc.to_array(ORTH).tolist()
    return {
        name: said
        for name, said in kept.items()
        if len(said["surprisals"]) == len(doc) and list(said.get("orths", orths)) == orths
    }


def log_probs_of(doc: Doc, name: str) -> tuple[list[float | None], list[float]] | None:
    """What a model said of a doc, as it was given to `annotate`; None if it said nothing.

    doc (Doc): Maybe annotated.
    name (str): The component's.
    RETURNS (Optional[Tuple]): In nats, of each token and of the ends of sentences.
    """
    said = models_of(doc).get(name)
    if said is None or "ends" not in said:
        return None
    scale = NATS_A_UNIT[said["unit"]]
    tokens = [None if one is None else -one * scale for one in said["surprisals"]]
    return tokens, [-end * scale for end in said["ends"]]


def _last(doc: Doc, what: str) -> Any:
    said = list(models_of(doc).values())
    return said[-1][what] if said else None


def _by_name(doc: Doc, what: str) -> dict[str, Any]:
    return {name: said[what] for name, said in models_of(doc).items()}


def _surprisal(token: Token) -> float | None:
    found = list(_surprisals(token).values())
    return found[-1] if found else None


def _surprisals(token: Token) -> dict[str, float | None]:
    kept = token.doc._.get(KEPT) or {}
    found = {name: said for name, said in kept.items() if _is_of(said, token)}
    return {name: said["surprisals"][token.i] for name, said in found.items()}


def _is_of(said: dict[str, Any], token: Token) -> bool:
    """Whether a token is where it was. All tokens of a doc would take long, for each of them."""
    if len(said["surprisals"]) != len(token.doc):
        return False
    return "orths" not in said or said["orths"][token.i] == token.orth


def _set_extensions() -> None:
    # An extension of the same name that the user's own code set before is left to it.
    if not Doc.has_extension(KEPT):
        Doc.set_extension(KEPT, default=None)
    for what, plural in (("log_prob", "log_probs"), ("perplexity", "perplexities")):
        if not Doc.has_extension(what):
            Doc.set_extension(what, getter=partial(_last, what=what))
        if not Doc.has_extension(plural):
            Doc.set_extension(plural, getter=partial(_by_name, what=what))
    if not Token.has_extension("surprisal"):
        Token.set_extension("surprisal", getter=_surprisal)
    if not Token.has_extension("surprisals"):
        Token.set_extension("surprisals", getter=_surprisals)


_set_extensions()
