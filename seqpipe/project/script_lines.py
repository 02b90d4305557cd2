"""Checks the script lines of a command before anything runs: quotes, and words of a shell."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator

from seqpipe.files import InputError
from seqpipe.project.load import Command, Project
from seqpipe.project.variables import REFERENCE, Text

# A word as `shlex.split` finds it, its quotes kept: a quoted operator is a word like any other.
WORD = re.compile(r"""(?:[^\s"'\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+""", re.DOTALL)
QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
# At the start of a word, or the whole of it: these are operators also where a URL stands.
OPERATOR = re.compile(r"(\|\|?|\|&|&&?|;;?|<<?<?|[()])$|(&?\d*>[>|&]?)")
INSIDE = re.compile(r"\|\|?|&&?|;;?|<<?<?|>>?|\$\(|`")
AT_END = re.compile(r"[;&|]+$")
# `<unk>`, `spacy>=3`, `thing<4` and `a->b` mean themselves.
NO_OPERATOR = re.compile(r"<[\w/-]+>|[<>]=|[<>](?=\d)|[-=]>")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
# First words that only a shell understands. Where a system has programs of these names, they end
# at once and change nothing for the next line.
OF_A_SHELL = re.compile(
    r"(alias|cd|eval|exec|export|popd|pushd|set|shopt|source|ulimit|umask|unset|[.!{]"
    r"|case|for|function|if|until|while)$"
)
# What a shell would fill in, and a program may well want as it stands.
FILLED_IN = re.compile(r"^~(?=/|$)|\*|\$\w")
SHELLS = frozenset({"bash", "dash", "ksh", "sh", "zsh", "cmd", "powershell", "pwsh"})


def check_script(project: Project, command: Command) -> None:
    """Refuse script lines that cannot be split, or that only a shell would understand.

    project (Project): The project.
    command (Command): The command. Raises InputError at the first such line.
    """
    for line in command.script:
        try:
            shlex.split(line.value)
            # A value of `env` must not close what project.yml leaves open.
            shlex.split(line.shown)
        except ValueError as fault:
            raise _fault(project, command, line, str(fault).lower()) from None
        found = _shell_word(line)
        if found is not None:
            what = f"'{found}', but no shell reads this line; {_way_out(found)}"
            raise _fault(project, command, line, what)


def shell_hint(line: Text) -> str:
    """What to add where a script line failed that a shell would have read otherwise.

    line (Text): The line.
    RETURNS (str): A hint that begins with a semicolon, or "".
    """
    words = list(_bare_words(line))
    if not words or os.path.basename(words[0]) in SHELLS:
        return ""
    found = [word for word in words if FILLED_IN.search(word)]
    if not found:
        return ""
    return f"; no shell reads this line, and it was given as it stands: {' '.join(found)}"


def _shell_word(line: Text) -> str | None:
    """The first thing in a line that only a shell understands."""
    words = list(_bare_words(line))
    if words and (OF_A_SHELL.match(words[0]) or ASSIGNMENT.match(words[0])):
        return words[0]
    for word in words:
        inside = AT_END if "://" in word else INSIDE
        found = OPERATOR.match(word) or inside.search(NO_OPERATOR.sub("_", word))
        if found is not None:
            return found.group()
    return None


def _bare_words(line: Text) -> Iterator[str]:
    """The words of a line, `_` in place of what is quoted and of values of `env`."""
    # What a value of `env` holds was never meant for a shell, and must not be shown.
    for word in WORD.findall(REFERENCE.sub("_", line.shown)):
        yield QUOTED.sub("_", word)


def _way_out(found: str) -> str:
    if found in ("&&", ";"):
        ways = "give each program a line of its own, or quote it"
    elif ASSIGNMENT.match(found):
        return "write env in front of it"
    elif OF_A_SHELL.match(found):
        return 'write bash -c "..." around all that belongs together, or call a script file'
    else:
        ways = 'write bash -c "..." around the whole line, or call a script file, or quote it'
    return f"{ways} where the program is to have it"


def _fault(project: Project, command: Command, line: Text, fault: str) -> InputError:
    shown = " ".join(line.shown.split())
    message = f"command '{command.name}': in the script line {shown}: {fault}"
    return InputError(message, path=project.path, line=line.line or command.line)
