"""Sentences a second of beam search, ours beside Joey NMT's with the same weights; and what ours
costs by the width of the beam.

Our model is trained for some epochs first; Joey NMT gets its weights. Both begin with texts.
"""

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import sacrebleu
import translation_ours
import typer
from fresh_process import at_threads
from options import whole_numbers
from rich.console import Console
from translation_joey_run import HELP, joey, joey_python, joey_version, skipped
from translation_pairs import in_order, read_pairs, write_pairs

from seqpipe.cli.script import run_script
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table

ALPHA = 1.0  # of GNMT's length penalty, which both have
WIDTH = 5
TEST = "test_2016_flickr"
MODEL = "GRU 2 x 256, 512, general attention, input feeding"

Run = dict[str, Any]
Runs = dict[str, list[Run]]


class Bench:
    """All that is decoded with one model.

    folder (Path): Has the model, and the weights as Joey NMT's.
    batches (List[int]): Sentences that Joey NMT decodes at once: each is tried.
    """

    def __init__(
        self, folder: Path, widths: list[int], python: Path | None, batches: list[int]
    ) -> None:
        self.folder, self.python = folder, python
        self.ours = {f"ours, width {width}": width for width in widths}
        self.joey = {f"joeynmt, batch {batch}": batch for batch in batches} if python else {}

    def run(self, name: str, threads: int) -> Run:
        """Decode in a fresh process."""
        if self.python is not None and name in self.joey:
            options = {"batch": self.joey[name], "width": WIDTH, "alpha": ALPHA}
            return joey(self.python, "decode", self.folder, threads, **options)
        given = (self.folder, self.ours[name], "gnmt", ALPHA)
        return at_threads(threads, translation_ours.decode, *given)

    def in_turn(self, threads: int, repeats: int) -> Runs:
        """RETURNS (Dict[str, List[Run]]): The runs of each; every round begins with another."""
        names = [*self.ours, *self.joey]
        runs: Runs = {name: [] for name in names}
        for turn in range(repeats):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                runs[name].append(self.run(name, threads))
                typer.echo(f"{name}, threads: {threads}, {_rate(runs[name][-1]):.1f} sentences/s")
        return runs


def _rate(run: Run) -> float:
    return run["sentences"] / run["seconds"]


def _middle(runs: list[Run]) -> float:
    return statistics.median(map(_rate, runs))


def rows_of(
    bench: Bench, runs: Runs, threads: int, references: list[str], rival: str
) -> list[dict[str, Any]]:
    """A row for each width, that of WIDTH beside Joey NMT with the batches that serve it best.

    rival (str): Joey NMT with its version.
    """
    best = max(bench.joey, key=lambda name: _middle(runs[name]), default=None)
    first = min(bench.ours, key=lambda name: bench.ours[name])
    rows = []
    for name, width in bench.ours.items():
        ours, found = _middle(runs[name]), runs[name]
        row: dict[str, Any] = {
            "name": f"beam search, width {width}",
            "shape": f"{found[0]['sentences']:,} sentences; {MODEL}",
            "threads": threads,
            "ours": round(ours, 2),
            "rival": None,
            "rival_name": None,
            "unit": "sentences/s",
            "ratio": None,
            "ours_all": [round(_rate(run), 2) for run in found],
            "ours_bleu": bleu(found[0]["translations"], references),
            # How many times the time of the narrowest beam.
            "cost": round(_middle(runs[first]) / ours, 2),
        }
        if best is not None and width == WIDTH:
            row |= {"rival_name": rival, **_beside(bench, runs, name, best, references)}
        rows.append(row)
    return rows


def _beside(
    bench: Bench, runs: Runs, name: str, best: str, references: list[str]
) -> dict[str, Any]:
    translations = [runs[key][0]["translations"] for key in (name, best)]
    return {
        "rival": round(_middle(runs[best]), 2),
        "ratio": round(_middle(runs[name]) / _middle(runs[best]), 3),
        "rival_all": [round(_rate(run), 2) for run in runs[best]],
        "rival_bleu": bleu(translations[1], references),
        # That both have the same model: sentences that both translate alike.
        "same": sum(map(str.__eq__, *translations)),
        "rival_batches": {
            str(batch): round(_middle(runs[name]), 2) for name, batch in bench.joey.items()
        },
    }


def bleu(translations: list[str], references: list[str]) -> float:
    """RETURNS (float): As the words stand, 0 to 100."""
    found = sacrebleu.corpus_bleu(translations, [references], tokenize="none", force=True)
    return round(found.score, 2)


def main(
    corpus: Annotated[Path, typer.Argument(help="Folder of Multi30k's tokenised texts.")],
    config: Annotated[Path, typer.Option(help="Training config of our model.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    joeynmt: Annotated[str, typer.Option(help=HELP)] = "",
    source: Annotated[str, typer.Option(help="Language that is read.")] = "de",
    target: Annotated[str, typer.Option(help="Language that is written.")] = "en",
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    widths: Annotated[str, typer.Option(help="Widths of our beam, with commas.")] = "1,5,10,30",
    batches: Annotated[str, typer.Option(help="Sentences at once in Joey NMT.")] = "16,64,256",
    pairs: Annotated[int, typer.Option(help="Pairs to train on; 0 for all.")] = 0,
    sentences: Annotated[int, typer.Option(help="Sentences to decode; 0 for all.")] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of our training.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 3,
) -> None:
    """Train, decode with all of them, and write the results."""
    python = joey_python(joeynmt)
    rival = "" if python is None else joey_version(python)
    counts = whole_numbers(threads, "threads", 64)
    chosen = whole_numbers(widths, "widths", 1000), whole_numbers(batches, "batches", 10_000)
    test = read_pairs(corpus, TEST, source, target)[: sentences or None]
    rows = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        train = in_order(read_pairs(corpus, "train", source, target), "by length")
        write_pairs(train[: pairs or None], folder, "train")
        write_pairs(test, folder, "test")
        learned = at_threads(max(counts), translation_ours.learn, folder, config.absolute(), epochs)
        typer.echo(f"{epochs} epochs, {learned['seconds']:.0f} seconds")
        bench = Bench(folder, chosen[0], python, chosen[1])
        for count in counts:
            runs = bench.in_turn(count, repeats)
            rows += rows_of(bench, runs, count, [pair[1] for pair in test], rival)
    corpora = {"corpus": describe_corpus(corpus)}
    found = {"rows": rows, "epochs": epochs, "skipped": skipped(python), "corpora": corpora}
    write_metrics(output, found)
    shown = ("ours", "rival", "ratio", "cost", "ours_bleu", "rival_bleu")
    cells = [
        [
            one["name"],
            str(one["threads"]),
            *("-" if one.get(key) is None else f"{one[key]:,}" for key in shown),
        ]
        for one in rows
    ]
    print_table(Console(), "sentences a second", ["", "threads", *shown], cells)


if __name__ == "__main__":
    run_script(main)
