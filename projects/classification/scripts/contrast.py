"""Compares models on texts with a negation or a "but" and on the rest: their accuracy, and how much
more often the first is right than each of the others, with an interval."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.evaluation.classes import EXCLUSIVE, judge_text
from seqpipe.evaluation.contrast import GroupScore, PairedDifference, score_contrast
from seqpipe.files import InputError
from seqpipe.pipelines import load_pipeline, read_examples
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table


def judgements(model: Path, data: Path) -> tuple[list[str], list[bool]]:
    """RETURNS (Tuple[List[str], List[bool]]): Each text that has a class, and whether the most
    probable one is right. Raises InputError."""
    nlp = load_pipeline(model)
    gold = [eg for eg in read_examples(nlp, data) if eg.reference.cats]
    labels = nlp.get_pipe("textcat").labels
    texts, correct = [], []
    for doc, eg in zip(nlp.pipe([eg.predicted for eg in gold]), gold, strict=True):
        eg.predicted = doc
        judged = judge_text(eg, labels=labels, kind=EXCLUSIVE, threshold=0.5)
        texts.append(doc.text)
        correct.append(judged is not None and judged.is_correct)
    return texts, correct


def shown(one: PairedDifference) -> str:
    """A difference in points of accuracy, with its interval."""
    return f"{100 * one.difference:+.2f} [{100 * one.low:+.2f}, {100 * one.high:+.2f}]"


def table(groups: dict[str, GroupScore]) -> tuple[list[str], list[list[str]]]:
    """RETURNS: Heads, and a row for each group."""
    first, *others = next(iter(groups.values())).accuracy
    heads = ["", "texts", first, *(head for name in others for head in (name, f"{first} - {name}"))]
    rows = []
    for name, group in groups.items():
        cells = [f"{group.texts:,}"]
        for model, accuracy in group.accuracy.items():
            cells.append("-" if accuracy is None else f"{100 * accuracy:.2f}")
            if model != first:
                has_texts = model in group.differences
                cells.append(shown(group.differences[model]) if has_texts else "-")
        rows.append([name, *cells])
    return heads, rows


def main(
    data: Annotated[Path, typer.Argument(help="Test data, for the models' own reader.")],
    models: Annotated[
        list[str], typer.Argument(help="NAME=FOLDER; a name given again is another seed's model.")
    ],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
) -> None:
    """Write and print accuracy in each group, and the differences."""
    folders: dict[str, list[Path]] = {}
    for word in models:
        name, is_pair, folder = word.partition("=")
        if not is_pair:
            raise InputError(f"{word}: expected NAME=FOLDER")
        folders.setdefault(name, []).append(Path(folder))
    found = {name: [judgements(one, data) for one in own] for name, own in folders.items()}
    texts = next(iter(found.values()))[0][0]
    correct = {name: [right for _, right in runs] for name, runs in found.items()}
    groups = score_contrast(texts, correct)
    write_metrics(
        output,
        {
            "scores": {name: group.as_dict() for name, group in groups.items()},
            "models": {name: list(map(str, own)) for name, own in folders.items()},
            "corpus": describe_corpus(data),
        },
    )
    print_table(Console(highlight=False), "accuracy, %, by words of the text", *table(groups))


if __name__ == "__main__":
    run_script(main)
