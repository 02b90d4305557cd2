"""docs/language_models.md: its examples hold, its configs name every setting with its default."""

import inspect
import re
from pathlib import Path

import spacy
from spacy.language import Language
from thinc.api import Config

from seqpipe.lm.component import make_ngram_lm
from seqpipe.lm.ngram_lm import NgramLM

PAGE = (Path(__file__).parents[2] / "docs" / "language_models.md").read_text(encoding="utf-8")
assert make_ngram_lm  # registers the factory where the package is not installed


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def parsed(body):
    """A config block of the page, with the section around it that a whole config has."""
    section = re.match(r"\[(.+)\]", body)[1].split(".")
    around = "".join(f"[{'.'.join(section[:cut])}]\n" for cut in range(1, len(section)))
    return Config().from_str(around + body)


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
    table = PAGE[PAGE.index("## Scores") : PAGE.index("## Without a pipeline")]
    assert set(re.findall(r"`(\w+)`", table)) >= set(pipe.score([]))
