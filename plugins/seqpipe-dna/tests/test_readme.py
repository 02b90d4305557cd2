"""The READMEs are held to the metrics files and to the commands."""

import subprocess
import sys
from pathlib import Path

import srsly
from weasel.schemas import ProjectConfigSchema

PROJECT = Path(__file__).parent.parent / "project"


def test_the_tables_are_those_of_the_metrics_files():
    page = (PROJECT / "README.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, PROJECT / "scripts" / "tables.py"],
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    rows = done.stdout.splitlines()
    assert len(rows) == 11
    assert [row for row in rows if row not in page] == []


def test_no_metrics_file_names_a_path_of_a_machine():
    files = sorted((PROJECT / "metrics").glob("*.json"))
    paths = [srsly.read_json(path)["corpus"]["path"] for path in files]
    assert len(paths) >= 6
    assert not any(Path(path).is_absolute() for path in paths)


def test_each_workflow_is_made_of_commands_that_are_there():
    project = srsly.read_yaml(PROJECT / "project.yml")
    ProjectConfigSchema.model_validate(project)
    named = {name for steps in project["workflows"].values() for name in steps}
    assert named == {command["name"] for command in project["commands"]}
