"""The reader of column files: what it reads, what it refuses, and real corpora's counts."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
import spacy
from confection import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Token
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.tagging.corpus import Layout, make_conll_corpus, read_sentences
from seqpipe.tagging.schemes import SCHEMES, tags_from_spans

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "ner"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/ner is missing")
NLP = spacy.blank("xx")
TWO_SENTENCES = "Mina\tB-PER\nOkafor\tI-PER\nslept\tO\n\nParis\tB-LOC\n"


@pytest.fixture
def read(tmp_path):
    """Write a file, read it, give the examples."""

    def write_and_read(content, *, name="train.conll", **options):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return list(make_conll_corpus(tmp_path / name, **options)(NLP))

    return write_and_read


def words(eg):
    return [token.text for token in eg.reference]


def ents(eg):
    return [(ent.start, ent.end, ent.label_) for ent in eg.reference.ents]


def test_a_sentence_becomes_an_example(read):
    first, second = read(TWO_SENTENCES)
    assert words(first) == ["Mina", "Okafor", "slept"]
    assert ents(first) == [(0, 2, "PER")]
    assert first.get_aligned_ner() == ["B-PER", "L-PER", "O"]
    assert ents(second) == [(0, 1, "LOC")]


def test_the_predicted_doc_has_the_files_tokens_and_nothing_else(read):
    eg = read("Don't.stop\tB-X\n-\tO\n")[0]
    assert [token.text for token in eg.predicted] == words(eg) == ["Don't.stop", "-"]
    assert eg.predicted.text == "Don't.stop -"
    assert not eg.predicted.has_annotation("ENT_IOB")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Written anew for each example."""
    return tmp_path_factory.mktemp("written") / "train.conll"


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=50)
@given(
    sentences=st.lists(
        st.lists(
            st.tuples(
                st.text(st.characters(codec="utf-8", exclude_characters="\n\r\t "), min_size=1),
                st.sampled_from(["", "PER", "a-b"]),
            ),
            min_size=1,
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read(sentences, scheme, file):
    sentences = [[("_" + word, label) for word, label in s] for s in sentences]
    spans = [[(i, i + 1, label) for i, (_, label) in enumerate(s) if label] for s in sentences]
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        for sentence, gold in zip(sentences, spans, strict=True):
            tags = tags_from_spans(gold, len(sentence), scheme)
            for (word, _), tag in zip(sentence, tags, strict=True):
                stream.write(f"{word} {tag}\n")
            stream.write("\n")
    examples = list(make_conll_corpus(file, scheme=scheme)(NLP))
    assert [words(eg) for eg in examples] == [[word for word, _ in s] for s in sentences]
    assert [ents(eg) for eg in examples] == spans


@pytest.mark.parametrize(
    "content",
    [
        TWO_SENTENCES.replace("\n", "\r\n"),
        "\ufeff" + TWO_SENTENCES,
        "\n\n" + TWO_SENTENCES.replace("\n\n", "\n \t\n\n") + "\n\n",
        TWO_SENTENCES.rstrip("\n"),
        TWO_SENTENCES.replace("\t", "  \t "),
        TWO_SENTENCES.replace("slept\tO", "slept\tO \t"),
    ],
    ids=["crlf", "byte-order-mark", "many-blanks", "no-last-newline", "runs", "trailing-blanks"],
)
def test_the_same_sentences_come_from_real_files_variations(read, content):
    plain = read(TWO_SENTENCES)
    examples = read(content)
    assert [(words(eg), ents(eg)) for eg in examples] == [(words(eg), ents(eg)) for eg in plain]


def test_lines_end_at_newlines_and_columns_at_blanks_alone(read):
    eg = read("10\u00a0000\u2028x\u0085y O\n")[0]
    assert words(eg) == ["10\u00a0000\u2028x\u0085y"]


def test_a_word_may_hold_a_space_between_tabs(read):
    eg = read("New York\tB-LOC\n", separator="tab")[0]
    assert words(eg) == ["New York"]


def test_single_spaces_part_columns(read):
    eg = read("a\tb O B-X\n", separator="space")[0]
    assert words(eg) == ["a\tb"]
    assert ents(eg) == [(0, 1, "X")]


def test_tags_and_parts_of_speech_are_set(read):
    eg = read("Mina NNP PROPN\nslept - -\n", columns={"word": 0, "tag": 1, "pos": 2})[0]
    assert [token.tag_ for token in eg.reference] == ["NNP", ""]
    assert [token.pos_ for token in eg.reference] == ["PROPN", ""]
    assert not eg.reference.has_annotation("ENT_IOB")


def test_an_extension_attribute_is_registered_and_set(read):
    eg = read("Mina 1\nslept 0\nwell -\n", columns={"word": 0, "_.is_name_in_test": 1})[0]
    assert [token._.is_name_in_test for token in eg.reference] == ["1", "0", None]
    assert [token._.is_name_in_test for token in eg.predicted] == [None, None, None]


def test_missing_annotation_stays_missing(read):
    eg = read("Mina\tB-PER\nOkafor\t-\nslept\tO\n")[0]
    assert ents(eg) == [(0, 1, "PER")]
    assert eg.get_aligned_ner() == ["U-PER", None, "O"]


def test_a_file_without_any_annotation_has_none(read):
    eg = read("Mina -\nslept -\n")[0]
    assert not eg.reference.has_annotation("ENT_IOB")


def test_a_hash_is_a_word(read):
    assert words(read("#hashtag O\n# O\n")[0]) == ["#hashtag", "#"]


def test_no_entity_is_legal(read):
    assert ents(read("all O\nquiet O\n")[0]) == []


@pytest.mark.parametrize("docstart", ["-DOCSTART- O\n", "-DOCSTART- -X- -X- O\n\n"])
def test_a_document_becomes_one_doc_with_its_sentences(read, docstart):
    text = f"a O\n\nb B-X\nc O\n\n{docstart}d O\n\n{docstart}"
    first, second = read(text, unit="document")
    assert words(first) == ["a", "b", "c"]
    assert [sent.text for sent in first.reference.sents] == ["a", "b c"]
    assert ents(first) == [(1, 2, "X")]
    assert words(second) == ["d"]
    assert [words(eg) for eg in read(text)] == [["a"], ["b", "c"], ["d"]]


def test_another_document_start_or_none(read):
    text = "a O\n== O\nb O\n"
    assert [words(eg) for eg in read(text, docstart="==")] == [["a"], ["b"]]
    assert [words(eg) for eg in read(text, docstart="")] == [["a", "==", "b"]]


def test_limit_counts_examples(read):
    assert len(read(TWO_SENTENCES * 3, limit=3)) == 3
    assert len(read(TWO_SENTENCES, limit=3)) == 2


def test_a_fault_after_the_limit_is_not_reached(read):
    assert len(read(TWO_SENTENCES + "broken\n", limit=1)) == 1


def test_a_sentence_is_given_before_the_next_is_read(tmp_path):
    path = tmp_path / "train.conll"
    path.write_text("a O\n\nbroken\n")
    sentences = read_sentences(path, Layout({"word": 0, "ner": -1}))
    assert next(sentences).rows == [["a", "O"]]
    with pytest.raises(InputError, match="line 3"):
        next(sentences)


def test_a_reader_can_be_read_again(tmp_path):
    (tmp_path / "train.conll").write_text(TWO_SENTENCES)
    reader = make_conll_corpus(tmp_path / "train.conll")
    assert [words(eg) for eg in reader(NLP)] == [words(eg) for eg in reader(NLP)]


def test_gzip_is_read(read):
    assert len(read(gzip.compress(TWO_SENTENCES.encode()), name="train.conll.gz")) == 2


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    (tmp_path / "b.bio").write_text("second O\n")
    (tmp_path / "a.conll").write_text("first O\n")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(b"third O\n"))
    (tmp_path / "README.md").write_text("not a corpus\n")
    (tmp_path / ".hidden.conll").write_text("not a corpus\n")
    examples = make_conll_corpus(tmp_path)(NLP)
    assert [words(eg) for eg in examples] == [["first"], ["second"], ["third"]]


def test_spacys_own_files_are_read(tmp_path):
    doc = Doc(NLP.vocab, words=["Mina", "slept"], spaces=[True, False], ents=["B-PER", "O"])
    DocBin(docs=[doc, doc]).to_disk(tmp_path / "train.spacy")
    examples = list(make_conll_corpus(tmp_path / "train.spacy")(NLP))
    assert [ents(eg) for eg in examples] == [[(0, 1, "PER")]] * 2
    assert len(list(make_conll_corpus(tmp_path / "train.spacy", limit=1)(NLP))) == 1


def test_a_config_builds_the_reader_with_its_own_columns(tmp_path):
    (tmp_path / "train.tsv").write_text("1\tMina\tB-PER\tNNP\n")
    config = Config().from_str(
        f"""
        [corpus]
        @readers = "seqpipe.ConllCorpus.v1"
        path = "{tmp_path / "train.tsv"}"

        [corpus.columns]
        word = 1
        tag = -1
        """.replace("\n        ", "\n")
    )
    filled = spacy.registry.fill(config)
    assert filled["corpus"]["columns"] == {"word": 1, "tag": -1}
    eg = next(iter(spacy.registry.resolve(filled)["corpus"](NLP)))
    assert isinstance(eg, Example)
    assert [(token.text, token.tag_, token.ent_type_) for token in eg.reference] == [
        ("Mina", "NNP", "")
    ]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a X Y O\nb B-PER\n", {"columns": {"word": 0, "ner": 3}},
         r"line 2: 'b B-PER' has 2 columns, expected at least 4 \(word, ..., ner\)"),
        ("a O\nb\n", {}, r"line 2: 'b' has 1 column, expected at least 2 \(word, ..., ner\)"),
        ("a O\nNew York O\n", {},
         "line 2: 'New York O' has 3 columns, expected 2 as in the line before"),
        ("a\tO\n\tO\n", {"separator": "tab"}, "line 2: an empty word in column 0"),
        ("a O\n\nb I-PER\n", {}, "line 3: I-PER at the start of a sentence, expected O or B-PER"),
        ("a O\nb I-PER\n", {}, "line 2: I-PER after O, expected O or B-PER in BIO; .* in IOB1"),
        ("a -\nb I-PER\n", {},
         "line 2: I-PER after a token without annotation, expected O or B-PER in BIO"),
        ("a B-PER\nb -\n", {"scheme": "BILUO"},
         "line 2: a token without annotation after B-PER, expected I-PER or L-PER in BILUO"),
        ("a B-PER\n\nb O\n", {"scheme": "BILUO"}, "line 1: B-PER at the end of a sentence"),
        ("a O\nb X-PER\n", {}, "line 2: tag 'X-PER' is not of the scheme BIO"),
        ("a PER\n", {}, "line 1: tag 'PER' is not of the scheme BIO"),
        ("a NOMEN\n", {"columns": {"word": 0, "pos": 1}},
         "line 1: part of speech 'NOMEN', expected one of .*NOUN"),
        (b"a O\n\n" + "Málaga O\n".encode("latin-1"), {},
         "line 3: byte 0xe1 is not UTF-8"),
        ("a O\n".encode("utf-16"), {}, "line 1: byte 0xff is not UTF-8"),
        ("", {}, "no sentence in it, expected at least one"),
        ("\n \n-DOCSTART- O\n\n", {}, "no sentence in it"),
    ],
)  # fmt: skip
def test_a_fault_in_a_file_is_named_with_its_place(read, tmp_path, content, options, message):
    place = str(tmp_path / "train.conll")
    with pytest.raises(InputError, match=message) as fault:
        read(content, **options)
    assert str(fault.value).startswith(place)


def test_a_gzip_file_cut_short_or_not_one_is_refused(read):
    whole = gzip.compress(("word O\n\n" * 5000).encode())
    with pytest.raises(InputError, match=r"train.gz: not a sound gzip file after line \d+"):
        read(whole[:-20], name="train.gz")
    with pytest.raises(InputError, match="not a sound gzip file after line 0"):
        read(TWO_SENTENCES, name="train.gz")


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-9], lambda b: b"Mina O\n"])
def test_a_damaged_spacy_file_is_refused(read, damage):
    whole = DocBin(docs=[Doc(NLP.vocab, words=["a"])]).to_bytes()
    with pytest.raises(InputError, match=r"train.spacy: not a sound .spacy file"):
        read(damage(whole), name="train.spacy")


def test_a_spacy_file_without_docs_is_empty(read):
    with pytest.raises(InputError, match="no sentence in it"):
        read(DocBin().to_bytes(), name="train.spacy")


def test_a_missing_file_and_a_folder_without_corpora_are_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.conll: no such file or folder"):
        next(make_conll_corpus(tmp_path / "gone.conll")(NLP))
    with pytest.raises(InputError, match=r"no corpus in this folder, expected .conll, "):
        next(make_conll_corpus(tmp_path)(NLP))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": None}, "no path to a corpus"),
        ({"scheme": "BOI"}, "unknown tag scheme 'BOI', expected one of BILUO, BIO, IOB1, IOBES"),
        ({"columns": {"ner": 1}}, "lack 'word'"),
        ({"columns": {"word": 0, "lemma": 1}}, "unknown column 'lemma', expected word, ner, tag"),
        ({"columns": {"word": 0, "_.": 1}}, "unknown column '_.'"),
        ({"separator": "comma"}, "unknown separator 'comma', expected one of whitespace, tab"),
        ({"unit": "page"}, "unknown unit 'page', expected one of sentence, document"),
        ({"limit": -1}, "limit -1, expected 0"),
    ],
)
def test_a_wrong_option_is_named_before_any_file_is_read(options, message):
    with pytest.raises(InputError, match=message):
        make_conll_corpus(**{"path": "gone.conll", **options})


def test_a_column_for_a_computed_attribute_is_refused():
    Token.set_extension("shout_in_test", getter=lambda token: token.text.upper(), force=True)
    with pytest.raises(InputError, match=r"token._.shout_in_test is computed"):
        make_conll_corpus("gone.conll", columns={"word": 0, "_.shout_in_test": 1})


def test_the_reader_is_registered():
    assert spacy.registry.readers.get("seqpipe.ConllCorpus.v1") is make_conll_corpus


@needs_data
@pytest.mark.parametrize(
    ("name", "options", "sentences", "tokens", "entities"),
    [
        ("conll2003/eng.testa", {"scheme": "IOB1"}, 3250, 51362, 5942),
        ("conll2003/eng.testb", {"scheme": "IOB1"}, 3453, 46435, 5648),
        ("wnut17/wnut17train.conll", {"separator": "tab"}, 3394, 62730, 1975),
        ("wnut17/emerging.dev.conll", {"separator": "tab"}, 1009, 15733, 836),
        ("wnut17/emerging.test.annotated", {"separator": "tab"}, 1287, 23394, 1079),
        # A Spanish entity goes on over a sentence's end, where it counts twice.
        ("conll2002/esp.testa", {"scheme": "IOB1"}, 1915, 52923, 4352),
        # A Dutch document's start stands in its first sentence, which is kept.
        ("conll2002/ned.testa", {}, 2895, 37687, 2616),
        ("sec_filings/FIN5.txt", {"scheme": "IOB1"}, 1164, 41010, 1168),
        ("sec_filings/FIN3.txt", {"scheme": "IOB1"}, 303, 13246, 318),
        ("europeana/enp_DE.onb.bio", {"scheme": "IOB1"}, 1, 28012, 3343),
    ],
)
def test_a_real_corpus_has_its_counts(name, options, sentences, tokens, entities):
    counts = Counter()
    for eg in make_conll_corpus(DATA / name, **options)(NLP):
        counts.update(sentences=1, tokens=len(eg.reference), entities=len(eg.reference.ents))
    assert counts == {"sentences": sentences, "tokens": tokens, "entities": entities}


@needs_data
@pytest.mark.parametrize(
    ("name", "scheme", "documents"),
    [("conll2003/eng.testb", "IOB1", 231), ("conll2002/ned.testa", "BIO", 74)],
)
def test_a_real_corpus_has_its_documents(name, scheme, documents):
    reader = make_conll_corpus(DATA / name, scheme=scheme, unit="document")
    assert sum(1 for _ in reader(NLP)) == documents


@needs_data
def test_real_iob1_read_as_bio_says_so():
    with pytest.raises(InputError, match=r"eng.testb, line 3: I-LOC after O, .* legal in IOB1"):
        list(make_conll_corpus(DATA / "conll2003" / "eng.testb")(NLP))


@needs_data
def test_header_lines_in_a_real_file_are_refused():
    with pytest.raises(InputError, match=r"enp_DE.sbb.bio, line 2: .* has 4 columns, expected 3"):
        list(make_conll_corpus(DATA / "europeana" / "enp_DE.sbb.bio")(NLP))
