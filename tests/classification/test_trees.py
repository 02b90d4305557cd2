"""Sentiment trees: what they say of sentences and phrases, and what is none."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
import spacy
from confection import Config
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.classification.corpus import make_sentiment_treebank
from seqpipe.classification.trees import parse_tree
from seqpipe.files import InputError

NLP = spacy.blank("xx")
TREES = (
    "(3 (2 (2 The) (2 dessert)) (4 (2 is) (4 excellent)))\n"
    "(2 (2 The) (2 dessert))\n"
    "\n"
    "(1 (2 Service) (0 (2 was) (0 slow)))\n"
)
TRAIN = Path(__file__).parents[2].parent / "shared/data/sentiment/sst/trees/train.txt.gz"


@pytest.fixture
def treebank(tmp_path):
    (tmp_path / "trees.txt").write_text(TREES)
    return tmp_path / "trees.txt"


def parse(line):
    return parse_tree(line, path=Path("trees.txt"), number=7)


def pairs(examples):
    return [
        (eg.reference.text, next(label for label, p in eg.reference.cats.items() if p))
        for eg in examples
    ]


def test_a_tree_has_words_and_nodes():
    tree = parse("(3 (2 not) (4 (1 bad) (2 .)))\r\n")
    assert tree.words == ["not", "bad", "."]
    assert tree.nodes == [(0, 1, "2"), (1, 2, "1"), (2, 3, "2"), (1, 3, "4"), (0, 3, "3")]


def written(tree):
    label, inner = tree
    return f"({label} {inner if isinstance(inner, str) else ' '.join(map(written, inner))})"


def flat(tree, start=0):
    """Words and nodes of a tree in the order that its brackets close, by recursion."""
    label, inner = tree
    if isinstance(inner, str):
        return [inner], [(start, start + 1, label)]
    words, nodes = [], []
    for child in inner:
        below, spans = flat(child, start + len(words))
        words += below
        nodes += spans
    return words, [*nodes, (start, start + len(words), label)]


LABEL = st.sampled_from("01234")
WORD = st.text(
    st.characters(codec="utf-8", exclude_characters="()\\ \t\n\r\f\v"), min_size=1
).filter(lambda word: not word.startswith("-"))  # fmt: skip
NODE = st.recursive(
    st.tuples(LABEL, WORD),
    lambda node: st.tuples(LABEL, st.lists(node, min_size=1, max_size=3)),
)


@given(tree=NODE)
def test_a_written_tree_is_parsed(tree):
    parsed = parse(written(tree))
    assert (parsed.words, parsed.nodes) == flat(tree)


def test_escapes_become_text():
    line = "(2 (2 1\\/2) (2 (2 \\*\\*) (2 (2 -LRB-) (2 (2 so-so) (2 -RRB-)))))"
    assert parse(line).words == ["1/2", "**", "(", "so-so", ")"]


def test_a_word_may_hold_a_blank_that_is_not_ascii():
    assert parse("(2 (2 2\u00a01\\/2) (2 hours))").words == ["2\u00a01/2", "hours"]


def test_a_tree_may_be_deeper_than_calls_may_be():
    tree = parse("(3 " * 50_000 + "(4 deep)" + ")" * 50_000)
    assert tree.words == ["deep"]
    assert len(tree.nodes) == 50_001


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("(3 (2 a) (2 b)", r"column 1: a bracket that is not closed in this line, expected '\)'"),
        ("(3 (2 a (2 b))", r"column 9: '\(' after the word 'a', expected '\)'"),
        ("(3 (2 a) (2 b)))", r"column 16: '\)' after the tree, expected one a line"),
        ("(3 a) (2 b)", r"column 7: '\(2 b\)' after the tree, expected one a line"),
        ("good (3 a)", r"column 1: 'good' outside of all brackets, expected '\('"),
        ("(3 (5 a) (2 b))", "column 5: '5', expected a label, 0 to 4"),
        ("(3 (S a) (2 b))", "column 5: 'S', expected a label, 0 to 4"),
        ("((2 a) (2 b))", r"column 2: '\(', expected a label"),
        ("()", r"column 2: '\)', expected a label"),
        ("(3 (2) (2 b))", r"column 6: '\)' after the label 2, expected a word or a bracket"),
        ("(3 New York)", r"column 8: the word 'York' in a node that is complete"),
        ("(3 (2 a) b)", r"column 10: the word 'b' in a node that is complete"),
    ],
)
def test_a_fault_is_named_with_line_and_column(line, message):
    with pytest.raises(InputError, match=f"^trees.txt, line 7: {message}"):
        parse(line)


def test_sentences_are_read_with_the_treebanks_words(treebank):
    examples = list(make_sentiment_treebank(treebank)(NLP))
    assert pairs(examples) == [
        ("The dessert is excellent", "3"),
        ("The dessert", "2"),
        ("Service was slow", "1"),
    ]
    assert examples[0].reference.cats == {"1": 0.0, "2": 0.0, "3": 1.0}
    assert examples[0].predicted.cats == {}


def test_each_phrase_is_read_once(treebank):
    assert pairs(make_sentiment_treebank(treebank, phrases=True)(NLP)) == [
        ("The", "2"),
        ("dessert", "2"),
        ("The dessert", "2"),
        ("is", "2"),
        ("excellent", "4"),
        ("is excellent", "4"),
        ("The dessert is excellent", "3"),
        ("Service", "2"),
        ("was", "2"),
        ("slow", "0"),
        ("was slow", "0"),
        ("Service was slow", "1"),
    ]


def test_binary_classes_leave_out_the_neutral(treebank):
    assert pairs(make_sentiment_treebank(treebank, classes="binary")(NLP)) == [
        ("The dessert is excellent", "positive"),
        ("Service was slow", "negative"),
    ]


def test_labels_are_renamed(treebank):
    stars = {str(i): str(i + 1) for i in range(5)}
    labels = [label for _, label in pairs(make_sentiment_treebank(treebank, names=stars)(NLP))]
    assert labels == ["4", "3", "2"]
    reader = make_sentiment_treebank(treebank, classes="binary", names={"positive": "pos"})
    assert [label for _, label in pairs(reader(NLP))] == ["pos", "negative"]
    reader = make_sentiment_treebank(treebank, classes="binary", names={"positive": ""})
    assert [label for _, label in pairs(reader(NLP))] == ["negative"]


@pytest.mark.parametrize(
    ("classes", "name", "expected"),
    [("binary", "0", "negative, positive"), ("fine", "positive", "0, 1, 2, 3, 4")],
)
def test_a_name_of_no_class_is_refused(classes, name, expected):
    with pytest.raises(
        InputError,
        match=f"names, with classes = \"{classes}\": '{name}', expected one of {expected}$",
    ):
        make_sentiment_treebank("gone.txt", classes=classes, names={name: "bad"})


def test_the_neutral_that_are_left_out_are_counted(treebank, caplog):
    list(make_sentiment_treebank(treebank, classes="binary")(NLP))
    assert [record.getMessage() for record in caplog.records] == [
        f"{treebank}: texts left out for their labels: 1 ('2' 1)"
    ]


def test_a_class_that_no_tree_has_is_no_slip(treebank, caplog):
    list(make_sentiment_treebank(treebank, names={"0": "1 star"})(NLP))
    assert caplog.records == []


def test_a_config_builds_the_reader_of_a_gzipped_treebank(tmp_path):
    (tmp_path / "trees.txt.gz").write_bytes(gzip.compress(TREES.encode()))
    config = Config().from_str(
        f'[corpus]\n@readers = "seqpipe.SentimentTreebank.v1"\n'
        f'path = "{tmp_path / "trees.txt.gz"}"\nlimit = 2\n'
    )
    reader = spacy.registry.resolve(spacy.registry.fill(config))["corpus"]
    assert len(list(reader(NLP))) == len(list(reader(NLP))) == 2


def test_what_is_no_treebank_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.txt: no such file"):
        list(make_sentiment_treebank(tmp_path / "gone.txt")(NLP))
    with pytest.raises(InputError, match="unknown classes 'ternary', expected one of fine, binary"):
        make_sentiment_treebank(tmp_path / "gone.txt", classes="ternary")
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(InputError, match=r"empty.txt: no text to read"):
        list(make_sentiment_treebank(tmp_path / "empty.txt")(NLP))


@pytest.mark.skipif(not TRAIN.exists(), reason="../shared/data/sentiment is missing")
def test_the_real_treebank_has_its_nodes():
    with gzip.open(TRAIN, "rt", encoding="utf-8") as stream:
        trees = [parse_tree(line, path=TRAIN, number=i) for i, line in enumerate(stream, 1)]
    assert sum(len(tree.nodes) for tree in trees) == 318_582
    assert sum(len(tree.words) for tree in trees) == 163_563
    assert Counter(tree.nodes[-1][2] for tree in trees) == {
        "0": 1092,
        "1": 2218,
        "2": 1624,
        "3": 2322,
        "4": 1288,
    }
