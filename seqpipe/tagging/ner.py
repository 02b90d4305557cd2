"""The pipe class of `rnn_ner`: entities with their exact probability under the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy.attrs import IS_SPACE
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.layers.batches import batches_by_length
from seqpipe.layers.crf import MISSING
from seqpipe.layers.crf_inference import forward_backward, nbest, viterbi
from seqpipe.layers.potentials import Potentials
from seqpipe.pipe import listens

from .confidence import clear_confidences, fit_temperature, set_confidence
from .entities import Entity, TagSet
from .token_pipe import TokenPipe


class Analysis(NamedTuple):
    """One reading of a whole doc: its entities and the probability of just this reading.

    entities (List[Entity]): In the order of the text.
    probability (float): From 0 to 1.
    """

    entities: list[Entity]
    probability: float


class RNNEntityRecognizer(TokenPipe):
    """Named entities by a linear-chain model over tags, each with its confidence."""

    label_kind = "entity"

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str,
        *,
        scheme: str,
        threshold: float,
        max_gradient_norm: float,
        max_gradient_value: float,
        scorer: Callable[..., dict[str, Any]] | None,
    ) -> None:
        """Make the component. For the arguments see `make_rnn_ner`."""
        if not 0.0 <= threshold <= 1.0:
            raise InputError(f"{name}: threshold = {threshold}: expected a probability from 0 to 1")
        try:
            self._tag_set = TagSet((), scheme)
        except ValueError as error:
            raise InputError(f"{name}: {error}") from None
        super().__init__(
            vocab,
            model,
            name,
            max_gradient_norm=max_gradient_norm,
            max_gradient_value=max_gradient_value,
            scorer=scorer,
        )
        self.threshold = threshold
        self.cfg["temperature"] = 1.0
        self.scheme = self._tag_set.scheme

    @property
    def temperature(self) -> float:
        """RETURNS (float): What the model's scores are divided by before a confidence is taken."""
        return self.cfg["temperature"]

    def tag_names(self) -> list[str]:
        self._tag_set = TagSet(self.labels, self.scheme)
        return self._tag_set.tags

    def scheme_of_tags(self) -> str | None:
        return self.scheme

    def labels_of(self, reference: Doc) -> Iterable[str]:
        return {ent.label_ for ent in reference.ents}

    def is_annotated(self, reference: Doc) -> bool:
        return reference.has_annotation("ENT_IOB")

    def gold_tags(self, examples: list[Example]) -> np.ndarray:
        return self._tag_set.gold(examples)

    def potentials(self, docs: list[Doc]) -> Potentials:
        """As the model gives them, but that no entity may begin or end on a white-space token."""
        potentials = super().potentials(docs)
        spaces = np.concatenate([doc.to_array(IS_SPACE) for doc in docs]).astype(bool)
        if spaces.any():
            rows = potentials.packing.inverse[spaces]
            potentials.emissions[np.ix_(rows, self._tag_set.forbidden_on_space())] = -np.inf
        return potentials

    def predict_batch(self, docs: list[Doc]) -> list[list[Entity]]:
        potentials = self.potentials(docs)
        tags, _ = viterbi(potentials)
        lengths = [len(doc) for doc in docs]
        spans = self._tag_set.spans(tags[potentials.packing.inverse], lengths)
        return self._entities(potentials, spans, lengths)

    def _entities(
        self, potentials: Potentials, spans: np.ndarray, lengths: Sequence[int]
    ) -> list[list[Entity]]:
        """The entities of each doc from spans over all docs end to end."""
        confidences = self._confidences(potentials, spans, lengths, self.temperature)
        starts = np.cumsum(lengths) - lengths
        owners = np.searchsorted(starts + lengths, spans[:, 0], side="right")
        entities: list[list[Entity]] = [[] for _ in lengths]
        rows = zip(owners.tolist(), spans.tolist(), confidences.tolist(), strict=True)
        for doc, (start, end, label), confidence in rows:
            first = int(starts[doc])
            entities[doc].append(Entity(start - first, end - first, self.labels[label], confidence))
        return entities

    def _confidences(
        self,
        potentials: Potentials,
        spans: np.ndarray,
        lengths: Sequence[int],
        temperature: float,
    ) -> np.ndarray:
        if not len(spans):
            return np.zeros(0)
        posteriors = forward_backward(potentials.scaled(1.0 / temperature))
        return self._tag_set.probabilities(posteriors, spans, lengths)

    def set_annotations(self, docs: Iterable[Doc], scores: list[list[Entity]]) -> None:
        """Set `doc.ents` and the confidences. Entities that a doc has already stay.

        docs (Iterable[Doc]): The docs.
        scores (List[List[Entity]]): What `predict` gave for them.
        """
        for doc, entities in zip(docs, scores, strict=True):
            kept = list(doc.ents)
            if doc.user_data:
                clear_confidences(doc, keep=kept)
            chosen = [
                entity
                for entity in entities
                if entity.confidence >= self.threshold
                and not any(ent.start < entity.end and entity.start < ent.end for ent in kept)
            ]
            spans = [Span(doc, start, end, label=label) for start, end, label, _ in chosen]
            doc.set_ents([*kept, *spans])
            for span, entity in zip(spans, chosen, strict=True):
                set_confidence(doc, span.start_char, span.end_char, entity.label, entity.confidence)

    def nbest(self, docs: Iterable[Doc], n: int = 5) -> list[list[Analysis]]:
        """The n most probable readings of each doc, the best first.

        docs (Iterable[Doc]): The docs; they are not changed.
        n (int): How many. A doc with fewer legal readings gives fewer.
        RETURNS (List[List[Analysis]]): For each doc its readings, each with its entities (with
            their confidences) and the probability that the whole doc is read so.
        """
        docs = list(docs)
        analyses: list[list[Analysis]] = [[] for _ in docs]
        for indices in batches_by_length([len(doc) for doc in docs]):
            readings = self._nbest_of_batch([docs[i] for i in indices], n)
            for i, reading in zip(indices, readings, strict=True):
                analyses[i] = reading
        return analyses

    def _nbest_of_batch(self, docs: list[Doc], n: int) -> list[list[Analysis]]:
        potentials, lengths = self.potentials(docs), [len(doc) for doc in docs]
        tags, scores = nbest(potentials, n)
        scaled = potentials.scaled(1.0 / self.temperature)
        log_z = forward_backward(scaled).log_z
        probabilities = np.exp(scores / self.temperature - log_z[:, None])
        rank_of = np.argsort(potentials.packing.order)
        analyses: list[list[Analysis]] = [[] for _ in docs]
        for k in range(n):
            spans = self._tag_set.spans(tags[potentials.packing.inverse, k], lengths)
            entities = self._entities(potentials, spans, lengths)
            for i, rank in enumerate(rank_of.tolist()):
                if np.isfinite(scores[rank, k]):
                    analyses[i].append(Analysis(entities[i], float(probabilities[rank, k])))
        return analyses

    def calibrate(self, examples: Iterable[Example]) -> float:
        """Fit the temperature, so that a confidence of 0.8 is right eight times in ten.

        examples (Iterable[Example]): Development data, which training has not seen. Entities
            predicted on tokens without annotation do not count. Where the model listens to another
            component, that component must have run over the predicted docs.
        RETURNS (float): The temperature, which is kept in `cfg` and saved with the component.
        """
        batches: list[tuple[Potentials, np.ndarray, list[int]]] = []
        correct: list[bool] = []
        for batch in _batched(examples, 128):
            docs = [eg.predicted for eg in batch]
            self._check_heard(docs)
            lengths = [len(doc) for doc in docs]
            potentials = self.potentials(docs)
            tags, _ = viterbi(potentials)
            spans = self._tag_set.spans(tags[potentials.packing.inverse], lengths)
            known = self._tag_set.gold(batch, strict=False)
            spans = spans[[MISSING not in known[start:end] for start, end, _ in spans.tolist()]]
            gold = self._tag_set.spans(np.maximum(known, 0), lengths)
            right = set(map(tuple, gold.tolist()))
            correct.extend(tuple(span) in right for span in spans.tolist())
            batches.append((potentials, spans, lengths))

        def confidences(temperature: float) -> np.ndarray:
            return np.concatenate([self._confidences(*batch, temperature) for batch in batches])

        # No finer than a JSON file keeps it, so that a saved component gives the same confidences.
        self.cfg["temperature"] = round(fit_temperature(confidences, correct), 6)
        return self.temperature

    def _check_heard(self, docs: list[Doc]) -> None:
        """A listener gives zeros, without a word, for docs that its component has not seen."""
        if listens(self.model) and any(len(doc) and not doc.tensor.size for doc in docs):
            raise InputError(
                f"{self.name}: the component that it listens to has not run over these docs"
            )


def _batched(examples: Iterable[Example], size: int) -> Iterable[list[Example]]:
    batch: list[Example] = []
    for eg in examples:
        if len(eg.predicted):
            batch.append(eg)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
