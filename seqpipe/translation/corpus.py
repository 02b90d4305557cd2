"""Reads parallel texts as examples: a Doc of the source, with `reference._.references`.

Annotations stay real objects here: spaCy's registry resolves them.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from spacy.language import Language
from spacy.training import Example
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.references import REFERENCES

from .parallel import Pair, Selection, given_path, given_paths, read_paired_texts, read_pairs

HINT = 'empty = "skip" leaves such pairs out'


@registry.readers("seqpipe.ParallelCorpus.v1")
def make_parallel_corpus(
    source: str | Path | None,
    targets: str | Path | list[str | Path] | None,
    *,
    empty: str = "error",
    max_length: int = 0,
    limit: int = 0,
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader of files that belong together line by line.

    The pipeline's tokenizer says what the source's tokens are. White space around texts is left
    out. Files with a different number of lines are refused before the first example.

    source (Path): The file of what is translated: UTF-8, plain or gzip, split at "\\n" alone.
    targets: The file of its translations, or several, each with one reference a line.
    empty (str): What a pair is of which a side is empty or white space: an "error", or one to
        "skip". Of several references an empty one alone is left out.
    max_length (int): The most words of a side, parted by white space; longer pairs are left out.
        Of several references a longer one alone is. 0 for no limit. A warning tells, once in a
        process, how many pairs were left out.
    limit (int): The most examples to read, 0 for all.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader. It raises InputError with file
        and line where a file is at fault, and where there is nothing to read.
    """
    path = given_path(source, "the sources")
    others = given_paths(targets, "the references")
    selection = Selection(empty, max_length, limit)
    return _reader(partial(read_pairs, path, others, selection, hint=HINT), path)


@registry.readers("seqpipe.PairedTexts.v1")
def make_paired_texts(
    path: str | Path | None,
    *,
    source: int = 0,
    targets: int | list[int] = 1,
    gather: bool = False,
    empty: str = "error",
    max_length: int = 0,
    limit: int = 0,
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader of a table: one pair a line, a tab between source and reference.

    A quote is a character like others. Lines without any character are passed over; all others
    must have equally many columns.

    path (Path): A file, UTF-8, plain or gzip, split at "\\n" alone.
    source (int): The column of what is translated, from 0, or from -1 for the last.
    targets (Union[int, List[int]]): The column of its translation, or those of several.
    gather (bool): Pairs with the same source become one example with several references, each
        once, where the first of them stands. All pairs are then held in memory.
    empty, max_length, limit: As for seqpipe.ParallelCorpus.v1.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader. It raises InputError with file
        and line where the file is at fault, and where there is nothing to read.
    """
    place = given_path(path, "the pairs")
    read = partial(
        read_paired_texts,
        place,
        source=source,
        targets=[targets] if isinstance(targets, int) else targets,
        gather=gather,
        selection=Selection(empty, max_length, limit),
        hint=HINT,
    )
    return _reader(read, place)


def _reader(
    pairs: Callable[[], Iterator[Pair]], path: Path
) -> Callable[[Language], Iterator[Example]]:
    def read(nlp: Language) -> Iterator[Example]:
        for pair in pairs():
            yield _example(nlp, pair, path)

    return read


def _example(nlp: Language, pair: Pair, path: Path) -> Example:
    if len(pair.source) > nlp.max_length:
        message = (
            f"a source of {len(pair.source):,} characters, expected at most {nlp.max_length:,} "
            "(nlp.max_length); cut it, or leave it out with max_length"
        )
        raise InputError(message, path=path, line=pair.line)
    doc = nlp.make_doc(pair.source)
    reference = doc.copy()
    reference._.set(REFERENCES, list(pair.references))
    return Example(doc, reference)


# The evaluator of translations may have set it before, or the user.
