"""Completion in shells: commands, options and their values."""

import subprocess
import sys

import pytest

SCRIPT = "import sys; sys.argv[0] = 'seqpipe'; from seqpipe.cli import main; main()"
INSTRUCTIONS = {
    "bash": ({"COMP_WORDS": "{line}", "COMP_CWORD": "{place}"}, "complete_bash"),
    "zsh": ({"_TYPER_COMPLETE_ARGS": "{line}"}, "complete_zsh"),
    "fish": (
        {"_TYPER_COMPLETE_ARGS": "{line}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        "complete_fish",
    ),
}


def completed(shell, line):
    """What a shell is offered for the last word of a line."""
    given, instruction = INSTRUCTIONS[shell]
    place = len(line.split(" ")) - 1
    environment = {key: value.format(line=line, place=place) for key, value in given.items()}
    environment["_SEQPIPE_COMPLETE"] = instruction
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("shell", INSTRUCTIONS)
def test_a_shell_completes_commands(shell):
    assert "embeddings" in completed(shell, "seqpipe em")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("seqpipe translation be", "beam\n"),
        ("seqpipe bleu --sm", "--smoothing\n--smoothing-value\n"),
        ("seqpipe embeddings analogy --method 3CosM", "3CosMul\n"),
        ("seqpipe bleu --smoothing fl", "floor\n"),
        ("seqpipe bleu --tokenize 1", "13a\n"),
        ("seqpipe curves --x w", "words\n"),
        ("seqpipe init n", "ner\n"),
        ("seqpipe train ", "\n"),  # bash completes files by itself
    ],
    ids=[
        *("command of a group", "option", "value", "smoothing", "tokenizer", "axis", "starter"),
        "file",
    ],
)
def test_bash_completes_what_comes_next(line, offered):
    assert completed("bash", line) == offered


PROJECT = """workflows: {all: [learn, look]}
commands:
- {name: learn, script: ["echo learned"]}
- {name: look, script: ["echo looked"]}
"""


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("seqpipe run . ", "all\nlearn\nlook\n"),
        ("seqpipe run . le", "learn\n"),
        ("seqpipe run --only l", "learn\nlook\n"),
        ("seqpipe run . --from lo", "look\n"),
        ("seqpipe graph . a", "all\n"),
        ("seqpipe run nowhere ", "\n"),
    ],
)
def test_the_names_of_a_project_are_offered(line, offered, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project.yml").write_text(PROJECT)
    assert completed("bash", line) == offered
