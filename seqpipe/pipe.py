"""The trainable pipe that every component derives from: what all of them do stands here once.

Vocabulary and labels from the examples or from files, the update with its loss, the norm of the
gradients over the whole component, lazy updates of embedding rows, the stop at NaN, serialisation.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from numbers import Real
from pathlib import Path
from typing import Any

import numpy
import srsly
from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.pipeline.trainable_pipe import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from seqpipe.files import InputError, blamed
from seqpipe.layers.batches import batches_by_length
from seqpipe.layers.embed import keep_row_gradients, row_gradients, update_rows
from seqpipe.layers.model_gradients import (
    clip_gradients,
    first_not_finite,
    forget_gradients,
    gradient_norm,
    scale_gradients,
)
from seqpipe.vocabulary.of_model import (
    build_vocabularies,
    load_vocabularies,
    save_vocabularies,
    table_names,
)

# What a component counts while it is trained.
COUNTED = ("steps", "steps_clipped_by_norm", "steps_clipped_by_value")
LABEL_ADVICE = (
    "A stream (max_epochs = -1) shows its first 100 examples at initialisation: "
    "`seqpipe labels` writes files of all labels for [initialize.components]"
)


class DivergedError(ValueError):
    """Training cannot go on: the loss or a gradient is no finite number."""


class SequencePipe(TrainablePipe):
    """A spaCy component around a Thinc model over docs.

    A subclass gives `labels_of` (the labels that one reference doc shows), `connect` (fit the
    model's output to the labels), `get_loss`, `predict_batch` and `set_annotations`.
    """

    # None for a component that learns no labels.
    label_kind: str | None = "label"
    # Whether a doc without tokens has gold of its own, as a class; the model then sees it too.
    learns_from_empty_docs = False

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str,
        *,
        max_gradient_norm: float = 5.0,
        max_gradient_value: float = 0.0,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        """Make the component.

        vocab (Vocab): The pipeline's.
        model (Model): From docs to what `get_loss` and `predict_batch` expect.
        name (str): Its name in the pipeline.
        max_gradient_norm (float): A step whose gradients, over the whole component, have a greater
            norm is scaled down to it (Pascanu et al. 2013). 0 turns it off.
        max_gradient_value (float): Each value of the gradients is cut to ± this bound, before the
            norm is taken. 0 turns it off.
        scorer (Callable): From examples to a dictionary of scores.
        """
        _check_bound(name, "max_gradient_norm", max_gradient_norm, "a norm")
        _check_bound(name, "max_gradient_value", max_gradient_value, "a bound")
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.max_gradient_norm = max_gradient_norm
        self.max_gradient_value = max_gradient_value
        self.cfg: dict[str, Any] = {"labels": []}
        # Steps taken since `initialize`, and in how many of them the gradients were clipped.
        self.steps = self.steps_clipped_by_norm = self.steps_clipped_by_value = 0
        self._last_loss = 0.0
        keep_row_gradients(model)

    @property
    def labels(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str]): The labels, in order of their ids."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """RETURNS (List[str]): What `spacy init labels` writes and `initialize` takes."""
        return list(self.cfg["labels"])

    def add_label(self, label: str) -> int:
        """Add a label before the component is initialised.

        label (str): The label.
        RETURNS (int): 1, or 0 if it was there.
        """
        if not isinstance(label, str):
            raise ValueError(f"label {label!r}: a string expected")
        if label in self.labels:
            return 0
        if self.model.has_dim("nO"):
            raise InputError(
                f"{self.name}: label {label!r} comes late: expected before `initialize`"
            )
        self.cfg["labels"].append(label)
        return 1

    def labels_of(self, reference: Doc) -> Iterable[str]:
        """The labels that a reference doc shows.

        reference (Doc): Gold annotation.
        """
        raise NotImplementedError

    def is_annotated(self, reference: Doc) -> bool:
        """Whether a reference doc says anything to learn from. The rest is left out of a batch, so
        that components of one pipeline can learn from corpora of their own.

        reference (Doc): Gold annotation.
        """
        return True

    def words_of(self, reference: Doc) -> Iterable[str]:
        """The words that a reference doc shows, for the vocabulary.

        reference (Doc): Gold annotation.
        """
        return (token.text for token in reference)

    def connect(self) -> None:
        """Fit the model's output to the labels, which `initialize` found or a file gave."""
        raise NotImplementedError

    def model_input(self, examples: list[Example]) -> Any:
        """What the model is given of a batch to learn from: the docs.

        examples (List[Example]): A batch.
        """
        return [eg.predicted for eg in examples]

    def get_loss(self, examples: Iterable[Example], scores: Any) -> tuple[float, Any]:
        """The loss of a batch, in nats, and its gradient with respect to the model's output."""
        raise NotImplementedError

    def predict_batch(self, docs: list[Doc]) -> list[Any]:
        """What the model says of each of some docs.

        docs (List[Doc]): A batch; a doc may be empty.
        """
        raise NotImplementedError

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
        vocabulary: str | Path | None = None,
    ) -> None:
        """Take labels and vocabulary from the examples, and initialise the model.

        get_examples (Callable): Gives the training examples, at every call anew.
        nlp (Language): The pipeline.
        labels (List[str]): Labels to use instead of those that the examples show; those added with
            `add_label` are kept too.
        vocabulary (str / Path): "tokenizer" adopts the vocabulary of the pipeline's
            `seqpipe.UnkTokenizer.v1`; a path that of a file, or all that `seqpipe labels` wrote:
            those of features and characters too. Without it, all are built of the examples.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        counts, found = self._survey(get_examples())
        given = labels if labels is not None else sorted(found)
        self.cfg["labels"] = list(dict.fromkeys([*self.cfg["labels"], *given]))
        if not self.cfg["labels"] and self.label_kind is not None:
            raise InputError(
                f"{self.name}: the training data show no {self.label_kind} to learn; expected some "
                "(does [corpora.train] read the right column, in the right scheme?)"
            )
        self._take_vocabularies(counts, vocabulary, nlp)
        self.connect()
        self.model.initialize(X=self.model_input(list(islice(get_examples(), 10))))
        # What an update before `initialize` left may not fit the parameters any more.
        forget_gradients(self.model)
        self.steps = self.steps_clipped_by_norm = self.steps_clipped_by_value = 0

    def _survey(self, examples: Iterable[Example]) -> tuple[Counter[str], set[str]]:
        """How often each token's text stands in the references, and the labels that they show."""
        counts: Counter[str] = Counter()
        labels: set[str] = set()
        for eg in examples:
            counts.update(self.words_of(eg.reference))
            labels.update(self.labels_of(eg.reference))
        if not counts:
            raise InputError(f"{self.name}: the training data hold no token to initialise from")
        return counts, labels

    def _take_vocabularies(
        self, counts: Counter[str], source: str | Path | None, nlp: Language | None
    ) -> None:
        """Load the vocabularies, or build them of counted texts."""
        build_vocabularies(self.model, counts, source, nlp)

    # What is not finite is looked for, and said.
    @numpy.errstate(over="ignore", invalid="ignore")
    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch.

        examples (Iterable[Example]): The batch. Those whose reference says nothing that this
            component learns from are left out.
        drop (float): The dropout rate.
        sgd (Optimizer): Takes a step if given.
        losses (Dict[str, float]): The loss, in nats and summed over the batch, is added under the
            component's name.
        RETURNS (Dict[str, float]): The losses.
        RAISES (DivergedError): If the loss or a gradient is NaN or infinite.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        if not self.learns_from_empty_docs:
            examples = [eg for eg in examples if len(eg.predicted)]
        if not listens(self.model):  # a listener was given the outputs for all of the batch
            examples = [eg for eg in examples if self.is_annotated(eg.reference)]
        if not examples:
            return losses
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update(self.model_input(examples))
        self._last_loss, gradient = self.get_loss(examples, scores)
        if not math.isfinite(self._last_loss):
            raise self._diverged(f"the loss is {self._last_loss}")
        backprop(gradient)
        losses[self.name] += self._last_loss
        if sgd is not None and sgd is not False:
            self.finish_update(sgd)
        return losses

    @numpy.errstate(over="ignore", invalid="ignore")
    def finish_update(self, sgd: Optimizer) -> None:
        """Clip the gradients, by value and then by their norm over the whole component, and take a
        step, unless they are all 0.

        sgd (Optimizer): Its own clip, which is per parameter, is not used.
        RAISES (DivergedError): If a gradient holds NaN or infinity; no parameter is changed then.
        """
        norm = self.gradient_norm()
        if not math.isfinite(norm):
            where = first_not_finite(self.model, table_names(self.model))
            raise self._diverged(f"the norm of the gradients is {norm}, because of that of {where}")
        if norm == 0.0:
            # Nothing was learned from: an optimizer with momentum or decay would step all the same.
            return
        self._clip(norm)
        clip, sgd.grad_clip = sgd.grad_clip, 0.0
        try:
            for table, rows in row_gradients(self.model):
                update_rows(sgd, table, rows)
            self.model.finish_update(sgd)
        finally:
            sgd.grad_clip = clip
        self.steps += 1

    def training_state(self) -> dict[str, int]:
        """RETURNS (Dict[str, int]): What a checkpoint keeps beside what `to_disk` writes."""
        return {name: getattr(self, name) for name in COUNTED}

    def set_training_state(self, state: dict[str, int]) -> None:
        """Put that back. state (Dict[str, int]): What `training_state` gave."""
        for name, value in state.items():
            setattr(self, name, value)

    def _clip(self, norm: float) -> None:
        """Clip the gradients, which have that norm."""
        if self.max_gradient_value and clip_gradients(self.model, self.max_gradient_value):
            self.steps_clipped_by_value += 1
            norm = self.gradient_norm()
        if self.max_gradient_norm and norm > self.max_gradient_norm:
            self.steps_clipped_by_norm += 1
            scale_gradients(self.model, self.max_gradient_norm / norm)

    def gradient_norm(self) -> float:
        """RETURNS (float): The norm of all gradients of the component, as one vector."""
        return gradient_norm(self.model)

    def _diverged(self, what: str) -> DivergedError:
        advice = (
            "A lower learning rate or a lower max_gradient_norm may help."
            if self.max_gradient_norm
            else "A lower learning rate may help, or a max_gradient_norm: it is 0, which is off."
        )
        return DivergedError(
            f"training stopped: in component '{self.name}' at step {self.steps + 1} {what} "
            f"(loss {self._last_loss:.4g}); expected finite numbers. {advice}"
        )

    def predict(self, docs: Iterable[Doc]) -> list[Any]:
        """Apply the model, docs of like length together and not too many at once.

        docs (Iterable[Doc]): The docs; they are not changed.
        RETURNS (List): What `predict_batch` gives for each doc, in order.
        """
        docs = list(docs)
        predictions: list[Any] = [None] * len(docs)
        for indices in batches_by_length([len(doc) for doc in docs]):
            batch = self.predict_batch([docs[i] for i in indices])
            for i, prediction in zip(indices, batch, strict=True):
                predictions[i] = prediction
        return predictions

    def to_bytes(self, *, exclude: Sequence[str] = ()) -> bytes:
        """Serialise. exclude: Fields to leave out: "cfg", "vocab", "vocabularies", "model"."""
        data = {"pipe": super().to_bytes(exclude=exclude)}
        if "vocabularies" not in exclude:
            data["vocabularies"] = save_vocabularies(self.model)
        return srsly.msgpack_dumps(data)

    def from_bytes(self, bytes_data: bytes, *, exclude: Sequence[str] = ()) -> "SequencePipe":
        """Load what `to_bytes` gave."""
        data = srsly.msgpack_loads(bytes_data)
        if "vocabularies" not in exclude:
            load_vocabularies(self.model, data.get("vocabularies", b""))
        super().from_bytes(data["pipe"], exclude=exclude)
        self._connect_loaded()
        return self

    def to_disk(self, path: str | Path, *, exclude: Sequence[str] = ()) -> None:
        """Write to a folder: cfg, vocab, model, and vocabularies.json."""
        super().to_disk(path, exclude=exclude)
        if "vocabularies" not in exclude:
            (Path(path) / "vocabularies.json").write_bytes(save_vocabularies(self.model))

    def from_disk(self, path: str | Path, *, exclude: Sequence[str] = ()) -> "SequencePipe":
        """Load what `to_disk` wrote. Raises InputError where a file is missing or damaged."""
        folder, parts = Path(path), {"cfg", "vocab", "model"}
        if "vocabularies" not in exclude:
            with blamed(folder / "vocabularies.json") as file:
                load_vocabularies(self.model, file.read_bytes())
        for part in sorted(parts.difference(exclude)):
            with blamed(folder / part) as file:
                file.stat()  # spaCy takes a cfg that is missing for an empty one
                super().from_disk(folder, exclude=[*exclude, *parts - {part}])
        self._connect_loaded()
        return self

    def _connect_loaded(self) -> None:
        """Fit the model to the labels it was loaded with, which it must have been trained on."""
        width = self.model.maybe_get_dim("nO")
        if self.labels or self.label_kind is None:
            self.connect()
        if width is not None and self.model.maybe_get_dim("nO") != width:
            raise InputError(
                f"{self.name}: the model has an output of width {width}, "
                f"which does not fit the labels in cfg: {list(self.labels)}"
            )


def listens(model: Model) -> bool:
    """RETURNS (bool): Whether a model is given the outputs of another component's `tok2vec`.

    model (Model): All of its layers are looked at.
    """
    return any(isinstance(node, Tok2VecListener) for node in model.walk())


def _check_bound(name: str, key: str, bound: Any, expected: str) -> None:
    # confection lets a string pass for a float if it can be read as one: "nan".
    if not isinstance(bound, Real) or not 0.0 <= float(bound) < math.inf:
        raise InputError(f"{name}: {key} = {bound}: expected {expected}, or 0 for none")
