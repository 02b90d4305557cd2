"""Scores predicted classes of texts against the reference: spaCy's own figures, and beside them
accuracy, calibration, the confusion matrix and the error in stars.

Annotations stay real objects here: spaCy's registry resolves them.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from spacy.scorer import Scorer
from spacy.training import Example
from spacy.util import registry

from seqpipe.evaluation.calibration import expected_calibration_error
from seqpipe.files import InputError

EXCLUSIVE, MULTILABEL, STARS = KINDS = ("exclusive", "multilabel", "stars")
ROUNDING = 0.0051  # by which each probability may be off: two decimals of it are enough
SHOWN = 5  # labels that a message names


@registry.scorers("seqpipe.ClassScorer.v1")
def make_class_scorer(kind: str = EXCLUSIVE) -> Callable[..., dict[str, Any]]:
    """Create the scorer of the classes of texts.

    kind (str): What the classes are for a component that does not say so itself, as spaCy's
        `textcat`: see `score_classes`.
    RETURNS (Callable): score_classes.
    """
    return partial(score_classes, kind=kind)


@dataclass(frozen=True)
class JudgedText:
    """A text with a prediction and a gold label.

    predicted (Dict[str, float]): The probability of each label of the component, in its order.
    reference (Dict[str, float]): What gold says of labels; of classes that exclude each other just
        the gold label, with 1.0.
    is_correct (bool): Whether the prediction is right.
    """

    predicted: dict[str, float]
    reference: dict[str, float]
    is_correct: bool

    @property
    def best(self) -> str:
        """RETURNS (str): The most probable label, of equals the first."""
        return _most_probable(self.predicted)

    @property
    def gold(self) -> str:
        """RETURNS (str): The gold label, where classes exclude each other."""
        return next(iter(self.reference))


def score_classes(
    examples: Iterable[Example],
    *,
    labels: Sequence[str],
    kind: str = EXCLUSIVE,
    values: Mapping[str, float] | None = None,
    threshold: float = 0.5,
    **kwargs: Any,
) -> dict[str, Any]:
    """Score the classes of predicted docs. Texts without a gold label are left out.

    examples (Iterable[Example]): Predictions and references, both in `doc.cats`.
    labels (Sequence[str]): The component's labels. A gold label that is not among them is scored as
        one that is never predicted: all its texts are errors.
    kind (str): "exclusive", "multilabel", or "stars": exclusive, and the labels are numbers.
    values (Dict[str, float]): The number of each of `labels`, for "stars"; by default the label
        itself.
    threshold (float): For "multilabel": from this probability on a label counts as given.
    RETURNS (Dict[str, Any]): What `Scorer.score_cats` gives (`cats_score`, `cats_macro_f`,
        `cats_f_per_type`, ...), a mean over labels being over those of the component and of the
        texts; and
        `cats_acc`: the share of texts whose most probable label, of equals the first, is the gold
        one; for "multilabel" of those whose annotated labels are all right;
        `cats_ece`: the expected calibration error (10 bins) of the most probable label's
        probability; for "multilabel" of every annotated label's;
        `cats_support`: {label: texts with that gold label};
        `cats_confusion`: {gold: {predicted: texts}}, not for "multilabel";
        `stars_mae`: the mean distance of the expected value, sum of probability times value, from
        the gold value, only for "stars". A text whose gold label has no number on the scale is
        left out here, and is an error in all the others.
        All but `cats_score_desc` are None if no text has a gold label.
    RAISES (InputError): If there is no such kind, for "stars" if one of `labels` has no number, and
        if the probabilities of classes that exclude each other do not sum to 1.
    RAISES (ValueError): If a doc has no prediction, or one that is not from 0 to 1.
    """
    options: dict[str, Any] = {"labels": labels, "kind": kind, "threshold": threshold}
    judged = (judge_text(eg, **options) for eg in examples)
    return score_judged([text for text in judged if text is not None], values=values, **options)


def judge_text(
    eg: Example, *, labels: Sequence[str], kind: str, threshold: float
) -> JudgedText | None:
    """Say of a text whether its classes are right.

    eg (Example): Prediction and reference.
    labels, kind, threshold: As for `score_classes`.
    RETURNS (JudgedText): The judgement, or None if there is no gold label.
    RAISES (InputError): If there is no such kind.
    RAISES (ValueError): If the doc has no prediction for classes that exclude each other.
    """
    if kind not in KINDS:
        raise InputError(f"kind = {kind!r}: expected one of {', '.join(KINDS)}")
    gold, cats = eg.reference.cats, eg.predicted.cats
    predicted = {label: cats[label] for label in labels if label in cats}
    if kind == MULTILABEL:
        right = (
            (predicted.get(label, 0.0) >= threshold) == (given > 0) for label, given in gold.items()
        )
        return JudgedText(predicted, dict(gold), all(right)) if gold else None
    given = {label: gold[label] for label in (*labels, *gold) if gold.get(label, 0.0) > 0}
    if not given:
        return None
    if not predicted:
        found = " ".join(eg.predicted.text.split())[:60]
        raise ValueError(f'no class was predicted for "{found}", expected a probability for each')
    label = _most_probable(given)
    return JudgedText(predicted, {label: 1.0}, _most_probable(predicted) == label)


def score_judged(
    judged: Sequence[JudgedText],
    *,
    labels: Sequence[str],
    kind: str,
    values: Mapping[str, float] | None = None,
    threshold: float,
) -> dict[str, Any]:
    """Score texts that were judged.

    judged (Sequence[JudgedText]): The texts that have a gold label.
    labels, kind, values, threshold: As for `score_classes`.
    RETURNS (Dict[str, Any]): As from `score_classes`.
    RAISES (InputError): As `score_classes`.
    """
    is_multilabel = kind == MULTILABEL
    if not is_multilabel:
        _check_sums(judged, kind)
    gold = dict.fromkeys(
        label for text in judged for label, given in text.reference.items() if given
    )
    every = list(dict.fromkeys((*labels, *gold)))
    texts: Any = judged
    scores: dict[str, Any] = Scorer.score_cats(
        texts,
        "cats",
        getter=lambda cats, _: cats,
        labels=every,
        multi_label=is_multilabel,
        threshold=threshold,
    )
    scores["cats_acc"] = sum(text.is_correct for text in judged) / max(1, len(judged))
    scores["cats_ece"] = _calibration_error(judged, is_multilabel)
    scores["cats_support"] = {
        label: sum(text.reference.get(label, 0.0) > 0 for text in judged) for label in every
    }
    if not is_multilabel:
        scores["cats_confusion"] = _confusion(judged, every)
    if kind == STARS:
        scores["stars_mae"] = _error_in_stars(judged, _scale(labels, gold, values or {}))
    # Of no score the description stays: `spacy evaluate` prints it as a text.
    kept = scores if judged else {"cats_score_desc": scores["cats_score_desc"]}
    return dict.fromkeys(scores) | kept


def _most_probable(cats: Mapping[str, float]) -> str:
    return max(cats, key=cats.__getitem__)


def _calibration_error(judged: Sequence[JudgedText], is_multilabel: bool) -> float | None:
    if is_multilabel:
        pairs = [
            (text.predicted[label], given > 0)
            for text in judged
            for label, given in text.reference.items()
            if label in text.predicted
        ]
    else:
        pairs = [(text.predicted[text.best], text.is_correct) for text in judged]
    return expected_calibration_error([p for p, _ in pairs], [right for _, right in pairs])


def _confusion(judged: Sequence[JudgedText], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    counts = {label: dict.fromkeys(labels, 0) for label in labels}
    for text in judged:
        counts[text.gold][text.best] += 1
    return counts


def _check_sums(judged: Sequence[JudgedText], kind: str) -> None:
    """Find components whose labels do not exclude each other, though `kind` says so."""
    for text in judged:
        total = sum(text.predicted.values())
        # spaCy's components give 0 for each label of a doc without tokens.
        if total and abs(total - 1.0) > ROUNDING * len(text.predicted):
            some = [f"{label} {p:.4g}" for label, p in text.predicted.items()][:SHOWN]
            more = ", ..." if len(some) < len(text.predicted) else ""
            raise InputError(
                f"kind = {kind!r}: predicted cats ({', '.join(some)}{more}) sum to {total:.4g}, "
                'expected 1; for several labels a text the scorer needs kind = "multilabel"'
            )


def _error_in_stars(judged: Sequence[JudgedText], scale: Mapping[str, float]) -> float | None:
    """The mean distance of the expected value from that of the gold label, where it has one."""
    errors = [
        abs(sum(p * scale[label] for label, p in text.predicted.items()) - scale[text.gold])
        for text in judged
        if text.gold in scale
    ]
    return sum(errors) / len(errors) if errors else None


def _scale(
    labels: Iterable[str], gold: Iterable[str], values: Mapping[str, float]
) -> dict[str, float]:
    """The number of each label. One that just gold has stands for itself, unless `values` says
    otherwise of others: its own number would be on another scale."""
    own = {label: number for label in (*labels, *gold) if (number := _number(label)) is not None}
    is_own = all(_number(label) == value for label, value in values.items())
    scale = {**own, **values} if is_own else dict(values)
    for label in labels:
        if label not in scale:
            wanted = "a number" if is_own else "a number for it in `values`"
            raise InputError(f'label {label!r}: expected {wanted}, as kind is "stars"')
    return scale


def _number(label: str) -> float | None:
    try:
        number = float(label)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
