"""The export as weasel's project.lock: what weasel then skips, and what it must not know."""

import pytest
import srsly
from weasel.cli.run import check_rerun
from weasel.util.config import load_project_config

from seqpipe.files import InputError
from seqpipe.project.load import load_project
from seqpipe.project.lock import Records
from seqpipe.project.weasel_lock import export_weasel_lock

PROJECT = """
    vars: {word: "two words"}
    env: {token: WEASEL_LOCK_TOKEN}
    commands:
      - name: make
        script: ["echo '${vars.word}'", ""]
        deps: [in.txt, folder]
        outputs: [out/ä.txt]
        outputs_no_cache: [out/log]
      - {name: secret, script: ["echo ${env.token}"], deps: [in.txt], outputs: [out/secret]}
      - {name: never, script: [], outputs: [out/never]}
      - {name: always, script: [], deps: [in.txt]}
"""


@pytest.fixture
def project(write_project, monkeypatch):
    monkeypatch.setenv("WEASEL_LOCK_TOKEN", "s3cret")
    path = write_project(PROJECT)
    for name in ("in.txt", "folder/a", "folder/b/c", "out/ä.txt", "out/log", "out/secret"):
        (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / name).write_text(name)
    loaded = load_project(path)
    records = Records(loaded)
    for name in ("make", "secret"):
        records.begin(loaded.commands[name])
        records.succeed(loaded.commands[name])
    return loaded


def test_weasel_skips_what_is_up_to_date_and_runs_what_changed(project):
    path, written, left_out = export_weasel_lock(project, Records(project))
    assert path == project.folder / "project.lock"
    assert written == ["make"]
    assert left_out == {
        "secret": "weasel's lock would show the value of env.token",
        "never": "never run",
        "always": "runs always (no outputs)",
    }
    commands = {c["name"]: c for c in load_project_config(project.folder)["commands"]}
    rerun = {name: check_rerun(project.folder, command) for name, command in commands.items()}
    assert rerun == {"make": False, "secret": True, "never": True, "always": True}
    (project.folder / "folder/b/c").write_text("changed")
    assert check_rerun(project.folder, commands["make"])


def test_the_export_is_no_change_of_the_project_and_shows_no_value_of_env(project):
    path = project.folder / "project.lock"
    path.write_text("old: {}\n")
    export_weasel_lock(project, Records(project))
    assert set(srsly.read_yaml(path)) == {"make"}
    assert "s3cret" not in path.read_text(encoding="utf-8")
    assert Records(project).reason(project.commands["make"]) is None


def test_the_project_is_not_written_over(project):
    path = project.folder / "project.lock"
    path.write_text(project.path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError, match="this file is read, expected another one for the lock"):
        export_weasel_lock(load_project(path), Records(project))
