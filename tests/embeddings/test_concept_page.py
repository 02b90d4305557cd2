"""docs/embeddings.md: its configs have every objective and part, and what initialisation takes."""

import inspect

import spacy
from spacy.language import Language

from seqpipe.embeddings.embedding_learner import EmbeddingLearner
from seqpipe.embeddings.options import OBJECTIVES, PARTS
from tests import pages
from tests.pages import parsed

PAGE = "docs/embeddings.md"


def blocks(language):
    return pages.blocks(PAGE, language)


CONFIGS = [parsed(body) for body in blocks("ini")]


def registered(block):
    """Every block of a nested config that is made by a registered function."""
    if "@misc" in block:
        yield block
    for value in block.values():
        if isinstance(value, dict):
            yield from registered(value)


MADE = [block for config in CONFIGS for block in registered(config)]


def test_config_of_the_component_is_its_default():
    smallest, whole = (config["components"]["embedding_learner"] for config in CONFIGS[:2])
    assert smallest == {"factory": "embedding_learner"}
    assert whole.pop("factory") == "embedding_learner"
    spacy.blank("en").get_factory_meta("embedding_learner")  # loads the entry point
    default = dict(Language.get_factory_meta("embedding_learner").default_config)
    assert whole.pop("objective")["@misc"] == default.pop("objective")["@misc"]
    assert whole == default


def test_page_has_every_objective_and_every_part():
    assert {block["@misc"] for block in MADE} == {*OBJECTIVES.values(), *PARTS.values()}


def test_initialization_on_the_page_has_what_the_component_takes():
    said = CONFIGS[-1]["initialize"]["components"]["embedding_learner"]
    parameters = dict(inspect.signature(EmbeddingLearner.initialize).parameters)
    for name in ("self", "get_examples", "nlp"):
        del parameters[name]
    assert set(said) == set(parameters)
    for name, value in said.items():
        assert name == "text" or value == parameters[name].default
