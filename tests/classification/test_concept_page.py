"""docs/classification.md: its configs name every setting with its default, its example runs."""

import inspect

import pytest
import spacy
from spacy.language import Language
from spacy.util import registry

from seqpipe.classification.text_pipe import TextClassifier
from seqpipe.testing.case import train
from tests import pages
from tests.classification.text_case import TINY, polarity_examples
from tests.pages import parsed

PAGE = "docs/classification.md"


def blocks(language):
    return pages.blocks(PAGE, language)


CONFIGS = [parsed(body) for body in blocks("ini")]


def test_config_of_the_component_is_its_default():
    smallest, whole = (dict(config["components"]) for config in CONFIGS[:2])
    assert smallest == {"sentiment": {"factory": "rnn_sentiment"}}
    whole = whole["textcat"]
    assert whole.pop("factory") == "rnn_textcat"
    spacy.blank("en").get_factory_meta("rnn_textcat")  # loads the entry point
    assert whole == Language.get_factory_meta("rnn_textcat").default_config


def test_rnn_sentiment_differs_as_the_page_says():
    textcat, sentiment = (
        set(Language.get_factory_meta(name).default_config)
        for name in ("rnn_textcat", "rnn_sentiment")
    )
    assert textcat - sentiment == {"kind", "threshold"}
    assert sentiment - textcat == {"values"}


def test_the_average_takes_the_recurrent_model_s_place():
    block = CONFIGS[2]["components"]["textcat"]["model"]
    tok2vec = {"@architectures": "seqpipe.WordFeatures.v1", "features": []}
    tok2vec["vocabulary"] = {"@misc": "seqpipe.Vocabulary.v1"}
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("rnn_textcat", config={"model": {**block, "tok2vec": tok2vec}})
    assert pipe.model.get_ref("pooling").attrs["kind"] == "mean"


def test_initialisation_names_what_the_component_takes():
    named = set(CONFIGS[3]["initialize"]["components"]["textcat"])
    assert named <= set(inspect.signature(TextClassifier.initialize).parameters)


def test_scorer_of_contrasts_is_registered():
    assert callable(
        registry.resolve({"scorer": CONFIGS[4]["components"]["textcat"]["scorer"]})["scorer"]
    )


@pytest.mark.parametrize(
    ("config", "name", "text"),
    [
        (CONFIGS[5], "corpus/reviews.tsv", "stars\ttext\n4\tThe dessert is excellent.\n"),
        (CONFIGS[6], "trees/train.txt", "(3 (2 The) (4 dessert))\n"),
    ],
    ids=["table", "trees"],
)
def test_readers_read(tmp_path, monkeypatch, config, name, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(text, encoding="utf-8")
    read = registry.resolve(config["corpora"])["train"]
    assert [eg.reference.text for eg in read(spacy.blank("en"))][-1].startswith("The dessert")


def test_every_block_is_tested():
    assert len(CONFIGS) == 7


def test_example_of_reasons_runs(capsys):
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_textcat", config=TINY)
    train(nlp, polarity_examples(nlp), 3)
    (example,) = blocks("python")
    exec(example, {"nlp": nlp})
    assert capsys.readouterr().out.startswith("The ")
