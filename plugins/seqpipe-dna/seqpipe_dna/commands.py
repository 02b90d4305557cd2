"""`seqpipe dna`: find coding regions with a trained model, describe files, find repeats."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe import hookimpl

if TYPE_CHECKING:
    from seqpipe_dna.records import Record
    from seqpipe_dna.regions import CodingRegion
    from seqpipe_dna.repeats import Repeat
    from seqpipe_dna.statistics import Statistics

Sequences = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="FASTA or GenBank file, .gz too.", show_default=False),
]
REPEAT_HEADS = ("record", "first start", "first end", "second start", "second end", "kind")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the group `dna`."""
    group = typer.Typer(help="DNA: coding regions, files, repeats.", no_args_is_help=True)
    group.command("regions")(regions)
    group.command("stats")(stats)
    group.command("repeats")(repeats)
    app.add_typer(group, name="dna")


def regions(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="Folder of a saved pipeline.", show_default=False),
    ],
    genome: Sequences,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="GFF3 file to write; a table if it ends in .tsv.")
    ],
    min_length: Annotated[int, typer.Option(min=1, help="Shorter regions are left out.")] = 90,
    window: Annotated[int, typer.Option(min=1, help="Bases read at a time.")] = 600,
    margin: Annotated[int, typer.Option(min=0, help="Bases read on either side of them.")] = 100,
) -> None:
    """Find the coding regions of a genome with a model that labels bases."""
    # Of seqpipe only this is not among the names that stay (docs/plugins.md).
    from seqpipe.files import check_writable
    from seqpipe.pipelines import load_pipeline
    from seqpipe_dna.records import read_records
    from seqpipe_dna.regions import find_regions, tag_record, write_regions

    check_writable(output, "regions", read=[genome])
    nlp = load_pipeline(model)
    records = list(read_records(genome))
    found: list[CodingRegion] = []
    for record in records:
        labels = tag_record(nlp, record.sequence, window=window, margin=margin)
        found.extend(find_regions(record.name, labels, min_length))
    write_regions(output, found, "seqpipe-dna")
    bases, total = sum(one.end - one.start for one in found), sum(map(_length, records))
    typer.echo(
        f"{len(found)} coding regions, {bases:,} of {total:,} bases ({bases / total:.1%}), "
        f"in {output}"
    )


def stats(file: Sequences, as_json: AsJson = False) -> None:
    """Describe each record: bases, GC, ambiguous, soft-masked and coding bases."""
    from seqpipe_dna.records import read_records
    from seqpipe_dna.statistics import describe

    found = [describe(record) for record in read_records(file)]
    if as_json:
        _print_json([one.as_dict() for one in found])
        return
    _print_statistics(file, found)


def _print_statistics(file: Path, found: "list[Statistics]") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", overflow="fold")
    for head in ("bases", "GC, %", "ambiguous", "masked", "CDS", "coding, %"):
        table.add_column(head, justify="right", overflow="fold")
    for one in found:
        table.add_row(
            Text(one.name),  # a name may hold brackets, which are markup otherwise
            f"{one.bases:,}",
            "-" if one.gc is None else f"{100 * one.gc:.2f}",
            f"{one.ambiguous:,}",
            f"{one.masked:,}",
            f"{one.genes:,}",
            f"{100 * one.coding:.2f}" if one.genes else "-",
        )
    console = Console(highlight=False)
    console.print(Text(f"\n{file}", style="bold"))
    console.print(table)


def repeats(
    file: Sequences,
    min_length: Annotated[int, typer.Option(help="Of a repeat, in bases; at least 24.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Find stretches that stand in a record twice, as they are or on the other strand."""
    from seqpipe_dna.records import read_records
    from seqpipe_dna.repeats import find_repeats

    # All are found before the first line, so that bad input leaves no half of a table.
    found = [
        (record.name, one)
        for record in read_records(file)
        for one in find_repeats(record.sequence, min_length)
    ]
    rows = [_repeat_row(name, one) for name, one in found]
    if as_json:
        heads = [head.replace(" ", "_") for head in REPEAT_HEADS]
        _print_json([dict(zip(heads, row, strict=True)) for row in rows])
        return
    for row in (REPEAT_HEADS, *rows):
        typer.echo("\t".join(map(str, row)))


def _repeat_row(name: str, one: "Repeat") -> "tuple[str | int, ...]":
    """RETURNS (Tuple): What `REPEAT_HEADS` say: places count from 1, ends are included."""
    first, second = (
        (one.first + 1, one.first + one.length),
        (one.second + 1, one.second + one.length),
    )
    return (name, *first, *second, "inverted" if one.is_inverted else "direct")


def _print_json(found: "list[dict[str, Any]]") -> None:
    import json

    typer.echo(json.dumps(found, indent=2))


def _length(record: "Record") -> int:
    return len(record.sequence)
