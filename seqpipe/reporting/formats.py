"""The formats of metrics files: JSON, CSV and Markdown; plugins add theirs by the same hook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqpipe.hookspecs import ReportFormat, hookimpl

if TYPE_CHECKING:
    from seqpipe.plugins import Plugin, Plugins

DEFAULT = ".json"  # of a file without a suffix, such as /dev/stdout
# What stands in metrics beside scores, where these have no place of their own.
BESIDE = frozenset(
    {"corpora", "seconds", "peak_memory_mb", "versions", "commit", "machine", "settings", "model"}
)


@hookimpl
def seqpipe_report_formats() -> list[ReportFormat]:
    """Offer the built-in formats."""
    return [
        ReportFormat(DEFAULT, "all of it", render_json),
        ReportFormat(".csv", "a row a number, with its name", render_csv),
        ReportFormat(".md", "a table of the scores", render_markdown),
    ]


def check_format(path: str | Path, plugins: Plugins) -> tuple[Plugin, ReportFormat]:
    """Find the format of a file before there is anything to write.

    path: The file that will be written.
    plugins (Plugins): Those of this process.
    RETURNS (Tuple[Plugin, ReportFormat]): The format, and whose it is.
    RAISES (InputError): If no format has the file's suffix.
    """
    from seqpipe.files import InputError

    formats = plugins.collect("seqpipe_report_formats", ReportFormat, by="suffix", check=_check)
    suffix = Path(path).suffix.lower() or DEFAULT
    if suffix not in formats:
        known = ", ".join(f"{one.suffix} ({one.help})" for _, one in formats.values())
        raise InputError(f"no format has the suffix {suffix}, expected one of {known}", path=path)
    return formats[suffix]


def write_report(
    path: str | Path, metrics: Mapping[str, Any], chosen: tuple[Plugin, ReportFormat]
) -> None:
    """Write metrics in a format, with the versions, the commit, the machine and the peak memory.

    path: The file.
    metrics (Dict[str, Any]): See `seqpipe.reporting.metrics.write_metrics`.
    chosen (Tuple[Plugin, ReportFormat]): What `check_format` gave.
    RAISES (PluginError): If the format's plugin fails.
    """
    from seqpipe.files import atomic_write
    from seqpipe.plugins import PluginError, printing_aside, words_of
    from seqpipe.reporting.metrics import metrics_record

    plugin, chosen_format = chosen
    try:
        with printing_aside():
            content = chosen_format.render(metrics_record(metrics))
        data = content.encode() if isinstance(content, str) else bytes(memoryview(content))
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        source = f"{plugin.name} ({plugin.distribution} {plugin.version})"
        raise PluginError(f"{path}: plugin {source} cannot write it: {words_of(fault)}") from fault
    with atomic_write(path, "wb") as stream:
        stream.write(data)


def render_json(metrics: Mapping[str, Any]) -> str:
    """RETURNS (str): All of the metrics.

    metrics (Mapping[str, Any]): What a metrics file holds.
    """
    from seqpipe.reporting.metrics import as_json

    return as_json(metrics)


def render_csv(metrics: Mapping[str, Any]) -> str:
    """RETURNS (str): A row for each number or text, under the names that lead to it.

    metrics (Mapping[str, Any]): What a metrics file holds.
    """
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["name", "value"])
    writer.writerows(_flat(metrics))
    return stream.getvalue()


def render_markdown(metrics: Mapping[str, Any]) -> str:
    """RETURNS (str): A table of the scores; of several runs the mean and the spread.

    metrics (Mapping[str, Any]): What a metrics file holds.
    """
    rows = ["| score | value |", "| --- | ---: |"]
    own = {key: value for key, value in metrics.items() if key not in BESIDE}
    for name, value in _scores(metrics.get("scores", own)):
        rows.append(f"| {_cell(name)} | {_cell(value)} |")
    return "\n".join(rows) + "\n"


def _check(one: ReportFormat) -> None:
    import re

    if not re.fullmatch(r"\.[a-z0-9]+", one.suffix):
        raise ValueError(f"the suffix '{one.suffix}', expected one such as '.csv', in lower case")
    if not callable(one.render):
        raise TypeError(f"render of '{one.suffix}' is {one.render!r}, expected a function")


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in nested metrics, with its path: "runs.0.seed"."""
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(str(index), item) for index, item in enumerate(value)]
    else:
        yield name, value
        return
    for key, item in items:
        yield from _flat(item, f"{name}.{key}" if name else key)


def _scores(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Everything in nested scores, as text; a mean and its spread are one, as is a plain list."""
    if isinstance(value, Mapping) and set(value) == {"mean", "std"}:
        yield name, f"{_number(value['mean'])} ± {_number(value['std'])}"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _scores(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for index, item in enumerate(value):
            yield from _scores(item, f"{name}.{index}" if name else str(index))
    elif isinstance(value, list):
        yield name, ", ".join(map(_number, value))
    else:
        yield name, _number(value)


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "-" if value is None else str(value)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
