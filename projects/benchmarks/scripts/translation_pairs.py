"""The sentence pairs that the translation benchmarks train on, in the order of their batches."""

import random
from itertools import islice
from pathlib import Path

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import read_lines

BATCH = 64
POOL = 50  # batches that are sorted together
ORDERS = ("random", "by length")

Pairs = list[tuple[str, str]]


def read_pairs(folder: Path, name: str, source: str, target: str) -> Pairs:
    """RETURNS (List[Tuple[str, str]]): Source and target of each line, words parted by blanks.

    folder (Path): Multi30k's tokenised files.
    name (str): "train", "val" or that of a test set.
    source, target (str): Languages.
    """
    sides = [_lines(folder, f"{name}.lc.norm.tok.{language}") for language in (source, target)]
    if len(sides[0]) != len(sides[1]):
        raise InputError(f"{name}: {len(sides[0])} {source} lines, {len(sides[1])} {target}")
    return list(zip(*sides, strict=True))


def _lines(folder: Path, name: str) -> list[str]:
    path = folder / name
    path = path if path.is_file() else folder / f"{name}.gz"
    if not path.is_file():
        raise InputError("no such file, expected a tokenised text of Multi30k", path=folder / name)
    return [" ".join(line.split()) for _, line in read_lines(path)]


def in_order(pairs: Pairs, order: str) -> Pairs:
    """Shuffled, always alike; of every BATCH of them one batch is made.

    order (str): "by length" sorts some thousands at a time by the lengths of both sides and
        shuffles the batches, so that there is little padding.
    """
    generator = random.Random(0)
    shuffled = pairs.copy()
    generator.shuffle(shuffled)
    if order == "random":
        return shuffled
    batches: list[Pairs] = []
    for start in range(0, len(shuffled), BATCH * POOL):
        pool = sorted(shuffled[start : start + BATCH * POOL], key=_lengths)
        batches += [pool[first : first + BATCH] for first in range(0, len(pool), BATCH)]
    whole = [batch for batch in batches if len(batch) == BATCH]
    rest = [pair for batch in batches if len(batch) < BATCH for pair in batch]
    generator.shuffle(whole)
    return [pair for batch in whole for pair in batch] + rest


def _lengths(pair: tuple[str, str]) -> tuple[int, int]:
    return len(pair[1].split()), len(pair[0].split())


def batches_of(pairs: Pairs, count: int) -> list[Pairs]:
    """RETURNS (List[List[Tuple[str, str]]]): The first so many batches."""
    if count * BATCH > len(pairs):
        raise InputError(f"{count} batches of {BATCH}: there are but {len(pairs)} pairs")
    return list(islice((pairs[i : i + BATCH] for i in range(0, len(pairs), BATCH)), count))


def target_tokens(batches: list[Pairs]) -> int:
    """RETURNS (int): What is predicted: the words of the targets and an end for each."""
    return sum(len(target.split()) + 1 for batch in batches for _, target in batch)


def write_pairs(pairs: Pairs, folder: Path, name: str) -> None:
    """Write NAME.src and NAME.trg, a sentence a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for side, ending in enumerate(("src", "trg")):
        text = "".join(pair[side] + "\n" for pair in pairs)
        (folder / f"{name}.{ending}").write_text(text, encoding="utf-8")
