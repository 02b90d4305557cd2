"""Texts side by side, token by token: which one a language model holds likelier, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from spacy.tokens import Doc

from seqpipe.reporting.metrics import jsonable

from .language_model import LanguageModel
from .scores import TextScore, total


@dataclass(frozen=True)
class ScoredToken:
    """A token of a text.

    text (str): As written, or "<EOS>".
    log_prob (float): In nats.
    is_unknown (bool): The model took it for <UNK>.
    """

    text: str
    log_prob: float
    is_unknown: bool


# For each text its token, None where it has none.
Row = tuple[ScoredToken | None, ...]


@dataclass(frozen=True)
class Comparison:
    """Texts and what a model says of them.

    texts (List[str]): The texts.
    scores (List[TextScore]): Of each.
    log_probs (List[float]): Of each, in nats; -inf if a token has probability 0.
    rows (List[Row]): Tokens that stand beside each other.
    """

    texts: list[str]
    scores: list[TextScore]
    log_probs: list[float]
    rows: list[Row]

    @property
    def ranked(self) -> list[int]:
        """RETURNS (List[int]): Places of the texts, the likeliest first."""
        return sorted(range(len(self.texts)), key=lambda place: -self.log_probs[place])

    def as_dict(self, scale: float) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All of it as plain data; None for what is infinite.

        scale (float): Nats to one of the unit that log-probabilities shall have.
        """
        columns = zip(*self.rows, strict=True)
        texts = zip(self.texts, self.scores, self.log_probs, columns, strict=True)
        return {
            "ranked": self.ranked,
            "texts": [
                {
                    "text": text,
                    "log_prob": jsonable(log_prob / scale),
                    "perplexity": jsonable(score.perplexity),
                    "tokens": [
                        {
                            "text": token.text,
                            "log_prob": jsonable(token.log_prob / scale),
                            "unknown": token.is_unknown,
                        }
                        for token in column
                        if token is not None
                    ],
                }
                for text, score, log_prob, column in texts
            ],
        }


def compare_texts(model: LanguageModel, docs: Sequence[Doc]) -> Comparison:
    """Score texts and put their tokens side by side.

    model (LanguageModel): Scores them.
    docs (Sequence[Doc]): Two or more docs.
    RETURNS (Comparison): The tokens of each text are aligned with those of the first, so that equal
        ones stand in one row.
    """
    found = model.sentence_scores(docs)
    texts = [
        [
            ScoredToken(*triple)
            for score in scores
            for triple in zip(
                score.tokens, score.log_probs.tolist(), score.is_unknown.tolist(), strict=True
            )
        ]
        for scores in found
    ]
    return Comparison(
        texts=[doc.text for doc in docs],
        scores=[total(scores) for scores in found],
        log_probs=[float(np.sum([token.log_prob for token in tokens])) for tokens in texts],
        rows=side_by_side(texts),
    )


def side_by_side(texts: Sequence[Sequence[ScoredToken]]) -> list[Row]:
    """Align the tokens of texts with those of the first.

    texts (Sequence[Sequence[ScoredToken]]): The tokens of each text.
    RETURNS (List[Row]): Every token stands in one row, in its text's order.
    """
    first = texts[0]
    # For each text its tokens before, in place of, and behind those of the first: slot i holds what
    # goes with the first text's token i, and then what it has more before token i + 1.
    columns = [_slots(first, text) for text in texts]
    rows: list[Row] = []
    for slot in zip(*columns, strict=True):
        height = max(map(len, slot))
        padded = [[*tokens, *[None] * (height - len(tokens))] for tokens in slot]
        rows += zip(*padded, strict=True)
    return [row for row in rows if any(row)]


def _slots(
    first: Sequence[ScoredToken], text: Sequence[ScoredToken]
) -> list[list[ScoredToken | None]]:
    """A list for each token of the first text, and one before them all, which begins with None
    since no token of the first is there."""
    slots: list[list[ScoredToken | None]] = [[None] for _ in range(len(first) + 1)]
    matcher = SequenceMatcher(
        None, [token.text for token in first], [token.text for token in text], autojunk=False
    )
    for _, start, end, other_start, other_end in matcher.get_opcodes():
        tokens = list(text[other_start:other_end])
        pairs = min(end - start, len(tokens))
        for place in range(pairs):
            slots[start + 1 + place][0] = tokens[place]
        # Those without a partner stand behind the last that has one.
        slots[start + pairs] += tokens[pairs:]
    return slots
