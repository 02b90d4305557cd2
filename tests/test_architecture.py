"""The arrows of the design: who may import whom, who may print, what stays light."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "seqpipe"
CONCEPTS = {
    "embeddings",
    "tagging",
    "classification",
    "lm",
    "translation",
    "debiasing",
    "evaluation",
}
# From the top down; what stands on one line stands beside each other.
FLOORS = [
    {"__main__", "testing"},
    {"cli"},
    {"project"},
    {"training"},
    CONCEPTS,
    {"pipe", "pipelines", "references", "intervals", "command_options", "command_output"},
    {"reporting"},
    {"decoding"},
    {"vocabulary"},
    {"layers"},
    {"kernels"},
    {"spacy_entry_points"},
    {"plugins"},
    {"hookspecs"},
    {"files"},
    {"__init__"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# `debiasing` works on what `embeddings` makes.
ALLOWED = {("debiasing", "embeddings")}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(node, path):
    """The modules of this package that an import statement names, from the package down."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[1:] for alias in node.names if _is_ours(alias.name)]
    if node.level:
        here = path.relative_to(PACKAGE).parts[: -node.level]
        return [[*here, *(node.module or "").split(".")]]
    if not _is_ours(node.module):
        return []
    inner = node.module.split(".")[1:]
    # `from seqpipe import x`: x is a room, or a name of the package itself.
    return [inner] if inner else [[a.name] if a.name in FLOOR else [] for a in node.names]


def _is_ours(name):
    return name.split(".")[0] == "seqpipe"


def type_checking_only(tree):
    """Statements that only a type checker reads."""
    return {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }


def arrows(path):
    """From and to which room a module imports, lazily or not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unread = type_checking_only(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in unread:
            for target in imported(node, path):
                yield room(path), (target or ["__init__"])[0] or "__init__"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downward(path):
    for source, target in arrows(path):
        # The package itself hands out its public names from wherever they are.
        if source in (target, "__init__") or (source, target) in ALLOWED:
            continue
        assert FLOOR[source] < FLOOR[target], f"{source} imports {target}"


def test_every_room_has_a_floor():
    assert {room(path) for path in MODULES} <= set(FLOOR)


def speaks(path):
    """Modules that may print and exit: the command line and the concepts' commands."""
    return room(path) in ("cli", "__main__") or path.name == "commands.py"


# Where processes are forked: a child that is not wanted, or a server, has nothing to end in order.
FORKS = ("project/children.py", "project/fork_server.py")


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if not speaks(path)],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_library_code_neither_prints_nor_exits(path):
    refused = {"print", "exit", "quit", "sys.exit", "os._exit", "SystemExit"}
    if path.relative_to(PACKAGE).as_posix() in FORKS:
        refused.remove("os._exit")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in refused, f"line {node.lineno}: {called}"


# The load of the machine is not the program's: one run of several has to be quick.
ATTEMPTS = 7


def processor_seconds(command):
    """How long a command takes on a machine that does nothing else: it waits for nothing."""
    before = os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def test_importing_the_package_takes_under_50_ms_and_loads_nothing_heavy():
    source = (
        "import sys, time; began = time.perf_counter(); import seqpipe; "
        "took = time.perf_counter() - began; "
        "assert not {'numpy', 'spacy', 'thinc', 'pluggy'} & set(sys.modules); print(took)"
    )
    command = [sys.executable, "-c", source]
    runs = (
        subprocess.run(command, check=True, capture_output=True).stdout for _ in range(ATTEMPTS)
    )
    assert any(float(run) < 0.05 for run in runs)


def test_help_comes_in_under_300_ms():
    command = [sys.executable, "-m", "seqpipe", "--help"]
    assert any(processor_seconds(command) < 0.3 for _ in range(ATTEMPTS))


def test_help_loads_nothing_heavy():
    source = (
        "import sys; sys.argv = ['seqpipe', '--help']\n"
        "from seqpipe.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'spacy', 'thinc', 'rich', 'pydantic', 'requests', 'numba'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", source], check=True, capture_output=True)
