"""What tagger and entity recogniser share: a model of tag potentials, its loss, its gold tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.layers.crf import constrain, crf_loss, token_loss
from seqpipe.layers.potentials import Potentials
from seqpipe.layers.resize import resize
from seqpipe.pipe import LABEL_ADVICE, SequencePipe

from .entities import UnknownLabelError
from .schemes import allowed


class TokenPipe(SequencePipe):
    """A component whose model gives the potentials of a tag for each token."""

    def tag_names(self) -> list[str]:
        """The tags of the model, in order of their ids."""
        raise NotImplementedError

    def gold_tags(self, examples: list[Example]) -> np.ndarray:
        """The gold tag of each token of the predicted docs, end to end.

        examples (List[Example]): A batch.
        RETURNS (np.ndarray): int64 `(tokens,)`, MISSING where nothing is known.
        """
        raise NotImplementedError

    def scheme_of_tags(self) -> str | None:
        """The scheme that says which tags may follow each other, if there is one."""
        raise NotImplementedError

    def connect(self) -> None:
        tags = self.tag_names()
        head = self.model.get_ref("head")
        for node in (self.model.get_ref("output_layer"), head, self.model):
            resize(node, "nO", len(tags))
        constrain(head, *allowed(tags, self.scheme_of_tags()))

    def get_loss(self, examples: Iterable[Example], scores: Potentials) -> tuple[float, Potentials]:
        """The loss of a batch and its gradient, which is that of the mean over the docs."""
        examples = list(examples)
        gold = self._checked_gold(examples)[scores.packing.rows]
        objective = self.model.get_ref("head").attrs["objective"]
        loss = crf_loss if objective == "sentence" else token_loss
        value, gradient = loss(scores.to_numpy(), gold)
        return value, gradient.scaled(1.0 / len(examples)).like(scores)

    def _checked_gold(self, examples: list[Example]) -> np.ndarray:
        """The gold tags; an unknown label among them is told with the text that has it."""
        try:
            return self.gold_tags(examples)
        except UnknownLabelError as error:
            if len(examples) > 1:
                for eg in examples:
                    self._checked_gold([eg])
            found = _shown(examples[0].reference.text)
            message = f"{self.name}: {error}; found in {found}. {LABEL_ADVICE}"
            raise InputError(message) from None

    def potentials(self, docs: list[Doc]) -> Potentials:
        """The model's potentials for some docs, in float64 on the CPU.

        docs (List[Doc]): A batch.
        """
        return self.model.predict(docs).to_numpy()


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= 60 else f'"{line[:57]}..."'


def by_doc(array: np.ndarray, lengths: Sequence[int]) -> list[Any]:
    """Cut what stands end to end into one list a doc.

    array (np.ndarray): `(tokens,)`, or `(tokens, ...)`.
    lengths (Sequence[int]): Tokens of each doc.
    RETURNS (List[list]): One for each doc.
    """
    ends = np.cumsum(lengths)[:-1]
    return [part.tolist() for part in np.split(array, ends)]
