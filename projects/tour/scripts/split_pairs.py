"""Writes a table of sentences and their translations as the files that seqpipe bleu reads: the
sentences, and as many files of references as a sentence has translations at most."""

from pathlib import Path
from typing import Annotated

import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write


def read_pairs(path: Path) -> dict[str, list[str]]:
    """RETURNS (Dict[str, List[str]]): Each sentence with its translations."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        source, tab, target = line.partition("\t")
        if not tab:
            raise InputError(
                "no tab, expected a sentence and its translation", path=path, line=number
            )
        found.setdefault(source, []).append(target)
    return found


def main(
    table: Annotated[
        Path, typer.Argument(help="Sentence, tab, translation; a sentence may recur.")
    ],
    source: Annotated[Path, typer.Argument(help="File of the sentences.")],
    references: Annotated[list[Path], typer.Argument(help="Files of the references.")],
) -> None:
    """Write the files. Where a sentence has fewer translations the last stands again, which does
    not change BLEU."""
    pairs = read_pairs(table)
    most = max(map(len, pairs.values()))
    if most > len(references):
        raise InputError(f"{most} translations of a sentence, expected at most {len(references)}")
    with atomic_write(source) as stream:
        stream.writelines(f"{sentence}\n" for sentence in pairs)
    for number, path in enumerate(references):
        with atomic_write(path) as stream:
            stream.writelines(f"{found[min(number, len(found) - 1)]}\n" for found in pairs.values())


if __name__ == "__main__":
    run_script(main)
