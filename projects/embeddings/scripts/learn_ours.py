"""Learns vectors by `embedding_learner` in this process, and prints what that took as JSON."""

import json
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import spacy
import typer
from fresh_process import process_memory

from seqpipe.cli.script import run_script
from seqpipe.embeddings.checkpoint import Position
from seqpipe.embeddings.learn import Watcher
from seqpipe.embeddings.matrix import Embeddings
from seqpipe.embeddings.options import learner_options
from seqpipe.embeddings.text import Pieces, read_tokens, tokenizer_of
from seqpipe.embeddings.vector_files import write_vectors

# What learning imports when it begins: here before memory is looked at, as with the rival.
KERNELS = ("cooccurrence", "glove", "windows")


class Clock(Watcher):
    """Notes the seconds of learning, and the examples of an epoch."""

    seconds, examples = 0.0, 0

    def learning(self, position: Position, done: float, words: float) -> None:
        """Note how far it is."""
        self.seconds = position.seconds
        self.examples = max(self.examples, position.examples)


def main(
    text: Annotated[Path, typer.Argument(help="Text file, words parted by white space.")],
    vectors: Annotated[Path, typer.Argument(help="Binary file of the vectors to write.")],
    settings: Annotated[str, typer.Argument(help="JSON, see compare.Settings.")],
) -> None:
    """Learn, and print seconds, words and memory."""
    chosen = json.loads(settings)
    for name in KERNELS:
        import_module(f"seqpipe.kernels.{name}")
    nlp = spacy.blank("en")
    imported = process_memory("VmRSS")
    objective, window = chosen.pop("objective"), str(chosen.pop("window"))
    config = learner_options(objective, {"window": window}, phrases=False, subwords=False) | chosen
    learner, clock = nlp.add_pipe("embedding_learner", config=config), Clock()
    read, tokenize = [0], tokenizer_of(None, lower=False)

    def pieces(report: Callable[[str, float], None]) -> Pieces:
        for tokens, ends in read_tokens([text], tokenize, report):
            read[0] += len(tokens)
            yield tokens, ends

    began = time.perf_counter()
    learner.learn_from(pieces, watcher=clock)
    whole = time.perf_counter() - began
    peak = process_memory("VmHWM")
    write_vectors(Embeddings.from_vocab(nlp.vocab), vectors)
    found = {
        "words": read[0],
        "learning_rate": learner.objective.learning_rate,
        "vocabulary": len(learner.words),
        "seconds": whole,
        "seconds_of_learning": clock.seconds,
        "memory": peak - imported,
        "memory_of_imports": imported,
        "losses": learner.losses,
        "examples": clock.examples,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    run_script(main)
