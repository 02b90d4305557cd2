"""A labelled text, and which of many are wanted: labels renamed and checked, folds, duplicates."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from spacy.tokens import Doc

from seqpipe.files import InputError

from .lines import shown

logger = logging.getLogger("seqpipe")

# By how far a fold is behind the one that is tested on: whether it belongs to the part.
PARTS = {
    "all": lambda behind: True,
    "test": lambda behind: behind == 0,
    "dev": lambda behind: behind == 1,
    "train": lambda behind: behind > 1,
    "train+dev": lambda behind: behind > 0,
}


@dataclass(frozen=True)
class LabelledText:
    """A text with its label, and where it stands.

    text (str): The text, with no white space around it.
    label (Union[str, List[str], Dict[str, float]]): The one label; all that hold, of labels that
        may hold together; or how far each label holds, 0 to 1.
    path (Path): The file.
    line (Optional[int]): The line in it, from 1, if it is one of lines.
    doc (Optional[Doc]): The annotated Doc itself, if the file holds such; it may have no label.
    RAISES (InputError): If the text or a label is empty.
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

    @property
    def labels(self) -> list[str]:
        """RETURNS (List[str]): The labels that it speaks of."""
        return [self.label] if isinstance(self.label, str) else list(self.label)

    @property
    def place(self) -> str:
        """RETURNS (str): File and line, for messages."""
        return f"{self.path}" if self.line is None else f"{self.path}, line {self.line}"

    def fault(self, message: str) -> InputError:
        """RETURNS (InputError): An error that says where the text stands."""
        return InputError(message, path=self.path, line=self.line)


@dataclass(frozen=True)
class Selection:
    """Which labelled texts are wanted, and under which labels.

    names (Mapping[str, Optional[str]]): New names of labels; None or "" leaves out the texts of a
        label (of several labels of a text, only that label).
    labels (Optional[Sequence[str]]): All labels there may be, after renaming; None for those found.
    folds (int): In how many folds the texts are dealt out, one by one.
    fold (int): The fold that is tested on, from 0. The one after it is the development set.
    part (str): What is read: "train", "dev", "test", "train+dev" or "all".
    RAISES (InputError): If an option is out of its range.
    """

    names: Mapping[str, str | None] = field(default_factory=dict)
    labels: Sequence[str] | None = None
    folds: int = 1
    fold: int = 0
    part: str = "all"

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
        if isinstance(text.label, str):
            label: str | list[str] | dict[str, float] = new[text.label]
        elif isinstance(text.label, dict):
            label = {}
            for old, value in text.label.items():  # two labels may have become one
                label[new[old]] = max(value, label.get(new[old], 0.0))
            label.pop("", None)
        else:
            label = [name for name in dict.fromkeys(new[old] for old in text.label) if name]
        if label == "" or (label == {} and text.label):
            return None
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


@dataclass
class Survey:
    """What a whole corpus holds, of all folds.

    labels (Tuple[str, ...]): All labels, sorted.
    left_out (Counter[str]): How many texts were left out, by their label in the file.
    contradictions (int): How many different texts stand there under different labels.
    instance (str): One such text and its places.
    """

    labels: tuple[str, ...]
    left_out: Counter[str]
    contradictions: int
    instance: str

    def log(self, path: Path) -> None:
        """Tell of contradictions as a warning, of texts left out as information."""
        if self.contradictions:
            logger.warning(
                "%s: texts that are there more than once, with labels that contradict each other: "
                "%d; all are kept. Such as %s",
                path,
                self.contradictions,
                self.instance,
            )
        for label, count in sorted(self.left_out.items()):
            logger.info("%s: texts left out for their label %r: %d", path, label, count)


def survey(texts: Iterable[LabelledText], selection: Selection) -> Survey:
    """Read a whole corpus for its labels, its faults and its contradictions.

    Of each different text a hash is kept, not the text.

    texts (Iterable[LabelledText]): The corpus.
    selection (Selection): How its labels are renamed, and which may be.
    RETURNS (Survey): What was found.
    RAISES (InputError): If a text or its label is at fault.
    """
    labels: set[str] = set(selection.labels or ())
    left_out: Counter[str] = Counter()
    first: dict[int, tuple[frozenset, Path, int | None]] = {}
    kinds: dict[frozenset, frozenset] = {}  # one object for all texts of the same labels
    contradicted: set[int] = set()
    instance = ""
    for given in texts:
        text = selection.renamed(given)
        if text is None:
            left_out.update(given.labels)
            continue
        labels.update(text.labels)
        if not text.label:  # a Doc that was not annotated
            continue
        holds = _holds(text)
        key = hash(text.text)
        before, path, line = first.setdefault(
            key, (kinds.setdefault(holds, holds), text.path, text.line)
        )
        if before != holds:
            contradicted.add(key)
            other = replace(text, path=path, line=line)
            instance = instance or (
                f"{shown(text.text)}: {_listed(before)} in {other.place}, {_listed(holds)} in "
                f"{text.place}"
            )
    return Survey(tuple(sorted(labels)), left_out, len(contradicted), instance)


def cats(text: LabelledText, labels: Sequence[str]) -> dict[str, float]:
    """A text's label as spaCy has it.

    text (LabelledText): The text.
    labels (Sequence[str]): All labels of the corpus: those that do not hold are 0.0.
    RETURNS (Dict[str, float]): For doc.cats. Where the file says itself how far labels hold, these
        as they are.
    """
    if isinstance(text.label, dict):
        return text.label
    held = set(text.labels)
    return {label: float(label in held) for label in labels}


def _holds(text: LabelledText) -> frozenset:
    is_graded = isinstance(text.label, dict)
    return frozenset(text.label.items() if is_graded else text.labels)  # type: ignore[union-attr]


def _listed(holds: frozenset) -> str:
    return (
        ", ".join(sorted(one if isinstance(one, str) else f"{one[0]} {one[1]:g}" for one in holds))
        or "none"
    )
