"""The public data beside the checkout: genes are what they say, and nothing leaks between parts."""

import subprocess
import sys
from pathlib import Path

import pytest
from seqpipe_dna.nucleotides import reverse_complement
from seqpipe_dna.records import read_records
from seqpipe_dna.repeats import Repeat, find_repeats

PLUGIN = Path(__file__).parent.parent
DATA = PLUGIN.parents[2] / "shared" / "data" / "dna"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data/dna is not there")


@needs_data
@pytest.mark.parametrize("name", ["NC_000932", "NC_005816"])
def test_genes_of_a_genbank_file_are_those_that_it_translates(name):
    from Bio import SeqIO
    from Bio.Seq import Seq

    path = DATA / "genbank" / f"{name}.gb"
    (record,) = read_records(path)
    features = [one for one in SeqIO.read(path, "genbank").features if one.type == "CDS"]
    assert len(record.genes) == len(features)
    for gene, feature in zip(record.genes, features, strict=True):
        parts = [(record.sequence[start:end], strand) for start, end, strand in gene.parts]
        coding = "".join(p if strand > 0 else reverse_complement(p) for p, strand in parts)
        protein = str(
            Seq(coding[gene.codon_start - 1 :]).translate(feature.qualifiers["transl_table"][0])
        )
        # The first codon need not be ATG, and is M all the same.
        assert protein[1:].rstrip("*") == feature.qualifiers["translation"][0][1:]


@needs_data
def test_the_inverted_repeat_of_the_chloroplast_is_found():
    (record,) = read_records(DATA / "genbank" / "NC_000932.gb")
    assert find_repeats(record.sequence, 1000) == [Repeat(84170, 128214, 26264, True)]


@needs_data
def test_no_part_of_the_genome_holds_a_copy_of_another(tmp_path):
    genome = DATA / "genbank" / "NC_000932.gb"
    script = PLUGIN / "project" / "scripts" / "split_genome.py"
    done = subprocess.run(
        [sys.executable, script, genome, tmp_path], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    longest = [
        int(line.rpartition(" ")[2])
        for line in done.stdout.splitlines()
        if line.startswith("split")
    ]
    assert len(longest) == 5
    assert max(longest) < 50
    parts = {
        part: [tuple(map(int, line.split("\t")[1:])) for line in path.read_text().splitlines()]
        for part, path in ((p, tmp_path / "2" / f"{p}.bed") for p in ("train", "dev", "test"))
    }
    ((start, end),) = parts["test"]
    assert all(b <= start - 1000 or a >= end + 1000 for a, b in parts["train"] + parts["dev"])
