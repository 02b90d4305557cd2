"""From labels to regions, GFF3 and tables; scores of coding bases."""

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from seqpipe_dna.coding import LABEL_SETS
from seqpipe_dna.regions import CodingRegion, find_regions, write_regions
from seqpipe_dna.scorer import compare_strands, score_coding, strand_numbers
from spacy.tokens import Doc
from spacy.training import Example

LABELS = st.lists(st.sampled_from(LABEL_SETS["codon"]))


def test_neighbours_on_one_strand_are_one_region():
    labels = ["non-coding", "+2", "+3", "+1", "-3", "-2", "non-coding", "-1"]
    assert list(find_regions("chr", labels)) == [
        CodingRegion("chr", 1, 4, "+", "2"),
        CodingRegion("chr", 4, 6, "-", "2"),
        CodingRegion("chr", 7, 8, "-", "0"),
    ]


def test_short_regions_are_left_out_and_the_others_stay_where_they_are():
    labels = ["coding", "non-coding", "coding", "coding"]
    assert list(find_regions("chr", labels, 2)) == [CodingRegion("chr", 2, 4, ".", ".")]


@given(LABELS)
def test_regions_cover_the_bases_that_code_and_no_other(labels):
    covered = [i for one in find_regions("chr", labels) for i in range(one.start, one.end)]
    assert covered == [i for i, label in enumerate(labels) if label != "non-coding"]


def test_gff3_and_tables_count_from_one(tmp_path):
    regions = [CodingRegion("a b;c", 0, 9, "+", "0"), CodingRegion("x", 4, 6, ".", ".")]
    write_regions(tmp_path / "a.gff", regions, "test")
    write_regions(tmp_path / "a.tsv", regions, "test")
    assert (tmp_path / "a.gff").read_text().splitlines() == [
        "##gff-version 3",
        "a%20b%3Bc\ttest\tCDS\t1\t9\t.\t+\t0\t.",
        "x\ttest\tCDS\t5\t6\t.\t.\t0\t.",
    ]
    assert (tmp_path / "a.tsv").read_text().splitlines() == [
        "record\tstart\tend\tstrand\tphase",
        "a b;c\t1\t9\t+\t0",
        "x\t5\t6\t.\t.",
    ]


def test_scores_count_bases_by_hand():
    gold, predicted = np.array([0, 1, 1, 2, 2, 0]), np.array([1, 1, 0, 1, 2, 0])
    score = compare_strands(gold, predicted)
    assert (score.precision, score.recall, score.f) == (0.75, 0.75, 0.75)
    assert score.strand_f == 0.5


def test_scores_without_a_coding_base_are_none():
    score = compare_strands(np.zeros(3), np.zeros(3))
    assert (score.precision, score.recall, score.f, score.strand_f) == (None, None, None, None)


@given(st.lists(st.tuples(*[st.sampled_from(LABEL_SETS["codon"])] * 2), min_size=1))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(pairs):
    score = compare_strands(*(strand_numbers(list(column)) for column in zip(*pairs, strict=True)))
    if score.precision and score.recall:
        expected = 2 / (1 / score.precision + 1 / score.recall)
        assert score.f == pytest.approx(expected)
        assert score.strand_f <= score.f


def test_bases_without_a_gold_label_do_not_count():
    vocab = spacy.blank("xx").vocab
    gold = Doc(vocab, words=list("ACGT"), tags=["", "+1", "+2", "non-coding"])
    predicted = Doc(vocab, words=list("ACGT"), tags=["+3", "+1", "-1", "non-coding"])
    scores = score_coding([Example(predicted, gold)])
    assert (scores["coding_f"], scores["coding_strand_f"]) == (1.0, 0.5)
    assert scores["tag_acc"] == pytest.approx(2 / 3)
