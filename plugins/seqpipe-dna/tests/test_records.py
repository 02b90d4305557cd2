"""FASTA and GenBank files, sound ones and bad ones."""

import gzip
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from seqpipe_dna.nucleotides import IUPAC
from seqpipe_dna.records import format_of, read_records

from seqpipe.files import InputError

GENOME = Path(__file__).with_name("data").joinpath("tiny.gb").read_text(encoding="utf-8")
NAMES = st.text(alphabet="abcXYZ019_.|", min_size=1, max_size=8)
SEQUENCES = st.text(alphabet=sorted(IUPAC), min_size=1, max_size=80)


@given(
    records=st.lists(st.tuples(NAMES, SEQUENCES), min_size=1, max_size=5), wrap=st.integers(1, 30)
)
def test_fasta_comes_back_as_it_was_written(tmp_path_factory, records, wrap):
    path = tmp_path_factory.mktemp("fasta") / "some.fa"
    with path.open("w") as stream:
        for name, sequence in records:
            lines = [sequence[i : i + wrap] for i in range(0, len(sequence), wrap)]
            stream.write(f">{name} a title\n" + "\n".join(lines) + "\n")
    assert [(one.name, one.sequence) for one in read_records(path)] == records


def test_genbank_gives_genes_in_the_order_of_translation_and_no_pseudogene(genome):
    (record,) = read_records(genome)
    assert (record.name, len(record.sequence)) == ("TINY.1", 120)
    first, second = record.genes
    assert first.parts == ((3, 12, 1),)
    assert second.parts == ((40, 45, -1), (30, 34, -1))


def test_gzipped_files_are_read(tmp_path, genome):
    path = tmp_path / "again.gbk.gz"
    path.write_bytes(gzip.compress(genome.read_bytes()))
    assert [one.sequence for one in read_records(path)] == [
        one.sequence for one in read_records(genome)
    ]


BAD = {
    "empty": ("a.fa", "", "no record in it, expected FASTA"),
    "no head": ("a.fa", "ACGT\n", "before the first record: .*expected FASTA"),
    "no sequence": ("a.fa", ">one\n>two\nACGT\n", "record one has no sequence"),
    "protein": ("a.fa", ">one\nACGT\n>two\nACGE\n", "record two, base 4: 'E', expected an IUPAC"),
    "gap": ("a.fa", ">one\nAC-GT\n", "record one, base 3: '-'"),
    "protein of bases": ("a.gb", GENOME.replace(" bp ", " aa "), "record TINY is a protein"),
    "second is cut": (
        "a.gb",
        GENOME + GENOME[: GENOME.index("       61")],
        "after record TINY.1: .*expected a GenBank record",
    ),
    "fasta as genbank": ("a.gb", ">one\nACGT\n", "expected a GenBank record"),
    "cut short": ("a.gb", GENOME[: GENOME.index("       61")], "expected a GenBank record"),
    "no origin": (
        "a.gb",
        GENOME[: GENOME.index("ORIGIN")] + "CONTIG      join(X.1:1..120)\n//\n",
        "has no sequence",
    ),
    "beyond": ("a.gb", GENOME.replace("4..12", "110..130"), "leads out of the record"),
    "codon start": ("a.gb", GENOME.replace("codon_start=1", "codon_start=7"), "expected 1, 2 or 3"),
    "no place": ("a.gb", GENOME.replace("4..12", "4,,12"), "expected a GenBank record"),
    "another ending": ("a.txt", ">one\nACGT\n", "unknown ending, expected one of .fa, "),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_message_with_the_file(tmp_path, name):
    file, text, message = BAD[name]
    path = tmp_path / file
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        list(read_records(path))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_record_may_be_named_none(tmp_path):
    (tmp_path / "a.fa").write_text(">one\nACGT\n>none\nACGT\n")
    assert [record.name for record in read_records(tmp_path / "a.fa")] == ["one", "none"]


def test_a_long_reason_ends_with_a_whole_word(tmp_path):
    line = " ".join(f"word{i}" for i in range(100))
    (tmp_path / "a.gb").write_text(GENOME.replace("LOCUS       TINY", f"LOCUS       {line}"))
    with pytest.raises(InputError) as caught:
        list(read_records(tmp_path / "a.gb"))
    reason, end, _ = str(caught.value).partition(" ...; expected a GenBank record")
    assert end
    assert reason.split()[-1] in line.split()


def test_a_missing_file_a_folder_and_bytes_are_faults_too(tmp_path):
    (tmp_path / "folder.fa").mkdir()
    (tmp_path / "binary.fa").write_bytes(b">one\n\xff\xfe\n")
    (tmp_path / "broken.fa.gz").write_bytes(gzip.compress(b">one\nACGT\n" * 99)[:-9])
    for name in ("missing.fa", "folder.fa", "binary.fa", "broken.fa.gz"):
        with pytest.raises(InputError, match=name):
            list(read_records(tmp_path / name))


@given(st.binary(max_size=200))
def test_no_file_gives_anything_but_records_or_an_input_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "any.gb"
    path.write_bytes(data)
    with pytest.raises(InputError):
        list(read_records(path))


@given(cut=st.integers(0, len(GENOME)), junk=st.text(max_size=5))
@example(cut=304, junk="00\n")  # Biopython raises IndexError
def test_a_damaged_genbank_file_gives_records_or_an_input_error(tmp_path_factory, cut, junk):
    path = tmp_path_factory.mktemp("cut") / "cut.gb"
    path.write_text(GENOME[:cut] + junk + GENOME[cut + 3 :], encoding="utf-8")
    try:
        records = list(read_records(path))
    except InputError:
        return
    assert all(set(record.sequence) <= IUPAC for record in records)


def test_formats_go_by_the_ending():
    assert format_of("x.FNA.gz") == "fasta"
    assert format_of("x.gbff") == "genbank"
