"""Entities as arrays: gold tags, entities of tags, and the probability of an entity."""

import itertools
from collections import Counter

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from seqpipe.layers.crf import MISSING
from seqpipe.layers.crf_inference import forward_backward
from seqpipe.layers.packed import Packing
from seqpipe.layers.potentials import Potentials
from seqpipe.tagging.entities import TagSet, same_tokens
from seqpipe.tagging.schemes import spans_of

LABELS = ("ORG", "PER")
SCHEMES = ["BILUO", "BIO", "IOBES"]
VOCAB = Vocab()


def reference(layout) -> Doc:
    """A doc of runs of tokens, each an entity with a label or, with None, outside."""
    doc = Doc(VOCAB, words=["w"] * sum(length for _, length in layout))
    spans, start = [], 0
    for label, length in layout:
        if label is not None:
            spans.append(Span(doc, start, start + length, label=label))
        start += length
    doc.set_ents(spans)
    return doc


def example(doc: Doc) -> Example:
    return Example(Doc(VOCAB, words=[token.text for token in doc]), doc)


def entities_of(docs: list[Doc]) -> list[tuple[int, int, int]]:
    """The entities of docs end to end."""
    found, start = [], 0
    for doc in docs:
        found += [
            (start + ent.start, start + ent.end, LABELS.index(ent.label_)) for ent in doc.ents
        ]
        start += len(doc)
    return found


def names(tag_set: TagSet, tags) -> list[str]:
    return [tag_set.tags[tag] for tag in tags]


LAYOUTS = st.lists(  # of some docs, the empty one among them
    st.lists(st.tuples(st.sampled_from([None, *LABELS]), st.integers(1, 4)), max_size=6),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(layouts=LAYOUTS)
def test_the_entities_of_the_gold_tags_are_those_of_the_reference(scheme, layouts):
    docs, tag_set = [reference(layout) for layout in layouts], TagSet(LABELS, scheme)
    gold = tag_set.gold([example(doc) for doc in docs])
    spans = tag_set.spans(gold, [len(doc) for doc in docs])
    assert [tuple(span) for span in spans.tolist()] == entities_of(docs)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(layout=LAYOUTS.map(lambda layouts: layouts[0]))
def test_the_gold_tags_are_legal_and_say_the_same_by_the_scheme(scheme, layout):
    doc, tag_set = reference(layout), TagSet(LABELS, scheme)
    tags = names(tag_set, tag_set.gold([example(doc)]))
    assert spans_of(tags, scheme) == [(ent.start, ent.end, ent.label_) for ent in doc.ents]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("BILUO", "U-PER B-PER L-PER O B-ORG I-ORG L-ORG"),
        ("BIO", "B-PER B-PER I-PER O B-ORG I-ORG I-ORG"),
        ("IOBES", "S-PER B-PER E-PER O B-ORG I-ORG E-ORG"),
    ],
)
def test_gold_tags_by_hand(scheme, expected):
    doc = reference([("PER", 1), ("PER", 2), (None, 1), ("ORG", 3)])
    tag_set = TagSet(LABELS, scheme)
    assert names(tag_set, tag_set.gold([example(doc)])) == expected.split()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_entity_at_a_docs_end_does_not_run_into_the_next_doc(scheme):
    docs = [reference([(None, 1), ("PER", 2)]), reference([]), reference([("PER", 1), (None, 1)])]
    tag_set = TagSet(LABELS, scheme)
    gold = tag_set.gold([example(doc) for doc in docs])
    spans = tag_set.spans(gold, [len(doc) for doc in docs])
    assert spans.tolist() == [[1, 3, 1], [3, 4, 1]]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_docs_without_an_entity(scheme):
    tag_set = TagSet(LABELS, scheme)
    gold = tag_set.gold([example(reference([(None, 3)])), example(reference([(None, 1)]))])
    assert gold.tolist() == [0] * 4
    assert tag_set.spans(gold, [3, 1]).shape == (0, 3)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_docs_without_a_token(lengths):
    assert TagSet(LABELS, "BILUO").spans(numpy.zeros(0, "int64"), lengths).shape == (0, 3)


def test_tokens_without_annotation_are_missing():
    doc = Doc(VOCAB, words=list("abcde"))
    doc.set_ents([Span(doc, 1, 3, label="PER")], missing=[doc[3:4]], default="outside")
    gold = TagSet(LABELS, "BIO").gold([example(doc)])
    assert gold[3] == MISSING
    assert names(TagSet(LABELS, "BIO"), gold[[0, 1, 2, 4]]) == ["O", "B-PER", "I-PER", "O"]


def test_a_doc_without_annotation_is_missing():
    doc = Doc(VOCAB, words=list("abc"))
    assert TagSet(LABELS, "BILUO").gold([example(doc)]).tolist() == [MISSING] * 3


def test_tokens_that_are_blocked_hold_no_entity():
    doc = Doc(VOCAB, words=list("abc"))
    doc.set_ents([], blocked=[doc[1:2]], default="outside")
    assert TagSet(LABELS, "BILUO").gold([example(doc)]).tolist() == [0, 0, 0]


def test_a_label_that_was_not_seen_is_an_error():
    examples = [example(reference([("LOC", 2)]))]
    with pytest.raises(ValueError, match=r"entity label 'LOC' was not seen .* \['ORG', 'PER'\]"):
        TagSet(LABELS, "BILUO").gold(examples)


def aligned(predicted: list[str], words: list[str], entities: list[str]) -> Example:
    return Example.from_dict(Doc(VOCAB, words=predicted), {"words": words, "entities": entities})


def test_gold_of_other_tokens_is_aligned():
    eg = aligned(
        ["Anna", "Bell", "of", "Acme-Corp", "spoke"],
        ["Anna", "Bell", "of", "Acme", "-", "Corp", "spoke"],
        ["B-PER", "L-PER", "O", "B-ORG", "I-ORG", "L-ORG", "O"],
    )
    assert not same_tokens(eg)
    tag_set = TagSet(LABELS, "BILUO")
    assert names(tag_set, tag_set.gold([eg])) == ["B-PER", "L-PER", "O", "U-ORG", "O"]


def test_an_entity_that_ends_inside_a_token_is_missing():
    eg = aligned(
        ["Mr", "Bell's", "idea"], ["Mr", "Bell", "'s", "idea"], ["B-PER", "L-PER", "O", "O"]
    )
    gold = TagSet(LABELS, "BILUO").gold([eg])
    assert gold[1] == MISSING
    assert gold[2] == 0
    assert TagSet(LABELS, "BILUO").spans(numpy.maximum(gold, 0), [3]).shape == (0, 3)


def test_aligned_and_equal_docs_in_one_batch():
    same = example(reference([("PER", 2)]))
    other = aligned(["ab", "c"], ["a", "b", "c"], ["O", "O", "U-ORG"])
    tag_set = TagSet(LABELS, "BIO")
    assert names(tag_set, tag_set.gold([other, same])) == ["O", "B-ORG", "B-PER", "I-PER"]


def potentials(tag_set: TagSet, lengths: list[int]) -> Potentials:
    rng = numpy.random.default_rng(0)
    L, legal = len(tag_set.tags), tag_set.constraints
    start, transitions, end = (
        numpy.where(mask, rng.normal(size=mask.shape), -numpy.inf)
        for mask in (legal.start, legal.transitions, legal.end)
    )
    packing = Packing.of(lengths)
    return Potentials(rng.normal(size=(sum(lengths), L)), start, transitions, end, packing)


def entity_probabilities(tag_set: TagSet, P: Potentials, rows) -> Counter:
    """The probability of every entity of a doc, by going through all of its tag sequences."""
    weights, total = Counter(), 0.0
    for tags in itertools.product(range(len(tag_set.tags)), repeat=len(rows)):
        score = P.start[tags[0]] + P.end[tags[-1]]
        score += sum(P.emissions[row, tag] for row, tag in zip(rows, tags, strict=True))
        score += sum(P.transitions[pair] for pair in itertools.pairwise(tags))
        if numpy.isfinite(score):
            total += numpy.exp(score)
            for span in spans_of(names(tag_set, tags), tag_set.scheme):
                weights[span] += numpy.exp(score)
    return Counter({span: weight / total for span, weight in weights.items()})


@pytest.mark.parametrize("scheme", SCHEMES)
def test_probabilities_are_those_of_all_tag_sequences(scheme):
    lengths = [2, 0, 3, 1]
    tag_set = TagSet(LABELS, scheme)
    P = potentials(tag_set, lengths)
    spans, expected, first = [], [], 0
    for length in lengths:
        rows = P.packing.inverse[first : first + length]
        truth = entity_probabilities(tag_set, P, rows) if length else {}
        for start, end in itertools.combinations(range(length + 1), 2):
            for i, label in enumerate(LABELS):
                spans.append((first + start, first + end, i))
                expected.append(truth[start, end, label])
        first += length
    found = tag_set.probabilities(forward_backward(P), numpy.array(spans), lengths)
    assert min(expected) > 0
    assert numpy.allclose(found, expected, rtol=1e-9)


def test_no_span_has_no_probability():
    tag_set = TagSet(LABELS, "BIO")
    posteriors = forward_backward(potentials(tag_set, [3]))
    none = numpy.zeros((0, 3), dtype="int64")
    assert tag_set.probabilities(posteriors, none, [3]).shape == (0,)
