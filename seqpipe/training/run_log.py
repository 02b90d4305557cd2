"""The logger `seqpipe.RunLog.v1`: a line of JSON for each evaluation of a training run, under
`spacy train` and `seqpipe train` alike. A run that goes on goes on in its file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from spacy.util import registry

from seqpipe.files import InputError, atomic_write
from seqpipe.reporting.metrics import environment
from seqpipe.reporting.run_logs import MARK, NAME, VERSION, Evaluation, is_run_log

if TYPE_CHECKING:
    from spacy.language import Language

LogStep = Callable[[dict[str, Any] | None], None]


@registry.loggers("seqpipe.RunLog.v1")
def make_run_log(path: str | None = None, console: bool = True) -> Callable:
    """Log each evaluation to a file, and show spaCy's table.

    A run that begins at step 0 begins the file anew. One that is resumed keeps what the file has
    of the steps before.

    path (str): The file; None for `run.jsonl` in the output folder of the run.
    console (bool): Whether to show the table of `spacy.ConsoleLogger.v3` too.
    RETURNS (Callable): A logger as spaCy's [training] takes it.
    RAISES (InputError): If something else than a run log stands at `path`.
    """
    _check_place(path)

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        log = RunLog(path, _header(nlp))
        show, end = _table(nlp, stdout, stderr) if console else (None, None)

        def log_step(info: dict[str, Any] | None) -> None:
            if info is not None:
                log.add(info)
            if show is not None:
                show(info)

        def finalize() -> None:
            log.close()
            if end is not None:
                end()

        return log_step, finalize

    return setup


class RunLog:
    """The file of one run.

    path (str): Where; None for `run.jsonl` in the output folder of the run.
    header (Dict[str, Any]): What to say of the run in the first line.
    """

    def __init__(self, path: str | None, header: dict[str, Any]) -> None:
        self.path, self.header = path, header
        self._stream: IO[str] | None = None
        # Trained on up to the evaluation before; None if that is not known.
        self._words: int | None = 0

    def add(self, info: dict[str, Any]) -> None:
        """Write an evaluation; it is on the disk when this returns.

        info (Dict[str, Any]): What a training loop reports of it.
        RAISES (InputError): If the log should be in the output folder and the run has none.
        """
        stream = self._stream = self._stream or self._open(info)
        evaluation = _evaluation(info, words_before=self._words)
        stream.write(_line(asdict(evaluation)))
        stream.flush()
        # A checkpoint that follows is synced: what was logged before it must not be lost.
        os.fsync(stream.fileno())
        self._words = evaluation.words

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()

    def _open(self, info: dict[str, Any]) -> IO[str]:
        """Begin the file, or cut off what a run that goes on does again."""
        path = _place(self.path, info)
        _check_place(path)
        lines = [_line(self.header)]
        if info["step"] > 0:
            self._words = None
            if path.is_file() and path.stat().st_size:
                header, done = _done_before(path, info["step"])
                lines = [header, *done]
                self._words = json.loads(done[-1])["words"] if done else None
        with atomic_write(path) as stream:
            stream.writelines(lines)
        return open(path, "a", encoding="utf-8", newline="\n")


def _check_place(path: str | os.PathLike[str] | None) -> None:
    """Refuse to replace what is no run log."""
    if path is None or not os.path.exists(path):
        return
    if not os.path.isfile(path):
        raise InputError(f"path={path}: expected a file, and something else stands there")
    if os.path.getsize(path) and not is_run_log(path):
        raise InputError(f"path={path}: expected a new file or an old run log, this is neither")


def _place(path: str | None, info: dict[str, Any]) -> Path:
    if path is not None:
        return Path(path)
    if "output_path" not in info:
        raise InputError("[training.logger] path: expected a file, as the run has no output folder")
    # spaCy's loops say where they saved the last model: a folder in the output folder.
    return Path(info["output_path"]).parent / NAME


def _done_before(path: Path, step: int) -> tuple[str, list[str]]:
    """The header of a file, and its whole lines on evaluations before a step."""
    header, *lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return f"{header}\n", [f"{line}\n" for line in lines if _step(line) < step]


def _step(line: str) -> float:
    """The step of a line; infinity if it is half written."""
    try:
        return json.loads(line)["step"]
    except (ValueError, TypeError, KeyError):
        return float("inf")


def _evaluation(info: dict[str, Any], *, words_before: int | None) -> Evaluation:
    tokens = 0 if words_before is None else info["words"] - words_before
    losses = {name: float(loss) for name, loss in info["losses"].items()}
    return Evaluation(
        step=info["step"],
        epoch=info["epoch"],
        words=info["words"],
        seconds=info["seconds"],
        score=info["score"],
        scores=info["other_scores"],
        losses=losses,  # type: ignore[arg-type]
        loss_per_token={name: loss / tokens if tokens else None for name, loss in losses.items()},
    )


def _header(nlp: Language) -> dict[str, Any]:
    """What tells runs apart."""
    config = nlp.config.interpolate()
    known = environment()
    return {
        MARK: VERSION,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "lang": nlp.lang,
        "pipeline": nlp.component_names,
        "seed": config["training"]["seed"],
        **{key: known[key] for key in ("versions", "commit", "machine")},
        "config": config,
    }


def _table(nlp: Language, stdout: IO[str], stderr: IO[str]) -> tuple[LogStep, Callable[[], None]]:
    return registry.get("loggers", "spacy.ConsoleLogger.v3")()(nlp, stdout, stderr)


def _line(record: dict[str, Any]) -> str:
    """A record as one line of JSON, which has no NaN and no infinity: they become null."""
    text = json.dumps(record, default=_plain)
    plain = json.loads(text, parse_constant=lambda name: None)
    return json.dumps(plain, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """Numbers and arrays of other libraries as Python's; of anything else what it prints."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
