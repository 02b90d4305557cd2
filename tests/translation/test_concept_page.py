"""docs/translation.md: its example holds, its configs name every setting with its default."""

import inspect

import spacy
from spacy.language import Language
from spacy.util import registry

from seqpipe.translation.component import make_rnn_translator
from seqpipe.translation.corpus import make_paired_texts, make_parallel_corpus
from seqpipe.translation.rnn_translator import RNNTranslator
from seqpipe.translation.units import make_source_units
from tests import pages
from tests.pages import parsed

PAGE = "docs/translation.md"
assert make_rnn_translator  # registers the factory where the package is not installed


def blocks(language):
    return pages.blocks(PAGE, language)


def test_example_of_the_page_holds():
    (example,) = blocks("python")
    exec(example, {})


def test_config_of_the_component_is_its_default():
    smallest, whole = (parsed(body)["components"]["rnn_translator"] for body in blocks("ini")[:2])
    assert smallest == {"factory": "rnn_translator"}
    assert whole.pop("factory") == "rnn_translator"
    assert whole == dict(Language.get_factory_meta("rnn_translator").default_config)


def test_units_on_the_page_have_every_setting_and_are_built():
    block = parsed(blocks("ini")[2])["components"]["rnn_translator"]["model"]["source"]
    assert set(block) - {"@misc"} == set(inspect.signature(make_source_units).parameters)
    assert registry.resolve({"source": block})["source"].merges == block["merges"]


def test_readers_on_the_page_have_every_setting_with_its_default_and_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.de").write_text("ein haus\n")
    (tmp_path / "train.en").write_text("a house\n")
    (tmp_path / "dev.tsv").write_text("ein haus\ta house\n")
    configs = [parsed(body) for body in blocks("ini") if body.startswith("[corpora")]
    (train, dev) = (config["corpora"] for config in configs)
    for block, make in ((train["train"], make_parallel_corpus), (dev["dev"], make_paired_texts)):
        parameters = inspect.signature(make).parameters
        assert set(block) - {"@readers"} == set(parameters)
        for name, parameter in parameters.items():
            if parameter.default is not inspect.Parameter.empty:
                assert block[name] == parameter.default, name
        (eg,) = registry.resolve({"reader": block})["reader"](spacy.blank("xx"))
        assert (eg.reference.text, eg.reference._.references) == ("ein haus", ["a house"])


def test_initialization_on_the_page_has_what_it_takes():
    config = parsed(next(body for body in blocks("ini") if body.startswith("[initialize")))
    said = config["initialize"]["components"]["rnn_translator"]
    assert set(said) < set(inspect.signature(RNNTranslator.initialize).parameters)
