"""`rnn_ner` and spaCy's `ner` on CoNLL-2003, for the benchmarks that train them."""

from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import fix_random_seed, registry
from thinc.api import Config

from seqpipe.files import InputError


def ner_settings(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """RETURNS: The `[components.ner]` and the `[training.optimizer]` of a config."""
    config = Config().from_disk(path)
    try:
        return dict(config["components"]["ner"]), dict(config["training"]["optimizer"])
    except KeyError as error:
        expected = "expected [components.ner] and [training.optimizer]"
        raise InputError(f"no section {error}: {expected}", path=path) from None


def conll_examples(corpus: Path) -> list[Example]:
    """The sentences of a CoNLL-2003 file."""
    read = registry.readers.get("seqpipe.ConllCorpus.v1")
    return list(read(corpus, columns={"word": 0, "ner": 3}, scheme="IOB1")(spacy.blank("en")))


def pipeline(examples: list[Example], settings: dict[str, Any]) -> Language:
    """An English pipeline of one component, "ner", initialised on the examples.

    settings (Dict[str, Any]): Those of the component, with its factory.
    """
    fix_random_seed(0)
    nlp = spacy.blank("en")
    config = {name: value for name, value in settings.items() if name != "factory"}
    nlp.add_pipe(settings["factory"], name="ner", config=config)
    nlp.initialize(lambda: examples)
    return nlp
