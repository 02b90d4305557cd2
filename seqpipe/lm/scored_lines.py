"""Texts of one line each with what a language model says of them, as rows to write."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.language import Language

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import source_name

from .annotations import NATS_A_UNIT
from .candidates import rank_candidates, read_candidates
from .find import run_before
from .given_texts import check_length, doc_of
from .language_model import LanguageModel
from .scores import SentenceScore, TextScore, total

logger = logging.getLogger("seqpipe")

BATCH = 256  # lines that are scored at a time

Lines = Iterable[tuple[int, str]]
Row = dict[str, Any]


def scored_lines(
    nlp: Language,
    model: LanguageModel,
    lines: Lines,
    source: Path,
    *,
    unit: str,
    tokenizer: str = "pipeline",
    with_tokens: bool = False,
) -> Iterator[Row]:
    """Score texts, a line each, as the pipeline would: `doc._.log_prob`.

    nlp (Language): The pipeline; what stands before the model is run.
    model (LanguageModel): One of its components.
    lines (Iterable[Tuple[int, str]]): Numbers and texts; empty ones are left out, and it is said
        how many.
    source (Path): Where they come from, for messages.
    unit (str): "nats", "bits" or "log10", of log-probabilities.
    tokenizer (str): See `doc_of`.
    with_tokens (bool): Give each row its tokens.
    YIELDS (Dict[str, Any]): line, log_prob, perplexity, tokens, unknown and text.
    RAISES (InputError): If there is no text, or a line is at fault; the lines before it have been
        yielded.
    """
    empty: list[int] = []
    scored = TextScore()
    for batch in _batches(_checked(lines, nlp, source), empty):
        with nlp.memory_zone():
            made = [doc_of(nlp, text, tokenizer=tokenizer) for _, text in batch]
            docs = list(run_before(nlp, model, made))
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
    if len(empty) == 1:
        logger.warning("1 empty line is left out, line %d", empty[0])
    elif empty:
        logger.warning("%d empty lines are left out, the first is line %d", len(empty), empty[0])
    if not scored.tokens:
        raise InputError("no text, expected one a line", path=source_name(source))
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
    tokenizer: str = "pipeline",
) -> Iterator[Row]:
    """Put lists of candidates in order.

    nlp (Language): The pipeline.
    model (LanguageModel): One of its components.
    lines (Iterable[Tuple[int, str]]): See `read_candidates`.
    source (Path): Where they come from; its name says whether they are JSON.
    unit (str): Of log-probabilities.
    weight (float): Of the candidates' own scores.
    tokenizer (str): See `doc_of`.
    YIELDS (Dict[str, Any]): id, rank, total, log_prob, score, unknown and text, each list best
        first.
    RAISES (InputError): If a line is at fault, or there is none.
    """
    is_json = source.name.removesuffix(".gz").endswith(".jsonl")
    name, is_empty = source_name(source), True
    for candidates in read_candidates(lines, name, is_json=is_json, longest=nlp.max_length):
        is_empty = False
        with nlp.memory_zone():
            ranked = rank_candidates(
                nlp, model, candidates, weight=weight, unit=unit, tokenizer=tokenizer
            )
        for one in ranked:
            yield {
                "id": one.candidate.list_id,
                "rank": one.rank,
                "total": one.total,
                "log_prob": one.log_prob,
                "score": one.candidate.score,
                "unknown": one.unknown,
                "text": one.candidate.text,
            }
    if is_empty:
        raise InputError("no candidates, expected some", path=name)


def _batches(lines: Lines, empty: list[int]) -> Iterator[list[tuple[int, str]]]:
    """Lines with text; the numbers of others are added to `empty`. What stands before a line that
    cannot be read comes before its fault."""
    rest = iter(lines)
    fault: InputError | None = None
    is_more = True
    while is_more and fault is None:
        batch: list[tuple[int, str]] = []
        is_more = False
        try:
            for number, text in islice(rest, BATCH):
                is_more = True
                if text.strip():
                    batch.append((number, text))
                else:
                    empty.append(number)
        except InputError as error:
            fault = error
        if batch:
            yield batch
    if fault is not None:
        raise fault


def _checked(lines: Lines, nlp: Language, source: Path) -> Lines:
    for number, text in lines:
        check_length(text, nlp.max_length, path=source_name(source), line=number)
        yield number, text


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
