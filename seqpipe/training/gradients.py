"""How gradients travel through the recurrent levels of a config's model, at initialisation and
after some steps of its training, and how often clipping fired in these."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.training.loop import create_train_batches, train_while_improving
from spacy.util import fix_random_seed, registry, resolve_dot_names
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.layers.gradient_flow import Flow, record_flow
from seqpipe.layers.model_gradients import (
    first_not_finite,
    first_parameter_not_finite,
    forget_gradients,
)
from seqpipe.pipe import DivergedError, SequencePipe
from seqpipe.training.config_file import ConfigFile
from seqpipe.training.run import initialized_pipeline

SAMPLE = 128  # training docs that the gradients are taken from
READ = 10_000  # docs at the corpus's beginning that these are taken from, evenly spread
BATCH = 16
# What is below it is said to vanish; what is above its inverse, to explode.
VANISHED = 1e-3
# How spaCy's components say that a loss or a score is NaN.
SPACY_DIVERGED = ("[E910]", "[E940]")


@dataclass(frozen=True)
class Travel:
    """The flow through one direction of one recurrent level.

    component (str): Name of the component that it belongs to.
    initial (Flow): With the model as it is initialised.
    trained (Flow): After the steps; None if there were none, or training diverged.
    """

    component: str
    initial: Flow
    trained: Flow | None


@dataclass(frozen=True)
class Clipping:
    """How often the clipping of a component fired.

    component (str): Its name.
    max_norm, max_value (float): Its bounds; 0 is off.
    steps (int): Steps that it took.
    by_norm, by_value (int): In how many of them clipping fired.
    """

    component: str
    max_norm: float
    max_value: float
    steps: int
    by_norm: int
    by_value: int


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose_gradients` finds.

    steps (int): Steps of training between the two measurements.
    travels (List[Travel]): One for each direction of each recurrent level.
    clippings (List[Clipping]): Of the components that count it: those of seqpipe.
    diverged (DivergedError): What ended training or came out at a measurement, if a loss, a
        gradient or a parameter was no finite number.
    """

    steps: int
    travels: list[Travel]
    clippings: list[Clipping]
    diverged: DivergedError | None = None


def diagnose_gradients(
    file: ConfigFile,
    *,
    steps: int,
    use_gpu: int = -1,
    on_step: Callable[[], None] = lambda: None,
) -> Diagnosis:
    """Measure at initialisation, train as the config says, and measure again.

    The gradients are those of the components' own losses on a sample of the training docs, the
    same both times, without dropout.

    file (ConfigFile): The training config, with its overrides.
    steps (int): Steps of training, fewer where the config ends it before; it is not evaluated.
    use_gpu (int): The GPU's number, already switched to, or -1.
    on_step (Callable): Called after each step.
    RETURNS (Diagnosis): What was found.
    RAISES (InputError): If the config or the corpus is at fault, or nothing in it is recurrent.
    """
    nlp = initialized_pipeline(file, use_gpu=use_gpu)
    config = nlp.config.interpolate()
    training = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(config, [training["train_corpus"]])
    sample = _sample(corpus(nlp))
    with _without_numeric_warnings():
        initial, diverged = _measure(nlp, sample, training, "at initialisation")
    if not initial:
        names = ", ".join(nlp.pipe_names)
        raise InputError(
            f"no component of {names} that is trained holds a recurrent layer, expected one such "
            "as seqpipe.Recurrent.v1, seqpipe.LSTM.v1 or seqpipe.GRU.v1",
            path=file.path,
        )
    trained: list[Any] = [None] * len(initial)
    taken = 0
    try:
        with _without_numeric_warnings():
            for losses in _train(nlp, corpus, training, 0 if diverged else steps):
                taken += 1
                on_step()
                _check_step(nlp, training["frozen_components"], losses, taken)
            if taken:
                with nlp.use_params(training["optimizer"].averages or {}):
                    after = f"after {taken} steps"
                    found, diverged = _measure(nlp, sample, training, after)
                trained = [flow for _, flow in found]
    except DivergedError as error:
        diverged = error
    except ValueError as error:
        if not str(error).startswith(SPACY_DIVERGED):
            raise
        diverged = _diverged(f"training stopped: after {taken} steps spaCy says: {error}")
    travels = [
        Travel(name, flow, after) for (name, flow), after in zip(initial, trained, strict=True)
    ]
    return Diagnosis(taken, travels, list(_clippings(nlp)), diverged)


def verdict(flow: Flow) -> str:
    """Say in a few words how far a gradient gets: "below 1e-03 from distance 12 on".

    flow (Flow): Of one level and direction.
    RETURNS (str): From which distance on the norm stays below VANISHED or above its inverse, if
        it does at the farthest; else what it is there. And in how many sequences the gradient is
        exactly zero, where these are most, or not finite.
    """
    if not len(flow.norms):
        lost = f"the gradient is not finite (sequences: {flow.not_finite})"
        return lost if flow.not_finite else "no gradient arrives at any last step"
    said = _reach(flow)
    if flow.zeros.any():
        at = int(flow.zeros.argmax())
        said += f"; 0 in {flow.zeros[at]} of {flow.sequences[at]} sequences at distance {at}"
    if flow.not_finite:
        said += f"; not finite in {flow.not_finite} sequences"
    return said


def _reach(flow: Flow) -> str:
    for beyond, word, bound in (
        (flow.norms < VANISHED, "below", VANISHED),
        (flow.norms > 1 / VANISHED, "above", 1 / VANISHED),
    ):
        if beyond[-1]:
            within = numpy.flatnonzero(~beyond)
            return f"{word} {bound:.0e} from distance {int(within[-1]) + 1} on"
    reached, sequences = len(flow.norms) - 1, flow.sequences[-1]
    return f"{flow.norms[-1]:.2g} at distance {reached}, the farthest (sequences: {sequences})"


def _sample(examples: Iterator[Example]) -> list[Example]:
    found = [eg for eg in islice(examples, READ) if len(eg.predicted)]
    places = numpy.linspace(0, len(found) - 1, min(SAMPLE, len(found)))
    return [found[int(place)] for place in places]


def _measure(
    nlp: Language, sample: list[Example], training: dict[str, Any], when: str
) -> tuple[list[tuple[str, Flow]], DivergedError | None]:
    """The flow through every level of the components that are trained, with their names.

    Training goes on, or begins, as if nothing had been measured.

    when (str): For the fault: "after 3 steps".
    RETURNS (Tuple[List[Tuple[str, Flow]], DivergedError]): The flows, and the fault if a gradient
        is no finite number.
    """
    # Some words are read as <UNK> at random: the same each time.
    fix_random_seed(0)
    models = dict(_models(nlp, training["frozen_components"]))
    losses: dict[str, float] = {}
    with ExitStack() as stack:
        recorded = {name: stack.enter_context(record_flow(model)) for name, model in models.items()}
        for start in range(0, len(sample), BATCH):
            nlp.update(
                [_fresh(eg) for eg in sample[start : start + BATCH]],
                drop=0.0,
                losses=losses,
                sgd=False,  # type: ignore[arg-type]
                exclude=training["frozen_components"],
                annotates=training["annotating_components"],
            )
    fault = _not_finite(losses, models, first_not_finite, "the gradient of")
    for model in models.values():
        forget_gradients(model)
    flows = [(name, flow) for name, flows in recorded.items() for flow in flows()]
    return flows, _diverged(f"{when} {fault}") if fault else None


def _fresh(eg: Example) -> Example:
    """The example with a prediction that no component has annotated."""
    return Example(eg.predicted.copy(), eg.reference)


def _models(nlp: Language, frozen: list[str]) -> Iterator[tuple[str, Model]]:
    for name, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        if name not in frozen and getattr(pipe, "is_trainable", False) and isinstance(model, Model):
            yield name, model


def _check_step(nlp: Language, frozen: list[str], losses: dict[str, float], step: int) -> None:
    """See that a step of spaCy's components, which go on with NaN, left finite numbers.

    RAISES (DivergedError): If not. The components of seqpipe raise it themselves.
    """
    models = {
        name: model
        for name, model in _models(nlp, frozen)
        if not isinstance(nlp.get_pipe(name), SequencePipe)
    }
    # What the gradients were is gone, but one that was NaN makes its parameter NaN.
    fault = _not_finite(losses, models, first_parameter_not_finite, "the parameter")
    if fault:
        raise _diverged(f"training stopped: at step {step} {fault}")


def _not_finite(
    losses: dict[str, float],
    models: dict[str, Model],
    first: Callable[[Model], str | None],
    kind: str,
) -> str | None:
    """Say of which component the loss, or else what `first` looks at, is no finite number."""
    for name in models:
        if not math.isfinite(loss := float(losses.get(name, 0.0))):
            return f"the loss of component '{name}' is {loss}"
    for name, model in models.items():
        if (where := first(model)) is not None:
            return f"{kind} {where} in component '{name}' is not finite"
    return None


def _diverged(what: str) -> DivergedError:
    return DivergedError(f"{what}; expected finite numbers. A lower learning rate may help.")


@contextmanager
def _without_numeric_warnings() -> Iterator[None]:
    """What is not finite is looked for and said: a warning would only come before it."""
    with warnings.catch_warnings():
        for message in ("overflow", "invalid value", "divide by zero", "All-NaN"):
            warnings.filterwarnings("ignore", f"{message} .*", RuntimeWarning)
        yield


def _train(
    nlp: Language, corpus: Callable, training: dict[str, Any], steps: int
) -> Iterator[dict[str, float]]:
    """Train with spaCy's own loop, as the config says. YIELDS (Dict): Its losses at each step."""
    if training["seed"] is not None:
        fix_random_seed(training["seed"])
    loop = train_while_improving(
        nlp,
        training["optimizer"],
        create_train_batches(nlp, corpus, training["batcher"], training["max_epochs"]),
        lambda: (0.0, {}),
        dropout=training["dropout"],
        accumulate_gradient=training["accumulate_gradient"],
        patience=0,
        max_steps=training["max_steps"],
        eval_frequency=training["eval_frequency"],
        exclude=training["frozen_components"],
        annotating_components=training["annotating_components"],
        before_update=training["before_update"],
    )
    return (info["losses"] for _, info, _ in islice(loop, steps))


def _clippings(nlp: Language) -> Iterator[Clipping]:
    for name, pipe in nlp.pipeline:
        if isinstance(pipe, SequencePipe) and pipe.steps:
            yield Clipping(
                name,
                pipe.max_gradient_norm,
                pipe.max_gradient_value,
                pipe.steps,
                pipe.steps_clipped_by_norm,
                pipe.steps_clipped_by_value,
            )
