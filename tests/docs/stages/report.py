"""What docs/report.md puts into one page: metrics, a page, a picture and a text."""

from __future__ import annotations

import json
from pathlib import Path

TYPE = {"p": 0.9, "r": 0.8, "f": 0.847}
METRICS = {
    "en": {"scores": {"ents_f": 0.85, "ents_per_type": {"PER": TYPE}}, "words_per_second": 9e3},
    "de": {"scores": {"ents_f": {"mean": 0.8, "std": 0.01}}, "words_per_second": 8e3},
    "bleu": {"scores": {"bleu": {"clipped": [4, 3], "totals": [5, 4], "precisions": [80, 75]}}},
}
FILES = {
    "reports/curves.html": "<!doctype html><title>Curves</title><p>Curves</p>",
    "reports/map.svg": '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "corpus/samples.txt": "A text.\n",
}


def prepare(folder: Path) -> None:
    """Write the files."""
    metrics = {f"metrics/{name}.json": json.dumps(one) for name, one in METRICS.items()}
    for name, content in {**metrics, **FILES}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
