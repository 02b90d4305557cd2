"""Scores a saved pipeline on data that its own reader reads, whatever its components are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example


@dataclass(frozen=True)
class Scores:
    """What one pipeline reaches on one corpus.

    values (Dict[str, Any]): What `nlp.evaluate` returns, without the speed.
    seconds (float): The time it took, reading left out.
    words_per_second (float): The speed of tokenizer and pipeline.
    """

    values: dict[str, Any]
    seconds: float
    words_per_second: float


def score_pipeline(nlp: Language, examples: list[Example]) -> Scores:
    """Run a pipeline over examples and score it with its own scorers.

    nlp (Language): The pipeline.
    examples (List[Example]): Gold; left as they are.
    RETURNS (Scores): Its scores.
    """
    # Compiled code is loaded at the first texts: that is no part of the speed.
    for _ in nlp.pipe(eg.predicted.copy() for eg in examples[:4]):
        pass
    start = perf_counter()
    values = dict(nlp.evaluate(examples))
    speed = values.pop("speed")
    return Scores(values, perf_counter() - start, speed)


def gold_entity_counts(examples: list[Example]) -> Counter[str]:
    """RETURNS (Counter): The entities of the references by label.

    examples (List[Example]): Predicted and gold docs.
    """
    return Counter(ent.label_ for eg in examples for ent in eg.reference.ents)


def unseen_labels(nlp: Language, examples: list[Example]) -> dict[str, int]:
    """Find the labels in gold data that no component of the pipeline can predict.

    nlp (Language): The pipeline.
    examples (List[Example]): Gold.
    RETURNS (Dict[str, int]): How often each of these labels occurs; misses, all of them.
    """
    unseen: Counter[str] = Counter()
    for attribute, labels_of in GOLD_LABELS.items():
        known = _predicted_labels(nlp, attribute)
        if known:
            found = Counter(label for eg in examples for label in labels_of(eg.reference))
            unseen.update({label: n for label, n in found.items() if label not in known})
    return dict(unseen)


def training_seed(nlp: Language) -> int | None:
    """RETURNS (int): The seed that a pipeline was trained with, if its config says.

    nlp (Language): A saved pipeline.
    """
    return nlp.config.interpolate().get("training", {}).get("seed")


def main_score(nlp: Language) -> str:
    """RETURNS (str): The score that weighs most in the choice of a pipeline's best model.

    nlp (Language): A saved pipeline.
    """
    weights = nlp.config.interpolate().get("training", {}).get("score_weights") or {}
    return max(weights, key=lambda key: weights[key] or 0.0, default="ents_f")


GOLD_LABELS: Mapping[str, Callable[[Doc], list[str]]] = {
    "doc.ents": lambda doc: [ent.label_ for ent in doc.ents],
    "token.tag": lambda doc: [token.tag_ for token in doc if token.tag_],
    "doc.cats": lambda doc: [label for label, value in doc.cats.items() if value],
}


def _predicted_labels(nlp: Language, attribute: str) -> set[str]:
    """RETURNS (Set[str]): Labels of the components that set an attribute and tell their labels."""
    labels: set[str] = set()
    for name, pipe in nlp.pipeline:
        if attribute in nlp.get_pipe_meta(name).assigns:
            labels.update(getattr(pipe, "labels", ()))
    return labels
