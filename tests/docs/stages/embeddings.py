"""What docs/embeddings.md names: texts of a small world, and questions about it."""

import gzip
import subprocess
import sys

from tests.pages import ROOT

SCRIPT = ROOT / "projects" / "embeddings" / "scripts" / "make_text.py"


def prepare(folder):
    done = subprocess.run([sys.executable, str(SCRIPT), str(folder)], capture_output=True)
    assert done.returncode == 0, done.stderr
    lines = (folder / "text.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "text.txt").write_text("".join(lines[:20_000]), encoding="utf-8")
    (folder / "news.txt").write_text("".join(lines[20_000:20_300]), encoding="utf-8")
    (folder / "texts").mkdir()
    (folder / "texts" / "one.txt").write_text("a cat\n", encoding="utf-8")
    (folder / "texts" / "two.txt.gz").write_bytes(gzip.compress(b"a dog\n"))
