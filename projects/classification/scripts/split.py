"""Writes a public corpus out in three parts, and the text that vectors are learned from."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_config, registry

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write
from seqpipe.training.config_file import parse_overrides

PARTS = ("train", "dev", "test")
# What IMDB has for a new line, and runs of blanks. A blank beyond ASCII may be part of a word.
BLANKS = re.compile(r"(?:<br ?/?>|[ \t\r\n\f\v])+")

Reader = Callable[[Language], Iterator[Example]]


def plain(text: str) -> str:
    """RETURNS (str): The text in one line."""
    return BLANKS.sub(" ", text).strip()


def readers_of(config: Path, name: str, values: list[str]) -> dict[str, Reader]:
    """RETURNS (Dict[str, Callable]): The reader of each part of a corpus. Raises InputError."""
    words, overrides = parse_overrides(values)
    if words:
        raise InputError(f"{words[0]}: expected --section.key VALUE after the --")
    parts = load_config(config, overrides=overrides, interpolate=True)
    if name not in parts:
        raise InputError(f"no corpus {name!r}, expected one of {', '.join(parts)}", path=config)
    return registry.resolve({"readers": parts[name]})["readers"]


def write_part(path: Path, examples: Iterable[Example]) -> int:
    """Write texts with their classes, an object a line. RETURNS (int): How many."""
    count = 0
    with atomic_write(path) as stream:
        for eg in examples:
            cats = eg.reference.cats
            row = {"text": plain(eg.reference.text), "label": max(cats, key=cats.__getitem__)}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def write_text(path: Path, examples: Iterable[Example], nlp: Language | None) -> int:
    """Write the words alone, in lower case. RETURNS (int): How many.

    nlp (Language): Whose tokenizer tells words apart; None if blanks do.
    """
    count = 0
    with atomic_write(path) as stream:
        for eg in examples:
            text = plain(eg.reference.text)
            words = text.split(" ") if nlp is None else [t.text for t in nlp.make_doc(text)]
            stream.write(" ".join(words).lower() + "\n")
            count += len(words)
    return count


def main(
    config: Annotated[Path, typer.Argument(help="How corpora are read: configs/corpora.cfg.")],
    name: Annotated[str, typer.Argument(help="Which corpus.")],
    output: Annotated[Path, typer.Argument(help="Folder to write.")],
    whitespace: Annotated[
        bool, typer.Option("--whitespace", help="Words are parted by blanks already.")
    ] = False,
    values: Annotated[
        list[str] | None, typer.Argument(help="After --: values of the config.")
    ] = None,
) -> None:
    """Write train.jsonl, dev.jsonl, test.jsonl and text.txt."""
    readers, nlp = readers_of(config, name, values or []), spacy.blank("en")
    counts = {part: write_part(output / f"{part}.jsonl", readers[part](nlp)) for part in PARTS}
    text = readers.get("text", readers["train"])
    words = write_text(output / "text.txt", text(nlp), None if whitespace else nlp)
    shown = ", ".join(f"{part} {count:,}" for part, count in counts.items())
    typer.echo(f"{name}: texts: {shown}; words of text.txt: {words:,}")


if __name__ == "__main__":
    run_script(main)
