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

from .class_weights import BALANCED, check_class_weights, class_weights_of
from .gold import EXCLUSIVE, MULTILABEL, gold_table
from .long_texts import is_cut
from .loss import class_loss, probabilities
from .transfer import Source, load_source
from .values import STARS, order_of, values_of

logger = logging.getLogger("seqpipe")
SENTIMENT = "sentiment"
KINDS = (EXCLUSIVE, MULTILABEL, SENTIMENT)
STREAM = -1  # max_epochs of a corpus that is read as a stream


class TextClassifier(SequencePipe):
    """A probability for each class of a text; where classes have an order, its expected value."""

    label_kind = "class"
    learns_from_empty_docs = True
    loss_per = "text"

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
        check_class_weights(name, class_weights, multilabel=kind == MULTILABEL)
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
        self._is_stream = False
        self._given_labels: list[str] | None = None
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

    def is_annotated(self, reference: Doc) -> bool:
        return bool(reference.cats)

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
        self._source = self._load_source(start_from, start_component, vocabulary)
        settings = nlp.config.get("training", {}) if nlp is not None else {}
        self._is_stream = settings.get("max_epochs") == STREAM
        self._given_labels = labels
        super().initialize(get_examples, nlp=nlp, labels=labels, vocabulary=vocabulary)
        if self._source is not None:
            self._source.lend(self.model, self.vocab, self.name)
            self._source = None

    def _survey(self, examples: Iterable[Example]) -> tuple[Counter[str], set[str]]:
        gold: Counter[str] = Counter()  # by label the sum of its probabilities
        lengths: list[int] = []

        def seen() -> Iterable[Example]:
            for eg in examples:
                gold.update(eg.reference.cats)  # adds up their values
                lengths.append(len(eg.reference))
                yield eg

        counts, labels = super()._survey(seen())
        self._say_what_is_cut(lengths)
        self._check_classes(gold)
        self.cfg["weights"] = class_weights_of(self._class_weights, gold)
        return counts, labels

    def _check_classes(self, gold: Counter[str]) -> None:
        """Refuse data of one class, unless there may be others: in the rest of a stream, or where
        labels were given."""
        held = sorted(label for label, count in gold.items() if count > 0)
        if self._is_stream and self._class_weights == BALANCED:
            raise InputError(
                f"{self.name}: class_weights = {BALANCED!r}: a stream shows its first examples, "
                "expected a number for each label"
            )
        may_be_more = self._is_stream or self._given_labels is not None
        if len(held) == 1 and self._kind != MULTILABEL and not may_be_more:
            raise InputError(
                f"{self.name}: there is one class only, {held[0]!r}; expected at least two, or "
                'kind = "multilabel"'
            )
        without = sorted({*gold, *(self._given_labels or ())} - set(held))
        if without and not self._is_stream:
            names = ", ".join(without)
            logger.warning("%s: no training text has the label %s", self.name, names)

    def _load_source(
        self, path: str | Path | None, component: str | None, vocabulary: str | Path | None
    ) -> Source | None:
        if path is None:
            return None
        if vocabulary is not None:
            raise InputError(
                f"{self.name}: vocabulary = {str(vocabulary)!r} beside start_from, whose "
                "vocabularies are taken over; expected one of them"
            )
        return load_source(path, component, of=self.model)

    def _take_vocabularies(
        self, counts: Counter[str], source: str | Path | None, nlp: Language | None
    ) -> None:
        if self._source is None:
            super()._take_vocabularies(counts, source, nlp)
        else:
            self._source.lend_vocabularies(vocabulary_nodes(self.model), self.name)

    def connect(self) -> None:
        if len(self.labels) == 1 and self._kind != MULTILABEL:
            raise InputError(
                f"{self.name}: there is one class only, {self.labels[0]!r}; expected at least two, "
                'or kind = "multilabel"'
            )
        if self._kind == SENTIMENT:
            self.cfg["labels"].sort(key=self.values.__getitem__)
        unknown = sorted(set(self.cfg["weights"]) - set(self.labels))
        if unknown and self._class_weights != BALANCED:
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
                doc.sentiment = self._on_scale(expected, values)
                doc._.stars = expected if is_stars else None

    def _on_scale(self, expected: float, values: list[float]) -> float:
        """From -1 to 1. The numbers of "negative", "neutral" and "positive" are so already."""
        if self._values is None and self.kind != STARS:
            return expected
        low, high = min(values), max(values)
        return 2.0 * (expected - low) / (high - low) - 1.0

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
