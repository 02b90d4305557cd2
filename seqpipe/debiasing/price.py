"""What debiasing costs: word similarity, analogies, and the scores of pipelines, whose evaluation
is called by the command line and read from the file that it writes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqpipe.embeddings.evaluation import evaluate_analogies, evaluate_similarity
from seqpipe.embeddings.matrix import Embeddings
from seqpipe.files import InputError

from .intervals import fisher, wilson
from .measure import Coverage, Interval, Measure


@dataclass(frozen=True, kw_only=True)
class WordSimilarity(Measure):
    """How well the vectors agree with people.

    value (float): Spearman's correlation of cosines with the scores that people gave.
    """


@dataclass(frozen=True, kw_only=True)
class AnalogyAccuracy(Measure):
    """How many analogies the vectors solve.

    value (float): The share of questions answered rightly (3CosAdd).
    """


@dataclass(frozen=True)
class PipelinePair:
    """Pipelines that use the vectors, trained before and after on the same data alike.

    name (str): What the task is called.
    data (Path): The corpus to score them on.
    before (Tuple[Path, ...]): Folders of pipelines, one for each seed.
    after (Tuple[Path, ...]): The same on the debiased vectors.
    score (str): Which score; None: the one that weighs most in the config of the first.
    """

    name: str
    data: Path
    before: tuple[Path, ...]
    after: tuple[Path, ...] = ()
    score: str | None = None


@dataclass(frozen=True, kw_only=True)
class PipelineScore(Measure):
    """What `seqpipe evaluate` says of pipelines.

    value (float): The score, the mean over seeds.
    score (str): Its name.
    by_model (Dict[str, float]): Of each pipeline. The interval is Student's over these; of one
        there is none.
    """

    score: str
    by_model: dict[str, float | None]


def word_similarity(embeddings: Embeddings, paths: Sequence[Path]) -> list[WordSimilarity]:
    """Compare cosines with human scores.

    embeddings (Embeddings): Before or after debiasing.
    paths (Sequence[Path]): Files of pairs with scores.
    RETURNS (List[WordSimilarity]): By file. The coverage counts pairs; the interval is that of
        Bonett & Wright (2000).
    RAISES (InputError): If a file is broken (file and line).
    """
    measures = []
    for path in paths:
        score = evaluate_similarity(embeddings, path)
        reason = "fewer than two pairs, or all equally near" if score.spearman is None else None
        measures.append(
            WordSimilarity(
                name=Path(path).name,
                value=score.spearman,
                interval=fisher(score.spearman, score.covered, of_ranks=True),
                coverage=Coverage(score.covered, score.asked),
                reason=reason,
            )
        )
    return measures


def analogy_accuracy(embeddings: Embeddings, paths: Sequence[Path]) -> list[AnalogyAccuracy]:
    """Answer analogy questions.

    embeddings (Embeddings): Before or after debiasing, the most frequent words first.
    paths (Sequence[Path]): Files of questions.
    RETURNS (List[AnalogyAccuracy]): By file. The coverage counts questions; the interval is
        Wilson's.
    RAISES (InputError): If a file is broken (file and line).
    """
    measures = []
    for path in paths:
        total = evaluate_analogies(embeddings, path).total
        value = total.accuracy
        measures.append(
            AnalogyAccuracy(
                name=Path(path).name,
                value=value,
                interval=None if value is None else wilson(value, total.covered),
                coverage=Coverage(total.covered, total.asked),
                reason="no question whose words all have vectors" if value is None else None,
            )
        )
    return measures


def pipeline_score(
    name: str, models: Sequence[Path], data: Path, *, score: str | None = None
) -> PipelineScore:
    """Score pipelines by `seqpipe evaluate`, in a process of its own.

    name (str): What the task is called.
    models (Sequence[Path]): Folders of pipelines, one for each seed.
    data (Path): The corpus.
    score (str): Which score; None: the one that weighs most in the config of the first.
    RETURNS (PipelineScore): Without value if a pipeline has no such score. The coverage counts
        pipelines.
    RAISES (InputError): If the command fails: its last line.
    """
    score = score or _main_score(models[0])
    runs = _evaluate(models, data)
    by_model = {str(run["model"]): run["scores"].get(score) for run in runs}
    values = [value for value in by_model.values() if isinstance(value, (int, float))]
    is_whole = len(values) == len(by_model)
    return PipelineScore(
        name=name,
        value=math.fsum(values) / len(values) if is_whole else None,
        interval=_over_seeds(values) if is_whole else None,
        coverage=Coverage(len(values), len(by_model)),
        reason=None if is_whole else f"no score {score!r} of all pipelines",
        score=score,
        by_model=by_model,
    )


def _evaluate(models: Sequence[Path], data: Path) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "scores.json"
        command = [sys.executable, "-m", "seqpipe", "evaluate", *map(str, models), str(data)]
        done = subprocess.run(
            [*command, "--output", str(output)], capture_output=True, text=True, check=False
        )
        if done.returncode or not output.is_file():
            lines = (done.stderr or done.stdout).strip().splitlines()
            said = lines[-1] if lines else f"exit code {done.returncode}"
            raise InputError(f"`seqpipe evaluate` failed on it: {said}", path=models[0])
        return json.loads(output.read_text(encoding="utf-8"))["runs"]


def _main_score(model: Path) -> str:
    from thinc.api import Config

    path = Path(model) / "config.cfg"
    if not path.is_file():
        raise InputError("no config.cfg in it, expected the folder of a pipeline", path=model)
    config = Config().from_disk(path, interpolate=False)
    weights = config.get("training", {}).get("score_weights") or {}
    named = {key: value for key, value in weights.items() if value}
    if not named:
        message = "no [training.score_weights] in it, expected the name of a score to compare"
        raise InputError(message, path=path)
    return max(named, key=lambda key: named[key])


def _over_seeds(values: Sequence[float]) -> Interval | None:
    if len(values) < 2:
        return None
    from scipy.stats import t

    n = len(values)
    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(t.ppf(0.975, n - 1)) * deviation / math.sqrt(n)
    return Interval(mean - half, mean + half, "Student's t over seeds")
