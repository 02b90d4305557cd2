"""Reads and writes word vectors: word2vec text and binary, GloVe, floret, and spaCy's folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqpipe.files import InputError, atomic_folder
from seqpipe.pipelines import check_replaceable
from seqpipe.vocabulary.text_lines import open_bytes, read_lines

from .matrix import Embeddings
from .vector_binary import read_binary, write_binary
from .vector_text import (
    read_floret,
    read_floret_header,
    read_glove,
    read_size,
    read_word2vec,
    write_floret,
    write_glove,
    write_word2vec,
)

if TYPE_CHECKING:
    from spacy.vocab import Vocab

WORD2VEC, BINARY, GLOVE, FLORET, SPACY = "word2vec", "word2vec-binary", "glove", "floret", "spacy"
FORMS = (WORD2VEC, BINARY, GLOVE, FLORET, SPACY)
READERS = {WORD2VEC: read_word2vec, BINARY: read_binary, GLOVE: read_glove, FLORET: read_floret}
WRITERS = {
    WORD2VEC: write_word2vec,
    BINARY: write_binary,
    GLOVE: write_glove,
    FLORET: write_floret,
}
SUFFIXES = {".txt": WORD2VEC, ".vec": WORD2VEC, ".bin": BINARY, ".floret": FLORET, "": SPACY}
SAMPLE = 1 << 16


def read_vectors(path: str | Path, *, form: str | None = None) -> Embeddings:
    """Read word vectors. A file is read as a stream, and takes the memory of the matrix.

    path: A file, plain or gzipped; a pipeline's folder or its `vocab`; the name of an installed
        pipeline package.
    form (str): One of FORMS; None: told by the content.
    RETURNS (Embeddings): The words in the file's order. Floret vectors have no words of their own:
        `subset` gives them some, to look for neighbours among.
    RAISES (InputError): With file and line, if the content is broken or of another form.
    """
    source = Path(path)
    found = form_of_content(source)
    if form is not None:
        _check_form(form, found, source)
    read = READERS.get(form or found, _read_spacy)
    try:
        return read(source)
    except InputError as error:
        if (form, found) != (BINARY, WORD2VEC):
            raise
        # Of a few words and values the bytes may look like text, so this had to be tried.
        raise InputError(f"{error}; it looks like text ({WORD2VEC})") from error


def write_vectors(
    embeddings: Embeddings, path: str | Path, *, form: str | None = None, lang: str = "xx"
) -> None:
    """Write word vectors, the whole file or folder or nothing.

    embeddings (Embeddings): What is written. Floret vectors are written as such to "floret" and
        "spacy"; to the other forms go the vectors of their words.
    path: A file, gzipped if it ends in .gz; for "spacy" a pipeline's folder, such as
        `[paths] vectors` of a config takes.
    form (str): One of FORMS; None: told by the name, see `form_of_name`.
    lang (str): Language of the pipeline, for "spacy".
    RAISES (InputError): If the form is unknown or cannot hold these vectors.
    """
    target = Path(path)
    form = form or form_of_name(target)
    if form not in FORMS:
        raise InputError(f"form {form!r}, expected {', '.join(FORMS)}")
    if embeddings.floret is None and not len(embeddings):
        raise InputError("no vectors to write")
    if form == SPACY:
        _write_spacy(embeddings, target, lang)
        return
    if not len(embeddings) and form != FLORET:
        raise InputError("floret vectors have no words of their own, give those to write")
    WRITERS[form](embeddings, target)


def form_of_content(path: Path) -> str:
    """Tell a form by what is in it.

    path (Path): A file or a folder.
    RETURNS (str): One of FORMS.
    RAISES (InputError): If a file is empty or none of them.
    """
    if path.is_dir() or not path.exists():
        return SPACY
    with open_bytes(path) as stream:
        line, sample = stream.readline(SAMPLE), stream.read(SAMPLE)
    if not line.strip():
        found = "its first line is empty" if line else "an empty file"
        raise InputError(f"{found}, expected word vectors", path=path)
    size = read_size(line)
    if size is not None:
        return WORD2VEC if _is_text(sample) else BINARY
    if not _is_text(line):
        raise InputError("a binary file without word2vec's header", path=path)
    return GLOVE if read_floret_header(line) is None else FLORET


def form_of_name(path: Path) -> str:
    """Tell by its name the form in which a file shall be written.

    path (Path): `.txt` and `.vec` are word2vec's text, but GloVe's form if "glove" is in the name;
        `.bin` is word2vec's binary, `.floret` floret's table, and a name without a suffix spaCy's
        folder. A `.gz` behind does not count.
    RETURNS (str): One of FORMS.
    RAISES (InputError): If the name says nothing.
    """
    name = path.with_suffix("") if path.suffix == ".gz" else path
    form = SUFFIXES.get(name.suffix.lower())
    if form is None:
        known = ", ".join(filter(None, SUFFIXES))
        message = f"the name does not say the form, expected {known} or no suffix, or --to FORM"
        raise InputError(message, path=path)
    return GLOVE if form == WORD2VEC and "glove" in name.name.lower() else form


def read_words(path: str | Path) -> list[str]:
    """Read a list of words.

    path: A text file, one word a line, plain or gzipped.
    RETURNS (List[str]): Each once, in the file's order.
    RAISES (InputError): If there is none.
    """
    words = dict.fromkeys(line.strip() for _, line in read_lines(path) if line.strip())
    if not words:
        raise InputError("no word in it, expected one a line", path=path)
    return list(words)


def _check_form(form: str, found: str, path: Path) -> None:
    """Refuse to read text as binary, a file as a folder, or the other way."""
    if form not in FORMS:
        raise InputError(f"form {form!r}, expected {', '.join(FORMS)}")
    kinds = {SPACY: "a folder", BINARY: "a binary file"}
    kind, expected = kinds.get(found, "a text file"), kinds.get(form, "a text file")
    if kind != expected and (form, found) != (BINARY, WORD2VEC):
        message = f"{kind} (its content says {found}), expected {expected} ({form})"
        raise InputError(message, path=path)


def _is_text(sample: bytes) -> bool:
    """Whether the start of a file is text; values of float32 hardly ever look like it."""
    line, _, _ = sample.partition(b"\n")
    try:
        # Also where the word is not UTF-8: then that is what is wrong with it.
        with np.errstate(over="ignore"):
            np.array(line.split()[1:], dtype=np.float32)
        is_row = len(line.split()) > 1
    except ValueError:
        is_row = False
    if is_row or b"\0" in sample:
        return is_row
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # The sample may end within a character.
        return error.start > len(sample) - 4 and error.reason == "unexpected end of data"
    return True


def _read_spacy(path: Path) -> Embeddings:
    from spacy.vocab import Vocab

    if not path.exists():
        return _read_package(path)
    folder = path / "vocab" if (path / "vocab").is_dir() else path
    for name in ("strings.json", "vectors"):
        if not (folder / name).is_file():
            message = f"no {name} in this folder, expected a pipeline or its vocab folder"
            raise InputError(message, path=folder)
    try:
        vocab = Vocab().from_disk(folder)
    except Exception as error:
        # Damage comes up as any exception of msgpack, srsly or numpy.
        reason = " ".join(str(error).split())
        raise InputError(f"the vocabulary does not load: {reason}", path=folder) from error
    try:
        return Embeddings.from_vocab(vocab, words=_learned_words(path, vocab))
    except InputError as error:
        raise InputError(str(error), path=folder) from error


def _learned_words(path: Path, vocab: Vocab) -> list[str] | None:
    """The words of a pipeline's `embedding_learner`, which floret vectors do not keep."""
    from .embedding_learner import TABLES, saved_words

    folders = [file.parent for file in sorted(path.glob(f"*/{TABLES}"))]
    return saved_words(folders[0]) if folders and vocab.vectors.mode == "floret" else None


def _read_package(path: Path) -> Embeddings:
    import spacy
    from spacy.util import is_package

    if not is_package(str(path)):
        raise InputError("no such file, folder or pipeline package", path=path)
    return Embeddings.from_pipeline(spacy.load(str(path)))


def _write_spacy(embeddings: Embeddings, path: Path, lang: str) -> None:
    import spacy

    check_replaceable(path)
    try:
        nlp = spacy.blank(lang)
    except ImportError as error:
        raise InputError(f"language {lang!r}: spaCy has no such language") from error
    embeddings.to_vocab(nlp.vocab)
    with atomic_folder(path) as folder:
        nlp.to_disk(folder)
