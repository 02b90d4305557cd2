"""What tests of the project runner share."""

import textwrap

import pytest


@pytest.fixture
def write_project(tmp_path):
    """Writes a project.yml into a folder of its own and returns the file."""

    def write(text):
        path = tmp_path / "project.yml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write
