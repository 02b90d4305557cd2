"""Texts as docs: white space parts words, and nothing of the text is lost."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.lm.given_texts import doc_of

NLP = spacy.blank("xx")


@given(st.text(st.sampled_from("ab,\u00a0\u2003 \t\n\r\x1c")))
def test_words_parted_by_white_space_are_those_of_the_text(text):
    doc = doc_of(NLP, text, tokenizer="whitespace")
    assert doc.text == text
    assert [token.text for token in doc if not token.is_space] == text.split()


@given(st.text(st.sampled_from("ab \n")))
def test_space_stands_where_spacy_puts_it(text):
    found, expected = doc_of(NLP, text, tokenizer="whitespace"), NLP.make_doc(text)
    assert [t.text_with_ws for t in found] == [t.text_with_ws for t in expected]


@pytest.mark.parametrize("tokenizer", ["pipeline", "whitespace"])
def test_a_text_that_is_too_long_is_refused(tokenizer):
    nlp = spacy.blank("xx")
    nlp.max_length = 5
    assert doc_of(nlp, "a b c", tokenizer=tokenizer).text == "a b c"
    with pytest.raises(InputError, match=r"^file: a text of 6 characters, expected 5 at most"):
        doc_of(nlp, "a b cd", tokenizer=tokenizer, path="file")
