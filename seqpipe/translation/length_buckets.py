"""BLEU by the length of the source (Bahdanau et al. 2015, figure 2): which sentences are of a
length, and what their translations reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

from seqpipe.files import InputError

from .intervals import Interval, leave_out, score_interval

Scorer = Callable[..., dict[str, Any]]  # of examples

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # of the default edges
MOST_BUCKETS = 8
BLEU_ORDER = 4  # words of its longest n-grams
LEAST, LEAST_SHARE = 20, 0.03  # of all sentences, that a default bucket has at least


@dataclass(frozen=True)
class LengthBucket:
    """The sentences whose sources are about equally long, and what their translations reach.

    low (int): Tokens of the source at least.
    high (Optional[int]): Tokens at most; None if there is no limit.
    sentences (int): How many there are.
    bleu (Optional[float]): From 0 to 1; None if it has no meaning: all translations are shorter
        than four words.
    bleu_interval (Optional[Tuple[float, float]]): 95 %, by the jackknife over blocks of sentences;
        None if they are too few, or there is no BLEU.
    exact_match (float): From 0 to 1.
    """

    low: int
    high: int | None
    sentences: int
    bleu: float | None
    bleu_interval: Interval | None
    exact_match: float

    @property
    def label(self) -> str:
        """RETURNS (str): Such as "6-10", "7" or "21+"."""
        return bucket_label(self.low, self.high)

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): As plain data."""
        return {"label": self.label, **asdict(self)}


def bucket_label(low: int, high: int | None) -> str:
    """RETURNS (str): How a bucket is called, such as "6-10", "7" or "21+".

    low (int): The shortest length in it.
    high (Optional[int]): The longest; None if there is no limit.
    """
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}-{high}"


def bleu_by_length(
    translations: Sequence[str],
    references: Sequence[Sequence[str]],
    lengths: Sequence[int],
    *,
    edges: Sequence[int] | None = None,
    scorer: Scorer | None = None,
) -> list[LengthBucket]:
    """Score translations apart by the length of their sources.

    translations (Sequence[str]): One a sentence.
    references (Sequence[Sequence[str]]): For each sentence one or more.
    lengths (Sequence[int]): Tokens of each source.
    edges (Optional[Sequence[int]]): The longest length of each bucket but the last, which has no
        limit; None for `default_edges`.
    scorer (Optional[Callable]): Of Examples; None for `seqpipe.BleuScorer.v1` as it is.
    RETURNS (List[LengthBucket]): From the shortest sources on, without empty ones.
    RAISES (InputError): If the lists differ in length, are empty, or the edges do not rise.
    """
    if not len(translations) == len(references) == len(lengths) or not len(lengths):
        raise InputError(
            f"{len(translations):,} translations, references for {len(references):,} and lengths "
            f"of {len(lengths):,} sentences: expected as many, and at least one"
        )
    corpus = ScoredCorpus(translations, references, scorer)
    found = []
    for (low, high), places in split_by_length(lengths, edges).items():
        score, without = corpus.scores(places)
        bleu = score["bleu"]
        found.append(
            LengthBucket(
                low,
                high,
                len(places),
                bleu=bleu,
                bleu_interval=None if bleu is None else score_interval(bleu, without),
                exact_match=score["exact_match"],
            )
        )
    return found


def split_by_length(
    lengths: Sequence[int], edges: Sequence[int] | None = None
) -> dict[tuple[int, int | None], list[int]]:
    """Put sentences into buckets.

    lengths (Sequence[int]): Tokens of each source.
    edges (Optional[Sequence[int]]): As for `bleu_by_length`.
    RETURNS (Dict[Tuple[int, Optional[int]], List[int]]): The places of the sentences by the
        shortest and longest length of their bucket, from the shortest on, without empty buckets.
    RAISES (InputError): If the edges do not rise from 1 on.
    """
    edges = default_edges(lengths) if edges is None else list(edges)
    if any(low >= high for low, high in zip([0, *edges], edges, strict=False)):
        raise InputError(f"edges = {edges}: expected whole numbers that rise, from 1 on")
    lows = [min(1, min(lengths, default=1)), *(edge + 1 for edge in edges)]
    buckets = np.searchsorted(edges, lengths, side="left")
    found = {
        limits: np.flatnonzero(buckets == bucket).tolist()
        for bucket, limits in enumerate(zip(lows, [*edges, None], strict=True))
    }
    return {limits: places for limits, places in found.items() if places}


def default_edges(lengths: Sequence[int]) -> list[int]:
    """Round edges between which there are sentences enough: at least 20, and 3 % of all.

    lengths (Sequence[int]): Tokens of each source.
    RETURNS (List[int]): The longest length of each bucket but the last; none if there are too few
        sentences to part them.
    """
    if not len(lengths):
        return []
    sizes = np.sort(np.asarray(lengths))
    usual = sizes[int(0.95 * (len(sizes) - 1))]
    step = next((step for step in STEPS if usual <= step * MOST_BUCKETS), STEPS[-1])
    least = max(LEAST, LEAST_SHARE * len(sizes))
    edges, before = [], 0
    for edge in range(step, int(sizes[-1]), step):
        upto = int(np.searchsorted(sizes, edge, side="right"))
        if upto - before >= least and len(sizes) - upto >= least:
            edges.append(edge)
            before = upto
    return edges


class ScoredCorpus:
    """Translations that can be scored in any part.

    translations (Sequence[str]): One a sentence.
    references (Sequence[Sequence[str]]): For each sentence one or more.
    scorer (Optional[Callable]): Of Examples, such as `seqpipe.BleuScorer.v1`, which it is if None.
    """

    def __init__(
        self,
        translations: Sequence[str],
        references: Sequence[Sequence[str]],
        scorer: Scorer | None = None,
    ) -> None:
        # The concepts meet through registries; this also sets the extensions that are used here.
        self.scorer = scorer or registry.scorers.get("seqpipe.BleuScorer.v1")()
        vocab = Vocab()
        self.examples = [
            _example(vocab, *pair) for pair in zip(translations, references, strict=True)
        ]

    def scores(self, places: Sequence[int]) -> tuple[dict[str, Any], np.ndarray | None]:
        """Score some of the sentences.

        places (Sequence[int]): Which.
        RETURNS (Tuple[Dict[str, Any], Optional[np.ndarray]]): What the scorer returns, but None as
            `bleu` where it has no meaning; and what `leave_out` does of the BLEU.
        """

        def bleu(rest: Sequence[int]) -> float:
            return self._score([places[place] for place in rest])["bleu"]

        score = self._score(places)
        if not score["bleu"] and (score["exact_match"] == 1 or self._are_short(places)):
            # 0 of outputs without any n-gram of four, right or wrong, says nothing of them.
            return {**score, "bleu": None}, None
        return score, leave_out(bleu, len(places))

    def _are_short(self, places: Sequence[int]) -> bool:
        texts = (self.examples[place].predicted._.translation for place in places)
        return all(len(text.split()) < BLEU_ORDER for text in texts)

    def _score(self, places: Sequence[int]) -> dict[str, Any]:
        # chrF takes twice the time of BLEU.
        return self.scorer([self.examples[place] for place in places], chrf=False, ter=False)


def _example(vocab: Vocab, translation: str, references: Sequence[str]) -> Example:
    """An example of the scores only: who wants the source has it elsewhere."""
    predicted, reference = Doc(vocab), Doc(vocab)
    predicted._.translation = translation
    reference._.references = list(references)
    return Example(predicted, reference)
