"""What an optimizer remembers of each parameter, keyed by the parameter's place in the pipeline.

Thinc keys it by the model's id, which is a count of all models that the process ever made.
"""

from __future__ import annotations

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
    places = _Places(nlp)
    plain: dict[str, Any] = {"radam": optimizer._radam_buffer}
    arrays: dict[str, Any] = {}
    ops = get_current_ops()
    for kind in COUNTS:
        plain[kind] = {places.of(key): n for key, n in getattr(optimizer, kind).items()}
    for kind in ARRAYS:
        for key, array in (getattr(optimizer, kind) or {}).items():
            arrays[f"{kind}/{places.of(key)}"] = ops.to_numpy(array)
    return plain, arrays


def set_optimizer_state(
    nlp: Language, optimizer: Optimizer, plain: dict[str, Any], arrays: dict[str, Any], steps: int
) -> None:
    """Put back what `optimizer_state` took out, into an optimizer that was just made.

    nlp (Language): The pipeline, with the same components.
    plain, arrays (Dict): What `optimizer_state` gave.
    steps (int): How many steps its schedules have gone.
    optimizer (Optimizer): It is changed.
    """
    places, ops = _Places(nlp), get_current_ops()
    for kind in COUNTS:
        counts = {places.key(place): n for place, n in plain[kind].items()}
        getattr(optimizer, kind).update(counts)
    for name, array in arrays.items():
        kind, _, place = name.partition("/")
        getattr(optimizer, kind)[places.key(place)] = ops.asarray(array)
    optimizer._radam_buffer = plain["radam"]
    for _ in range(steps):
        optimizer.step_schedules()


class _Places:
    """Where in a pipeline each layer stands, and each shim of one (a model of torch's, say): both
    hand the optimizer their parameters by their id and a name. A layer that two components share
    has the place of the first."""

    def __init__(self, nlp: Language) -> None:
        self._layers: dict[int, tuple[str, Model]] = {}
        self._shims: dict[int, str] = {}
        for component, pipe in nlp.pipeline:
            model = getattr(pipe, "model", None)
            for number, node in enumerate(model.walk() if isinstance(model, Model) else ()):
                place = f"{component}/{number}"
                self._layers.setdefault(node.id, (place, node))
                for i, shim in enumerate(node.shims):
                    self._shims.setdefault(shim.id, f"{place}/shim{i}")
        self._ids = {place: number for number, (place, _) in self._layers.items()}
        self._ids |= {place: number for number, place in self._shims.items()}

    def of(self, key: tuple[int, str]) -> str:
        """The place of a parameter. Raises ValueError if it is in no component."""
        number, name = key
        place, node = self._layers.get(number, ("", None))
        if node is not None and name in node.param_names:
            return f"{place}/{name}"
        if number in self._shims:
            return f"{self._shims[number]}/{name}"
        raise ValueError(
            f"the optimizer holds a parameter {name!r} that is in no layer of the pipeline: "
            "a checkpoint cannot keep it"
        )

    def key(self, place: str) -> tuple[int, str]:
        """The parameter at a place."""
        parts = place.split("/")
        depth = 3 if "/".join(parts[:3]) in self._ids else 2  # a shim's place has three parts
        return self._ids["/".join(parts[:depth])], "/".join(parts[depth:])
