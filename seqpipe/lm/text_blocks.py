"""Text files as docs of many lines, so that a text of any length is scored in bounded memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from seqpipe.files import InputError
from seqpipe.vocabulary.text import Pieces, read_tokens, tokenizer_of

logger = logging.getLogger("seqpipe")

BLOCK = 1 << 15  # tokens of a doc; the last line may bring as many more
LINE_END = 2  # tokens at most: "\r", "\n"


@dataclass
class TextBlock:
    """Some lines of a text.

    lines (List[List[str]]): The tokens of each, white space too; those of its end are among them.
    tokens (int): How many there are.
    """

    lines: list[list[str]] = field(default_factory=list)
    tokens: int = 0

    def add(self, line: list[str]) -> None:
        """Add a line.

        line (List[str]): Its tokens, white space too.
        """
        self.lines.append(line)
        self.tokens += len(line)

    @property
    def blank(self) -> int:
        """RETURNS (int): How many lines have no word."""
        return sum(map(_is_blank, self.lines))

    def doc(self, vocab: Vocab, *, by_line: bool) -> Doc:
        """The block for a model.

        vocab (Vocab): The pipeline's.
        by_line (bool): A sentence a line, without blank lines and without their ends, for models
            that predict the ends of sentences; else one text, as it stands.
        RETURNS (Doc): Tokens, and where sentences start.
        """
        if not by_line:
            return Doc(vocab, words=[token for line in self.lines for token in line])
        words: list[str] = []
        starts: list[bool] = []
        for line in self.lines:
            if not _is_blank(line):
                size = len(line)
                while line[size - 1] in ("\r", "\n"):
                    size -= 1
                words += line[:size]
                starts += [True, *[False] * (size - 1)]
        return Doc(vocab, words=words, sent_starts=starts)  # type: ignore[arg-type]


def read_blocks(
    path: Path,
    nlp: Language,
    *,
    tokenizer: str = "pipeline",
    size: int = BLOCK,
    longest: int = BLOCK,
) -> Iterator[TextBlock]:
    """Read a text file. A line that is too long is cut, which is logged once: for models that
    predict the ends of sentences each piece is a sentence of its own, to others it is where a block
    may end.

    path (Path): UTF-8, plain or gzip.
    nlp (Language): Its tokenizer is used.
    tokenizer (str): "pipeline", or "whitespace" for files whose tokens are parted by it.
    size (int): Tokens of a block, at least; the last has fewer.
    longest (int): Tokens of a line, at most, without its end.
    YIELDS (TextBlock): The lines in their order.
    RAISES (InputError): If the file cannot be read, is no text, or has no word.
    """
    split = partial(_with_line_ends, None if tokenizer == "whitespace" else nlp)
    block, is_empty = TextBlock(), True
    pieces = read_tokens([path], split)
    for line in _cut_lines(path, pieces, longest):
        is_empty = is_empty and _is_blank(line)
        block.add(line)
        if block.tokens >= size:
            yield block
            block = TextBlock()
    if is_empty:
        raise InputError("no word in it, expected some text", path=path)
    if block.lines:
        yield block


def _cut_lines(path: Path, pieces: Pieces, longest: int) -> Iterator[list[str]]:
    """The tokens of each line with its end, long lines in pieces."""
    line: list[str] = []
    number, is_logged = 1, False
    for tokens, ends in pieces:
        line += tokens
        begin = 0
        while len(line) - begin > longest + LINE_END:
            if not is_logged:
                logger.warning(
                    "%s, line %d: more than %d tokens, is read in pieces of so many; where ends of "
                    "sentences are predicted, each of them is a sentence",
                    path,
                    number,
                    longest,
                )
            is_logged = True
            yield line[begin : begin + longest]
            begin += longest
        line = line[begin:]
        if ends:
            yield line
            line, number = [], number + 1


def _with_line_ends(nlp: Language | None, texts: list[str]) -> list[list[str]]:
    """The tokens of pieces of text: white space too, which models of characters read."""
    if nlp is None:
        found = tokenizer_of(None, lower=False)(texts)
    else:
        bare = [text[: len(text) - len(_line_end(text))] for text in texts]
        with nlp.memory_zone():  # or else the vocab would keep every type of the text
            found = [[token.text for token in nlp.tokenizer(text)] for text in bare]
    for text, tokens in zip(texts, found, strict=True):
        tokens += _line_end(text)
    return found


def _line_end(text: str) -> str:
    if text.endswith("\r\n"):
        return "\r\n"
    return "\n" if text.endswith("\n") else ""


def _is_blank(line: list[str]) -> bool:
    return all(token.isspace() for token in line)
