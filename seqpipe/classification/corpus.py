"""Reads labelled texts (tables, JSON lines, folders, .spacy files) and sentiment trees as examples.

Annotations stay real objects here: spaCy's registry resolves them.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.corpus import Corpus
from spacy.util import registry

from seqpipe.files import InputError

from .folders import FOLDERS, FORMATS, corpus_files, read_folders
from .labelled import LabelledText, Selection, cats
from .lines import check_encoding
from .survey import Survey, survey, warn_once
from .tables import read_json_lines, read_one_label, read_prefixed, read_table
from .trees import LABELS, read_trees

TOKENS = ("tokenizer", "whitespace")
SEPARATORS = {"csv": ",", "tsv": "\t"}
# The class of each label of a tree, "" for none.
CLASSES: dict[str, dict[str, str]] = {
    "fine": {label: label for label in LABELS},
    "binary": {"0": "negative", "1": "negative", "2": "", "3": "positive", "4": "positive"},
}
_WORD = re.compile("[^ \t\n\r\f\v]+")  # other blanks may stand within a token, as in "2\xa01/2"


@registry.readers("seqpipe.LabelledTexts.v1")
def make_labelled_texts(
    path: str | Path | None,
    *,
    format: str = "auto",
    text: int | str = "text",
    label: int | str = "label",
    separator: str = "",
    files: dict[str, str] | None = None,
    tokens: str = "tokenizer",
    names: dict[str, str | None] | None = None,
    labels: list[str] | None = None,
    encoding: str = "utf-8",
    folds: int = 1,
    fold: int = 0,
    part: str = "all",
    limit: int = 0,
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader of texts with their classes.

    When it is first used it reads the whole corpus once for the labels, which all examples then
    have in their cats, and for faults. Warnings then tell, once in a process, of texts that are
    there more than once with labels that contradict each other (all are kept), of texts left out,
    of names that no label has, of Docs that are empty or have no cats. White space around texts
    and labels is left out.

    path (Path): A file, gzipped if it ends in .gz; or a folder: of such files, which are read in
        the order of their names, or of folders, one for each label, with one .txt file a text.
    format (str): "auto" to go by names, or: "tsv" (a quote is a character like others), "csv" (a
        column may be in quotes and then hold newlines), "jsonl" (an object a line; its label is a
        string, a number, a list of all that hold, or an object {label: 0 or 1}), "prefixed" (each
        line a label, a space and the text), "folders", "spacy" (read as spaCy's own reader does).
    text, label: Columns or keys. Names of columns stand in the first row; numbers, from 0 or from
        -1 for the last, say that there is no such row.
    separator (str): What stands between columns, "" for a tab in TSV and a comma in CSV.
    files (Optional[Dict[str, str]]): For each label a file below the path, with one text a line.
    tokens (str): "tokenizer" for the pipeline's own, "whitespace" for texts that are tokenised.
    names (Optional[Dict[str, str]]): New names of labels. One that is renamed to null or "" is left
        out, and with it the texts of which no other label holds.
    labels (Optional[List[str]]): All labels there may be, after renaming; null for those found.
    encoding (str): The files' text encoding.
    folds, fold (int): For a corpus without a split. Its texts are dealt to `folds` folds one by
        one.
    part (str): "test" is the fold `fold` (from 0), "dev" the one after it, "train" the others,
        "train+dev" all but "test", "all" everything.
    limit (int): The most examples to read, 0 for all.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader. It raises InputError with file,
        line and value where the corpus is at fault, and where there is nothing to read.
    """
    root = _checked_path(path, limit)
    _check_choice("format", format, ("auto", *FORMATS))
    _check_choice("tokens", tokens, TOKENS)
    check_encoding(encoding)
    if isinstance(text, str) != isinstance(label, str):
        raise InputError(f"text = {text!r}, label = {label!r}, expected two names or two numbers")
    if len(separator) > 1:
        raise InputError(f"separator = {separator!r}, expected one character")
    if files is not None and format != "auto":
        raise InputError(f"files with format = {format!r}, expected no format beside files")
    read = partial(_read_file, text=text, label=label, separator=separator, encoding=encoding)

    def texts(nlp: Language) -> Iterator[LabelledText]:
        for name, file in (files or {}).items():
            yield from read_one_label(_existing(root / file), name, encoding=encoding)
        for place, told in corpus_files(root, format) if files is None else ():
            yield from _read_docs(place, nlp) if told == "spacy" else read(place, told)

    selection = Selection(names or {}, labels, folds, fold, part)
    return _reader(texts, selection, root, tokens, limit)


@registry.readers("seqpipe.SentimentTreebank.v1")
def make_sentiment_treebank(
    path: str | Path | None,
    *,
    phrases: bool = False,
    classes: str = "fine",
    names: dict[str, str | None] | None = None,
    limit: int = 0,
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader of trees in the Stanford Sentiment Treebank's format; the words are its own.

    path (Path): A file with one bracketed tree a line, UTF-8, gzipped if it ends in .gz.
    phrases (bool): Whether the text under each node is an example, for training, and not the
        sentences alone. One that is there more than once with the same label is read once.
    classes (str): "fine" for the labels 0 to 4, or "binary" for "negative" (0 and 1) and "positive"
        (3 and 4), where neutral ones are left out, and a warning tells their number.
    names (Optional[Dict[str, str]]): New names of these classes, as for seqpipe.LabelledTexts.v1:
        {"0": "1", ..., "4": "5"} makes stars of the fine ones.
    limit (int): The most examples to read, 0 for all.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader. It raises InputError with file,
        line and column where a tree is at fault, and where there is none.
    """
    root = _checked_path(path, limit)
    _check_choice("classes", classes, tuple(CLASSES))
    given = dict(names or {})
    known = tuple(filter(None, dict.fromkeys(CLASSES[classes].values())))
    for name in given:
        _check_choice(f'label in names, with classes = "{classes}":', name, known)
    renamed = {label: given.get(name, name) for label, name in CLASSES[classes].items()}

    def texts(nlp: Language) -> Iterator[LabelledText]:
        return read_trees(_existing(root), phrases=phrases)

    return _reader(texts, Selection(renamed, is_closed=True), root, "whitespace", limit)


def _reader(
    texts: Callable[[Language], Iterator[LabelledText]],
    selection: Selection,
    path: Path,
    tokens: str,
    limit: int,
) -> Callable[[Language], Iterator[Example]]:
    """A reader that reads the whole corpus once before its first example, and no more than that:
    a development set is read at every evaluation."""
    known: Survey | None = None

    def read(nlp: Language) -> Iterator[Example]:
        nonlocal known
        if known is None:
            known = survey(texts(nlp), selection)
            known.log(path)
        count = 0
        for text in islice(selection.select(texts(nlp)), limit or None):
            count += 1
            yield _example(nlp, text, known, tokens)
        if not count:
            message = f"no text to read (part {selection.part!r}), expected at least one"
            raise InputError(message, path=path)

    return read


def _example(nlp: Language, text: LabelledText, known: Survey, tokens: str) -> Example:
    if len(text.text) > nlp.max_length:
        raise text.fault(
            f"a text of {len(text.text):,} characters, expected at most {nlp.max_length:,} "
            "(nlp.max_length); cut or part it"
        )
    found = cats(text, known.labels)
    if text.doc is not None:
        text.doc.cats = found
        return next(Corpus(text.path).make_examples(nlp, [text.doc]))
    if tokens == "whitespace":
        words = _WORD.findall(text.text)
        doc = Doc(nlp.vocab, words=words, spaces=[True] * (len(words) - 1) + [False])
    else:
        doc = nlp.make_doc(text.text)
    reference = doc.copy()
    reference.cats = found
    return Example(doc, reference)


def _read_file(
    path: Path, format: str, *, text: int | str, label: int | str, separator: str, encoding: str
) -> Iterator[LabelledText]:
    if format == FOLDERS:
        return read_folders(path, encoding=encoding)
    if format == "prefixed":
        return read_prefixed(path, encoding=encoding)
    if format == "jsonl":
        if isinstance(text, int) or isinstance(label, int):
            raise InputError(f"text = {text}, label = {label}, expected keys", path=path)
        return read_json_lines(path, text=text, label=label, encoding=encoding)
    return read_table(
        path,
        text=text,
        label=label,
        separator=separator or SEPARATORS[format],
        is_quoted=format == "csv",
        encoding=encoding,
    )


def _read_docs(path: Path, nlp: Language) -> Iterator[LabelledText]:
    try:
        docs = DocBin().from_disk(path)
    except OSError:
        raise
    except Exception as err:  # zlib, msgpack, numpy and KeyError, as the damage happens to be
        message = f"not a sound .spacy file ({type(err).__name__}), expected a saved DocBin"
        raise InputError(message, path=path) from err
    empty = 0
    for number, doc in enumerate(docs.get_docs(nlp.vocab), start=1):
        if len(doc):
            yield LabelledText(doc.text, dict(doc.cats), path, number, doc)
        else:  # spaCy's own reader passes over it too
            empty += 1
    if empty:
        warn_once(f"{path}: {empty} of {len(docs)} docs are empty and are passed over")


def _checked_path(path: str | Path | None, limit: int) -> Path:
    if path is None:
        raise InputError(
            "no path to a corpus, expected a file or a folder (set [paths] or --paths)"
        )
    if limit < 0:
        raise InputError(f"limit {limit}, expected 0 for all examples, or more")
    return Path(path)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError("no such file", path=path)
    return path


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"unknown {option} {value!r}, expected one of {', '.join(choices)}")
