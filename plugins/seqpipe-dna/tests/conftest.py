"""Leaves tests out, and says so, where the plugin is not installed; makes data for others."""

import gzip
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

IS_INSTALLED = find_spec("seqpipe_dna") is not None and find_spec("Bio") is not None
if not IS_INSTALLED:
    collect_ignore_glob = ["test_*.py"]

GENOME = Path(__file__).with_name("data") / "tiny.gb"

# How long an example takes depends on what else runs.
settings.register_profile("seqpipe-dna", deadline=None)
settings.load_profile("seqpipe-dna")


def pytest_report_header():
    """Tests that are left out silently look like tests that pass."""
    if not IS_INSTALLED:
        return "plugins/seqpipe-dna is not tested: pip install -e plugins/seqpipe-dna"
    return None


@pytest.fixture(scope="session", autouse=True)
def _started_without_torch(tmp_path_factory):
    """What tests start finds no PyTorch, which takes longer to be imported than spaCy."""
    folder = tmp_path_factory.mktemp("hides")
    (folder / "torch.py").write_text('raise ModuleNotFoundError("hidden", name="torch")\n')
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        yield


@pytest.fixture
def genome(tmp_path):
    """A GenBank file: a gene, one with an intron on the other strand, and a pseudogene."""
    path = tmp_path / "genome.gb"
    shutil.copy(GENOME, path)
    return path


@pytest.fixture
def fasta(tmp_path):
    """A folder with two FASTA files, one gzipped."""
    (tmp_path / "promoter.fa").write_text(">p1 first\nTATAAT\nacgt\n>p2\nTTGACANRY\n")
    with gzip.open(tmp_path / "other.fa.gz", "wt") as stream:
        stream.write(">o1\nGCGCGC\n")
    return tmp_path
