"""The project: its plan, its split of a genome, and what its regression counts."""

import random
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import srsly
from seqpipe_dna.nucleotides import BASES

PROJECT = Path(__file__).parent.parent / "project"
SCRIPTS = PROJECT / "scripts"


def run(*words):
    words = [sys.executable, *map(str, words)]
    return subprocess.run(words, capture_output=True, encoding="utf-8", timeout=120)


@pytest.fixture
def kmer_regression(monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import kmer_regression

    return kmer_regression


def test_the_workflow_all_would_run_its_commands_in_order(tmp_path):
    left_out = shutil.ignore_patterns("corpus", "models", ".seqpipe", "seqpipe.lock", "made_*")
    shutil.copytree(PROJECT, tmp_path / "project", ignore=left_out)
    done = run("-m", "seqpipe", "run", tmp_path / "project", "--dry-run")
    assert done.returncode == 0, done.stderr
    steps = srsly.read_yaml(PROJECT / "project.yml")["workflows"]["all"]
    planned = [line.split() for line in done.stdout.splitlines()]
    assert [words[:3] for words in planned] == [["would", "run", step] for step in steps]


def test_a_split_says_how_much_it_drops(tmp_path):
    draw = random.Random(0)
    one, copy, two = ("".join(draw.choices(BASES, k=size)) for size in (1000, 300, 2000))
    # What stands beside a copy differs, so that none is longer.
    genome = f">one\n{one}C{copy}C{two}G{copy}G{one[:497]}GG\n"
    (tmp_path / "genome.fa").write_text(genome)
    script = SCRIPTS / "split_genome.py"
    words = ("--parts", "3", "--gap", "10", "--min-repeat", "300")
    done = run(script, tmp_path / "genome.fa", tmp_path / "splits", *words)
    assert done.returncode == 0, done.stderr
    assert "dropped beside the longest stretch that is left: 3 bases" in done.stdout


def test_sequence_features_count_each_kmer_of_each_length(kmer_regression):
    (row,) = kmer_regression.sequence_features(["acgNAC"], [1, 2])
    names = ["".join(letters) for k in (1, 2) for letters in product(BASES, repeat=k)]
    counts = {name: count for name, count in zip(names, row, strict=True) if count}
    assert counts == {"A": 2, "C": 2, "G": 1, "AC": 2, "CG": 1}


def test_base_features_are_shares_by_place_modulo_three_from_the_base(kmer_regression):
    sequence, k, half = "ACGTTGCANACGGT", 2, 4
    kmers = ["".join(letters) for letters in product(BASES, repeat=k)]
    features = kmer_regression.base_features(sequence, k, half, np.arange(len(sequence)))
    for base, row in enumerate(features):
        near = range(max(base - half, 0), min(base + half + 1, len(sequence) - k + 1))
        expected = np.zeros((3, len(kmers)))
        for place in near:
            if sequence[place : place + k] in kmers:
                at = (place - base) % 3, kmers.index(sequence[place : place + k])
                expected[at] += 1 / len(near)
        assert row == pytest.approx(expected.ravel())


def test_states_have_the_strand_of_their_codon_position(kmer_regression):
    assert kmer_regression.strands_of(np.arange(7)).tolist() == [0, 1, 1, 1, 2, 2, 2]


def test_a_stretch_of_the_other_strand_swaps_bases_and_strands(kmer_regression):
    other = kmer_regression.Stretch("AACG", np.array([0, 1, 2, 3])).other_strand()
    assert (other.sequence, other.states.tolist()) == ("CGTT", [6, 5, 4, 0])
