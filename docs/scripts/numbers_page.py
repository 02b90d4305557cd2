"""Write docs/numbers.md from the files that the projects' commands wrote.

`python -m docs.scripts.numbers_page` writes the page; a test holds the page to the files.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from docs.scripts.number_tables import Table, tables_of
from seqpipe.project.load import Project, load_project

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "numbers.md"
OPENING = """# Numbers

Every result that a command of a project wrote, as it stands in the file. This page is made from
the files by `python -m docs.scripts.numbers_page`, and a test holds it to them.

Scores with ± are the mean and the sample standard deviation over seeds. The column of data names
the files that were scored on: test data unless the name says otherwise, read once, at the end; what
was chosen was chosen on development data. Speeds vary by a tenth and more from run to run, so each
stands beside its rival, measured in the same run; "times as fast" is the median over runs.
"+" behind a commit: with changes that were not committed.
"""
PROJECTS = {
    "projects/ner": "Named entities",
    "projects/embeddings": "Word embeddings",
    "projects/debiasing": "Debiasing",
    "projects/classification": "Classification and sentiment",
    "projects/lm": "Language models",
    "projects/translation": "Translation",
    "projects/dates": "Dates",
    "projects/pipeline": "One pipeline",
    "plugins/seqpipe-dna/project": "DNA",
    "projects/long_range": "Long range",
    "projects/benchmarks": "Benchmarks",
}


@dataclass(frozen=True)
class Result:
    """A file of results.

    project (str): The project's folder, from the root.
    file (str): Its path there.
    record (Dict[str, Any]): What is in it.
    command (str): The project's command that has it as output.
    """

    project: str
    file: str
    record: dict[str, Any]
    command: str


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """RETURNS (str): The whole page."""
    results = list(read_results())
    names = dict.fromkeys([*PROJECTS, *(result.project for result in results)])
    parts = [OPENING]
    for name in names:
        of_project = [result for result in results if result.project == name]
        if of_project:
            parts.extend(section(name, of_project))
    return "\n".join(parts)


def section(name: str, results: list[Result]) -> Iterator[str]:
    """The section of a project: its tables, then where the numbers come from."""
    yield f"## {PROJECTS[name]}\n\n[{name}](../{name}/README.md)\n"
    for table in tables_of([(result.file, result.record) for result in results]):
        yield markdown(table)
    yield markdown(origins(name, results))


def origins(name: str, results: list[Result]) -> Table:
    """The table of the commands, commits and machines that made the files."""
    rows = [
        [
            f"`{result.file}`",
            f"`seqpipe run {name} {result.command}`",
            commit(result.record),
            machine(result.record),
            corpora(result.record),
        ]
        for result in results
    ]
    return Table("Where they come from", ["file", "command", "commit", "machine", "data"], rows)


def commit(record: dict[str, Any]) -> str:
    name, _, dirty = record["commit"].partition("-")
    return name[:7] + ("+" if dirty else "")


def machine(record: dict[str, Any]) -> str:
    of = record["machine"]
    return f"{of['cpu'].replace('(R)', '')}, {of['cores_allowed']} cores"


def corpora(record: dict[str, Any]) -> str:
    """The names of the files that were scored on, with the beginnings of their MD5s."""
    given = record.get("corpora") or record.get("sources") or [record.get("corpus")]
    found = given.values() if isinstance(given, dict) else given
    shown = [f"{Path(one['path']).name} ({one['md5'][:6]})" for one in found if one]
    return ", ".join(shown[:2]) + (f" and {len(shown) - 2} more" if len(shown) > 2 else "")


def markdown(table: Table) -> str:
    """A table as Markdown; a file that has several lines is named in the first of them."""
    lines = [f"### {table.title}\n"] if table.title else []
    lines += [f"{table.note}\n"] if table.note else []
    lines += [f"| {' | '.join(table.columns)} |", f"| {' | '.join('---' for _ in table.columns)} |"]
    before = ""
    for name, *cells in table.rows:
        lines.append(f"| {' | '.join(['' if name == before else name, *cells])} |")
        before = name
    return "\n".join(lines) + "\n"


def read_results() -> Iterator[Result]:
    """YIELDS (Result): What is in each file of results that git knows or would take."""
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "projects", "plugins"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    for path in sorted({Path(path) for path in found if path.endswith(".json")}):
        if path.parent.name in ("metrics", "results") and (ROOT / path).exists():
            record = json.loads((ROOT / path).read_text(encoding="utf-8"))
            project, file = path.parts[:-2], "/".join(path.parts[-2:])
            folder = "/".join(project)
            yield Result(folder, file, record, command_that_writes(folder, file))


def command_that_writes(project: str, file: str) -> str:
    """The name of a project's command that has a file as output; KeyError if there is none."""
    for command in loaded(project).commands.values():
        if file in [output.value for output in command.outputs]:
            return command.name
    raise KeyError(f"no command of {project} has {file} as output")


@cache
def loaded(project: str) -> Project:
    return load_project(ROOT / project)


if __name__ == "__main__":
    main()
