"""The batches of a run: those of spaCy's loop, and drawn on from where it was."""

import json
import random
from functools import partial

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.loop import create_train_batches
from spacy.util import minibatch
from thinc.api import compounding

from seqpipe.files import InputError
from seqpipe.training.batches import BatchStream
from seqpipe.training.random_state import global_states

NLP = spacy.blank("xx")


def examples(count=23):
    docs = [Doc(NLP.vocab, words=[str(i)] * (i % 5 + 1)) for i in range(count)]
    return [Example(doc.copy(), doc) for doc in docs]


def corpus(nlp):
    yield from examples()


def shuffled_corpus(nlp):
    """A stream whose order is drawn as it is read."""
    left = examples()
    while left:
        yield left.pop(random.randrange(len(left)))


def growing():
    """A batcher with a schedule, which goes on from epoch to epoch."""
    return partial(minibatch, size=compounding(1.0, 5.0, 1.1))


def hidden():
    """The same, and nothing of it can be seen from outside."""
    sizes = compounding(1.0, 5.0, 1.1)
    return lambda items: minibatch(items, size=sizes)


def noisy():
    """A batcher that draws its sizes."""

    def batch(items):
        items = list(items)
        while items:
            size = random.randint(1, 4)
            yield items[:size]
            items = items[size:]

    return batch


BATCHERS = {
    "fixed": lambda: partial(minibatch, size=4),
    "growing": growing,
    "hidden": hidden,
    "noisy": noisy,
}
every_batcher = pytest.mark.parametrize("batcher", BATCHERS.values(), ids=list(BATCHERS))


def names(batch):
    return [eg.reference[0].text for eg in batch]


def seed():
    random.seed(5)
    numpy.random.seed(5)


@every_batcher
@pytest.mark.parametrize("max_epochs", [3, -1, 0])
def test_batches_are_those_of_spacys_loop(batcher, max_epochs):
    ours = BatchStream(NLP, shuffled_corpus, batcher(), max_epochs)
    theirs = create_train_batches(NLP, shuffled_corpus, batcher(), max_epochs)
    found = []
    for stream in (iter(ours), theirs):
        seed()
        found.append(
            [(epoch, names(batch)) for (epoch, batch), _ in zip(stream, range(40), strict=False)]
        )
    assert found[0] == found[1]


@every_batcher
@pytest.mark.parametrize("max_epochs", [3, -1])
@pytest.mark.parametrize("read", [corpus, shuffled_corpus], ids=["plain", "drawn"])
@pytest.mark.parametrize("stop", [1, 5, 6, 7, 17])
def test_a_stream_goes_on_behind_the_last_batch(batcher, max_epochs, read, stop):
    """Also when training drew numbers of numpy's in between."""

    def batches_from(stream, count):
        for _, (epoch, batch) in zip(range(count), stream, strict=False):
            numpy.random.uniform(size=len(batch))
            yield epoch, names(batch)

    seed()
    whole = BatchStream(NLP, read, batcher(), max_epochs)
    stream = iter(whole)
    list(batches_from(stream, stop))
    state, generators = (json.loads(json.dumps(one)) for one in (whole.state(), global_states()))
    expected = list(batches_from(stream, 9)), random.random(), numpy.random.random()

    random.seed(99)
    resumed = BatchStream(NLP, read, batcher(), max_epochs)
    resumed.resume(state, generators)
    found = list(batches_from(iter(resumed), 9)), random.random(), numpy.random.random()
    assert found == expected


def test_a_corpus_that_is_empty_is_refused():
    with pytest.raises(InputError, match="no example"):
        next(iter(BatchStream(NLP, lambda nlp: [], noisy(), 1)))


def test_a_corpus_with_another_number_of_examples_is_refused():
    stream = BatchStream(NLP, corpus, growing(), 0)
    next(iter(stream))
    other = BatchStream(NLP, lambda nlp: examples(22), growing(), 0)
    other.resume(stream.state(), global_states())
    with pytest.raises(InputError, match="22 examples, expected 23"):
        next(iter(other))


@pytest.mark.parametrize("max_epochs", [-1, 0])
def test_an_epoch_without_a_batch_is_refused(max_epochs):
    """A stream with nothing in it, or a batcher that leaves everything out, would never end."""
    read = corpus if max_epochs == 0 else lambda nlp: []
    batcher = (lambda items: []) if max_epochs == 0 else noisy()
    with pytest.raises(InputError, match="gave no batch"):
        next(iter(BatchStream(NLP, read, batcher, max_epochs)))
