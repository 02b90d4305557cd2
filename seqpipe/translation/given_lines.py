"""Lines of a file with what a translator makes of them: translations, or scores of pairs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from seqpipe.files import InputError
from seqpipe.reporting.metrics import jsonable
from seqpipe.reporting.text_page import plain
from seqpipe.vocabulary.text_lines import STANDARD_INPUT
from seqpipe.vocabulary.vocabulary import Vocabulary

from .given_texts import batches, doc_of, located
from .parallel import Pair
from .search import SearchOptions
from .translation import Translation

if TYPE_CHECKING:
    from .rnn_translator import RNNTranslator

BATCH = 256  # lines that are worked on at a time
TAB = "\t"
ALL = "all"  # in place of a line's number

Translate = Callable[[list[Doc]], list[list[Translation]]]


class TranslatedLine(NamedTuple):
    """A line and what it became.

    line (int): Its number, from 1.
    source (str): Its text, without white space around it.
    translations (List[Translation]): Best first, one at least; that of an empty line is empty.
    """

    line: int
    source: str
    translations: list[Translation]

    def as_dict(self, *, with_all: bool) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The best as plain data.

        with_all (bool): Whether to add a list of all.
        """
        found: dict[str, Any] = {"line": self.line, "source": self.source}
        found |= self.translations[0].as_dict()
        if with_all:
            found["translations"] = [one.as_dict() for one in self.translations]
        return found

    def written(self, *, as_json: bool, with_all: bool) -> Iterator[str]:
        """YIELDS (str): The lines to write of it, each of one line whatever stands in it.

        as_json (bool): As a JSON object.
        with_all (bool): All translations, as text each with its rank and score before it and tabs
            between; else the best alone.
        """
        if as_json:
            yield json.dumps(jsonable(self.as_dict(with_all=with_all)), ensure_ascii=False) + "\n"
            return
        for rank, one in enumerate(self.translations if with_all else self.translations[:1], 1):
            text = plain(one.text).replace("\n", " ")
            if with_all:
                text = f"{rank}\t{one.score:.6g}\t{text.replace(TAB, ' ')}"
            yield f"{text}\n"


def batch_size(source: Path | None) -> int:
    """RETURNS (int): How many lines of a file to translate at a time: who types texts wants each
    at once.

    source (Optional[Path]): The file; "-" for standard input.
    """
    is_typed = str(source) == STANDARD_INPUT and sys.stdin is not None and sys.stdin.isatty()
    return 1 if is_typed else BATCH


def translate_lines(
    nlp: Language,
    pipe: RNNTranslator,
    lines: Iterable[tuple[int, str]],
    translate: Translate,
    *,
    path: str | Path | None = None,
    at_a_time: int = BATCH,
) -> Iterator[TranslatedLine]:
    """Translate texts, a line each, as they come in.

    nlp (Language): The pipeline; what stands before the translator is run.
    pipe (RNNTranslator): One of its components.
    lines (Iterable[Tuple[int, str]]): Numbers and texts.
    translate (Callable): Gives the translations of each doc.
    path: Where the lines come from, for messages.
    at_a_time (int): How many are translated at a time.
    YIELDS (TranslatedLine): Each line.
    RAISES (InputError): If a line is at fault; the lines before it have been yielded.
    """
    for batch in batches(lines, at_a_time):
        with nlp.memory_zone():
            docs, fault = _docs(nlp, pipe, batch, path)
            texts = [doc.text for doc in docs]
            found = translate(docs)
        for (number, _), text, translations in zip(batch, texts, found, strict=False):
            yield TranslatedLine(number, text, translations)
        if fault is not None:
            raise fault


def _docs(
    nlp: Language,
    pipe: RNNTranslator,
    lines: Iterable[tuple[int, str]],
    path: str | Path | None,
) -> tuple[list[Doc], InputError | None]:
    """Docs up to the first line at fault, and the fault."""
    docs: list[Doc] = []
    for number, text in lines:
        try:
            docs.append(doc_of(nlp, pipe, text, path=path, line=number))
        except InputError as error:
            return docs, error
    return docs, None


class ScoredPair(NamedTuple):
    """A pair and what the model says of it.

    line (int): Its number, from 1.
    target (Translation): As a search would score it.
    is_unknown (np.ndarray): bool (T,), which pieces of the target are <UNK> to the model.
    """

    line: int
    target: Translation
    is_unknown: np.ndarray

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): As plain data: a row of a table."""
        total = ScoreTotal()
        total.add(self)
        score, text = self.target.score, self.target.text
        return {"line": self.line, **total.as_dict(), "score": score, "target": text}

    def piece_rows(self) -> list[dict[str, Any]]:
        """RETURNS (List[Dict[str, Any]]): A row for each piece."""
        return [
            {
                "line": self.line,
                "piece": piece,
                "log_prob": log_prob,
                "perplexity": _perplexity(log_prob),
                "unknown": int(unknown),
            }
            for piece, log_prob, unknown in zip(
                self.target.pieces,
                self.target.log_probs.tolist(),
                self.is_unknown.tolist(),
                strict=True,
            )
        ]


def score_pairs(
    nlp: Language,
    pipe: RNNTranslator,
    pairs: Iterable[Pair],
    options: SearchOptions,
    *,
    paths: tuple[Path, Path] | None = None,
) -> Iterator[ScoredPair]:
    """Score given translations.

    nlp (Language): The pipeline; what stands before the translator is run.
    pipe (RNNTranslator): One of its components.
    pairs (Iterable[Pair]): Each with one reference.
    options (SearchOptions): By which a search would rank them.
    paths (Optional[Tuple[Path, Path]]): The files of sources and targets, for messages.
    YIELDS (ScoredPair): Each pair.
    RAISES (InputError): If a pair is at fault; those before it have been yielded.
    """
    source, target = paths or (None, None)
    for batch in batches(pairs, BATCH):
        with nlp.memory_zone():
            docs, fault = _docs(nlp, pipe, [(pair.line, pair.source) for pair in batch], source)
            found, target_fault = _scored(pipe, docs, batch[: len(docs)], options, target)
        yield from found
        first = target_fault or fault
        if first is not None:
            raise first


def _scored(
    pipe: RNNTranslator,
    docs: list[Doc],
    pairs: list[Pair],
    options: SearchOptions,
    path: Path | None,
) -> tuple[list[ScoredPair], InputError | None]:
    """Pairs up to the first target at fault, and the fault."""
    targets = [pair.references[0] for pair in pairs]
    fault: InputError | None = None
    try:
        scored = pipe.score_targets(docs, targets, options)
    except InputError:
        # Which one it is shows when they come one by one.
        scored = []
        for doc, text, pair in zip(docs, targets, pairs, strict=True):
            try:
                with located(path, pair.line):
                    scored += pipe.score_targets([doc], [text], options)
            except InputError as error:
                fault = error
                break
    units = pipe.units.target
    found = [
        ScoredPair(pair.line, one, units.target(one.text).ids == Vocabulary.UNK_ID)
        for pair, one in zip(pairs, scored, strict=False)
    ]
    return found, fault


@dataclass
class ScoreTotal:
    """Pairs together.

    pairs, pieces, unknown (int): How many there are; <EOS> is a piece.
    log_prob (float): Of all, in nats.
    """

    pairs: int = 0
    pieces: int = 0
    unknown: int = 0
    log_prob: float = 0.0

    def add(self, pair: ScoredPair) -> None:
        """Count a pair in.

        pair (ScoredPair): It.
        """
        self.pairs += 1
        self.pieces += len(pair.target.pieces)
        self.unknown += int(pair.is_unknown.sum())
        self.log_prob += pair.target.log_prob

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): log_prob and log_prob of a piece, in nats, the perplexity of a
        piece, pieces, and unknown ones."""
        per_piece = self.log_prob / self.pieces if self.pieces else math.nan
        return {
            "log_prob": self.log_prob,
            "per_piece": per_piece,
            "perplexity": _perplexity(per_piece),
            "pieces": self.pieces,
            "unknown": self.unknown,
        }

    def row(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): With the columns of `ScoredPair.as_dict`."""
        return {"line": ALL, **self.as_dict(), "score": None, "target": None}

    def piece_row(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): With the columns of `ScoredPair.piece_rows`."""
        found = self.as_dict()
        return {"line": ALL, "piece": None} | {
            name: found[name] for name in ("log_prob", "perplexity", "unknown")
        }


def _perplexity(log_prob: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(-log_prob))
