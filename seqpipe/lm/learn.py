"""From a text to an n-gram model: words are numbered, n-grams counted, probabilities estimated."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from seqpipe.files import InputError
from seqpipe.vocabulary.text import Pieces
from seqpipe.vocabulary.vocabulary import Vocabulary

from .ngram_counts import NgramCounts, count_pieces
from .ngram_model import NEVER, NgramModel
from .sentences import PIECE, number_text
from .smoothing import KNESER_NEY, estimate


def learn_ngrams(
    pieces: Pieces,
    *,
    order: int = 3,
    smoothing: str = KNESER_NEY,
    k: float = 1.0,
    vocabulary: Vocabulary | None = None,
    piece: int = PIECE,
) -> NgramModel:
    """Learn an n-gram model from a text of any length, which is read once.

    pieces (Iterator): The tokens of each piece of text, and whether a sentence ends with it.
    order (int): Words of the longest n-grams.
    smoothing (str): "kneser_ney", "add_k" or "maximum_likelihood".
    k (float): What "add_k" adds to each count.
    vocabulary (Optional[Vocabulary]): One with words is adopted; an empty one says which words of
        the text are kept; None keeps all.
    piece (int): Tokens that are counted at a time.
    RETURNS (NgramModel): The model.
    RAISES (InputError): If the text has no word, or a setting is wrong.
    """
    settings = Vocabulary(max_size=None) if vocabulary is None else vocabulary
    with tempfile.TemporaryDirectory(prefix="seqpipe-") as folder:
        text = number_text(Path(folder) / "text", pieces)
        if not len(text.words):
            raise InputError("the text is empty, expected some words")
        is_empty = len(settings) == len(Vocabulary.SPECIALS)
        known = text.vocabulary(settings) if is_empty else settings
        counts = count_pieces(
            text.pieces(known, piece), order=order, size=len(known), bos=known.BOS_ID
        )
    return ngram_model(known, counts, smoothing=smoothing, k=k)


def ngram_model(
    vocabulary: Vocabulary, counts: NgramCounts, *, smoothing: str = KNESER_NEY, k: float = 1.0
) -> NgramModel:
    """RETURNS (NgramModel): Estimated from counts.

    vocabulary (Vocabulary): Whose ids were counted.
    counts (NgramCounts): Of a text.
    smoothing (str): One of SMOOTHINGS.
    k (float): What "add_k" adds to each count.
    """
    found = estimate(counts, smoothing=smoothing, k=k, never=NEVER)
    return NgramModel(
        vocabulary,
        counts.trie,
        log_probs=found.log_probs,
        backoffs=found.backoffs,
        uniform=found.uniform,
        smoothing=smoothing,
    )


def sentence_pieces(sentences: Iterable[Sequence[str]]) -> Pieces:
    """YIELDS (Tuple[Sequence[str], bool]): Tokenised sentences, as `learn_ngrams` takes them.

    sentences (Iterable[Sequence[str]]): The words of each.
    """
    for words in sentences:
        yield words, True
