"""Reads column files (CoNLL and its kin), gzipped or not, and .spacy files as spaCy examples.

Annotations stay real objects here: spaCy's registry resolves them.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.tokens import Doc, DocBin, Token
from spacy.training import Example
from spacy.training.corpus import Corpus
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.tagging.schemes import scheme_named, spans_of, tags_from_spans

SUFFIXES = (".conll", ".bio", ".iob", ".biluo", ".iobes", ".tsv", ".txt")
SEPARATORS = ("whitespace", "tab", "space")
UNITS = ("sentence", "document")
_DEFAULT_COLUMNS = {"word": 0, "ner": -1}
_BLANKS = re.compile("[ \t]+")
_BOM = b"\xef\xbb\xbf"


@registry.readers("seqpipe.ConllCorpus.v1")
def make_conll_corpus(
    path: str | Path | None,
    *,
    columns: dict[str, int] = _DEFAULT_COLUMNS,
    scheme: str = "BIO",
    separator: str = "whitespace",
    docstart: str = "-DOCSTART-",
    unit: str = "sentence",
    missing: str = "-",
    limit: int = 0,
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader of column files: one token a line, a blank line between sentences.

    path (Path): A file, gzipped if it ends in .gz; a .spacy file, which is read as spaCy's own
        reader does; or a folder, of which all such files are read in the order of their names.
    columns (Dict[str, int]): Where each thing stands, from 0, or from -1 for the last. "word" is
        needed; "ner" sets the entities, "tag" and "pos" the token's attributes of that name, and
        "_.NAME" the token's extension attribute, a string.
    scheme (str): The scheme of the "ner" column: BIO, IOB1, BILUO or IOBES.
    separator (str): What stands between columns: "whitespace" (any run of spaces and tabs), "tab"
        or "space" (exactly one).
    docstart (str): The first column of a line that starts a document and is no token; "" for none.
    unit (str): What becomes one Doc: a "sentence" or a "document".
    missing (str): The value, in any column but the word's, of a token that was not annotated. No
        entity reaches over it: a tag that goes on with one (an I- in BIO) may not follow it.
    limit (int): The most examples to read, 0 for all.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader. It raises InputError with file,
        line and value where the file is at fault, and where there is no sentence at all.
    """
    if path is None:
        raise InputError(
            "no path to a corpus, expected a file or a folder (set [paths] or --paths)"
        )
    layout = Layout(columns, scheme, separator, docstart, missing)
    _check_choice("unit", unit, UNITS)
    if limit < 0:
        raise InputError(f"limit {limit}, expected 0 for all examples, or more")
    for name in columns:
        if name.startswith("_."):
            _register(name[2:])

    def read(nlp: Language) -> Iterator[Example]:
        count = 0
        for eg in islice(_read_files(Path(path), nlp, layout, unit), limit or None):
            count += 1
            yield eg
        if not count:
            raise InputError("no sentence in it, expected at least one", path=path)

    return read


@dataclass(frozen=True)
class Layout:
    """How a column file is written; the fields are make_conll_corpus's options of the same name.

    RAISES (InputError): If an option is unknown or the columns cannot be read.
    """

    columns: dict[str, int]
    scheme: str = "BIO"
    separator: str = "whitespace"
    docstart: str = "-DOCSTART-"
    missing: str = "-"

    def __post_init__(self) -> None:
        scheme_named(self.scheme)
        _check_choice("separator", self.separator, SEPARATORS)
        if "word" not in self.columns:
            raise InputError(
                f"columns {self.columns!r} lack 'word', expected for instance word = 0"
            )
        for name in self.columns:
            if name.startswith("_.") and name[2:].isidentifier():
                continue
            if name not in ("word", "ner", "tag", "pos"):
                raise InputError(f"unknown column {name!r}, expected word, ner, tag, pos or _.NAME")

    @cached_property
    def width(self) -> int:
        """RETURNS (int): The least number of columns a line must have."""
        forward = max((i + 1 for i in self.columns.values() if i >= 0), default=0)
        backward = max((-i for i in self.columns.values() if i < 0), default=0)
        return forward + backward

    def split(self, line: str) -> list[str]:
        """Split a line into columns.

        line (str): The line, without its end and without white space around it.
        RETURNS (List[str]): The columns.
        """
        if self.separator == "whitespace":
            return _BLANKS.split(line)
        return line.split("\t" if self.separator == "tab" else " ")


@dataclass
class Sentence:
    """A sentence of a column file.

    rows (List[List[str]]): The columns of each token, all rows of one length.
    lines (List[int]): The line of each token in the file, from 1.
    starts_document (bool): Whether it is the first sentence after a document's start.
    """

    rows: list[list[str]]
    lines: list[int]
    starts_document: bool = False

    def column(self, index: int) -> list[str]:
        """RETURNS (List[str]): One value a token.

        index (int): Of the column, from 0, or from the end if it is negative.
        """
        return [row[index] for row in self.rows]


def corpus_files(path: Path) -> list[Path]:
    """List the files of a corpus.

    path (Path): A file or a folder.
    RETURNS (List[Path]): The file itself, or the folder's column files and .spacy files, sorted.
    RAISES (InputError): If there is none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError("no such file or folder", path=path)
    suffixes = (*SUFFIXES, ".spacy")
    found = sorted(
        file
        for file in path.rglob("*")
        if file.is_file()
        and not file.name.startswith(".")
        and file.name.removesuffix(".gz").endswith(suffixes)
    )
    if not found:
        raise InputError(f"no corpus in this folder, expected {', '.join(suffixes)}", path=path)
    return found


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read a file line by line: UTF-8, split on "\\n" alone, a byte order mark left out.

    path (Path): The file, gzipped if it ends in .gz.
    YIELDS (Tuple[int, str]): The line's number, from 1, and its text.
    RAISES (InputError): If the file is not UTF-8, or no sound gzip file.
    """
    number = 0
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as stream:
        try:
            for number, raw in enumerate(stream, start=1):
                yield number, (raw.removeprefix(_BOM) if number == 1 else raw).decode("utf-8")
        except UnicodeDecodeError as err:
            message = f"byte 0x{err.object[err.start]:02x} is not UTF-8, expected a UTF-8 file"
            raise InputError(message, path=path, line=number) from err
        except (gzip.BadGzipFile, EOFError, zlib.error) as err:
            message = f"not a sound gzip file after line {number} ({err})"
            raise InputError(message, path=path) from err


def read_sentences(path: Path, layout: Layout) -> Iterator[Sentence]:
    """Read the sentences of a column file, one at a time.

    path (Path): The file, gzipped if it ends in .gz.
    layout (Layout): How it is written.
    YIELDS (Sentence): The sentences that have a token.
    RAISES (InputError): If a line has too few columns, not as many as the line before in the same
        sentence, or an empty word.
    """
    sentence = Sentence([], [])
    for number, line in read_lines(path):
        text = line.strip(" \t\r\n") if layout.separator == "whitespace" else line.rstrip(" \t\r\n")
        row = layout.split(text) if text else []
        is_docstart = bool(row) and bool(layout.docstart) and row[0] == layout.docstart
        if row and not is_docstart:
            _check_row(row, text, sentence, layout, path, number)
            sentence.rows.append(row)
            sentence.lines.append(number)
            continue
        if sentence.rows:
            yield sentence
            sentence = Sentence([], [])
        sentence.starts_document |= is_docstart
    if sentence.rows:
        yield sentence


def _check_row(
    row: list[str], text: str, sentence: Sentence, layout: Layout, path: Path, number: int
) -> None:
    above = sentence.rows[-1] if sentence.rows else row
    if layout.width <= len(row) == len(above) and row[layout.columns["word"]]:
        return
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    found = f"{shown!r} has " + ("1 column" if len(row) == 1 else f"{len(row)} columns")
    if len(row) < layout.width:
        names = ", ..., ".join(sorted(layout.columns, key=lambda name: name != "word"))
        message = f"{found}, expected at least {layout.width} ({names})"
        raise InputError(message, path=path, line=number)
    # A column counted from the end would silently be another one.
    if len(row) != len(above):
        message = f"{found}, expected {len(above)} as in the line before"
        raise InputError(message, path=path, line=number)
    message = f"an empty word in column {layout.columns['word']}, expected a token"
    raise InputError(message, path=path, line=number)


def _read_files(path: Path, nlp: Language, layout: Layout, unit: str) -> Iterator[Example]:
    for file in corpus_files(path):
        if file.suffix == ".spacy":
            yield from _read_docbin(file, nlp)
            continue
        sentences = read_sentences(file, layout)
        for group in _documents(sentences) if unit == "document" else ([s] for s in sentences):
            yield _make_example(nlp, group, layout, file, sent_starts=unit == "document")


def _read_docbin(path: Path, nlp: Language) -> Iterator[Example]:
    try:
        docs = DocBin().from_disk(path)
    except OSError:
        raise
    except Exception as err:  # zlib, msgpack, numpy and KeyError, as the damage happens to be
        message = f"not a sound .spacy file ({type(err).__name__}), expected a saved DocBin"
        raise InputError(message, path=path) from err
    yield from Corpus(path).make_examples(nlp, docs.get_docs(nlp.vocab))


def _documents(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    group: list[Sentence] = []
    for sentence in sentences:
        if sentence.starts_document and group:
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def _make_example(
    nlp: Language, group: list[Sentence], layout: Layout, path: Path, *, sent_starts: bool
) -> Example:
    words = [word for s in group for word in s.column(layout.columns["word"])]
    spaces = [True] * (len(words) - 1) + [False]
    values: dict[str, list[Any]] = {  # Doc's stubs do not know that ents may be None
        name: [value for s in group for value in _values(s, name, layout, path)]
        for name in layout.columns
        if name != "word"
    }
    reference = Doc(
        nlp.vocab,
        words=words,
        spaces=spaces,
        tags=values.get("tag"),
        pos=values.get("pos"),
        ents=values.get("ner"),
        sent_starts=[i == 0 for s in group for i in range(len(s.rows))] if sent_starts else None,
    )
    for name in values:
        if name.startswith("_."):
            for token, value in zip(reference, values[name], strict=True):
                token._.set(name[2:], value)
    return Example(Doc(nlp.vocab, words=words, spaces=spaces), reference)


def _values(sentence: Sentence, name: str, layout: Layout, path: Path) -> list[str | None]:
    """Give the values of one column as Doc wants them."""
    column = sentence.column(layout.columns[name])
    if name == "ner":
        return _entities(column, sentence.lines, layout, path)
    # Doc writes a missing tag as "", an unset extension attribute is None.
    unset = None if name.startswith("_.") else ""
    values = [unset if value == layout.missing else value for value in column]
    if name == "pos":
        for value, line in zip(values, sentence.lines, strict=True):
            if value not in POS_IDS:
                message = (
                    f"part of speech {value!r}, expected one of {', '.join(filter(None, POS_IDS))}"
                )
                raise InputError(message, path=path, line=line)
    return values


def _entities(column: list[str], lines: list[int], layout: Layout, path: Path) -> list[str | None]:
    known = [None if tag == layout.missing else tag for tag in column]
    spans = spans_of(known, layout.scheme, path=path, lines=lines)
    tags = tags_from_spans(spans, len(column), "BIO")
    return [None if tag is None else new for tag, new in zip(known, tags, strict=True)]


def _register(name: str) -> None:
    if not Token.has_extension(name):
        Token.set_extension(name, default=None)
    _, method, getter, setter = Token.get_extension(name)
    if method is not None or (getter is not None and setter is None):
        raise InputError(f"column '_.{name}': token._.{name} is computed and cannot be set")


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"unknown {option} {value!r}, expected one of {', '.join(choices)}")
