"""A look before the run: config, data and labels are read, and one batch is trained on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seqpipe.training.config_file import ConfigFile

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True)
class DryRun:
    """What was found.

    corpora (Dict[str, Tuple[int, int]]): Examples and tokens of each corpus; of one that is
        streamed, those of the first batch.
    labels (Dict[str, Tuple[str]]): The labels of each component that has any.
    parameters (Dict[str, int]): How many each component has.
    batch (Tuple[int, int]): Examples and tokens of the batch.
    losses (Dict[str, float]): The loss a token of each component.
    seconds (float): The time that the batch took, the loading of compiled loops included.
    """

    corpora: dict[str, tuple[int, int]]
    labels: dict[str, tuple[str, ...]]
    parameters: dict[str, int]
    batch: tuple[int, int]
    losses: dict[str, float]
    seconds: float


def dry_run(file: ConfigFile, *, use_gpu: int = -1) -> DryRun:
    """Check a config, initialise its pipeline and train on one batch; nothing is written.

    file (ConfigFile): The training config, with its overrides.
    use_gpu (int): The GPU's number, already switched to, or -1.
    RETURNS (DryRun): What was found.
    RAISES (InputError): If the config or a corpus is at fault.
    """
    from seqpipe.training.loop import TrainingLoop
    from seqpipe.training.run import initialized_pipeline

    nlp = initialized_pipeline(file, use_gpu=use_gpu)
    loop = TrainingLoop(nlp)
    tokens, examples = 0, 0
    for eg in loop.dev_corpus(nlp):
        examples, tokens = examples + 1, tokens + len(eg)
    dev = examples, tokens
    epoch, batch = next(iter(loop.batches))
    words = sum(len(eg) for eg in batch)
    began = time.perf_counter()
    loop.update(batch, epoch)
    seconds = time.perf_counter() - began
    train = (len(loop.batches.examples), loop.batches.words)
    return DryRun(
        corpora={"train": (len(batch), words) if loop.batches.is_stream else train, "dev": dev},
        labels={name: tuple(labels) for name, labels in nlp.pipe_labels.items() if labels},
        parameters=_parameters(nlp),
        batch=(len(batch), words),
        losses={name: loss / max(1, words) for name, loss in loop.counters.losses.items()},
        seconds=seconds,
    )


def _parameters(nlp: Language) -> dict[str, int]:
    from thinc.api import Model

    pipeline: Any = nlp.pipeline
    return {
        name: sum(
            node.get_param(param).size
            for node in pipe.model.walk()
            for param in node.param_names
            if node.has_param(param)
        )
        for name, pipe in pipeline
        if isinstance(getattr(pipe, "model", None), Model)
    }
