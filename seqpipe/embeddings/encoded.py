"""A text as numbers: read and tokenised once, then kept on disk and read part by part each epoch.

Every type of the text has a number from the moment it is first seen; which types are words of the
vocabulary is known at the end, so that what is read back is looked up in a table then.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqpipe.vocabulary.type_numbers import LINE_END

PART_SIZE = 20_000  # tokens


@dataclass(frozen=True)
class EncodedText:
    """The tokens of a text, in a file of int32: the number of the type, LINE_END after each line.

    path (Path): That file.
    starts (np.ndarray): int64 (parts + 1,): where each part begins in it, and its end. A part is
        some 20,000 tokens and ends with a line, unless the line is longer than that.
    words (List[str]): The vocabulary, the most frequent first, ties by the word itself.
    counts (np.ndarray): int64 (words,), how often each stands in the text.
    ids (np.ndarray): int32 (types,), the word of each type; LINE_END - 1 if it is none.
    tokens (int): All tokens of the text, also those that are no words of the vocabulary.
    """

    path: Path
    starts: np.ndarray
    words: list[str]
    counts: np.ndarray
    ids: np.ndarray
    tokens: int

    @property
    def parts(self) -> int:
        """RETURNS (int): How many parts there are."""
        return len(self.starts) - 1

    def part(self, i: int) -> np.ndarray:
        """Read a part. Threads may do so side by side.

        i (int): From 0 to parts - 1.
        RETURNS (np.ndarray): int32 (n,): ids of words, LINE_END after each line. Tokens that are no
            words of the vocabulary are left out.
        """
        start, end = int(self.starts[i]), int(self.starts[i + 1])
        types = np.fromfile(self.path, dtype=np.int32, count=end - start, offset=4 * start)
        is_token = types >= 0
        ids = np.where(is_token, self.ids[np.where(is_token, types, 0)], LINE_END)
        return ids[ids >= LINE_END]
