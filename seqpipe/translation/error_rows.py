"""The rows of an error analysis: counts of right and wrong translations with shares and scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from seqpipe.intervals import wilson_interval

from .intervals import Interval, block_interval, score_interval
from .verdicts import MODEL, OUT_OF_REACH, RIGHT, SEARCH, Judged


@dataclass(frozen=True)
class ErrorRow:
    """What became of some sentences at one beam width.

    width (int): The beam width.
    label (Optional[str]): The length of their sources in tokens, such as "6-10"; None for all.
    sentences (int): How many there are.
    right, search, model, out_of_reach (int): How many of them by verdict.
    cut (int): Outputs that were cut at the maximum length, before <EOS>.
    bleu (Optional[float]): From 0 to 1; None if it has no meaning: all outputs are shorter than
        four words.
    bleu_interval (Optional[Tuple[float, float]]): 95 %; None if the sentences are too few, or there
        is no BLEU.
    exact_match (float): From 0 to 1.
    length_ratio (Optional[float]): Words of the outputs by words of the references, as BLEU counts
        them.
    """

    width: int
    label: str | None
    sentences: int
    right: int
    search: int
    model: int
    out_of_reach: int
    cut: int
    bleu: float | None
    bleu_interval: Interval | None
    exact_match: float
    length_ratio: float | None

    @property
    def errors(self) -> int:
        """RETURNS (int): Sentences that are not right."""
        return self.sentences - self.right

    def share(self, verdict: str) -> float | None:
        """RETURNS (Optional[float]): The share of the errors, from 0 to 1; None without errors.

        verdict (str): "search", "model" or "out of reach".
        """
        return self._count(verdict) / self.errors if self.errors else None

    def share_interval(self, verdict: str) -> Interval | None:
        """RETURNS (Optional[Tuple[float, float]]): Wilson's, 95 %.

        verdict (str): "search", "model" or "out of reach".
        """
        share = self.share(verdict)
        return None if share is None else wilson_interval(share, self.errors)

    def _count(self, verdict: str) -> int:
        return {SEARCH: self.search, MODEL: self.model, OUT_OF_REACH: self.out_of_reach}[verdict]

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): As plain data, with the shares."""
        shares = {
            f"{verdict.replace(' ', '_')}_share{end}": find(verdict)
            for verdict in (SEARCH, MODEL, OUT_OF_REACH)
            for end, find in (("", self.share), ("_interval", self.share_interval))
        }
        return {**asdict(self), "errors": self.errors, **shares}


@dataclass(frozen=True)
class BleuChange:
    """What a wider beam does to BLEU on the same sentences.

    narrow, wide (int): The two widths.
    difference (float): BLEU at the wide one less that at the narrow one, from -1 to 1.
    interval (Optional[Tuple[float, float]]): 95 %; None if the sentences are too few.
    """

    narrow: int
    wide: int
    difference: float
    interval: Interval | None

    @property
    def direction(self) -> int:
        """RETURNS (int): 1 if BLEU rises, -1 if it falls, 0 if that may be chance or is not known:
        the interval holds 0, or there is none."""
        if self.interval is None:
            return 0
        return int(self.interval[0] > 0) - int(self.interval[1] < 0)


@dataclass(frozen=True)
class WidthScore:
    """What the scorer says of all sentences at one width.

    width (int): The beam width.
    score (Dict[str, Any]): What it returned.
    without (Optional[np.ndarray]): float64 (BLOCKS,), BLEU without each block of sentences.
    """

    width: int
    score: Mapping[str, Any]
    without: np.ndarray | None


def error_row(label: str | None, judged: Sequence[Judged], found: WidthScore) -> ErrorRow:
    """RETURNS (ErrorRow): A row.

    label (Optional[str]): The length of the sources; None for all.
    judged (Sequence[Judged]): The sentences at one width.
    found (WidthScore): Their score.
    """
    counts = Counter(one.verdict for one in judged)
    bleu = found.score["bleu"]
    return ErrorRow(
        width=found.width,
        label=label,
        sentences=len(judged),
        right=counts[RIGHT],
        search=counts[SEARCH],
        model=counts[MODEL],
        out_of_reach=counts[OUT_OF_REACH],
        cut=sum(not one.output.finished for one in judged),
        bleu=bleu,
        bleu_interval=None if bleu is None else score_interval(bleu, found.without),
        exact_match=found.score["exact_match"],
        length_ratio=found.score["bleu_ratio"],
    )


def bleu_change(narrow: WidthScore, wide: WidthScore) -> BleuChange | None:
    """RETURNS (Optional[BleuChange]): How BLEU changes; None if one of them has no BLEU.

    narrow, wide (WidthScore): Scores of the same sentences.
    """
    if narrow.score["bleu"] is None or wide.score["bleu"] is None:
        return None
    difference = wide.score["bleu"] - narrow.score["bleu"]
    without = None
    if narrow.without is not None and wide.without is not None:
        without = wide.without - narrow.without
    interval = block_interval(difference, without)
    return BleuChange(narrow.width, wide.width, difference, interval)
