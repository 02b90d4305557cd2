"""What an audit gives: the findings before and after, as rows for a report and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .associations import EmbeddingCoherence, MeanAverageCosine, RelativeNormDistance
from .biased_words import MOST_FREQUENT
from .clustering import PER_SIDE, Clustering
from .direct_bias import DirectBias
from .generated_analogies import MOST_FREQUENT as MOST_FREQUENT_PAIRED
from .generated_analogies import GeneratedAnalogies
from .measure import Measure, plain
from .neighbours import NEIGHBOURS, NeighbourBias
from .price import AnalogyAccuracy, PipelinePair, PipelineScore, WordSimilarity
from .recover import PER_SIDE as RECOVER_PER_SIDE
from .recover import TRAINING, Recovery
from .sembias import SemBias
from .subspace import SVD, Subspace
from .weat import PERMUTATIONS, Weat

NOTE = (
    "A value shows what its metric finds in these words. That a metric finds little does not show "
    "that there is no bias."
)

SOURCES = {
    "direct_bias": "Bolukbasi et al. 2016, DirectBias_c",
    "weat": "Caliskan et al. 2017; correction: Holm 1979",
    "rnd": "Garg et al. 2018, relative norm distance",
    "mac": "Manzini et al. 2019, section 3",
    "ect": "Dev & Phillips 2019, embedding coherence test",
    "clustering": "Gonen & Goldberg 2019, section 4",
    "neighbours": "Gonen & Goldberg 2019, section 4",
    "recovery": "Gonen & Goldberg 2019, section 4",
    "sembias": "Zhao et al. 2018, section 4.1",
    "generated": "Bolukbasi et al. 2016, S_(a,b)(x, y) with δ = 1",
    "similarity": "Spearman's correlation with human scores",
    "analogies": "Mikolov et al. 2013, 3CosAdd",
    "pipelines": "`seqpipe evaluate`",
}


@dataclass(frozen=True)
class AuditSettings:
    """How an audit is made.

    direction (str): How the direction is found: "svd", "mean" or "difference".
    exponent (float): c of direct bias.
    permutations (int): Of WEAT, where there are too many partitions to look at all.
    per_side (int): The most biased words of a side that are clustered.
    neighbours (int): Neighbours of a word.
    sampled (int): Words of the vocabulary whose neighbours are looked at, drawn at random.
    recover_per_side (int): The most biased words of a side for the classifier.
    recover_training (int): Of these it learns from so many.
    generated (int): Analogies to list.
    most_frequent (int): Words of the vocabulary that count as neutral, the definitional ones left
        out.
    most_frequent_paired (int): Words that analogies are made of.
    capitals (bool): Whether words with upper-case letters count, as German nouns should.
    sembias_pair (Tuple[str, str]): The direction's words in the order of the questions of SemBias.
    """

    direction: str = SVD
    exponent: float = 1.0
    permutations: int = PERMUTATIONS
    per_side: int = PER_SIDE
    neighbours: int = NEIGHBOURS
    sampled: int = 1000
    recover_per_side: int = RECOVER_PER_SIDE
    recover_training: int = TRAINING
    generated: int = 50
    most_frequent: int = MOST_FREQUENT
    most_frequent_paired: int = MOST_FREQUENT_PAIRED
    capitals: bool = False
    sembias_pair: tuple[str, str] = ("he", "she")


@dataclass(frozen=True)
class PriceFiles:
    """What the price is measured on.

    similarity (Tuple[Path, ...]): Files of word pairs with scores.
    analogies (Tuple[Path, ...]): Files of analogy questions.
    pipelines (Tuple[PipelinePair, ...]): Pipelines that use the vectors.
    """

    similarity: tuple[Path, ...] = ()
    analogies: tuple[Path, ...] = ()
    pipelines: tuple[PipelinePair, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What all metrics find in one table of vectors. Those that need the direction are empty or
    None where there is none.

    direct_bias (Tuple[DirectBias, ...]): One for each set of neutral words.
    weat (Tuple[Weat, ...]): One a test.
    rnd (Tuple[RelativeNormDistance, ...]): One for each set of neutral words and two groups.
    mac (Tuple[MeanAverageCosine, ...]): One, over all groups.
    ect (Tuple[EmbeddingCoherence, ...]): One for each set of neutral words and two groups.
    clustering (Optional[Clustering]): Of the most biased words.
    neighbours (Tuple[NeighbourBias, ...]): One for each set of neutral words.
    recovery (Optional[Recovery]): How well a classifier tells the sides.
    sembias (Tuple[SemBias, ...]): One for each part of its file.
    generated (Optional[GeneratedAnalogies]): A list to look at, without a number.
    similarity (Tuple[WordSimilarity, ...]): One a data set.
    analogies (Tuple[AnalogyAccuracy, ...]): One a data set.
    pipelines (Tuple[PipelineScore, ...]): One a pipeline and score.
    """

    direct_bias: tuple[DirectBias, ...]
    weat: tuple[Weat, ...]
    rnd: tuple[RelativeNormDistance, ...]
    mac: tuple[MeanAverageCosine, ...]
    ect: tuple[EmbeddingCoherence, ...]
    clustering: Clustering | None
    neighbours: tuple[NeighbourBias, ...]
    recovery: Recovery | None
    sembias: tuple[SemBias, ...]
    generated: GeneratedAnalogies | None
    similarity: tuple[WordSimilarity, ...]
    analogies: tuple[AnalogyAccuracy, ...]
    pipelines: tuple[PipelineScore, ...]

    def measures(self) -> list[tuple[str, Measure]]:
        """RETURNS (List[Tuple[str, Measure]]): All that have a value, each with its metric."""
        single = {"clustering": self.clustering, "recovery": self.recovery}
        parts = {
            "direct_bias": self.direct_bias,
            "weat": self.weat,
            "rnd": self.rnd,
            "mac": self.mac,
            "ect": self.ect,
            **{metric: (one,) if one is not None else () for metric, one in single.items()},
            "neighbours": self.neighbours,
            "sembias": self.sembias,
            "similarity": self.similarity,
            "analogies": self.analogies,
            "pipelines": self.pipelines,
        }
        return [(metric, one) for metric, measures in parts.items() for one in measures]


class AuditRow(NamedTuple):
    """One line of a report.

    metric (str): Such as "direct_bias": the field of `Findings`.
    name (str): The set of words, or the test.
    before (Measure): The measure before.
    after (Optional[Measure]): And after, if there is one.
    """

    metric: str
    name: str
    before: Measure
    after: Measure | None


@dataclass(frozen=True, eq=False)
class Audit:
    """What was measured.

    lists (str): The name of the word lists.
    seed (int): Of all that is random.
    settings (AuditSettings): How it was made.
    words (int): Words with vectors.
    width (int): Of the vectors.
    direction (Subspace): Found before; None if the pairs do not allow it.
    reason (str): Why there is no direction.
    sides (Tuple[str, str]): The groups on the positive and the negative side of it.
    before (Findings): Of the vectors as they were.
    after (Findings): Of the debiased ones, if there are any.
    """

    lists: str
    seed: int
    settings: AuditSettings
    words: int
    width: int
    direction: Subspace | None
    reason: str | None
    sides: tuple[str, str]
    before: Findings
    after: Findings | None

    def rows(self) -> list[AuditRow]:
        """RETURNS (List[AuditRow]): Every measure before, beside the same after."""
        after = {}
        if self.after is not None:
            after = {_key(metric, one): one for metric, one in self.after.measures()}
        return [
            AuditRow(metric, one.name, one, after.get(_key(metric, one)))
            for metric, one in self.before.measures()
        ]

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file: strict JSON, without NaN."""
        return {
            "note": NOTE,
            "sources": SOURCES,
            "lists": self.lists,
            "seed": self.seed,
            "settings": plain(self.settings),
            "vectors": {"words": self.words, "width": self.width},
            "direction": None if self.direction is None else plain(self.direction.as_dict()),
            "reason": self.reason,
            "sides": list(self.sides),
            "before": plain(self.before),
            "after": None if self.after is None else plain(self.after),
        }


def _key(metric: str, measure: Measure) -> tuple[Any, ...]:
    return metric, measure.name, getattr(measure, "groups", None)
