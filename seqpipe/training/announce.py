"""Tells plugins how a training run goes on, at each of its evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqpipe.hookspecs import TrainingProgress
from seqpipe.training.random_state import global_states, set_global_states

if TYPE_CHECKING:
    from seqpipe.plugins import Plugins
    from seqpipe.training.loop import TrainingLoop

HOOK = "seqpipe_training_progress"


def announce(plugins: Plugins, loop: TrainingLoop, report: dict[str, Any]) -> None:
    """Tell the plugins that listen, if the step was evaluated; any other step costs nothing.

    plugins (Plugins): Those of this process.
    loop (TrainingLoop): The run.
    report (Dict[str, Any]): Its report of the step.
    """
    if report["score"] is None or loop.output is None or not plugins.listens(HOOK):
        return
    counters = loop.counters
    best_score, best_step = max(counters.results)
    progress = TrainingProgress(
        output=loop.output,
        step=counters.step,
        epoch=report["epoch"],
        words=counters.words,
        seconds=counters.seconds,
        losses={name: float(loss) for name, loss in counters.losses.items()},
        score=float(report["score"]),
        scores=dict(report["other_scores"]),
        best_score=float(best_score),
        best_step=best_step,
        share_done=loop.share_done(),
    )
    # A run gives the same with and without plugins, bit for bit.
    states = global_states()
    try:
        plugins.notify(HOOK, progress=progress)
    finally:
        set_global_states(states)
