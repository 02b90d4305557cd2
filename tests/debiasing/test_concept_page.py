"""docs/debiasing.md: what it says about lists and metrics is so."""

import json
import re
from pathlib import Path

from seqpipe.debiasing.word_lists import PARTS, WordLists

PAGE = (Path(__file__).parents[2] / "docs" / "debiasing.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_lists_on_the_page_have_every_part_and_are_read(tmp_path):
    (body,) = blocks("json")
    assert set(json.loads(body)) == set(PARTS) - {"note"}
    (tmp_path / "lists.json").write_text(body, encoding="utf-8")
    lists = WordLists.load(tmp_path / "lists.json")
    assert lists.weat[0].x == lists.targets["career"]
    rows = re.findall(r"^\| `(\w+)` \| ", PAGE.split("## Word lists")[1], flags=re.MULTILINE)
    assert rows == [part for part in PARTS if part not in ("name", "note")]


def test_every_metric_of_an_audit_is_on_the_page():
    from seqpipe.debiasing.audit import Findings

    names = {
        "direct_bias": "direct bias",
        "clustering": "clusters",
        "generated": "generated analogies",
        "similarity": "word similarity",
        "pipelines": "scores of pipelines",
        "weat": "WEAT",
        "rnd": "RND",
        "mac": "MAC",
        "ect": "ECT",
        "sembias": "SemBias",
    }
    table = PAGE.split("## Audit")[1].split("##")[0]
    for metric in Findings.__dataclass_fields__:
        assert names.get(metric, metric) in table, metric
