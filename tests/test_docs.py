"""The documentation is held to the code: hooks, examples, default configs, commands."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import spacy
from spacy.language import Language
from spacy.util import load_model_from_config, registry
from typer.main import get_command

from seqpipe import hookspecs
from seqpipe.cli.app import build_app
from seqpipe.layers.recurrent import Recurrent
from seqpipe.project.events import Kind
from seqpipe.tagging.ner import RNNEntityRecognizer
from seqpipe.training.labels import initialize_block
from tests.pages import ROOT, blocks, page, parsed

PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/*.md")))]
NEW_USER = (
    "python -m venv .venv && .venv/bin/pip install -e '.[dev]' "
    "&& .venv/bin/seqpipe run projects/ner/project.yml\n"
    ".venv/bin/pytest\n"
)


def hooks():
    """Every hook's name and signature, as the documentation writes it."""
    for name, function in vars(hookspecs).items():
        if name.startswith(f"{hookspecs.PROJECT}_"):
            yield name + str(inspect.signature(function)).replace("'", "")


def test_every_hook_is_documented_with_its_signature_and_no_other():
    documented = re.findall(r"^### `(seqpipe_.*)`$", page("docs/plugins.md"), flags=re.MULTILINE)
    assert documented == list(hooks())


def test_readme_opens_with_the_two_lines_of_a_new_user():
    assert blocks("README.md", "sh")[0] == NEW_USER
    assert page("README.md").startswith(f"# seqpipe\n\n```sh\n{NEW_USER}```\n")


@pytest.mark.parametrize("name", PAGES)
def test_commands_on_a_page_exist(name):
    root = get_command(build_app()[0])
    for line in re.findall(r"^(?: {4})?seqpipe (.+)$", page(name), flags=re.MULTILINE):
        if line[0].isupper() or line.startswith(("brings", "is ", "-")):
            continue
        command = root
        for word in line.split():
            if not hasattr(command, "commands"):
                break
            assert word in command.commands, f"seqpipe {line}"
            command = command.commands[word]


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_somewhere(name):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page(name)):
        assert (ROOT / name).parent.joinpath(target).exists(), target


def test_every_event_of_a_run_is_documented_and_no_other():
    table = page("docs/project.md").partition("\n## Events\n")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert documented == ["event", *get_args(Kind), "end"]


def test_vocabulary_example_gives_what_its_comments_say():
    example = blocks("docs/vocabulary.md", "python")[0]
    names, checked = {}, 0
    lines = example.splitlines()
    for statement in ast.parse(example).body:
        source = ast.unparse(statement)
        if isinstance(statement, ast.Expr):
            said = lines[statement.end_lineno - 1].partition("  # ")[2]
            assert said.startswith(repr(eval(source, names)))
            checked += 1
        else:
            exec(source, names)
    assert checked == 4


def test_tokenizer_config_and_example_work_as_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("The Mau is a breed of cat .\n", encoding="utf-8")
    config = parsed(blocks("docs/vocabulary.md", "ini")[0])
    config["nlp"].update({"lang": "en", "pipeline": []})
    nlp = load_model_from_config(config, auto_fill=True)
    nlp.initialize()
    pairs, rate = map(str.strip, blocks("docs/vocabulary.md", "python")[1].splitlines()[1:])
    names = {"nlp": nlp}
    exec(blocks("docs/vocabulary.md", "python")[1], names)
    unknown = [text for text, _, is_unk in eval(pairs, names) if is_unk]
    assert unknown == ["Egyptian"]
    assert eval(rate, names) == pytest.approx(1 / 9)


def tagging_config(section):
    """The config blocks of docs/tagging.md that open with a section."""
    return [
        parsed(body) for body in blocks("docs/tagging.md", "ini") if body.startswith(f"[{section}]")
    ]


def test_default_config_on_the_page_is_that_of_the_factory():
    smallest, whole = (config["components"]["ner"] for config in tagging_config("components.ner"))
    assert smallest == {"factory": "rnn_ner"}
    assert whole.pop("factory") == "rnn_ner"
    spacy.blank("en").get_factory_meta("rnn_ner")  # loads the entry point
    assert whole == Language.get_factory_meta("rnn_ner").default_config


def test_listener_on_the_page_takes_the_place_of_the_embedding():
    (config,) = tagging_config("components.ner.model.tok2vec")
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    ner = nlp.add_pipe("rnn_ner", config={"model": config["components"]["ner"]["model"]})
    assert ner.model.get_ref("tok2vec").name == "tok2vec-listener"


def test_tagger_on_the_page_is_built():
    (config,) = tagging_config("components.names")
    block = config["components"]["names"]
    tagger = spacy.blank("en").add_pipe(block.pop("factory"), config=block)
    assert tagger.target == "_.is_name"


def test_initialization_on_the_page_names_what_a_component_takes():
    (config,) = tagging_config("initialize.components.ner")
    named = set(config["initialize"]["components"]["ner"])
    assert named <= set(inspect.signature(RNNEntityRecognizer.initialize).parameters)


def test_vectors_on_the_page_are_an_option_of_the_embedding():
    (config,) = tagging_config("initialize")
    assert config["initialize"]["vectors"]
    tok2vec = config["components"]["ner"]["model"]["tok2vec"]
    ner = spacy.blank("en").add_pipe("rnn_ner", config={"model": {"tok2vec": tok2vec}})
    assert ner.model.get_ref("tok2vec").layers[-1].name == tok2vec["vectors"]


def test_reader_on_the_page_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "-DOCSTART- -X- O O\n\nMina NNP I-NP I-PER\nslept VBD I-VP -\n"
    (tmp_path / "train.conll").write_text(rows, encoding="utf-8")
    (config,) = tagging_config("corpora.train")
    nlp = spacy.blank("en")
    (eg,) = registry.resolve(config)["corpora"]["train"](nlp)
    assert [(ent.text, ent.label_) for ent in eg.reference.ents] == [("Mina", "PER")]
    assert not eg.reference[1].ent_iob_


def test_every_config_block_of_the_page_is_tested():
    sections = {body.split("]")[0][1:] for body in blocks("docs/tagging.md", "ini")}
    assert sections == {
        "components.ner",
        "components.ner.model.tok2vec",
        "components.names",
        "initialize",
        "initialize.components.ner",
        "corpora.train",
    }


def test_shuffled_stream_on_the_page_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.conll").write_text("Mina I-PER\n\nGo O\n", encoding="utf-8")
    block = parsed(blocks("docs/streams.md", "ini")[0])["corpora"]["train"]
    block["corpus"]["columns"] = {"word": 0}
    read = registry.resolve({"train": block})["train"]
    assert sorted(eg.reference.text for eg in read(spacy.blank("en"))) == ["Go", "Mina"]


def test_files_on_the_page_are_those_that_the_command_writes():
    written = {
        ("components.ner", "labels"): Path("labels/ner.json"),
        ("components.ner", "vocabulary"): Path("labels/ner.vocabulary.json"),
    }
    assert blocks("docs/streams.md", "ini")[1] == initialize_block(written)


@pytest.mark.parametrize("example", blocks("docs/recurrent.md", "python"))
def test_example_of_recurrent_layers_runs(example):
    exec(example, {})


def recurrent_configs():
    return [parsed(body) for body in blocks("docs/recurrent.md", "ini")]


def test_encoder_on_the_page_is_that_of_spacys_tok2vec():
    block = recurrent_configs()[0]["components"]["tok2vec"]
    tok2vec = spacy.blank("en").add_pipe(block.pop("factory"), config=block)
    assert tok2vec.model.get_ref("encode").name == "recurrent"


def test_layers_on_the_page_are_built_and_the_first_with_all_its_defaults():
    defaults, encoder_decoder = recurrent_configs()[1:]
    said = {key: value for key, value in defaults["model"].items() if key[0] != "@"}
    parameters = inspect.signature(Recurrent).parameters
    assert set(said) == set(parameters)
    for name in set(said) - {"cell", "nO", "nI"}:
        assert said[name] == parameters[name].default, name
    assert registry.resolve(defaults)["model"].name == "recurrent"
    assert registry.resolve(encoder_decoder)["model"].name == "encoder_decoder"


def test_plugin_of_the_page_works_when_it_is_installed(tmp_path):
    (toml,) = blocks("docs/plugins.md", "toml")
    source = blocks("docs/plugins.md", "python")[0]
    ((name, module),) = tomllib.loads(toml)["project"]["entry-points"]["seqpipe"].items()
    (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[seqpipe]\n{name} = {module}\n")
    done = subprocess.run(
        [sys.executable, "-m", "seqpipe", "hello", "Ada"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("Hello Ada\n", "", 0)
