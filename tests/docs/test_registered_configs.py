"""Concept pages name every key of a factory or registered function, with its type and its default.

A default config stands in a block in which each key follows a comment that begins with the key's
type, as in `# int or null: width of the input.`
"""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pytest
import spacy
from spacy.language import Language

from tests.pages import ROOT, blocks, parsed

RECURRENT, TAGGING = "docs/recurrent.md", "docs/tagging.md"
CLASSIFICATION, LM = "docs/classification.md", "docs/language_models.md"
TRANSLATION = "docs/translation.md"
VOCABULARY, EMBEDDINGS = "docs/vocabulary.md", "docs/embeddings.md"
DEBIASING, EVALUATION = "docs/debiasing.md", "docs/evaluation.md"
# By name the page, and of what else it has the keys that its own block leaves out.
FUNCTIONS = {
    "seqpipe.Recurrent.v1": (RECURRENT, None),
    "seqpipe.LSTM.v1": (RECURRENT, "seqpipe.Recurrent.v1"),
    "seqpipe.GRU.v1": (RECURRENT, "seqpipe.Recurrent.v1"),
    "seqpipe.RNNEncoder.v1": (RECURRENT, None),
    "seqpipe.OneToOne.v1": (RECURRENT, None),
    "seqpipe.OneToMany.v1": (RECURRENT, None),
    "seqpipe.ManyToOne.v1": (RECURRENT, None),
    "seqpipe.ManyToMany.v1": (RECURRENT, None),
    "seqpipe.EncoderDecoder.v1": (RECURRENT, None),
    "seqpipe.Attention.v1": (RECURRENT, None),
    "seqpipe.Pooling.v1": (RECURRENT, None),
    "seqpipe.CRF.v1": (TAGGING, "seqpipe.TokenSoftmax.v1"),
    "seqpipe.TokenSoftmax.v1": (TAGGING, None),
    "seqpipe.ConllCorpus.v1": (TAGGING, None),
    "seqpipe.RNNClassifier.v1": (CLASSIFICATION, None),
    "seqpipe.AverageEmbedding.v1": (CLASSIFICATION, None),
    "seqpipe.ClassScorer.v1": (CLASSIFICATION, None),
    "seqpipe.ContrastScorer.v1": (CLASSIFICATION, None),
    "seqpipe.LabelledTexts.v1": (CLASSIFICATION, None),
    "seqpipe.SentimentTreebank.v1": (CLASSIFICATION, None),
    "seqpipe.RNNLM.v1": (LM, None),
    "seqpipe.FullSoftmax.v1": (LM, None),
    "seqpipe.AdaptiveSoftmax.v1": (LM, None),
    "seqpipe.SampledSoftmax.v1": (LM, None),
    "seqpipe.TextStreams.v1": (LM, None),
    "seqpipe.StreamBatches.v1": (LM, None),
    "seqpipe.EpochDecay.v1": (LM, None),
    "seqpipe.RNNTranslator.v1": (TRANSLATION, None),
    "seqpipe.SourceUnits.v1": (TRANSLATION, None),
    "seqpipe.TargetUnits.v1": (TRANSLATION, "seqpipe.SourceUnits.v1"),
    "seqpipe.ParallelCorpus.v1": (TRANSLATION, None),
    "seqpipe.PairedTexts.v1": (TRANSLATION, "seqpipe.ParallelCorpus.v1"),
    "seqpipe.UnkTokenizer.v1": (VOCABULARY, None),
    "seqpipe.Vocabulary.v1": (VOCABULARY, None),
    "seqpipe.WordFeatures.v1": (VOCABULARY, None),
    "seqpipe.CharacterCNN.v1": (VOCABULARY, None),
    "seqpipe.CharacterLSTM.v1": (VOCABULARY, None),
    "seqpipe.SkipGram.v1": (EMBEDDINGS, None),
    "seqpipe.CBOW.v1": (EMBEDDINGS, None),
    "seqpipe.GloVe.v1": (EMBEDDINGS, None),
    "seqpipe.NeuralLM.v1": (EMBEDDINGS, None),
    "seqpipe.Subwords.v1": (EMBEDDINGS, None),
    "seqpipe.Phrases.v1": (EMBEDDINGS, None),
    "seqpipe.BleuScorer.v1": (EVALUATION, None),
}
FACTORIES = {
    "rnn_ner": (TAGGING, None),
    "rnn_tagger": (TAGGING, "rnn_ner"),
    "rnn_textcat": (CLASSIFICATION, None),
    "rnn_sentiment": (CLASSIFICATION, "rnn_textcat"),
    "ngram_lm": (LM, None),
    "rnn_lm": (LM, None),
    "interpolated_lm": (LM, None),
    "rnn_translator": (TRANSLATION, None),
    "debiaser": (DEBIASING, None),
    "bleu_evaluator": (EVALUATION, None),
}
# Its page writes out the keys of its objective, which its default config leaves to the function.
INITIALIZED = {**FACTORIES, "embedding_learner": (EMBEDDINGS, None)}
TYPED = re.compile(r"# (int|float|bool|str|path|list|dict)( or null)?: \S")
OF_JSON = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "path": (str, list),
    "list": list,
    "dict": dict,
}


def registered(name: str) -> Any:
    """The function behind a name, as the entry points say."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for group in project["entry-points"].values():
        if name in group:
            module, _, attribute = group[name].partition(":")
            return getattr(import_module(module), attribute)
    raise KeyError(name)


@dataclass
class Section:
    """A section of a config block, as the page writes it.

    name (str): What stands in its brackets.
    at (str): The name of its function or factory, "" without one.
    values (Dict[str, Any]): Its values by key; a section below it is a key of its own, with {}.
    comments (Dict[str, str]): The first line of the comment above each key.
    """

    name: str = ""
    at: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    @property
    def is_explained(self) -> bool:
        """Whether its keys have comments with types; one that has none to explain is so too."""
        return not self.comments or any(map(TYPED.match, self.comments.values()))


def sections_of(body: str) -> list[Section]:
    """The sections of a config block."""
    found: dict[str, Section] = {}
    comment, section = "", Section()
    for line in body.splitlines():
        key, equals, value = line.partition(" = ")
        if line.startswith("#"):
            comment = comment or line
            continue
        if line.startswith("["):
            name = line[1:-1]
            section = found[name] = Section(name)
            if (above := found.get(name.rpartition(".")[0])) is not None:
                above.values[name.rpartition(".")[2]] = {}
        elif equals and (key.startswith("@") or key == "factory"):
            section.at = json.loads(value)
        elif equals:
            section.values[key] = value if value.startswith("$") else json.loads(value)
            section.comments[key] = comment
        comment = ""
    return list(found.values())


def said_of(name: str, page: str) -> dict[str, Any]:
    """The explained section of a page that has a registered function: its values by key."""
    found = [
        section
        for body in blocks(page, "ini")
        for section in sections_of(body)
        if section.at == name and section.is_explained
    ]
    assert found, f"{page} explains no section with {name}"
    return max(found, key=lambda section: len(section.values)).values


@pytest.mark.parametrize("name", FUNCTIONS)
def test_page_names_every_key_of_a_function_with_its_default(name):
    page, like = FUNCTIONS[name]
    said = said_of(name, page)
    parameters = inspect.signature(registered(name)).parameters
    whole = {**(said_of(like, page) if like else {}), **said}
    assert set(parameters) <= set(whole)
    assert set(said) <= set(parameters)
    for key, parameter in parameters.items():
        if parameter.default is not parameter.empty and not isinstance(whole[key], dict):
            assert whole[key] == parameter.default, key


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """A config with the keys of another put over it; a function of another name takes the place."""
    found = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(found.get(key), dict):
            named = next((k for k in value if k.startswith("@")), None)
            same = named is None or found[key].get(named) == value[named]
            found[key] = merged(found[key], value) if same else value
        else:
            found[key] = value
    return found


def depth(config: dict[str, Any]) -> int:
    """How many keys a config has, those of its sections among them."""
    return sum(1 + (depth(value) if isinstance(value, dict) else 0) for value in config.values())


def component_on(page: str, factory: str) -> dict[str, Any]:
    """The fullest explained block of a page that has a factory: the component's section."""
    found = [
        section
        for body in blocks(page, "ini")
        if any(one.at == factory and one.comments and one.is_explained for one in sections_of(body))
        for section in parsed(body, interpolate=False)["components"].values()
        if section.get("factory") == factory
    ]
    assert found, f"{page} explains no block with {factory}"
    return {key: value for key, value in max(found, key=depth).items() if key != "factory"}


@pytest.mark.parametrize("factory", FACTORIES)
def test_page_has_the_whole_default_config_of_a_factory(factory):
    page, like = FACTORIES[factory]
    said = component_on(page, factory)
    spacy.blank("en").get_factory_meta(factory)  # loads the entry point
    default = Language.get_factory_meta(factory).default_config
    whole = said
    if like is not None:
        whole = merged(component_on(page, like), said)
        whole = {key: value for key, value in whole.items() if key in default}
    assert set(said) <= set(default)
    assert whole == default


def initialization_on(page: str, factory: str) -> Section:
    """The fullest explained section of a page on the initialisation of a factory's component."""
    sections = [section for body in blocks(page, "ini") for section in sections_of(body)]
    names = {
        section.name.removeprefix("components.") for section in sections if section.at == factory
    }
    found = [
        section
        for section in sections
        if section.name.removeprefix("initialize.components.") in names and section.is_explained
    ]
    return max(found, key=lambda section: len(section.values), default=Section())


@pytest.mark.parametrize("factory", INITIALIZED)
def test_page_names_every_key_of_an_initialisation_with_its_default(factory):
    page, like = INITIALIZED[factory]
    said = initialization_on(page, like or factory)
    parameters = dict(inspect.signature(spacy.blank("en").add_pipe(factory).initialize).parameters)
    del parameters["get_examples"], parameters["nlp"]
    assert set(said.values) == set(parameters)
    for key, parameter in parameters.items():
        # Where nothing is the default an example may stand; the type says "or null".
        if said.values[key] is None or " or null: " not in said.comments[key]:
            assert said.values[key] == parameter.default, key
        else:
            assert parameter.default is None, key


def test_every_factory_has_a_page():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(INITIALIZED) == set(project["entry-points"]["spacy_factories"])


EXPLAINED = [
    pytest.param(section, id=f"{page.removeprefix('docs/')}-{number}-{section.at}")
    for page in (
        RECURRENT,
        TAGGING,
        CLASSIFICATION,
        LM,
        TRANSLATION,
        VOCABULARY,
        EMBEDDINGS,
        DEBIASING,
        EVALUATION,
    )
    for number, body in enumerate(blocks(page, "ini"), start=1)
    for section in sections_of(body)
    if section.comments and section.is_explained
]


@pytest.mark.parametrize("section", EXPLAINED)
def test_each_key_of_an_explained_section_says_its_type_before_its_meaning(section):
    for key, comment in section.comments.items():
        typed, value = TYPED.match(comment), section.values[key]
        assert typed, f"{key}: {comment!r}"
        if value is None:
            assert typed[2], key
        elif not str(value).startswith("$"):
            assert isinstance(value, OF_JSON[typed[1]]), key
            assert isinstance(value, bool) == (typed[1] == "bool"), key
