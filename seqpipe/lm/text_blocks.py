"""Text files as docs of many lines, so that a text of any length is scored in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from seqpipe.files import InputError
from seqpipe.vocabulary.text import read_tokens, tokenizer_of

BLOCK = 1 << 15  # tokens of a doc; the last line may bring more


@dataclass
class TextBlock:
    """Some lines of a text.

    lines (List[List[str]]): The tokens of each, white space too; the line's end is one of them.
    tokens (int): How many there are.
    """

    lines: list[list[str]] = field(default_factory=list)
    tokens: int = 0

    def add(self, line: list[str]) -> None:
        """Add a line's tokens."""
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
                found = line[:-1] if line[-1] == "\n" else line
                words += found
                starts += [True, *[False] * (len(found) - 1)]
        return Doc(vocab, words=words, sent_starts=starts)  # type: ignore[arg-type]


def read_blocks(
    path: Path, nlp: Language, *, tokenizer: str = "pipeline", size: int = BLOCK
) -> Iterator[TextBlock]:
    """Read a text file.

    path (Path): UTF-8, plain or gzip.
    nlp (Language): Its tokenizer is used.
    tokenizer (str): "pipeline", or "whitespace" for files whose tokens are parted by it.
    size (int): Tokens of a block, at least; the last has fewer.
    YIELDS (TextBlock): The lines in their order.
    RAISES (InputError): If the file cannot be read, is no text, or has no word.
    """
    split = partial(_with_line_ends, None if tokenizer == "whitespace" else nlp)
    line: list[str] = []
    block, is_empty = TextBlock(), True
    for tokens, ends in read_tokens([path], split, _say_nothing):
        line += tokens
        if not ends:
            continue
        is_empty = is_empty and _is_blank(line)
        block.add(line)
        line = []
        if block.tokens >= size:
            yield block
            block = TextBlock()
    if is_empty:
        raise InputError("no word in it, expected some text", path=path)
    if block.lines:
        yield block


def _with_line_ends(nlp: Language | None, texts: list[str]) -> list[list[str]]:
    """The tokens of pieces of text: white space too, which models of characters read."""
    if nlp is None:
        found = tokenizer_of(None, lower=False)(texts)
    else:
        bare = [text.removesuffix("\n").removesuffix("\r") for text in texts]
        with nlp.memory_zone():  # or else the vocab would keep every type of the text
            found = [[token.text for token in nlp.tokenizer(text)] for text in bare]
    for text, tokens in zip(texts, found, strict=True):
        if text.endswith("\n"):
            tokens.append("\n")
    return found


def _is_blank(line: list[str]) -> bool:
    return all(token.isspace() for token in line)


def _say_nothing(what: str, share: float) -> None:
    """Reading is quick; nothing is shown of it."""
