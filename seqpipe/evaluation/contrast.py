"""Texts with a negation or a contrast apart from the rest, and whether two models differ on them:
a bootstrap interval over texts (Efron & Tibshirani 1993, section 13.3; Koehn 2004 for paired tests
of systems) and the exact test of McNemar (1947).

Annotations stay real objects here: spaCy's registry resolves them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from spacy.training import Example
from spacy.util import registry

from seqpipe.evaluation.classes import EXCLUSIVE, JudgedText, judge_text, score_judged
from seqpipe.files import InputError

# Chosen here: English words that negate (those of Potts's expression in NLTK's
# nltk.sentiment.util among them), the near negatives, and words that say that something is not
# there; and words that set one clause or phrase against another ("but" is what Socher et al. 2013,
# section 5.3, look at). Words only: a "not" that negates nothing and a "yet" in time count too.
ENGLISH: Mapping[str, Sequence[str]] = {
    "negation": (
        *("not", "*n't", "cannot", "no", "never", "nothing", "nobody", "noone", "none", "nowhere"),
        *("neither", "nor", "hardly", "barely", "scarcely", "without"),
        *("lack", "lacks", "lacked", "lacking", "aint", "arent", "cant", "couldnt", "didnt"),
        *("doesnt", "dont", "hadnt", "hasnt", "havent", "isnt", "shouldnt", "wasnt", "werent"),
        *("wont", "wouldnt"),
    ),
    "contrast": (
        *("but", "yet", "however", "although", "though", "tho", "albeit", "whereas"),
        *("despite", "in spite of", "notwithstanding", "nevertheless", "nonetheless", "except"),
        *("on the other hand",),
    ),
}
ANY, REST, ALL = RESERVED = ("any", "rest", "all")
LEVEL = 0.95
# An apostrophe belongs to a word, whichever of its signs was typed.
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))

Words = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class PairedDifference:
    """How much more often a model is right than another on the same texts.

    difference (float): Accuracy of the first minus that of the second.
    low, high (float): The ends of its 95 % interval.
    p_value (float): Of McNemar's exact test, two-sided; None for the mean of several runs.
    """

    difference: float
    low: float
    high: float
    p_value: float | None


@dataclass(frozen=True)
class GroupScore:
    """What models reach on the texts of one group.

    texts (int): How many there are.
    accuracy (Dict[str, float]): By model, None where there is no text.
    differences (Dict[str, PairedDifference]): The first model against each of the others; none
        where there is no text.
    """

    texts: int
    accuracy: dict[str, float | None]
    differences: dict[str, PairedDifference]

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        return asdict(self)


@registry.scorers("seqpipe.ContrastScorer.v1")
def make_contrast_scorer(
    words: dict[str, list[str]] | None = None, kind: str = EXCLUSIVE
) -> Callable[..., dict[str, Any]]:
    """Create the scorer that gives accuracy apart for texts with a negation and with a contrast.

    words (Dict[str, List[str]]): The words of each group, see `contrast_groups`; None for English.
    kind (str): As for `seqpipe.ClassScorer.v1`.
    RETURNS (Callable): score_classes_by_contrast.
    RAISES (InputError): If a group has no words, or one of the names "any", "rest" and "all".
    """
    groups = ENGLISH if words is None else words
    _patterns(groups)
    return partial(score_classes_by_contrast, words=groups, kind=kind)


def score_classes_by_contrast(
    examples: Iterable[Example],
    *,
    labels: Sequence[str],
    kind: str = EXCLUSIVE,
    values: Mapping[str, float] | None = None,
    threshold: float = 0.5,
    words: Words = ENGLISH,
    **kwargs: Any,
) -> dict[str, Any]:
    """Score the classes of predicted docs, and those of each group of texts.

    examples, labels, kind, values, threshold: As for `score_classes`.
    words (Dict[str, Sequence[str]]): The words of each group.
    RETURNS (Dict[str, Any]): What `score_classes` gives, and for each group and the rest
        `cats_acc_GROUP`, None if there is no such text, and `cats_texts_GROUP`, their number.
    RAISES (InputError, ValueError): As `score_classes`.
    """
    options: dict[str, Any] = {"labels": labels, "kind": kind, "threshold": threshold}
    judged: list[JudgedText] = []
    correct: dict[str, list[bool]] = {name: [] for name in (*words, REST)}
    for eg in examples:
        text = judge_text(eg, **options)
        if text is not None:
            judged.append(text)
            for name in contrast_groups(eg.predicted.text, words=words) or {REST}:
                correct[name].append(text.is_correct)
    scores = score_judged(judged, values=values, **options)
    for name, known in correct.items():
        scores[f"cats_acc_{name}"] = sum(known) / len(known) if known else None
        scores[f"cats_texts_{name}"] = len(known)
    return scores


def contrast_groups(text: str | Iterable[str], *, words: Words = ENGLISH) -> set[str]:
    """Find the groups that a text belongs to by its words.

    text (str / Iterable[str]): A text, or its tokens.
    words (Dict[str, Sequence[str]]): The words of each group, in any case. An entry may be several
        words that follow each other, and "*n't" stands for all words that end so.
    RETURNS (Set[str]): The groups, none for the rest.
    RAISES (InputError): If a group has no words, or one of the names "any", "rest" and "all".
    """
    plain = _plain(text if isinstance(text, str) else " ".join(text))
    return {name for name, pattern in _patterns(words).items() if pattern.search(plain)}


def score_contrast(
    texts: Sequence[str | Sequence[str]],
    correct: Mapping[str, ArrayLike],
    *,
    words: Words = ENGLISH,
    seed: int = 0,
    samples: int = 10_000,
) -> dict[str, GroupScore]:
    """Compare models on texts with a negation or a contrast, and on the rest.

    texts (Sequence[str]): The texts, or the tokens of each.
    correct (Dict[str, ArrayLike]): By model whether it is right on each text, bool, (texts,) or
        (runs, texts) for several runs. The first model is compared with each of the others.
    words (Dict[str, Sequence[str]]): The words of each group, see `contrast_groups`.
    seed (int): Of the bootstrap.
    samples (int): How often texts are drawn for it.
    RETURNS (Dict[str, GroupScore]): By group (a text may be in several), then "any" of them, the
        "rest", and "all".
    RAISES (ValueError): If a model was not judged on each of the texts.
    """
    tables = {model: _runs(right, len(texts), model) for model, right in correct.items()}
    found = [contrast_groups(text, words=words) for text in texts]
    members = {name: [name in groups for groups in found] for name in words}
    members[ANY] = [bool(groups) for groups in found]
    members[REST] = [not groups for groups in found]
    members[ALL] = [True] * len(texts)
    scores = {}
    for name, inside in members.items():
        own = {model: runs[:, np.array(inside, dtype=bool)] for model, runs in tables.items()}
        scores[name] = _group_score(own, sum(inside), seed=seed, samples=samples)
    return scores


def paired_difference(
    correct_a: ArrayLike, correct_b: ArrayLike, *, seed: int = 0, samples: int = 10_000
) -> PairedDifference:
    """Compare how often two models are right on the same texts.

    correct_a, correct_b (ArrayLike): Whether each text was right, bool, (texts,) or (runs, texts)
        for several runs of a model, whose mean is taken for each text: the interval is then over
        texts, and does not hold the spread over runs.
    seed (int): Of the bootstrap.
    samples (int): How often the texts are drawn anew, with the two judgements of each together.
    RETURNS (PairedDifference): The difference, its interval (percentiles of the bootstrap) and p.
    RAISES (ValueError): If there is no text, the numbers of texts differ, or samples is below 1.
    """
    a = _runs(correct_a, None, "the first model")
    b = _runs(correct_b, a.shape[1], "the second model")
    if not a.shape[1] or samples < 1:
        raise ValueError(f"{a.shape[1]} texts, {samples} samples: expected at least 1 of each")
    gains = a.mean(axis=0) - b.mean(axis=0)  # (texts,)
    outside = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(_bootstrap(gains, seed, samples), [outside, 1.0 - outside])
    p_value = None
    if len(a) == len(b) == 1:
        p_value = mcnemar(int((gains > 0).sum()), int((gains < 0).sum()))
    return PairedDifference(float(gains.mean()), float(low), float(high), p_value)


def mcnemar(only_a: int, only_b: int) -> float:
    """McNemar's exact test: whether two models err equally often, the binomial test at one half.

    only_a (int): Texts on which just the first model is right.
    only_b (int): Texts on which just the second is.
    RETURNS (float): The two-sided p-value.
    """
    both = only_a + only_b
    ways = tail = 1
    for k in range(min(only_a, only_b)):
        ways = ways * (both - k) // (k + 1)
        tail += ways
    return min(1.0, 2 * tail / 2**both)


def _bootstrap(values: np.ndarray, seed: int, samples: int) -> np.ndarray:
    """Means of values drawn with replacement, (samples,): how often each of the few different ones
    is drawn is multinomial."""
    distinct, counts = np.unique(values, return_counts=True)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(values), counts / len(values), size=samples)  # (samples, distinct)
    return draws @ distinct / len(values)


def _group_score(
    correct: Mapping[str, np.ndarray], texts: int, *, seed: int, samples: int
) -> GroupScore:
    if not texts:
        return GroupScore(0, dict.fromkeys(correct), {})
    accuracy: dict[str, float | None] = {
        model: float(runs.mean()) for model, runs in correct.items()
    }
    first, *others = correct
    differences = {
        other: paired_difference(correct[first], correct[other], seed=seed, samples=samples)
        for other in others
    }
    return GroupScore(texts, accuracy, differences)


def _runs(correct: ArrayLike, texts: int | None, model: str) -> np.ndarray:
    """RETURNS (np.ndarray): float64 (runs, texts)."""
    runs = np.atleast_2d(np.asarray(correct, dtype=bool)).astype(np.float64)
    if runs.ndim != 2 or not len(runs) or (texts is not None and runs.shape[1] != texts):
        wanted = "texts" if texts is None else texts
        raise ValueError(
            f"{model}: judgements {np.shape(correct)}, expected ({wanted},) or (runs, {wanted})"
        )
    return runs


def _patterns(words: Words) -> Mapping[str, re.Pattern[str]]:
    return _compiled(tuple((name, tuple(entries)) for name, entries in words.items()))


@lru_cache(maxsize=16)
def _compiled(words: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, re.Pattern[str]]:
    patterns = {}
    for name, entries in words:
        if name in RESERVED:
            others = ", ".join(RESERVED)
            raise InputError(f"words: a group {name!r}: expected another name than {others}")
        if not entries or not all(map(_plain, entries)):
            raise InputError(f"words of {name!r}: {list(entries)}: expected words, one at least")
        any_end = [r"\S*" if entry.startswith("*") else "" for entry in entries]
        plain = [re.escape(_plain(entry)) for entry in entries]
        whole = "|".join(map("".join, zip(any_end, plain, strict=True)))
        patterns[name] = re.compile(rf"(?<!\S)(?:{whole})(?!\S)")
    return patterns


def _plain(text: str) -> str:
    """The words of a text, in one case, with a space between them."""
    return " ".join(WORD.findall(text.casefold().translate(APOSTROPHES)))
