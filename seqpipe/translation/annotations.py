"""What a translator sets on Docs: `doc._.translation`, `doc._.translations`, `doc._.attention`.

translation (str): The best translation. translations (List[dict]): All that were asked for, best
first: text, log_prob, score, finished, pieces, log_probs. attention (np.ndarray): float32
(pieces of the best translation, tokens of the doc); None of a model without attention, and once
the translation is another than the one it was made with. `references` is gold, a list of strings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from spacy.tokens import Doc

from seqpipe.references import TRANSLATION

from .translation import Translation

TRANSLATIONS, ATTENTION, ATTENDED = "translations", "attention", "attended"


def set_translations(doc: Doc, found: list[Translation], attention: np.ndarray | None) -> None:
    """Set what was found.

    doc (Doc): Is annotated.
    found (List[Translation]): Best first, one at least.
    attention (Optional[np.ndarray]): float32 (T, tokens of the doc), of the best.
    """
    doc._.set(TRANSLATION, found[0].text)
    doc._.set(TRANSLATIONS, [translation.as_dict() for translation in found])
    kept = None if attention is None else [found[0].text, attention.shape, attention.tobytes()]
    doc._.set(ATTENDED, kept)


def _attention(doc: Doc) -> Any:
    kept = doc._.get(ATTENDED)
    if kept is None or kept[0] != doc._.get(TRANSLATION) or kept[1][1] != len(doc):
        return None
    return np.frombuffer(kept[2], dtype=np.float32).reshape(kept[1])


def _set_extensions() -> None:
    # The user may have set them before.
    for name in (TRANSLATIONS, ATTENDED):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)
    if not Doc.has_extension(ATTENTION):
        Doc.set_extension(ATTENTION, getter=_attention)


_set_extensions()
