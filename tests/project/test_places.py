"""Where a project may write, and which paths nobody could write to."""

import pytest

from seqpipe.files import InputError
from seqpipe.project.load import load_project

FAULTS = {
    "output outside": (
        "vars: {out: ../x}\ncommands:\n  - name: a\n    outputs:\n      - models\n"
        "      - models/../${vars.out}/y\n",
        6,
        ["outputs: models/../../x/y leaves the project's folder"],
    ),
    "untracked output outside": (
        "commands:\n  - name: a\n    outputs_no_cache: [/srv/x]\n",
        3,
        ["/srv/x leaves the project's folder"],
    ),
    "directory outside": ("directories:\n  - a\n  - ../b\n", 3, ["directories: ../b leaves"]),
    "asset outside": ("assets:\n  - url: u\n    dest: a/../../b\n", 3, ["dest: a/../../b leaves"]),
    "archive unpacked outside": (
        "assets:\n  - dest: a\n    extract: ..\n",
        3,
        ["extract: .. leaves the project's folder"],
    ),
    "output that is all of the project": (
        "commands:\n  - name: a\n    outputs:\n      - x\n      - ./\n",
        5,
        ["outputs: ./ is the project's own folder, expected a path in it"],
    ),
    "empty output": (
        "commands:\n  - name: a\n    outputs: ['']\n",
        3,
        ["outputs: an empty path is the project's own folder"],
    ),
    "asset in the place of the project": (
        "assets:\n  - dest: .\n    git: {repo: r, path: ''}\n",
        2,
        ["dest: . is the project's own folder"],
    ),
    "archive unpacked over the project": (
        "assets:\n  - dest: a\n    extract: ''\n",
        3,
        ["extract: an empty path is the project's own folder"],
    ),
    "project file as an output": (
        "commands:\n  - name: a\n    outputs: [x/../project.yml]\n",
        3,
        ["outputs: x/../project.yml is what seqpipe itself reads and writes"],
    ),
    "lock as an asset": ("assets:\n  - dest: seqpipe.lock\n", 2, ["dest: seqpipe.lock is what"]),
    "asset in the room": ("assets:\n  - dest: .seqpipe/x\n", 2, ["dest: .seqpipe/x is what"]),
    "unpacked into the room": (
        "assets:\n  - dest: a\n    extract: .seqpipe\n",
        3,
        ["extract: .seqpipe is what"],
    ),
    "home folder": ("assets:\n  - dest: ~/x.txt\n", 2, ["dest: ~/x.txt: no shell reads ~ here"]),
    "directory where a file stands": (
        "directories:\n  - project.yml/x\n",
        2,
        ["directories: project.yml/x is what seqpipe itself"],
    ),
    "name of a dependency": (
        f"commands:\n  - name: a\n    deps: [{'x' * 400}]\n",
        3,
        ["deps: a name of 400 bytes, expected at most 255"],
    ),
    "name of an output": (
        f"commands:\n  - name: a\n    outputs: [{'ä' * 200}]\n",
        3,
        ["outputs: a name of 400 bytes"],
    ),
    "long path": (
        f"commands:\n  - name: a\n    outputs: [{'x/' * 2500}]\n",
        3,
        ["outputs: a path of 5,0", "expected at most 4,095"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_path_that_cannot_be_meant_is_named_with_its_line(write_project, fault):
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


def test_paths_in_the_project_may_be_written_in_any_way(write_project):
    folder = write_project("").parent
    path = write_project(f"""
        directories: [a/../b]
        commands:
          - name: x
            deps: [../corpus, /corpus]
            outputs: [./a, "..{folder.name}", "{folder}/models", a/../b]
    """)
    outputs = load_project(path).commands["x"].outputs
    assert [output.value for output in outputs][:2] == ["./a", f"..{folder.name}"]


def test_a_project_in_a_linked_folder_may_name_its_real_path(write_project, tmp_path):
    folder = write_project("").parent
    (folder / "real").mkdir()
    (folder / "linked").symlink_to(folder / "real")
    (folder / "real" / "project.yml").write_text(
        f"commands: [{{name: x, outputs: [{folder}/real/a, {folder}/linked/b]}}]\n"
    )
    assert len(load_project(folder / "linked").commands["x"].outputs) == 2


def test_nothing_is_made_of_the_place_of_a_file(write_project):
    path = write_project("directories: [in.txt/deep]")
    (path.parent / "in.txt").write_text("x")
    words = (
        "line 1: directories: in.txt/deep cannot be made, a file stands there; expected a folder"
    )
    with pytest.raises(InputError, match=words):
        load_project(path)


def test_a_folder_that_cannot_be_made_says_where_and_keeps_values_of_env(
    write_project, monkeypatch
):
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    path = write_project("""
        env: {token: TEST_TOKEN}
        directories: ["d/${env.token}/x"]
    """)
    project = load_project(path)
    (path.parent / "d").write_text("a file, made later")
    words = r"project.yml, line 3: directories: d/\$\{env.token\}/x cannot be made: "
    with pytest.raises(InputError, match=words) as caught:
        project.make_directories()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "block",
    [
        "commands: [{name: a, outputs: [ext/x]}]",
        "commands: [{name: a, outputs: [ext]}]",
        "assets: [{dest: ext/deep/x.txt}]",
        "assets: [{dest: x.zip, extract: ext/q}]",
        "directories: [ext/new]",
    ],
)
def test_a_link_that_leads_out_of_the_project_is_named(write_project, tmp_path_factory, block):
    path = write_project(block)
    (path.parent / "ext").symlink_to(tmp_path_factory.mktemp("outside"))
    with pytest.raises(
        InputError, match="leaves the project's folder through the link ext, expect"
    ):
        load_project(path)


def test_a_link_within_the_project_is_followed(write_project):
    path = write_project("""
        directories: [out]
        commands: [{name: a, outputs: [link/x, link/../y]}]
    """)
    (path.parent / "real/deep").mkdir(parents=True)
    (path.parent / "link").symlink_to("real/deep")
    assert len(load_project(path).commands["a"].outputs) == 2
    (path.parent / "rc").symlink_to("project.yml")
    path.write_text("commands: [{name: a, outputs: [rc]}]")
    with pytest.raises(InputError, match="outputs: rc is what seqpipe itself reads and writes"):
        load_project(path)


def test_a_folder_that_the_user_linked_may_be_listed_and_read(write_project, tmp_path_factory):
    path = write_project("""
        directories: [corpus]
        commands: [{name: a, deps: [corpus/x]}]
    """)
    (path.parent / "corpus").symlink_to(tmp_path_factory.mktemp("outside"))
    load_project(path).make_directories()
