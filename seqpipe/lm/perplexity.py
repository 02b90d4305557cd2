"""The perplexity of text files, with what it means nothing without: vocabulary, unknown words,
tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language

from seqpipe.reporting.metrics import jsonable

from .language_model import LanguageModel
from .scores import TextScore, total
from .text_blocks import read_blocks


@dataclass
class FilePerplexity:
    """How well a model predicts a file.

    path (Path): The file.
    model (str): The component's name.
    predictable (int): How many different tokens it can predict.
    score (TextScore): Of the whole file.
    blank (int): How many lines have no word, and so are no sentences; 0 for a model that reads the
        text as it stands, with its line breaks.
    """

    path: Path
    model: str
    predictable: int
    score: TextScore
    blank: int = 0

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All numbers; None for what is infinite."""
        score = self.score
        return {
            "file": str(self.path),
            "model": self.model,
            "perplexity": jsonable(score.perplexity),
            "perplexity_of_known": jsonable(score.perplexity_of_known),
            "cross_entropy": jsonable(score.cross_entropy),
            "vocabulary": self.predictable,
            "tokens": score.tokens,
            "unknown": score.unknown,
            "oov_rate": score.oov_rate,
            "sentences": score.sentences,
            "blank_lines": self.blank,
            "zero_probability": score.words_without_probability,
            "zero_tokens": dict(score.impossible),
            "perplexity_of_possible": jsonable(score.perplexity_of_possible),
        }


def file_perplexities(
    nlp: Language,
    models: Mapping[str, LanguageModel],
    path: Path,
    *,
    tokenizer: str = "pipeline",
) -> list[FilePerplexity]:
    """Score a text file of any length: a sentence a line for models that predict the ends of
    sentences, the text as it stands for others. Some 33,000 tokens at a time are one doc, at whose
    beginning a model remembers nothing of the one before.

    nlp (Language): The pipeline.
    models (Mapping[str, LanguageModel]): Those of its components that are asked for, by name.
    path (Path): The file.
    tokenizer (str): "pipeline" or "whitespace".
    RETURNS (List[FilePerplexity]): One for each model.
    RAISES (InputError): If the file cannot be read or has no word.
    """
    found = [
        FilePerplexity(path, name, model.predictable, TextScore()) for name, model in models.items()
    ]
    for block in read_blocks(path, nlp, tokenizer=tokenizer):
        for row, model in zip(found, models.values(), strict=True):
            row.blank += block.blank if model.predicts_ends else 0
            with nlp.memory_zone():
                doc = block.doc(nlp.vocab, by_line=model.predicts_ends)
                (scores,) = model.sentence_scores([doc])
                row.score = _sum(row.score, total(scores))
    return found


def _sum(one: TextScore, other: TextScore) -> TextScore:
    return TextScore(
        sentences=one.sentences + other.sentences,
        tokens=one.tokens + other.tokens,
        unknown=one.unknown + other.unknown,
        log_prob=one.log_prob + other.log_prob,
        log_prob_of_known=one.log_prob_of_known + other.log_prob_of_known,
        impossible=one.impossible + other.impossible,
        impossible_unknown=one.impossible_unknown + other.impossible_unknown,
    )
