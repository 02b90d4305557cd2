"""`seqpipe document`: where it writes, and what it says and exits with."""

import shlex

import pytest

from tests.processes import seqpipe


def document(*args):
    return seqpipe("document", *args)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project.yml").write_text("title: Names\ncommands: [{name: go, help: Goes}]\n")
    return tmp_path


def test_it_is_printed_or_written_and_then_checked(project):
    printed = document(project)
    assert printed.returncode == 0
    assert "| `go` | Goes |" in printed.stdout
    readme = project / "README.md"
    missing = document(project, "--check")
    assert missing.returncode == 1
    assert missing.stderr.startswith(f"error: {readme}: not up to date; write it with: seqpipe doc")
    assert not readme.exists()
    readme.write_text("My own words.\n")
    assert document(project, "-o", readme).stdout == f"Wrote {readme}\n"
    assert readme.read_text(encoding="utf-8") == f"My own words.\n\n{printed.stdout}"
    assert document(project, "--check").stdout == f"{readme} is up to date\n"
    (project / "project.yml").write_text("title: Places\n")
    assert document(project / "project.yml", "--check").returncode == 1


def test_the_way_out_can_be_pasted_where_names_have_spaces(project):
    spaced = project / "my names"
    spaced.mkdir()
    (project / "project.yml").rename(spaced / "project.yml")
    said = document(spaced, "--check").stderr
    words = shlex.split(said.partition("write it with: ")[2])
    assert words == ["seqpipe", "document", str(spaced), "-o", str(spaced / "README.md")]


def test_what_the_project_is_made_from_is_not_written_over(project):
    lock = project / "seqpipe.lock"
    lock.write_text('{"version": 2, "commands": {}}')
    for file in (project / "project.yml", lock):
        before = file.read_text()
        done = document(project, "-o", file)
        assert done.returncode == 1
        assert f"{file}: this file is read, expected another one for the README" in done.stderr
        assert file.read_text() == before


def test_a_readme_that_asks_to_be_left_alone_is(project):
    readme = project / "README.md"
    readme.write_text("<!-- WEASEL: IGNORE -->\nmine\n")
    for option in (["--check"], ["-o", readme]):
        done = document(project, *option)
        assert done.returncode == 0
        assert done.stdout == f"{readme} has the marker IGNORE and is left alone\n"
    assert readme.read_text() == "<!-- WEASEL: IGNORE -->\nmine\n"


def test_a_readme_with_half_a_marker_is_one_message_with_its_line(project):
    (project / "README.md").write_text("a\n<!-- SEQPIPE: END -->\n")
    done = document(project, "-o", project / "README.md")
    assert done.returncode == 1
    assert f"{project / 'README.md'}, line 2: 0 START and 1 END markers" in done.stderr
