"""Raw text, read as a stream: files of any size, plain or gzip, one sentence or document a line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from seqpipe.files import InputError

if TYPE_CHECKING:
    from spacy.language import Language

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A line that is longer, such as a corpus without line ends, is read in pieces.
PIECE = 1 << 20
BATCH = 1 << 16  # characters that are tokenised at a time
DOCS_A_REPORT = 100

# From some pieces of text to the tokens of each.
Tokenize = Callable[[list[str]], list[list[str]]]
# The tokens of a piece of text, and whether a line ends with it.
Pieces = Iterator[tuple[Iterable[str], bool]]


def read_tokens(
    paths: Sequence[Path],
    tokenize: Tokenize,
    report: Callable[[str, float], None] = lambda what, share: None,
) -> Pieces:
    """Read text files token by token.

    paths (Sequence[Path]): UTF-8; those that begin as gzip does are decompressed.
    tokenize (Callable): From some pieces of text to the tokens of each.
    report (Callable): Takes what is done and the share of it, now and then; by default nothing is
        shown.
    YIELDS (Tuple[Iterable[str], bool]): The tokens of each piece, and whether a line ends there.
    RAISES (InputError): For a file that cannot be read or is no text, with its line.
    """
    sizes = [_size(path) for path in paths]
    before, total, is_empty = 0, max(1, sum(sizes)), True
    for path, size in zip(paths, sizes, strict=True):
        with _opened(path) as (stream, raw):
            for texts, ends in _batches(_pieces(path, stream)):
                found = tokenize(texts)
                is_empty = is_empty and not any(found)
                yield from zip(found, ends, strict=True)
                report("reading", min(1.0, (before + raw.tell()) / total))
        before += size
    if is_empty:
        raise InputError("no word in it, expected some text", path=", ".join(map(str, paths)))


def corpus_tokens(
    corpus: Callable[[Language], Iterable[Any]],
    nlp: Language,
    report: Callable[[str, float], None],
    *,
    lower: bool,
) -> Pieces:
    """The tokens of the docs that a corpus reader gives: a sentence a line, or a doc if it has
    none.

    corpus (Callable): spaCy's reader, from the pipeline to examples.
    report (Callable): Is called now and then; how much there is to read is not known.
    lower (bool): Tokens are lower-cased.
    nlp (Language): The pipeline.
    YIELDS (Tuple[Iterable[str], bool]): The tokens of a line; a line ends there.
    """
    for number, eg in enumerate(corpus(nlp)):
        if number % DOCS_A_REPORT == 0:
            report("reading", 0.0)
        doc = eg.reference
        for span in doc.sents if doc.has_annotation("SENT_START") else [doc]:
            tokens = (token for token in span if not token.is_space)
            yield [token.lower_ if lower else token.text for token in tokens], True


def tokenizer_of(nlp: Language | None, *, lower: bool) -> Tokenize:
    """How a piece of text becomes tokens.

    nlp (Optional[Language]): Its tokenizer is used; none: white space parts tokens.
    lower (bool): The text is lower-cased before.
    RETURNS (Callable): From some pieces of text to the tokens of each.
    """

    def tokenize(texts: list[str]) -> list[list[str]]:
        if lower:
            texts = [text.lower() for text in texts]
        if nlp is None:
            return [text.split() for text in texts]
        with nlp.memory_zone():  # or else the vocab would keep every type of the text
            docs = [nlp.tokenizer(text) for text in texts]
            return [[token.text for token in doc if not token.is_space] for doc in docs]

    return tokenize


def _batches(pieces: Iterator[tuple[str, bool]]) -> Iterator[tuple[list[str], list[bool]]]:
    """Some pieces at a time, and whether a line ends with each."""
    texts: list[str] = []
    ends: list[bool] = []
    size = 0
    for text, is_end in pieces:
        texts.append(text)
        ends.append(is_end)
        size += len(text)
        if size >= BATCH:
            yield texts, ends
            texts, ends, size = [], [], 0
    if texts:
        yield texts, ends


def _size(path: Path) -> int:
    try:
        if path.is_dir():
            raise InputError("a folder, expected a text file", path=path)
        return path.stat().st_size
    except OSError as error:
        raise InputError(f"{error.strerror or error}, expected a text file", path=path) from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A file's text, and the file itself, whose position tells how far it is read."""
    with open(path, "rb") as raw:
        is_gzip = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if is_gzip:
            with gzip.open(raw) as stream:
                yield stream, raw  # type: ignore[misc]
        else:
            yield raw, raw


def _pieces(path: Path, stream: IO[bytes]) -> Iterator[tuple[str, bool]]:
    """The lines of a text, long ones in pieces that end with a word."""
    number, rest, is_whole = 1, b"", True
    while True:
        try:
            found = stream.readline(PIECE)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"damaged gzip file ({error})", path=path, line=number) from error
        if not found and not rest:
            if not is_whole:
                yield "", True
            return
        piece, rest = rest + found, b""
        is_whole = not found or piece.endswith(b"\n")
        if not is_whole and len(found) == PIECE:
            cut = _cut(piece)
            piece, rest = piece[:cut], piece[cut:]
        else:
            is_whole = True
        if number == 1:
            piece = piece.removeprefix(BYTE_ORDER_MARK)
        yield _decoded(piece, path, number), is_whole
        number += piece.count(b"\n")


def _cut(piece: bytes) -> int:
    """Where to cut: behind the last space or tab, or else before a whole character."""
    cut = max(piece.rfind(b" "), piece.rfind(b"\t")) + 1
    if cut == 0:
        cut = len(piece)
        while cut > 1 and piece[cut - 1] & 0xC0 == 0x80:
            cut -= 1
        cut -= 1  # that character may go on in what comes
    return cut


def _decoded(piece: bytes, path: Path, number: int) -> str:
    if b"\0" in piece:
        raise InputError("a binary file (byte 0), expected text in UTF-8", path=path, line=number)
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = piece[error.start]
        raise InputError(
            f"byte {byte:#04x} is not UTF-8, expected text in UTF-8", path=path, line=number
        ) from error
