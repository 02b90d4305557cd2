"""What a project.yml says, as Markdown: a README's part that is written anew when it changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from seqpipe.files import InputError
from seqpipe.project.load import Asset, Project
from seqpipe.project.source import read_yaml

START = "<!-- SEQPIPE: START (seqpipe document writes what follows, up to END) -->"
END = "<!-- SEQPIPE: END -->"
# Our own, weasel's, and that of spaCy before weasel.
TAG = r"<!-- (?:SEQPIPE|WEASEL|SPACY PROJECT): "
STARTS = re.compile(TAG + r"(?:AUTO-GENERATED DOCS )?START\b.*?-->")
ENDS = re.compile(TAG + r"(?:AUTO-GENERATED DOCS )?END\b.*?-->")
LEAVE_ALONE = re.compile(TAG + r"IGNORE -->")
# Code, which shows every sign as it is, or a sign that would begin HTML.
CODE_OR_TAG = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|<")


def describe(project: Project) -> str:
    """Describe a project.

    project (Project): The project.
    RETURNS (str): Markdown, between two markers, without a line end.
    """
    data, _ = read_yaml(project.path)
    parts = [
        f"# {_line(project.title or project.folder.resolve().name)}",
        project.description.strip(),
        *_section("Workflows", _workflows(project)),
        *_section("Commands", _commands(project)),
        *_section("Assets", _assets(project)),
        *_section("Variables", _variables(data.get("vars") or {})),
        *_section("Environment", _environment(data.get("env") or {})),
    ]
    text = "\n\n".join(part for part in parts if part)
    # A marker in what the project says of itself would end this part before its end.
    text = re.sub(TAG, lambda tag: f"&lt;{tag.group()[1:]}", text)
    return f"{START}\n\n{text}\n\n{END}"


def is_left_alone(existing: str) -> bool:
    """Whether a text asks to be left as it is.

    existing (str): What stands in the file.
    RETURNS (bool): True where it has the marker IGNORE.
    """
    return LEAVE_ALONE.search(existing) is not None


def merged(existing: str, part: str) -> str:
    """Put the generated part into a text in the place of an older one, or at its end.

    existing (str): What stands in the file; what is outside of the markers stays.
    part (str): What `describe` gives.
    RETURNS (str): The new text. Raises InputError where the markers do not belong together.
    """
    if is_left_alone(existing):
        return existing
    newline = "\r\n" if "\r\n" in existing else "\n"
    part = part.replace("\n", newline)
    starts, ends = list(STARTS.finditer(existing)), list(ENDS.finditer(existing))
    if not starts and not ends:
        above = existing.rstrip()
        return (f"{above}{newline * 2}" if above else "") + part + newline
    if len(starts) != 1 or len(ends) != 1 or ends[0].start() < starts[0].end():
        at = (starts or ends)[-1].start()
        raise InputError(
            f"{len(starts)} START and {len(ends)} END markers, expected one of each, in this order",
            line=existing.count("\n", 0, at) + 1,
        )
    return existing[: starts[0].start()] + part + existing[ends[0].end() :]


def _section(title: str, rows: Iterator[str]) -> list[str]:
    """A heading, a text and a table, or nothing where there are no rows."""
    text, head, *body = rows
    return [f"## {title}", text, "\n".join([head, *body])] if len(body) > 1 else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _workflows(project: Project) -> Iterator[str]:
    yield "Each runs its commands in this order: `seqpipe run . NAME`; without a name, `all`."
    rows = [
        [_code(name), " → ".join(map(_code, parts))] for name, parts in project.workflows.items()
    ]
    yield from _table(["Workflow", "Runs"], rows)


def _commands(project: Project) -> Iterator[str]:
    yield "`seqpipe run . NAME` runs one. What has not changed since it last ran is skipped."
    rows = [[_code(c.name), _cell(c.help)] for c in project.commands.values()]
    yield from _table(["Command", "What it does"], rows)


def _assets(project: Project) -> Iterator[str]:
    yield "`seqpipe assets` fetches them; those marked *extra* come with `--extra`."
    rows = [[_place(asset), _origin(asset), _cell(asset.description)] for asset in project.assets]
    yield from _table(["File", "Source", "Description"], rows)


def _place(asset: Asset) -> str:
    unpacked = f", unpacked into {_code(asset.extract.shown)}" if asset.extract else ""
    return _code(asset.dest.shown) + unpacked + (" *(extra)*" if asset.extra else "")


def _origin(asset: Asset) -> str:
    if asset.git is not None:
        inner = f", {_code(asset.git.path.shown)}" if asset.git.path.shown else ""
        return f"git: {_address(asset.git.repo.shown)}{inner}"
    return _address(asset.url.shown) if asset.url else "to be brought by hand"


def _address(url: str) -> str:
    """A link that shows where it leads, or a path as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:  # such as half an IPv6 address
        return _code(url)
    is_plain = parts.scheme in ("http", "https") and not re.search(r"[\s<>()|{}\\`]", url)
    # What stands before the @ may be a password.
    is_link = is_plain and parts.hostname and "@" not in parts.netloc
    return f"[{parts.hostname}]({url})" if is_link else _code(url)


def _variables(variables: Mapping[str, Any]) -> Iterator[str]:
    yield "`--vars.NAME VALUE` after the command replaces one."
    rows = [[_code(name), _code(value)] for name, value in _flat(variables, "")]
    yield from _table(["Variable", "Default"], rows)


def _flat(variables: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in variables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            yield f"{prefix}{name}", text


def _environment(names: Mapping[str, Any]) -> Iterator[str]:
    yield "These are read from the environment, and never written down."
    rows = [[_code(name), _code(str(variable))] for name, variable in names.items()]
    yield from _table(["Name here", "Environment variable"], rows)


def _line(text: str) -> str:
    """Markdown in one line, without HTML."""
    text = " ".join(text.split())
    return CODE_OR_TAG.sub(lambda found: "&lt;" if found.group() == "<" else found.group(), text)


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _code(text: str) -> str:
    """Text as code in a table's cell, whatever quotes are in it."""
    text = " ".join(text.split()).replace("|", "\\|")
    if not text:
        return ""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, room = "`" * (longest + 1), " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{room}{text}{room}{fence}"
