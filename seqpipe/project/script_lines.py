"""Checks the script lines of a command before anything runs: quotes, and words of a shell."""

from __future__ import annotations

import re
import shlex

from seqpipe.files import InputError
from seqpipe.project.load import Command, Project
from seqpipe.project.variables import Text

# A word as `shlex.split` finds it, its quotes kept: a quoted operator is a word like any other.
WORD = re.compile(r"""(?:[^\s"'\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+""", re.DOTALL)
# `<unk>` is a word that means itself, `>out.txt` never is.
OPERATOR = re.compile(r"(\|\|?|\|&|&&?|;;?|<<?<?)$|(&?\d*>[>|&]?)")


def check_script(project: Project, command: Command) -> None:
    """Refuse script lines that cannot be split, or that only a shell would understand.

    project (Project): The project.
    command (Command): The command. Raises InputError at the first such line.
    """
    for line in command.script:
        try:
            shlex.split(line.value)
        except ValueError as fault:
            raise _fault(project, command, line, str(fault).lower()) from None
        for word in WORD.findall(line.value):
            operator = OPERATOR.match(word)
            if operator is not None:
                found = f"'{operator.group()}', but no shell reads this line"
                raise _fault(project, command, line, f"{found}; {_way_out(operator.group())}")


def _way_out(operator: str) -> str:
    if operator in ("&&", ";"):
        return "give each program a line of its own"
    return 'write bash -c "..." around the whole line, or call a script file'


def _fault(project: Project, command: Command, line: Text, fault: str) -> InputError:
    shown = " ".join(line.shown.split())
    message = f"command '{command.name}': in the script line {shown}: {fault}"
    return InputError(message, path=project.path, line=line.line or command.line)
