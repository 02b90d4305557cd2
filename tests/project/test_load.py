"""project.yml: what loads, and what each fault says."""

import pytest

from seqpipe.files import InputError
from seqpipe.project.graph import expand
from seqpipe.project.load import load_project

EVERY_KEY = """
    title: "A project"
    description: "With every key that weasel reads"
    spacy_version: ">=3.2,<4"
    check_requirements: true
    vars:
      lang: en
      gpu: -1
      files: {train: "train_${vars.lang}"}
    env:
      home: TEST_HOME
    remotes: {default: "s3://bucket"}
    directories: ["corpus/${vars.lang}", "training"]
    assets:
      - dest: "assets/${vars.files.train}.txt"
        url: "https://example.org/${vars.lang}"
        checksum: 63373DD656daa1fd3043ce166a59474c
        description: "Text"
        extra: true
      - dest: "assets/private.txt"
      - dest: "assets/repo"
        git: {repo: "https://example.org/repo", branch: main, path: "data"}
    workflows:
      all: [convert, train]
      again: [all, train]
    commands:
      - name: convert
        help: "Convert"
        script:
          - >-
            python convert.py
            ${env.home}
        deps: ["assets/${vars.files.train}.txt"]
        outputs: ["corpus/${vars.lang}/train.spacy"]
        outputs_no_cache: [corpus/log.txt]
      - name: train
        script: ["spacy train config.cfg --gpu-id ${vars.gpu}"]
        no_skip: true
"""


def test_every_key_of_weasel_loads(write_project, monkeypatch, capsys):
    monkeypatch.setenv("TEST_HOME", "/home/me")
    project = load_project(write_project(EVERY_KEY))
    convert, train = project.commands.values()
    assert convert.script[0].value == "python convert.py /home/me"
    assert [dep.value for dep in convert.deps] == ["assets/train_en.txt"]
    assert [out.value for out in convert.outputs] == ["corpus/en/train.spacy", "corpus/log.txt"]
    assert train.script[0].value == "spacy train config.cfg --gpu-id -1"
    assert train.no_skip
    assert project.workflows == {"all": ("convert", "train"), "again": ("all", "train")}
    url, private, git = project.assets
    assert url.dest.value == "assets/train_en.txt"
    assert url.checksum == "63373dd656daa1fd3043ce166a59474c"
    assert url.extra
    assert private.url is None
    assert git.git.repo.value == "https://example.org/repo"
    assert [folder.value for folder in project.directories] == ["corpus/en", "training"]
    assert capsys.readouterr() == ("", "")


def test_a_folder_stands_for_its_project_file(write_project):
    path = write_project("commands: [{name: a}]")
    assert load_project(path.parent) == load_project(path)


def test_overrides_replace_variables_nested_and_new(write_project):
    path = write_project("""
        vars: {a: {b: old}, c: "${vars.a.b}/c"}
        commands: [{name: x, script: ["${vars.c} ${vars.data}"]}]
    """)
    project = load_project(path, {"a.b": "new", "data": "../corpora"})
    assert project.commands["x"].script[0].value == "new/c ../corpora"


def test_a_workflow_may_use_a_yaml_alias(write_project):
    path = write_project("""
        workflows:
          all: &steps [a]
          again: *steps
        commands: [{name: a}]
    """)
    assert load_project(path).workflows == {"all": ("a",), "again": ("a",)}


FAULTS = {
    "top-level key": ("vars: {}\ncomands: []\n", 2, ["'comands'", "did you mean 'commands'?"]),
    "command key": (
        "commands:\n  - name: a\n    output: [x]\n",
        3,
        ["'output'", "['x']", "did you mean 'outputs'?"],
    ),
    "asset key": (
        "assets:\n  - dest: a\n    sha: 12\n    url: b\n",
        3,
        ["'sha'", "12", "expected one of: checksum, description, dest"],
    ),
    "git key": (
        "assets:\n  - dest: a\n    git: {repo: r, path: p, brunch: x}\n",
        3,
        ["'brunch'", "did you mean 'branch'?"],
    ),
    "key without a dest": ("assets:\n  - url: a\n", 2, ["assets.0.dest", "field required"]),
    "checksum": ("assets:\n  - dest: a\n    checksum: abc\n", 3, ["assets.0.checksum", "'abc'"]),
    "extra": ("assets:\n  - dest: a\n    extra: maybe\n", 3, ["'maybe'", "expected true or false"]),
    "script that is no list": (
        "commands:\n  - name: a\n    script: echo\n",
        3,
        ["commands.0.script", "list", "'echo'"],
    ),
    "script line that is a mapping": (
        "commands:\n  - name: a\n    script:\n      - a: b\n",
        4,
        ["commands.0.script.0", "string", "{'a': 'b'}"],
    ),
    "commands that are no list": ("commands:\n  a: []\n", 1, ["commands", "list"]),
    "command that is no mapping": ("commands:\n  - train\n", 2, ["a string", "expected a command"]),
    "command without a name": ("commands:\n  - help: x\n", 2, ["commands.0.name", "required"]),
    "command named twice": (
        "commands:\n  - name: a\n  - name: a\n",
        3,
        ["two commands are named 'a'"],
    ),
    "workflow named as a command": (
        "commands:\n  - name: a\nworkflows:\n  a: []\n",
        4,
        ["'a' is the name of a command and of a workflow"],
    ),
    "workflow step": (
        "workflows:\n  all:\n    - trian\ncommands:\n  - name: train\n",
        3,
        ["'trian'", "did you mean 'train'?"],
    ),
    "workflow of none": (
        "commands: [{name: a}]\nworkflows:\n  all: [a]\n  some: []\n",
        4,
        ["'some' is a workflow that names nothing"],
    ),
    "workflow that names itself": (
        "workflows:\n  a: [x, b]\n  b: [c]\n  c: [a]\ncommands: [{name: x}]\n",
        2,
        ["a -> b -> c -> a"],
    ),
    "name that a variable makes the same": (
        "vars: {x: a}\ncommands:\n  - name: a\n  - name: '${vars.x}'\n",
        4,
        ["two commands are named 'a'"],
    ),
    "section as a variable": (
        "vars: {a: {b: x}}\ncommands:\n  - name: a\n    script:\n      - ls ${vars.a}\n",
        5,
        ["${vars.a}: no such variable", "did you mean 'vars.a.b'?"],
    ),
    "environment variable's name": (
        "env:\n  token: 5\n",
        2,
        ["env.token: 5", "expected the name of an environment variable"],
    ),
    "empty directory": (
        "directories:\n  - a\n  - ''\n",
        3,
        ["directories.1: an empty path, expected a folder"],
    ),
    "NUL in a script": (
        'commands:\n  - name: a\n    script:\n      - ok\n      - "x\\0y"\n',
        5,
        ["commands.0.script.1: a NUL character"],
    ),
    "NUL in a variable": (
        'vars: {x: "a\\0"}\ncommands:\n  - name: a\n    outputs: ["${vars.x}"]\n',
        4,
        ["commands.0.outputs.0: a NUL character"],
    ),
    "half a character": (
        'commands:\n  - name: a\n    help: "\\ud800"\n',
        3,
        ["commands.0.help: half of a character"],
    ),
    "SHA-256": (
        f"assets:\n  - dest: a\n    checksum: {'e3b0c442' * 8}\n",
        3,
        ["assets.0.checksum", "expected 32 hexadecimal digits (MD5)"],
    ),
    "url and git": (
        "assets:\n  - dest: a\n    url: u\n    git: {repo: r, path: p}\n",
        3,
        ["an asset with url and git, expected one of them"],
    ),
    "host": (
        "assets:\n  - dest: a\n    url: http://[::1/x\n",
        3,
        ["url: http://[::1/x: the host or the port cannot be read, expected one such as https:"],
    ),
    "port": ("assets:\n  - dest: a\n    url: http://a:99999/x\n", 3, ["the host or the port"]),
    "no host": ("assets:\n  - dest: a\n    url: 'http://'\n", 3, ["url: http://: no host"]),
    "empty name": ("commands:\n  - name: ''\n", 2, ["a command without a name: ''"]),
    "name with a control character": (
        'commands:\n  - name: "a\\e[31mred"\n',
        2,
        ["the name of a command has a control character: 'a\\x1b[31mred'"],
    ),
    "workflow with a line end in its name": (
        'commands: [{name: a}]\nworkflows:\n  "w\\nx": [a]\n',
        3,
        ["the name of a workflow has a control character: 'w\\nx'"],
    ),
    "reference without its end": (
        "vars: {n: 1}\ncommands:\n  - name: a\n    script:\n      - cp ${vars.n in.txt\n",
        5,
        ["${vars.n in.txt: a reference without its closing }"],
    ),
    "variable": (
        "vars: {data: x}\ncommands:\n  - name: a\n    deps:\n      - ${vars.dta}\n",
        5,
        ["${vars.dta}", "did you mean 'vars.data'?"],
    ),
    "shell variable": (
        "commands:\n  - name: a\n    script:\n      - ls ${HOME}\n",
        4,
        ["${HOME}", "no such variable"],
    ),
    "variable defined by itself": (
        'vars: {a: "${vars.b}", b: "${vars.a}"}\ncommands:\n  - {name: x, deps: ["${vars.a}"]}\n',
        3,
        ["defined by itself"],
    ),
    "directories": ("directories: corpus\n", 1, ["directories", "'corpus'", "list of strings"]),
    "empty file": ("", 1, ["nothing", "expected a mapping"]),
    "list": ("- a\n", 1, ["a list", "expected a mapping"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_file_line_value_and_what_is_right(write_project, fault):
    text, line, words = FAULTS[fault]
    path = write_project("")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_project(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_an_unknown_override_names_the_nearest_variable(write_project):
    path = write_project("vars: {data: x}")
    with pytest.raises(InputError, match=r"--vars.dtaa: no such variable; did you mean 'data'\?"):
        load_project(path, {"dtaa": "y"})


def test_a_folder_without_a_project_file_is_said(tmp_path):
    with pytest.raises(InputError, match=r"no project.yml in this folder"):
        load_project(tmp_path)


def test_a_command_given_as_the_project_gets_the_right_line(write_project, monkeypatch):
    monkeypatch.chdir(write_project("commands: [{name: train}]").parent)
    with pytest.raises(InputError, match=r"no such file or folder.*: seqpipe run \. train"):
        load_project("train")


def test_each_text_knows_its_line_and_each_command_the_variables_behind_it(
    write_project, monkeypatch
):
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    path = write_project("""
        vars: {a: "${vars.b}/x", b: "${env.token}", unused: 1}
        env: {token: TEST_TOKEN}
        commands:
          - name: x
            script:
              - one
              - two ${vars.a}
    """)
    command = load_project(path).commands["x"]
    assert [line.line for line in command.script] == [7, 8]
    assert command.variables == {"vars.a": "${vars.b}/x", "vars.b": "${env.token}"}
    assert command.env == {"env.token": "s3cret"}
    assert "s3cret" not in repr(command).replace(command.script[1].value, "")


def test_a_date_is_written_as_it_stands(write_project):
    path = write_project("""
        vars: {day: 2020-01-31}
        commands: [{name: x, script: ["${vars.day}"]}]
    """)
    assert load_project(path).commands["x"].script[0].value == "2020-01-31"


def test_a_value_of_env_in_a_bad_address_is_not_shown(write_project, monkeypatch):
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    path = write_project("""
        env: {token: TEST_TOKEN}
        assets: [{dest: a, url: "http://x:${env.token}/"}]
    """)
    with pytest.raises(InputError) as caught:
        load_project(path)
    assert "s3cret" not in str(caught.value)


def test_workflows_may_be_nested_as_deep_as_anyone_likes(write_project):
    lines = [f"  w{i}: [w{i + 1}]" for i in range(2000)]
    path = write_project("\n".join(["commands: [{name: a}]", "workflows:", *lines, "  w2000: [a]"]))
    project = load_project(path)
    assert [command.name for command in expand(project, "w0")] == ["a"]


def test_workflows_that_come_to_more_than_anyone_means_are_refused(write_project):
    lines = [f"  w{i}: [w{i + 1}, w{i + 1}]" for i in range(40)]
    path = write_project("\n".join(["commands: [{name: a}]", "workflows:", *lines, "  w40: [a]"]))
    with pytest.raises(InputError, match=r"line 29: the workflow 'w26' comes to 16,384 commands"):
        load_project(path)


def test_the_project_may_have_another_name(write_project, monkeypatch):
    path = write_project("commands: [{name: a}]")
    path.rename(path.with_name("my project.yaml"))
    monkeypatch.chdir(path.parent)
    with pytest.raises(InputError, match=r"project here: seqpipe run 'my project.yaml' a$"):
        load_project("a")
    with pytest.raises(InputError, match=r"no project.yml in this folder; is it my project.yaml\?"):
        load_project(".")
