"""The reversal of sequences, Joey NMT's own test task: how soon ours and it have learned it.

Its generator's settings: 50,000 sequences of 1 to 25 numbers below 50 to learn from, and 1,000 of 1
to 30 to be tested on, longer ones than were seen among them.
"""

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from fresh_process import at_threads
from options import whole_numbers
from rich.console import Console
from translation_joey_run import HELP, joey, joey_python, joey_version, skipped
from translation_ours import training
from translation_pairs import Pairs, write_pairs

from seqpipe.cli.script import run_script
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

SYMBOLS = 50
SIZES = {"train": (50_000, 25), "dev": (1_000, 30)}
BLEU, EXACT = 95.4, 99.0  # to be reached, in percent

Run = dict[str, Any]


def reversals(generator: random.Random, count: int, longest: int) -> Pairs:
    """RETURNS (List[Tuple[str, str]]): Sequences of 1 to `longest` numbers, and they reversed."""
    found = []
    for _ in range(count):
        words = [str(generator.randrange(SYMBOLS)) for _ in range(generator.randint(1, longest))]
        found.append((" ".join(words), " ".join(reversed(words))))
    return found


def train_ours(folder: Path, config: Path, most_seconds: float) -> Run:
    """Train until EXACT percent of the development sequences are right.

    most_seconds (float): Or for so long.
    RETURNS (Dict[str, Any]): What it evaluated, and after how many seconds.
    """
    paths = {"dev_source": folder / "dev.src", "dev_targets": folder / "dev.trg"}
    loop = training(folder, config, {f"paths.{name}": str(path) for name, path in paths.items()})
    seen, began = [], time.perf_counter()
    for report in loop.steps():
        if report["score"] is None:
            continue
        scores, seconds = report["other_scores"], time.perf_counter() - began
        bleu, exact = (100.0 * scores[name] for name in ("bleu", "exact_match"))
        seen.append({"steps": report["step"], "seconds": seconds, "bleu": bleu, "exact": exact})
        is_over = report["step"] + 1 >= loop.settings["max_steps"]
        if exact >= EXACT or is_over or seconds > most_seconds:
            break
    return {"validations": seen, "seconds": time.perf_counter() - began}


def seconds_to(run: Run, name: str, least: float) -> float | None:
    """RETURNS (float): When a score was reached first, or None.

    name (str): "bleu" or "exact".
    """
    reached = (one["seconds"] for one in run["validations"] if one[name] >= least)
    found = next(reached, None)
    return None if found is None else round(found, 1)


def rows_of(runs: dict[str, Run | None], threads: int, rival: str) -> list[dict[str, Any]]:
    """Two rows: seconds until each score was reached, None where it never was."""
    rows = []
    for name, least in (("bleu", BLEU), ("exact", EXACT)):
        ours, other = (
            None if run is None else seconds_to(run, name, least) for run in runs.values()
        )
        rows.append(
            {
                "name": f"reversal, {name} of {least}",
                "shape": "50,000 sequences of 1 to 25 numbers, tested on 1,000 of 1 to 30",
                "threads": threads,
                "ours": ours,
                "rival": other,
                "rival_name": rival or None,
                "unit": "s",
                "ratio": round(other / ours, 2) if ours and other else None,
            }
        )
    return rows


def main(
    config: Annotated[Path, typer.Option(help="Training config of our model.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    joeynmt: Annotated[str, typer.Option(help=HELP)] = "",
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of Joey NMT.")] = 2,
    most_seconds: Annotated[float, typer.Option(help="Our training ends then.")] = 600.0,
    share: Annotated[float, typer.Option(help="Of the sequences to learn from and test on.")] = 1.0,
) -> None:
    """Train both and write the results."""
    python = joey_python(joeynmt)
    rival = "" if python is None else joey_version(python)
    rows, told = [], []
    generator = random.Random(0)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for part, (count, longest) in SIZES.items():
            pairs = reversals(generator, max(1, round(share * count)), longest)
            write_pairs(pairs, folder, part)
        for count in whole_numbers(threads, "threads", 64):
            given = (folder, config.absolute(), most_seconds)
            runs: dict[str, Run | None] = {"ours": at_threads(count, train_ours, *given)}
            typer.echo(f"ours, threads: {count}, {_last(runs['ours'])}")
            runs["joeynmt"] = python and joey(python, "reverse", folder, count, epochs=epochs)
            typer.echo(f"joeynmt, threads: {count}, {_last(runs['joeynmt'])}")
            rows += rows_of(runs, count, rival)
            told.append({"threads": count, **runs})
    write_metrics(output, {"rows": rows, "runs": told, "skipped": skipped(python)})
    cells = [
        [
            one["name"],
            str(one["threads"]),
            *(_shown(one[key]) for key in ("ours", "rival", "ratio")),
        ]
        for one in rows
    ]
    print_table(Console(), "seconds until", ["", "threads", "ours", "rival", "ratio"], cells)


def _last(run: Run | None) -> str:
    if run is None:
        return "not given"
    last = run["validations"][-1]
    return f"{last['seconds']:.0f} seconds, BLEU {last['bleu']:.1f}, exact {last['exact']:.1f}%"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,}"


if __name__ == "__main__":
    run_script(main)
