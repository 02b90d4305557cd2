"""Learns vectors by gensim's Word2Vec in this process, and prints what that took as JSON."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from fresh_process import process_memory
from gensim.models import Word2Vec

from seqpipe.cli.script import run_script


def learned(text: Path, chosen: dict[str, Any]) -> tuple[Word2Vec, float]:
    """RETURNS (Tuple[Word2Vec, float]): The model, and when its vocabulary was ready."""
    model = Word2Vec(
        vector_size=chosen["width"],
        window=chosen["window"],
        negative=5,
        sample=1e-3,
        min_count=chosen["min_count"],
        sg=int(chosen["objective"] == "skip-gram"),
        workers=chosen["threads"],
        seed=chosen["seed"],
    )
    model.build_vocab(corpus_file=str(text))
    ready = time.perf_counter()
    model.train(
        corpus_file=str(text),
        total_words=model.corpus_total_words,
        total_examples=model.corpus_count,
        epochs=chosen["epochs"],
    )
    return model, ready


def main(
    text: Annotated[Path, typer.Argument(help="Text file, words parted by white space.")],
    few_lines: Annotated[Path, typer.Argument(help="Text that is learned from first, unmeasured.")],
    vectors: Annotated[Path, typer.Argument(help="Binary file of the vectors to write.")],
    settings: Annotated[str, typer.Argument(help="JSON, see compare.Settings.")],
) -> None:
    """Learn, and print seconds, words and memory."""
    chosen = json.loads(settings)
    learned(few_lines, {**chosen, "min_count": 1})
    before = process_memory("VmRSS")
    began = time.perf_counter()
    model, ready = learned(text, chosen)
    ended = time.perf_counter()
    peak = process_memory("VmHWM")
    model.wv.save_word2vec_format(str(vectors), binary=True)
    found = {
        "words": model.corpus_total_words,
        "learning_rate": model.alpha,
        "vocabulary": len(model.wv),
        "seconds": ended - began,
        "seconds_of_learning": ended - ready,
        "memory": peak - before,
        "memory_before": before,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    run_script(main)
