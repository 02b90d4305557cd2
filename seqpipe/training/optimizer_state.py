"""What an optimizer remembers of each parameter, keyed by the parameter's place in the pipeline.

Thinc keys it by the model's id, which is a count of all models that the process ever made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from thinc.api import Model, Optimizer, get_current_ops

if TYPE_CHECKING:
    from spacy.language import Language

ARRAYS = ("mom1", "mom2", "averages")
COUNTS = ("nr_update", "last_seen")


def optimizer_state(nlp: Language, optimizer: Optimizer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take out what the optimizer remembers.

    nlp (Language): The pipeline that it trains.
    optimizer (Optimizer): One of Thinc's.
    RETURNS (Tuple[Dict, Dict]): What JSON can hold; and numpy arrays, by name. The learning rate
        and other schedules are not in it: they follow from the number of steps.
    """
    places = dict(_places(nlp))
    plain: dict[str, Any] = {"radam": optimizer._radam_buffer}
    arrays: dict[str, Any] = {}
    ops = get_current_ops()
    for kind in COUNTS:
        counts = getattr(optimizer, kind)
        plain[kind] = {places[key]: n for key, n in counts.items() if key in places}
    for kind in ARRAYS:
        for key, array in (getattr(optimizer, kind) or {}).items():
            if key in places:
                arrays[f"{kind}/{places[key]}"] = ops.to_numpy(array)
    return plain, arrays


def set_optimizer_state(
    nlp: Language, optimizer: Optimizer, plain: dict[str, Any], arrays: dict[str, Any], steps: int
) -> None:
    """Put back what `optimizer_state` took out, into an optimizer that was just made.

    nlp (Language): The pipeline, with the same components.
    plain, arrays (Dict): What `optimizer_state` gave.
    steps (int): How many steps its schedules have gone.
    """
    keys = {place: key for key, place in _places(nlp)}
    ops = get_current_ops()
    for kind in COUNTS:
        getattr(optimizer, kind).update({keys[place]: n for place, n in plain[kind].items()})
    for name, array in arrays.items():
        kind, _, place = name.partition("/")
        getattr(optimizer, kind)[keys[place]] = ops.asarray(array)
    optimizer._radam_buffer = plain["radam"]
    for _ in range(steps):
        optimizer.step_schedules()


def _places(nlp: Language) -> Iterator[tuple[tuple[int, str], str]]:
    """Each parameter's key, and its place: component, number of the layer, name.

    A layer that two components share has the place of the first.
    """
    seen = set()
    for component, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        if not isinstance(model, Model):
            continue
        for number, node in enumerate(model.walk()):
            if node.id in seen:
                continue
            seen.add(node.id)
            for name in node.param_names:
                yield (node.id, name), f"{component}/{number}/{name}"
