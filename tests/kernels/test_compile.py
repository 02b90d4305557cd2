"""When loops are compiled, where they are kept, and what happens where they cannot be."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import seqpipe
from tests.processes import python, without_torch

PACKAGE = Path(seqpipe.__file__).parent
NOTICE = "seqpipe compiles its loops for this machine: up to a minute, this once"
GOES_ON = "seqpipe goes on without its compiled loops, slower: "
# Where nothing can be written, by root neither.
NOWHERE = dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"), f"{os.devnull}/nothing")
# Compiled layers would import what is compiled: they are imported when a batch comes.
LAYERS = sorted(
    file.stem
    for file in (PACKAGE / "layers").glob("*.py")
    if file.stem not in ("__init__", "compiled_path", "compiled_run")
)


def run(source: str, folder: Path, environment: dict[str, str] | None = None) -> tuple[str, str]:
    """What a fresh process in a folder prints, and what it says on stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=folder, env=without_torch(kept) | (environment or {}),
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def run_ready(source: str, folder: Path) -> tuple[str, str]:
    """The same of a process that numba is loaded in; what it compiles it imports anew."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(source), encoding="utf-8")
    done = python(script, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def test_importing_layers_imports_no_numba():
    names = ", ".join(f"seqpipe.layers.{name}" for name in LAYERS)
    source = f"import sys, {names}; print([n for n in ('numba', 'llvmlite') if n in sys.modules])"
    assert run(source, PACKAGE.parent) == ("[]", "")


# A room of one short loop, for which compiling takes no second

LOOP = """
from .compile import kernel

@kernel
def add(source, target):
    for i in range(len(source)):
        target[i] += source[i]
"""
ADD = """
    import numpy
    from room.loop import add

    target = numpy.full(3, 0.5, "float32")
    add(numpy.arange(3, dtype="float32"), target)
    print(target.tolist())
    """
SUM = "[0.5, 1.5, 2.5]"


def write_room(parent: Path) -> Path:
    """Put a folder of sources somewhere: `compile.py`, and a loop that it compiles."""
    folder = parent / "room"
    folder.mkdir()
    for name in ("__init__.py", "compile.py"):
        shutil.copy(PACKAGE / "kernels" / name, folder)
    (folder / "loop.py").write_text(LOOP)
    (folder / "another.py").write_text("")
    return folder


@pytest.fixture
def room(tmp_path):
    """A room in which nothing is compiled yet."""
    return write_room(tmp_path)


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory):
    folder = write_room(tmp_path_factory.mktemp("compiled"))
    run_ready(ADD, folder.parent)
    return folder


@pytest.fixture
def compiled_room(compiled_once, tmp_path):
    """A room whose loop a process has compiled."""
    return shutil.copytree(compiled_once, tmp_path / "room")


def kept_in(folder: Path, kind: str) -> list[Path]:
    """What was compiled ("nbc"), or its indices ("nbi")."""
    return sorted(folder.rglob(f"*.{kind}"))


def test_the_first_compile_says_so_in_one_line_and_the_second_process_compiles_nothing(room):
    assert run(ADD, room.parent) == (SUM, NOTICE)
    assert len(kept_in(room, "nbc")) == 1
    assert run(ADD, room.parent) == (SUM, "")


def test_the_notice_goes_to_the_logger_of_the_package(room):
    silent = "import logging; logging.getLogger('seqpipe').disabled = True\n"
    assert run_ready(silent + textwrap.dedent(ADD), room.parent) == (SUM, "")
    assert len(kept_in(room, "nbc")) == 1


def test_the_environment_names_another_folder(room, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    assert run(ADD, room.parent, {"NUMBA_CACHE_DIR": str(elsewhere)}) == (SUM, NOTICE)
    assert (len(kept_in(room, "nbc")), len(kept_in(elsewhere, "nbc"))) == (0, 1)


def test_a_folder_that_cannot_be_written_is_passed_over_for_the_next(room):
    assert run(ADD, room.parent, NOWHERE) == (SUM, NOTICE)
    assert len(kept_in(room, "nbc")) == 1


def test_what_was_compiled_holds_where_the_room_is_moved(compiled_room):
    assert run_ready(ADD, compiled_room.parent) == (SUM, "")


@pytest.mark.parametrize("file", ["compile.py", "loop.py", "another.py"])
def test_a_change_anywhere_in_the_room_makes_what_was_compiled_stale(compiled_room, file):
    with (compiled_room / file).open("a") as source:
        source.write("\n# changed\n")
    assert run_ready(ADD, compiled_room.parent) == (SUM, NOTICE)
    assert run_ready(ADD, compiled_room.parent) == (SUM, "")


@pytest.mark.parametrize("kind", ["nbc", "nbi"])
@pytest.mark.parametrize("damage", ["empty", "cut", "junk", "missing"])
def test_a_damaged_file_is_compiled_anew(compiled_room, kind, damage):
    (file,) = kept_in(compiled_room, kind)
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "cut": content[:60], "junk": b"no pickle"}[damage])
    assert run_ready(ADD, compiled_room.parent) == (SUM, NOTICE)
    assert run_ready(ADD, compiled_room.parent) == (SUM, "")


def test_what_cannot_be_kept_is_used_all_the_same(room):
    vanishes = """
    import room.loop, shutil
    shutil.rmtree("room/__pycache__")
    open("room/__pycache__", "w").close()  # a file now stands where the folder stood
    """
    source = textwrap.dedent(vanishes) + textwrap.dedent(ADD)
    printed, said = run_ready(source, room.parent)
    first, second = said.split("\n")
    assert (printed, first) == (SUM, NOTICE)
    assert second.startswith("seqpipe could not keep what it compiled (")


# Where loops cannot be compiled, the array code does the work

LAYER = """
    import numpy
    from seqpipe.layers.recurrent import LSTM

    numpy.random.seed(0)
    model = LSTM(6, 4, bi=True)
    model.initialize()
    X = numpy.random.normal(size=(5, 4))
    (exact,), back_exact = model([X], True)
    (Y,), back = model([X.astype("float32")], True)
    (dX,), (exact_dX,) = back([Y]), back_exact([exact])
    model.predict([X.astype("float32")])
    print(Y.dtype, numpy.allclose(Y, exact, atol=1e-6), numpy.allclose(dX, exact_dX, atol=1e-5))
    """
RIGHT = "float32 True True"


def test_without_a_folder_to_keep_them_the_array_code_does_the_work(tmp_path):
    copy = tmp_path / "seqpipe"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "kernels" / "__pycache__").touch()  # a file: no folder can be made there
    printed, said = run(LAYER, tmp_path, NOWHERE)
    assert printed == RIGHT
    assert said.startswith(f"{GOES_ON}cannot cache function")
    assert "\n" not in said


def test_with_the_compiler_turned_off_the_array_code_does_the_work():
    printed, said = run(LAYER, PACKAGE.parent, {"NUMBA_DISABLE_JIT": "1"})
    assert printed == RIGHT
    assert said == f"{GOES_ON}numba's compiler is turned off, by NUMBA_DISABLE_JIT"


def test_without_numba_the_array_code_does_the_work():
    source = f"import sys; sys.modules['numba'] = None\n{textwrap.dedent(LAYER)}"
    printed, said = run(source, PACKAGE.parent)
    assert printed == RIGHT
    assert said.startswith(GOES_ON)
    assert "numba" in said
    assert "\n" not in said


def test_if_the_compiler_fails_the_array_code_does_the_work(tmp_path):
    """Another version of numba or LLVM may not take what the tiles are written in."""
    source = f"""
    from llvmlite import ir

    def refuse(*arguments, **options):
        raise ValueError("no such instruction\\nin this version")

    ir.IRBuilder.shuffle_vector = refuse
    {LAYER}"""
    printed, said = run(source, PACKAGE.parent, {"NUMBA_CACHE_DIR": str(tmp_path)})
    assert printed == RIGHT
    notice, goes_on = said.split("\n")
    assert notice == NOTICE
    assert goes_on.startswith(GOES_ON)
