"""Puts audits beside each other: before, and after each way of debiasing; of several seeds mean and
spread."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import summarise_runs, write_metrics
from seqpipe.reporting.tables import print_table

BEFORE, AFTER = "before", "after"
# What else than its value a measure says.
PARTS = {"sembias": ("stereotype", "none"), "weat": ("p_value",), "clustering": ("v_measure",)}


def read(path: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What `seqpipe debiasing audit --after` wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = {when: flat(content["scores"][when]) for when in (BEFORE, AFTER)}
        return {**found, "of": [content["vectors"]["sha256"], content["scores"]["seed"]]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"expected an audit of vectors before and after: {error!r}"
        raise InputError(message, path=path) from error


def flat(findings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): By metric and name: value, parts, coverage."""
    found: dict[str, dict[str, Any]] = {}
    for metric, measures in findings.items():
        for one in measures if isinstance(measures, list) else [measures]:
            if not one or "value" not in one:
                continue
            row = {"value": one["value"], **{part: one[part] for part in PARTS.get(metric, ())}}
            row["found"], row["given"] = one["coverage"]["found"], one["coverage"]["given"]
            found.setdefault(metric, {})[one["name"]] = row
    similarity = found.get("similarity")
    if similarity:
        found["similarity"] = {**similarity, "mean": mean(list(similarity.values()))}
    return found


def mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The mean of the values, the sum of the coverages."""
    values = [row["value"] for row in rows if row["value"] is not None]
    sums = {name: sum(row[name] for row in rows) for name in ("found", "given")}
    return {"value": sum(values) / len(values) if values else None, **sums}


def side_by_side(audits: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): By metric, name, and before or the way of debiasing: the values."""
    first = next(iter(audits.values()))
    columns = {BEFORE: summarise_runs([run[BEFORE] for run in first])}
    columns |= {name: summarise_runs([run[AFTER] for run in runs]) for name, runs in audits.items()}
    return {
        metric: {
            name: {column: found.get(metric, {}).get(name) for column, found in columns.items()}
            for name in names
        }
        for metric, names in columns[BEFORE].items()
    }


def cell(measure: dict[str, Any] | None) -> str:
    """RETURNS (str): A value; nothing where it was not measured."""
    value = None if measure is None else measure["value"]
    if isinstance(value, dict):
        return f"{value['mean']:.3f} ± {value['std']:.3f}"
    return "-" if value is None else f"{value:.3f}"


def main(
    audits: Annotated[
        list[str], typer.Argument(help="NAME=FILE, or NAME=FILE,FILE of more seeds.")
    ],
    output: Annotated[Path, typer.Option(help="JSON file.")],
) -> None:
    """Write and print the measures of audits of the same vectors, debiased in several ways."""
    given = {name: paths.split(",") for name, _, paths in (one.partition("=") for one in audits)}
    read_ones = {name: [read(Path(path)) for path in paths] for name, paths in given.items()}
    first, *others = read_ones.values()
    if any([run["of"] for run in runs] != [run["of"] for run in first] for runs in others):
        raise InputError("audits of different vectors, expected the same for each name")
    scores = side_by_side(read_ones)
    write_metrics(output, {"scores": scores, "audits": given})
    rows = [
        [f"{metric}: {name}", *(cell(found) for found in columns.values())]
        for metric, names in scores.items()
        for name, columns in names.items()
    ]
    print_table(Console(highlight=False), "", ["", BEFORE, *given], rows)


if __name__ == "__main__":
    run_script(main)
