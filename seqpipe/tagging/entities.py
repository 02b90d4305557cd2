"""Entities as arrays: gold tags of a batch, entities of decoded tags, their exact probability.

All of it works on the tokens of a batch laid end to end, without a loop over tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE, ORTH
from spacy.training import Example

from seqpipe.layers.crf import MISSING
from seqpipe.layers.crf_inference import Posteriors

from .schemes import Constraints, allowed, scheme_named, tags_of

IOB_MISSING, IOB_IN, IOB_OUT, IOB_BEGIN = 0, 1, 2, 3  # spaCy's codes


class UnknownLabelError(ValueError):
    """The gold data have a label that a component does not know.

    kind (str): What it is called. label (str): The label. labels (Sequence[str]): Those it knows.
    """

    def __init__(self, kind: str, label: str, labels: Sequence[str]) -> None:
        super().__init__(
            f"{kind} {label!r} was not seen when the component was initialised, "
            f"expected one of {list(labels)}"
        )


class Entity(NamedTuple):
    """A predicted entity: tokens from start to before end, its label, its probability.

    start, end (int): In tokens.
    label (str): Such as "PER".
    confidence (float): P(there is just this entity | x), from 0 to 1.
    """

    start: int
    end: int
    label: str
    confidence: float


@dataclass
class TagSet:
    """The tags of some entity labels under a scheme, "O" first.

    labels (Tuple[str, ...]): Entity labels.
    scheme (str): One of `schemes.SCHEMES`.
    tags (List[str]): Names of the tags.
    constraints (Constraints): What may follow what.
    begin, inside, last, single (ndarray): For each label the id of its tag that opens an entity of
        several tokens, goes on with it, closes it, and stands alone, `(labels,)`.
    """

    labels: tuple[str, ...]
    scheme: str

    def __post_init__(self) -> None:
        self.scheme = scheme_named(self.scheme)
        self.tags: list[str] = tags_of(self.labels, self.scheme)
        self.constraints: Constraints = allowed(self.tags, self.scheme)
        ids = {tag: i for i, tag in enumerate(self.tags)}
        closing = {"BILUO": ("L", "U"), "IOBES": ("E", "S"), "BIO": ("I", "B")}
        last, single = closing[self.scheme]
        self.begin, self.inside, self.last, self.single = (
            np.array([ids[f"{prefix}-{label}"] for label in self.labels], dtype=np.int64)
            for prefix in ("B", "I", last, single)
        )

    def forbidden_on_space(self) -> np.ndarray:
        """The tags that a white-space token may not bear, so that no entity begins or ends there.

        All but O and, where the scheme shows the end of an entity, those inside.
        """
        inside = () if self.scheme == "BIO" else self.inside
        return np.setdiff1d(np.arange(1, len(self.tags)), inside)

    def label_ids(self) -> np.ndarray:
        """For each tag the index of its label, -1 for O, `(tags,)`.

        RETURNS (np.ndarray): int64.
        """
        per_label = (len(self.tags) - 1) // len(self.labels) if self.labels else 1
        return np.concatenate([[-1], np.repeat(np.arange(len(self.labels)), per_label)])

    def gold(self, examples: Sequence[Example], *, strict: bool = True) -> np.ndarray:
        """The gold tag of each token of the predicted docs, end to end, MISSING where unknown.

        examples (Sequence[Example]): Their tokens may differ in the two docs.
        strict (bool): Raise ValueError for a label that is not one of these, whose tokens are O
            otherwise.
        RETURNS (np.ndarray): int64 `(tokens,)`.
        """
        iob, labels = _gold_arrays(examples)
        known = {"": 0, **{label: i for i, label in enumerate(self.labels)}}
        unknown = set(labels) - set(known)
        if unknown and strict:
            raise UnknownLabelError("entity label", min(unknown), self.labels)
        label = np.array([known.get(text, 0) for text in labels], dtype=np.int64)
        goes_on = np.zeros(len(iob), dtype=bool)
        goes_on[:-1] = iob[1:] == IOB_IN
        goes_on[_last_tokens([len(eg.predicted) for eg in examples])] = False
        tags = np.where(
            iob == IOB_BEGIN,
            np.where(goes_on, self.begin[label], self.single[label]),
            np.where(goes_on, self.inside[label], self.last[label]),
        )
        outside = (iob == IOB_OUT) | np.isin(labels, list(unknown))
        return np.where(outside, 0, np.where(iob == IOB_MISSING, MISSING, tags))

    def spans(self, tags: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
        """The entities of decoded tags of docs end to end: (start, end, label), `(n, 3)`.

        tags (np.ndarray): Ids, `(tokens,)`.
        lengths (Sequence[int]): Tokens of each doc.
        """
        label = self.label_ids()[tags]
        opens = np.isin(tags, np.concatenate([self.begin, self.single])) & (label >= 0)
        goes_on = np.zeros(len(tags), dtype=bool)
        goes_on[:-1] = (label[1:] >= 0) & ~opens[1:]
        goes_on[_last_tokens(lengths)] = False
        closes = (label >= 0) & ~goes_on
        starts = np.flatnonzero(opens)
        return np.stack([starts, np.flatnonzero(closes) + 1, label[starts]], axis=1)

    def probabilities(
        self, posteriors: Posteriors, spans: np.ndarray, lengths: Sequence[int]
    ) -> np.ndarray:
        """P(there is an entity of this label from start to end | x), exact, `(n,)`.

        The sum over all tag sequences that hold exactly this entity: in BIO, those that go on with
        an inside tag are taken off.

        posteriors (Posteriors): Of all docs, packed.
        spans (np.ndarray): As `spans` gives them, `(n, 3)`.
        lengths (Sequence[int]): Tokens of each doc.
        RETURNS (np.ndarray): float64, from 0 to 1.
        """
        row_of = posteriors.potentials.packing.inverse
        rows = [row_of[start:end] for start, end, _ in spans.tolist()]
        tags = [self._tags(end - start, label) for start, end, label in spans.tolist()]
        probability = np.exp(posteriors.segment_log_prob(rows, tags))
        if self.scheme != "BIO":
            return np.minimum(probability, 1.0)  # sums of logarithms may pass it by a rounding
        doc_ends = set(np.cumsum(lengths).tolist())
        longer = [i for i, (_, end, _) in enumerate(spans.tolist()) if end not in doc_ends]
        if longer:
            probability[longer] -= np.exp(
                posteriors.segment_log_prob(
                    [row_of[spans[i, 0] : spans[i, 1] + 1] for i in longer],
                    [np.append(tags[i], self.inside[spans[i, 2]]) for i in longer],
                )
            )
        return np.clip(probability, 0.0, 1.0)

    def _tags(self, length: int, label: int) -> np.ndarray:
        if length == 1:
            return self.single[[label]]
        tags = np.full(length, self.inside[label])
        tags[0], tags[-1] = self.begin[label], self.last[label]
        return tags


def _gold_arrays(examples: Sequence[Example]) -> tuple[np.ndarray, list[str]]:
    """spaCy's IOB code and the entity label of each token of the predicted docs, end to end."""
    codes, labels = [], []
    for eg in examples:
        if same_tokens(eg):
            array = eg.reference.to_array([ENT_IOB, ENT_TYPE])
            iob = array[:, 0].astype(np.int64)
            blocked = (iob == IOB_BEGIN) & (array[:, 1] == 0)  # spaCy's sign for "no entity here"
            codes.append(np.where(blocked, IOB_OUT, iob))
            strings = eg.reference.vocab.strings
            labels.extend([strings[label] if label else "" for label in array[:, 1].tolist()])
        else:
            code = {"B": IOB_BEGIN, "U": IOB_BEGIN, "I": IOB_IN, "L": IOB_IN, "O": IOB_OUT}
            tags = [tag if tag and tag != "-" else "" for tag in eg.get_aligned_ner()]
            codes.append(np.array([code.get(tag[:1], IOB_MISSING) for tag in tags], dtype=np.int64))
            labels.extend([tag[2:] for tag in tags])
    return np.concatenate(codes), labels


def _last_tokens(lengths: Sequence[int]) -> np.ndarray:
    """The last token of each doc that has one, in docs end to end."""
    return np.cumsum([n for n in lengths if n], dtype=np.int64) - 1


def same_tokens(eg: Example) -> bool:
    """Whether predicted and reference doc have the same tokens, so that nothing must be aligned.

    eg (Example): The pair.
    """
    if len(eg.predicted) != len(eg.reference):
        return False
    return np.array_equal(eg.predicted.to_array(ORTH), eg.reference.to_array(ORTH))
