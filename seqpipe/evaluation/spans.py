"""Scores predicted entities against the reference: spaCy's own figures, and calibration beside.

Annotations stay real objects here: spaCy's registry resolves them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from spacy.scorer import get_ner_prf
from spacy.tokens import Span
from spacy.training import Example
from spacy.util import registry

from seqpipe.evaluation.calibration import expected_calibration_error


@registry.scorers("seqpipe.EntityScorer.v1")
def make_entity_scorer() -> Callable[..., dict[str, Any]]:
    """Create the scorer of entities.

    RETURNS (Callable): score_entities.
    """
    return score_entities


def score_entities(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score the entities of predicted docs.

    examples (Iterable[Example]): Predictions and references.
    RETURNS (Dict[str, Any]): "ents_p", "ents_r", "ents_f" and "ents_per_type" as spaCy gives them,
        from 0 to 1 or None, and "ents_ece", the expected calibration error of the entities that
        have a confidence (10 bins), None where none has.
    """
    known: list[tuple[float, bool]] = []

    # In one go, so that examples can be scored as they come.
    def noted() -> Iterator[Example]:
        for eg in examples:
            known.extend(_judged_confidences(eg))
            yield eg

    scores = get_ner_prf(noted())
    ece = expected_calibration_error([conf for conf, _ in known], [right for _, right in known])
    return {**scores, "ents_ece": ece}


def _judged_confidences(eg: Example) -> Iterator[tuple[float, bool]]:
    """The confidence of each predicted entity that has one, and whether the entity is correct."""
    if Span.has_extension("confidence"):
        for ent, correct in judge_entities([eg]):
            if ent._.confidence is not None:
                yield ent._.confidence, correct


def judge_entities(examples: Iterable[Example]) -> Iterator[tuple[Span, bool]]:
    """Say of each predicted entity whether the reference has it, span and label.

    Tokens are aligned, and entities on tokens without annotation left out, as spaCy does for
    precision, so that these judgements and ents_p agree.

    examples (Iterable[Example]): Predictions and references.
    YIELDS (Tuple[Span, bool]): The predicted entity, and whether it is correct.
    """
    for eg in examples:
        if not eg.reference.has_annotation("ENT_IOB"):
            continue
        gold = {(ent.label_, ent.start, ent.end) for ent in eg.reference.ents}
        x2y = eg.alignment.x2y
        for ent in eg.predicted.ents:
            indices = x2y[ent.start : ent.end]
            if not len(indices):
                continue
            start, end = int(indices[0]), int(indices[-1]) + 1
            if any(token.ent_iob == 0 for token in eg.reference[start:end]):
                continue
            key = (ent.label_, start, end)
            yield ent, key in gold
            gold.discard(key)
