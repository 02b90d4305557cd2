"""What the shared checks must know of a component, and the small pipelines that they train."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import Config

import seqpipe
from seqpipe.layers.embed import row_gradients

STEPS = 40


@dataclass(frozen=True, eq=False)
class ComponentCase:
    """What the checks must know of a component.

    factory (str): Its name.
    make_examples (Callable): Gives some twenty short training examples, each with every
        annotation, in the vocab of a pipeline.
    annotations (Callable): What the component sets on a doc, as lists, strings and numbers.
    score (str): Name of the score in `nlp.evaluate`.
    reach (float): What it is at least, on the training examples, after STEPS steps.
    golden (Optional[Path]): Folder with a FACTORY-VERSION folder for every released version, which
        holds a pipeline and `expected.json`, as `save_golden` writes it; None before the first
        release.
    config (Dict[str, Any]): Settings that make it tiny and quick.
    lang (str): A language that spaCy knows. Of all, pipelines of "xx" are made quickest.
    unseen (Optional[Callable]): Gives an example whose label no training example has, for a
        component with labels.
    """

    factory: str
    make_examples: Callable[[Language], list[Example]]
    annotations: Callable[[Doc], list[Any]]
    score: str
    reach: float
    golden: Path | None = None
    config: dict[str, Any] = field(default_factory=dict)
    lang: str = "en"
    unseen: Callable[[Language], Example] | None = None


def blank(case: ComponentCase, *, lang: str | None = None) -> Language:
    """A pipeline with only the component, under the name of its factory, not initialised.

    case (ComponentCase): The component.
    lang (Optional[str]): A language that spaCy knows; None for the case's.
    """
    nlp = spacy.blank(lang or case.lang)
    nlp.add_pipe(case.factory, config=case.config)
    return nlp


def train(nlp: Language, examples: list[Example], steps: int = STEPS, seed: int = 0) -> list[float]:
    """Initialise and train.

    nlp (Language): The pipeline; it is changed.
    examples (List[Example]): One batch, the same at each step.
    steps (int): Updates.
    seed (int): For all random numbers.
    RETURNS (List[float]): The loss of the last component at each step.
    """
    fix_random_seed(seed)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    return [
        nlp.update(examples, sgd=optimizer, losses={})[nlp.pipe_names[-1]] for _ in range(steps)
    ]


def trained_on(case: ComponentCase, nlp: Language, steps: int = STEPS) -> Language:
    """The pipeline after training on the case's examples.

    case (ComponentCase): The component.
    nlp (Language): A pipeline that ends with it; it is changed.
    steps (int): Updates.
    """
    train(nlp, case.make_examples(nlp), steps)
    return nlp


@lru_cache(maxsize=1)
def trained_once(case: ComponentCase) -> Language:
    """The pipeline with only the component, trained on its examples, which no test may change.

    case (ComponentCase): The component.
    """
    return trained_on(case, blank(case))


def copy_of(nlp: Language) -> Language:
    """The pipeline once more, through bytes.

    nlp (Language): Any pipeline.
    """
    return spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())


def texts_of(case: ComponentCase) -> list[str]:
    """The texts of the training examples and some odd ones.

    case (ComponentCase): The component.
    """
    texts = [eg.reference.text for eg in case.make_examples(spacy.blank(case.lang))]
    return [*texts[:6], "Zwx", *texts[6:9], "An unseen   sentence ☃ of 12 words"]


def weights(pipe: Any) -> list[bytes]:
    """All parameters of a component's model, in order.

    pipe (TrainablePipe): The component.
    """
    return [
        numpy.asarray(node.get_param(name)).tobytes()
        for node in pipe.model.walk()
        for name in node.param_names
        if node.has_param(name)
    ]


def gradients(pipe: Any) -> list[numpy.ndarray]:
    """All gradients that a component's model holds, in order, those kept by rows among them.

    pipe (TrainablePipe): The component.
    """
    dense = [
        numpy.array(node.get_grad(name))
        for node in pipe.model.walk()
        for name in node.param_names
        if node.has_grad(name)
    ]
    return [*dense, *(rows.collect(table.ops)[1] for table, rows in row_gradients(pipe.model))]


def assert_close(found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    """Assert that nested lists are equal, numbers in them within a tolerance; great ones, such as
    perplexities, to six figures.

    found, expected (Any): Lists, strings and numbers.
    tolerance (float): Absolute.
    """
    if isinstance(expected, list | tuple):
        assert len(found) == len(expected), f"{found} is not {expected}"
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other, tolerance)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-6, abs=tolerance)
    else:
        assert found == expected


def save_corpus(examples: list[Example], path: Path) -> Path:
    """Write the references as spaCy's own file.

    examples (List[Example]): Predicted and gold docs.
    path (Path): The file.
    RETURNS (Path): The same.
    """
    DocBin(docs=[eg.reference for eg in examples], store_user_data=True).to_disk(path)
    return path


def training_config(case: ComponentCase, folder: Path, **component: Any) -> Path:
    """A config with the component by its factory alone (or these keys), and a corpus beside it.

    case (ComponentCase): The component.
    folder (Path): Where both are written.
    **component (Any): Keys of its block.
    """
    corpus = save_corpus(case.make_examples(spacy.blank(case.lang)), folder / "corpus.spacy")
    config = {
        "paths": {"train": str(corpus), "dev": str(corpus)},
        "nlp": {"lang": case.lang, "pipeline": [case.factory]},
        "components": {case.factory: {"factory": case.factory, **component}},
        "training": {"seed": 0, "gpu_allocator": None, "max_steps": 8, "eval_frequency": 4},
    }
    Config(config).to_disk(folder / "config.cfg")
    return folder / "config.cfg"


def save_golden(case: ComponentCase) -> Path:
    """Save a tiny trained pipeline of this version and what it says, for later versions to load.

    case (ComponentCase): With a folder for golden models.
    RETURNS (Path): The folder of this version.
    """
    assert case.golden is not None, "the case has no folder for golden models"
    folder = case.golden / f"{case.factory}-{seqpipe.__version__}"
    # The tokenizer and the lookups of a language are spaCy's, and take more room than the model.
    nlp = trained_on(case, blank(case, lang="xx"))
    nlp.to_disk(folder)
    texts = texts_of(case)
    entries = [
        {"text": text, "annotations": case.annotations(doc)}
        for text, doc in zip(texts, nlp.pipe(texts), strict=True)
    ]
    lines = json.dumps(entries, ensure_ascii=False, indent=1)
    (folder / "expected.json").write_text(lines + "\n", encoding="utf-8")
    return folder


def misaligned(eg: Example) -> Example:
    """The example with its first word split in two and its last two tokens in one.

    eg (Example): Of three tokens or more.
    """
    words = [token.text for token in eg.reference]
    first = words[0]
    cut = [first[:1], first[1:], *words[1:-2], words[-2] + words[-1]]
    return Example(Doc(eg.reference.vocab, words=[word for word in cut if word]), eg.reference)


def without_annotation(eg: Example) -> Example:
    """The example with a reference that says nothing.

    eg (Example): It stays as it is.
    """
    words = [token.text for token in eg.reference]
    return Example(eg.predicted.copy(), Doc(eg.reference.vocab, words=words))
