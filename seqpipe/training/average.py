"""Averages of saved models: the mean of their parameters is often better than the best of them
(Vaswani et al. 2017, section 6.1, averages the last 5 to 20 checkpoints)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqpipe.files import InputError
from seqpipe.pipelines import load_pipeline

if TYPE_CHECKING:
    from spacy.language import Language


def average_models(folders: Sequence[Path]) -> Language:
    """Make a pipeline of which each parameter is the mean of that of saved pipelines.

    folders (Sequence[Path]): Saved pipelines of one training run, or of runs of one config on the
        same vocabularies.
    RETURNS (Language): The first pipeline with the mean parameters.
    RAISES (InputError): If one does not load, or they differ in more than parameters' values.
    """
    if not folders:
        raise InputError("no models: expected at least one to average")
    averaged = load_pipeline(folders[0])
    totals = {place: array.astype(np.float64) for place, array in _parameters(averaged)}
    vocabularies = _texts(folders[0])
    for folder in folders[1:]:
        found = dict(_parameters(load_pipeline(folder)))
        if {place: array.shape for place, array in found.items()} != {
            place: array.shape for place, array in totals.items()
        } or _texts(folder) != vocabularies:
            raise InputError(
                f"does not fit {folders[0]}: expected the same components, shapes, labels and "
                "vocabularies",
                path=folder,
            )
        for place, array in found.items():
            totals[place] += array
    for name, node in _nodes(averaged):
        for parameter in node.param_names:
            place = (*name, parameter)
            if place in totals:
                mean: Any = (totals[place] / len(folders)).astype("float32")
                node.set_param(parameter, node.ops.asarray(mean))
    return averaged


def _nodes(nlp: Language) -> Iterator[tuple[tuple[str, int], Any]]:
    pipeline: Any = nlp.pipeline
    for name, pipe in pipeline:
        model: Any = getattr(pipe, "model", None)
        for place, node in enumerate(model.walk() if hasattr(model, "walk") else ()):
            yield (name, place), node


def _parameters(nlp: Language) -> Iterator[tuple[tuple[str, int, str], Any]]:
    for name, node in _nodes(nlp):
        for parameter in node.param_names:
            if node.has_param(parameter):
                yield (*name, parameter), node.ops.to_numpy(node.get_param(parameter))


def _texts(folder: Path) -> dict[str, bytes]:
    """What a saved pipeline holds beside weights that must be alike: labels, vocabularies."""
    names = ("vocabularies.json", "cfg")
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for name in names
        for file in sorted(Path(folder).glob(f"*/{name}"))
    }
