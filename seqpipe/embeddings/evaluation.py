"""How good vectors are: analogy questions by section (Mikolov et al. 2013, section 4.1) and word
similarity against human scores (Spearman). Counts are those of gensim and of word2vec's
compute-accuracy; what the vectors do not cover is left out and reported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import read_lines

from .matrix import Embeddings
from .similarity import EPSILON, check_method

# What the last column is called in the first line of published files.
HEADER = re.compile("score|mean|sim|rating|human|relat", re.IGNORECASE)

# Questions and candidates looked at together: their scores stay in the processor's cache.
QUESTIONS, CANDIDATES = 256, 1024


@dataclass(frozen=True)
class SectionScore:
    """Analogies of one section, or of several together.

    name (str): The section's name.
    correct (int): Questions answered rightly.
    covered (int): Questions whose four words are among the words that count.
    asked (int): All questions.
    """

    name: str
    correct: int
    covered: int
    asked: int

    @property
    def accuracy(self) -> float | None:
        """RETURNS (float): Right answers by covered questions; None if none is covered."""
        return self.correct / self.covered if self.covered else None

    @property
    def coverage(self) -> float:
        """RETURNS (float): Covered questions by all questions."""
        return self.covered / self.asked if self.asked else 0.0

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        counts = {"correct": self.correct, "covered": self.covered, "asked": self.asked}
        return {"accuracy": self.accuracy, "coverage": self.coverage, **counts}


@dataclass(frozen=True)
class AnalogyReport:
    """Analogies of a file.

    sections (List[SectionScore]): In the file's order.
    """

    sections: list[SectionScore]

    @property
    def total(self) -> SectionScore:
        """RETURNS (SectionScore): All questions together."""
        return _sum("total", self.sections)

    @property
    def totals(self) -> list[SectionScore]:
        """RETURNS (List[SectionScore]): Semantic and syntactic questions, if there are both (the
        sections named `gram...` are syntactic, as in word2vec), then all."""
        syntactic = [score for score in self.sections if score.name.startswith("gram")]
        semantic = [score for score in self.sections if not score.name.startswith("gram")]
        if not (semantic and syntactic):
            return [self.total]
        return [_sum("semantic", semantic), _sum("syntactic", syntactic), self.total]

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        totals = {score.name: score.as_dict() for score in self.totals}
        return {**totals, "sections": {score.name: score.as_dict() for score in self.sections}}


@dataclass(frozen=True)
class SimilarityScore:
    """Word similarity on a file.

    spearman (float): Rank correlation of cosine and human score, ties at their mean rank; None if
        fewer than two pairs are covered or one side is constant.
    covered (int): Pairs whose two words have vectors.
    asked (int): All pairs.
    """

    spearman: float | None
    covered: int
    asked: int

    @property
    def coverage(self) -> float:
        """RETURNS (float): Covered pairs by all pairs."""
        return self.covered / self.asked

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        counts = {"covered": self.covered, "asked": self.asked}
        return {"spearman": self.spearman, "coverage": self.coverage, **counts}


class Question(NamedTuple):
    """a is to b as c is to d, and the section it stands in.

    section (str): As the file names it.
    words (Tuple[str, str, str, str]): a, b, c and d.
    """

    section: str
    words: tuple[str, str, str, str]


class Pair(NamedTuple):
    """Two words and how similar people find them.

    a, b (str): The words.
    score (float): On the data set's own scale; more is more similar.
    """

    a: str
    b: str
    score: float


def evaluate_analogies(
    embeddings: Embeddings,
    path: str | Path,
    *,
    method: str = "3CosAdd",
    most_frequent: int | None = 30_000,
    ignore_case: bool = True,
) -> AnalogyReport:
    """Answer the analogy questions of a file.

    embeddings (Embeddings): The most frequent words first.
    path: Lines of four words, under lines like `: capital-common-countries`.
    method (str): "3CosAdd" or "3CosMul", see `similarity.analogy`.
    most_frequent (int): Only the first so many words are asked for and are candidates; None: all.
    ignore_case (bool): Whether words that differ in case are the same word, whose vector is that of
        the most frequent.
    RETURNS (AnalogyReport): By section.
    RAISES (InputError): If a line is broken (file and line), or the file has no question.
    """
    check_method(method)
    questions = list(read_questions(path))
    candidates = embeddings.first(most_frequent)
    places = _places(candidates, ignore_case)
    rows = _rows(places, [question.words for question in questions], ignore_case)
    is_covered = rows.min(axis=1) >= 0
    is_correct = np.zeros(len(questions), dtype=bool)
    same = _variants(candidates, places, ignore_case)
    answers = _answer(candidates, rows[is_covered], same, method)
    # Other cases of the answer are right too: the first variant of a word stands for all.
    is_correct[is_covered] = same[answers, 0] == rows[is_covered, 3]
    sections = np.array([question.section for question in questions])
    scores = []
    for name in dict.fromkeys(question.section for question in questions):
        own = sections == name
        counts = (is_correct[own].sum(), is_covered[own].sum(), own.sum())
        scores.append(SectionScore(name, *map(int, counts)))
    return AnalogyReport(scores)


def pair_files(paths: Iterable[Path]) -> list[Path]:
    """Put the text files of a folder in its place.

    paths (Iterable[Path]): Files of pairs with scores, or folders of them.
    RETURNS (List[Path]): The files, those of a folder by name.
    RAISES (InputError): If a folder has no `.txt` file.
    """
    files: list[Path] = []
    for path in paths:
        inner = sorted(path.glob("*.txt")) if path.is_dir() else [path]
        if not inner:
            raise InputError("no .txt file in this folder, expected pairs of words", path=path)
        files += inner
    return files


def evaluate_similarity(
    embeddings: Embeddings, path: str | Path, *, ignore_case: bool = True
) -> SimilarityScore:
    """Compare cosines with the scores that people gave to pairs of words.

    embeddings (Embeddings): With floret vectors every pair is covered.
    path: Lines of two words and a score, see `read_pairs`.
    ignore_case (bool): Whether words that differ in case are the same word.
    RETURNS (SimilarityScore): Spearman's correlation and the coverage.
    RAISES (InputError): If a line is broken (file and line), or the file has no pair.
    """
    pairs = list(read_pairs(path))
    places = _places(embeddings, ignore_case)
    covered = []
    for pair in pairs:
        rows = [places.get(_key(word, ignore_case)) for word in (pair.a, pair.b)]
        # What is none of the words may still have a vector, made of its n-grams.
        a, b = (
            word if row is None else embeddings.words[row]
            for word, row in zip((pair.a, pair.b), rows, strict=True)
        )
        if a in embeddings and b in embeddings:
            covered.append(Pair(a, b, pair.score))
    u, v = (embeddings[words].astype(np.float64) for words in _columns(covered))
    norms = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    cosines = np.einsum("ij,ij->i", u, v) / np.where(norms > 0, norms, 1)
    gold = np.array([pair.score for pair in covered])
    return SimilarityScore(spearman(gold, cosines), len(covered), len(pairs))


def spearman(x: np.ndarray, y: np.ndarray) -> float | None:
    """Compute Spearman's rank correlation: Pearson's of the ranks, ties at their mean rank.

    x (np.ndarray): (n,).
    y (np.ndarray): (n,).
    RETURNS (float): From -1 to 1, or None if one side is constant or there are fewer than two.
    """
    a, b = _ranks(x), _ranks(y)
    a, b = a - a.mean() if len(a) else a, b - b.mean() if len(b) else b
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm else None


def read_questions(path: str | Path) -> Iterator[Question]:
    """Read analogy questions: four words a line, under lines of a colon and the section's name.

    path: A text file, plain or gzipped.
    YIELDS (Question): In their order.
    RAISES (InputError): If a line is something else, or there is no question.
    """
    section, count = "", 0
    for number, line in read_lines(path):
        words = line.split()
        if line.startswith(":"):
            section = line[1:].strip()
            if not section:
                raise InputError("a section without a name", path=path, line=number)
        elif words and not section:
            message = "no section yet, expected a line like `: family` first"
            raise InputError(message, path=path, line=number)
        elif words:
            if len(words) != 4:
                message = f"{len(words)} words, expected 4 (a is to b as c is to d)"
                raise InputError(message, path=path, line=number)
            a, b, c, d = words
            yield Question(section, (a, b, c, d))
            count += 1
    if not count:
        raise InputError("no question in it, expected four words a line", path=path)


def read_pairs(path: str | Path) -> Iterator[Pair]:
    """Read word pairs and their scores, separated by tabs, by commas or else by white space.

    A line that starts with `#` is a comment; a first line may name the columns, if it calls the
    last one a score, mean or similarity.

    path: A text file, plain or gzipped.
    YIELDS (Pair): In their order.
    RAISES (InputError): If a line is something else, or there is no pair.
    """
    count = 0
    for number, line in read_lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        comma = "\t" not in line and "," in line
        parts = line.split("\t") if "\t" in line else line.split("," if comma else None)
        fields = [part.strip() for part in parts]
        is_header = number == 1 and len(fields) == 3 and HEADER.search(fields[2])
        if is_header:
            continue
        if len(fields) != 3 or not all(fields):
            message = f"{len(fields)} columns, expected 3 (word, word, score)"
            raise InputError(message, path=path, line=number)
        yield Pair(fields[0], fields[1], _score(fields[2], path, number))
        count += 1
    if not count:
        raise InputError("no pair in it, expected two words and a score a line", path=path)


def _score(text: str, path: str | Path, number: int) -> float:
    try:
        score = float(text)
    except ValueError:
        score = np.nan
    if not np.isfinite(score):
        raise InputError(f"score {text!r}, expected a number", path=path, line=number)
    return score


def _columns(pairs: list[Pair]) -> tuple[list[str], list[str]]:
    return [pair.a for pair in pairs], [pair.b for pair in pairs]


def _sum(name: str, scores: list[SectionScore]) -> SectionScore:
    counts = [(score.correct, score.covered, score.asked) for score in scores]
    return SectionScore(name, *(sum(column) for column in zip(*counts, strict=True)))


def _places(embeddings: Embeddings, ignore_case: bool) -> dict[str, int]:
    """RETURNS (Dict[str, int]): Each word's row; of words that differ in case only, the first's."""
    if not ignore_case:
        return embeddings.index
    # From the last to the first, so that the first stays.
    words = embeddings.words
    return {_key(words[row], True): row for row in range(len(words) - 1, -1, -1)}


def _key(word: str, ignore_case: bool) -> str:
    # Upper case, as gensim has it.
    return word.upper() if ignore_case else word


def _rows(places: dict[str, int], items: list[tuple[str, ...]], ignore_case: bool) -> np.ndarray:
    """RETURNS (np.ndarray): int (items, words), the row of each word, -1 where there is none."""
    return np.array([[places.get(_key(word, ignore_case), -1) for word in item] for item in items])


def _variants(embeddings: Embeddings, places: dict[str, int], ignore_case: bool) -> np.ndarray:
    """RETURNS (np.ndarray): int (words, most variants), the rows of all words that differ from a
    word in case only, its own and the first of them included; the first stands first."""
    if not ignore_case:
        return np.arange(len(embeddings))[:, None]
    first = np.array([places[_key(word, True)] for word in embeddings.words], dtype=np.intp)
    order = np.argsort(first, kind="stable")
    starts = np.searchsorted(first[order], first)
    counts = np.bincount(first, minlength=len(first))[first]
    nth = np.minimum(np.arange(max(counts.max(initial=1), 1)), counts[:, None] - 1)
    return order[starts[:, None] + nth]


def _answer(
    candidates: Embeddings, questions: np.ndarray, variants: np.ndarray, method: str
) -> np.ndarray:
    """RETURNS (np.ndarray): int (questions,), the row of each question's best candidate.

    The cosines of the few different words of the questions with all words are one product for each
    block of candidates; both methods put a question's scores together from three rows of it.

    questions (np.ndarray): int (questions, 4).
    variants (np.ndarray): int (words, n), for each word the rows that are left out with it.
    """
    best = np.zeros(len(questions), dtype=np.intp)
    highest = np.full(len(questions), -np.inf, dtype=np.float32)
    asked, places = np.unique(questions[:, :3], return_inverse=True)
    places = places.reshape(-1, 3)
    left_out = variants[questions[:, :3]].reshape(len(questions), 3 * variants.shape[1])
    for first in range(0, len(candidates), CANDIDATES):
        block = candidates.unit[first : first + CANDIDATES]
        # (words asked for, candidates)
        similar = candidates.unit[asked] @ block.T
        if method == "3CosMul":
            similar = (similar + 1) / 2
        for start in range(0, len(questions), QUESTIONS):
            part = slice(start, start + QUESTIONS)
            scores = _combine(similar, places[part], method)  # (questions, candidates)
            at, which = np.nonzero(
                (left_out[part] >= first) & (left_out[part] < first + len(block))
            )
            scores[at, left_out[part][at, which] - first] = -np.inf
            top = scores.argmax(axis=1)
            score = scores[np.arange(len(top)), top]
            # Of equals the first row stays.
            is_higher = score > highest[part]
            highest[part] = np.where(is_higher, score, highest[part])
            best[part] = np.where(is_higher, top + first, best[part])
    return best


def _combine(similar: np.ndarray, abc: np.ndarray, method: str) -> np.ndarray:
    """RETURNS (np.ndarray): The scores of `similarity.analogy`, but for 3CosAdd's division by the
    length of the sum, which is the same for all candidates."""
    a, b, c = abc.T
    if method == "3CosAdd":
        return similar[b] - similar[a] + similar[c]
    return similar[b] * similar[c] / (similar[a] + EPSILON)


def _ranks(x: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): float64 (n,), ranks from 1, ties at their mean."""
    _, which, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]
