"""The states of random generators: put back, they give the same numbers again."""

import json
import random

import numpy
import pytest
import spacy
from thinc.api import Model

from seqpipe.training.random_state import (
    component_states,
    global_states,
    set_component_states,
    set_global_states,
)


def through_json(value):
    return json.loads(json.dumps(value))


def test_the_global_generators_give_the_same_again():
    random.gauss(0, 1)  # its second number waits in the state
    numpy.random.normal()
    states = through_json(global_states())
    first = random.gauss(0, 1), random.random(), numpy.random.normal(), numpy.random.uniform()
    set_global_states(states)
    assert first == (
        random.gauss(0, 1), random.random(), numpy.random.normal(), numpy.random.uniform(),
    )  # fmt: skip


class Drawing:
    """A component that draws from a generator of its own, and whose model does."""

    def __init__(self, generator):
        self.generator = generator
        node = Model("noise", lambda model, X, is_train: (X, lambda dY: dY))
        node.attrs["random"] = numpy.random.RandomState(3)
        self.model = node

    def __call__(self, doc):
        return doc

    def draw(self):
        return self.generator.random(), self.model.attrs["random"].random()


def twister(seed):
    return numpy.random.Generator(numpy.random.MT19937(seed))


@pytest.mark.parametrize(
    "make",
    [numpy.random.default_rng, random.Random, twister],
    ids=["PCG64", "Python's", "MT19937"],
)  # fmt: skip
def test_the_generators_of_components_give_the_same_again(make):
    nlp = spacy.blank("xx")
    pipe = Drawing(make(1))
    nlp._components.append(("noise", pipe))
    pipe.draw()
    states = through_json(component_states(nlp))
    first = pipe.draw()
    assert pipe.draw() != first
    set_component_states(nlp, states)
    assert pipe.draw() == first
