"""`seqpipe evaluate`: scores one or several saved pipelines on a corpus."""

# No future import of annotations: Typer reads these.
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from spacy.language import Language
    from spacy.training import Example

    from seqpipe.cli.example_texts import ClassifiedText
    from seqpipe.training.scoring import Scores


def evaluate(
    context: typer.Context,
    models: Annotated[
        list[Path], typer.Argument(help="Folders of saved pipelines.", show_default=False)
    ],
    data: Annotated[
        Path,
        typer.Argument(
            help="Corpus, for the reader of the pipeline's own config, or a .spacy file.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Metrics file: .json, .csv, .md, or a plugin's."),
    ] = None,
    examples: Annotated[
        int,
        typer.Option(
            "--examples",
            min=0,
            help="Sentences to show with their entities, or texts with their class.",
        ),
    ] = 0,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU to use; -1: the CPU.")] = -1,
) -> None:
    """Score saved pipelines on a corpus; of several, the mean and spread.

    Labels that a pipeline never saw count as misses. Example sentences are the last pipeline's.
    """
    from rich.console import Console

    from seqpipe.pipelines import choose_device, load_pipeline, read_examples
    from seqpipe.reporting.formats import check_format, write_report
    from seqpipe.training.scoring import main_score, score_pipeline, training_seed

    chosen = None if output is None else check_format(output, context.obj)
    choose_device(gpu_id)
    runs = []
    for model in models:
        nlp = load_pipeline(model)
        gold = read_examples(nlp, data)
        _note_unseen(nlp, gold, model)
        runs.append(Run(model, training_seed(nlp), score_pipeline(nlp, gold)))
    console = Console(highlight=False)
    _print_runs(console, runs, gold, main_score(nlp))
    if examples:
        _print_examples(console, nlp, gold, examples)
    if output is not None and chosen is not None:
        write_report(output, _metrics(runs, data), chosen)
        typer.echo(f"Metrics are in {output}")


@dataclass(frozen=True)
class Run:
    """One model's scores, and the seed it was trained with."""

    model: Path
    seed: int | None
    scores: "Scores"


def _note_unseen(nlp: "Language", gold: list["Example"], model: Path) -> None:
    from seqpipe.training.scoring import unseen_labels

    unseen = unseen_labels(nlp, gold)
    if unseen:
        names = ", ".join(f"{label} ({count})" for label, count in sorted(unseen.items()))
        typer.echo(f"note: {model} never saw these labels, all are misses: {names}", err=True)


def _print_runs(console: "Console", runs: list[Run], gold: list["Example"], main: str) -> None:
    import statistics

    from seqpipe.reporting.metrics import summarise
    from seqpipe.reporting.tables import figures, print_scores, print_table
    from seqpipe.training.scoring import gold_entity_counts

    print_scores(console, [run.scores.values for run in runs], support=gold_entity_counts(gold))
    if len(runs) > 1:
        rows = []
        for run in runs:
            shown = figures(console, summarise([run.scores.values.get(main)]), percent=True)
            rows.append([str(run.model), "-" if run.seed is None else str(run.seed), shown])
        print_table(console, "models", ["", "seed", main], rows)
    speed = statistics.fmean(run.scores.words_per_second for run in runs)
    console.print(f"\nspeed: {speed:,.0f} words/s")


def _print_examples(console: "Console", nlp: "Language", gold: list["Example"], count: int) -> None:
    from rich.text import Text

    from seqpipe.cli.example_texts import find_classifier, pick_texts
    from seqpipe.cli.sentences import pick_sentences
    from seqpipe.reporting.entities import mark_entities

    classifier = find_classifier(nlp, gold)
    if classifier is not None:
        _print_texts(console, pick_texts(nlp, gold, count, classifier=classifier))
        return
    sentences = pick_sentences(nlp, gold, count)
    labels = sorted({e.label for s in sentences for e in (*s.predicted, *s.gold)})
    console.print(Text("\nexamples", style="bold"))
    for sentence in sentences:
        console.print()
        marked = mark_entities(
            sentence.text,
            sentence.predicted,
            gold=sentence.gold,
            labels=labels,
            ascii_only=console.options.ascii_only,
        )
        console.print(marked)


def _print_texts(console: "Console", texts: list["ClassifiedText"]) -> None:
    from rich.text import Text

    console.print(Text("\nexamples", style="bold"))
    for one in texts:
        predicted = ", ".join(f"{label} {p:.2f}" for label, p in one.predicted.items()) or "none"
        cross = "x" if console.options.ascii_only else "✗"
        note = "" if one.is_right else f" {cross} gold: {', '.join(one.gold) or 'none'}"
        style = "bold green" if one.is_right else "bold red"
        console.print(Text(f"\n{predicted}{note}", style=style))
        console.print(Text(one.text))


def _metrics(runs: list[Run], data: Path) -> dict[str, Any]:
    from seqpipe.reporting.metrics import describe_corpus, summarise_runs

    return {
        "scores": summarise_runs([run.scores.values for run in runs]),
        "runs": [
            {
                "model": str(run.model),
                "seed": run.seed,
                "scores": run.scores.values,
                "seconds": run.scores.seconds,
                "words_per_second": run.scores.words_per_second,
            }
            for run in runs
        ],
        "corpus": describe_corpus(data),
        "seconds": sum(run.scores.seconds for run in runs),
        "words_per_second": summarise_runs([{"mean": run.scores.words_per_second} for run in runs])[
            "mean"
        ],
    }
