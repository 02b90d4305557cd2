"""The files of a labelled corpus: one, several in a folder, or a folder for each label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seqpipe.files import InputError

from .labelled import LabelledText
from .lines import read_text

# Formats that a file's name tells, .gz left aside.
SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".spacy": "spacy"}
FOLDERS = "folders"
FORMATS = (*SUFFIXES.values(), "prefixed", FOLDERS)
_TEXT = ".txt"


def corpus_files(path: Path, format: str) -> list[tuple[Path, str]]:
    """List the files of a corpus with their formats.

    path (Path): A file or a folder.
    format (str): One of FORMATS, or "auto" to go by the names.
    RETURNS (List[Tuple[Path, str]]): A file itself; of a folder its files whose names tell the
        format, sorted, or the folder as "folders" if there is none but other folders.
    RAISES (InputError): If there is nothing to read, or no telling how: a folder with such files
        beside folders of texts may be either.
    """
    if not path.exists():
        raise InputError("no such file or folder", path=path)
    if path.is_file():
        if format == FOLDERS:
            raise InputError("a file, expected a folder with a folder for each label", path=path)
        return [(path, _told_format(path) if format == "auto" else format)]
    if format == FOLDERS:
        return [(path, FOLDERS)]
    found = [(file, _format_of(file)) for file in _visible(path) if file.is_file()]
    files = [(file, told) for file, told in found if told and format in ("auto", told)]
    folders = [entry for entry in _visible(path) if entry.is_dir() and _texts(entry)]
    if format == "auto" and files and folders:
        choices = " or ".join(f'"{told}"' for told in sorted({told for _, told in files}))
        message = (
            f"files such as {files[0][0].name!r} beside folders of texts such as "
            f'{folders[0].name!r}, expected one of the two; set format to "{FOLDERS}" or {choices}'
        )
        raise InputError(message, path=path)
    if files:
        return files
    if format == "auto" and any(entry.is_dir() for entry in _visible(path)):
        return [(path, FOLDERS)]
    suffixes = [suffix for suffix, told in SUFFIXES.items() if format in ("auto", told)]
    wanted = f"files in {', '.join(suffixes)} (or .gz)" if suffixes else "the path of a file"
    wanted += " or a folder for each label" if format == "auto" else ""
    raise InputError(f"no corpus in this folder, expected {wanted}", path=path)


def read_folders(path: Path, *, encoding: str) -> Iterator[LabelledText]:
    """Read a folder that has a folder for each label, with a .txt file for each text.

    path (Path): The folder. Other files in it, and others than .txt and .txt.gz below, are not
        read.
    encoding (str): The files'.
    YIELDS (LabelledText): The texts, in the order of the labels and then of the files' names.
    RAISES (InputError): If there is no folder for a label, or no text in one.
    """
    folders = [entry for entry in _visible(path) if entry.is_dir()]
    if not folders:
        raise InputError("no folder in this folder, expected one for each label", path=path)
    for folder in folders:
        files = _texts(folder)
        if not files:
            message = f"no {_TEXT} file in this folder, expected the texts of label {folder.name!r}"
            raise InputError(message, path=folder)
        for file in files:
            yield LabelledText(read_text(file, encoding).strip(), folder.name, file)


def _texts(folder: Path) -> list[Path]:
    return [file for file in _visible(folder) if _stem(file).endswith(_TEXT)]


def _told_format(file: Path) -> str:
    told = _format_of(file)
    if told is None:
        message = (
            f"a name that does not tell the format, expected {', '.join(SUFFIXES)} (or .gz); or "
            f"set format to one of {', '.join(FORMATS)}"
        )
        raise InputError(message, path=file)
    return told


def _format_of(file: Path) -> str | None:
    return SUFFIXES.get(Path(_stem(file)).suffix)


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz")


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
