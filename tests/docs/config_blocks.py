"""Checks a config block of a page, whole or a part, as `seqpipe train` would check the config."""

import inspect

from spacy.util import load_model_from_config, registry
from thinc.api import Config

from seqpipe.training.config_check import load_checked_config
from seqpipe.training.config_file import read_config_file
from tests.pages import parsed

# What a part of a config leaves out. Its language has no exceptions to load, and its corpora are
# there but never read.
REST = """
[nlp]
lang = "xx"
pipeline = []

[components]

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = "."

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = "."

[training]
seed = 0
gpu_allocator = null

[initialize]

[initialize.components]
"""
# A pipeline must not be empty.
FILLER = {"factory": "sentencizer"}


class Configs:
    """The config blocks of a page, in order.

    folder (Path): The folder that paths start from.
    """

    def __init__(self, folder):
        self.folder = folder
        self.factories = {}  # of the components that the page has had so far

    def check(self, body):
        """Raise ValueError (InputError) or AssertionError unless all of a block holds."""
        block = parsed(body, interpolate=False)
        if set(block) == {"model"}:
            registry.resolve(block)
            return
        config = self.filled_up(block)
        path = self.folder / "block_of_the_page.cfg"
        config.to_disk(path)
        load_checked_config(read_config_file(path))
        nlp = load_model_from_config(config, auto_fill=True)
        check_initialization(block, nlp)
        check_readers(block, nlp)

    def filled_up(self, block):
        """A whole config around a block."""
        for name, values in block.get("components", {}).items():
            if "factory" in values:
                self.factories[name] = values["factory"]
        config = Config().from_str(REST, interpolate=False).merge(block)
        named = [*block.get("components", {}), *named_in_initialization(block)]
        for name in named:
            values = config["components"].setdefault(name, {})
            if "source" not in values and "factory" not in values:
                values["factory"] = self.factory_of(name)
        pipeline = config["nlp"]["pipeline"]
        pipeline.extend(name for name in dict.fromkeys(named) if name not in pipeline)
        if not pipeline:
            config["components"]["filler"] = dict(FILLER)
            pipeline.append("filler")
        return config

    def factory_of(self, name):
        """The factory of a component, from the page so far or a config in the folder."""
        for path in self.folder.glob("*.cfg"):
            components = Config().from_disk(path, interpolate=False).get("components", {})
            if "factory" in components.get(name, {}):
                self.factories.setdefault(name, components[name]["factory"])
        assert name in self.factories, f"no block before has a factory for [{name}]"
        return self.factories[name]


def named_in_initialization(block):
    return block.get("initialize", {}).get("components", {})


def check_initialization(block, nlp):
    """Hold the keys of [initialize.components.x] and [initialize.tokenizer] to what takes them."""
    parts = {name: nlp.get_pipe(name) for name in named_in_initialization(block)}
    said = dict(named_in_initialization(block))
    if "tokenizer" in block.get("initialize", {}):
        parts["tokenizer"], said["tokenizer"] = nlp.tokenizer, block["initialize"]["tokenizer"]
    for name, part in parts.items():
        known = set(inspect.signature(part.initialize).parameters)
        assert set(said[name]) <= known, f"[initialize] {name} takes {sorted(known)}"


def check_readers(block, nlp):
    """Let each corpus of a block give its first example."""
    config = Config(block).interpolate()
    corpora = registry.resolve({"corpora": config.get("corpora", {})})["corpora"]
    for name, read in corpora.items():
        assert next(iter(read(nlp)), None) is not None, f"[corpora.{name}] gives nothing"
