"""A small translator that reverses short sequences, for all tests that want a trained one, and the
case of the shared checks."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import Adam

from seqpipe.testing.case import ComponentCase

SYMBOLS = "abcdefgh"
Pair = tuple[str, list[str]]

MODEL: dict[str, Any] = {
    "width": 16,
    "source": {"min_count": 1},
    "target": {"split": "space", "min_count": 1},
    "encoder": {"@layers": "seqpipe.GRU.v1", "nO": 16, "bi": True, "depth": 1},
    "decoder": {"@layers": "seqpipe.GRU.v1", "nO": 16, "bi": False, "depth": 1},
}


def reversals(count: int, *, seed: int = 0, shortest: int = 1, longest: int = 6) -> list[Pair]:
    """Sequences of symbols, each with its reverse as the only reference."""
    rng = random.Random(seed)
    sources = [rng.choices(SYMBOLS, k=rng.randint(shortest, longest)) for _ in range(count)]
    return [(" ".join(source), [" ".join(source[::-1])]) for source in sources]


def pair_examples(nlp: Language, pairs: Iterable[Pair]) -> list[Example]:
    """An example of each source and its references."""
    examples = []
    for source, references in pairs:
        doc = nlp.make_doc(source)
        reference = doc.copy()
        reference._.references = list(references)
        examples.append(Example(doc, reference))
    return examples


def untrained(lang: str = "xx", **config: Any) -> Language:
    """A pipeline with a small translator alone, not initialised. config: Over `MODEL`."""
    nlp = spacy.blank(lang)
    nlp.add_pipe("rnn_translator", config={"model": MODEL, **config})
    return nlp


def learn(
    nlp: Language, pairs: list[Pair], *, epochs: int = 1, batch: int = 50, rate: float = 0.01
) -> list[float]:
    """Initialise and train; RETURNS the loss of each step."""
    fix_random_seed(0)
    examples = pair_examples(nlp, pairs)
    nlp.initialize(lambda: examples)
    optimizer, losses = Adam(rate, use_averages=False), []
    for _ in range(epochs):
        for first in range(0, len(examples), batch):
            found = nlp.update(examples[first : first + batch], sgd=optimizer, losses={})
            losses.append(found["rnn_translator"])
    return losses


@lru_cache(maxsize=1)
def reverser() -> Language:
    """A pipeline that has learned to reverse sequences of 1 to 6 symbols, nearly without a fault.
    No test may change it: `copy_of` gives another."""
    # Two dictionaries: spaCy fills them with defaults in place.
    sides = {side: {**MODEL[side], "nO": 48} for side in ("encoder", "decoder")}
    nlp = untrained(model={**MODEL, "width": 32, **sides})
    learn(nlp, reversals(2500), epochs=4)
    return nlp


def make_examples(nlp: Language) -> list[Example]:
    return pair_examples(nlp, reversals(20, seed=1, shortest=2, longest=4))


def annotations(doc: Doc) -> list[Any]:
    """What a translator sets; a Doc that came out of a file has tuples for lists."""
    if not Doc.has_extension("attended"):
        spacy.blank("xx").add_pipe("rnn_translator")
    translations = [
        [one["text"], one["log_prob"], one["score"], one["finished"], list(one["pieces"])]
        for one in doc._.translations or []
    ]
    attention = doc._.attention
    return [doc._.translation, translations, None if attention is None else attention.tolist()]


TRANSLATOR = ComponentCase(
    factory="rnn_translator",
    lang="xx",
    make_examples=make_examples,
    annotations=annotations,
    score="exact_match",
    reach=0.9,
    golden=Path(__file__).parents[1] / "golden",
    config={"model": MODEL, "truncate": True},
)


UNITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "words": ({"unit": "word"}, {"unit": "word", "split": "punctuation"}),
    "spaced-words": ({"unit": "word"}, {"unit": "word", "split": "space"}),
    "characters": ({"unit": "character"}, {"unit": "character"}),
    "subwords": ({"unit": "subword", "merges": 5}, {"unit": "subword", "merges": 5}),
    "characters-words": ({"unit": "character"}, {"unit": "word"}),
    "words-subwords": ({"unit": "word"}, {"unit": "subword", "merges": 5}),
    "subwords-characters": ({"unit": "subword", "merges": 5}, {"unit": "character"}),
}
"""Those of the source and of the target."""
WIRINGS = {
    "none": {"attention": None},
    "general": {},
    "input": {"feeding": "input"},
    "context": {"feeding": "context", "attention": {"score": "additive"}},
}
"""What is changed of `MODEL`."""


def excited(*, units: str = "spaced-words", pairs: list[Pair], **model: Any) -> Language:
    """A pipeline whose translator was initialised and not trained, with weights that are large
    enough for its probabilities to differ."""
    source, target = ({**side, "min_count": 1} for side in UNITS[units])
    changed = {**MODEL, "width": 6, "source": source, "target": target, **model}
    changed |= {side: {**MODEL[side], "nO": 6} for side in ("encoder", "decoder")}
    nlp = untrained(model=changed)
    fix_random_seed(0)
    nlp.initialize(lambda: pair_examples(nlp, pairs))
    translator: Any = nlp.get_pipe("rnn_translator")
    for node in translator.model.walk():
        for name in node.param_names:
            if node.has_param(name):
                node.set_param(name, 3 * node.get_param(name))
    return nlp
