"""Which figures of the projects' files docs/numbers.md shows, in which tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

File = tuple[str, dict[str, Any]]  # its path in the project, what is in it


@dataclass(frozen=True)
class Table:
    """A table of the page: its title, the names of its columns, its cells as text, a note.

    Without a title it stands under that of the table before.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""


@dataclass(frozen=True)
class Score:
    """A score to show: where it stands in `scores`, its column, its factor, its digits."""

    key: str
    column: str
    factor: float = 1
    digits: int = 3


# Of `seqpipe evaluate`, `seqpipe bleu` and `seqpipe embeddings evaluate`. Those of a file that has
# none of the keys are left out.
SCORES = (
    Score("ents_f", "entity F1, %", 100, 1),
    Score("ents_p", "precision, %", 100, 1),
    Score("ents_r", "recall, %", 100, 1),
    Score("ents_ece", "calibration error"),
    Score("cats_acc", "accuracy, %", 100, 1),
    Score("cats_micro_f", "micro F1, %", 100, 1),
    Score("cats_macro_f", "macro F1, %", 100, 1),
    Score("stars_mae", "mean error in stars", 1, 2),
    Score("lm_perplexity", "perplexity", 1, 2),
    Score("lm_score", "nats a token", -1, 3),
    Score("bleu", "BLEU", 100, 1),
    Score("bleu.score", "BLEU", 1, 1),
    Score("chrf", "chrF", 100, 1),
    Score("exact_match", "exact match, %", 100, 1),
    Score("analogies.total.accuracy", "analogies, %", 100, 1),
    Score("analogies.semantic.accuracy", "semantic, %", 100, 1),
    Score("analogies.syntactic.accuracy", "syntactic, %", 100, 1),
)

SIMILARITY = "word similarity"  # the mean of Spearman's correlation over the files of judgements


def tables_of(files: list[File]) -> list[Table]:
    """The tables of a project's files: scores first, then in the order of TABLES."""
    left, tables = list(files), []
    for has, make in TABLES:
        matching = [file for file in left if has(file[1])]
        left = [file for file in left if file not in matching]
        if matching:
            tables.extend(make(matching))
    if left:
        raise KeyError(f"no table for {[path for path, _ in left]}")
    return sorted(tables, key=lambda table: table.title not in ("Scores", ""))


def score_table(files: list[File]) -> Iterator[Table]:
    """Scores of models: a line a file, one table for all that have the same scores."""
    groups: dict[tuple[str, ...], list[list[str]]] = {}
    for path, record in files:
        scores = dict(chosen_scores(record["scores"]))
        row = [stem(path), *scores.values(), seeds(record)]
        groups.setdefault(tuple(scores), []).append(row)
    title = "Scores"
    for columns, rows in groups.items():
        yield Table(title, ["file", *columns, "seeds"], rows)
        title = ""  # the others stand under the same heading


def chosen_scores(scores: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for score in SCORES:
        value = at(scores, score.key)
        # `seqpipe bleu` gives percentages already.
        factor = 1 if score.key == "exact_match" and "signatures" in scores else score.factor
        if value is not None and is_figure(value):
            yield score.column, figure(value, factor, score.digits)
    if "similarity" in scores:
        each = [one["spearman"] for one in scores["similarity"].values()]
        yield SIMILARITY, figure(mean(map(middle, each)), 1, 3)


def perplexity_table(files: list[File]) -> Iterator[Table]:
    """Perplexities of `seqpipe lm perplexity`: a line a model."""
    rows = [
        [stem(path), row["model"], figure(row["perplexity"], 1, 2), f"{row['tokens']:,}"]
        for path, record in files
        for row in record["scores"]
    ]
    yield Table("Perplexity", ["file", "model", "perplexity", "tokens"], rows)


def coding_table(files: list[File]) -> Iterator[Table]:
    """Coding regions of a genome, beside a regression: F1 over the parts that were held out."""
    columns = ["file", "`rnn_tagger`: F1, %", "regression on k-mers", "parts", "seeds of each"]
    rows = [
        [
            stem(path),
            *(figure(record["scores"][key], 100, 1) for key in ("recurrent_f", "regression_f")),
            f"{len(record['splits'])}",
            ", ".join(str(run["seed"]) for run in record["splits"][0]["recurrent"]),
        ]
        for path, record in files
    ]
    note = "The mean and sample standard deviation over the parts."
    yield Table("Coding regions", columns, rows, note)


def promoter_table(files: list[File]) -> Iterator[Table]:
    """Promoters told from other sequences, beside a regression: the area under the ROC curve."""
    columns = ["file", "`rnn_textcat`: AUC", "regression on k-mers", "seeds"]
    rows = [
        [
            stem(path),
            figure(record["scores"]["recurrent"]["auc"], 1, 3),
            figure(record["scores"]["regression"]["auc"], 1, 3),
            seeds(record),
        ]
        for path, record in files
    ]
    yield Table("Promoters", columns, rows)


def mutation_table(files: list[File]) -> Iterator[Table]:
    """Small faults put into the code, and how many the tests found: a line a room."""
    counts = ("mutants", "tried", "killed", "survived", "equivalent")
    rows = []
    for path, record in files:
        for room in record["rooms"]:
            cells = (f"{room[key]:,}" for key in counts)
            rows.append([stem(path), room["room"], *cells, killed(room["rate_of_all"])])
        whole = killed(record["whole"]["rate_of_all"])
        rows.append([stem(path), "whole, weighted", *[""] * len(counts), whole])
    note = (
        "Tests were written for what survived in the sample of `mutation`; that of "
        "`mutation_fresh` was drawn afterwards. Intervals of 95 %."
    )
    yield Table("Mutation run", ["file", "room", *counts, "killed, %"], rows, note)


def killed(rate: dict[str, Any]) -> str:
    low, high = rate["interval"]
    return f"{100 * rate['share']:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def speed_table(files: list[File]) -> Iterator[Table]:
    """What was measured beside a rival."""
    rows = [
        [
            stem(path),
            row["name"],
            f"{row['shape']}; {threads(row['threads'])}",
            f"{amount(row['ours'])} {row['unit']}",
            f"{amount(row['rival'])}, {row['rival_name']}" if row["rival"] else "",
            times_as_fast(row),
        ]
        for path, record in files
        for row in record["rows"]
    ]
    columns = ["file", "what", "on", "seqpipe", "beside it", "times as fast"]
    yield Table("Speed and memory", columns, rows)


def threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def times_as_fast(row: dict[str, Any]) -> str:
    """How many times as fast as its rival it is; nothing for what is no speed."""
    ratio, is_time = row["ratio"], row["unit"] in ("s", "ms")
    if not ratio or not (is_time or row["unit"].endswith("/s")):
        return ""
    is_faster = (row["ours"] < row["rival"]) is is_time
    # Files of times have it either way round.
    return f"{ratio if (ratio > 1) is is_faster else 1 / ratio:.2f}"


def layer_table(files: list[File]) -> Iterator[Table]:
    """The recurrent layers beside PyTorch: the means over the shapes."""
    for path, record in files:
        rows = [
            [
                stem(path),
                row["cell"],
                row["mode"],
                str(row["threads"]),
                str(row["shapes"]),
                f"{row['geometric_mean']:.2f}",
                f"{row['least']:.2f}",
            ]
            for row in record["summary"]
        ]
        columns = ["file", "cell", "what", "threads", "shapes", "mean ratio", "least"]
        yield Table("Recurrent layers beside PyTorch", columns, rows, "The mean is geometric.")


def kill_table(files: list[File]) -> Iterator[Table]:
    """What came of runs that were killed: a line a count."""
    rows = [
        [stem(path), key.replace("_", " "), amount(value)]
        for path, record in files
        for key, value in record["summary"].items()
    ]
    yield Table("Killed and begun again", ["file", "what", "count"], rows)


def share_table(files: list[File]) -> Iterator[Table]:
    """Where the time of a step goes: pieces that take a twentieth or more."""
    rows = [
        [stem(path), row["name"], str(row["threads"]), row["piece"], f"{100 * row['share']:.0f} %"]
        for path, record in files
        for row in record["rows"]
        if row["share"] >= 0.05
    ]
    columns = ["file", "model", "threads", "piece", "share"]
    yield Table("Shares of a training step", columns, rows, "Pieces of a twentieth and more.")


def contrast_table(files: list[File]) -> Iterator[Table]:
    """Accuracy on groups of texts: a line a group, a column a model."""
    for path, record in files:
        groups = record["scores"]
        models = list(next(iter(groups.values()))["accuracy"])
        rows = [
            [
                stem(path),
                name,
                f"{group['texts']:,}",
                *(figure(group["accuracy"][model], 100, 1) for model in models),
            ]
            for name, group in groups.items()
        ]
        columns = ["file", "group", "texts", *(f"{model}, %" for model in models)]
        yield Table("Negation and contrast", columns, rows)


def bias_table(files: list[File]) -> Iterator[Table]:
    """What bias measures find before and after: the words of the first set of each measure."""
    for path, record in files:
        rows = []
        for metric, sets in record["scores"].items():
            of_all = "mean" if "mean" in sets else next(iter(sets))
            states = sets[of_all]
            rows.append(
                [
                    metric.replace("_", " "),
                    of_all.removesuffix(".txt"),
                    *(figure(state["value"], 1, 3) for state in states.values()),
                ]
            )
        columns = ["measure", "on", *(state.replace("_", "-") for state in states)]
        yield Table(f"Bias: `{stem(path)}`", columns, rows)


def weat_table(files: list[File]) -> Iterator[Table]:
    """WEAT effect sizes of vectors; what the audits found else stands in the comparison."""
    rows = [
        [
            stem(path),
            test["name"],
            f"{test['value']:.2f}",
            f"{test['interval']['low']:.2f} to {test['interval']['high']:.2f}",
            f"{test['p_holm']:.1g}",
        ]
        for path, record in files
        if record["scores"]["after"] is None
        for test in record["scores"]["before"]["weat"]
    ]
    if rows:
        columns = ["file", "test", "effect size", "95 % interval", "p (Holm)"]
        yield Table("WEAT", columns, rows)


def distance_table(files: list[File]) -> Iterator[Table]:
    """Accuracy by distance: a line a task and model."""
    for path, record in files:
        found = defaultdict(list)
        for run in record["runs"]:
            found[run["task"], run["model"], run["distance"]].append(run.get("accuracy"))
        distances = sorted({distance for *_, distance in found})
        rows = [
            [task, model, *(spread(found[task, model, distance]) for distance in distances)]
            for task, model in dict.fromkeys(key[:2] for key in found)
        ]
        of = len({run["seed"] for run in record["runs"]})
        columns = ["task", "model", *(str(distance) for distance in distances)]
        note = f"In per cent, by distance; {of} seeds."
        yield Table(f"Accuracy: `{stem(path)}`", columns, rows, note)


def length_table(files: list[File]) -> Iterator[Table]:
    """BLEU by the length of the source: a line a model and length."""
    rows = [
        [stem(path), model, row["label"], f"{row['sentences']:,}", *bleu_with_interval(row)]
        for path, record in files
        for model, buckets in record["scores"].items()
        for row in buckets
    ]
    columns = ["file", "model", "source tokens", "sentences", "BLEU", "95 % interval"]
    yield Table("By length", columns, rows)


def error_table(files: list[File]) -> Iterator[Table]:
    """Whose fault errors are: a line a beam width, over all lengths."""
    rows = [
        [
            stem(path),
            str(row["width"]),
            *bleu_with_interval(row),
            figure(row["exact_match"], 100, 1),
            f"{row['search']:,}",
            f"{row['model']:,}",
        ]
        for path, record in files
        for row in record["scores"]["rows"]
        if row["label"] is None
    ]
    columns = ["file", "beam width", "BLEU", "95 % interval", "exact, %", "search", "model"]
    yield Table("Errors, and whose they are", columns, rows)


def bleu_with_interval(row: dict[str, Any]) -> list[str]:
    low, high = row["bleu_interval"]
    return [figure(row["bleu"], 100, 1), f"{100 * low:.1f} to {100 * high:.1f}"]


def at(node: Any, key: str) -> Any:
    """What stands under a dotted key; None where there is none."""
    for part in key.split("."):
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return node


def is_figure(value: Any) -> bool:
    return isinstance(value, (int, float)) or (isinstance(value, dict) and "mean" in value)


def middle(value: Any) -> float:
    return value["mean"] if isinstance(value, dict) else value


def figure(value: Any, factor: float, digits: int) -> str:
    """A score, with its spread over seeds where it has one."""
    shown = f"{factor * middle(value):.{digits}f}".replace("-", "−")
    if not isinstance(value, dict):
        return shown
    return f"{shown} ± {abs(factor) * value['std']:.{digits}f}"


def spread(values: list[float | None]) -> str:
    """The mean of accuracies in per cent, with the standard deviation of the sample.

    None stands for a run that diverged.
    """
    found = [value for value in values if value is not None]
    shown = figure({"mean": mean(found), "std": stdev(found) if found[1:] else 0.0}, 100, 1)
    lost = len(values) - len(found)
    return f"{shown} ({lost} of {len(values)} diverged)" if lost else shown


def amount(value: float) -> str:
    """A number with three digits that count, or all those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def seeds(record: dict[str, Any]) -> str:
    return ", ".join(str(run["seed"]) for run in record.get("runs", []) if "seed" in run)


def stem(path: str) -> str:
    return Path(path).stem


def has(*keys: str) -> Callable[[dict[str, Any]], bool]:
    return lambda record: all(at(record, key) is not None for key in keys)


def rows_with(*keys: str) -> Callable[[dict[str, Any]], bool]:
    return lambda record: all(key in record.get("rows", [{}])[0] for key in keys)


Maker = Callable[[list[File]], Iterator[Table]]
TABLES: tuple[tuple[Callable[[dict[str, Any]], bool], Maker], ...] = (
    (has("audits"), bias_table),
    (has("scores.before"), weat_table),
    (has("scores.any.accuracy"), contrast_table),
    (has("scores.rows"), error_table),
    (has("splits"), coding_table),
    (has("scores.recurrent.auc"), promoter_table),
    (lambda record: isinstance(record.get("scores"), list), perplexity_table),
    (lambda record: "bleu_interval" in str(record.get("scores")), length_table),
    (has("scores"), score_table),
    (lambda record: "distance" in record.get("runs", [{}])[0], distance_table),
    (has("summary.kills"), kill_table),
    (has("rooms"), mutation_table),
    (has("summary"), layer_table),
    (rows_with("share"), share_table),
    (rows_with("ratio"), speed_table),
)
