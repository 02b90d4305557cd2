"""The states of all random number generators that a training run draws from, as plain values."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from spacy.language import Language

Owned = numpy.random.Generator | numpy.random.RandomState | random.Random


def global_states() -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The states of Python's, numpy's and, if it is loaded, torch's
    generator, as JSON has them."""
    states: dict[str, Any] = {
        "python": _state_of(random),
        "numpy": _state_of(numpy.random),
    }
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].get_rng_state().tolist()
    return states


def set_global_states(states: dict[str, Any]) -> None:
    """Put those generators back.

    states (Dict[str, Any]): What `global_states` gave.
    """
    _set_state(random, states["python"])
    _set_state(numpy.random, states["numpy"])
    if "torch" in states and "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.tensor(states["torch"], dtype=torch.uint8))


def component_states(nlp: Language) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The states of the generators that components, and the layers of
    their models, hold as attributes, by the place of each.

    nlp (Language): The pipeline.
    """
    return {place: _state_of(generator) for place, generator in _owned(nlp)}


def set_component_states(nlp: Language, states: dict[str, Any]) -> None:
    """Put those back.

    nlp (Language): The pipeline, with the same components.
    states (Dict[str, Any]): What `component_states` gave.
    """
    for place, generator in _owned(nlp):
        if place in states:
            _set_state(generator, states[place])


def _owned(nlp: Language) -> Iterator[tuple[str, Owned]]:
    from thinc.api import Model

    for name, pipe in nlp.pipeline:
        yield from _among(getattr(pipe, "__dict__", {}), name)
        model = getattr(pipe, "model", None)
        if isinstance(model, Model):
            for number, node in enumerate(model.walk()):
                yield from _among(node.attrs, f"{name}/{number}")


def _among(values: dict[str, Any], place: str) -> Iterator[tuple[str, Owned]]:
    for key, value in values.items():
        if isinstance(value, Owned):
            yield f"{place}/{key}", value


def _state_of(generator: Any) -> Any:
    if isinstance(generator, numpy.random.Generator):
        return _plain(generator.bit_generator.state)
    if hasattr(generator, "getstate"):
        version, words, gauss = generator.getstate()
        return [version, list(words), gauss]
    name, words, *rest = generator.get_state()
    return [name, words.tolist(), *rest]


def _plain(value: Any) -> Any:
    """Arrays in a state of nested dicts as lists."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value.tolist() if isinstance(value, numpy.ndarray) else value


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, numpy.random.Generator):
        generator.bit_generator.state = state
    elif hasattr(generator, "setstate"):
        version, words, gauss = state
        generator.setstate((version, tuple(words), gauss))
    else:
        name, words, *rest = state
        generator.set_state((name, numpy.array(words, dtype=numpy.uint32), *rest))
