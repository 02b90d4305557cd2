"""seqpipe_dna.Nucleotides.v1: tokens tile the text, whatever it is."""

import pickle
import subprocess
import sys

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from seqpipe_dna.nucleotides import IUPAC, normalise
from seqpipe_dna.tokenizer import NucleotideTokenizer, create_nucleotide_tokenizer

from seqpipe.files import InputError

SEQUENCES = st.text(alphabet=sorted(IUPAC))


def pipeline(k):
    config = {"nlp": {"tokenizer": {"@tokenizers": "seqpipe_dna.Nucleotides.v1", "k": k}}}
    return spacy.blank("xx", config=config)


NLP = {k: pipeline(k) for k in (1, 2, 3)}


@given(st.text(), st.sampled_from(sorted(NLP)))
def test_tokens_tile_any_text(text, k):
    doc = NLP[k].make_doc(text)
    assert doc.text == text
    assert "".join(token.text for token in doc) == text


@given(SEQUENCES, st.sampled_from(sorted(NLP)))
def test_a_sequence_is_cut_from_its_start_into_k_bases_a_token(sequence, k):
    words = [token.text for token in NLP[k].make_doc(sequence)]
    assert words == [sequence[i : i + k] for i in range(0, len(sequence), k)]


@given(SEQUENCES)
def test_the_norm_is_upper_case_dna_and_the_text_keeps_its_case(sequence):
    doc = NLP[3].make_doc(sequence)
    assert "".join(token.norm_ for token in doc) == sequence.upper().replace("U", "T")
    assert normalise(doc.text) == "".join(token.norm_ for token in doc)


def test_what_is_no_nucleotide_is_a_token_of_its_own_and_codons_begin_anew_behind_it():
    words = [token.text for token in NLP[3].make_doc("acgtnRY\nAC*GU XACG")]
    assert words == ["acg", "tnR", "Y", "\n", "AC", "*", "GU", " ", "X", "ACG"]


def test_lower_case_and_rna_have_the_norm_of_upper_case_dna():
    first, second = NLP[3].make_doc("acuACT")
    assert (first.norm, first.norm_) == (second.norm, "ACT")


@pytest.mark.parametrize("k", [1, 3])
def test_it_comes_back_from_disk_and_from_bytes(tmp_path, k):
    nlp = pipeline(k)
    nlp.to_disk(tmp_path / "model")
    text = "ACGTNacgt"
    expected = [token.text for token in nlp.make_doc(text)]
    loaded = spacy.load(tmp_path / "model")
    assert [token.text for token in loaded.make_doc(text)] == expected
    assert [
        token.text for token in pipeline(k).from_bytes(nlp.to_bytes()).make_doc(text)
    ] == expected
    assert [token.text for token in pickle.loads(pickle.dumps(nlp.tokenizer))(text)] == expected


def test_a_fresh_process_that_imports_only_spacy_loads_it(tmp_path):
    NLP[3].to_disk(tmp_path / "model")
    code = f"import spacy; print(*spacy.load({str(tmp_path / 'model')!r}).make_doc('ACGTA'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("ACG TA\n", 0)


def test_two_processes_cut_as_one_does():
    texts = ["ACGT", "", "nnnACG"] * 3
    alone = [[token.text for token in doc] for doc in NLP[3].pipe(texts)]
    assert [[t.text for t in doc] for doc in NLP[3].pipe(texts, n_process=2)] == alone


def test_settings_of_another_k_are_refused():
    with pytest.raises(InputError, match="saved with k = 3, expected 1"):
        NLP[1].tokenizer.from_bytes(NLP[3].tokenizer.to_bytes())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff"])
def test_damaged_settings_are_refused_with_the_file(tmp_path, data):
    path = tmp_path / "tokenizer"
    path.write_bytes(data)
    with pytest.raises(InputError, match="tokenizer: not the settings of a tokenizer"):
        NLP[1].tokenizer.from_disk(path)


@pytest.mark.parametrize("k", [0, -1, 101, 2**40, 1.5, True, "3", None])
def test_a_length_of_tokens_that_makes_no_sense_is_refused(k):
    with pytest.raises(InputError, match=f"k = {k!r}: expected a whole number .* 1 to 100"):
        create_nucleotide_tokenizer(k)
    with pytest.raises(InputError, match="expected a whole number"):
        NucleotideTokenizer(NLP[1].vocab, k)


def test_the_longest_token_is_cut():
    nlp = pipeline(100)
    assert [len(token) for token in nlp.make_doc("A" * 130)] == [100, 30]
