"""Run logs as files: whatever steps, scores and losses a test needs."""

import json
from pathlib import Path

HEADER = {
    "run_log": 1,
    "started": "2026-01-02T03:04:05+00:00",
    "lang": "en",
    "pipeline": ["tagger"],
}


def evaluation(step, score, *, losses=None, **scores):
    """An evaluation after `step`, ten words a step and a step in half a second."""
    losses = {"tagger": 0.5} if losses is None else losses
    return {
        "step": step,
        "epoch": 0,
        "words": 10 * step,
        "seconds": step / 2,
        "score": score,
        "scores": {"tag_acc": score, **scores},
        "losses": losses,
        "loss_per_token": losses,
    }


def write_log(path: Path, evaluations, *, config=None):
    """Write a log and give its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [{**HEADER, "config": config or {}}, *evaluations]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path
