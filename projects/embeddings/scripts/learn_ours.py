"""Learns vectors by `embedding_learner` in this process, and prints what that took as JSON."""

import json
import time
from collections.abc import Callable
from functools import partial
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
from seqpipe.embeddings.vector_files import write_vectors
from seqpipe.vocabulary.text import Pieces, read_tokens, tokenizer_of


class Clock(Watcher):
    """Notes the seconds of learning, and the examples of an epoch."""

    seconds, examples = 0.0, 0

    def learning(self, position: Position, done: float, words: float) -> None:
        """Note how far it is."""
        self.seconds = position.seconds
        self.examples = max(self.examples, position.examples)


def main(
    text: Annotated[Path, typer.Argument(help="Text file, words parted by white space.")],
    few_lines: Annotated[Path, typer.Argument(help="Text that is learned from first, unmeasured.")],
    vectors: Annotated[Path, typer.Argument(help="Binary file of the vectors to write.")],
    settings: Annotated[str, typer.Argument(help="JSON, see compare.Settings.")],
) -> None:
    """Learn, and print seconds, words and memory."""
    chosen = json.loads(settings)
    objective, window = chosen.pop("objective"), str(chosen.pop("window"))
    config = learner_options(objective, {"window": window}, phrases=False, subwords=False) | chosen
    nlp, tokenize = spacy.blank("en"), tokenizer_of(None, lower=False)
    first = nlp.add_pipe("embedding_learner", name="first", config={**config, "min_count": 1})
    first.learn_from(partial(read_tokens, [few_lines], tokenize), watcher=Watcher())
    learner, clock = nlp.add_pipe("embedding_learner", config=config), Clock()
    read = [0]

    def pieces(report: Callable[[str, float], None]) -> Pieces:
        for tokens, ends in read_tokens([text], tokenize, report):
            read[0] += len(tokens)
            yield tokens, ends

    before = process_memory("VmRSS")
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
        "memory": peak - before,
        "memory_before": before,
        "losses": learner.losses,
        "examples": clock.examples,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    run_script(main)
