"""The fork server: what it forks is what a plain process would be."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seqpipe.project.children import Surroundings, wait
from seqpipe.project.fork_client import ForkedChild, ForkServer, can_fork
from seqpipe.project.fork_server import Request
from seqpipe.project.launch import Launcher, libraries
from tests.processes import without_torch
from tests.project.odd_ends import WAYS

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system has no fork server")
NOT_TO_COMPARE = {"draws", "tasks of parent"}
ENVIRONMENT = {**os.environ, "MARK": "a mark", "OPENBLAS_NUM_THREADS": "2"}


@pytest.fixture
def folder(tmp_path):
    shutil.copy(Path(__file__).parent / "odd_ends.py", tmp_path)
    return tmp_path


@pytest.fixture
def serve(folder):
    """Starts a server whose children write into files; RETURNS a way to start one."""
    with (
        open(folder / "in", "w+") as given,
        open(folder / "out", "w+") as out,
        open(folder / "err", "w+") as err,
    ):
        streams = (given.fileno(), out.fileno(), err.fileno())
        given.write("given")
        given.seek(0)
        server = ForkServer(Surroundings(folder, ENVIRONMENT), streams)

        def start(*words, imports=()):
            request = Request(words[0], words[1:], True, imports)
            return ForkedChild(server.ask(request, streams), refused)

        def refused(verdict):
            raise AssertionError(verdict)

        yield start
        server.close()


def end_of(child, seconds=60):
    began = time.perf_counter()
    while (ended := child.poll()) is None:
        assert time.perf_counter() - began < seconds
        wait([child], (), 1)
    child.close()
    return ended


def written(folder):
    return (folder / "out").read_text(), (folder / "err").read_text()


def without_runpy(text):
    return re.sub(r'  File "<frozen runpy>".*\n', "", text)


@pytest.mark.parametrize("way", [way for way in WAYS if way not in NOT_TO_COMPARE])
def test_a_fork_ends_as_a_plain_process_does(folder, serve, way):
    imports = ("numpy",) if way == "product" else ()
    forked = end_of(serve("odd_ends", way, imports=imports))
    plain = subprocess.run(
        [sys.executable, "-m", "odd_ends", way],
        cwd=folder,
        env=ENVIRONMENT,
        input="given",
        capture_output=True,
        text=True,
    )
    assert forked.code == plain.returncode
    out, err = written(folder)
    assert out == plain.stdout
    assert without_runpy(err) == without_runpy(plain.stderr)


def test_a_file_that_is_left_open_is_written(folder, serve):
    assert end_of(serve("odd_ends", "leaves a file open")).code == 0
    assert (folder / "left.txt").read_text() == "left"


def test_a_fork_takes_the_short_way_out(folder, serve):
    (folder / "lives.py").write_text(
        "import sys\nclass Lives:\n    def __del__(self):\n        print('taken apart')\n"
        "sys.lives = Lives()\n"
    )
    assert end_of(serve("lives")).code == 0
    assert written(folder)[0] == ""


def test_forks_do_not_draw_the_same_random_numbers(folder, serve):
    for _ in range(2):
        assert end_of(serve("odd_ends", "draws", imports=("numpy.random",))).code == 0
    one, other = written(folder)[0].splitlines()
    assert not set(one.split()) & set(other.split())


@pytest.mark.slow
def test_the_server_has_one_thread_after_its_imports(folder, monkeypatch):
    # OpenBLAS has threads of its own, which it ends before a fork, unless told to have none.
    environment = {**ENVIRONMENT, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    imports = (*libraries("seqpipe", ["train"]), *libraries("spacy", []))
    with open(folder / "out", "w+") as out:
        streams = (out.fileno(),) * 3
        server = ForkServer(Surroundings(folder, environment), streams)
        request = Request("odd_ends", ("tasks of parent",), True, imports)
        child = ForkedChild(server.ask(request, streams), pytest.fail)
        assert end_of(child).code == 0
        server.close()
    assert (folder / "out").read_text() == "1\n"


def test_a_signal_reaches_the_fork(folder, serve):
    (folder / "sleeps.py").write_text("import time\nprint('on', flush=True)\ntime.sleep(60)\n")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        child = serve("sleeps")
        for _ in range(1000):
            if written(folder)[0].endswith("on\n"):
                break
            time.sleep(0.01)
        child.send(number)
        assert end_of(child, 10).code == -number
        (folder / "out").write_text("")


LINES = [
    "seqpipe --version",
    "seqpipe --help",
    "seqpipe curves --nope",
    "seqpipe run nowhere",
    "python -m seqpipe plugins",
    "python3 -m seqpipe nope",
]


def output_of(launcher, line, folder):
    with open(folder / "out.txt", "w+") as out, open(os.devnull) as nothing:
        child = launcher.start(line, (nothing.fileno(), out.fileno(), out.fileno()))
        ended = end_of(child)
    return ended.code, (folder / "out.txt").read_text(), type(child)


def test_lines_say_the_same_from_the_server_and_without(tmp_path):
    one, many = (Launcher(tmp_path, without_torch(), lines=lines) for lines in ([], LINES))
    for line in LINES:
        *plain, _ = output_of(one, line, tmp_path)
        *forked, kind = output_of(many, line, tmp_path)
        assert kind is ForkedChild
        assert forked == plain
    many.close()


@pytest.mark.slow
def test_spacy_says_the_same_from_the_server_and_without(tmp_path):
    lines = ["spacy --help", "python -m spacy info", "spacy nope", "spacy train nowhere.cfg"]
    one, many = (Launcher(tmp_path, without_torch(), lines=some) for some in ([], lines))
    for line in lines:
        *plain, _ = output_of(one, line, tmp_path)
        assert output_of(many, line, tmp_path)[:2] == tuple(plain)
    many.close()


def refused(launcher, line, folder):
    """Whether the server left a line to a plain process."""
    with open(folder / "out.txt", "w+") as out:
        child = launcher.start(line, (out.fileno(),) * 3)
        assert end_of(child).code == 0
        return child._instead is not None


def test_a_module_of_the_project_that_comes_first_takes_a_plain_process(tmp_path):
    launcher = Launcher(tmp_path, os.environ, lines=["seqpipe"] * 2)
    (tmp_path / "json").mkdir()  # no package
    assert not refused(launcher, "python -m seqpipe --version", tmp_path)
    (tmp_path / "typer.py").write_text("from pathlib import nothing\n")
    assert not refused(launcher, "seqpipe --version", tmp_path)
    with pytest.raises(AssertionError):
        refused(launcher, "python -m seqpipe --version", tmp_path)
    launcher.close()


def test_code_that_was_edited_is_imported_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text("")  # a module that every server has imported
    launcher = Launcher(tmp_path, os.environ, lines=["seqpipe"] * 2)
    assert not refused(launcher, "seqpipe --version", tmp_path)
    (tmp_path / "sitecustomize.py").write_text("edited = True\n")
    assert refused(launcher, "seqpipe --version", tmp_path)
    assert not refused(launcher, "seqpipe --version", tmp_path)
    launcher.close()


def test_a_server_that_dies_leaves_the_rest_to_plain_processes(tmp_path):
    launcher = Launcher(tmp_path, os.environ, lines=["seqpipe"] * 2)
    assert not refused(launcher, "seqpipe --version", tmp_path)
    launcher._server._process.kill()
    assert refused(launcher, "seqpipe --version", tmp_path)
    launcher.close()


def test_one_line_alone_is_a_plain_process(tmp_path):
    launcher = Launcher(tmp_path, os.environ, lines=["seqpipe --version", "cp a b"])
    assert output_of(launcher, "seqpipe --version", tmp_path)[2] is not ForkedChild


CONFIG = Path(__file__).parents[2] / "projects" / "ner"


@pytest.mark.slow
def test_a_model_trained_in_a_fork_has_the_bytes_of_one_trained_in_a_plain_process(tmp_path):
    corpus = CONFIG / "assets" / "dev.conll"
    line = f"seqpipe train {CONFIG / 'configs' / 'shipped.cfg'} --paths.train {corpus}"
    line += f" --paths.dev {corpus} --training.max_steps 6 --training.eval_frequency 3"
    environment = {**without_torch(), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    # spaCy's scorer goes through sets of labels, whose order differs between processes.
    environment["PYTHONHASHSEED"] = "0"
    models = {}
    for way, lines in (("plain", []), ("forked", [line] * 2)):
        launcher = Launcher(tmp_path, environment, lines=lines)
        code, said, _ = output_of(launcher, f"{line} --output {way}", tmp_path)
        assert code == 0, said
        launcher.close()
        root = (tmp_path / way / "model-last").resolve()
        files = [file for file in sorted(root.rglob("*")) if file.is_file()]
        models[way] = {file.relative_to(root): file.read_bytes() for file in files}
    assert models["plain"] == models["forked"]
    assert len(models["plain"]) > 5
