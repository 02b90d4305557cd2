"""docs/debiasing.md: its examples hold, its configs name every setting with its default, and what
it says about commands and lists is so."""

import json
import re
import shlex
from pathlib import Path

import spacy
from spacy.language import Language
from thinc.api import Config
from typer.main import get_command

from seqpipe.cli.app import build_app
from seqpipe.debiasing.component import make_debiaser
from seqpipe.debiasing.word_lists import PARTS, WordLists

PAGE = (Path(__file__).parents[2] / "docs" / "debiasing.md").read_text(encoding="utf-8")
assert make_debiaser  # registers the factory where the package is not installed


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def component(body):
    return Config().from_str(f"[components]\n\n{body}")["components"]["debiaser"]


def test_examples_of_the_page_hold():
    exec("\n".join(blocks("python")), {})


def test_config_of_the_component_is_its_default():
    smallest, whole = map(component, blocks("ini")[:2])
    assert smallest == {"factory": "debiaser"}
    assert whole.pop("factory") == "debiaser"
    assert whole == dict(Language.get_factory_meta("debiaser").default_config)


def test_pipeline_on_the_page_has_components_and_settings_that_exist():
    config = Config().from_str(f"[components]\n\n{blocks('ini')[2]}")
    nlp = spacy.blank("en")
    for name in config["nlp"]["pipeline"]:
        settings = dict(config["components"][name])
        nlp.add_pipe(settings.pop("factory"), name=name, config=settings)
    assert nlp.pipe_names == ["debiaser", "ner"]
    assert set(config["initialize"]) <= set(nlp.config["initialize"])


def test_lists_on_the_page_have_every_part_and_are_read(tmp_path):
    (body,) = blocks("json")
    assert set(json.loads(body)) == set(PARTS) - {"note"}
    (tmp_path / "lists.json").write_text(body, encoding="utf-8")
    lists = WordLists.load(tmp_path / "lists.json")
    assert lists.weat[0].x == lists.targets["career"]
    rows = re.findall(r"^\| `(\w+)` \| ", PAGE.split("## Word lists")[1], flags=re.MULTILINE)
    assert rows == [part for part in PARTS if part not in ("name", "note")]


def test_command_lines_of_the_page_are_understood(tmp_path):
    app = get_command(build_app()[0])
    lines = [line for body in blocks("sh") for line in body.splitlines()]
    assert lines
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        command = app
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        assert command.make_context(command.name, words, ignore_unknown_options=False)


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
