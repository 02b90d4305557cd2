"""Pipelines with two n-gram models and a mixture of them."""

from __future__ import annotations

import random

import spacy

from seqpipe.lm.component import make_interpolated_lm

assert make_interpolated_lm  # registers the factories where the package is not installed

NOUNS = ["cat", "dog", "bird", "house", "tree", "man", "boat", "hill", "road", "lamp", "book"]
VERBS = ["sees", "hears", "likes"]
MODELS = ["long", "short"]


def sentences(seed, count):
    """Sentences of which some in a row speak of the same two things."""
    drawn = random.Random(seed)
    found = []
    for number in range(count):
        if number % 5 == 0:
            things = drawn.sample(NOUNS, 2)
        subject, other, verb = drawn.choice(things), drawn.choice(things), drawn.choice(VERBS)
        found.append(["the", subject, verb, "a", other])
    return found


def write_text(path, found):
    path.write_text("".join(" ".join(words) + "\n" for words in found), encoding="utf-8")
    return str(path)


def mixed(folder, *, config=None, settings=None, models=None, train=None):
    """A pipeline with the n-gram models "long" and "short" and "interpolated_lm", initialised."""
    train = train or write_text(folder / "train.txt", sentences(1, 60))
    dev = write_text(folder / "dev.txt", sentences(2, 40))
    nlp = spacy.blank("xx")
    for name, order in zip(MODELS, (3, 1), strict=True):
        nlp.add_pipe("ngram_lm", name=name, config={"order": order, **(models or {}).get(name, {})})
        nlp.config["initialize"]["components"][name] = {"text": train}
    nlp.add_pipe("interpolated_lm", config={"models": MODELS, **(config or {})})
    given = {"text": dev} if settings is None else settings
    nlp.config["initialize"]["components"]["interpolated_lm"] = given
    nlp.initialize()
    return nlp
