"""Tables of what language models say: perplexities with what they mean nothing without, and texts
side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from seqpipe.reporting.metrics import jsonable
from seqpipe.reporting.tables import Cell, print_table
from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.lm.compare import Comparison, ScoredToken
    from seqpipe.lm.perplexity import FilePerplexity

# Beyond so many times likelier it is written as a power of ten.
MANY_TIMES = 1e6


def print_perplexities(console: Console, rows: Sequence[FilePerplexity]) -> None:
    """Print how well models predict files.

    console (Console): Where to.
    rows (Sequence[FilePerplexity]): One for each model and file.
    """
    from rich.text import Text

    for path in dict.fromkeys(row.path for row in rows):
        found = [row for row in rows if row.path == path]
        columns = [_numbers(row) for row in found]
        table = [[name, *(column[name] for column in columns)] for name in columns[0]]
        print_table(console, plain(str(path)), ["", *(row.model for row in found)], table)
        for row in found:
            if row.score.impossible:
                console.print(Text(plain(f"{row.model}: {row.score.zero_message()}")))
        if blank := max(row.blank for row in found):
            lines = "1 empty line is" if blank == 1 else f"{blank:,} empty lines are"
            console.print(f"{lines} no sentence{'s' * (blank > 1)}")
    if len({row.model for row in rows}) > 1:
        console.print(Text(_comparability(rows), style="dim"))


def _numbers(row: FilePerplexity) -> dict[str, str]:
    score = row.score
    return {
        "perplexity": _number(score.perplexity, 2),
        "of known words": _number(score.perplexity_of_known, 2),
        "nats a token": _number(score.cross_entropy, 4),
        "vocabulary": f"{row.predictable:,}",
        "tokens": f"{score.tokens:,}",
        "unknown": f"{score.unknown:,}",
        "OOV rate": f"{score.oov_rate:.2%}",
        "sentences": f"{score.sentences:,}",
    }


def _comparability(rows: Sequence[FilePerplexity]) -> str:
    said = "Perplexities can be compared over the same vocabulary and the same tokens only"
    kinds = {(row.path, row.predictable, row.score.unknown, row.score.tokens) for row in rows}
    if len(kinds) > len({row.path for row in rows}):
        return f"{said}: these models differ in them."
    return f"{said}; these models have equally many."


def print_comparison(console: Console, found: Comparison, *, unit: str, scale: float) -> None:
    """Print texts token by token, side by side, and which is likelier by how much.

    console (Console): Where to.
    found (Comparison): The texts.
    unit (str): Of log-probabilities.
    scale (float): Nats to one of it.
    """
    from rich.text import Text

    heads = [f"text {number}" for number in range(1, len(found.texts) + 1)]
    rows: list[list[Cell]] = [
        [str(i), *(_token_cell(token, scale) for token in row)]
        for i, row in enumerate(found.rows, 1)
    ]
    rows.append(["all", *(_number(log_prob / scale, 2) for log_prob in found.log_probs)])
    rows.append(["perplexity", *(_number(score.perplexity, 2) for score in found.scores)])
    print_table(console, f"log-probability, {unit}", ["", *heads], rows)
    best = found.log_probs[found.ranked[0]]
    console.print()
    for rank, place in enumerate(found.ranked, start=1):
        behind = difference(best, found.log_probs[place], unit=unit, scale=scale)
        line = f'{rank}. text {place + 1}, "{plain(found.texts[place])}"{behind}'
        console.print(Text(line, style="bold" if rank == 1 else ""))
    if any(score.unknown for score in found.scores):
        console.print(Text("* unknown to the model: each of them is <UNK> to it", style="dim"))


def _token_cell(token: ScoredToken | None, scale: float) -> Cell:
    if token is None:
        return "-"
    mark = "*" if token.is_unknown else ""
    return [
        f"{' '.join(plain(token.text).split()) or repr(token.text)}{mark}",
        _number(token.log_prob / scale, 2),
    ]


def difference(best: float, other: float, *, unit: str, scale: float) -> str:
    """RETURNS (str): By how much a text is less likely than the likeliest; empty for that one.

    best, other (float): Log-probabilities, in nats.
    unit (str): That is shown.
    scale (float): Nats to one of it.
    """
    if math.isinf(other):
        return ": impossible to the model"
    gap = best - other
    if gap <= 0:
        return ""
    if gap < math.log(MANY_TIMES):
        times = f"{math.exp(gap):,.3g}" if gap < math.log(1000) else f"{math.exp(gap):,.0f}"
    else:
        times = f"10^{gap / math.log(10):.1f}"
    return f": {gap / scale:.2f} {unit} less, {times} times less likely"


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:,.{digits}f}" if math.isfinite(value) else str(value)


def write_row(stream: IO[str], row: Mapping[str, Any], *, as_json: bool) -> None:
    """Write a row as a line.

    stream (IO[str]): Where to.
    row (Mapping[str, Any]): Names and values.
    as_json (bool): A JSON object, in which what is infinite is null; else columns with tabs
        between them, in which tabs and control characters are spaces.
    """
    if as_json:
        stream.write(json.dumps(jsonable(row), ensure_ascii=False) + "\n")
    else:
        stream.write("\t".join(map(_column, row.values())) + "\n")


def _column(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return plain(str(value)).replace("\t", " ").replace("\n", " ")
