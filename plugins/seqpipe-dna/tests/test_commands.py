"""`seqpipe dna ...`, and both models trained and used from the project's configs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from seqpipe_dna.bed import write_bed

PROJECT = Path(__file__).parent.parent / "project"


def run(*words, **options):
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        **options,
    )


def seqpipe(*words):
    return run("-m", "seqpipe", *words)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The generated genome and promoters, and parts of them."""
    folder = tmp_path_factory.mktemp("made")
    script = PROJECT / "scripts" / "generate.py"
    done = run(script, folder, "--genes", "8", "--promoters", "20")
    assert done.returncode == 0, done.stderr
    for part in ("train", "dev"):
        write_bed(folder / f"{part}.bed", [("MADE.1", 0, 3000)])
    return folder


@pytest.fixture(scope="module")
def tagger(made):
    """A tagger that was trained for some steps with plain `spacy train`."""
    paths = [f"--paths.{name}={made / f'{name}.bed'}" for name in ("train", "dev")]
    done = run(
        *("-m", "spacy", "train", PROJECT / "configs" / "coding.cfg", "--output", made / "tagger"),
        *(f"--paths.genome={made / 'genome.gb'}", *paths),
        *("--training.max_epochs=2", "--training.eval_frequency=5", "--training.batcher.size=4"),
    )
    assert done.returncode == 0, done.stderr
    return made / "tagger" / "model-best"


@pytest.mark.slow
def test_regions_are_written_for_a_model_that_spacy_trained(made, tagger):
    output = made / "regions.gff"
    done = seqpipe("dna", "regions", tagger, made / "genome.gb", "-o", output)
    assert done.returncode == 0, done.stderr
    assert "coding regions" in done.stdout
    head, *rows = output.read_text().splitlines()
    assert head == "##gff-version 3"
    assert all(len(row.split("\t")) == 9 for row in rows)


@pytest.mark.slow
def test_two_processes_label_as_one_does(tagger):
    nlp = spacy.load(tagger)
    texts = ["ACGTACGTAA", "", "ATGnnnTAA"]
    alone = [[token.tag_ for token in doc] for doc in nlp.pipe(texts)]
    assert [[t.tag_ for t in doc] for doc in nlp.pipe(texts, n_process=2)] == alone


@pytest.mark.slow
def test_promoters_are_classified_by_a_model_that_spacy_trained(made):
    folder = made / "parts"
    folder.mkdir()
    for name in ("promoter.fa", "other.fa"):
        (folder / name).write_text((made / name).read_text())
    done = run(
        *("-m", "spacy", "train", PROJECT / "configs" / "promoters.cfg", "--output", made / "cats"),
        *(f"--paths.train={folder}", f"--paths.dev={folder}", "--training.max_epochs=1"),
    )
    assert done.returncode == 0, done.stderr
    doc = spacy.load(made / "cats" / "model-last")("TTGACATATAAT")
    assert set(doc.cats) == {"promoter", "other"}


def test_stats_and_repeats_of_a_file(genome):
    done = seqpipe("dna", "stats", genome, "--json")
    assert json.loads(done.stdout) == [
        {
            "name": "TINY.1",
            "bases": 120,
            "gc": pytest.approx(54 / 117, abs=0.02),
            "ambiguous": 3,
            "masked": 0,
            "genes": 2,
            "coding": 0.15,
        }
    ]
    assert seqpipe("dna", "stats", genome).returncode == 0
    done = seqpipe("dna", "repeats", genome, "--min-length", "50")
    assert done.stdout == "record\tfirst start\tfirst end\tsecond start\tsecond end\tkind\n"


def test_repeats_are_a_table_or_one_json_value(tmp_path):
    stretch = "ACGTTGCAAGCTTACGGATCCATTGCAGTCA"
    (tmp_path / "a.fa").write_text(f">r\nTT{stretch}GG{stretch}\n")
    words = ("dna", "repeats", tmp_path / "a.fa", "--min-length", str(len(stretch)))
    _, row = seqpipe(*words).stdout.splitlines()
    assert row.split("\t") == ["r", "3", "33", "36", "66", "direct"]
    assert json.loads(seqpipe(*words, "--json").stdout) == [
        {
            "record": "r",
            "first_start": 3,
            "first_end": 33,
            "second_start": 36,
            "second_end": 66,
            "kind": "direct",
        }
    ]


BAD = {
    "missing": (["stats", "missing.fa"], "missing.fa: no such file, expected FASTA or GenBank"),
    "folder": (["stats", "folder.fa"], "folder.fa: a folder, expected a file"),
    "no model": (["regions", "model", "tiny.gb", "-o", "a.gff"], "no such folder"),
    "over itself": (["regions", "model", "tiny.gb", "-o", "tiny.gb"], "this file is read"),
    "protein": (["stats", "prot.gb"], "is a protein (aa), expected nucleotides"),
    "short": (["repeats", "tiny.gb", "--min-length", "3"], "expected at least 24 bases"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_message_and_exit_code_1(genome, name, monkeypatch):
    monkeypatch.chdir(genome.parent)
    genome.rename("tiny.gb")
    Path("folder.fa").mkdir()
    text = Path("tiny.gb").read_text()
    Path("prot.gb").write_text(text.replace(" bp ", " aa "))
    words, message = BAD[name]
    done = seqpipe("dna", *words)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_a_pipeline_that_labels_nothing_is_refused(genome, tmp_path):
    spacy.blank("xx").to_disk(tmp_path / "model")
    done = seqpipe("dna", "regions", tmp_path / "model", genome, "-o", tmp_path / "a.gff")
    assert done.returncode == 1
    assert "expected a tagger" in done.stderr


def test_the_plugin_is_listed_and_its_module_is_light():
    code = (
        "import sys, seqpipe_dna.commands; print([m for m in ('spacy', 'Bio') if m in sys.modules])"
    )
    assert run("-c", code).stdout == "[]\n"
    assert "seqpipe-dna" in seqpipe("plugins").stdout
