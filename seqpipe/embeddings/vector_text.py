"""Vectors as text, a word and its values a line: with word2vec's header (fastText's .vec too),
with floret's, or with none (GloVe)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import decode, is_gzip, open_bytes, write_bytes

from .matrix import Embeddings, first_not_finite, floret_settings

# How much larger than itself a gzipped file can be at most.
GZIP_RATIO = 1032
BLOCK = 1 << 20


class Size(NamedTuple):
    """What a header says: how many words, and of what width.

    rows (int): Words, or rows of a floret table.
    width (int): Values a row.
    """

    rows: int
    width: int


def read_size(line: bytes) -> Size | None:
    """Read word2vec's header.

    line (bytes): A file's first line.
    RETURNS (Size): None if the line is not two whole numbers.
    """
    fields = line.split()
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        return Size(int(fields[0]), int(fields[1]))
    return None


def read_floret_header(line: bytes) -> tuple[Size, dict[str, Any]] | None:
    """Read floret's header: bucket dim minn maxn hash_count hash_seed BOW EOW.

    line (bytes): A file's first line.
    RETURNS (Tuple[Size, Dict]): The table's size and the settings of spaCy's Vectors; None if the
        line is something else.
    """
    fields = line.split()
    if len(fields) != 8 or not all(field.isdigit() for field in fields[:6]):
        return None
    if _is_number(fields[6]):
        return None  # GloVe's form, of width 7
    size, rest = Size(int(fields[0]), int(fields[1])), map(int, fields[2:6])
    names = ("minn", "maxn", "hash_count", "hash_seed")
    marks = {"bow": fields[6].decode("utf-8"), "eow": fields[7].decode("utf-8")}
    return size, {**dict(zip(names, rest, strict=True)), **marks}


def read_word2vec(path: Path) -> Embeddings:
    """Read word2vec's text form.

    path (Path): Plain or gzipped; the first line has the number of words and the width.
    RETURNS (Embeddings): The words in the file's order.
    RAISES (InputError): With the line, if one is not what the header says, or broken.
    """
    with open_bytes(path) as stream:
        line = stream.readline(BLOCK)
        size = read_size(line)
        if size is None:
            start = line[:40].decode("utf-8", "replace").strip()
            message = f"header {start!r}, expected the number of words and the width"
            raise InputError(message, path=path, line=1)
        E = room_for(path, size, 2 * size.width)
        words = _fill(path, stream, E, first=2)
        if len(words) < size.rows:
            message = f"the header says {size.rows} words, the file has {len(words)}"
            raise InputError(message, path=path, line=1)
        return Embeddings(words, E)


def read_glove(path: Path) -> Embeddings:
    """Read GloVe's text form, which has no header; words may have spaces in them.

    path (Path): Plain or gzipped; read twice, to count the lines first.
    RETURNS (Embeddings): The words in the file's order.
    RAISES (InputError): With the line, if one has not as many values as the first, or is broken.
    """
    with open_bytes(path) as stream:
        rows = sum(block.count(b"\n") for block in iter(lambda: stream.read(BLOCK), b"")) + 1
    with open_bytes(path) as stream:
        fields = stream.readline(BLOCK).rstrip().split(b" ")
    width = 0
    while width < len(fields) - 1 and _is_number(fields[-1 - width]):
        width += 1
    if not width:
        raise InputError("no number, expected a word and its values", path=path, line=1)
    E = np.empty((rows, width), dtype=np.float32)
    with open_bytes(path) as stream:
        words = _fill(path, stream, E, first=1)
    return Embeddings(words, E[: len(words)])


def read_floret(path: Path) -> Embeddings:
    """Read a floret table, as `spacy init vectors --mode floret` does.

    path (Path): Plain or gzipped.
    RETURNS (Embeddings): Without words; it makes the vector of any word from its n-grams.
    RAISES (InputError): With the line, if one is not what the header says, or broken.
    """
    from spacy.vectors import Vectors

    with open_bytes(path) as stream:
        line = stream.readline(BLOCK)
        header = read_floret_header(line)
        if header is None:
            start = line[:80].decode("utf-8", "replace").strip()
            expected = "bucket dim minn maxn hash_count hash_seed BOW EOW"
            raise InputError(f"header {start!r}, expected {expected}", path=path, line=1)
        size, settings = header
        E = room_for(path, size, 2 * size.width)
        rows = _fill(path, stream, E, first=2)
    if len(rows) < size.rows:
        message = f"the header says {size.rows} rows, the file has {len(rows)}"
        raise InputError(message, path=path, line=1)
    try:
        vectors = Vectors(data=E, mode="floret", **settings)
    except ValueError as error:
        raise InputError(" ".join(str(error).split()), path=path, line=1) from error
    return Embeddings([], E[:0], floret=vectors)


def write_word2vec(embeddings: Embeddings, path: Path) -> None:
    """Write word2vec's text form.

    embeddings (Embeddings): Words and vectors.
    path (Path): Gzipped if it ends in .gz.
    RAISES (InputError): If a word cannot be told from what stands around it.
    """
    with write_bytes(path) as stream:
        stream.write(b"%d %d\n" % embeddings.E.shape)
        _write_rows(stream, path, embeddings.words, embeddings.E)


def write_glove(embeddings: Embeddings, path: Path) -> None:
    """Write GloVe's text form: word2vec's without the header.

    embeddings (Embeddings): Words and vectors.
    path (Path): Gzipped if it ends in .gz.
    RAISES (InputError): If a word cannot be told from what stands around it.
    """
    with write_bytes(path) as stream:
        _write_rows(stream, path, embeddings.words, embeddings.E)


def write_floret(embeddings: Embeddings, path: Path) -> None:
    """Write a floret table.

    embeddings (Embeddings): With floret vectors; its words are not written.
    path (Path): Gzipped if it ends in .gz.
    RAISES (InputError): If they are no floret vectors.
    """
    from thinc.api import get_current_ops

    if embeddings.floret is None:
        message = "these are vectors of words, floret's table is of n-grams"
        raise InputError(message, path=path)
    settings = floret_settings(embeddings.floret)
    names = ("minn", "maxn", "hash_count", "hash_seed", "bow", "eow")
    E = get_current_ops().to_numpy(embeddings.floret.data)
    header = " ".join(str(value) for value in (*E.shape, *(settings[name] for name in names)))
    with write_bytes(path) as stream:
        stream.write(f"{header}\n".encode())
        _write_rows(stream, path, map(str, range(len(E))), E)


def room_for(path: Path, size: Size, least: int) -> np.ndarray:
    """Make the matrix that a header announces, unless the file is too small for it.

    path (Path): The file, plain or gzipped.
    size (Size): What its header says.
    least (int): The fewest bytes that a row takes there.
    RETURNS (np.ndarray): float32 (rows, width), not filled.
    RAISES (InputError): If the header lies.
    """
    said = f"the header says {size.rows} words of width {size.width}"
    if not size.rows or not size.width:
        raise InputError(f"{said}, expected at least one", path=path, line=1)
    ratio = GZIP_RATIO if is_gzip(path) else 1
    if size.rows * least > path.stat().st_size * ratio:
        raise InputError(f"{said}, more than the file can hold", path=path, line=1)
    return np.empty(size, dtype=np.float32)


def _fill(path: Path, lines: Iterable[bytes], E: np.ndarray, *, first: int) -> list[str]:
    """RETURNS (List[str]): The words, in whose order the rows of E are filled from the lines.

    first (int): The number of the first line.
    """
    words: dict[str, int] = {}
    for number, text in _rows(path, lines, first):
        if len(words) == len(E):
            message = f"more words than the {len(E)} that the header says"
            raise InputError(message, path=path, line=number)
        fields = _split(text, E.shape[1])
        word = _read_word(path, number, text, fields, E.shape[1])
        if word in words:
            message = f"the word {word!r} is there twice, first in line {first + words[word]}"
            raise InputError(message, path=path, line=number)
        try:
            with np.errstate(over="ignore"):
                E[len(words)] = np.array(fields[1:], dtype=np.float32)
        except ValueError as error:
            wrong = next(field for field in fields[1:] if not _is_number(field))
            shown = wrong[:40].decode("utf-8", "replace")
            raise InputError(
                f"value {shown!r}, expected a number", path=path, line=number
            ) from error
        words[word] = len(words)
    row = first_not_finite(E[: len(words)])
    if row is not None:
        value = E[row][~np.isfinite(E[row])][0]
        raise InputError(f"the value {value}, expected a number", path=path, line=first + row)
    return list(words)


def _rows(path: Path, lines: Iterable[bytes], first: int) -> Iterator[tuple[int, bytes]]:
    """YIELDS (Tuple[int, bytes]): The lines that are not empty; only the last ones may be."""
    empty = None
    for number, line in enumerate(lines, start=first):
        text = line.rstrip()
        if not text:
            empty = empty or number
            continue
        if empty:
            raise InputError("an empty line, expected a word", path=path, line=empty)
        yield number, text


def _split(text: bytes, width: int) -> list[bytes]:
    """RETURNS (List[bytes]): The word, which may have spaces in it as in GloVe's 840B, and its
    values."""
    fields = text.rsplit(b" ", width)
    if len(fields) > width and not _ends_like_a_value(fields[0]):
        return fields
    # Parted by tabs, or by several spaces.
    return text.rsplit(None, width)


def _ends_like_a_value(word: bytes) -> bool:
    return b" " in word and _is_number(word.rsplit(b" ", 1)[1] or b"0")


def _read_word(path: Path, number: int, text: bytes, fields: list[bytes], width: int) -> str:
    """The word of a line; raises if there are not as many values as there should be."""
    word = fields[0].strip(b" ")
    if len(fields) <= width or _ends_like_a_value(word):
        found = len(text.split()) - 1
        raise InputError(f"{found} values, expected {width}", path=path, line=number)
    if not word:
        raise InputError("no word before the values", path=path, line=number)
    return decode(word, path, number)


def _write_rows(stream: IO[bytes], path: Path, words: Iterable[str], E: np.ndarray) -> None:
    for word, row in zip(words, E, strict=True):
        is_odd = not word.strip(" ") or word != word.strip(" ") or "\n" in word
        if is_odd or _ends_like_a_value(word.encode("utf-8", "replace")):
            message = f"the word {word!r} could not be read back, write another form"
            raise InputError(message, path=path)
        # The shortest figures that give the same float32.
        stream.write(f"{word} {' '.join(map(str, row))}\n".encode())


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
