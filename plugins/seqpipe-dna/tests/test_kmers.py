"""seqpipe_dna.Kmers.v1: the k-mers around each token, their vectors and gradients."""

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from seqpipe_dna.kmers import Kmers
from seqpipe_dna.nucleotides import BASES, kmer_numbers

from seqpipe.files import InputError

TEXTS = st.text(alphabet="ACGTacgtNU")


def nlp_of(k):
    config = {"nlp": {"tokenizer": {"@tokenizers": "seqpipe_dna.Nucleotides.v1", "k": k}}}
    return spacy.blank("xx", config=config)


NLP = {k: nlp_of(k) for k in (1, 3)}


@given(TEXTS, st.integers(1, 4))
def test_numbers_of_kmers_are_those_of_a_table(text, k):
    expected = []
    for i in range(len(text) - k + 1):
        kmer = text[i : i + k].upper().replace("U", "T")
        digits = [BASES.find(base) for base in kmer]
        number = sum(digit * 4 ** (k - 1 - j) for j, digit in enumerate(digits))
        expected.append(4**k if -1 in digits else number)
    assert kmer_numbers(text, k).tolist() == expected


def vectors(tokens, texts, **options):
    model = Kmers(**options)
    model.initialize()
    return model, model.predict([NLP[tokens].make_doc(text) for text in texts])


@pytest.mark.parametrize("k", [1, 3])
def test_each_token_has_a_vector_and_a_batch_changes_none(k):
    model, together = vectors(k, ["ACGTACGT", "", "NNa", "A"], k=[1, 3, 4], width=5)
    assert [len(Y) for Y in together] == [
        len(NLP[k].make_doc(t)) for t in ["ACGTACGT", "", "NNa", "A"]
    ]
    assert all(Y.shape[1] == 15 for Y in together)
    assert np.array_equal(model.predict([NLP[k].make_doc("NNa")])[0], together[2])


def test_a_codon_is_its_own_3mer_and_case_does_not_count():
    _, (upper, lower, other) = vectors(3, ["AACGGT", "ttcggu", "ACGGTA"], k=[3])
    assert np.array_equal(upper[1], lower[1])
    assert not np.array_equal(upper[1], other[1])


def test_a_base_sees_its_neighbours():
    _, (first, second) = vectors(1, ["AAACAA", "AAAGAA"], k=[3])
    same = [np.array_equal(a, b) for a, b in zip(first, second, strict=True)]
    assert same == [True, True, False, False, False, True]


def test_no_doc_gives_no_vector():
    assert vectors(1, [])[1] == []


def test_gradients_reach_the_rows_that_were_read():
    model = Kmers(k=[1], width=2)
    model.initialize()
    _, backprop = model.begin_update([NLP[1].make_doc("AAC")])
    backprop([np.array([[1, 0], [1, 0], [0, 3]], dtype="f")])
    gradient = model.layers[0].get_grad("E")
    assert gradient[:3].tolist() == [[2, 0], [0, 3], [0, 0]]


@pytest.mark.parametrize("k", [[], [0], [9], [3, 3]])
def test_lengths_that_make_no_sense_are_refused(k):
    with pytest.raises(InputError, match="expected lengths from 1 to 8, each once"):
        Kmers(k=k)
