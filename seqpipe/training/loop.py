"""The training loop: spaCy's, step for step, but one that can stop, be seen, and go on.

spaCy's own keeps its counters in local variables and removes the last model before it has a new
one. What each setting of [training] means is as there: spaCy's documentation holds.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from seqpipe.training.batches import BatchStream
from seqpipe.training.checkpoint import Checkpoint, restore, write_checkpoint
from seqpipe.training.evaluate import create_evaluation
from seqpipe.training.folders import fill_folder, keep_only, remove, switch_link
from seqpipe.training.random_state import global_states

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

logger = logging.getLogger("seqpipe")

BEST, LAST, MODELS = "model-best", "model-last", "models"
AVERAGE = "model-average"
# A checkpoint may take so much of the time at most.
CHECKPOINT_SHARE = 0.02


@dataclass
class Counters:
    """What the loop counts.

    step (int): The last step that is done, from 0; -1 before the first.
    words (int): In all batches so far.
    recent_words, recent_examples (int): Since the last evaluation.
    seconds (float): Of the run, those before it was resumed too.
    losses (Dict[str, float]): Since the last evaluation, by component.
    results (List[Tuple[float, int]]): Score and step of each evaluation.
    """

    step: int = -1
    words: int = 0
    recent_words: int = 0
    recent_examples: int = 0
    seconds: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    results: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Cadence:
    """A checkpoint is written after so many seconds, and after so many steps; 0 for never.

    seconds (float): 0 or more.
    steps (int): 0 or more.
    """

    seconds: float = 60.0
    steps: int = 0


class TrainingLoop:
    """One training run of an initialised pipeline.

    nlp (Language): The pipeline, with the whole config.
    output (Path): The folder that gets the models and checkpoints, or None to write nothing.
    resumed (Checkpoint): What `nlp` was loaded from, if the run goes on.
    origins (Dict[str, Any]): What `checkpoint.origins` gives: it goes into each checkpoint.
    average (int): At the end the mean of the so many best evaluated models is saved too; 0: none.
        That of step 0, which has hardly learned yet, is not among them.
    """

    def __init__(
        self,
        nlp: Language,
        output: Path | None = None,
        *,
        resumed: Checkpoint | None = None,
        origins: dict[str, Any] | None = None,
        average: int = 0,
    ) -> None:
        from spacy.schemas import ConfigSchemaTraining
        from spacy.training.loop import create_before_to_disk_callback
        from spacy.util import registry, resolve_dot_names
        from thinc.api import fix_random_seed

        self.nlp, self.output, self.origins = nlp, output, origins or {}
        self._average = average
        config = nlp.config.interpolate()
        if config["training"]["seed"] is not None:
            fix_random_seed(config["training"]["seed"])
        schema: Any = ConfigSchemaTraining
        self.settings = settings = registry.resolve(config["training"], schema=schema)
        names = [settings["train_corpus"], settings["dev_corpus"]]
        train_corpus, self.dev_corpus = resolve_dot_names(config, names)
        self.optimizer = settings["optimizer"]
        self.batches = BatchStream(nlp, train_corpus, settings["batcher"], settings["max_epochs"])
        self.evaluate = create_evaluation(nlp, self.dev_corpus, settings["score_weights"])
        self.before_to_disk = create_before_to_disk_callback(settings["before_to_disk"])
        self.counters = Counters()
        self._steps: Iterator[tuple[int, list[Example]]] = iter(self.batches)
        self._began = time.monotonic()
        if resumed is not None:
            self._resume(resumed)

    def _resume(self, checkpoint: Checkpoint) -> None:
        state = checkpoint.state
        loop = state["loop"]
        results = [(score, step) for score, step in loop["results"]]
        losses = {
            name: loss if kind is None else numpy.dtype(kind).type(loss)
            for name, (loss, kind) in loop["losses"].items()
        }
        self.counters = Counters(**{**loop, "results": results, "losses": losses})
        self._began -= self.counters.seconds
        restore(checkpoint, self.nlp, self.optimizer)
        self.batches.resume(state["batches"], state["generators"])

    def run(
        self,
        *,
        cadence: Cadence,
        log: Callable[[dict[str, Any] | None], None],
        shown: Callable[[TrainingLoop, dict[str, Any]], None],
        is_stopped: Callable[[], bool],
    ) -> bool:
        """Train to the end.

        cadence (Cadence): How often to write a checkpoint.
        log (Callable): The training logger: takes a step's report, or None between evaluations.
        shown (Callable): Called with the loop and each step's report.
        is_stopped (Callable): Whether to stop after this step, with a checkpoint.
        RETURNS (bool): Whether it came to its end.
        """
        due = _Due(cadence)
        try:
            for report in self.steps():
                evaluated = report["score"] is not None
                log(report if evaluated else None)
                shown(self, report)
                if evaluated:
                    self.counters.losses = {}
                    self.counters.recent_words = self.counters.recent_examples = 0
                if self._is_over():
                    break
                if is_stopped():
                    self._finish(is_whole=False)
                    return False
                if self.output is not None and due(self.counters.step):
                    due.took(self.checkpoint)
        finally:
            gc.unfreeze()  # what `BatchStream` froze
        self._finish(is_whole=True)
        return True

    def _finish(self, *, is_whole: bool) -> None:
        """Save the last model, and what is needed to go on if there is more to do."""
        if self.output is None:
            return
        if not is_whole:
            self.checkpoint()
        self._save_last()
        if is_whole and self._average:
            self._save_average()

    def steps(self) -> Iterator[dict[str, Any]]:
        """YIELDS (Dict[str, Any]): A report of each step, as spaCy's loggers expect it. When there
        was an evaluation its models are saved."""
        for epoch, batch in self._steps:
            counters = self.counters
            counters.step += 1
            self.update(batch, epoch)
            words = sum(len(eg) for eg in batch)
            score, other_scores = None, None
            if counters.step % self.settings["eval_frequency"] == 0:
                score, other_scores = self._evaluate()
                counters.results.append((score, counters.step))
            counters.words += words
            counters.recent_words += words
            counters.recent_examples += len(batch)
            counters.seconds = time.monotonic() - self._began
            report = {
                "epoch": epoch,
                "step": counters.step,
                "score": score,
                "other_scores": other_scores,
                "losses": counters.losses,
                "checkpoints": counters.results,
                "seconds": int(counters.seconds),
                "words": counters.words,
            }
            if score is not None:
                self._save(report, is_best=score == max(counters.results)[0])
            yield report

    def update(self, batch: list[Example], epoch: int) -> None:
        """Train on a batch.

        batch (List[Example]): The batch.
        epoch (int): Its epoch, from 0.
        """
        from spacy.training.loop import subdivide_batch

        nlp, settings = self.nlp, self.settings
        if settings["before_update"]:
            settings["before_update"](nlp, {"step": self.counters.step, "epoch": epoch})
        for part in subdivide_batch(batch, settings["accumulate_gradient"]):
            self._learn(part)
        pipeline: Any = nlp.pipeline
        for name, pipe in pipeline:
            is_trained = name not in settings["frozen_components"] and (
                getattr(pipe, "is_trainable", False) and pipe.model not in (True, False, None)
            )
            if is_trained:
                pipe.finish_update(self.optimizer)
        self.optimizer.step_schedules()

    def _learn(self, part: list[Example]) -> None:
        """Let the components add up their gradients."""
        from seqpipe.training.labels import explain_unknown_labels

        settings = self.settings
        try:
            self.nlp.update(
                part,
                drop=settings["dropout"],
                losses=self.counters.losses,
                sgd=False,  # type: ignore[arg-type]
                exclude=settings["frozen_components"],
                annotates=settings["annotating_components"],
            )
        except (KeyError, ValueError) as error:
            explained = explain_unknown_labels(self.nlp, part)
            if explained is None:
                raise
            raise explained from error

    def _evaluate(self) -> tuple[float, dict[str, Any]]:
        """Score the parameters' averages, if there are any, on the development corpus."""
        if not self.optimizer.averages:
            return self.evaluate()
        with self.nlp.use_params(self.optimizer.averages):
            return self.evaluate()

    def _save(self, report: dict[str, Any], *, is_best: bool) -> None:
        """Save the model of an evaluation."""
        from spacy.training.loop import update_meta

        with self.nlp.select_pipes(disable=self.settings["frozen_components"]):
            update_meta(self.settings, self.nlp, report)
        if self.output is not None:
            self._save_last(is_best=is_best)
            report["output_path"] = str(self.output / LAST)

    def _save_last(self, *, is_best: bool = False) -> None:
        """Save the averages as the last model, or the best one too, which is then the same."""
        assert self.output is not None
        folder = self.output / MODELS

        def fill(fresh: Path) -> None:
            with self.nlp.use_params(self.optimizer.averages):
                self.before_to_disk(self.nlp).to_disk(fresh)

        saved = fill_folder(folder, self.counters.step, fill)
        links = [self.output / LAST, *([self.output / BEST] if is_best else [])]
        for link in links:
            switch_link(link, saved)
        keep_only(
            folder,
            {
                *((self.output / name).resolve() for name in (BEST, LAST)),
                *(kept.resolve() for kept in self._best_models()),
            },
        )

    def _best_models(self) -> list[Path]:
        """The saved models of the best evaluations behind step 0, as many as are averaged, the best
        first."""
        assert self.output is not None
        learned = [(score, step) for score, step in self.counters.results if step > 0]
        best = sorted(learned, reverse=True)[: self._average]
        found = []
        for _, step in best:
            saved = sorted((self.output / MODELS).glob(f"{step:06}*"))
            found += saved[:1]
        return found

    def _save_average(self) -> None:
        """Save the mean of the best models, with its scores."""
        from spacy.training.loop import update_meta

        from .average import average_models

        assert self.output is not None
        models = self._best_models()
        if not models:
            remove(self.output / AVERAGE)  # an earlier run's
            logger.warning(
                "%s: not saved: no model behind step 0 was evaluated; expected one at least (a "
                "lower [training] eval_frequency, or more steps)",
                self.output / AVERAGE,
            )
            return
        if len(models) < self._average:
            logger.warning(
                "%s: the mean of %d instead of %d: so many models behind step 0 were evaluated",
                self.output / AVERAGE,
                len(models),
                self._average,
            )
        averaged = average_models(models)
        weights = self.settings["score_weights"]
        score, others = create_evaluation(averaged, self.dev_corpus, weights)()
        with averaged.select_pipes(disable=self.settings["frozen_components"]):
            report = {"score": score, "other_scores": others, "losses": self.counters.losses}
            update_meta(self.settings, averaged, report)
        saved = fill_folder(
            self.output / MODELS, self.counters.step, lambda fresh: averaged.to_disk(fresh)
        )
        switch_link(self.output / AVERAGE, saved)

    def checkpoint(self) -> None:
        """Write all that is needed to go on from here."""
        assert self.output is not None
        self.counters.seconds = time.monotonic() - self._began
        state = {
            "origins": self.origins,
            "loop": {**vars(self.counters), "losses": _typed(self.counters.losses)},
            "batches": self.batches.state(),
            "generators": global_states(),
        }
        write_checkpoint(self.output, self.nlp, self.optimizer, state, self.counters.step)

    def share_done(self) -> float | None:
        """RETURNS (float): How much of the run is done, by `max_steps` or `max_epochs`, whichever
        comes first; None if neither is set."""
        shares = []
        if self.settings["max_steps"]:
            shares.append((self.counters.step + 1) / (self.settings["max_steps"] + 1))
        if self.settings["max_epochs"] > 0 and self.batches.words:
            shares.append(self.counters.words / self.batches.words / self.settings["max_epochs"])
        return min(1.0, max(shares)) if shares else None

    def _is_over(self) -> bool:
        """Whether patience has run out, or the steps have."""
        counters, settings = self.counters, self.settings
        # Of equal scores the earliest counts.
        _, negative = max((score, -step) for score, step in counters.results)
        patience, max_steps = settings["patience"], settings["max_steps"]
        return bool(
            (patience and counters.step + negative >= patience)
            or (max_steps and counters.step >= max_steps)
        )


def _typed(losses: dict[str, Any]) -> dict[str, tuple[float, str | None]]:
    """Losses with numpy's types: a sum of spaCy's is one of float32, and rounds as such."""
    kinds = {name: getattr(loss, "dtype", None) for name, loss in losses.items()}
    return {name: (float(loss), kinds[name] and str(kinds[name])) for name, loss in losses.items()}


class _Due:
    """Whether it is time for a checkpoint."""

    def __init__(self, cadence: Cadence) -> None:
        self.cadence = cadence
        self.at, self.wait = time.monotonic(), cadence.seconds

    def __call__(self, step: int) -> bool:
        steps = self.cadence.steps
        if steps and (step + 1) % steps == 0:
            return True
        return bool(self.wait) and time.monotonic() - self.at >= self.wait

    def took(self, write: Callable[[], None]) -> None:
        """Write, and wait the longer the longer that takes."""
        start = time.monotonic()
        write()
        self.at = time.monotonic()
        if self.cadence.seconds:
            self.wait = max(self.cadence.seconds, (self.at - start) / CHECKPOINT_SHARE)
