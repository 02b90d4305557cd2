"""Lists of candidates, such as the n best transcripts of a recogniser, put in order by how likely
a language model holds them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from spacy.language import Language

from seqpipe.files import InputError

from .annotations import NATS_A_UNIT
from .find import run_before
from .given_texts import check_length, doc_of
from .language_model import LanguageModel

FORMATS = (
    'expected ID<tab>TEXT, ID<tab>SCORE<tab>TEXT, or {"id": ..., "candidates": [TEXT, ...]}, where '
    'a candidate may be {"text": ..., "score": ...}'
)


@dataclass(frozen=True)
class Candidate:
    """One of several texts that are to be chosen from.

    list_id (str): Which list it is in.
    text (str): The text.
    score (Optional[float]): What whoever made the list says of it, the higher the better, such as
        an acoustic log-probability.
    """

    list_id: str
    text: str
    score: float | None = None


@dataclass(frozen=True)
class Ranked:
    """A candidate in its place.

    candidate (Candidate): As it was read.
    rank (int): From 1, the best.
    log_prob (float): The language model's, of the whole text.
    total (float): With the candidate's own score: what decides.
    unknown (int): Words that the language model takes for <UNK>.
    """

    candidate: Candidate
    rank: int
    log_prob: float
    total: float
    unknown: int


def read_candidates(
    lines: Iterable[tuple[int, str]], path: str, *, is_json: bool, longest: int
) -> Iterator[list[Candidate]]:
    """Read lists of candidates.

    lines (Iterable[Tuple[int, str]]): Each line's number and text; blank ones are passed over.
    path (str): Where they come from, for messages.
    is_json (bool): A line is a JSON object with a list; else a line is a candidate, with tabs
        between its columns, and those of one list stand one after another.
    longest (int): Characters of a text at most.
    YIELDS (List[Candidate]): The candidates of each list; all have a score or none has.
    RAISES (InputError): With the line, if it is not of the format.
    """
    rows = _json_candidates(lines, path) if is_json else _tabbed_candidates(lines, path)
    seen: set[str] = set()
    for list_id, found in groupby(rows, key=lambda row: row[1].list_id):
        numbered = list(found)
        number = numbered[0][0]
        if list_id in seen:
            message = f"the list {list_id!r} again, expected its candidates one after another"
            raise InputError(message, path=path, line=number)
        seen.add(list_id)
        candidates = [candidate for _, candidate in numbered]
        for line, candidate in numbered:
            check_length(candidate.text, longest, path=path, line=line)
        if len({candidate.score is None for candidate in candidates}) > 1:
            message = f"the list {list_id!r} has scores for some candidates, expected all or none"
            raise InputError(message, path=path, line=number)
        yield candidates


def rank_candidates(
    nlp: Language,
    model: LanguageModel,
    candidates: list[Candidate],
    *,
    weight: float = 1.0,
    unit: str = "nats",
    tokenizer: str = "pipeline",
) -> list[Ranked]:
    """Put a list in order: log P(text) + weight · score.

    P is that of the whole text. Of candidates of different lengths the shorter ones are not marked
    down for it: it is what Bayes' rule asks for, and dividing by the length would favour long
    candidates of frequent words.

    nlp (Language): The pipeline; what stands before the model is run.
    model (LanguageModel): One of its components.
    candidates (List[Candidate]): A list.
    weight (float): Of the candidates' own scores, where they have one.
    unit (str): "nats", "bits" or "log10", of log P.
    tokenizer (str): See `doc_of`.
    RETURNS (List[Ranked]): The best first; equal ones as they were.
    """
    made = [doc_of(nlp, one.text, tokenizer=tokenizer) for one in candidates]
    found = model.sentence_scores(list(run_before(nlp, model, made)))
    log_probs = [
        float(np.sum([score.log_prob for score in scores])) / NATS_A_UNIT[unit] for scores in found
    ]
    unknown = [sum(int(score.is_unknown.sum()) for score in scores) for scores in found]
    totals = [
        log_prob + weight * (one.score or 0.0)
        for one, log_prob in zip(candidates, log_probs, strict=True)
    ]
    order = sorted(range(len(candidates)), key=lambda place: -totals[place])
    return [
        Ranked(candidates[place], rank, log_probs[place], totals[place], unknown[place])
        for rank, place in enumerate(order, start=1)
    ]


def _tabbed_candidates(
    lines: Iterable[tuple[int, str]], path: str
) -> Iterator[tuple[int, Candidate]]:
    for number, line in lines:
        if not line.strip():
            continue
        columns = line.split("\t")
        if len(columns) not in (2, 3):
            count = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
            raise InputError(f"{count}, {FORMATS}", path=path, line=number)
        list_id, *scores, text = columns
        score = _number(scores[0], path, number) if scores else None
        yield number, _candidate(list_id, text, score, path, number)


def _json_candidates(
    lines: Iterable[tuple[int, str]], path: str
) -> Iterator[tuple[int, Candidate]]:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            list_id, found = record["id"], record["candidates"]
            pairs = [_pair(one) for one in found]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"{error!r}, {FORMATS}", path=path, line=number) from None
        if not isinstance(list_id, str | int) or not pairs:
            raise InputError(f"no id or no candidate, {FORMATS}", path=path, line=number)
        for text, score in pairs:
            given = None if score is None else _number(score, path, number)
            yield number, _candidate(str(list_id), text, given, path, number)


def _pair(found: Any) -> tuple[str, Any]:
    text, score = (found, None) if isinstance(found, str) else (found["text"], found.get("score"))
    if not isinstance(text, str):
        raise TypeError(f"text {text!r}")
    text.encode()  # JSON can escape half a character, which no Doc can hold
    return text, score


def _candidate(list_id: str, text: str, score: float | None, path: str, number: int) -> Candidate:
    if not text.strip():
        message = f"an empty candidate in the list {list_id!r}, expected words"
        raise InputError(message, path=path, line=number)
    return Candidate(list_id, text.strip(), score)


def _number(found: Any, path: str, line: int) -> float:
    try:
        score = float(found)
    except (TypeError, ValueError):
        score = math.nan
    if isinstance(found, bool) or not math.isfinite(score):
        raise InputError(f"score {found!r}, expected a number", path=path, line=line)
    return score
