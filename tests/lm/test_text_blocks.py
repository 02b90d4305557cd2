"""Files as docs of many lines: nothing is lost, whatever the size of a block."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.lm.text_blocks import read_blocks
from seqpipe.vocabulary.tokenizer import create_unk_tokenizer

LINES = st.lists(st.sampled_from(["", " ", "a", "a b.", " c  d", "don't"]), min_size=1).filter(
    lambda lines: any(line.strip() for line in lines)
)


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("xx")


@pytest.fixture(scope="module")
def characters():
    nlp = spacy.blank("xx")
    nlp.tokenizer = create_unk_tokenizer(unit="char")(nlp)
    return nlp


def blocks(nlp, text, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_bytes(text.encode())
        return list(read_blocks(path, nlp, **options))


def sentences(nlp, found):
    docs = [block.doc(nlp.vocab, by_line=True) for block in found]
    return [
        [token.text for token in sent if not token.is_space]
        for doc in docs
        if len(doc)
        for sent in doc.sents
    ]


@given(LINES, st.integers(1, 9), st.booleans())
def test_every_line_with_words_is_a_sentence(nlp, lines, size, ends):
    found = blocks(nlp, "\n".join(lines) + "\n" * ends, size=size)
    expected = [[t.text for t in nlp.make_doc(line) if not t.is_space] for line in lines]
    assert sentences(nlp, found) == [words for words in expected if words]
    is_closed = ends or lines[-1] != ""
    blank = sum(not line.strip() for line in (lines if is_closed else lines[:-1]))
    assert sum(block.blank for block in found) == blank


@given(LINES, st.integers(1, 9), st.integers(1, 9), st.sampled_from(["\n", "\r\n"]))
def test_a_text_of_characters_is_read_as_it_stands(characters, lines, size, longest, end):
    text = end.join(lines)
    found = blocks(characters, text, size=size, longest=longest)
    docs = [block.doc(characters.vocab, by_line=False) for block in found]
    assert "".join(token.text for doc in docs for token in doc) == text


def test_blocks_are_no_longer_than_need_be(nlp):
    found = blocks(nlp, "a b c\n" * 10, size=8)
    assert [block.tokens for block in found] == [8] * 5


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_a_long_line_is_cut_into_sentences(nlp, words, size, longest, ends):
    found = blocks(nlp, "a b\n" + "x " * words + "\n" * ends, size=size, longest=longest)
    texts = sentences(nlp, found)
    assert [word for text in texts for word in text] == ["a", "b", *["x"] * words]
    assert max(map(len, texts)) <= longest + 2
    assert max(block.tokens for block in found) <= size + longest + 2


def test_a_long_line_is_logged_once_with_its_number(nlp, caplog):
    blocks(nlp, "a b\n" + "x " * 40 + "\n" + "y " * 40, longest=9)
    (said,) = caplog.messages
    assert "text.txt, line 2: more than 9 tokens, is read in pieces" in said
    caplog.clear()
    assert sentences(nlp, blocks(nlp, "x y z\r\n", longest=3)) == [["x", "y", "z"]]
    assert not caplog.messages


def test_lines_of_windows_and_gzip_give_the_same(nlp, tmp_path):
    expected = sentences(nlp, blocks(nlp, "a b\nc\n"))
    assert sentences(nlp, blocks(nlp, "a b\r\nc\r\n")) == expected == [["a", "b"], ["c"]]
    (tmp_path / "text.gz").write_bytes(gzip.compress(b"a b\nc\n"))
    assert sentences(nlp, read_blocks(tmp_path / "text.gz", nlp)) == expected


def test_white_space_can_part_tokens(nlp):
    found = blocks(nlp, "do n't, you know\n", tokenizer="whitespace")
    assert sentences(nlp, found) == [["do", "n't,", "you", "know"]]


@pytest.mark.parametrize("text", ["", "\n", "  \n\n"])
def test_a_file_without_words_is_refused(nlp, text):
    with pytest.raises(InputError, match=r"text\.txt: no word in it, expected some text"):
        blocks(nlp, text)


def test_a_line_that_is_no_text_is_named(nlp, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"good\nb\xe4d\n")
    with pytest.raises(InputError, match=r"text\.txt, line 2: byte 0xe4 is not UTF-8"):
        list(read_blocks(path, nlp))
