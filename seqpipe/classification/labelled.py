"""A labelled text, and which of many are wanted: labels renamed and checked, folds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc

from seqpipe.files import InputError

from .lines import shown

# By how far a fold is behind the one that is tested on: whether it belongs to the part.
PARTS = {
    "all": lambda behind: True,
    "test": lambda behind: behind == 0,
    "dev": lambda behind: behind == 1,
    "train": lambda behind: behind > 1,
    "train+dev": lambda behind: behind > 0,
}


class Place(NamedTuple):
    """Where a text stands: a file, and the line or the Doc in it, from 1, if there are several.

    path (Path): The file.
    number (Optional[int]): From 1; None where the text is all of the file.
    unit (str): "line" or "doc".
    """

    path: Path
    number: int | None
    unit: str

    def __str__(self) -> str:
        return f"{self.path}" + (f", {self.unit} {self.number}" if self.number else "")


@dataclass(frozen=True)
class LabelledText:
    """A text with its label, and where it stands.

    text (str): The text, with no white space around it.
    label (Union[str, List[str], Dict[str, float]]): The one label; all that hold, of labels that
        may hold together; or how far each label holds, 0 to 1.
    path (Path): The file.
    line (Optional[int]): The line in it, from 1, if it is one of lines; of Docs, which one.
    doc (Optional[Doc]): The annotated Doc itself, if the file holds such; it may have no label.
    RAISES (InputError): If the text or a label is empty, or a label does not hold from 0 to 1.
    """

    text: str
    label: str | list[str] | dict[str, float]
    path: Path
    line: int | None = None
    doc: Doc | None = None

    def __post_init__(self) -> None:
        if not self.text:
            raise self.fault("an empty text, expected at least one word")
        if self.doc is None and (self.label == {} or "" in self.labels):
            raise self.fault(f"no label for the text {shown(self.text)}, expected one")
        for label, value in self.label.items() if isinstance(self.label, dict) else ():
            # A bool is a number here, as in spaCy's own cats.
            if not isinstance(value, Real) or not 0 <= value <= 1:
                raise self.fault(f"label {label!r} has the value {value!r}, expected 0 to 1")

    @property
    def labels(self) -> list[str]:
        """RETURNS (List[str]): The labels that it speaks of."""
        return [self.label] if isinstance(self.label, str) else list(self.label)

    @property
    def held(self) -> list[str]:
        """RETURNS (List[str]): The labels that hold, be it in part."""
        if isinstance(self.label, dict):
            return [label for label, value in self.label.items() if value]
        return self.labels

    @property
    def place(self) -> Place:
        """RETURNS (Place): Where it stands, for messages."""
        return Place(self.path, self.line, "line" if self.doc is None else "doc")

    def fault(self, message: str) -> InputError:
        """RETURNS (InputError): An error that says where the text stands.

        message (str): What was found and what would be right.
        """
        if self.doc is not None:
            return InputError(f"doc {self.line}: {message}", path=self.path)
        return InputError(message, path=self.path, line=self.line)


@dataclass(frozen=True)
class Selection:
    """Which labelled texts are wanted, and under which labels.

    names (Mapping[str, Optional[str]]): New names of labels; None or "" leaves a label out, and
        the texts of which no other label holds.
    labels (Optional[Sequence[str]]): All labels there may be, after renaming; None for those found.
    folds (int): In how many folds the texts are dealt out, one by one.
    fold (int): The fold that is tested on, from 0. The one after it is the development set.
    part (str): What is read: "train", "dev", "test", "train+dev" or "all".
    is_closed (bool): Whether there are no other labels than `names` has, so that one which no text
        has is no slip.
    RAISES (InputError): If an option is out of its range.
    """

    names: Mapping[str, str | None] = field(default_factory=dict)
    labels: Sequence[str] | None = None
    folds: int = 1
    fold: int = 0
    part: str = "all"
    is_closed: bool = False

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise InputError(f"unknown part {self.part!r}, expected one of {', '.join(PARTS)}")
        if self.labels is not None and not self.labels:
            raise InputError("labels = [], expected all labels, or null for those in the corpus")
        if not 0 <= self.fold < max(1, self.folds):
            raise InputError(f"fold = {self.fold}, expected 0 to {max(1, self.folds) - 1}")
        # The fewest folds that leave each of the three parts something to read.
        least = {"all": 1, "train": 3}.get(self.part, 2)
        if self.folds < least:
            raise InputError(
                f'folds = {self.folds} with part = "{self.part}", expected folds = {least} or more'
            )

    def renamed(self, text: LabelledText) -> LabelledText | None:
        """Give a text its new labels.

        text (LabelledText): As the file has it.
        RETURNS (Optional[LabelledText]): With the new labels; None if it is left out.
        RAISES (InputError): If a label is none of those that may be.
        """
        new = {label: self.names.get(label, label) or "" for label in text.labels}
        if text.held and not any(new[label] for label in text.held):
            return None
        if isinstance(text.label, str):
            label: str | list[str] | dict[str, float] = new[text.label]
        elif isinstance(text.label, dict):
            label = {}
            for old, value in text.label.items():  # two labels may have become one
                label[new[old]] = max(value, label.get(new[old], 0.0))
            label.pop("", None)
            if text.label and not label:
                return None
        else:
            label = [name for name in dict.fromkeys(new[old] for old in text.label) if name]
        result = replace(text, label=label)
        for name in result.labels:
            if self.labels is not None and name not in self.labels:
                raise text.fault(
                    f"label {name!r} of the text {shown(text.text)}, expected one of "
                    f"{', '.join(self.labels)}"
                )
        return result

    def select(self, texts: Iterable[LabelledText]) -> Iterator[LabelledText]:
        """Pick the texts that are wanted.

        texts (Iterable[LabelledText]): All of the corpus.
        YIELDS (LabelledText): Those of the part, with their new labels.
        """
        kept = (text for text in map(self.renamed, texts) if text is not None)
        is_wanted = PARTS[self.part]
        for i, text in enumerate(kept):
            if is_wanted((i - self.fold) % self.folds):
                yield text


def cats(text: LabelledText, labels: Sequence[str]) -> dict[str, float]:
    """A text's label as spaCy has it.

    text (LabelledText): The text.
    labels (Sequence[str]): All labels of the corpus: those that do not hold are 0.0.
    RETURNS (Dict[str, float]): For doc.cats. Where the file says itself how far labels hold, these
        as they are.
    """
    if isinstance(text.label, dict):
        return {label: float(value) for label, value in text.label.items()}
    held = set(text.held)
    return {label: float(label in held) for label in labels}
