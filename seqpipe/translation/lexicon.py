"""What takes the place of <UNK> in a translation: the source word it attends to most, or that
word's entry in a lexicon (Luong et al. 2015, Addressing the Rare Word Problem, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import read_lines
from seqpipe.vocabulary.vocabulary import Vocabulary


def read_lexicon(path: str | Path) -> dict[str, str]:
    """Read a lexicon: a source word and its translation a line, tab-separated; of several of a word
    the first counts.

    path: The file, UTF-8, plain or gzip.
    RETURNS (Dict[str, str]): From source word to translation.
    RAISES (InputError): If a line is something else, or the file cannot be read.
    """
    found: dict[str, str] = {}
    try:
        lines = list(read_lines(path))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    for number, line in lines:
        columns = line.split("\t")
        if len(columns) != 2 or not all(column.strip() for column in columns):
            raise InputError(
                f"{line[:60]!r}: expected a source word, a tab and its translation",
                path=path,
                line=number,
            )
        found.setdefault(columns[0].strip(), columns[1].strip())
    return found


def without_unknown(
    pieces: Sequence[str],
    words: Sequence[str],
    attention: np.ndarray,
    lexicon: Mapping[str, str],
    *,
    lower: bool = False,
) -> list[str]:
    """Replace each <UNK>. A punctuation mark that is put in stands between spaces: <UNK> does not
    say on which side none would stand.

    pieces (Sequence[str]): T of them.
    words (Sequence[str]): The word that each piece of the source is of, n of them.
    attention (np.ndarray): float (T or more, n or more).
    lexicon (Mapping[str, str]): From source word to translation; a word that it does not have is
        copied.
    lower (bool): A word that it does not have is looked up lower-cased too.
    RETURNS (List[str]): T pieces.
    """
    best = attention[:, : len(words)].argmax(axis=1)

    def replacement(word: str) -> str:
        found = lexicon.get(word)
        if found is None and lower:
            found = lexicon.get(word.lower())
        return word if found is None else found

    return [
        replacement(words[place]) if piece == Vocabulary.UNK else piece
        for piece, place in zip(pieces, best, strict=False)
    ]
