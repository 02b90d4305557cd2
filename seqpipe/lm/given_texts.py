"""Texts as a command is given them: read, checked, and made into docs."""

from __future__ import annotations

import re
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from seqpipe.files import InputError
from seqpipe.pipelines import check_text
from seqpipe.vocabulary.text_lines import lines_of

SPACE_OR_WORD = re.compile(r"\s+|\S+")


def text_or_file(given: str) -> tuple[str, Path | None]:
    """A text that stands on the command line or in a file.

    given (str): The text, or the file's name.
    RETURNS (Tuple[str, Optional[Path]]): The text, and the file if it comes from one.
    RAISES (InputError): If there is no word in it.
    """
    check_text(given, "the text")
    path = Path(given)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # too long for a file's name
        is_file = False
    if not is_file:
        return given, None
    text = "\n".join(line for _, line in lines_of(path))
    check_text(text, given)
    return text, path


def check_length(
    text: str, longest: int, *, path: str | Path | None = None, line: int | None = None
) -> None:
    """Refuse a text that is too long for a doc.

    text (str): The text.
    longest (int): Characters at most: the pipeline's `max_length`.
    path, line: Where it stands.
    RAISES (InputError): If it has more.
    """
    if len(text) > longest:
        raise InputError(
            f"a text of {len(text):,} characters, expected {longest:,} at most, which is the "
            "pipeline's max_length; lm perplexity reads texts of any length",
            path=path,
            line=line,
        )


def doc_of(
    nlp: Language, text: str, *, tokenizer: str = "pipeline", path: str | Path | None = None
) -> Doc:
    """Make a doc of a text, which has the same text.

    nlp (Language): The pipeline.
    text (str): The text.
    tokenizer (str): "pipeline" for its tokenizer, or "whitespace" for words that are parted by it.
    path: Where the text stands, for messages.
    RETURNS (Doc): Tokens and nothing else.
    RAISES (InputError): If it is too long.
    """
    check_length(text, nlp.max_length, path=path)
    if tokenizer == "pipeline":
        return nlp.make_doc(text)
    words: list[str] = []
    spaces: list[bool] = []
    for found in SPACE_OR_WORD.findall(text):
        # As spaCy has it: one space belongs to the word before, more are a token.
        if words and found.startswith(" "):
            spaces[-1] = True
            found = found[1:]
        if found:
            words.append(found)
            spaces.append(False)
    return Doc(nlp.vocab, words=words, spaces=spaces)
