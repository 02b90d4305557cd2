"""Readers around others. A shuffled stream: each example once, drawn from a buffer, the same when a
run goes on. Corpora joined: one of each in turn."""

import json
import random
from functools import partial

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch, registry
from thinc.api import Config

from seqpipe.files import InputError
from seqpipe.tagging.corpus import make_conll_corpus
from seqpipe.training.batches import BatchStream
from seqpipe.training.random_state import global_states
from seqpipe.training.readers import make_joined_corpora, make_shuffled_corpus

NLP = spacy.blank("xx")


def examples(count):
    """Examples of one word each, which is its number."""
    for i in range(count):
        doc = Doc(NLP.vocab, words=[str(i)])
        yield Example(doc.copy(), doc)


def numbers(read):
    return [int(eg.reference[0].text) for eg in read]


def shuffled(count, buffer):
    return make_shuffled_corpus(lambda nlp: examples(count), buffer=buffer)


@given(count=st.integers(1, 40), buffer=st.integers(1, 50), seed=st.integers(0, 2**32))
def test_each_example_comes_once_and_none_from_further_ahead_than_the_buffer(count, buffer, seed):
    random.seed(seed)
    order = numbers(shuffled(count, buffer)(NLP))
    assert sorted(order) == list(range(count))
    assert all(number - place < buffer for place, number in enumerate(order))


def test_every_order_of_a_buffer_that_holds_all_is_as_likely():
    random.seed(0)
    read = shuffled(3, 3)
    orders = [tuple(numbers(read(NLP))) for _ in range(1200)]
    assert len(set(orders)) == 6
    assert all(150 < orders.count(order) < 250 for order in set(orders))


def test_no_more_is_read_than_the_buffer_holds():
    given_out = []

    def corpus(nlp):
        for eg in examples(100):
            given_out.append(eg)
            yield eg

    read = make_shuffled_corpus(corpus, buffer=10)(NLP)
    for taken in range(1, 6):
        next(read)
        assert len(given_out) == 10 + taken


def test_each_epoch_has_an_order_of_its_own_which_the_seed_decides():
    read = shuffled(30, 10)
    random.seed(4)
    first, second = numbers(read(NLP)), numbers(read(NLP))
    assert first != second
    random.seed(4)
    assert [numbers(read(NLP)), numbers(read(NLP))] == [first, second]


def test_what_is_drawn_meanwhile_does_not_change_the_order():
    read = shuffled(30, 10)
    random.seed(4)
    undisturbed = numbers(read(NLP))
    random.seed(4)
    disturbed = []
    stream = read(NLP)
    random.random()
    for eg in stream:
        disturbed.append(eg)
        random.random()
    assert numbers(disturbed) == undisturbed


@pytest.mark.parametrize("stop", [1, 4, 5, 6, 13])
def test_a_run_that_goes_on_draws_the_rest_of_the_order(stop):
    """Also when training drew numbers in between."""

    def batches(stream, count):
        for _, (epoch, batch) in zip(range(count), stream, strict=False):
            random.random()
            yield epoch, numbers(batch)

    def new_stream():
        return BatchStream(NLP, shuffled(23, 6), partial(minibatch, size=4), -1)

    random.seed(5)
    whole = new_stream()
    stream = iter(whole)
    list(batches(stream, stop))
    state, generators = (json.loads(json.dumps(one)) for one in (whole.state(), global_states()))
    expected = list(batches(stream, 14))
    random.seed(99)
    resumed = new_stream()
    resumed.resume(state, generators)
    assert list(batches(iter(resumed), 14)) == expected


def test_it_stands_around_any_reader_of_a_config(tmp_path):
    (tmp_path / "a.conll").write_text("Ann B-PER\n\nBob B-PER\n\nLeeds B-LOC\n")
    assert registry.has("readers", "seqpipe.ConllCorpus.v1")
    inner = {"@readers": "seqpipe.ConllCorpus.v1", "path": str(tmp_path / "a.conll")}
    block = {"@readers": "seqpipe.ShuffledCorpus.v1", "buffer": 2, "corpus": inner}
    read = registry.resolve({"train": block})["train"]
    assert sorted(eg.reference.text for eg in read(NLP)) == ["Ann", "Bob", "Leeds"]


def test_a_buffer_of_nothing_is_refused():
    with pytest.raises(InputError, match="buffer = 0: expected at least 1"):
        make_shuffled_corpus(make_conll_corpus("a.conll"), buffer=0)


def test_an_empty_corpus_is_refused():
    with pytest.raises(InputError, match="no example, expected at least one"):
        list(shuffled(0, 3)(NLP))


# Corpora that are one


def joined(*counts):
    """A reader that joins corpora of so many examples: 0, 1, ... then 100, 101, ... and so on."""
    return make_joined_corpora(*(corpus_from(100 * i, count) for i, count in enumerate(counts)))


def corpus_from(first, count):
    def read(nlp):
        for i in range(first, first + count):
            doc = Doc(nlp.vocab, words=[str(i)])
            yield Example(doc.copy(), doc)

    return read


def test_one_example_of_each_corpus_comes_in_turn_and_then_the_rest():
    assert numbers(joined(4, 1, 2)(NLP)) == [0, 100, 200, 1, 201, 2, 3]


@given(counts=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_every_example_of_every_corpus_comes_once_in_its_own_order(counts):
    found = numbers(joined(*counts)(NLP))
    for i, count in enumerate(counts):
        own = [number for number in found if number // 100 == i]
        assert own == list(range(100 * i, 100 * i + count))
    assert len(found) == sum(counts)


def test_an_example_without_tokens_does_not_end_its_corpus():
    def read(nlp):
        for words in ([], ["1"]):
            yield Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words))

    assert [len(eg.reference) for eg in make_joined_corpora(read)(NLP)] == [0, 1]


def test_joined_corpora_are_read_anew_each_time():
    read = joined(2, 1)
    assert numbers(read(NLP)) == numbers(read(NLP)) == [0, 100, 1]


def test_a_corpus_that_is_empty_is_told():
    with pytest.raises(InputError, match="one of the 3 corpora to join has no example"):
        list(joined(2, 0, 1)(NLP))


def test_no_corpora_cannot_be_joined():
    with pytest.raises(InputError, match=r"no corpora to join.*\[corpora.x.\*\]"):
        make_joined_corpora()


def test_what_is_no_reader_cannot_be_joined():
    with pytest.raises(InputError, match=r"corpora = 'corpora\.text': expected a corpus reader"):
        make_joined_corpora(corpus_from(0, 1), "corpora.text")


def test_a_config_joins_readers_that_stand_in_sections_of_their_own(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(f"{name} text\n", encoding="utf-8")
    config = Config().from_str(
        f"""
        [one]
        @readers = "spacy.PlainTextCorpus.v1"
        path = "{(tmp_path / "one.txt").as_posix()}"

        [train]
        @readers = "seqpipe.JoinedCorpora.v1"

        [train.*]
        one = ${{one}}

        [train.*.two]
        @readers = "spacy.PlainTextCorpus.v1"
        path = "{(tmp_path / "two.txt").as_posix()}"
        """
    )
    read = registry.resolve(config.interpolate())["train"]
    assert {eg.reference.text for eg in read(NLP)} == {"one text", "two text"}
