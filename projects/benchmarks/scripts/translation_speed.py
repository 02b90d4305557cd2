"""Training tokens a second of a translator, ours beside the same in Joey NMT and in PyTorch.

All take the same batches in the same order, in turn, each in a process of its own. Tokens are the
words of the target, and an end for each sentence.
"""

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import translation_ours
import typer
from fresh_process import at_threads
from options import installed, require_torch, whole_numbers
from rich.console import Console
from translation_joey_run import HELP, joey, joey_python, joey_version, skipped
from translation_pairs import BATCH, ORDERS, Pairs, batches_of, in_order, read_pairs, write_pairs

from seqpipe.cli.script import run_script
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table

FEW = 5  # steps that do not count
OURS, TORCH, JOEY = "ours", "torch", "joeynmt"
FEEDINGS = ("input", "none")

Run = dict[str, Any]
Case = tuple[str, str]
"""Who, and what its decoder reads besides: "input" or "none"."""


def train_torch(pairs: Pairs, steps: int, threads: int, feeding: str) -> Run:
    """RETURNS (Dict[str, float]): As `translation_torch.train`, which needs torch."""
    from translation_torch import train

    batches = batches_of(pairs, FEW + steps)
    return train(pairs, batches, FEW, threads, feeds=feeding == "input")


class Bench:
    """All that is trained on the batches of one order.

    folder (Path): For texts and models.
    python (Optional[Path]): That of Joey NMT.
    """

    def __init__(
        self, pairs: Pairs, folder: Path, config: Path, steps: int, python: Path | None
    ) -> None:
        self.pairs, self.folder, self.config = pairs, folder, config
        self.steps, self.python = steps, python
        batches_of(pairs, FEW + steps)  # that there are so many
        write_pairs(pairs, folder, "train")
        self.cases: list[Case] = [(who, feeds) for feeds in FEEDINGS for who in (OURS, TORCH)]
        if python is not None:
            self.cases.append((JOEY, "input"))

    def run(self, case: Case, threads: int) -> Run:
        """Train in a fresh process."""
        who, feeding = case
        if who == JOEY and self.python is not None:
            options = {"batch": BATCH, "few": FEW, "steps": self.steps}
            return joey(self.python, "train", self.folder, threads, **options)
        if who == TORCH:
            return at_threads(threads, train_torch, self.pairs, self.steps, threads, feeding)
        given = (self.folder, self.config, FEW, self.steps, feeding)
        return at_threads(threads, translation_ours.train, *given)

    def in_turn(self, threads: int, repeats: int) -> dict[Case, list[Run]]:
        """RETURNS (Dict[Case, List[Run]]): The runs of each; every round begins with another."""
        runs: dict[Case, list[Run]] = {case: [] for case in self.cases}
        for turn in range(repeats):
            first = turn % len(self.cases)
            for case in self.cases[first:] + self.cases[:first]:
                runs[case].append(self.run(case, threads))
                told = f"{case[0]}, feeding: {case[1]}, threads: {threads}"
                typer.echo(f"{told}, {_rate(runs[case][-1]):,.0f} tokens/s")
        return runs


def _rate(run: Run) -> float:
    return run["tokens"] / run["seconds"]


def rows_of(runs: dict[Case, list[Run]], order: str, threads: int, names: dict[str, str]) -> list:
    """A row for each rival: medians, and their ratio.

    names (Dict[str, str]): Of each rival with its version.
    """
    rows = []
    for rival, feeding in runs:
        if rival == OURS:
            continue
        one, other = runs[OURS, feeding], runs[rival, feeding]
        middle = [statistics.median(map(_rate, found)) for found in (one, other)]
        rows.append(
            {
                "name": f"translator training, feeding: {feeding}",
                "shape": f"GRU 2 x 256, 512; {BATCH} pairs a batch, {order}",
                "threads": threads,
                "ours": round(middle[0]),
                "rival": round(middle[1]),
                "rival_name": names[rival],
                "unit": "tokens/s",
                "ratio": round(middle[0] / middle[1], 3),
                "ours_all": [round(_rate(run)) for run in one],
                "rival_all": [round(_rate(run)) for run in other],
                # That all do the same work and learn: counts, and nats a token.
                "tokens": [one[0]["tokens"], other[0]["tokens"]],
                "words": [[run["source_words"], run["target_words"]] for run in (one[0], other[0])],
                "ours_loss": round(one[0]["loss"], 4),
                "rival_loss": round(other[0]["loss"], 4),
            }
        )
    return rows


def main(
    corpus: Annotated[Path, typer.Argument(help="Folder of Multi30k's tokenised texts.")],
    config: Annotated[Path, typer.Option(help="Training config of our model.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    joeynmt: Annotated[str, typer.Option(help=HELP)] = "",
    source: Annotated[str, typer.Option(help="Language that is read.")] = "de",
    target: Annotated[str, typer.Option(help="Language that is written.")] = "en",
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    steps: Annotated[int, typer.Option(min=1, help="Steps of a run that count.")] = 60,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 5,
) -> None:
    """Time all of them and write the results."""
    require_torch()
    names, python = {TORCH: f"torch {installed('torch')}"}, joey_python(joeynmt)
    if python is not None:
        names[JOEY] = joey_version(python)
    pairs = read_pairs(corpus, "train", source, target)
    rows = []
    with TemporaryDirectory() as folder:
        for order in ORDERS:
            place = Path(folder) / order.replace(" ", "-")
            bench = Bench(in_order(pairs, order), place, config.absolute(), steps, python)
            for count in whole_numbers(threads, "threads", 64):
                rows += rows_of(bench.in_turn(count, repeats), order, count, names)
    corpora = {"corpus": describe_corpus(corpus)}
    write_metrics(output, {"rows": rows, "skipped": skipped(python), "corpora": corpora})
    cells = [
        [
            one["shape"].split(", ")[-1],
            one["name"].split(", ")[-1],
            *(str(one[key]) for key in ("threads", "rival_name")),
            *(f"{one[key]:,}" for key in ("ours", "rival", "ratio")),
        ]
        for one in rows
    ]
    headings = ["batches", "", "threads", "beside", "ours", "rival", "ratio"]
    print_table(Console(), "tokens a second", headings, cells)


if __name__ == "__main__":
    run_script(main)
