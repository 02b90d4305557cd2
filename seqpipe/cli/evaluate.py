"""`seqpipe evaluate`: scores one or several saved pipelines on a corpus."""

# No future import of annotations: Typer reads these.
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import (
    console,
    described,
    metrics_file,
    print_json,
    say_where,
    working,
)

if TYPE_CHECKING:
    from rich.console import Console
    from spacy.language import Language
    from spacy.training import Example

    from seqpipe.training.scoring import Scores


def evaluate(
    context: typer.Context,
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", help="Folders of saved pipelines.", show_default=False),
    ],
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Corpus, for the reader of the pipeline's own config, or a .spacy file.",
            show_default=False,
        ),
    ],
    output: asked.MetricsOutput = None,
    examples: Annotated[
        int,
        typer.Option(
            "--examples",
            min=0,
            help="Sentences to show with their entities, or texts with their class.",
        ),
    ] = 0,
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Score saved pipelines on a corpus; of several, the mean and spread.

    Labels that a pipeline never saw count as misses. Example sentences are the last pipeline's.
    """
    from seqpipe.cli.examples import example_record, find_examples, print_examples
    from seqpipe.pipelines import choose_device, load_pipeline, read_examples
    from seqpipe.training.scoring import main_score, score_pipeline, training_seed

    metrics = metrics_file(output, context.obj, read=[data])
    choose_device(gpu_id)
    runs = []
    with working() as say:
        for model in models:
            say(f"loading {model}")
            nlp = load_pipeline(model)
            gold = read_examples(nlp, data)
            _note_unseen(nlp, gold, model)
            say(f"scoring {model} on {len(gold):,} examples")
            runs.append(Run(model, training_seed(nlp), score_pipeline(nlp, gold)))
        shown = find_examples(nlp, gold, examples) if examples else None
    record = _metrics(runs)
    try:
        if as_json:
            more = {} if shown is None else {"examples": [example_record(one) for one in shown]}
            print_json(record | more)
        else:
            _print_runs(console(), runs, gold, main_score(nlp))
            if shown is not None:
                print_examples(console(), shown)
    finally:
        # Also where nobody reads on.
        if metrics is not None:
            metrics.write(record | {"corpus": described(data)})
    if not as_json:
        say_where(("Metrics are", output))


@dataclass(frozen=True)
class Run:
    """One model's scores, and the seed it was trained with.

    model (Path): Its folder.
    seed (Optional[int]): None where its config does not say.
    scores (Scores): On the data.
    """

    model: Path
    seed: int | None
    scores: "Scores"


def _note_unseen(nlp: "Language", gold: list["Example"], model: Path) -> None:
    from seqpipe.training.scoring import unseen_labels

    unseen = unseen_labels(nlp, gold)
    if unseen:
        names = ", ".join(f"{label} ({count})" for label, count in sorted(unseen.items()))
        typer.echo(f"note: {model} never saw these labels, all are misses: {names}", err=True)


def _print_runs(screen: "Console", runs: list[Run], gold: list["Example"], main: str) -> None:
    import statistics

    from seqpipe.reporting.metrics import summarise
    from seqpipe.reporting.tables import figures, print_scores, print_table
    from seqpipe.training.scoring import gold_entity_counts

    print_scores(screen, [run.scores.values for run in runs], support=gold_entity_counts(gold))
    if len(runs) > 1:
        rows = []
        for run in runs:
            shown = figures(screen, summarise([run.scores.values.get(main)]), percent=True)
            rows.append([str(run.model), "-" if run.seed is None else str(run.seed), shown])
        print_table(screen, "models", ["", "seed", main], rows)
    speed = statistics.fmean(run.scores.words_per_second for run in runs)
    screen.print(f"\nspeed: {speed:,.0f} words/s")


def _metrics(runs: list[Run]) -> dict[str, Any]:
    from seqpipe.reporting.metrics import summarise_runs

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
        "seconds": sum(run.scores.seconds for run in runs),
        "words_per_second": summarise_runs([{"mean": run.scores.words_per_second} for run in runs])[
            "mean"
        ],
    }
