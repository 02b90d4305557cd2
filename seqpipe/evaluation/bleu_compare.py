"""Whether one translation system is better than another: sacreBLEU's paired bootstrap over
sentences (Koehn 2004)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from seqpipe.evaluation.bleu import BleuOptions, check_parallel, metrics
from seqpipe.files import InputError


@dataclass(frozen=True)
class SystemScore:
    """What a system reaches under one metric.

    system (str): Its name.
    score (float): Of the whole corpus, from 0 to 100.
    mean, interval (float): Over the samples: the mean of the score, and the half of the width of
        its 95 % interval.
    p_value (Optional[float]): How often chance alone makes a difference from the first system as
        great as this one; None for the first itself.
    """

    system: str
    score: float
    mean: float
    interval: float
    p_value: float | None


@dataclass(frozen=True)
class Comparison:
    """Systems beside the first of them.

    scores (Dict[str, List[SystemScore]]): By metric, "bleu" and maybe "chrf" and "ter", the systems
        in their order.
    signatures (Dict[str, str]): sacreBLEU's, with the number of samples and their seed.
    """

    scores: dict[str, list[SystemScore]]
    signatures: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        return asdict(self)


def compare_systems(
    systems: Sequence[tuple[str, Sequence[str]]],
    references: Sequence[Sequence[str]],
    *,
    options: BleuOptions | None = None,
    chrf: bool = False,
    ter: bool = False,
    samples: int = 1000,
) -> Comparison:
    """Compare systems with the first of them. Takes about 50 KB of memory a sentence.

    systems (Sequence[Tuple[str, Sequence[str]]]): Names, and their hypotheses, one a sentence.
    references (Sequence[Sequence[str]]): For each sentence one or more.
    options, chrf, ter: As for `corpus_scores`.
    samples (int): How many corpora are drawn from the sentences.
    RETURNS (Comparison): The scores.
    RAISES (InputError): If there are not two systems, and as `corpus_scores`.
    """
    from sacrebleu.significance import PairedTest

    if len(systems) < 2:
        raise InputError(f"{len(systems)} system(s) to compare, expected two or more")
    for _, hypotheses in systems:
        streams: Any = check_parallel(hypotheses, references)
    asked = metrics(options or BleuOptions(), chrf=chrf, ter=ter)
    test = PairedTest(list(systems), asked, streams, test_type="bs", n_samples=samples)
    found: tuple[Any, Any] = test()
    # Both are by sacreBLEU's own names, such as "chrF2", in the order of `asked`; the results have
    # a column with the names of the systems before.
    signatures, (_, *results) = found[0].values(), found[1].values()
    scores = {
        metric: [
            _system_score(name, result, column[0])
            for (name, _), result in zip(systems, column, strict=True)
        ]
        for metric, column in zip(asked, results, strict=True)
    }
    return Comparison(scores, dict(zip(asked, map(str, signatures), strict=True)))


def _system_score(name: str, result: Any, first: Any) -> SystemScore:
    p_value = result.p_value
    if p_value is not None and result.score == first.score:
        # sacreBLEU counts samples that differ by more than 0, of which equal systems have none.
        p_value = 1.0
    return SystemScore(name, float(result.score), float(result.mean), float(result.ci), p_value)
