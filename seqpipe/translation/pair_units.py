"""The units of a translator's source and target, built and kept together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from spacy.tokens import Doc

from seqpipe.files import InputError
from seqpipe.vocabulary.vocabulary import Vocabulary

from .units import TextUnits

SOURCE, TARGET = "source", "target"


class PairUnits:
    """The units of both sides, as `SequencePipe` keeps and builds vocabularies.

    source, target (TextUnits): The sides.
    joint (bool): Learned from both: one vocabulary, one set of subwords.
    """

    def __init__(self, source: TextUnits, target: TextUnits, *, joint: bool = False) -> None:
        self.source, self.target, self.joint = source, target, joint
        ours, others = (
            {key: value for key, value in side.settings.items() if key != "split"}
            for side in (source, target)
        )
        if joint and ours != others:
            key = next(key for key in ours if ours[key] != others[key])
            raise InputError(
                f"joint = true: source has {key} = {ours[key]!r}, target {others[key]!r}: expected "
                "the same"
            )

    @property
    def words(self) -> Vocabulary:
        """RETURNS (Vocabulary): That of the source, which can be adopted."""
        return self.source.vocabulary

    def words_of(self, doc: Doc, references: Iterable[str]) -> Iterable[tuple[str, str]]:
        """RETURNS (Iterable[Tuple[str, str]]): Words of an example, each with its side.

        doc (Doc): The source.
        references (Iterable[str]): Its translations.
        """
        found = [(SOURCE, word) for word in self.source.source_words(doc)]
        found += [(TARGET, word) for text in references for word in self.target.target_words(text)]
        return found

    def build(
        self, counts: Mapping[tuple[str, str], int], *, words: Vocabulary | None = None
    ) -> "PairUnits":
        """Learn from counted words.

        counts (Mapping[Tuple[str, str], int]): Of words with their side, as `words_of` gives them.
        words (Optional[Vocabulary]): Of the source's words, if it is adopted.
        RETURNS (PairUnits): A new one.
        RAISES (InputError): If no word is of the target.
        """
        sides: dict[str, Counter[str]] = {SOURCE: Counter(), TARGET: Counter()}
        for (side, word), count in counts.items():
            sides[side][word] += count
        if not sides[TARGET]:
            raise InputError(
                "no training text has a translation with a word in it; expected a list of strings "
                "in reference._.references, as seqpipe.ParallelCorpus.v1 gives it"
            )
        if not self.joint:
            return PairUnits(
                self.source.build(sides[SOURCE], words), self.target.build(sides[TARGET])
            )
        if words is not None:
            raise InputError("vocabulary with joint = true: expected null, it is learned of both")
        both = self.source.build(sides[SOURCE] + sides[TARGET])
        target = self.target._with(both.vocabulary, both.subwords)
        return PairUnits(both, target, joint=True)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): What `from_dict` takes."""
        return {SOURCE: self.source.to_dict(), TARGET: self.target.to_dict()}

    def from_dict(self, data: Any) -> "PairUnits":
        """RETURNS (PairUnits): What was saved.

        data (Any): What `to_dict` gave.
        RAISES (InputError): If it is something else.
        """
        if not isinstance(data, dict) or set(data) != {SOURCE, TARGET}:
            raise InputError("expected the vocabularies of a translator: source and target")
        source, target = (
            side.from_dict(data[name])
            for name, side in ((SOURCE, self.source), (TARGET, self.target))
        )
        if self.joint and list(source.vocabulary) != list(target.vocabulary):
            raise InputError("joint = true in the config, but the two sides differ")
        return PairUnits(source, target, joint=self.joint)
