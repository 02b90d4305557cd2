"""docs/language_models.md: what its tables and its block of initialisation say."""

import inspect
import re

import spacy

from seqpipe.lm.component import make_ngram_lm
from seqpipe.lm.ngram_lm import NgramLM
from tests import pages
from tests.pages import parsed

PAGE = "docs/language_models.md"
assert make_ngram_lm  # registers the factory where the package is not installed


def test_initialization_on_the_page_has_what_the_component_takes():
    (body,) = (
        body
        for body in pages.blocks(PAGE, "ini")
        if body.startswith("[initialize.components.ngram_lm]")
    )
    said = parsed(body)["initialize"]["components"]["ngram_lm"]
    parameters = dict(inspect.signature(NgramLM.initialize).parameters)
    for name in ("self", "get_examples", "nlp"):
        del parameters[name]
    assert set(said) == set(parameters)
    for name, value in said.items():
        assert name == "text" or value == parameters[name].default


def test_scores_on_the_page_are_those_of_the_component():
    nlp = spacy.blank("xx")
    pipe = nlp.add_pipe("ngram_lm", name="NAME")
    pipe.learn_from(iter([(["a"], True)]))
    text = pages.page(PAGE)
    table = text[text.index("## Scores") : text.index("## A result to expect")]
    assert set(re.findall(r"`(\w+)`", table)) >= set(pipe.score([]))
