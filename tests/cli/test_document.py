"""`seqpipe document`: where it writes, and what it says and exits with."""

import subprocess
import sys

import pytest


def document(*args):
    return subprocess.run(
        [sys.executable, "-m", "seqpipe", "document", *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


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


def test_a_readme_with_half_a_marker_is_one_message_with_its_line(project):
    (project / "README.md").write_text("a\n<!-- SEQPIPE: END -->\n")
    done = document(project, "-o", project / "README.md")
    assert done.returncode == 1
    assert f"{project / 'README.md'}, line 2: 0 START and 1 END markers" in done.stderr
