"""Texts as a translation command is given them: read, checked, and made into docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from spacy.language import Language
from spacy.tokens import Doc

from seqpipe.files import InputError
from seqpipe.pipelines import check_text, run_before
from seqpipe.vocabulary.text_lines import STANDARD_INPUT, lines_of

from .parallel import check_no_nul

if TYPE_CHECKING:
    from .rnn_translator import RNNTranslator

Item = TypeVar("Item")


def given_lines(source: Path | None, texts: list[str] | None) -> Iterable[tuple[int, str]]:
    """RETURNS (Iterable[Tuple[int, str]]): The lines of a file, or the texts of the command line,
    with their numbers.

    source (Optional[Path]): The file, or "-" for standard input.
    texts (Optional[List[str]]): The texts.
    RAISES (InputError): If both are given or none, the file is not there, or a text is empty.
    """
    if (source is None) == (not texts):
        found = "FILE and --text" if texts else "no text"
        raise InputError(f"{found}: expected a FILE, - for standard input, or --text")
    if source is not None:
        check_file(source)
        return lines_of(source)
    texts = texts or []
    for number, text in enumerate(texts, start=1):
        check_text(text, "the text" if len(texts) == 1 else f"text {number}")
    return enumerate(texts, start=1)


def check_file(path: Path) -> None:
    """Refuse a file that is not there.

    path (Path): It, or "-" for standard input.
    RAISES (InputError): If there is none, or a folder.
    """
    if str(path) == STANDARD_INPUT:
        return
    if path.is_dir():
        raise InputError("a folder, expected a file", path=path)
    if not path.exists():
        raise InputError("no such file", path=path)


@contextmanager
def located(path: str | Path | None, line: int | None) -> Iterator[None]:
    """Say of a fault where the text stands.

    path: The file; None for a text of the command line.
    line (Optional[int]): The line in it.
    YIELDS (None): Once, for the code inside.
    RAISES (InputError): The fault, with the place.
    """
    try:
        yield
    except InputError as error:
        if path is None or error.path is not None:
            raise
        raise InputError(str(error), path=path, line=line) from error


def doc_of(
    nlp: Language,
    pipe: RNNTranslator,
    text: str,
    *,
    path: str | Path | None = None,
    line: int | None = None,
) -> Doc:
    """Make a doc of a text as a translator is to see it, without white space around it, as the
    readers of parallel texts have it.

    nlp (Language): The pipeline; what stands before the translator is run.
    pipe (RNNTranslator): One of its components.
    text (str): The text.
    path, line: Where it stands, for messages.
    RETURNS (Doc): The doc.
    RAISES (InputError): If it is too long, or holds a NUL.
    """
    with located(path, line):
        check_no_nul(text)
        text = text.strip()
        if len(text) > nlp.max_length:
            raise InputError(
                f"a text of {len(text):,} characters, expected {nlp.max_length:,} at most, which "
                "is the pipeline's max_length"
            )
        (doc,) = run_before(nlp, pipe, [nlp.make_doc(text)])
        pipe.source_pieces(doc)  # raises if there are too many
    return doc


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """YIELDS (List[Item]): So many items; what stands before one at fault comes before the fault.

    items (Iterable[Item]): May raise InputError.
    size (int): Of a batch.
    """
    batch: list[Item] = []
    fault: InputError | None = None
    rest = iter(items)
    while fault is None:
        try:
            batch.append(next(rest))
        except StopIteration:
            break
        except InputError as error:
            fault = error
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
    if fault is not None:
        raise fault
