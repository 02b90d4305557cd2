"""`seqpipe embeddings plot` draws words, and says in a line why it cannot."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.files import InputError

PAGE = Path(__file__).parents[2] / "docs" / "embeddings_plot.md"
WORDS = ["the", "king", "queen", "man", "woman", "apple", "orange"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with vectors of seven words, and a list of three."""
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(len(WORDS), 4))
    lines = [f"{w} {' '.join(f'{v:.4f}' for v in row)}" for w, row in zip(WORDS, rows, strict=True)]
    (tmp_path / "v.txt").write_text("\n".join(["7 4", *lines, ""]), encoding="utf-8")
    (tmp_path / "list.txt").write_text("king\nqueen\nman\n", encoding="utf-8")
    return tmp_path


def run(*words):
    command = ["embeddings", "plot", "v.txt", *words]
    result = CliRunner(env={"COLUMNS": "80"}).invoke(build_app()[0], command)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_page_of_components_needs_no_extra(folder):
    assert run("-o", "map.html", "--method", "pca").stdout == "The map of 7 words is in map.html\n"
    source = (
        "import sys; sys.modules.update(matplotlib=None, sklearn=None)\n"
        "from seqpipe.cli import main\n"
        "sys.argv = 'seqpipe embeddings plot v.txt -o again.html --method pca'.split(); main()"
    )
    subprocess.run([sys.executable, "-c", source], check=True, capture_output=True)
    assert (folder / "again.html").read_bytes() == (folder / "map.html").read_bytes()


@pytest.mark.parametrize("name", ["map.png", "map.svg"])
def test_a_picture_is_drawn(folder, name):
    pytest.importorskip("matplotlib")
    said = run("-o", name, "--method", "pca", "--only", "list.txt", "--highlight", "apple,man")
    assert said.stdout == f"The map of 4 words, 4 with their names, is in {name}\n"
    assert (folder / name).stat().st_size > 1000


def test_t_sne_is_the_usual_way_and_the_same_each_time(folder):
    pytest.importorskip("sklearn")
    for name in ("one.html", "two.html"):
        run("-o", name, "-n", "6", "--seed", "3")
    one = (folder / "one.html").read_bytes()
    assert one == (folder / "two.html").read_bytes()
    assert b"v.txt: the first 6 of 7 words" in one
    assert b"t-SNE of the cosines, perplexity 1.67, seed 3" in one


def test_the_example_of_the_docs_draws_a_page(folder):
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    (folder / "v.txt").rename("vectors.txt")
    exec(example, {})
    assert "my vectors: the first 7 of 7 words" in (folder / "map.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "map.gif"], r"^map\.gif: a map of words ends in \.png, \.svg, \.pdf or \.html"),
        (["--only", "king", "--words", "3"], r"^--words and --only: expected one of them"),
        (["--only", "king,qeen"], r"^no vector for 'qeen' \(did you mean 'queen'\?\)$"),
        (["--highlight", "nowhere.txt"], r"^no vector for 'nowhere\.txt'$"),
        (["--only", "king"], r"^words to draw: 1, expected at least 2$"),
        (["--seed", "1"], r"^seed: only t-SNE has it"),
    ],
)
def test_what_is_wrong_is_one_message(folder, words, message):
    with pytest.raises(InputError) as caught:
        run("-o", "map.html", "--method", "pca", *words)
    assert re.search(message, str(caught.value))
    assert sorted(path.name for path in folder.iterdir()) == ["list.txt", "v.txt"]
