"""What a translator sets on a Doc, and that it cannot lie."""

import json

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.util import filter_spans

from tests.translation.translator_case import WIRINGS, excited, reverser


@pytest.fixture
def doc():
    return reverser()("a b c d")


def test_translation_is_the_best_text(doc):
    assert doc._.translation == "d c b a"
    assert doc.text == "a b c d"


def test_translations_are_what_json_can_hold(doc):
    (best,) = doc._.translations
    assert best["text"] == doc._.translation
    assert best["pieces"] == ["d", "c", "b", "a", "<EOS>"]
    assert best["finished"] is True
    assert best["log_prob"] == pytest.approx(sum(best["log_probs"]))
    assert best["score"] == pytest.approx(best["log_prob"] / 5**0.7)
    assert json.loads(json.dumps(doc._.translations)) == doc._.translations


def test_attention_is_over_the_tokens_of_the_doc(doc):
    attention = doc._.attention
    assert attention.dtype == np.float32
    assert attention.shape == (5, 4)
    assert (attention.sum(axis=1) <= 1 + 1e-5).all()
    # The first piece is made of the last tokens, the last of the first ones: the encoder's state at
    # a token holds its neighbours too.
    places = attention[:4] @ np.arange(4) / attention[:4].sum(axis=1)
    assert (np.diff(places) < 0).all()


def test_attention_to_pieces_is_added_up_by_token():
    nlp = excited(units="characters", pairs=[("ab c", ["c"])])
    doc = nlp("ab c")
    ((found,),) = nlp.get_pipe("rnn_translator").search([doc])
    assert found.attention.shape[1] == len("ab c") + 1
    np.testing.assert_allclose(doc._.attention[:, 0], found.attention[:, :2].sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(doc._.attention[:, 1], found.attention[:, 3], rtol=1e-5)


def test_white_space_among_the_tokens_is_not_attended_to():
    nlp = reverser()
    doc = nlp("a  b c")
    assert doc[1].is_space
    assert doc._.translation == "c b a"
    assert doc._.attention.shape == (4, 4)
    assert not doc._.attention[:, 1].any()
    np.testing.assert_allclose(doc._.attention[:, [0, 2, 3]], nlp("a b c")._.attention, atol=1e-5)


def test_a_model_without_attention_has_none():
    nlp = excited(pairs=[("a b", ["b a"])], **WIRINGS["none"])
    assert not nlp.get_pipe("rnn_translator").has_attention
    doc = nlp("a b")
    assert doc._.attention is None
    assert isinstance(doc._.translation, str)


def test_a_doc_that_nothing_translated_has_nothing():
    doc = reverser().make_doc("a b")
    assert (doc._.translation, doc._.translations, doc._.attention) == (None, None, None)


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_doc_without_text_has_an_empty_translation(text):
    doc = reverser()(text)
    assert doc._.translation == ""
    assert doc._.translations == [
        {"text": "", "log_prob": 0, "score": 0, "finished": True, "pieces": [], "log_probs": []}
    ]
    assert doc._.attention is None


def test_another_translation_has_no_attention(doc):
    doc._.translation = "something else"
    assert doc._.attention is None
    doc._.translation = "d c b a"
    assert doc._.attention is not None


def test_other_tokens_have_no_attention(doc):
    with doc.retokenize() as retokenizer:
        for span in filter_spans([doc[0:2]]):
            retokenizer.merge(span)
    assert doc._.attention is None
    assert doc._.translation == "d c b a"


def test_translating_anew_replaces_all(doc):
    nlp = reverser()
    doc._.translation = "something else"
    again = nlp(doc)
    assert again._.translation == "d c b a"
    assert again._.attention.shape == (5, 4)


def test_what_was_set_survives_bytes_a_docbin_and_a_copy(doc):
    vocab = spacy.blank("xx").vocab
    binary = DocBin(docs=[doc], store_user_data=True).to_bytes()
    others = [
        Doc(vocab).from_bytes(doc.to_bytes()),
        *DocBin().from_bytes(binary).get_docs(vocab),
        doc.copy(),
    ]
    for other in others:
        assert other._.translation == doc._.translation
        assert other._.translations[0]["log_prob"] == doc._.translations[0]["log_prob"]
        np.testing.assert_array_equal(other._.attention, doc._.attention)


def test_attention_cannot_be_set_by_mistake(doc):
    with pytest.raises(ValueError, match="read-only"):
        doc._.attention[0, 0] = 1.0


def test_what_it_assigns_is_told_to_spacy():
    nlp = reverser()
    meta = nlp.get_pipe_meta("rnn_translator")
    assert meta.assigns == ["doc._.translation", "doc._.translations", "doc._.attention"]
    assert meta.default_score_weights == {"bleu": 1.0, "exact_match": 0.0}
    found = nlp.analyze_pipes()
    assert not any(found["problems"].values())
    assert found["attrs"]["doc._.translation"]["assigns"] == ["rnn_translator"]
