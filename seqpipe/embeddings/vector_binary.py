"""word2vec's binary form: a header line, then for each word the word, a space and its values as
little-endian float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import decode, open_bytes, write_bytes

from .matrix import Embeddings
from .vector_text import read_size, room_for

CHUNK = 1 << 20
LONGEST = 1 << 16  # bytes of a word: a file without spaces is no such file


def read_binary(path: Path) -> Embeddings:
    """Read word2vec's binary form, with or without a line end behind each vector.

    path (Path): Plain or gzipped.
    RETURNS (Embeddings): The words in the file's order.
    RAISES (InputError): If the header lies, or with the word's number, if one is broken.
    """
    words: dict[str, int] = {}
    with open_bytes(path) as stream:
        size = read_size(stream.readline(LONGEST))
        if size is None:
            message = "no header, expected the number of words and the width"
            raise InputError(message, path=path, line=1)
        length = 4 * size.width
        E = room_for(path, size, length + 2)
        buffer, at = b"", 0
        for row in range(size.rows):
            space = buffer.find(b" ", at)
            while space < 0 or len(buffer) - space <= length:
                more = stream.read(max(CHUNK, length))
                if not more or (space < 0 and len(buffer) - at > LONGEST):
                    message = f"the file ends in word {row + 1}, its header says {size.rows} words"
                    raise InputError(message, path=path)
                buffer, at = buffer[at:] + more, 0
                space = buffer.find(b" ")
            # The line end that the C program writes behind a vector.
            word = decode(buffer[at:space].lstrip(b"\n"), path)
            E[row] = np.frombuffer(buffer, dtype="<f4", count=size.width, offset=space + 1)
            _check(path, word, E[row], row, words)
            at = space + 1 + length
        if (buffer[at:] + stream.read(CHUNK)).strip(b"\n"):
            message = f"more words than the {size.rows} that the header says"
            raise InputError(message, path=path, line=1)
    return Embeddings(words, E)


def write_binary(embeddings: Embeddings, path: Path) -> None:
    """Write word2vec's binary form.

    embeddings (Embeddings): Words and vectors.
    path (Path): Gzipped if it ends in .gz.
    RAISES (InputError): If a word is empty, has a space in it or begins with a line end.
    """
    with write_bytes(path) as stream:
        stream.write(b"%d %d\n" % embeddings.E.shape)
        for word, row in zip(embeddings.words, embeddings.E, strict=True):
            if not word or " " in word or word.startswith("\n"):
                message = f"the word {word!r} could not be read back, write another form"
                raise InputError(message, path=path)
            stream.write(word.encode("utf-8") + b" " + row.astype("<f4").tobytes() + b"\n")


def _check(path: Path, word: str, vector: np.ndarray, row: int, words: dict[str, int]) -> None:
    """Add a word, unless it or its vector is broken."""
    place = f"word {row + 1}"
    if not word:
        raise InputError(f"{place} is empty", path=path)
    if word in words:
        message = f"{place}, {word!r}, is there twice, first as word {words[word] + 1}"
        raise InputError(message, path=path)
    is_finite = np.isfinite(vector)
    if not is_finite.all():
        value = vector[~is_finite][0]
        raise InputError(f"{place}, {word!r}: the value {value}, expected a number", path=path)
    words[word] = row
