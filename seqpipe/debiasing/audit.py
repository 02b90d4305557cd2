"""The audit: every metric before and after debiasing, on the same words, along the direction that
was found before. It says what each metric finds, never that nothing is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from seqpipe.files import InputError

from .associations import embedding_coherence, mean_average_cosine, relative_norm_distance
from .biased_words import NeutralVocabulary, neutral_vocabulary
from .clustering import cluster_accuracy
from .direct_bias import DirectBias, direct_bias
from .findings import Audit, AuditSettings, Findings, PriceFiles
from .generated_analogies import GeneratedAnalogies, generate_analogies
from .measure import generator
from .neighbours import NeighbourBias, neighbour_bias
from .price import analogy_accuracy, pipeline_score, word_similarity
from .published_lists import SemBiasQuestion
from .recover import recover_side
from .roles import CASES
from .sembias import sembias
from .subspace import Subspace, find_subspace
from .weat import weat_tests
from .word_lists import WordLists, Words
from .words import WordVectors


def audit(
    before: WordVectors,
    after: WordVectors | None,
    lists: WordLists,
    *,
    seed: int = 0,
    settings: AuditSettings | None = None,
    definitional: Iterable[str] = (),
    sembias_questions: Sequence[SemBiasQuestion] = (),
    price: PriceFiles | None = None,
) -> Audit:
    """Measure bias, and what debiasing cost.

    before (WordVectors): The vectors as they were, the most frequent words first.
    after (WordVectors): The debiased ones, of the same words; None to measure once.
    lists (WordLists): Words of the attribute. Words of pairs, of sets to equalise and of groups
        count as definitional too, in any case.
    seed (int): Of all that is random: the same seed gives the same audit.
    settings (AuditSettings): How.
    definitional (Iterable[str]): More definitional words, such as a classifier found.
    sembias_questions (Sequence[SemBiasQuestion]): If SemBias is to be answered.
    price (PriceFiles): What similarity, analogies and pipelines are measured on.
    RETURNS (Audit): What cannot be computed is None, with the reason.
    RAISES (InputError): If `after` has other words than `before`.
    """
    auditor = _Auditor(before, lists, seed, settings or AuditSettings(), definitional)
    price = price or PriceFiles()
    after = None if after is None else _in_order(after, before.words)
    return Audit(
        lists=lists.name,
        seed=seed,
        settings=auditor.settings,
        words=len(before.words),
        width=before.width,
        direction=auditor.subspace,
        reason=auditor.reason,
        sides=auditor.sides,
        before=auditor.findings(before, sembias_questions, price, is_after=False),
        after=None
        if after is None
        else auditor.findings(after, sembias_questions, price, is_after=True),
    )


class _Auditor:
    """What is fixed before: the direction, the neutral words and their bias."""

    def __init__(
        self,
        before: WordVectors,
        lists: WordLists,
        seed: int,
        settings: AuditSettings,
        definitional: Iterable[str],
    ) -> None:
        self.before, self.lists, self.seed, self.settings = before, lists, seed, settings
        self.groups = lists.attributes or _columns(lists.pairs)
        self.definitional = _definitional(lists, self.groups, definitional)
        names = tuple(self.groups)
        self.sides = (names[0], names[1] if len(names) == 2 else f"not {names[0]}")
        self.subspace: Subspace | None = None
        self.reason: str | None = None
        try:
            self.subspace = find_subspace(before, lists.pairs, method=settings.direction)
        except InputError as error:
            self.reason = str(error)
        self.vocabulary = None if self.subspace is None else self._vocabulary(self.subspace)

    def _vocabulary(self, subspace: Subspace) -> NeutralVocabulary:
        return neutral_vocabulary(
            self.before,
            subspace.direction,
            definitional=self.definitional,
            sides=self.sides,
            most_frequent=self.settings.most_frequent,
            capitals=self.settings.capitals,
        )

    def findings(
        self,
        vectors: WordVectors,
        questions: Sequence[SemBiasQuestion],
        price: PriceFiles,
        *,
        is_after: bool,
    ) -> Findings:
        settings = self.settings
        # First, since a broken file shows here.
        costs = _price(vectors, price, is_after=is_after)
        tests = weat_tests(
            vectors, self.lists.weat, permutations=settings.permutations, seed=self.seed
        )
        semantic = sembias(vectors, questions, pair=settings.sembias_pair) if questions else ()
        return Findings(
            weat=tuple(tests),
            sembias=tuple(semantic),
            generated=self._generated(vectors),
            **self._between_groups(vectors),
            **self._along_direction(vectors),
            **costs,
        )

    def _between_groups(self, vectors: WordVectors) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The findings that compare groups, of many each two."""
        targets = self.lists.targets
        twos = [{name: self.groups[name] for name in two} for two in combinations(self.groups, 2)]
        sets = [(name, words, two) for name, words in targets.items() for two in twos]
        members = [word for words in self.groups.values() for word in words]
        shared: dict[str, Any] = {"definitional": self.definitional, "seed": self.seed}
        distances = [
            relative_norm_distance(vectors, words, two, name=name, **shared)
            for name, words, two in sets
        ]
        coherences = [
            embedding_coherence(vectors, words, two, name=name, **shared)
            for name, words, two in sets
        ]
        cosine = mean_average_cosine(vectors, members, targets, name="all groups", **shared)
        return {
            "rnd": tuple(distances),
            "ect": tuple(coherences),
            "mac": (cosine,) if targets else (),
        }

    def _along_direction(self, vectors: WordVectors) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The findings that need the direction."""
        if self.subspace is None or self.vocabulary is None:
            none = dict.fromkeys(("clustering", "recovery"))
            return {"direct_bias": (), "neighbours": (), **none}
        settings, seed, vocabulary = self.settings, self.seed, self.vocabulary
        return {
            "direct_bias": self._direct_bias(vectors, self.subspace.direction, vocabulary),
            "neighbours": self._neighbours(vectors, self.subspace.direction, vocabulary),
            "clustering": cluster_accuracy(
                vectors, vocabulary, per_side=settings.per_side, seed=seed
            ),
            "recovery": recover_side(
                vectors,
                vocabulary,
                per_side=settings.recover_per_side,
                training=settings.recover_training,
                seed=seed,
            ),
        }

    def _direct_bias(
        self, vectors: WordVectors, direction: np.ndarray, vocabulary: NeutralVocabulary
    ) -> tuple[DirectBias, ...]:
        sets = {**self.lists.targets, "neutral vocabulary": vocabulary.words}
        return tuple(
            direct_bias(
                vectors,
                words,
                direction,
                name=name,
                exponent=self.settings.exponent,
                definitional=self.definitional,
                with_words=words is not vocabulary.words,
                seed=self.seed,
            )
            for name, words in sets.items()
        )

    def _neighbours(
        self, vectors: WordVectors, direction: np.ndarray, vocabulary: NeutralVocabulary
    ) -> tuple[NeighbourBias, ...]:
        drawn = generator(self.seed, "neighbours").permutation(len(vocabulary.words))
        sample = [vocabulary.words[place] for place in sorted(drawn[: self.settings.sampled])]
        sets = {**self.lists.targets, "neutral vocabulary": sample}
        return tuple(
            neighbour_bias(
                vectors,
                words,
                self.before,
                direction,
                vocabulary,
                name=name,
                definitional=self.definitional,
                n=self.settings.neighbours,
            )
            for name, words in sets.items()
        )

    def _generated(self, vectors: WordVectors) -> GeneratedAnalogies | None:
        """By the first pair that has vectors."""
        pairs = [words for words in self.lists.pairs if len(words) == 2]
        usable = (words for words in pairs if not vectors.of(words)[1])
        pair = next(usable, pairs[0] if pairs else None)
        if pair is None or not self.settings.generated:
            return None
        return generate_analogies(
            vectors,
            pair,
            n=self.settings.generated,
            definitional=self.definitional,
            most_frequent=self.settings.most_frequent_paired,
            capitals=self.settings.capitals,
        )


def _price(vectors: WordVectors, price: PriceFiles, *, is_after: bool) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The findings on similarity, analogies and pipelines."""
    embeddings = vectors.to_embeddings()
    scored = [
        (one, one.after if is_after else one.before)
        for one in price.pipelines
        if one.after or not is_after
    ]
    return {
        "similarity": tuple(word_similarity(embeddings, price.similarity)),
        "analogies": tuple(analogy_accuracy(embeddings, price.analogies)),
        "pipelines": tuple(
            pipeline_score(one.name, models, one.data, score=one.score) for one, models in scored
        ),
    }


def _columns(pairs: Sequence[Words]) -> dict[str, Words]:
    """Groups where the lists name none: the words of each place of the pairs, under the name of the
    first pair's."""
    return {words[0]: words for words in zip(*pairs, strict=True)}


def _definitional(
    lists: WordLists, groups: Mapping[str, Sequence[str]], more: Iterable[str]
) -> frozenset[str]:
    """All words that the lists say have the attribute, in any case."""
    sets = (*lists.pairs, *lists.equalise, *groups.values(), lists.definitional, tuple(more))
    words = {word for inner in sets for word in inner}
    return frozenset(words | {case(word) for word in words for case in CASES})


def _in_order(vectors: WordVectors, words: Words) -> WordVectors:
    """RETURNS (WordVectors): The vectors of these words, in this order."""
    if vectors.words == words:
        return vectors
    lacking = next((word for word in words if word not in vectors.index), None)
    if lacking is not None or len(vectors.words) != len(words):
        other = f"no {lacking!r}" if lacking is not None else "more words"
        raise InputError(
            f"the vectors after debiasing have {other}: {len(vectors.words)} words, expected the "
            f"{len(words)} words that there were before"
        )
    rows = np.array([vectors.index[word] for word in words], dtype=np.intp)
    return WordVectors(words, vectors.matrix[rows])
