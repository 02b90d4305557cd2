"""Texts of one line each with what a language model says of them, as rows to write."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.language import Language

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import decode, read_lines

from .annotations import NATS_A_UNIT
from .candidates import rank_candidates, read_candidates
from .find import run_before
from .language_model import LanguageModel
from .scores import SentenceScore, TextScore, total

logger = logging.getLogger("seqpipe")

BATCH = 256  # lines that are scored at a time
STANDARD_INPUT = "-"

Lines = Iterable[tuple[int, str]]
Row = dict[str, Any]


def lines_of(source: Path) -> Iterator[tuple[int, str]]:
    """YIELDS (Tuple[int, str]): Each line's number, from 1, and its text without the line's end.

    source (Path): A UTF-8 file, plain or gzip; "-" for standard input.
    RAISES (InputError): If a line is no UTF-8, or standard input is closed.
    """
    if str(source) != STANDARD_INPUT:
        yield from read_lines(source)
        return
    if sys.stdin is None:
        raise InputError("standard input is closed, expected texts there, or a file of texts")
    for number, line in enumerate(sys.stdin.buffer, start=1):
        yield number, decode(line, "standard input", number).rstrip("\r\n")


def scored_lines(
    nlp: Language, model: LanguageModel, lines: Lines, *, unit: str, with_tokens: bool = False
) -> Iterator[Row]:
    """Score texts, a line each, as the pipeline would: `doc._.log_prob`.

    nlp (Language): The pipeline; what stands before the model is run.
    model (LanguageModel): One of its components.
    lines (Iterable[Tuple[int, str]]): Numbers and texts; empty ones are left out, and it is said
        how many.
    unit (str): "nats", "bits" or "log10", of log-probabilities.
    with_tokens (bool): Give each row its tokens.
    YIELDS (Dict[str, Any]): line, log_prob, perplexity, tokens, unknown and text.
    RAISES (InputError): If there is no text.
    """
    empty: list[int] = []
    scored = TextScore()
    for batch in _batches(lines, empty):
        with nlp.memory_zone():
            docs = list(run_before(nlp, model, [nlp.make_doc(text) for _, text in batch]))
            found = model.sentence_scores(docs)
        for (number, text), scores in zip(batch, found, strict=True):
            row = _row(number, text, scores, unit)
            if with_tokens:
                row["each"] = _token_rows(scores, unit)
            yield row
        whole = total(score for scores in found for score in scores)
        scored.tokens += whole.tokens
        scored.log_prob += whole.log_prob
        scored.impossible += whole.impossible
    if empty:
        logger.warning("%d empty lines are left out, the first is line %d", len(empty), empty[0])
    if not scored.tokens:
        raise InputError("no text, expected one a line")
    if scored.impossible:
        logger.warning("%s: %s", model.name, scored.zero_message())


def ranked_lines(
    nlp: Language,
    model: LanguageModel,
    lines: Lines,
    source: Path,
    *,
    unit: str,
    weight: float,
) -> Iterator[Row]:
    """Put lists of candidates in order.

    nlp (Language): The pipeline.
    model (LanguageModel): One of its components.
    lines (Iterable[Tuple[int, str]]): See `read_candidates`.
    source (Path): Where they come from; its name says whether they are JSON.
    unit (str): Of log-probabilities.
    weight (float): Of the candidates' own scores.
    YIELDS (Dict[str, Any]): id, rank, total, log_prob, score and text, each list best first.
    RAISES (InputError): If a line is at fault, or there is none.
    """
    is_json = source.name.removesuffix(".gz").endswith(".jsonl")
    name = "standard input" if str(source) == STANDARD_INPUT else str(source)
    is_empty = True
    for candidates in read_candidates(lines, name, is_json=is_json):
        is_empty = False
        with nlp.memory_zone():
            ranked = rank_candidates(nlp, model, candidates, weight=weight, unit=unit)
        for one in ranked:
            yield {
                "id": one.candidate.list_id,
                "rank": one.rank,
                "total": one.total,
                "log_prob": one.log_prob,
                "score": one.candidate.score,
                "text": one.candidate.text,
            }
    if is_empty:
        raise InputError("no candidates, expected some", path=name)


def _batches(lines: Lines, empty: list[int]) -> Iterator[list[tuple[int, str]]]:
    """Lines with text; the numbers of others are added to `empty`."""
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        empty += [number for number, text in batch if not text.strip()]
        if texts := [(number, text) for number, text in batch if text.strip()]:
            yield texts


def _row(number: int, text: str, scores: list[SentenceScore], unit: str) -> Row:
    found = total(scores)
    log_prob = -float("inf") if found.impossible else found.log_prob / NATS_A_UNIT[unit]
    return {
        "line": number,
        "log_prob": log_prob,
        "perplexity": found.perplexity,
        "tokens": found.tokens,
        "unknown": found.unknown,
        "text": text,
    }


def _token_rows(scores: list[SentenceScore], unit: str) -> list[Row]:
    scale = NATS_A_UNIT[unit]
    return [
        {"token": token, "log_prob": log_prob / scale, "unknown": unknown}
        for score in scores
        for token, log_prob, unknown in zip(
            score.tokens, score.log_probs.tolist(), score.is_unknown.tolist(), strict=True
        )
    ]
