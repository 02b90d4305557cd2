"""The pipe class of `rnn_tagger`: one label a token."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.layers.crf import MISSING
from seqpipe.layers.crf_inference import viterbi

from .entities import UnknownLabelError, same_tokens
from .token_pipe import TokenPipe, by_doc


class RNNTagger(TokenPipe):
    """One label for each token: its tag, or any extension attribute of the token."""

    label_kind = "label"

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str,
        *,
        target: str,
        max_gradient_norm: float,
        max_gradient_value: float,
        scorer: Callable[..., dict[str, Any]] | None,
    ) -> None:
        """Make the component. target (str): "tag_" or "_.name"; see `make_rnn_tagger`."""
        if target != "tag_" and not (target.startswith("_.") and target[2:].isidentifier()):
            raise InputError(f"{name}: target = {target!r}: expected 'tag_' or '_.' and a name")
        super().__init__(
            vocab,
            model,
            name,
            max_gradient_norm=max_gradient_norm,
            max_gradient_value=max_gradient_value,
            scorer=scorer,
        )
        self.target = target
        if target != "tag_" and not Token.has_extension(target[2:]):
            Token.set_extension(target[2:], default=None)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score predicted docs. RETURNS (Dict[str, Any]): What the scorer gives for the target."""
        return super().score(examples, target=self.target, **kwargs)

    def tag_names(self) -> list[str]:
        return list(self.labels)

    def scheme_of_tags(self) -> str | None:
        return None

    def labels_of(self, reference: Doc) -> Iterable[str]:
        return {label for label in self._labels(reference) if label}

    def is_annotated(self, reference: Doc) -> bool:
        return any(self._labels(reference))

    def _labels(self, doc: Doc) -> list[str]:
        """The label of each token as a string, "" where it has none."""
        if self.target == "tag_":
            return [token.tag_ for token in doc]
        values = [token._.get(self.target[2:]) for token in doc]
        return ["" if value is None else str(value) for value in values]

    def gold_tags(self, examples: list[Example]) -> np.ndarray:
        ids = {label: i for i, label in enumerate(self.labels)} | {"": MISSING}
        gold = [label for eg in examples for label in self._aligned_labels(eg)]
        unknown = set(gold) - set(ids)
        if unknown:
            raise UnknownLabelError("label", min(unknown), self.labels)
        return np.array([ids[label] for label in gold], dtype=np.int64)

    def _aligned_labels(self, eg: Example) -> list[str]:
        labels = self._labels(eg.reference)
        if same_tokens(eg):
            return labels
        places = eg.alignment.x2y
        return [
            labels[y[0]] if len(y := places[i].ravel()) == 1 else ""
            for i in range(len(eg.predicted))
        ]

    def predict_batch(self, docs: list[Doc]) -> list[list[int]]:
        potentials = self.potentials(docs)
        tags, _ = viterbi(potentials)
        return by_doc(tags[potentials.packing.inverse], [len(doc) for doc in docs])

    def set_annotations(self, docs: Iterable[Doc], scores: list[list[int]]) -> None:
        """Set the target of each token.

        docs (Iterable[Doc]): The docs. scores: What `predict` gave for them.
        """
        for doc, tags in zip(docs, scores, strict=True):
            for token, tag in zip(doc, tags, strict=True):
                if self.target == "tag_":
                    token.tag_ = self.labels[tag]
                else:
                    token._.set(self.target[2:], self.labels[tag])
