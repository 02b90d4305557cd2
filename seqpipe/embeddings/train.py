"""`seqpipe embeddings train`: a pipeline of one `embedding_learner`, learned from text files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from seqpipe.files import InputError, atomic_folder
from seqpipe.reporting.long_work import only_run, say
from seqpipe.vocabulary.text import read_tokens, tokenizer_of

from .embedding_learner import EmbeddingLearner, learner_of
from .progress import watched

CHECKPOINT = "checkpoint.npz"


@dataclass(frozen=True)
class TrainingPlan:
    """What is learned from what, and where it goes.

    text (List[Path]): Text files.
    output (Path): Folder for the pipeline.
    lang (str): Language of the pipeline.
    config (Dict[str, Any]): Of the `embedding_learner`, as a config file has it.
    tokenizer (str): "pipeline" or "whitespace".
    begin_with (Optional[Path]): A pipeline to whose vectors the text is added.
    resume (bool): Go on from the checkpoint of a run that was stopped.
    checkpoint_seconds (float): Seconds between two checkpoints.
    """

    text: list[Path]
    output: Path
    lang: str
    config: dict[str, Any]
    tokenizer: str
    begin_with: Path | None
    resume: bool
    checkpoint_seconds: float

    @property
    def work(self) -> Path:
        """RETURNS (Path): The folder of checkpoints, beside the output; it is there while a run
        goes on or was stopped."""
        return self.output.with_name(f".{self.output.name}.learning")


def train_vectors(plan: TrainingPlan, stdout: IO[str], stderr: IO[str]) -> bool:
    """Learn vectors and save the pipeline.

    plan (TrainingPlan): What, from what and where to.
    stdout, stderr (IO): Where to write what was done, and how it goes.
    RETURNS (bool): Whether it came to its end; otherwise what was learned so far is saved, and a
        checkpoint is there to go on from.
    RAISES (InputError): If the text or a setting is at fault.
    """
    nlp = _blank(plan)
    learner = nlp.get_pipe("embedding_learner")
    assert isinstance(learner, EmbeddingLearner)
    earlier = learner_of(plan.begin_with) if plan.begin_with else None
    with only_run(plan.work), _removed_if_empty(plan.work):
        checkpoint = plan.work / CHECKPOINT
        if checkpoint.exists() and not plan.resume:
            say(stderr, f"warning: {checkpoint}: the checkpoint of an earlier run is given up")
            checkpoint.unlink()
        tokenize = tokenizer_of(nlp if plan.tokenizer == "pipeline" else None, lower=learner.lower)
        with watched(stderr) as progress:
            is_whole = learner.learn_from(
                partial(read_tokens, plan.text, tokenize),
                watcher=progress,
                earlier=earlier,
                checkpoint=checkpoint,
                checkpoint_seconds=plan.checkpoint_seconds,
                resume=plan.resume,
            )
        with atomic_folder(plan.output) as folder:
            nlp.to_disk(folder)
        if is_whole:
            checkpoint.unlink(missing_ok=True)
    rows, width = nlp.vocab.vectors.shape
    kind = "rows for n-grams" if nlp.vocab.vectors.mode == "floret" else "words"
    say(stdout, f"{rows:,} {kind}, {width} dimensions, are in {plan.output}")
    if not is_whole:
        say(stdout, "Stopped before the end: --resume goes on")
    return is_whole


@contextmanager
def _removed_if_empty(work: Path) -> Iterator[None]:
    """At the end, remove the folder of checkpoints unless there is one."""
    try:
        yield
    finally:
        if not (work / CHECKPOINT).exists():
            shutil.rmtree(work)


def _blank(plan: TrainingPlan) -> Any:
    """A pipeline of an untrained `embedding_learner`."""
    import spacy
    from confection import ConfigValidationError

    try:
        nlp = spacy.blank(plan.lang)
    except ImportError as error:
        raise InputError(f"--lang {plan.lang}: spaCy has no such language") from error
    try:
        nlp.add_pipe("embedding_learner", config=plan.config)
    except ConfigValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors or ()
        ]
        what = "; ".join(faults) or " ".join(str(error).split())
        raise InputError(f"settings of the objective: {what}") from error
    return nlp
