"""What a recurrent language model reads of a Doc and what it predicts: each step's target is its
next input (Mikolov et al. 2010)."""

from __future__ import annotations

from dataclasses import dataclass

from spacy.tokens import Doc, Token
from spacy.vocab import Vocab

from seqpipe.vocabulary.vocabulary import Vocabulary

from .language_model import sentences_of
from .sentences import MARKS
from .streams import Piece, piece_of


@dataclass(frozen=True)
class TokenSequence:
    """Tokens that are read in one go.

    words (List[str]): What is predicted: the words of sentences, <EOS> after each that ends.
    sentences (List[int]): Of how many of them each sentence consists, its end included.
    piece (Optional[Piece]): Where they stand in a longer text.
    """

    words: list[str]
    sentences: list[int]
    piece: Piece | None = None

    def doc(self, vocab: Vocab, first: str) -> Doc:
        """RETURNS (Doc): What the model reads: the first input, then each word but the last.

        vocab (Vocab): Of the doc.
        first (str): The input at the first step.
        """
        return Doc(vocab, words=[first, *self.words[:-1]])


def sequences_of(
    doc: Doc, *, ends: bool, spaces: bool, whole: bool
) -> tuple[list[list[Token]], list[TokenSequence]]:
    """What is read of a doc.

    doc (Doc): A doc, or a piece of a stream.
    ends (bool): <EOS> closes each sentence.
    spaces (bool): White space counts as tokens.
    whole (bool): All of the doc is one sequence, else each sentence is.
    RETURNS (Tuple): The tokens of each sentence, and the sequences.
    """
    sentences = sentences_of(doc, spaces=spaces)
    piece = piece_of(doc)
    found = [[_word(token.text) for token in tokens] for tokens in sentences]
    if ends:
        is_open = piece is not None and not piece.is_closed
        for words in found[:-1] if is_open else found:
            words.append(Vocabulary.EOS)
    if piece is None and not whole:
        return sentences, [TokenSequence(words, [len(words)]) for words in found]
    joined = [word for words in found for word in words]
    lengths = [len(words) for words in found]
    return sentences, [TokenSequence(joined, lengths, piece)] if joined else []


def _word(text: str) -> str:
    return Vocabulary.UNK if text in MARKS else text
