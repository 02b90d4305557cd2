"""The component: learned from files, examples, a reader or ARPA; saved, sourced, in processes."""

import io
import json
import math
import subprocess
import sys

import numpy
import pytest
import spacy
from spacy.cli.train import train as spacy_train
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.lm.arpa import write_arpa
from seqpipe.lm.ngram_model import NgramModel
from seqpipe.testing.case import assert_close
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.lm.fresh_process import doc_of_fresh_process
from tests.lm.ngram_case import GOLDEN, SALADS, learned, said

TEXT = "".join(" ".join(sentence) + "\n" for sentence in SALADS)
PEAR, PAIR = "the apple and pear salad", "the apple and pair salad"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def initialized(*, name="ngram_lm", config=None, get_examples=None, nlp=None, **settings):
    nlp = nlp or spacy.blank("xx")
    nlp.add_pipe("ngram_lm", name=name, config=config or {})
    nlp.config["initialize"]["components"][name] = settings
    nlp.initialize(get_examples)
    return nlp


def examples(nlp, sentences=SALADS):
    docs = [Doc(nlp.vocab, words=words) for words in sentences]
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]


def test_the_pear_salad_is_likelier(text):
    nlp = initialized(text=text)
    pear, pair = nlp(PEAR), nlp(PAIR)
    assert pear._.log_prob > pair._.log_prob + 1
    assert pear._.perplexity < pair._.perplexity
    assert pear[3]._.surprisal < pair[3]._.surprisal


def test_numbers_are_those_of_the_model(text):
    nlp = initialized(text=text, config={"order": 2})
    score = learned(SALADS, order=2).score(PEAR.split())
    doc = nlp(PEAR)
    assert [token._.surprisal for token in doc] == pytest.approx((-score.log_probs[:-1]).tolist())
    assert doc._.log_prob == pytest.approx(score.log_prob)
    assert doc._.perplexity == pytest.approx(math.exp(-score.log_prob / 6))


@pytest.mark.parametrize(("unit", "base"), [("nats", math.e), ("bits", 2), ("log10", 10)])
def test_unit_is_that_of_log_prob_and_surprisal_but_not_of_the_score(text, unit, base):
    nats = initialized(text=text)
    other = initialized(text=text, config={"unit": unit})
    assert other(PEAR)._.log_prob == pytest.approx(nats(PEAR)._.log_prob / math.log(base))
    assert other(PEAR)[0]._.surprisal == pytest.approx(nats(PEAR)[0]._.surprisal / math.log(base))
    assert other(PEAR)._.perplexity == pytest.approx(nats(PEAR)._.perplexity)
    assert other.evaluate(examples(other))["lm_score"] == pytest.approx(
        nats.evaluate(examples(nats))["lm_score"]
    )


def test_files_examples_a_reader_and_arpa_give_the_same(text, tmp_path):
    expected = initialized(text=text)(PEAR)._.log_prob
    nlp = spacy.blank("xx")
    given = initialized(nlp=nlp, get_examples=lambda: examples(nlp))
    assert given(PEAR)._.log_prob == expected
    DocBin(docs=[Doc(nlp.vocab, words=words) for words in SALADS]).to_disk(tmp_path / "c.spacy")
    reader = {"@readers": "spacy.Corpus.v1", "path": str(tmp_path / "c.spacy")}
    reader |= {"gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}
    assert initialized(corpus=reader)(PEAR)._.log_prob == expected
    assert initialized(text=[text], tokenizer="whitespace")(PEAR)._.log_prob == expected
    write_arpa(given.get_pipe("ngram_lm").model, tmp_path / "model.arpa.gz")
    read = initialized(arpa=str(tmp_path / "model.arpa.gz"))
    assert read(PEAR)._.log_prob == pytest.approx(expected)
    assert read.get_pipe("ngram_lm").order == 3


def test_words_are_taken_from_a_vocabulary_that_is_adopted(text, tmp_path):
    Vocabulary().build({"the": 2, "pear": 1}).to_disk(tmp_path / "words.json")
    model = initialized(text=text, vocabulary=str(tmp_path / "words.json")).get_pipe("ngram_lm")
    assert list(model.model.vocabulary)[4:] == ["the", "pear"]


def test_rare_words_are_unknown_and_words_can_be_lower_cased(text):
    nlp = initialized(text=text, config={"min_count": 2, "lower": True})
    words = nlp.get_pipe("ngram_lm").model.vocabulary
    assert "shoes" not in words
    assert words.id("PEAR") == words.id("pear") != words.UNK_ID
    assert nlp(PEAR.upper())._.log_prob == nlp(PEAR)._.log_prob


def test_two_models_are_told_apart_by_their_names(text):
    nlp = initialized(text=text, name="small", config={"order": 1})
    nlp = initialized(nlp=nlp, text=text, name="large", config={"order": 3})
    nlp.config["initialize"]["components"]["small"] = {"text": text}
    nlp.initialize()
    doc = nlp(PEAR)
    assert set(doc._.log_probs) == set(doc._.perplexities) == {"small", "large"}
    assert doc._.log_probs["large"] > doc._.log_probs["small"]
    assert doc._.log_prob == doc._.log_probs["large"]  # the last one's
    assert doc[0]._.surprisal == doc[0]._.surprisals["large"] != doc[0]._.surprisals["small"]
    scores = nlp.evaluate(examples(nlp))
    assert scores["small_score"] < scores["large_score"] == scores["lm_score"]


def test_sentences_are_the_docs_own_where_they_are_annotated(text):
    nlp = initialized(text=text)
    model = nlp.get_pipe("ngram_lm").model
    words = [*SALADS[0], *SALADS[1]]
    starts = [i in (0, len(SALADS[0])) for i in range(len(words))]
    two = nlp(Doc(nlp.vocab, words=words, sent_starts=starts))
    assert two._.log_prob == pytest.approx(
        model.score(SALADS[0]).log_prob + model.score(SALADS[1]).log_prob
    )
    one = nlp(Doc(nlp.vocab, words=words))
    assert one._.log_prob == pytest.approx(model.score(words).log_prob)


def test_the_score_is_minus_the_cross_entropy_with_what_it_is_over(text):
    nlp = initialized(text=text)
    scores = nlp.evaluate(examples(nlp, [*SALADS, ["zebra"]]))
    tokens = sum(map(len, SALADS)) + len(SALADS) + 2
    assert scores["lm_perplexity"] == pytest.approx(math.exp(-scores["lm_score"]))
    assert scores["lm_tokens"] == tokens
    assert scores["lm_oov_rate"] == pytest.approx(1 / tokens)
    assert scores["lm_vocabulary"] == len({word for words in SALADS for word in words}) + 2
    assert json.loads(json.dumps(scores)) == scores


def test_a_text_that_cannot_be_says_which_words(text, caplog):
    nlp = initialized(text=text, config={"smoothing": "maximum_likelihood"})
    scores = nlp.evaluate(examples(nlp, [["the", "zebra"]]))
    assert scores["lm_perplexity"] == math.inf
    assert scores["lm_zero_probability"] == 1
    assert "1 of 3 tokens have probability 0" in caplog.text
    assert "'zebra' (1)" in caplog.text
    doc = nlp("the zebra")
    assert (doc._.log_prob, doc._.perplexity) == (-math.inf, math.inf)
    assert doc[1]._.surprisal == math.inf


@pytest.mark.parametrize("content", ["", "   \n", "\n"], ids=repr)
def test_a_doc_without_words_has_no_perplexity(text, content):
    doc = initialized(text=text)(content)
    assert (doc._.log_prob, doc._.perplexity) == (0.0, None)
    assert [token._.surprisal for token in doc] == [None] * len(doc)
    assert doc.text == content


def test_white_space_is_not_read(text):
    nlp = initialized(text=text)
    apart = nlp("the  apple")
    assert apart._.log_prob == nlp("the apple")._.log_prob
    assert [token._.surprisal is None for token in apart] == [False, True, False]


def test_no_examples_to_score_have_no_score(text):
    nlp = initialized(text=text)
    assert nlp.get_pipe("ngram_lm").score([])["lm_score"] is None


def test_a_pipeline_is_saved_and_loaded(text, tmp_path):
    nlp = initialized(text=text, config={"smoothing": "add_k", "k": 0.5, "unit": "bits"})
    nlp.to_disk(tmp_path / "model")
    expected = said(nlp(PEAR))
    assert said(spacy.load(tmp_path / "model")(PEAR)) == expected
    copy = spacy.blank("xx")
    copy.add_pipe("ngram_lm", config={"unit": "bits"})
    assert said(copy.from_bytes(nlp.to_bytes())(PEAR)) == expected
    again = nlp.to_bytes()
    assert again == nlp.to_bytes()


def test_a_process_that_imports_only_spacy_gives_the_same(text, tmp_path):
    nlp = initialized(text=text)
    doc = doc_of_fresh_process(nlp, PEAR, tmp_path)
    assert doc._.log_prob == nlp(PEAR)._.log_prob


def test_golden_models_of_every_version_still_load():
    folders = sorted(GOLDEN.glob("ngram_lm-*"))
    assert folders
    for folder in folders:
        nlp = spacy.load(folder)
        for entry in json.loads((folder / "expected.json").read_text(encoding="utf-8")):
            assert_close(said(nlp(entry["text"])), entry["said"])


def test_a_pipeline_that_was_not_initialised_is_saved_but_does_not_score(tmp_path):
    nlp = spacy.blank("xx")
    nlp.add_pipe("ngram_lm")
    nlp.to_disk(tmp_path)
    with pytest.raises(InputError, match="ngram_lm has no model yet"):
        spacy.load(tmp_path)(PEAR)


@pytest.mark.parametrize("keep", [0, 100, -30])
def test_a_damaged_model_is_refused(text, tmp_path, keep):
    initialized(text=text).to_disk(tmp_path / "model")
    path = tmp_path / "model" / "ngram_lm" / "model.npz"
    path.write_bytes(path.read_bytes()[:keep] or b"nothing")
    with pytest.raises(ValueError, match=r"model\.npz: no n-gram model"):
        spacy.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("words", lambda words: words[:-1]),
        ("words", lambda words: numpy.where(words == 5, 10_000, words)),
        ("words", lambda words: words.astype(numpy.int64)),
        ("starts", lambda starts: starts[::-1].copy()),
        ("starts", lambda starts: starts[:-2]),
        ("log_probs", lambda log_probs: log_probs[1:]),
        ("backoffs", lambda backoffs: backoffs[1:]),
        ("about", lambda about: about[:-3]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name, change):
    with numpy.load(io.BytesIO(learned(SALADS).to_bytes())) as found:
        arrays = dict(found)
    stream = io.BytesIO()
    numpy.savez(stream, **{**arrays, name: change(arrays[name])})
    with pytest.raises(InputError, match=r"no n-gram model \(.+\), expected seqpipe"):
        NgramModel.from_bytes(stream.getvalue())


def test_two_processes_give_what_one_gives(text):
    nlp = initialized(text=text)
    texts = [PEAR, PAIR, "", "zebra", *TEXT.splitlines()] * 2
    alone = [said(doc) for doc in nlp.pipe(texts)]
    assert [said(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=3)] == alone


def test_the_prediction_does_not_depend_on_the_batch(text):
    nlp = initialized(text=text)
    texts = [PEAR, "", PAIR, "zebra"]
    assert [said(doc) for doc in nlp.pipe(texts, batch_size=2)] == [said(nlp(one)) for one in texts]


def test_a_sourced_component_gives_the_same_under_its_new_name(text):
    nlp, other = initialized(text=text), spacy.blank("xx")
    expected = said(nlp(PEAR))
    other.add_pipe("ngram_lm", name="sourced", source=nlp)
    assert said(other(PEAR)) == expected
    assert list(other(PEAR)._.log_probs) == ["sourced"]


def test_doc_bytes_and_docbin_keep_what_was_said(text):
    nlp = initialized(text=text)
    doc = nlp(PEAR)
    assert said(Doc(nlp.vocab).from_bytes(doc.to_bytes())) == said(doc)
    (kept,) = DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab)
    assert said(kept) == said(doc)


def test_nothing_is_said_of_tokens_that_have_changed(text):
    doc = initialized(text=text)(PEAR)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    assert said(doc) == [None, None, [None] * 4]
    assert doc._.log_probs == {}


def test_a_disabled_component_says_nothing(text):
    nlp = initialized(text=text)
    with nlp.select_pipes(disable=["ngram_lm"]):
        assert said(nlp(PEAR))[:2] == [None, None]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"order": 0}, "ngram_lm: order = 0: expected at least 1"),
        ({"smoothing": "katz"}, "ngram_lm: smoothing = 'katz': expected one of maximum_likelihood"),
        ({"unit": "hartley"}, "ngram_lm: unit = 'hartley': expected one of nats, bits, log10"),
        ({"k": 0.0}, "ngram_lm: k = 0.0: expected a number above 0"),
        ({"min_count": 0}, "min_count = 0: expected at least 1"),
        ({"max_vocabulary": 0}, "max_size = 0: expected at least 1 word"),
    ],
)
def test_a_wrong_setting_is_refused(config, message):
    with pytest.raises(InputError, match=message):
        spacy.blank("xx").add_pipe("ngram_lm", config=config)


def test_no_text_or_two_of_them_are_refused(text, tmp_path):
    with pytest.raises(InputError, match=r"\[initialize.components.ngram_lm\]: expected text, cor"):
        initialized()
    with pytest.raises(InputError, match="expected one of text, corpus and arpa"):
        initialized(text=text, arpa="model.arpa")
    (tmp_path / "empty.txt").write_text("\n \n", encoding="utf-8")
    with pytest.raises(InputError, match=r"empty\.txt: no word in it"):
        initialized(text=str(tmp_path / "empty.txt"))
    with pytest.raises(InputError, match=r"text = \[\]: expected a file"):
        initialized(text=[])
    with pytest.raises(InputError, match="the text is empty"):
        initialized(get_examples=lambda: [])
    with pytest.raises(OSError, match="No such file"):
        initialized(arpa=str(tmp_path / "none.arpa"))


def test_spacy_train_trains_a_pipeline_of_nothing_else(text, tmp_path):
    nlp = spacy.blank("xx")
    DocBin(docs=[Doc(nlp.vocab, words=words) for words in SALADS]).to_disk(tmp_path / "c.spacy")
    nlp.add_pipe("ngram_lm")
    reader = {"@readers": "spacy.Corpus.v1", "path": str(tmp_path / "c.spacy")}
    config = nlp.config.merge(
        {"corpora": {"train": reader, "dev": reader}, "training": {"max_steps": 1}}
    )
    config["training"]["train_corpus"], config["training"]["dev_corpus"] = (
        "corpora.train",
        "corpora.dev",
    )
    config.to_disk(tmp_path / "config.cfg")
    spacy_train(tmp_path / "config.cfg", tmp_path / "out")
    best = spacy.load(tmp_path / "out" / "model-best")
    expected = math.log(best.meta["performance"]["lm_perplexity"])
    assert best.meta["performance"]["lm_score"] == pytest.approx(-expected)
    assert best(PEAR)._.log_prob > best(PAIR)._.log_prob


def test_importing_the_factory_loads_no_numba():
    code = "import sys, spacy, seqpipe.lm.component; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr
