"""The readers of labelled texts: what they read, and real corpora's counts."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
import spacy
from confection import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from seqpipe.classification.corpus import make_labelled_texts, make_sentiment_treebank
from seqpipe.files import InputError

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "sentiment"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/sentiment is missing")
NLP = spacy.blank("xx")
NUMBERED = {"text": 0, "label": 1}
TSV = "label\tid\ttext\npos\t1\tThe dessert is excellent.\nneg\t2\tService was quite slow.\n"
TEXTS = [("The dessert is excellent.", "pos"), ("Service was quite slow.", "neg")]


@pytest.fixture
def read(tmp_path):
    """Write a file, read it, give the examples."""

    def write_and_read(content, *, name="train.tsv", nlp=NLP, **options):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return list(make_labelled_texts(tmp_path / name, **options)(nlp))

    return write_and_read


def held(eg):
    """The text, and the labels that hold."""
    return eg.reference.text, " ".join(label for label, p in eg.reference.cats.items() if p)


def pairs(examples):
    return [held(eg) for eg in examples]


def json_lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def test_a_row_becomes_an_example(read):
    first, second = read(TSV)
    assert first.reference.text == first.predicted.text == "The dessert is excellent."
    assert first.reference.cats == {"neg": 0.0, "pos": 1.0}
    assert second.reference.cats == {"neg": 1.0, "pos": 0.0}
    assert first.predicted.cats == {}
    assert [token.text for token in first.predicted] == ["The", "dessert", "is", "excellent", "."]


@pytest.mark.parametrize(
    ("content", "name", "options"),
    [
        (TSV.replace("\n", "\r\n"), "a.tsv", {}),
        ("\ufeff" + TSV, "a.tsv", {}),
        (TSV.rstrip("\n") + "\n\n\n", "a.tsv", {}),
        (gzip.compress(TSV.encode()), "a.tsv.gz", {}),
        (TSV.encode("utf-16"), "a.tsv", {"encoding": "utf-16"}),
        (TSV.split("\n", 1)[1], "a.tsv", {"text": 2, "label": 0}),
        (TSV.split("\n", 1)[1], "a.tsv", {"text": -1, "label": -3}),
        (TSV.replace("text", "review"), "a.tsv", {"text": "review"}),
        (TSV.replace("\t", ","), "a.csv", {}),
        (TSV.replace("\t", ";"), "a.csv", {"separator": ";"}),
        (TSV.replace("\t", "|"), "a.data", {"format": "tsv", "separator": "|"}),
        ("pos The dessert is excellent.\nneg Service was quite slow.\n", "a.train",
         {"format": "prefixed"}),
        ("The dessert is excellent. \tpos\r\n Service was quite slow.\tneg\r\n", "a.txt",
         {"format": "tsv", **NUMBERED}),
        (json_lines({"text": TEXTS[0][0], "label": "pos"}, {"label": "neg", "text": TEXTS[1][0]}),
         "a.jsonl", {}),
        (json_lines({"text": TEXTS[0][0], "cats": {"neg": 0, "pos": 1}},
                    {"text": TEXTS[1][0], "cats": {"neg": True, "pos": 0.0}}),
         "a.jsonl", {"label": "cats"}),
    ],
    ids=["crlf", "byte-order-mark", "blank-lines", "gzip", "utf-16", "by-number", "from-the-end",
         "other-name", "csv", "semicolons", "bars", "prefixed", "text-first", "json", "json-cats"],
)  # fmt: skip
def test_the_same_texts_come_from_every_way_to_write_them(read, content, name, options):
    examples = read(content, name=name, **options)
    assert pairs(examples) == TEXTS
    assert [list(eg.reference.cats) for eg in examples] == [["neg", "pos"]] * 2


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
            st.sampled_from(["good", "not, good", 'the "best"']),
        ),
        min_size=1,
    )
)
def test_what_pythons_csv_module_writes_is_read(rows, tmp_path_factory):
    rows = [(f"_{text}_", label) for text, label in rows]
    path = tmp_path_factory.mktemp("written") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows])
    assert pairs(make_labelled_texts(path)(NLP)) == rows


def test_a_quote_in_tsv_is_a_character(read):
    content = '"Alien" is\tpos\n"The Thing\tneg\n'
    assert pairs(read(content, **NUMBERED)) == [('"Alien" is', "pos"), ('"The Thing', "neg")]


def test_a_column_longer_than_pythons_csv_module_reads_is_read(read):
    eg = read(f"text,label\n{'so ' * 60_000}good,1\n", name="a.csv", tokens="whitespace")[0]
    assert len(eg.reference) == 60_001


@pytest.mark.parametrize(
    ("given", "label"),
    [(4, "4"), (4.0, "4"), (4.5, "4.5"), (-1, "-1"), (1234567.0, "1234567"), (" x ", "x")],
)
def test_a_label_of_json_becomes_a_string(read, given, label):
    assert pairs(read(json_lines({"text": "so", "label": given}), name="a.jsonl")) == [
        ("so", label)
    ]


def test_labels_that_hold_together_are_all_told_of(read):
    content = json_lines(
        {"text": "a", "label": ["food"]},
        {"text": "b", "label": ["food", "price"]},
        {"text": "c", "label": []},
    )
    examples = read(content, name="a.jsonl")
    assert [eg.reference.cats for eg in examples] == [
        {"food": 1.0, "price": 0.0},
        {"food": 1.0, "price": 1.0},
        {"food": 0.0, "price": 0.0},
    ]
    eg = read(content, name="a.jsonl", labels=["service", "food", "price"], limit=1)[0]
    assert eg.reference.cats == {"food": 1.0, "price": 0.0, "service": 0.0}


def test_cats_are_kept_as_the_file_has_them(read):
    content = json_lines({"text": "a", "cats": {"x": 0.25}}, {"text": "b", "cats": {"y": 1}})
    examples = read(content, name="a.jsonl", label="cats")
    assert [eg.reference.cats for eg in examples] == [{"x": 0.25}, {"y": 1.0}]


def test_texts_that_are_tokenised_keep_their_tokens(read):
    eg = read("it 's  n't\u00a0so\tpos\n", tokens="whitespace", **NUMBERED)[0]
    assert [token.text for token in eg.reference] == ["it", "'s", "n't\u00a0so"]
    assert eg.predicted.text == "it 's n't\u00a0so"


def test_labels_are_renamed_and_left_out(read):
    content = "a\t0\nb\t1\nc\t2\nd\t1\ne\t9\n"
    names = {"0": "negative", "1": None, "2": "negative"}
    examples = read(content, names=names, **NUMBERED)
    assert pairs(examples) == [("a", "negative"), ("c", "negative"), ("e", "9")]


def test_one_label_of_several_is_left_out_and_the_text_stays(read):
    lists = json_lines({"text": "a", "label": ["x", "y"]}, {"text": "b", "label": []})
    assert pairs(read(lists, name="a.jsonl", names={"y": ""})) == [("a", "x"), ("b", "")]
    cats = json_lines({"text": "a", "label": {"x": 1, "y": 0, "z": 0}})
    eg = read(cats, name="a.jsonl", names={"y": "", "x": "w", "z": "w"})[0]
    assert eg.reference.cats == {"w": 1.0}


@pytest.mark.parametrize("labels", [["neu"], {"neg": 0, "neu": 1, "pos": 0}, {"neu": 0}, "neu"])
def test_a_text_is_left_out_with_the_only_label_that_holds(read, labels):
    content = json_lines({"text": "a", "label": labels}, {"text": "b", "label": {"pos": 1}})
    assert pairs(read(content, name="a.jsonl", names={"neu": ""})) == [("b", "pos")]


def test_a_doc_is_left_out_with_the_only_label_that_holds(tmp_path):
    docs = [NLP.make_doc("so so"), NLP.make_doc("so good")]
    docs[0].cats = {"neg": 0.0, "neu": 1.0, "pos": 0.0}
    docs[1].cats = {"neg": 0.0, "neu": 0.0, "pos": 1.0}
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    (eg,) = make_labelled_texts(tmp_path / "a.spacy", names={"neu": None})(NLP)
    assert eg.reference.cats == {"neg": 0.0, "pos": 1.0}


def test_a_folder_for_each_label_is_read(tmp_path):
    for label, name, text in [
        ("pos", "0_9.txt", "Lovely.\nIndeed\u00e9.\n"),
        ("neg", "1_2.txt", "Poor."),
        ("neg", "0_1.txt", "Dull."),
        ("unsup", "0_0.txt", "Who knows."),
    ]:
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / name).write_text(text, encoding="cp1252")
    (tmp_path / "neg" / "2_1.txt.gz").write_bytes(gzip.compress(b"Worse."))
    (tmp_path / "neg" / "notes.md").write_text("not a text")
    (tmp_path / "urls.txt").write_text("not a text")
    examples = make_labelled_texts(tmp_path, encoding="cp1252", names={"unsup": ""})(NLP)
    assert pairs(examples) == [
        ("Dull.", "neg"),
        ("Poor.", "neg"),
        ("Worse.", "neg"),
        ("Lovely.\nIndeed\u00e9.", "pos"),
    ]


def test_a_file_for_each_label_is_read(tmp_path):
    (tmp_path / "rt.pos").write_bytes("lovely \ncaf\u00e9\n".encode("cp1252"))
    (tmp_path / "rt.neg").write_text("dull\n")
    reader = make_labelled_texts(
        tmp_path, files={"positive": "rt.pos", "negative": "rt.neg"}, encoding="cp1252"
    )
    assert pairs(reader(NLP)) == [
        ("lovely", "positive"),
        ("caf\u00e9", "positive"),
        ("dull", "negative"),
    ]


def test_a_folder_of_files_is_read_in_the_order_of_names(tmp_path):
    (tmp_path / "b.tsv").write_text("text\tlabel\nsecond\t1\n")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"label,text\n2,first\n"))
    (tmp_path / "c.jsonl").write_text('{"text": "third", "label": 1}\n')
    (tmp_path / "README.md").write_text("not a corpus\n")
    (tmp_path / ".hidden.tsv").write_text("not a corpus\n")
    examples = list(make_labelled_texts(tmp_path)(NLP))
    assert pairs(examples) == [("first", "2"), ("second", "1"), ("third", "1")]
    assert examples[0].reference.cats == {"1": 0.0, "2": 1.0}
    assert pairs(make_labelled_texts(tmp_path, format="tsv")(NLP)) == [("second", "1")]


def test_spacys_own_files_are_read(tmp_path):
    docs = [NLP.make_doc("so good"), NLP.make_doc("so bad"), NLP.make_doc("unread")]
    docs[0].cats = {"good": 1.0, "bad": 0.0}
    docs[1].cats = {"good": 0.0, "bad": 1.0}
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "a.spacy")
    DocBin(docs=[Doc(NLP.vocab)]).to_disk(tmp_path / "empty.spacy")
    examples = list(make_labelled_texts(tmp_path)(NLP))
    assert pairs(examples) == [("so good", "good"), ("so bad", "bad"), ("unread", "")]
    assert examples[2].reference.cats == {}
    one = make_labelled_texts(tmp_path / "a.spacy", names={"bad": "poor"}, limit=1)
    assert [eg.reference.cats for eg in one(NLP)] == [{"good": 1.0, "poor": 0.0}]
    with pytest.raises(
        InputError, match=r"a.spacy: doc 1: label 'bad' of the text 'so good', expected"
    ):
        list(make_labelled_texts(tmp_path, labels=["good"])(NLP))


def test_the_parts_of_each_fold_divide_the_corpus(tmp_path):
    texts = [f"text {i}" for i in range(11)]
    (tmp_path / "a.tsv").write_text("".join(f"{text}\t{len(text)}\n" for text in texts))

    def part(name, fold):
        options = {"folds": 4, "fold": fold, "part": name, **NUMBERED}
        return [held(eg)[0] for eg in make_labelled_texts(tmp_path / "a.tsv", **options)(NLP)]

    for fold in range(4):
        assert part("test", fold) == texts[fold::4]
        assert part("dev", fold) == texts[(fold + 1) % 4 :: 4]
        train = part("train", fold)
        assert sorted([*train, *part("dev", fold)]) == sorted(part("train+dev", fold))
        assert sorted([*part("train+dev", fold), *part("test", fold)]) == sorted(texts)
        assert len(train) + len(part("dev", fold)) == len(part("train+dev", fold))
        assert part("all", fold) == texts


def test_all_parts_know_all_labels(read):
    content = "".join(f"text {i}\t{i}\n" for i in range(3))
    eg = read(content, folds=3, part="test", **NUMBERED)[0]
    assert eg.reference.cats == {"0": 1.0, "1": 0.0, "2": 0.0}


def test_limit_counts_examples_of_the_part(read):
    content = "".join(f"text {i}\t{i}\n" for i in range(9))
    examples = read(content, folds=3, part="train", limit=2, **NUMBERED)
    assert pairs(examples) == [("text 2", "2"), ("text 5", "5")]


def test_an_example_is_given_before_the_next_is_made(tmp_path):
    (tmp_path / "a.tsv").write_text(f"short\t1\n{'x' * 50}\t1\n")
    nlp = spacy.blank("xx")
    nlp.max_length = 49
    examples = make_labelled_texts(tmp_path / "a.tsv", **NUMBERED)(nlp)
    assert held(next(examples)) == ("short", "1")
    with pytest.raises(InputError, match=r"line 2: a text of 50 characters, expected at most 49"):
        next(examples)


def test_a_config_builds_the_reader(tmp_path):
    (tmp_path / "a.txt").write_text("good\t1\nbad\t0\nso so\t2\n")
    config = Config().from_str(
        f"""
        [corpus]
        @readers = "seqpipe.LabelledTexts.v1"
        path = "{tmp_path / "a.txt"}"
        format = "tsv"
        text = 0
        label = -1
        labels = ["negative", "positive"]

        [corpus.names]
        0 = "negative"
        1 = "positive"
        2 = null
        """.replace("\n        ", "\n")
    )
    filled = spacy.registry.fill(config)
    assert filled["corpus"]["text"] == 0
    assert filled["corpus"]["names"]["2"] is None
    examples = spacy.registry.resolve(filled)["corpus"](NLP)
    assert pairs(examples) == [("good", "positive"), ("bad", "negative")]


MR = {"positive": "rt-polarity.pos", "negative": "rt-polarity.neg"}
PREFIXED = {"format": "prefixed", "tokens": "whitespace"}
UCI = {"format": "tsv", **NUMBERED}


@needs_data
@pytest.mark.parametrize(
    ("name", "options", "labels", "tokens"),
    [
        ("sst/sentences/stsa.fine.train", PREFIXED,
         {"0": 1092, "1": 2218, "2": 1624, "3": 2322, "4": 1288}, None),
        ("sst/sentences/stsa.fine.dev", PREFIXED, 1101, None),
        ("sst/sentences/stsa.fine.test", PREFIXED, 2210, None),
        ("sst/sentences/stsa.binary.train", PREFIXED, 6920, None),
        ("sst/sentences/stsa.binary.dev", PREFIXED, 872, None),
        ("sst/sentences/stsa.binary.test", PREFIXED, 1821, None),
        ("rotten_tomatoes", {"files": MR, "encoding": "cp1252", "tokens": "whitespace"},
         {"positive": 5331, "negative": 5331}, 112_428 + 111_613),
        ("uci_sentences/yelp_labelled.txt", UCI, {"0": 500, "1": 500}, None),
        ("uci_sentences/amazon_cells_labelled.txt", UCI, {"0": 500, "1": 500}, None),
    ],
)  # fmt: skip
def test_a_real_corpus_has_its_counts(name, options, labels, tokens):
    counts, words = Counter(), 0
    for eg in make_labelled_texts(DATA / name, **options)(NLP):
        counts[held(eg)[1]] += 1
        words += len(eg.reference)
    assert counts.total() == labels if isinstance(labels, int) else counts == labels
    assert tokens in (None, words)


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "labels", "words"),
    [
        ("imdb/train.tsv.gz", {"text": 3, "label": 0}, {"neg": 12500, "pos": 12500}, 5_844_680),
        ("yelp_10k/yelp.csv.gz", {"label": "stars"},
         {"1": 749, "2": 927, "3": 1461, "4": 3526, "5": 3337}, None),
    ],
)  # fmt: skip
def test_a_long_real_corpus_has_its_counts(name, options, labels, words):
    nlp, found = spacy.blank("xx"), Counter()

    def count_words(text):  # real texts, no time on tokens
        found["texts"] += 1
        found["words"] += len(text.split())
        return Doc(nlp.vocab, words=["text"])

    nlp.tokenizer = count_words
    counts = Counter(held(eg)[1] for eg in make_labelled_texts(DATA / name, **options)(nlp))
    assert counts == labels
    assert found["texts"] == counts.total()
    assert words in (None, found["words"])


# Of the training part, which takes long, test_trees.py knows the same.
@needs_data
@pytest.mark.parametrize(
    ("name", "count", "tokens"), [("dev.txt", 1101, 21_274), ("test.txt", 2210, 42_405)]
)
def test_the_real_treebank_has_its_counts(name, count, tokens):
    examples = list(make_sentiment_treebank(DATA / "sst" / "trees" / name)(NLP))
    assert len(examples) == count
    assert sum(len(eg.reference) for eg in examples) == tokens


@needs_data
@pytest.mark.parametrize(("name", "count"), [("dev.txt", 872), ("test.txt", 1821)])
def test_the_real_treebank_has_its_counts_without_the_neutral(name, count):
    read = make_sentiment_treebank(DATA / "sst" / "trees" / name, classes="binary")
    counts = Counter(held(eg)[1] for eg in read(NLP))
    assert counts.keys() == {"negative", "positive"}
    assert counts.total() == count
