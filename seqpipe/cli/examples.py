"""The examples of `seqpipe evaluate`: what they are of, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seqpipe.cli.example_texts import ClassifiedText, find_classifier, pick_texts
from seqpipe.cli.sentences import MarkedSentence, pick_sentences
from seqpipe.reporting.entities import mark_entities

if TYPE_CHECKING:
    from rich.console import Console
    from spacy.language import Language
    from spacy.training import Example


def find_examples(
    nlp: Language, gold: Sequence[Example], count: int
) -> list[ClassifiedText] | list[MarkedSentence]:
    """Pick texts with their class, where the data have classes, or else sentences with entities.

    nlp (Language): The pipeline that predicts.
    gold (Sequence[Example]): Gold; left as they are.
    count (int): How many, if the data have as many.
    RETURNS (List): The texts or the sentences.
    """
    classifier = find_classifier(nlp, gold)
    if classifier is not None:
        return pick_texts(nlp, gold, count, classifier=classifier)
    return pick_sentences(nlp, gold, count)


def example_record(example: ClassifiedText | MarkedSentence) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): An example for JSON.

    example: One of those found.
    """
    if isinstance(example, ClassifiedText):
        return example._asdict()
    return {
        "text": example.text,
        "predicted": [entity._asdict() for entity in example.predicted],
        "gold": [entity._asdict() for entity in example.gold],
    }


def print_examples(
    console: Console, examples: Sequence[ClassifiedText] | Sequence[MarkedSentence]
) -> None:
    """Print what is right in the examples, and what is wrong.

    console (Console): Where to.
    examples (Sequence): Those found.
    """
    from rich.text import Text

    sentences = [one for one in examples if isinstance(one, MarkedSentence)]
    labels = sorted({e.label for s in sentences for e in (*s.predicted, *s.gold)})
    console.print(Text("\nexamples", style="bold"))
    for example in examples:
        if isinstance(example, ClassifiedText):
            _print_text(console, example)
        else:
            console.print()
            _print_sentence(console, example, labels)


def _print_sentence(console: Console, sentence: MarkedSentence, labels: list[str]) -> None:
    marked = mark_entities(
        sentence.text,
        sentence.predicted,
        gold=sentence.gold,
        labels=labels,
        ascii_only=console.options.ascii_only,
    )
    console.print(marked)


def _print_text(console: Console, one: ClassifiedText) -> None:
    from rich.text import Text

    predicted = ", ".join(f"{label} {p:.2f}" for label, p in one.predicted.items()) or "none"
    cross = "x" if console.options.ascii_only else "✗"
    note = "" if one.is_right else f" {cross} gold: {', '.join(one.gold) or 'none'}"
    style = "bold green" if one.is_right else "bold red"
    console.print(Text(f"\n{predicted}{note}", style=style))
    console.print(Text(one.text))
