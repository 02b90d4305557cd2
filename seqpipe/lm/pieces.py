"""The sentences of docs that are pieces of longer texts: a sentence that is cut goes on in the
next piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.vocabulary.text import Pieces

from .language_model import sentences_of
from .streams import piece_of

# By stream: the last piece that was read, and the words of the sentence that it left open.
Open = dict[int, tuple[int, list[str]]]


class Part(NamedTuple):
    """A sentence, or what a piece has of one.

    before (List[str]): The words of the sentence in the pieces before, or the last of them.
    words (List[str]): Its words here.
    is_closed (bool): It ends here.
    """

    before: list[str]
    words: list[str]
    is_closed: bool


def parts_of(
    doc: Doc, left: Open, *, spaces: bool = False, context: int | None = None
) -> list[Part]:
    """The sentences of a doc; the first of a piece goes on with what the piece before left open.

    doc (Doc): A doc, or a piece of `seqpipe.TextStreams.v1`.
    left (Dict): What the pieces before left; that of this one is put in.
    spaces (bool): White space counts as tokens.
    context (Optional[int]): So many words before a part are kept at most; None for all.
    RETURNS (List[Part]): One for each of `sentences_of`.
    """
    found = [[token.text for token in tokens] for tokens in sentences_of(doc, spaces=spaces)]
    piece = piece_of(doc)
    if piece is None or not found:
        return [Part([], words, True) for words in found]
    place, words = left.get(piece.stream, (-1, []))
    before = words if place == piece.place - 1 else []
    closed = [True] * (len(found) - 1) + [piece.is_closed]
    parts = [
        Part(before if i == 0 else [], words, is_closed)
        for i, (words, is_closed) in enumerate(zip(found, closed, strict=True))
    ]
    last = parts[-1]
    words = [] if last.is_closed else last.before + last.words
    cut = 0 if context is None else max(0, len(words) - context)
    left[piece.stream] = (piece.place, words[cut:])
    return parts


def sentences_of_corpus(examples: Iterable[Example], *, spaces: bool = False) -> Pieces:
    """The sentences of the references, those of pieces put together.

    examples (Iterable[Example]): Docs, or pieces of streams in their order.
    spaces (bool): White space counts as tokens.
    YIELDS (Tuple[List[str], bool]): The words of a sentence; it ends there.
    """
    left: Open = {}
    for eg in examples:
        piece = piece_of(eg.reference)
        for part in parts_of(eg.reference, left, spaces=spaces):
            if part.is_closed or (piece is not None and piece.is_last):
                yield part.before + part.words, True
