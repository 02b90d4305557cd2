"""The pipe class of `rnn_textcat` and `rnn_sentiment`: the classes of a whole text."""

# No future import of annotations: spaCy reads those of `initialize`.
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.layers.resize import resize
from seqpipe.pipe import LABEL_ADVICE, SequencePipe
from seqpipe.vocabulary.embed import vocabulary_nodes

from .gold import EXCLUSIVE, MULTILABEL, gold_table
from .long_texts import is_cut
from .loss import class_loss, probabilities
from .transfer import Source, load_source
from .values import STARS, order_of, values_of

logger = logging.getLogger("seqpipe")
SENTIMENT = "sentiment"
KINDS = (EXCLUSIVE, MULTILABEL, SENTIMENT)
BALANCED = "balanced"


class TextClassifier(SequencePipe):
    """A probability for each class of a text; where classes have an order, its expected value."""

    label_kind = "class"
    learns_from_empty_docs = True

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str,
        *,
        kind: str,
        threshold: float,
        class_weights: dict[str, float] | str | None,
        values: dict[str, float] | None,
        max_gradient_norm: float,
        max_gradient_value: float,
        scorer: Callable[..., dict[str, Any]] | None,
    ) -> None:
        """Make the component. The factories say what the arguments are; `kind` is "exclusive",
        "multilabel", or "sentiment" for classes in an order."""
        if kind not in KINDS:
            raise InputError(f"{name}: kind = {kind!r}: expected one of {', '.join(KINDS)}")
        if not 0.0 < threshold < 1.0:
            raise InputError(f"{name}: threshold = {threshold}: expected between 0 and 1")
        if isinstance(class_weights, str) and class_weights != BALANCED:
            raise InputError(
                f"{name}: class_weights = {class_weights!r}: expected {BALANCED!r}, a number for "
                "each label, or null"
            )
        super().__init__(
            vocab,
            model,
            name,
            max_gradient_norm=max_gradient_norm,
            max_gradient_value=max_gradient_value,
            scorer=scorer,
        )
        self._kind, self.threshold = kind, threshold
        self._class_weights, self._values = class_weights, values
        self.cfg["weights"] = {}
        self._source: Source | None = None
        self._has_warned = False
        for extended, extension in ((Doc, "stars"), (Token, "class_weight")):
            if not extended.has_extension(extension):
                extended.set_extension(extension, default=None)

    @property
    def kind(self) -> str:
        """RETURNS (str): "exclusive", "multilabel", or "stars" for labels that are numbers."""
        if self._kind != SENTIMENT:
            return self._kind
        return order_of(self.labels)

    @property
    def values(self) -> dict[str, float]:
        """RETURNS (Dict[str, float]): The number that each label stands for; empty if none does."""
        return values_of(self.name, self.labels, self._values) if self._kind == SENTIMENT else {}

    def labels_of(self, reference: Doc) -> Iterable[str]:
        return reference.cats

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
        vocabulary: str | Path | None = None,
        start_from: str | Path | None = None,
        start_component: str | None = None,
    ) -> None:
        """Take labels and vocabulary from the examples, and initialise the model.

        get_examples, nlp, labels, vocabulary: See `SequencePipe.initialize`.
        start_from (str / Path): A saved pipeline whose component lends what it learned: the vectors
            of its tokens and its encoder, which must be built alike, and its vocabularies.
        start_component (str): Its name there, if several could be meant.
        RAISES (InputError): If there is one class only, or the other component is built otherwise.
        """
        self._source = load_source(start_from, start_component) if start_from else None
        super().initialize(get_examples, nlp=nlp, labels=labels, vocabulary=vocabulary)
        if self._source is not None:
            self._source.lend(self.model, self.name)
            self._source = None

    def _survey(self, examples: Iterable[Example]) -> tuple[Counter[str], set[str]]:
        gold: Counter[str] = Counter()
        lengths: list[int] = []

        def seen() -> Iterable[Example]:
            for eg in examples:
                gold.update(label for label, given in eg.reference.cats.items() if given > 0.5)
                lengths.append(len(eg.reference))
                yield eg

        counts, labels = super()._survey(seen())
        self._say_what_is_cut(lengths)
        self.cfg["weights"] = self._weights(gold)
        return counts, labels

    def _take_vocabularies(
        self, counts: Counter[str], source: str | Path | None, nlp: Language | None
    ) -> None:
        if self._source is None:
            super()._take_vocabularies(counts, source, nlp)
        else:
            self._source.lend_vocabularies(vocabulary_nodes(self.model), self.name)

    def _weights(self, gold: Counter[str]) -> dict[str, float]:
        """What an error costs, by label; "balanced" is n / (classes * count) (King & Zeng 2001)."""
        if self._class_weights is None:
            return {}
        if isinstance(self._class_weights, dict):
            return {label: float(weight) for label, weight in self._class_weights.items()}
        return {label: gold.total() / (len(gold) * count) for label, count in gold.items()}

    def connect(self) -> None:
        if len(self.labels) == 1 and self._kind != MULTILABEL:
            raise InputError(
                f"{self.name}: there is one class only, {self.labels[0]!r}; expected at least two, "
                'or kind = "multilabel"'
            )
        if self._kind == SENTIMENT:
            self.cfg["labels"].sort(key=self.values.__getitem__)
        unknown = sorted(set(self.cfg["weights"]) - set(self.labels))
        if unknown:
            raise InputError(
                f"{self.name}: class_weights has {unknown[0]!r}, expected labels of the data: "
                f"{', '.join(self.labels)}"
            )
        body, output = self.model.get_ref("body"), self.model.get_ref("output_layer")
        for node in (output, body, self.model):
            resize(node, "nO", len(self.labels))

    def get_loss(self, examples: Iterable[Example], scores: Any) -> tuple[float, Any]:
        """The loss of a batch and its gradient, which is that of the mean over the docs that are
        annotated."""
        examples = list(examples)
        gold = gold_table(examples, self.labels, self._kind, self.name, LABEL_ADVICE)
        weights = np.array([self.cfg["weights"].get(label, 1.0) for label in self.labels])
        ops = self.model.ops
        is_multilabel = self._kind == MULTILABEL
        loss, gradient = class_loss(ops.to_numpy(scores), gold, weights, multilabel=is_multilabel)
        annotated = int((~np.isnan(gold)).any(axis=1).sum())
        found: Any = gradient / max(1, annotated)
        return loss, ops.asarray2f(found)

    def predict(self, docs: Iterable[Doc]) -> list[Any]:
        docs = list(docs)
        self._say_what_is_cut([len(doc) for doc in docs])
        return super().predict(docs)

    def predict_batch(self, docs: list[Doc]) -> list[np.ndarray]:
        logits = self.model.ops.to_numpy(self.model.predict(docs))
        return list(probabilities(logits, multilabel=self._kind == MULTILABEL))

    def set_annotations(self, docs: Iterable[Doc], scores: list[np.ndarray]) -> None:
        """Set `doc.cats`; for classes in an order `doc.sentiment`, and `doc._.stars` if they are
        numbers.

        docs (Iterable[Doc]): The docs. scores: What `predict` gave for them.
        """
        values, is_stars = list(self.values.values()), self.kind == STARS
        for doc, row in zip(docs, scores, strict=True):
            doc.cats |= dict(zip(self.labels, row.tolist(), strict=True))
            if values:
                expected = float(row @ np.array(values))
                low, high = min(values), max(values)
                doc.sentiment = 2.0 * (expected - low) / (high - low) - 1.0
                doc._.stars = expected if is_stars else None

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score predicted docs. RETURNS (Dict[str, Any]): What the scorer gives."""
        about = {"labels": self.labels, "kind": self.kind, "values": self.values}
        return super().score(examples, **about, threshold=self.threshold, **kwargs)

    def _say_what_is_cut(self, lengths: list[int]) -> None:
        """Warn once of texts that are not read to their end."""
        cut_layer = self.model.get_ref("cut")
        long = sum(is_cut(cut_layer, length) for length in lengths)
        if long and not self._has_warned:
            self._has_warned = True
            most, way = cut_layer.attrs["max_tokens"], cut_layer.attrs["long_texts"]
            logger.warning(
                "%s: %d of %d texts are longer than max_tokens = %d: of those, so many tokens are "
                'read (long_texts = "%s"); this is said once',
                self.name, long, len(lengths), most, way,
            )  # fmt: skip
