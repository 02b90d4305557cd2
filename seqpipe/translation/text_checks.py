"""What a translator is given, checked: texts to learn from, to score and to translate."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import get_lang_class

from seqpipe.files import InputError
from seqpipe.references import references_of
from seqpipe.vocabulary.vocabulary import Vocabulary

from .units import Pieces

logger = logging.getLogger("seqpipe")

NEVER_WRITTEN = (Vocabulary.PAD, Vocabulary.BOS, Vocabulary.EOS)
"""What no search writes before the end."""


def check_language(name: str, target_lang: str) -> None:
    """Refuse a language without rules for its tokens.

    name (str): The component's.
    target_lang (str): The language's code.
    RAISES (InputError): If spaCy does not know it.
    """
    try:
        get_lang_class(target_lang)
    except ImportError:
        raise InputError(
            f"{name}: target_lang = {target_lang!r}: expected the code of a language that spaCy "
            'knows, such as "en", or "xx" for any'
        ) from None


def learned_references(name: str, doc: Doc) -> list[str]:
    """RETURNS (List[str]): The references of a doc to learn from, none if it has none.

    name (str): The component's.
    doc (Doc): Holds the source text.
    RAISES (InputError): If one is empty or white space.
    """
    found = references_of(doc)
    if not all(text.strip() for text in found):
        raise InputError(
            f"{name}: an empty reference of the text {doc.text[:40]!r}: expected a translation "
            "with a word in it, or no reference at all"
        )
    return found


def checked(
    get_examples: Callable[[], Iterable[Example]], check: Callable[[Example], None]
) -> Iterator[Example]:
    """YIELDS (Example): The training examples. An InputError gets the number of the text.

    get_examples (Callable): Gives them.
    check (Callable): Raises InputError if one is at fault.
    """
    for number, eg in enumerate(get_examples(), start=1):
        try:
            check(eg)
        except InputError as error:
            raise InputError(f"training text {number:,}: {error}") from None
        yield eg


def check_target(name: str, text: str, pieces: Pieces) -> None:
    """Refuse a translation of which a model can say nothing.

    name (str): The component's.
    text (str): The translation.
    pieces (Pieces): Its pieces.
    RAISES (InputError): If it is empty, wholly unknown, or has <PAD>, <BOS> or <EOS> in it.
    """
    ids = pieces.ids[:-1]
    if not len(ids):
        raise InputError(f"{name}: an empty target: expected a text to score")
    for special in NEVER_WRITTEN:
        if (ids == Vocabulary.SPECIALS.index(special)).any():
            raise InputError(
                f"{name}: {special} in the target {text[:40]!r}: expected a text without it, the "
                "model never writes it there"
            )
    if (ids == Vocabulary.UNK_ID).all():
        raise InputError(
            f"{name}: no piece of the target {text[:40]!r} is known: expected the "
            "language and the script that the model was trained on"
        )


def warn_of_unknown(name: str, docs: Sequence[Doc], sources: Sequence[Pieces]) -> None:
    """Say of how many sources nothing is known.

    name (str): The component's.
    docs (Sequence[Doc]): The sources.
    sources (Sequence[Pieces]): Their pieces.
    """
    unknown = [doc for doc, source in zip(docs, sources, strict=True) if _is_unknown(source)]
    if unknown:
        logger.warning(
            "%s: nothing of %d of %d texts is known to the model, the first is %r: their "
            "translations mean nothing; expected the language and the script of its training texts",
            name,
            len(unknown),
            len(docs),
            unknown[0].text[:40],
        )


def _is_unknown(source: Pieces) -> bool:
    ids = source.ids[:-1]
    return bool(len(ids)) and bool(np.all(ids == Vocabulary.UNK_ID))
