"""Tokens a second of n-grams: counted and estimated, and scored; ours beside `nltk.lm`.

Each is run in a process of its own with one thread. What NLTK's `fit` does is counting; it
estimates when it is asked.
"""

import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from fresh_process import at_threads
from memory import NOW, PEAK, process_memory
from options import installed
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table

ORDER, SMALL_ORDER = 5, 3
FEW_LINES = 50

Sentences = list[list[str]]


def read(path: Path) -> Sentences:
    """RETURNS (List[List[str]]): The words of each line."""
    from seqpipe.vocabulary.text_lines import read_lines

    return [words for _, line in read_lines(path) if (words := line.split())]


def first_tokens(sentences: Sentences, tokens: int) -> Sentences:
    """RETURNS (List[List[str]]): As many sentences as have so many words; the last one is cut."""
    found, left = [], tokens
    for words in sentences:
        if left <= 0:
            break
        found.append(words[:left])
        left -= len(words)
    return found


def count_of(sentences: Sentences) -> int:
    """RETURNS (int): Tokens, ends of sentences among them."""
    return sum(len(words) + 1 for words in sentences)


def seconds(function: Callable[[], Any]) -> float:
    """RETURNS (float): The time it takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def learn_ours(path: Path, tokens: int, order: int, *, from_file: bool) -> dict[str, float]:
    """Count and estimate. RETURNS (Dict[str, float]): Tokens and seconds, and MB beyond what was
    there before.

    tokens (int): How many of the text; 0 for all.
    from_file (bool): The time is that from the file on, else from words in memory.
    """
    from seqpipe.lm.learn import learn_ngrams, sentence_pieces
    from seqpipe.vocabulary.text import read_tokens, tokenizer_of

    sentences = read(path)
    sentences = first_tokens(sentences, tokens) if tokens else sentences
    learn_ngrams(sentence_pieces(sentences[:FEW_LINES]), order=order)  # loads what is compiled
    before = process_memory(NOW)

    def learn() -> None:
        if from_file:
            pieces = read_tokens([path], tokenizer_of(None, lower=False), lambda what, share: None)
        else:
            pieces = sentence_pieces(sentences)
        learn_ngrams(pieces, order=order)

    took = seconds(learn)
    memory = process_memory(PEAK) - before
    return {"tokens": count_of(sentences), "seconds": took, "memory": memory}


def learn_nltk(path: Path, tokens: int, order: int) -> dict[str, float]:
    """The same with NLTK: its padding, vocabulary and counts."""
    from nltk.lm import KneserNeyInterpolated
    from nltk.lm.preprocessing import padded_everygram_pipeline

    sentences = first_tokens(read(path), tokens)

    def learn() -> None:
        KneserNeyInterpolated(order).fit(*padded_everygram_pipeline(order, sentences))

    return {"tokens": count_of(sentences), "seconds": seconds(learn)}


def score_ours(path: Path, test: Path, order: int) -> dict[str, float]:
    """Score a text. RETURNS (Dict[str, float]): Tokens and seconds."""
    from seqpipe.lm.learn import learn_ngrams, sentence_pieces

    model, sentences = learn_ngrams(sentence_pieces(read(path)), order=order), read(test)
    model.score_sentences(sentences[:FEW_LINES])
    took = seconds(lambda: model.score_sentences(sentences))
    return {"tokens": count_of(sentences), "seconds": took}


def row(name: str, shape: str, ours: list[dict], rival: list[dict]) -> dict[str, Any]:
    """One line of the results: medians, and the ratio of the medians."""
    rates = [[run["tokens"] / run["seconds"] for run in runs] for runs in (ours, rival)]
    middle = [round(statistics.median(values)) if values else None for values in rates]
    found = {
        "name": name,
        "shape": shape,
        "threads": 1,
        "ours": middle[0],
        "rival": middle[1],
        "rival_name": f"nltk {installed('nltk')}" if rival else None,
        "unit": "tokens/s",
        "ratio": round(middle[0] / middle[1], 2) if middle[0] and middle[1] else None,
        "ours_all": [round(value) for value in rates[0]],
        "rival_all": [round(value) for value in rates[1]],
    }
    if "memory" in ours[0]:
        found["memory_mb"] = round(statistics.median(run["memory"] for run in ours), 1)
    return found


def measure(text: Path, test: Path, tokens: int, repeats: int) -> list[dict[str, Any]]:
    """All rows; the runs of what is compared are in turn."""
    whole, loaded, scored, ours, rival = ([] for _ in range(5))
    for _ in range(repeats):
        whole.append(at_threads(1, learn_from_file, text))
        loaded.append(at_threads(1, learn_loaded, text, 0, ORDER))
        scored.append(at_threads(1, score_ours, text, test, ORDER))
        ours.append(at_threads(1, learn_loaded, text, tokens, SMALL_ORDER))
        rival.append(at_threads(1, learn_nltk, text, tokens, SMALL_ORDER))
    counted = "counted and estimated"
    every = f"{whole[0]['tokens']:,} tokens, order {ORDER}"
    return [
        row(f"n-grams {counted}", every, loaded, []),
        row(f"n-grams {counted}, from the file", every, whole, []),
        row(f"n-grams {counted}", f"{tokens:,} words, order {SMALL_ORDER}", ours, rival),
        row("n-grams scored", f"{scored[0]['tokens']:,} tokens, order {ORDER}", scored, []),
    ]


def learn_from_file(path: Path) -> dict[str, float]:
    """All of a text, from the file on."""
    return learn_ours(path, 0, ORDER, from_file=True)


def learn_loaded(path: Path, tokens: int, order: int) -> dict[str, float]:
    """Some of a text, its words in memory."""
    return learn_ours(path, tokens, order, from_file=False)


def main(
    text: Annotated[Path, typer.Argument(help="PTB's training text, plain or gzip.")],
    test: Annotated[Path, typer.Argument(help="Text to score.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    tokens: Annotated[int, typer.Option(min=1, help="Words for both.")] = 100_000,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 5,
) -> None:
    """Time both and write the results."""
    if find_spec("nltk") is None:
        raise InputError("nltk is not installed: pip install 'seqpipe[rivals]'")
    rows = measure(text, test, tokens, repeats)
    corpora = {"train": describe_corpus(text), "test": describe_corpus(test)}
    write_metrics(output, {"rows": rows, "corpora": corpora})
    shown = ("ours", "rival", "ratio")
    cells = [
        [
            one["name"],
            one["shape"],
            *("-" if one[key] is None else f"{one[key]:,}" for key in shown),
        ]
        for one in rows
    ]
    print_table(Console(), "tokens a second, one thread", ["", "", *shown], cells)


if __name__ == "__main__":
    run_script(main)
