"""Learns the vocabulary of a tokenizer, and tells what it does not know: word by word of some
examples, and how much of a text at several sizes of the vocabulary."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.language import Language

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.vocabulary.vocabulary import Vocabulary

# Of the most frequent words.
SIZES = (10, 100, 300, 1000)


def unknown_by_size(vocabulary: Vocabulary, words: Counter[str]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The share of a text's words that are unknown, for vocabularies of
    several sizes."""
    count = len(vocabulary) - len(Vocabulary.SPECIALS)
    ranked = vocabulary.words(range(len(Vocabulary.SPECIALS), len(vocabulary)))
    found = {}
    for size in [*[size for size in SIZES if size < count], count]:
        known = set(ranked[:size])
        unknown = sum(times for word, times in words.items() if word not in known)
        found[f"{size:,}"] = {"words": size, "unknown": unknown / words.total()}
    return found


def tokens(nlp: Language, text: str) -> list[dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): The tokens of a text, with their number in the vocabulary."""
    return [
        {"word": token.text, "id": token._.vocab_id, "unknown": "<UNK>" if token._.is_unk else None}
        for token in nlp.make_doc(text)
    ]


def lines_of(path: Path) -> list[str]:
    """RETURNS (List[str]): The lines of a text that are not empty."""
    found = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not found:
        raise InputError("no text in it, expected a sentence a line", path=path)
    return found


def main(
    text: Annotated[Path, typer.Argument(help="Text to learn from.")],
    held_out: Annotated[Path, typer.Argument(help="Text to ask about.")],
    examples: Annotated[Path, typer.Argument(help="Sentences to show, one a line.")],
    model: Annotated[Path, typer.Argument(help="Folder of the pipeline.")],
    output: Annotated[Path, typer.Option(help="Metrics file.")],
    rows: Annotated[Path, typer.Option(help="JSON lines, a token of an example each.")],
    min_count: Annotated[int, typer.Option(min=1, help="Rarer words are unknown.")] = 5,
) -> None:
    """Write a pipeline that is a tokenizer alone, and what it does not know."""
    settings = {"@tokenizers": "seqpipe.UnkTokenizer.v1", "min_count": min_count, "max_size": None}
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": settings}})
    nlp.config["initialize"]["tokenizer"] = {"text_file": str(text)}
    nlp.initialize()
    nlp.to_disk(model)
    words = Counter(token.text for line in lines_of(held_out) for token in nlp.make_doc(line))
    with atomic_write(rows) as stream:
        for line in lines_of(examples):
            stream.writelines(
                json.dumps(row, ensure_ascii=False) + "\n" for row in tokens(nlp, line)
            )
    scores = {"tokens": words.total(), "sizes": unknown_by_size(nlp.tokenizer.vocabulary, words)}
    write_metrics(output, {"scores": scores, "corpora": [describe_corpus(held_out)]})
    typer.echo(f"{len(nlp.tokenizer.vocabulary):,} words and marks are known: {model}")


if __name__ == "__main__":
    run_script(main)
