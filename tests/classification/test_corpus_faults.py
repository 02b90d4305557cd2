"""The readers of labelled texts: what they refuse, and how they say where it stands."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from seqpipe.classification.corpus import make_labelled_texts
from seqpipe.files import InputError

MR = Path(__file__).parents[2].parent / "shared" / "data" / "sentiment" / "rotten_tomatoes"
NLP = spacy.blank("xx")
NUMBERED = {"text": 0, "label": 1}
TSV = "label\ttext\npos\tThe dessert is excellent.\nneg\tService was quite slow.\n"


@pytest.fixture
def read(tmp_path):
    """Write a file, read it, give the examples."""

    def write_and_read(content, *, name="train.tsv", **options):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return list(make_labelled_texts(tmp_path / name, **options)(NLP))

    return write_and_read


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a\t1\nb\t\n", {}, "line 2: no label for the text 'b', expected one"),
        ("a\t1\n \t1\n", {}, "line 2: an empty text, expected at least one word"),
        ("a\t1\nb\n", {}, "line 2: 1 column, expected 2 as in line 1; the row begins with 'b'"),
        ("a\t1\nb\tc\t1\n", {}, r"line 2: 3 columns, expected 2 as in line 1; .* with 'b c 1'"),
        ("a\t1\nb\t6\n", {"labels": ["1", "2"]},
         "line 2: label '6' of the text 'b', expected one of 1, 2$"),
        ("a\tpos\n", {"text": 2}, "line 1: no column 2, expected a row of more columns than 2"),
        ("a\tpos\n", {"text": "text", "label": "label"},
         "line 1: no column 'text', found 'a', 'pos'; expected a row of names, or else numbers"),
        (b"fine\t1\ncaf\xe9\t1\n", {},
         'line 2: byte 0xe9 at character 4 is not utf-8, .* such as encoding = "cp1252"'),
        (b"fine\t1\n\x93so\x81\x94\t1\n", {"encoding": "cp1252"},
         'line 2: byte 0x81 at character 4 is not cp1252, .* such as encoding = "utf-8"'),
        (TSV.encode("utf-16"), {}, 'line 1: byte 0xff .* such as encoding = "utf-16"'),
        (TSV.encode("utf-16-le"), {}, 'line 1: a NUL at character 2, .* encoding = "utf-16", "utf'),
        (TSV.encode("utf-16"), {"encoding": "cp1252"}, 'line 1: a NUL at character 4, .* "utf-16"'),
        (b"fine\t1\n", {"encoding": "utf-16"}, "not utf-16 after line 0 .* BOM"),
        ("fine\t1\n".encode("utf-16")[:-1], {"encoding": "utf-16"}, "a.tsv: not utf-16 after line"),
        ("", {}, r"a.tsv: no text to read \(part 'all'\)"),
        ("a\t1\n", {"folds": 2, "part": "dev"}, r"no text to read \(part 'dev'\)"),
        ("a\t1\n", {"names": {"1": ""}}, "no text to read"),
    ],
)  # fmt: skip
def test_a_fault_in_a_table_is_named_with_its_place(read, tmp_path, content, options, message):
    with pytest.raises(InputError, match=message) as fault:
        read(content, name="a.tsv", **{**NUMBERED, **options})
    assert str(fault.value).startswith(str(tmp_path / "a.tsv"))


def test_mixed_encodings_are_told_from_another_encoding(read):
    content = "fine\t1\nna\u00efve\t1\nfine\t1\n".encode() + "caf\u00e9\t1\n".encode("cp1252")
    with pytest.raises(InputError) as fault:
        read(content, **NUMBERED)
    assert "line 4: byte 0xe9 at character 4 is not utf-8" in str(fault.value)
    assert str(fault.value).endswith(
        "line 2 is, so the file mixes encodings: bring all of it to one"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('text,label\n"a\nb",1\n"c\n"d,1\n', "line 4: a row that cannot be read"),
        ('text,label\n"a\nb",1\n"c,1\n', "line 4: a row that cannot be read .*to be closed"),
        ('text,label\n"a\n\nb",1\nc\n', "line 5: 1 column, expected 2 as in line 1"),
    ],
)
def test_a_fault_in_csv_is_named_with_the_line_its_row_begins_on(read, content, message):
    with pytest.raises(InputError, match=message):
        read(content, name="a.csv")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "b", "label": 1', "no sound JSON at character 25 .*expected one object a line"),
        ("[" * 100_000, "JSON of too many levels"),
        ('["b", 1]', """'\\["b", 1\\]', expected an object with 'text' and 'label'"""),
        ('{"text": "b", "stars": 1}', "no key 'label', found 'text', 'stars'"),
        ('{"label": 1}', "no key 'text', found 'label'"),
        ('{"text": 5, "label": 1}', "'5' as the text, expected a string"),
        ('{"text": " ", "label": 1}', "an empty text"),
        ('{"text": "b", "label": null}', "no label for the text 'b'"),
        ('{"text": "b", "label": ""}', "no label for the text 'b'"),
        ('{"text": "b", "label": {}}', "no label for the text 'b'"),
        ('{"text": "b", "label": ["x", null]}', "no label for the text 'b'"),
        ('{"text": "b", "label": true}', "'true' as the label, expected a string or a number"),
        ('{"text": "b", "label": NaN}', "'NaN' as the label, expected a string or a number"),
        ('{"text": "b", "label": {"x": 2}}', "label 'x' has the value 2, expected 0 to 1"),
        ('{"text": "b", "label": {"x": null}}', "label 'x' has the value None, expected 0 to 1"),
        ('{"text": "b \\ud83d", "label": 1}', "half a character"),
    ],
)
def test_a_fault_in_json_lines_is_named_with_its_line(read, line, message):
    with pytest.raises(InputError, match=f"a.jsonl, line 3: {message}"):
        read('{"text": "a", "label": 1}\n\n' + line + "\n", name="a.jsonl")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 a\n2\n", "line 2: an empty text"),
        ("1 a\n\n", "line 2: an empty text"),
        ("1 a\n b\n", "line 2: no label for the text 'b'"),
        ("pos so\npos\tgood film\n", r"line 2: white space in the label 'pos\\tgood', expected a"),
        ("pos so\npos\tgood\n", r"line 2: white space in the label 'pos\\tgood'"),
        ("pos so\npos\u00a0good film\n", r"line 2: white space in the label 'pos\\xa0good'"),
    ],
)
def test_a_fault_in_lines_that_begin_with_a_label_is_named(read, content, message):
    with pytest.raises(InputError, match=message):
        read(content, format="prefixed")


def test_a_fault_in_a_file_of_one_label_is_named(tmp_path):
    (tmp_path / "a.pos").write_text("fine\n\nso so\n")
    with pytest.raises(InputError, match=r"a.pos, line 2: an empty text"):
        list(make_labelled_texts(tmp_path, files={"pos": "a.pos"})(NLP))
    with pytest.raises(InputError, match=r"a.neg: no such file"):
        list(make_labelled_texts(tmp_path, files={"neg": "a.neg"})(NLP))


def test_a_fault_in_a_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no corpus in this folder, expected files in .csv, .*or"):
        list(make_labelled_texts(tmp_path)(NLP))
    with pytest.raises(InputError, match="no folder in this folder, expected one for each label"):
        list(make_labelled_texts(tmp_path, format="folders")(NLP))
    with pytest.raises(InputError, match="no corpus in this folder, expected the path of a file"):
        list(make_labelled_texts(tmp_path, format="prefixed")(NLP))
    (tmp_path / "pos").mkdir()
    with pytest.raises(InputError, match=r"pos: no .txt file in this folder, expected the texts"):
        list(make_labelled_texts(tmp_path)(NLP))
    (tmp_path / "pos" / "0.txt").write_text(" \n")
    with pytest.raises(InputError, match=r"0.txt: an empty text"):
        list(make_labelled_texts(tmp_path)(NLP))


def test_a_folder_that_may_be_read_in_two_ways_is_refused(tmp_path):
    for label in ("neg", "pos"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "0.txt").write_text(f"{label} it is")
    (tmp_path / "x.tsv").write_text("text\tlabel\nstray\t1\n")
    with pytest.raises(
        InputError,
        match=r"""files such as 'x.tsv' beside folders of texts such as 'neg', expected one of """
        r"""the two; set format to "folders" or "tsv"$""",
    ):
        list(make_labelled_texts(tmp_path)(NLP))
    assert len(list(make_labelled_texts(tmp_path, format="folders")(NLP))) == 2
    assert len(list(make_labelled_texts(tmp_path, format="tsv")(NLP))) == 1


def test_a_folder_of_files_may_have_other_folders(tmp_path):
    (tmp_path / "x.tsv").write_text("text\tlabel\nfine\t1\n")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "make.py").write_text("pass\n")
    assert len(list(make_labelled_texts(tmp_path)(NLP))) == 1


@pytest.mark.parametrize("value", [1.5, -0.25, float("nan"), "yes"])
def test_a_doc_with_a_label_out_of_range_is_named(tmp_path, value):
    docs = [NLP.make_doc("so good"), Doc(NLP.vocab), NLP.make_doc("so bad")]
    docs[0].cats = {"good": 1.0}
    docs[2].cats = {"good": 0.0, "bad": value}
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    with pytest.raises(InputError) as fault:
        list(make_labelled_texts(tmp_path / "a.spacy")(NLP))
    assert str(fault.value) == (
        f"{tmp_path / 'a.spacy'}: doc 3: label 'bad' has the value {value!r}, expected 0 to 1"
    )


def test_a_doc_that_is_too_long_is_named(tmp_path):
    nlp = spacy.blank("xx")
    docs = [nlp.make_doc("short"), nlp.make_doc("x" * 50)]
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    nlp.max_length = 49
    with pytest.raises(InputError, match=r"a.spacy: doc 2: a text of 50 characters, .* most 49"):
        list(make_labelled_texts(tmp_path / "a.spacy")(nlp))


def test_a_file_that_cannot_be_what_it_should_be_is_named(read, tmp_path):
    with pytest.raises(InputError, match=r"gone.tsv: no such file or folder"):
        list(make_labelled_texts(tmp_path / "gone.tsv")(NLP))
    with pytest.raises(InputError, match=r"a.txt: a name that does not tell the format, expected"):
        read(TSV, name="a.txt")
    with pytest.raises(InputError, match=r"a.txt: a file, expected a folder with a folder for"):
        read(TSV, name="a.txt", format="folders")
    with pytest.raises(InputError, match=r"a.tsv.gz: not a sound gzip file after line 0"):
        read(TSV, name="a.tsv.gz")
    with pytest.raises(InputError, match=r"b.tsv.gz: not a sound gzip file after line \d+"):
        read(gzip.compress((TSV * 9).encode())[:-9], name="b.tsv.gz", text=1, label=0)
    with pytest.raises(InputError, match=r"a.spacy: not a sound .spacy file"):
        read("so", name="a.spacy")
    with pytest.raises(InputError, match=r"a.jsonl: text = 0, label = 1, expected keys"):
        read("{}", name="a.jsonl", **NUMBERED)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": None}, "no path to a corpus"),
        ({"format": "xml"}, "unknown format 'xml', expected one of auto, csv, tsv, jsonl, spacy,"),
        ({"tokens": "words"}, "unknown tokens 'words', expected one of tokenizer, whitespace"),
        ({"encoding": "ut8f"}, "unknown encoding 'ut8f', expected one such as utf-8"),
        ({"encoding": "hex"}, "unknown encoding 'hex'"),
        ({"text": 0}, "text = 0, label = 'label', expected two names or two numbers"),
        ({"separator": ", "}, "separator = ', ', expected one character"),
        ({"files": {"pos": "a"}, "format": "tsv"}, "files with format = 'tsv'"),
        ({"labels": []}, r"labels = \[\], expected all labels, or null"),
        ({"part": "valid"}, "unknown part 'valid', expected one of all, test, dev, train"),
        ({"part": "dev"}, 'folds = 1 with part = "dev", expected folds = 2 or more'),
        ({"part": "train", "folds": 2}, "expected folds = 3 or more"),
        ({"folds": 0}, "expected folds = 1 or more"),
        ({"folds": 4, "fold": 4}, "fold = 4, expected 0 to 3"),
        ({"limit": -1}, "limit -1, expected 0"),
    ],
)
def test_a_wrong_option_is_named_before_any_file_is_read(options, message):
    with pytest.raises(InputError, match=message):
        make_labelled_texts(**{"path": "gone.tsv", **options})


@pytest.mark.skipif(not MR.is_dir(), reason="../shared/data/sentiment is missing")
def test_a_real_file_of_another_encoding_says_so():
    files = {"positive": "rt-polarity.pos", "negative": "rt-polarity.neg"}
    with pytest.raises(InputError, match=r'rt-polarity.pos, line \d+: byte 0x.. .* "cp1252"'):
        list(make_labelled_texts(MR, files=files)(NLP))
