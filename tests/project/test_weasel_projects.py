"""Project files that together use every key of weasel's schema: both read them, and alike."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pydantic import BaseModel
from weasel import schemas
from weasel.util.config import load_project_config

from seqpipe.files import InputError
from seqpipe.project.hashes import Hashes, make_room
from seqpipe.project.load import load_project
from seqpipe.project.lock import Records
from seqpipe.project.plan import plan
from seqpipe.project.source import read_yaml

HERE = Path(__file__).parents[2] / "projects"

PROJECTS = {
    "every key": """
        title: "A project with everything"
        description: "Long words, with a colon: and 'quotes'"
        spacy_version: ">=3.2.0,<4.0.0"
        check_requirements: true
        vars:
          config: config
          lang: en
          gpu_id: -1
          seeds: [1, 2]
          quick: true
          nothing: null
          rate: 1e-3
          files: {train: "train_${vars.lang}", deep: {er: "${vars.files.train}.json"}}
        env: {home: WEASEL_TEST_HOME, missing: WEASEL_TEST_MISSING}
        remotes:
          default: "s3://bucket/${vars.lang}"
          local: "/mnt/storage"
        directories: ["assets", "corpus/${vars.lang}", "configs", "scripts"]
        assets:
          - dest: "assets/${vars.files.train}.json"
            url: "https://example.org/${vars.lang}.json"
            checksum: "63373dd656daa1fd3043ce166a59474c"
            description: "Training data"
            extra: true
          - dest: "assets/private.txt"
            description: ""
            url: null
            checksum: null
          - dest: "assets/repository"
            description: null
            checksum: null
            git:
              repo: "https://example.org/repository"
              branch: "main"
              path: "data/${vars.lang}"
        workflows:
          all:
            - preprocess
            - train
          again: [preprocess, train]
        commands:
          - name: preprocess
            help: "Convert the ${vars.lang} data"
            script:
              - "mkdir -p corpus/${vars.lang}"
              - "python scripts/convert.py assets/${vars.files.deep.er} corpus/${vars.lang}"
            deps: ["assets/${vars.files.deep.er}"]
            outputs: ["corpus/${vars.lang}/train.spacy"]
            outputs_no_cache: ["corpus/report.html"]
          - name: train
            help: null
            script:
              - >-
                python -m spacy train configs/${vars.config}.cfg
                --training.seed ${vars.seeds} --gpu-id ${vars.gpu_id}
                --quick ${vars.quick} ${vars.nothing} --rate ${vars.rate} ${vars:lang}
              - "echo $HOME ${env.home}/x '${env.missing}' 100% $$"
            deps: ["corpus/${vars.lang}/train.spacy"]
            outputs: ["training/model-best"]
            no_skip: yes
    """,
    "least": "commands: [{name: a, script: []}]",
    "nothing to run": "title: null\ndescription: 5\nremotes: null\nworkflows: {}\n",
    "odd but read": """
        vars: {x: prep, y: "${vars.z}", z: "${vars.last}", last: end}
        workflows: {all: ["${vars.x}", b]}
        directories: []
        assets: [{dest: a, git: null, extra: null}, {dest: b, extra: yes}]
        commands:
          - {name: "${vars.x}", script: [""], deps: [], outputs: [], no_skip: 0}
          - name: b
            script:
              - |
                python -c
                  'print("${vars.y} ${project.title}")'
        title: "Odd"
    """,
    "the same path in many words": """
        workflows: {all: [make, use]}
        commands:
          - name: make
            script: ["touch out/x"]
            outputs: ["./out/x", out/x, "out//x"]
          - name: use
            script: ["cat out"]
            deps: [out/, ./out, "out/../out/x", "ärger/ß.txt", "ärger/ß.txt", "."]
            outputs: []
    """,
}
MODELS = [
    value
    for value in vars(schemas).values()
    if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel
]
# What weasel knows that its models do not say.
BESIDE_THE_SCHEMA = {"description", "directories", "remotes", "extra"}
OLD = {"spacy_version", "check_requirements"}


@pytest.fixture(params=PROJECTS)
def folder(request, tmp_path, monkeypatch):
    monkeypatch.setenv("WEASEL_TEST_HOME", "/home/me")
    monkeypatch.delenv("WEASEL_TEST_MISSING", raising=False)
    text = textwrap.dedent(PROJECTS[request.param])
    (tmp_path / "project.yml").write_text(text, encoding="utf-8")
    for path in ("assets/train_en.json", "ärger/ß.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("x")
    return tmp_path


def test_a_project_means_to_us_what_it_means_to_weasel(folder):
    theirs = load_project_config(folder)
    ours = load_project(folder)
    assert list(ours.commands) == [command["name"] for command in theirs.get("commands", [])]
    for command, other in zip(ours.commands.values(), theirs.get("commands", []), strict=True):
        assert values(command.script) == other["script"]
        assert values(command.deps) == other.get("deps", [])
        outputs = other.get("outputs", []) + other.get("outputs_no_cache", [])
        assert values(command.outputs) == outputs
        assert command.no_skip == (other.get("no_skip") in (True, "yes"))
        assert command.help == (other.get("help") or "")
    workflows = {name: list(steps) for name, steps in ours.workflows.items()}
    assert workflows == theirs.get("workflows", {})
    assert values(ours.directories) == theirs.get("directories", [])
    for asset, other in zip(ours.assets, theirs.get("assets", []), strict=True):
        assert asset.dest.value == other["dest"]
        assert (asset.url and asset.url.value) == other.get("url")
        assert asset.checksum == other.get("checksum")
        assert asset.extra == bool(other.get("extra"))
        if other.get("git"):
            assert asset.git.repo.value == other["git"]["repo"]
            assert asset.git.path.value == other["git"]["path"]
            assert asset.git.branch.value == other["git"]["branch"]


def test_a_project_can_be_planned(folder):
    project = load_project(folder)
    for name in project.workflows or project.commands:
        assert plan(project, name, records=Records(project))


def test_the_projects_use_every_key_of_weasels_schema(tmp_path):
    used = set()
    for text in PROJECTS.values():
        path = tmp_path / "project.yml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        used |= keys(read_yaml(path)[0])
    known = {name for model in MODELS for name in model.model_fields}
    assert len(MODELS) >= 5
    assert used >= known | BESIDE_THE_SCHEMA | OLD


@pytest.mark.parametrize("model", MODELS)
def test_no_key_of_weasels_schema_is_unknown_to_us(model, tmp_path):
    wrap = {
        "ProjectConfigSchema": lambda block: block,
        "ProjectConfigCommand": lambda block: {"commands": [block]},
        "ProjectConfigAssetURL": lambda block: {"assets": [block]},
        "ProjectConfigAssetGit": lambda block: {"assets": [block]},
        "ProjectConfigAssetGitItem": lambda block: {"assets": [{"dest": "a", "git": block}]},
    }[model.__name__]
    for name in model.model_fields:
        # Of no type that any key has: what is refused is the value.
        (tmp_path / "project.yml").write_text(json.dumps(wrap({name: 1.5})))
        with pytest.raises(InputError) as caught:
            load_project(tmp_path)
        assert "unknown" not in str(caught.value)


def values(texts):
    return [text.value for text in texts]


def keys(block):
    if isinstance(block, list):
        return set().union(*map(keys, block))
    if isinstance(block, dict):
        return {str(key) for key in block}.union(*map(keys, block.values()))
    return set()


@pytest.mark.parametrize("path", sorted(HERE.glob("*/project.yml")), ids=lambda p: p.parent.name)
def test_the_projects_of_this_repository_are_planned_up_to_what_is_fetched(path, tmp_path):
    project = load_project(path)
    records = Records(project, Hashes(tmp_path))
    faults = []
    for name in project.workflows:
        try:
            plan(project, name, records=records)
        except InputError as fault:
            faults.append(str(fault))
    assert all("does not exist" in fault for fault in faults)


def test_loading_a_project_does_not_wait_for_weasels_command_line(tmp_path):
    (tmp_path / "project.yml").write_text("commands: [{name: a}]")
    make_room(tmp_path)
    code = "import sys; from seqpipe.project.load import load_project as load; load(sys.argv[1]);"
    code += "print(*{'weasel', 'numpy', 'httpx', 'srsly'} & set(sys.modules))"
    for found in ("numpy srsly", ""):  # the YAML is read once
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        )
        assert sorted(done.stdout.split()) == found.split()
