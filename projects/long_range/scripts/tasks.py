"""Two tasks whose answer lies far back: subject and verb agreement, and the adding problem.

Agreement (Elman 1991; Linzen et al. 2016): "The cat , which already ate the ripe plums ," is
followed by "was", "The cats , which ..." by "were". Between subject and verb stand as many words as
the distance says, with other nouns of either number among them. Adding (Hochreiter & Schmidhuber
1997, section 5.4): of a sequence of pairs of a value and a marker, the sum of the marked values,
one in each half; here the distance is the length of the sequence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np

WORDS = json.loads((Path(__file__).parents[1] / "assets" / "words.json").read_text("utf-8"))
DETERMINERS = {False: ["a", "the", "every", "this"], True: ["some", "the", "many", "these"]}
VERB_FORMS = ("was", "were")
SHORTEST = 5


def whole_numbers(text: str, name: str, least: int) -> list[int]:
    """Numbers with commas between them, if all are whole and not too small, else a ValueError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) >= least for part in parts):
        raise ValueError(f"{name} = {text!r}: expected whole numbers from {least} on, with commas")
    return [int(part) for part in parts]


class Agreement:
    """The task of choosing the verb's form; a word is its place in `words`, an answer 0 or 1."""

    outputs = 2

    @cached_property
    def words(self) -> list[str]:
        """The vocabulary."""
        plurals = [noun + "s" for noun in (*WORDS["nouns"], *WORDS["things"])]
        small = {"The", ",", "which", "and", *DETERMINERS[False], *DETERMINERS[True]}
        return sorted({*small, *plurals, *chain.from_iterable(WORDS.values())})

    @cached_property
    def ids(self) -> dict[str, int]:
        """The place of each word."""
        return {word: i for i, word in enumerate(self.words)}

    def sentence(self, rng: Random, distance: int) -> tuple[list[str], int]:
        """The words before the verb, and whether it is plural.

        distance (int): Words between subject and verb, at least SHORTEST.
        """
        plural = rng.random() < 0.5
        subject = rng.choice(WORDS["nouns"]) + ("s" if plural else "")
        between = [",", "which", *self._clause(rng, distance - 3), ","]
        return ["The", subject, *between], int(plural)

    def _clause(self, rng: Random, length: int) -> list[str]:
        """So many words in the past tense, which shows no number, about things of either number."""
        words: list[str] = []
        while len(words) != length:
            # Too long: another try.
            words = [*words, "and"] if words and len(words) < length else []
            words += [rng.choice(WORDS["adverbs"])] if rng.random() < 0.5 else []
            words += [rng.choice(WORDS["verbs"])]
            words += self._things(rng) if rng.random() < 0.75 else []
            while rng.random() < 0.5:
                words += [rng.choice(WORDS["prepositions"]), *self._things(rng)]
        return words

    def _things(self, rng: Random) -> list[str]:
        plural = rng.random() < 0.5
        noun = rng.choice(WORDS["nouns"] if rng.random() < 0.3 else WORDS["things"])
        adjective = [rng.choice(WORDS["adjectives"])] if rng.random() < 0.5 else []
        determiner = rng.choice(DETERMINERS[plural])
        return [determiner, *adjective, noun + ("s" if plural else "")]

    def batch(self, rng: Random, size: int, distance: int) -> tuple[np.ndarray, np.ndarray]:
        """Word ids `(size, distance + 2)` and answers `(size,)`."""
        drawn = [self.sentence(rng, distance) for _ in range(size)]
        ids = np.array([[self.ids[word] for word in words] for words, _ in drawn])
        return ids, np.array([plural for _, plural in drawn])

    def loss(self, scores: np.ndarray, answers: np.ndarray) -> tuple[float, np.ndarray]:
        """Cross-entropy, and the gradient of the scores `(size, 2)`."""
        rows = np.arange(len(answers))
        log_probs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        gradient = np.exp(log_probs)
        gradient[rows, answers] -= 1.0
        return float(-log_probs[rows, answers].mean()), gradient / len(answers)

    def right(self, scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """Which answers are right, `(size,)`."""
        return scores.argmax(axis=1) == answers


@dataclass(frozen=True)
class Adding:
    """The task of adding two marked values, the first of them in the first half."""

    # A sum counts as right within this distance. Hochreiter & Schmidhuber allow twice as much: 0.04
    # of a target that is scaled from values in [-1, 1].
    tolerance: float = 0.04
    outputs: int = 1

    def batch(self, rng: Random, size: int, distance: int) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of value and marker `(size, distance, 2)` and sums `(size,)`."""
        values = np.random.default_rng(rng.getrandbits(64)).uniform(size=(size, distance))
        markers, half = np.zeros_like(values), distance // 2
        for row in markers:
            row[[rng.randrange(half), rng.randrange(half, distance)]] = 1.0
        return np.stack([values, markers], axis=2).astype("f"), (values * markers).sum(axis=1)

    def loss(self, scores: np.ndarray, answers: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean squared error, and the gradient of the scores `(size, 1)`."""
        errors = scores[:, 0] - answers.astype(scores.dtype)
        return float((errors**2).mean()), (2 * errors / len(errors))[:, None]

    def right(self, scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """Which answers are right, `(size,)`."""
        return np.abs(scores[:, 0] - answers) < self.tolerance


TASKS = {"agreement": Agreement(), "adding": Adding()}
