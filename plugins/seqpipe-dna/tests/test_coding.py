"""States and labels of bases, windows, BED files, and the readers over them."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from seqpipe_dna.bed import read_bed, write_bed
from seqpipe_dna.coding import (
    LABEL_SETS,
    CodingSequence,
    base_states,
    codon_position,
    mirrored,
    spread,
    strand_of,
)
from seqpipe_dna.corpus import make_fasta_reader, make_genbank_reader
from seqpipe_dna.nucleotides import IUPAC, reverse_complement
from seqpipe_dna.windows import windows

from seqpipe.files import InputError

SPANS = st.tuples(st.integers(0, 50), st.integers(1, 40), st.sampled_from([1, -1]))
GENES = st.builds(
    lambda spans, start: CodingSequence(tuple((a, a + n, s) for a, n, s in spans), start),
    st.lists(SPANS, min_size=1, max_size=3),
    st.integers(1, 3),
)


def nlp_of(k=1):
    config = {"nlp": {"tokenizer": {"@tokenizers": "seqpipe_dna.Nucleotides.v1", "k": k}}}
    return spacy.blank("xx", config=config)


def tags(example):
    return [token.tag_ for token in example.reference]


def test_codon_positions_run_over_an_intron_and_backwards_on_the_other_strand():
    gene = CodingSequence(((10, 15, -1), (2, 6, -1)))
    labels = [LABEL_SETS["codon"][state] for state in base_states(17, [gene])]
    forwards = ["-1", "-2", "-3", "-1", "-2", "-3", "-1", "-2", "-3"]
    assert labels[10:15][::-1] + labels[2:6][::-1] == forwards
    assert set(labels[:2] + labels[6:10] + labels[15:]) == {"non-coding"}


def test_codon_start_says_where_the_first_codon_begins():
    states = base_states(6, [CodingSequence(((0, 6, 1),), codon_start=3)])
    assert states.tolist() == [2, 3, 1, 2, 3, 1]


def test_a_base_of_two_genes_has_the_label_of_the_longer():
    states = base_states(9, [CodingSequence(((0, 9, 1),)), CodingSequence(((3, 6, -1),))])
    assert (states < 4).all()


@given(st.lists(GENES, max_size=4))
def test_the_mirror_of_the_states_is_that_of_the_mirrored_genes(genes):
    length = 100
    turned = [
        CodingSequence(tuple((length - b, length - a, -s) for a, b, s in g.parts), g.codon_start)
        for g in genes
    ]
    assert mirrored(base_states(length, genes)).tolist() == base_states(length, turned).tolist()
    assert mirrored(mirrored(base_states(length, genes))).tolist() == (
        base_states(length, genes).tolist()
    )


@pytest.mark.parametrize(
    ("label", "strand", "position"),
    [
        ("+2", "+", 2),
        ("-1", "-", 1),
        ("+", "+", None),
        ("coding", ".", None),
        ("non-coding", "", None),
    ],
)
def test_labels_say_strand_and_position(label, strand, position):
    assert (strand_of(label), codon_position(label)) == (strand, position)


def test_a_codons_label_is_spread_over_its_bases():
    assert spread("+3", 3) == ["+3", "+1", "+2"]
    assert spread("-1", 3) == ["-1", "-3", "-2"]
    assert spread("non-coding", 2) == ["non-coding"] * 2


@given(st.integers(0, 50), st.integers(1, 200), st.integers(1, 60), st.integers(0, 30))
def test_each_base_of_a_region_is_labelled_in_one_window_and_nothing_beyond_is_read(
    start, length, size, margin
):
    end = start + length
    found = list(windows(start, end, size=size, margin=margin))
    assert [i for one in found for i in range(one.start, one.end)] == list(range(start, end))
    assert all(start <= one.left <= one.start < one.end <= one.right <= end for one in found)


@given(st.text(alphabet=sorted(IUPAC)))
def test_the_other_strand_of_the_other_strand_is_the_sequence_in_dna(sequence):
    expected = sequence.replace("U", "T").replace("u", "t")
    assert reverse_complement(reverse_complement(sequence)) == expected


def test_bed_comes_back_as_it_was_written(tmp_path):
    regions = [("one", 0, 5), ("two", 3, 9)]
    write_bed(tmp_path / "a.bed", regions)
    assert read_bed(tmp_path / "a.bed", {"one": 5, "two": 9}) == regions


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no region in it"),
        ("one 1 2\n", "line 1: 'one 1 2', expected record, start and end"),
        ("# a comment\none\t1\t20\n", "line 2: bases 1 to 20, expected some of the 9 of one"),
        ("one\t3\t3\n", "line 1: bases 3 to 3"),
        ("three\t1\t2\n", "record 'three', expected one of one"),
        ("one\t0\t6\none\t3\t9\n", "line 2: bases 3 to 9 of one overlap those of line 1"),
        ("one\t5\t9\none\t0\t6\n", "line 1: bases 5 to 9 of one overlap those of line 2"),
        ("one\t0\t9\none\t0\t9\n", "expected each base once"),
    ],
)
def test_a_bad_bed_file_is_one_message_with_the_line(tmp_path, text, message):
    (tmp_path / "a.bed").write_text(text)
    with pytest.raises(InputError, match=message):
        read_bed(tmp_path / "a.bed", {"one": 9})


def test_genbank_windows_have_a_label_a_base(genome):
    (example,) = make_genbank_reader(genome, window=500)(nlp_of())
    found = tags(example)
    assert found[3:12] == ["+1", "+2", "+3"] * 3
    assert found[30:34] == ["-3", "-2", "-1", "-3"]
    assert found[40:45] == ["-2", "-1", "-3", "-2", "-1"]
    assert set(found[12:30] + found[34:40] + found[45:]) == {"non-coding"}
    assert example.predicted.text == example.reference.text
    assert not any(token.tag for token in example.predicted)


def test_margins_are_read_and_have_no_label(genome):
    examples = list(make_genbank_reader(genome, window=50, margin=10)(nlp_of()))
    assert [len(eg.reference) for eg in examples] == [60, 70, 30]
    assert sum(tag != "" for eg in examples for tag in tags(eg)) == 120
    assert tags(examples[1])[:10] == [""] * 10


def test_regions_that_touch_are_apart(tmp_path):
    regions = [("one", 5, 9), ("two", 0, 9), ("one", 0, 5)]
    write_bed(tmp_path / "a.bed", regions)
    assert read_bed(tmp_path / "a.bed", {"one": 9, "two": 9}) == regions


def test_two_records_of_one_name_are_refused(genome):
    text = genome.read_text()
    genome.write_text(text + text)
    with pytest.raises(InputError, match=r"two records are named TINY\.1"):
        list(make_genbank_reader(genome)(nlp_of()))
    genome.write_text(text + text.replace("TINY.1", "TINY.2"))
    assert len(list(make_genbank_reader(genome, window=120)(nlp_of()))) == 2


def test_only_the_regions_of_a_bed_file_are_read(genome, tmp_path):
    write_bed(tmp_path / "a.bed", [("TINY.1", 3, 12)])
    (example,) = make_genbank_reader(genome, regions=tmp_path / "a.bed", margin=20)(nlp_of())
    assert (example.reference.text, tags(example)) == ("ATGAAATAA", ["+1", "+2", "+3"] * 3)


def test_both_strands_are_each_others_reverse_complement(genome):
    one, other = make_genbank_reader(genome, window=500, both_strands=True)(nlp_of())
    assert other.reference.text == reverse_complement(one.reference.text)
    swapped = [
        tag.translate(str.maketrans("+-", "-+")) if len(tag) == 2 else tag for tag in tags(one)
    ]
    assert tags(other) == swapped[::-1]


def test_codons_have_the_label_of_their_first_base_in_each_frame(genome, tmp_path):
    write_bed(tmp_path / "a.bed", [("TINY.1", 3, 12)])
    reader = make_genbank_reader(genome, regions=tmp_path / "a.bed", shifts=3)
    assert [tags(eg) for eg in reader(nlp_of(3))] == [["+1"] * 3, ["+2"] * 3, ["+3"] * 3]


@pytest.mark.parametrize(("labels", "expected"), [("strand", "+"), ("coding", "coding")])
def test_other_sets_of_labels(genome, labels, expected):
    (example,) = make_genbank_reader(genome, window=500, labels=labels)(nlp_of())
    assert set(tags(example)[3:12]) == {expected}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"labels": "frame"}, "labels = 'frame': expected one of codon, strand, coding"),
        ({"window": 0}, "window = 0: expected at least 1 base"),
        ({"margin": -1}, "margin = -1"),
        ({"shifts": 0}, "shifts = 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(genome, option, message):
    with pytest.raises(InputError, match=message):
        make_genbank_reader(genome, **option)


def test_fasta_gives_classes_and_keeps_the_case(fasta):
    files = {"promoter": "promoter.fa", "other": "other.fa.gz"}
    examples = list(make_fasta_reader(fasta, files=files)(nlp_of()))
    assert [eg.reference.text for eg in examples] == ["TATAATacgt", "TTGACANRY", "GCGCGC"]
    assert [eg.reference.cats for eg in examples] == [
        {"promoter": 1.0, "other": 0.0},
        {"promoter": 1.0, "other": 0.0},
        {"promoter": 0.0, "other": 1.0},
    ]
    assert not any(eg.predicted.cats for eg in examples)


def test_a_sequence_that_no_doc_can_hold_is_named(fasta):
    nlp = nlp_of()
    nlp.max_length = 8
    files = {"promoter": "promoter.fa", "other": "other.fa.gz"}
    with pytest.raises(InputError, match="record p1 has 10 bases, expected at most 8"):
        list(make_fasta_reader(fasta, files=files)(nlp))


def test_a_path_and_two_classes_are_wanted():
    with pytest.raises(InputError, match="path = null"):
        make_genbank_reader(None)
    with pytest.raises(InputError, match="path = null"):
        make_fasta_reader(None, files={})
    with pytest.raises(InputError, match="two classes"):
        make_fasta_reader("x", files={"promoter": "a.fa"})
