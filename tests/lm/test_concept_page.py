"""docs/language_models.md: its examples hold, its configs name every setting with its default."""

import inspect
import re

import pytest
import spacy
from spacy.language import Language
from spacy.util import registry

from seqpipe.layers.adaptive_softmax import AdaptiveSoftmax
from seqpipe.lm.component import make_ngram_lm
from seqpipe.lm.interpolated_lm import InterpolatedLM
from seqpipe.lm.ngram_lm import NgramLM
from tests import pages
from tests.pages import parsed

PAGE = "docs/language_models.md"
assert make_ngram_lm  # registers the factory where the package is not installed


def blocks(language):
    return pages.blocks(PAGE, language)


def config_of(name):
    """The block of the page that has all keys of a component, parsed."""
    found = [parsed(body) for body in blocks("ini") if body.startswith(f"[components.{name}]")]
    config = found[-1]["components"][name]
    assert config.pop("factory") == name
    return config


def test_examples_of_the_page_hold(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for example in blocks("python"):
        assert "assert" in example
        exec(example, {})
    assert "'pear': " in capsys.readouterr().out


def test_config_of_the_component_is_its_default():
    smallest, whole = (parsed(body)["components"]["ngram_lm"] for body in blocks("ini")[:2])
    assert smallest == {"factory": "ngram_lm"}
    assert whole.pop("factory") == "ngram_lm"
    assert whole == dict(Language.get_factory_meta("ngram_lm").default_config)


@pytest.mark.parametrize("name", ["rnn_lm", "interpolated_lm"])
def test_configs_of_the_other_components_are_their_defaults(name):
    assert config_of(name) == dict(Language.get_factory_meta(name).default_config)


def test_outputs_readers_and_schedules_on_the_page_can_be_built():
    whole = [config for config in map(parsed, blocks("ini")) if "corpora" in config]
    assert registry.resolve(whole[0])["training"]["optimizer"].learn_rate == 20.0
    outputs = [
        config["components"]["rnn_lm"]["model"]["output"]
        for config in map(parsed, blocks("ini"))
        if "output" in config.get("components", {}).get("rnn_lm", {}).get("model", {})
    ]
    assert [registry.resolve({"output": block})["output"].name for block in outputs] == [
        "full_softmax",
        "adaptive_softmax",
    ]
    assert set(outputs[1]) - {"@layers"} < set(inspect.signature(AdaptiveSoftmax).parameters)


def test_initialization_of_a_mixture_on_the_page_has_what_it_takes():
    found = [config for config in map(parsed, blocks("ini")) if "initialize" in config]
    said = found[-1]["initialize"]["components"]["interpolated_lm"]
    assert set(said) == {"text", "tokenizer"}
    assert set(said) < set(inspect.signature(InterpolatedLM.initialize).parameters)


def test_initialization_on_the_page_has_what_the_component_takes():
    said = parsed(blocks("ini")[2])["initialize"]["components"]["ngram_lm"]
    parameters = dict(inspect.signature(NgramLM.initialize).parameters)
    for name in ("self", "get_examples", "nlp", "corpus"):  # a reader has a block of its own
        del parameters[name]
    assert set(said) == set(parameters)
    for name, value in said.items():
        assert name == "text" or value == parameters[name].default


def test_scores_on_the_page_are_those_of_the_component():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("ngram_lm", name="NAME")
    pipe.learn_from(iter([(["a"], True)]))
    text = pages.page(PAGE)
    table = text[text.index("## Scores") : text.index("## New texts")]
    assert set(re.findall(r"`(\w+)`", table)) >= set(pipe.score([]))
