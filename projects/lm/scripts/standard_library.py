"""Collects text from Python's own standard library: the prose of its docstrings, a sentence a line,
and the sources of its modules. Whole modules are held out for development and for the test."""

import ast
import re
import sysconfig
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import spacy
import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

# What others installed there, what is generated or a table, and tests.
LEFT_OUT = {
    "site-packages",
    "dist-packages",
    "ensurepip",
    "encodings",
    "pydoc_data",
    "distutils",
    "idlelib",
    "lib2to3",
    "turtledemo",
    "test",
    "tests",
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# A paragraph of prose begins with a word, and has some more.
PROSE = re.compile(r"""["'(]?[A-Z][a-z']*( [\w'"(),.;:-]+){3}""")
FEWEST_WORDS = 4
HELD_OUT = 0.1  # of the characters, for development and for the test each


def modules(root: Path) -> list[Path]:
    """RETURNS (List[Path]): The modules in an order that is mixed but always the same, so that
    each part has something of everything, and a module stays in its part."""
    names = [path.relative_to(root) for path in root.rglob("*.py")]
    names = [name for name in names if not LEFT_OUT & set(name.parts)]
    if not names:
        raise InputError("no module in this folder, expected Python's standard library", path=root)
    texts = sorted(name.as_posix() for name in names)
    return [root / text for text in sorted(texts, key=lambda text: zlib.crc32(text.encode()))]


def docstrings(source: str) -> Iterator[str]:
    """YIELDS (str): The docstrings of a module, its classes and functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and (found := ast.get_docstring(node)):
            yield found


def paragraphs(docstring: str) -> Iterator[str]:
    """YIELDS (str): The paragraphs that are prose, in one line each: no code, no tables."""
    for block in docstring.split("\n\n"):
        lines = block.strip("\n").split("\n")
        is_set_in = any(line.startswith(" ") for line in lines)
        text = " ".join(" ".join(lines).split())
        if PROSE.match(text) and not is_set_in and ">>>" not in text:
            yield text


class Prose:
    """Takes the sentences out of modules, no docstring twice."""

    def __init__(self) -> None:
        self.nlp = spacy.blank("en")
        self.nlp.add_pipe("sentencizer")
        self.seen: set[str] = set()

    def __call__(self, source: str) -> str:
        """RETURNS (str): The sentences of a module, one a line."""
        lines = []
        for found in docstrings(source):
            for text in paragraphs(found) if found not in self.seen else ():
                sentences = (sent.text.strip() for sent in self.nlp(text).sents)
                lines += [one for one in sentences if len(one.split()) >= FEWEST_WORDS]
            self.seen.add(found)
        return "".join(f"{line}\n" for line in lines)


def parts(texts: Iterable[str], characters: int) -> dict[str, str]:
    """RETURNS (Dict[str, str]): "test", "dev" and "train", which come in this order. The first two
    have whole modules; the last one is cut where there are enough characters."""
    found = {"test": "", "dev": "", "train": ""}
    held_out = int(HELD_OUT * characters)
    wanted = {"test": held_out, "dev": held_out, "train": characters}
    for text in texts:
        part = next((name for name in found if len(found[name]) < wanted[name]), None)
        if part is None:
            break
        found[part] += text
    cut = found["train"][:characters]
    found["train"] = cut[: cut.rfind("\n") + 1]
    for name, text in found.items():
        if not text:
            raise InputError(f"no text is left for {name}: expected more than {characters:,}")
    return found


def write(folder: Path, found: dict[str, str]) -> None:
    """Write each part to a file of its own."""
    for name, text in found.items():
        with atomic_write(folder / f"{name}.txt") as stream:
            stream.write(text)
        typer.echo(f"{len(text):,} characters are in {folder / f'{name}.txt'}")


def main(
    words: Annotated[Path, typer.Option(help="Folder of the docstrings, a sentence a line.")],
    characters: Annotated[Path, typer.Option(help="Folder of the sources.")],
    prose_size: Annotated[int, typer.Option(min=1, help="Characters to train on.")] = 700_000,
    source_size: Annotated[int, typer.Option(min=1, help="Characters to train on.")] = 400_000,
) -> None:
    """Write both texts, in three parts each."""
    found = modules(Path(sysconfig.get_path("stdlib")))
    prose = Prose()
    sources = [path.read_text(encoding="utf-8") for path in found]
    write(words, parts(map(prose, sources), prose_size))
    write(characters, parts(sources, source_size))


if __name__ == "__main__":
    run_script(main)
