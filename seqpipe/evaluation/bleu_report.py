"""All that is asked of files of translations: their scores, sentence by sentence, and against other
systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqpipe.evaluation.bleu import Bleu, BleuOptions, CorpusScores, corpus_scores, sentence_bleu
from seqpipe.evaluation.bleu_compare import Comparison, compare_systems
from seqpipe.evaluation.bleu_files import read_parallel


@dataclass(frozen=True)
class SentenceBleu:
    """A sentence: its line in the files, from 1, its texts, and its BLEU.

    line (int): From 1.
    hypothesis (str): The translation.
    references (Tuple[str, ...]): One or more.
    bleu (Bleu): With effective order.
    """

    line: int
    hypothesis: str
    references: tuple[str, ...]
    bleu: Bleu

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        texts = {"hypothesis": self.hypothesis, "references": self.references}
        return {"line": self.line, **self.bleu.as_dict(), **texts}


@dataclass(frozen=True)
class BleuReport:
    """What files of translations reach.

    scores (CorpusScores): Of the whole.
    sentences (Optional[List[SentenceBleu]]): If asked for.
    comparison (Optional[Comparison]): With other systems, if there are some.
    """

    scores: CorpusScores
    sentences: list[SentenceBleu] | None = None
    comparison: Comparison | None = None

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        record: dict[str, Any] = {"scores": self.scores.as_dict()}
        if self.sentences is not None:
            record["sentences"] = [one.as_dict() for one in self.sentences]
        if self.comparison is not None:
            record["systems"] = self.comparison.as_dict()
        return record


def score_files(
    hypotheses: Path,
    references: Sequence[Path],
    *,
    others: Sequence[Path] = (),
    options: BleuOptions | None = None,
    chrf: bool = False,
    ter: bool = False,
    sentences: bool = False,
) -> BleuReport:
    """Score a file of translations.

    hypotheses (Path): A translation a line.
    references (Sequence[Path]): One file or more, in which the same line is of the same sentence.
    others (Sequence[Path]): Translations of other systems, to compare with the first.
    options, chrf, ter: As for `corpus_scores`.
    sentences (bool): Whether to score each sentence alone too.
    RETURNS (BleuReport): The scores.
    RAISES (InputError): As `read_parallel` and `corpus_scores`.
    """
    texts, *rest = read_parallel([hypotheses, *references, *others])
    gold = list(zip(*rest[: len(references)], strict=True))
    scores = corpus_scores(texts, gold, options=options, chrf=chrf, ter=ter)
    rows = None
    if sentences:
        each = sentence_bleu(texts, gold, options=options)
        rows = [
            SentenceBleu(line, text, some, one)
            for line, (text, some, one) in enumerate(zip(texts, gold, each, strict=True), start=1)
        ]
    comparison = None
    if others:
        systems = [(str(hypotheses), texts)]
        systems += zip(map(str, others), rest[len(references) :], strict=True)
        comparison = compare_systems(systems, gold, options=options, chrf=chrf, ter=ter)
    return BleuReport(scores, rows, comparison)
