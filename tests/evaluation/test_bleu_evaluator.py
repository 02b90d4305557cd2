"""`bleu_evaluator` behind a translator: what `nlp.evaluate` gives, and BLEU on each doc."""

from __future__ import annotations

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

import seqpipe.evaluation.component  # noqa: F401
from seqpipe.evaluation.bleu import BleuOptions, sentence_bleu
from seqpipe.files import InputError

LEXICON = {"le": "the", "chat": "cat", "dort": "sleeps", "est": "is", "là": "there"}
GOLD = {"le chat dort là": ["the cat sleeps there"], "le chat est là": ["there is the cat"]}


@Language.component("word_by_word")
def word_by_word(doc):
    doc._.translation = " ".join(LEXICON.get(token.text, token.text) for token in doc)
    return doc


def pipeline(**config):
    nlp = spacy.blank("xx")
    nlp.add_pipe("word_by_word")
    nlp.add_pipe("bleu_evaluator", config=config)
    return nlp


def docs(nlp):
    for text, references in GOLD.items():
        doc = nlp.make_doc(text)
        doc._.references = references
        yield doc


def examples(nlp):
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs(nlp)]


def sentence(text, references, **options):
    (bleu,) = sentence_bleu([text], [references], options=BleuOptions(**options))
    return pytest.approx(bleu.score / 100)


def test_evaluating_a_pipeline_gives_bleu():
    nlp = pipeline(ter=True)
    scores = nlp.evaluate(examples(nlp))
    assert scores["exact_match"] == 0.5
    assert scores["bleu_p1"] == 1
    assert 0 < scores["bleu"] < 1
    assert scores["bleu_texts"] == 2
    assert {"chrf", "ter"} <= set(scores)


def test_bleu_weighs_in_the_score_of_a_training_run():
    nlp = pipeline()
    assert nlp.config["training"]["score_weights"]["bleu"] == 1.0


def test_each_doc_with_references_has_the_bleu_of_its_translation():
    nlp = pipeline()
    first, second = nlp.pipe(docs(nlp))
    assert first._.bleu == 1
    assert second._.bleu == sentence("the cat is there", ["there is the cat"])


def test_a_doc_without_references_is_left_as_it_is():
    nlp = pipeline()
    doc = nlp("le chat dort")
    assert doc._.bleu is None
    assert set(doc.user_data) == set(word_by_word(nlp.make_doc("le chat")).user_data)


@pytest.mark.parametrize("change", [{"translation": "the dog"}, {"references": ["a dog"]}])
def test_bleu_is_gone_when_translation_or_references_change(change):
    nlp = pipeline()
    doc = nlp(next(docs(nlp)))
    for name, value in change.items():
        doc._.set(name, value)
    assert doc._.bleu is None


def test_settings_are_those_of_the_config_and_are_saved_with_it(tmp_path):
    nlp = pipeline(lowercase=True, smoothing="none", chrf=False)
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    for one in (nlp, again):
        doc = one.make_doc("LE chat est là")
        doc._.references = ["there is le CAT"]
        assert one(doc)._.bleu == sentence(
            "LE cat is there", ["there is le CAT"], lowercase=True, smoothing="none"
        )
        assert "chrf" not in one.evaluate(examples(one))
    assert pipeline().from_bytes(nlp.to_bytes()).pipe_names == nlp.pipe_names


def test_two_processes_give_what_one_gives():
    nlp = pipeline()
    one = [doc._.bleu for doc in nlp.pipe(docs(nlp))]
    two = [doc._.bleu for doc in nlp.pipe(docs(nlp), n_process=2, batch_size=1)]
    assert two == one


def test_bleu_is_kept_with_a_saved_doc():
    nlp = pipeline()
    doc = nlp(next(docs(nlp)))
    assert Doc(nlp.vocab).from_bytes(doc.to_bytes())._.bleu == doc._.bleu
    bin_ = DocBin(docs=[doc], store_user_data=True)
    (again,) = DocBin(store_user_data=True).from_bytes(bin_.to_bytes()).get_docs(nlp.vocab)
    assert again._.bleu == doc._.bleu


def test_an_empty_doc_with_an_empty_translation_has_bleu_0():
    nlp = pipeline()
    doc = nlp.make_doc("")
    doc._.references = ["a cat"]
    assert nlp(doc)._.bleu == 0


def test_a_source_pipeline_hands_its_evaluator_over():
    nlp = spacy.blank("xx")
    nlp.add_pipe("bleu_evaluator", source=pipeline(lowercase=True))
    assert nlp.get_pipe("bleu_evaluator").options.lowercase


def test_a_setting_that_does_not_fit_is_refused_when_the_pipe_is_added():
    with pytest.raises(InputError, match="smoothing = 'more'"):
        pipeline(smoothing="more")


def test_references_that_are_no_list_are_refused():
    nlp = pipeline()
    doc = nlp.make_doc("le chat")
    doc._.references = "the cat"
    with pytest.raises(InputError, match="'the cat', expected a list of strings"):
        nlp(doc)
