"""Picks texts that show what a pipeline's classes are like, right and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example

LONGEST = 200  # characters that are shown of a text
POOL = 12  # texts that are looked at for each one that is shown


class ClassifiedText(NamedTuple):
    """A text with what is shown of its classes.

    text (str): Its beginning, on one line.
    predicted (Dict[str, float]): The labels that it gets, with their probabilities: one where
        classes exclude each other, else any number.
    gold (Tuple[str]): Those that the data give it.
    is_right (bool): Whether the scorer counts it as right.
    """

    text: str
    predicted: dict[str, float]
    gold: tuple[str, ...]
    is_right: bool


@dataclass(frozen=True)
class Classifier:
    """What must be known of a component that sets `doc.cats`, to judge its predictions.

    labels (Tuple[str]): Its labels.
    kind (str): "exclusive", "multilabel" or "stars".
    threshold (float): For "multilabel": from this probability on a label counts as given.
    """

    labels: tuple[str, ...]
    kind: str
    threshold: float


def find_classifier(nlp: Language, examples: Sequence[Example]) -> Classifier | None:
    """Find the component whose classes the data have.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): Gold.
    RETURNS (Classifier): Of components whose factory assigns `doc.cats` that with most labels of
        the data, of equals the first; None if there is none, or the data have no classes.
    """
    gold = {label for eg in examples for label in eg.reference.cats}
    pipeline: Any = nlp.pipeline
    pipes = [pipe for name, pipe in pipeline if "doc.cats" in nlp.get_pipe_meta(name).assigns]
    found = [_classifier(pipe) for pipe in pipes if getattr(pipe, "labels", ())]
    if not gold or not found:
        return None
    return max(found, key=lambda one: len(gold.intersection(one.labels)))


def pick_texts(
    nlp: Language, examples: Sequence[Example], count: int, *, classifier: Classifier
) -> list[ClassifiedText]:
    """Pick texts from all over the data, up to half of them with wrong classes, none twice.

    nlp (Language): The pipeline that predicts the classes.
    examples (Sequence[Example]): Gold; left as they are.
    count (int): How many texts, if the data have as many.
    classifier (Classifier): The component whose classes are shown.
    RETURNS (List[ClassifiedText]): The texts, in the order of the data.
    """
    known: dict[str, Example] = {}
    for eg in examples:
        if eg.reference.cats:
            known.setdefault(_shown(eg), eg)
    step = max(1, len(known) // (POOL * count))
    pool = list(known.values())[::step][: POOL * count]
    docs = nlp.pipe(eg.predicted.copy() for eg in pool)
    judged = [_judged(eg, doc, classifier) for eg, doc in zip(pool, docs, strict=True)]
    found = [text for text in judged if text is not None]
    wrong = [i for i, text in enumerate(found) if not text.is_right]
    right = [i for i, text in enumerate(found) if text.is_right]
    n_wrong = min(len(wrong), max(count // 2, count - len(right)))
    return [found[i] for i in sorted([*wrong[:n_wrong], *right[: count - n_wrong]])]


def _classifier(pipe: Any) -> Classifier:
    from spacy.pipeline import MultiLabel_TextCategorizer, TextCategorizer

    from seqpipe.evaluation.classes import EXCLUSIVE, MULTILABEL

    labels = tuple(pipe.labels)
    if isinstance(pipe, TextCategorizer):
        # spaCy's own do not say of what kind they are.
        kind = MULTILABEL if isinstance(pipe, MultiLabel_TextCategorizer) else EXCLUSIVE
        return Classifier(labels, kind, pipe.cfg["threshold"])
    return Classifier(labels, getattr(pipe, "kind", EXCLUSIVE), getattr(pipe, "threshold", 0.5))


def _judged(eg: Example, doc: Doc, classifier: Classifier) -> ClassifiedText | None:
    """RETURNS (ClassifiedText): The text, or None if it has no prediction or no gold class."""
    from spacy.training import Example

    from seqpipe.evaluation.classes import MULTILABEL, judge_text

    if not any(label in doc.cats for label in classifier.labels):
        return None
    judged = judge_text(Example(doc, eg.reference), **vars(classifier))
    if judged is None:
        return None
    predicted = judged.predicted
    if classifier.kind == MULTILABEL:
        given = {label: p for label, p in predicted.items() if p >= classifier.threshold}
    else:
        given = {judged.best: predicted[judged.best]}
    gold = tuple(label for label, value in judged.reference.items() if value > 0)
    return ClassifiedText(_shown(eg), given, gold, judged.is_correct)


def _shown(eg: Example) -> str:
    line = " ".join(eg.reference.text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
