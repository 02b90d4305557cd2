"""Whose fault a wrong translation is: the search's, if the model itself scores a reference higher
than the output, else the model's (Ng, Sequence Models, 2018, week 3, error analysis in beam
search)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.vocabulary import Vocabulary

from .text_checks import NEVER_WRITTEN
from .translation import Translation

RIGHT, SEARCH, MODEL, OUT_OF_REACH = "right", "search", "model", "out of reach"
UNKNOWN, SPECIAL, TOO_LONG, TOO_SHORT, REPEATS, EMPTY, NO_SOURCE = (
    "unknown pieces",
    "special pieces",
    "longer than the maximum length",
    "shorter than the minimum length",
    "repeats what may not be repeated",
    "the reference is empty",
    "the source is empty",
)
UNK, EOS = Vocabulary.UNK, Vocabulary.EOS
# Scores that differ by no more are the same: output and reference are computed in batches of other
# sizes, where single precision may round otherwise.
RELATIVE, ABSOLUTE = 1e-5, 1e-6


@dataclass(frozen=True)
class Reach:
    """What the search may write at all.

    max_length (int): Pieces at most, <EOS> among them; 0 for an empty source, for which nothing is
        searched.
    min_length (int): Pieces before <EOS> at least.
    no_repeat (int): No n-gram of so many pieces stands twice; 0 lets all.
    """

    max_length: int
    min_length: int = 0
    no_repeat: int = 0

    def excludes(self, pieces: Sequence[str]) -> str | None:
        """RETURNS (Optional[str]): Why no beam, however wide, could write a reference; None if one
        could. Of unknown pieces it can write no more than <UNK>.

        pieces (Sequence[str]): Those of the reference as they would be written, "<EOS>" last.
        """
        size = self.no_repeat
        if not self.max_length:
            return NO_SOURCE
        if len(pieces) == 1:
            return EMPTY
        if {*pieces[:-1]} & {*NEVER_WRITTEN}:
            return SPECIAL
        if UNK in pieces:
            return UNKNOWN
        if len(pieces) > self.max_length:
            return TOO_LONG
        if len(pieces) - 1 < self.min_length:
            return TOO_SHORT
        ngrams = [tuple(pieces[at : at + size]) for at in range(len(pieces) - size + 1)]
        return REPEATS if size and len(set(ngrams)) < len(ngrams) else None


@dataclass(frozen=True)
class Target:
    """A reference as the model scores it.

    text (str): As it was given.
    forced (Translation): Its pieces as the search would write them, <UNK> for unknown ones, their
        log-probabilities, and its score.
    out_of_reach (Optional[str]): Why the search cannot write it; None if it can.
    """

    text: str
    forced: Translation
    out_of_reach: str | None


@dataclass(frozen=True)
class Judged:
    """A sentence, what it became at one beam width, and whose fault that is.

    number (int): Of the sentence, from 1.
    width (int): The beam width.
    tokens (int): Of the source.
    source (str): Its text.
    references (Tuple[str, ...]): All of them.
    output (Translation): ŷ, what the search found.
    target (Target): y*, the reference of the highest score.
    verdict (str): "right", "search", "model" or "out of reach".
    """

    number: int
    width: int
    tokens: int
    source: str
    references: tuple[str, ...]
    output: Translation
    target: Target
    verdict: str

    def without_attention(self) -> Judged:
        """RETURNS (Judged): The same with a hundredth of the memory."""
        output = replace(self.output, attention=None)
        forced = replace(self.target.forced, attention=None)
        return replace(self, output=output, target=replace(self.target, forced=forced))

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): As plain data, without log-probabilities of single pieces and
        attention; None for what is infinite."""
        return {
            "number": self.number,
            "width": self.width,
            "verdict": self.verdict,
            "source": self.source,
            "references": list(self.references),
            "output": {"text": self.output.text, **_numbers(self.output)},
            "reference": {"text": self.target.text, **_numbers(self.target.forced)},
            "out_of_reach": self.target.out_of_reach,
        }


@dataclass(frozen=True)
class ShownError:
    """An error to look at.

    judged (Judged): The error, with attention.
    source_pieces (Tuple[str, ...]): What attention was paid to.
    """

    judged: Judged
    source_pieces: tuple[str, ...]


def _numbers(translation: Translation) -> dict[str, Any]:
    return {
        "score": _finite(translation.score),
        "log_prob": _finite(translation.log_prob),
        "pieces": len(translation.pieces),
        "finished": translation.finished,
    }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def any_known(pieces: Sequence[str]) -> bool:
    """RETURNS (bool): Whether a reference has a piece that the model can write, and none that it
    never writes: only such a one is scored.

    pieces (Sequence[str]): As they would be written.
    """
    return bool({*pieces} - {UNK, EOS}) and not {*pieces[:-1]} & {*NEVER_WRITTEN}


def no_score(text: str, pieces: tuple[str, ...]) -> Translation:
    """RETURNS (Translation): A reference of which the model can say nothing: all scores are -inf.

    text (str): The reference.
    pieces (Tuple[str, ...]): As they would be written.
    """
    return Translation(text, pieces, np.full(len(pieces), -np.inf), -math.inf, True)


def judge(output: Translation, known: Sequence[Target]) -> tuple[str, Target]:
    """Say whether an output is right, and else what kept the search from a reference.

    y* is the reference of the highest score; one that the search could write goes before one that
    it could not, whose score tells nothing of the search. Then:

    - "right": the output is one of the references; or it has the pieces of one, none of them
      unknown: the model can write nothing nearer, whatever case or white space its vocabulary
      loses.
    - "out of reach": no beam could write any reference: all have unknown pieces (the search can
      write <UNK>, but that is not the reference, and its log P is that of all unknown words
      together), are longer than the maximum length, or break another limit. Neither a wider beam
      nor a better score would help, so it is counted apart.
    - "search": y* scores higher. Also if the output was cut at the maximum length: the search ranks
      all that end with <EOS> before what does not, and so y* before the output; and their scores
      cannot be compared, as the output's lacks P(<EOS>).
    - "model": all else. Equal scores too: a perfect search would have no reason to prefer y*.

    output (Translation): ŷ.
    known (Sequence[Target]): The references, one or more.
    RETURNS (Tuple[str, Target]): The verdict, and y*.
    RAISES (InputError): If a score is not a number.
    """
    if any(math.isnan(one.score) for one in (output, *(target.forced for target in known))):
        raise InputError(f"the score of {output.text!r} or of its reference is not a number")
    best = max(known, key=lambda target: (target.out_of_reach is None, target.forced.score))
    for target in known:
        is_same = output.pieces == target.forced.pieces and UNK not in output.pieces
        if is_same or output.text.strip() == target.text.strip():
            return RIGHT, target
    if best.out_of_reach is not None:
        return OUT_OF_REACH, best
    if not output.finished or _is_higher(best.forced.score, output.score):
        return SEARCH, best
    return MODEL, best


def _is_higher(score: float, other: float) -> bool:
    is_same = math.isclose(score, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return score > other and not is_same
