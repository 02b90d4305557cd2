"""The plan: what will run and why, and what is known to go wrong before anything runs."""

import time

import pytest

from seqpipe.files import InputError
from seqpipe.project.load import load_project
from seqpipe.project.lock import Records
from seqpipe.project.plan import check_deps, plan
from seqpipe.project.run import CommandError, project_run
from seqpipe.project.script_lines import shell_hint
from seqpipe.project.variables import Text

CHAIN = """
    workflows: {all: [a, b, c, d]}
    assets: [{dest: raw/in.txt}, {dest: more.txt, extra: true}, {dest: x.zip, extract: unpacked}]
    commands:
      - {name: a, script: ["make a"], deps: [raw/in.txt], outputs: [out/a]}
      - {name: b, script: ["make b"], deps: [out/a], outputs: [out/b]}
      - {name: c, script: ["make c"], deps: [out/b, other], outputs: [out/c]}
      - {name: d, script: ["make d"], deps: [other], outputs: [out/d]}
"""


@pytest.fixture
def chain(write_project):
    """A chain of commands that have all succeeded."""
    path = write_project(CHAIN)
    (path.parent / "raw").mkdir()
    (path.parent / "out").mkdir()
    for name in ("raw/in.txt", "other", "out/a", "out/b", "out/c", "out/d"):
        (path.parent / name).write_text(name)
    project = load_project(path)
    records = Records(project)
    for command in project.commands.values():
        records.begin(command)
        records.succeed(command)
    return path


def planned(path, name="all", **options):
    project = load_project(path)
    found = plan(project, name, records=Records(project), **options)
    return {one.step.command.name: (one.state, one.reason) for one in found}


SKIP = ("skip", "nothing changed")


def test_where_nothing_changed_nothing_runs(chain):
    assert planned(chain) == dict.fromkeys("abcd", SKIP)


def test_what_hangs_on_something_that_runs_may_run(chain):
    (chain.parent / "raw/in.txt").write_text("changed")
    assert planned(chain) == {
        "a": ("run", "raw/in.txt changed"),
        "b": ("maybe", "'a' runs first and makes out/a"),
        "c": ("maybe", "'b' may run first and makes out/b"),
        "d": SKIP,
    }


def test_what_is_made_again_first_says_nothing_yet_but_all_else_does(chain):
    (chain.parent / "out/a").unlink()
    (chain.parent / "out/c").unlink()
    assert planned(chain) == {
        "a": ("run", "out/a is missing"),
        "b": ("maybe", "'a' runs first and makes out/a"),
        "c": ("run", "out/c is missing"),
        "d": SKIP,
    }
    (chain.parent / "other").write_text("changed")
    assert planned(chain)["d"] == ("run", "other changed")


def test_force_runs_everything(chain):
    assert planned(chain, force=True) == dict.fromkeys("abcd", ("run", "forced"))


def test_only_and_from_take_parts_of_the_plan(chain):
    assert list(planned(chain, only=["d", "b"])) == ["b", "d"]
    assert list(planned(chain, start_at="c")) == ["c", "d"]
    assert list(planned(chain, start_at="b", only=["c", "a"])) == ["c"]
    assert list(planned(chain, "b")) == ["b"]


def test_what_is_left_of_a_plan_keeps_its_order(chain):
    project = load_project(chain)
    found = plan(project, records=Records(project), only=["a", "c"], force=True)
    assert [one.step.needs for one in found] == [{}, {0: ()}]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"only": ["a", "cc"]},
            "--only cc: no such command in the plan of 'all'; did you mean 'c'",
        ),
        (
            {"start_at": "z"},
            "--from z: no such command in the plan of 'all'; expected one of: a, b",
        ),
        ({"start_at": "c", "only": ["a"]}, "nothing is left of the plan of 'all' from 'c' on"),
    ],
)
def test_a_part_that_is_not_in_the_plan_is_refused(chain, options, words):
    with pytest.raises(InputError, match=words):
        planned(chain, **options)


def test_what_comes_after_a_command_that_says_nothing_may_run(write_project):
    path = write_project("""
        workflows: {all: [a, say, b]}
        commands:
          - {name: say, script: ["echo hello"]}
          - {name: a, outputs: [a]}
          - {name: b, outputs: [b]}
    """)
    project = load_project(path)
    records = Records(project)
    for name in "ab":
        (path.parent / name).write_text(name)
        records.begin(project.commands[name])
        records.succeed(project.commands[name])
    assert planned(path) == {
        "a": SKIP,
        "say": ("run", "runs always (no outputs)"),
        "b": ("maybe", "'say' runs first and does not say what it changes"),
    }


def fault_of(path, name="all", **options):
    with pytest.raises(InputError) as caught:
        planned(path, name, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("raw/in.txt", "line 5: command 'a' needs raw/in.txt, which does not exist; fetch it: "),
        ("other", "line 7: command 'c' needs other, which does not exist; no command makes it"),
    ],
)
def test_a_dependency_that_is_not_there_and_that_nothing_makes_is_refused(chain, missing, words):
    (chain.parent / missing).unlink()
    assert words in fault_of(chain)


def test_a_dependency_that_another_plan_makes_says_which(chain):
    (chain.parent / "out/b").unlink()
    message = f"the command 'b' makes it: seqpipe run {chain} b"
    assert message in fault_of(chain, "c")
    assert message in fault_of(chain, start_at="c")
    assert planned(chain)["c"][0] == "maybe"


@pytest.mark.parametrize(
    ("dep", "hint"),
    [
        ("more.txt", "fetch it: seqpipe assets {path} --extra"),
        ("raw", "fetch it: seqpipe assets {path}"),
        ("unpacked/deep/x", "fetch it: seqpipe assets {path}"),
    ],
)
def test_a_missing_asset_says_how_to_fetch_it(write_project, dep, hint):
    path = write_project(CHAIN + f"      - {{name: x, deps: [{dep}]}}\n")
    assert fault_of(path, "x").endswith(hint.format(path=path))


def test_what_a_command_makes_of_itself_must_be_there_first(write_project):
    path = write_project("commands: [{name: polish, deps: [x], outputs: [x]}]")
    assert "'polish' needs x, which does not exist; no command makes it" in fault_of(path, "polish")


def test_after_a_command_that_may_make_anything_it_is_too_early_to_tell(write_project):
    path = write_project("""
        workflows: {all: [fetch, use], early: [use, fetch]}
        commands:
          - {name: fetch, script: ["python fetch.py"]}
          - {name: use, deps: [data], outputs: [x]}
    """)
    assert planned(path)["use"] == ("run", "never run")
    assert "needs data" in fault_of(path, "early")
    project = load_project(path)
    with pytest.raises(InputError, match="'use' needs data, which does not exist"):
        check_deps(project, project.commands["use"])


SHELL = {
    "cat x | wc": "|",
    "cat x >out.txt": ">",
    "cat x > out.txt": ">",
    "cat x >> out.txt": ">>",
    "cat x 2> out.txt": "2>",
    "cat x 2>&1": "2>&",
    "cat x &> all.txt": "&>",
    "cat < x": "<",
    "cat << END": "<<",
    "a && b": "&&",
    "a || b": "||",
    "a ; b": ";",
    "serve &": "&",
    "'a' 'b'|c | d": "|",
    "echo a; echo b": ";",
    "echo a;echo b": ";",
    "cat x|wc -l": "|",
    "a&&b": "&&",
    "a&b": "&",
    "cat x>out.txt": ">",
    "cat x>>out.txt": ">>",
    "cat <x": "<",
    "echo $(date)": "$(",
    "echo `date`": "`",
    "( true )": "(",
    "cd sub": "cd",
    "source venv/bin/activate": "source",
    "export A=1": "export",
    "FOO=1 python x.py": "FOO=1",
    "FOO='a b' python x.py": "FOO=_",
    "wget http://x?a=1&b=2 &": "&",
    "wget http://x; ls": ";",
    "curl http://x >out": ">",
    "python x.py --unk <unk> a|b": "|",
}


@pytest.mark.parametrize("line", SHELL)
def test_words_of_a_shell_are_refused_with_the_way_out(write_project, line):
    quoted = line.replace("'", "''")
    path = write_project(f"""
        commands:
          - name: x
            script:
              - echo fine
              - '{quoted}'
    """)
    message = fault_of(path, "x")
    assert f"line 6: command 'x': in the script line {line}: '{SHELL[line]}'" in message
    assert "no shell" in message
    assert any(way in message for way in ("bash -c", "a line of its own", "write env in front"))


@pytest.mark.parametrize(
    "line",
    [
        "bash -c 'cat x | wc > y && z'",
        'sh -c "cat x | wc; z"',
        "echo '|' \"&&\" \\| \\> ';'",
        "pip install spacy>=3 thing<4",
        "python x.py --unk <unk> 'it''s' --x='a | b' \"a 'b | c' d\" a->b",
        "python -c 'import x; print(1 & 2)'",
        'bash -c "cd x && A=$(date) ls; `z` *.txt"',
        "wget http://x.org/y?a=1&b=2;c=<3>|d",
        "echo 2 5 2x $HOME ~/x *.txt [a-z] --set cd --x=a=b # words (a)",
        "env FOO=1 python x.py",
        "",
        "   ",
    ],
)
def test_what_only_looks_like_a_shell_passes(write_project, line):
    path = write_project("commands: [{name: x, script: ['${vars.line}']}]\nvars: {line: x}")
    project = load_project(path, {"line": line})
    assert plan(project, "x", records=Records(project))


@pytest.mark.parametrize(
    ("line", "words"),
    [("echo 'a", "no closing quotation"), ("echo a\\", "no escaped character")],
)
def test_a_line_that_cannot_be_split_is_refused(write_project, line, words):
    path = write_project("commands: [{name: x, script: ['${vars.line}']}]\nvars: {line: x}")
    project = load_project(path, {"line": line})
    with pytest.raises(InputError, match=f"line 1: command 'x': in the script line .*: {words}"):
        plan(project, "x", records=Records(project))


def test_a_value_of_env_is_no_word_of_a_shell(write_project, monkeypatch):
    monkeypatch.setenv("PLAN_TEST_TOKEN", "a&b;c | d")
    path = write_project("""
        env: {token: PLAN_TEST_TOKEN}
        commands: [{name: x, script: ["curl --user ${env.token} example.org"]}]
    """)
    assert planned(path, "x")


@pytest.mark.parametrize("dep", ["~/in.txt", "in/*.txt", "$HOME/in.txt"])
def test_a_path_that_a_shell_would_fill_in_says_so(write_project, dep):
    path = write_project(f"commands: [{{name: x, deps: ['{dep}']}}]")
    assert "a path is read as it stands: no shell fills in ~, $NAME, * or ?" in fault_of(path, "x")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cp $HOME/x y", "$HOME/x"),
        ("cp '*.txt' *.txt ~/x", "*.txt ~/x"),
        ("~/bin/x", "~/bin/x"),
    ],
)
def test_what_a_shell_would_fill_in_is_named_where_a_line_fails(line, words):
    hint = "; no shell reads this line, and it was given as it stands: "
    assert shell_hint(Text(line, line)) == hint + words


def test_a_line_that_fails_says_that_no_shell_read_it(write_project):
    path = write_project("""
        commands:
          - {name: x, script: ["python -c 'exit(3)' $HOME/x"]}
          - {name: y, script: ["~/no/such/program"]}
    """)
    for name, word in (("x", r"\$HOME/x"), ("y", "~/no/such/program")):
        with pytest.raises(CommandError, match=f"no shell reads this line, .* stands: {word}$"):
            project_run(path, name)


@pytest.mark.parametrize(
    "line", ["cp a b", "grep '$x*' a~", "bash -c 'ls *' $HOME", "", "a ${env.x}"]
)
def test_a_line_that_a_shell_would_read_alike_gets_no_hint(line):
    assert shell_hint(Text(line, line)) == ""


def test_a_value_of_env_is_not_shown_where_a_line_is_refused(write_project, monkeypatch):
    monkeypatch.setenv("PLAN_TEST_TOKEN", "s3cret' >s3cret |")
    path = write_project("""
        env: {token: PLAN_TEST_TOKEN}
        commands: [{name: x, script: ["echo '${env.token}"]}, {name: y, script: ["${env.token}"]}]
    """)
    for name in "xy":
        assert "s3cret" not in fault_of(path, name)


def test_two_hundred_commands_are_planned_in_no_time(write_project):
    lines = ["commands:"]
    for i in range(200):
        deps = f"[data/{i}, data/{i + 1}, models/{i - 1}]" if i else "[data]"
        lines += [f"  - name: c{i}", '    script: ["python x.py a b | c"]'.replace(" |", "")]
        lines += [f"    deps: {deps}", f"    outputs: [models/{i}, metrics/{i}.json]"]
    lines.append(f"workflows: {{all: [{', '.join(f'c{i}' for i in range(200))}]}}")
    path = write_project("\n".join(lines))
    (path.parent / "data").mkdir()
    for i in range(201):
        (path.parent / f"data/{i}").write_text("x")
    project = load_project(path)
    records = Records(project)
    began = time.perf_counter()
    assert len(plan(project, records=records)) == 200
    assert time.perf_counter() - began < 1
