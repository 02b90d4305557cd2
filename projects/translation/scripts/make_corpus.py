"""Makes the French-English corpus: draws sentences from the grammar and splits them.

Training has one of the translations of each sentence, drawn; the other files have all of them, each
on a line of its own with the sentence.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import spacy
import typer
from grammar import KINDS, LONG_KINDS, Grammar

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

Pair = tuple[str, list[str]]  # a French sentence and its translations
# The most tokens of each class of lengths but the last: 1 to 10, 11 to 20, ...
EDGES = (10, 20, 30, 40)


class Corpus:
    """Draws sentences, none of them twice.

    grammar (Grammar): Where they come from.
    known (Set[str]): French sentences that are not wanted.
    """

    def __init__(self, grammar: Grammar, known: Iterable[str]) -> None:
        self.grammar, self.known = grammar, set(known)
        self.tokenizer = spacy.blank("fr").tokenizer

    def draw(self, number: int) -> list[Pair]:
        """RETURNS (List[Pair]): So many sentences."""
        return self._draw(KINDS, {0: number}, lambda french: 0)

    def draw_by_length(self, number: int) -> list[Pair]:
        """RETURNS (List[Pair]): So many sentences, equally many of each class of lengths, mixed."""
        classes = range(len(EDGES) + 1)
        wanted = {one: (number + one) // len(classes) for one in classes}
        found = self._draw({**KINDS, **LONG_KINDS}, wanted, self._class_of)
        self.grammar.random.shuffle(found)
        return found

    def _class_of(self, french: str) -> int:
        return bisect_left(EDGES, len(self.tokenizer(french)))

    def _draw(
        self, kinds: dict[str, int], wanted: dict[int, int], class_of: Callable[[str], int]
    ) -> list[Pair]:
        found: list[Pair] = []
        total = sum(wanted.values())
        for _ in range(100 * total):
            if len(found) == total:
                return found
            french, translations = self.grammar.draw(kinds)
            if french in self.known or not wanted[one := class_of(french)]:
                continue
            wanted[one] -= 1
            self.known.add(french)
            found.append((french, translations))
        raise InputError(
            f"the grammar gave only {len(found):,} different sentences, expected {total:,}: ask "
            "for fewer"
        )


def write(path: Path, pairs: Iterable[tuple[str, str]]) -> None:
    """Write pairs, one a line, with a tab between."""
    with atomic_write(path) as stream:
        stream.writelines(f"{french}\t{english}\n" for french, english in pairs)


def all_references(pairs: list[Pair]) -> list[tuple[str, str]]:
    """RETURNS (List[Tuple[str, str]]): Each sentence with each of its translations."""
    return [(french, english) for french, found in pairs for english in found]


def main(
    output: Annotated[Path, typer.Argument(help="Folder of the four files.")],
    lexicon: Annotated[Path, typer.Option(help="The words.")] = Path("assets/lexicon.yml"),
    examples: Annotated[Path, typer.Option(help="Sentences that are left out, one a line.")] = Path(
        "assets/examples.txt"
    ),
    train: Annotated[int, typer.Option(min=1, help="Sentences to train on.")] = 30_000,
    held_out: Annotated[int, typer.Option(min=1, help="Sentences of each other file.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
) -> None:
    """Write train.tsv, dev.tsv and test.tsv, and lengths.tsv, which has equally many sentences of 1
    to 10 tokens, 11 to 20, and so on."""
    grammar = Grammar(lexicon, seed)
    corpus = Corpus(grammar, examples.read_text(encoding="utf-8").splitlines())
    held = {name: corpus.draw(held_out) for name in ("dev", "test")}
    held["lengths"] = corpus.draw_by_length(held_out)
    pairs = corpus.draw(train)
    write(output / "train.tsv", [(one, grammar.one(translations)) for one, translations in pairs])
    for name, found in held.items():
        write(output / f"{name}.tsv", all_references(found))
    typer.echo(f"{train:,} sentences to train on and 3 times {held_out:,} are in {output}")


if __name__ == "__main__":
    run_script(main)
