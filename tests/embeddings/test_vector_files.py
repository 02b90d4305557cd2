"""Vector files: round trips, gensim's and spaCy's readers, and one message for each fault."""

import gzip

import numpy as np
import pytest
import spacy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spacy.training.initialize import convert_vectors, load_vectors_into_model
from spacy.vectors import Vectors

from seqpipe.embeddings import Embeddings, read_vectors, write_vectors
from seqpipe.embeddings.vector_files import form_of_content, form_of_name, read_words
from seqpipe.files import InputError
from tests.embeddings.featurised import table

TEXT = b"3 2\nthe 0.5 1\nof 2 3\nto -1 1e-3\n"
BINARY = b"2 2\nthe " + np.float32([0.5, 1]).tobytes() + b"of " + np.float32([2, 3]).tobytes()
FLORET = b"2 3 2 3 2 2166136261 < >\n0 0.5 1 2\n1 3 4 5\n"
FILES = {"word2vec": "v.txt", "word2vec-binary": "v.bin", "glove": "glove.txt"}


def letters(*, without):
    """Words, of any characters but these."""
    return st.text(
        st.characters(exclude_characters=without, exclude_categories=["Cs"]), min_size=1, max_size=6
    )


@st.composite
def matrices(draw):
    words = draw(st.lists(letters(without=" \n"), min_size=1, max_size=6, unique=True))
    width = draw(st.integers(1, 5))
    elements = st.floats(width=32, allow_nan=False, allow_infinity=False)
    return Embeddings(words, draw(arrays("f4", (len(words), width), elements=elements)))


def same(a, b):
    assert a.words == b.words
    np.testing.assert_array_equal(a.E, b.E)


def written(tmp_path, content, name="vectors.txt"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def floret():
    data = np.random.default_rng(0).standard_normal((20, 3)).astype("f")
    settings = {"minn": 2, "maxn": 3, "hash_count": 2, "hash_seed": 7, "bow": "<", "eow": ">"}
    return Embeddings([], data[:0], floret=Vectors(data=data, mode="floret", **settings))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("form", FILES)
@settings(deadline=None, max_examples=40)
@given(matrices())
@example(Embeddings(["7", "a\r", "\t", "\u00a0x", "\ufeff"], np.eye(5) / 3))
def test_round_trip(tmp_path_factory, form, suffix, embeddings):
    path = tmp_path_factory.mktemp("vectors") / (FILES[form] + suffix)
    write_vectors(embeddings, path)
    assert form_of_name(path) == form
    same(read_vectors(path, form=form), embeddings)
    assert path.read_bytes().startswith(b"\x1f\x8b") == bool(suffix)


@pytest.mark.parametrize("form", FILES)
def test_form_is_told_by_the_content(tmp_path, form):
    write_vectors(table(), tmp_path / "vectors", form=form)
    assert form_of_content(tmp_path / "vectors") == form
    same(read_vectors(tmp_path / "vectors"), table())


@pytest.mark.parametrize("width", [1, 2, 300])
def test_binary_vectors_of_zeros_and_of_numbers_are_told_from_text(tmp_path, width):
    for E in (np.zeros((3, width)), np.random.default_rng(width).standard_normal((3, width))):
        write_vectors(Embeddings("abc", E), tmp_path / "v", form="word2vec-binary")
        assert form_of_content(tmp_path / "v") == "word2vec-binary"


@pytest.mark.parametrize("width", [1, 3, 400_000])
def test_binary_vectors_of_any_width_are_read_in_pieces(tmp_path, width):
    E = np.random.default_rng(0).standard_normal((5, width)).astype("f")
    write_vectors(Embeddings("abcde", E), tmp_path / "v.bin")
    same(read_vectors(tmp_path / "v.bin"), Embeddings("abcde", E))


@pytest.mark.parametrize("form", ["word2vec", "glove"])
@pytest.mark.parametrize("word", [". . .", "at name@domain.com", "a  b"])
def test_word_with_spaces_is_counted_from_the_right(tmp_path, form, word):
    embeddings = Embeddings(["the", word], [[1, 2], [3, 4]])
    write_vectors(embeddings, tmp_path / "v.txt", form=form)
    same(read_vectors(tmp_path / "v.txt"), embeddings)


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("word2vec", "a\nb"),
        ("word2vec", ""),
        ("glove", "number 5"),
        ("glove", " "),
        ("word2vec", "a "),
        ("word2vec-binary", "a b"),
        ("word2vec-binary", ""),
    ],
)
def test_word_that_could_not_be_read_back_is_not_written(tmp_path, form, word):
    path = written(tmp_path, b"what was there")
    with pytest.raises(InputError, match="could not be read back"):
        write_vectors(Embeddings(["the", word], [[1, 2], [3, 4]]), path, form=form)
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("end", [b"\n", b" \n", b"\r\n", b"\n\n \n"])
def test_line_ends_of_all_kinds_are_read(tmp_path, end):
    embeddings = read_vectors(written(tmp_path, TEXT.replace(b"\n", end.split(b"\n")[0] + b"\n")))
    same(embeddings, Embeddings(["the", "of", "to"], [[0.5, 1], [2, 3], [-1, 1e-3]]))
    assert len(read_vectors(written(tmp_path, TEXT.rstrip() + end))) == 3


@pytest.mark.parametrize("gap", [b"  ", b"\t", b" \t"])
def test_tabs_and_several_spaces_part_values_too(tmp_path, gap):
    embeddings = read_vectors(written(tmp_path, TEXT.replace(b" ", gap)))
    same(embeddings, Embeddings(["the", "of", "to"], [[0.5, 1], [2, 3], [-1, 1e-3]]))


def test_line_end_behind_a_binary_vector_may_be_missing(tmp_path):
    same(
        read_vectors(written(tmp_path, BINARY)), Embeddings(["the", "of"], [[0.5, 1.0], [2.0, 3.0]])
    )


FAULTS = {
    "empty file": (b"", ": an empty file, expected word vectors"),
    "empty first line": (b"\nthe 1 2\n", ": its first line is empty"),
    "text of another kind": (b"Hello, world!\n", ", line 1: no number, expected a word"),
    "binary file": (b"\x89PNG\r\n\x1a\n\0\0\0", ": a binary file without word2vec's header"),
    "too few rows": (TEXT.replace(b"3 2", b"4 2"), ", line 1: the header says 4 words, the file"),
    "too many rows": (TEXT.replace(b"3 2", b"2 2"), ", line 4: more words than the 2 that"),
    "a header of astronomic size": (
        TEXT.replace(b"3 2", b"999999999999 300"),
        ", line 1: the header says 999999999999 words of width 300, more than the file can hold",
    ),
    "no rows": (b"0 2\n", ", line 1: the header says 0 words of width 2, expected at least one"),
    "no width": (b"2 0\na\nb\n", ", line 1: the header says 2 words of width 0"),
    "header too wide": (TEXT.replace(b"3 2", b"3 3"), ", line 2: 2 values, expected 3"),
    "header too narrow": (TEXT.replace(b"3 2", b"3 1"), ", line 2: 2 values, expected 1"),
    "line too short": (TEXT.replace(b"of 2 3", b"of 2"), ", line 3: 1 values, expected 2"),
    "line too long": (TEXT.replace(b"of 2", b"of 2 2"), ", line 3: 3 values, expected 2"),
    "an empty line": (TEXT.replace(b"of", b"\nof"), ", line 3: an empty line"),
    "no number": (TEXT.replace(b"2 3", b"2 x"), ", line 3: value 'x', expected a number"),
    "NaN": (TEXT.replace(b"2 3", b"2 nan"), ", line 3: the value nan, expected a number"),
    "infinity": (TEXT.replace(b"2 3", b"-inf 3"), ", line 3: the value -inf, expected a number"),
    "beyond float32": (TEXT.replace(b"2 3", b"1e39 3"), ", line 3: the value inf, expected"),
    "word twice": (TEXT.replace(b"to", b"the"), ", line 4: the word 'the' is there twice, first"),
    "no word": (TEXT.replace(b"of", b""), ", line 3: no word before the values"),
    "not UTF-8": (TEXT.replace(b"of", b"\xe9"), ", line 3: byte 0xe9 is not UTF-8"),
    "not UTF-8 at once": (TEXT.replace(b"the", b"\xe9"), ", line 2: byte 0xe9 is not UTF-8"),
    "gzip cut short": (gzip.compress(TEXT)[:-9], ": no sound gzip file"),
    "GloVe, line too short": (b"the 1 2\nof 1\n", ", line 2: 1 values, expected 2"),
    "GloVe, NaN": (b"the 1 2\nof nan 1\n", ", line 2: the value nan"),
    "floret, too few rows": (FLORET.replace(b"2 3 2", b"3 3 2", 1), ", line 1: the header says 3"),
    "floret, bad settings": (FLORET.replace(b"3 2 3", b"3 4 3", 1), ", line 1: [E863]"),
    "binary, too few words": (b"9" + BINARY[1:], ", line 1: the header says 9 words of width 2, m"),
    "binary, cut short": (BINARY[:-1], ": the file ends in word 2, its header says 2"),
    "binary, too many words": (b"1" + BINARY[1:], ", line 1: more words than the 1 that"),
    "binary, header too wide": (b"2 3" + BINARY[3:], ", line 1: the header says 2 words of width"),
    "binary, NaN": (BINARY[:-4] + np.float32(np.nan).tobytes(), ": word 2, 'of': the value nan"),
    "binary, word twice": (BINARY.replace(b"of", b"the"), ": word 2, 'the', is there twice"),
    "binary, no word": (BINARY.replace(b"of", b""), ": word 2 is empty"),
    "binary, not UTF-8": (BINARY.replace(b"of", b"\xe9"), ": byte 0xe9 is not UTF-8"),
    "binary, no space": (b"2 2\n" + b"\0x" * 99_999, ": the file ends in word 1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_file_is_one_message_with_its_place(tmp_path, fault):
    content, message = FAULTS[fault]
    path = written(tmp_path, content)
    with pytest.raises(InputError) as caught:
        read_vectors(path)
    assert str(caught.value).startswith(f"{path}{message}")


@pytest.mark.parametrize(
    ("form", "content", "message"),
    [
        ("word2vec-binary", TEXT, "; it looks like text (word2vec)"),
        (
            "word2vec-binary",
            b"the 1 2\n",
            "a text file (its content says glove), expected a binary",
        ),
        ("word2vec", BINARY, "a binary file (its content says word2vec-binary), expected a text"),
        ("spacy", TEXT, "a text file (its content says word2vec), expected a folder (spacy)"),
        ("word2vec", b"the 1 2\n", "line 1: header 'the 1 2', expected the number of words and"),
        ("floret", TEXT, "line 1: header '3 2', expected bucket dim minn maxn"),
        ("word", TEXT, "form 'word', expected word2vec, word2vec-binary, glove, floret, spacy"),
    ],
)
def test_form_that_the_content_contradicts_is_refused(tmp_path, form, content, message):
    with pytest.raises(InputError) as caught:
        read_vectors(written(tmp_path, content), form=form)
    assert message in str(caught.value)


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_what_we_write_and_we_what_gensim_writes(tmp_path, binary):
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    embeddings = Embeddings(["the", "café", "to"], np.random.default_rng(0).random((3, 5)))
    form = "word2vec-binary" if binary else "word2vec"
    write_vectors(embeddings, tmp_path / "ours", form=form)
    theirs = keyed.load_word2vec_format(str(tmp_path / "ours"), binary=binary)
    assert theirs.index_to_key == embeddings.words
    np.testing.assert_array_equal(theirs.vectors, embeddings.E)
    theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
    same(read_vectors(tmp_path / "theirs"), embeddings)


def test_gensim_reads_our_glove_form(tmp_path):
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    write_vectors(table(), tmp_path / "glove.txt")
    theirs = keyed.load_word2vec_format(str(tmp_path / "glove.txt"), no_header=True)
    np.testing.assert_array_equal(theirs.vectors, table().E)


def test_pipeline_round_trip_by_its_folder_and_by_its_vocab(tmp_path):
    write_vectors(table(), tmp_path / "model", lang="en")
    same(read_vectors(tmp_path / "model"), table())
    same(read_vectors(tmp_path / "model" / "vocab"), table())
    nlp = spacy.blank("en")
    load_vectors_into_model(nlp, tmp_path / "model")
    np.testing.assert_array_equal(nlp("queen")[0].vector, table()["queen"])


@pytest.mark.parametrize("mode", ["default", "floret"])
def test_spacy_reads_our_text_forms(tmp_path, mode):
    ours = table() if mode == "default" else floret()
    path = tmp_path / ("v.vec.gz" if mode == "default" else "v.floret")
    write_vectors(ours, path)
    nlp = spacy.blank("en")
    convert_vectors(nlp, path, truncate=0, prune=-1, mode=mode)
    np.testing.assert_array_equal(nlp.vocab["king"].vector, ours["king"])


def test_floret_goes_from_text_to_a_pipeline_and_back(tmp_path):
    write_vectors(floret(), tmp_path / "a.floret.gz")
    assert form_of_content(tmp_path / "a.floret.gz") == "floret"
    table = read_vectors(tmp_path / "a.floret.gz")
    write_vectors(table, tmp_path / "model")
    again = read_vectors(tmp_path / "model").subset(["unseen", "words"])
    write_vectors(again, tmp_path / "b.floret.gz")
    assert (tmp_path / "a.floret.gz").read_bytes() == (tmp_path / "b.floret.gz").read_bytes()
    assert again.words == ["unseen", "words"]
    np.testing.assert_array_equal(again.E, floret()[["unseen", "words"]])
    write_vectors(again, tmp_path / "v.txt")
    same(read_vectors(tmp_path / "v.txt"), again)


def test_list_of_words_is_read(tmp_path):
    words = read_words(written(tmp_path, b"queen\n\nnobody\nman \nqueen\n", "words.txt"))
    assert words == ["queen", "nobody", "man"]
    with pytest.raises(InputError, match="no word in it"):
        read_words(written(tmp_path, b"\n", "words.txt"))


@pytest.mark.parametrize(
    ("embeddings", "name", "form", "message"),
    [
        (table(), "v.xyz", None, "v.xyz: the name does not say the form, expected .txt, .vec"),
        (table(), "v.txt", "word", "form 'word', expected word2vec"),
        (table(), "v.floret", None, "these are vectors of words, floret's table is of n-grams"),
        (floret(), "v.txt", None, "floret vectors have no words of their own"),
        (table().subset([]), "v.txt", None, "no vectors to write"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, embeddings, name, form, message):
    with pytest.raises(InputError) as caught:
        write_vectors(embeddings, tmp_path / name, form=form)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_pipeline_is_not_written_over_something_else_nor_in_no_language(tmp_path):
    written(tmp_path, b"mine", "notes.md")
    with pytest.raises(InputError, match="holds something else than a pipeline"):
        write_vectors(table(), tmp_path, form="spacy")
    with pytest.raises(InputError, match="language 'qq'"):
        write_vectors(table(), tmp_path / "model", lang="qq")


def test_folder_without_vectors_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file, folder or pipeline package"):
        read_vectors(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no strings.json in this folder, expected a pipeline"):
        read_vectors(tmp_path)
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(InputError, match="vocab: this vocabulary has no word vectors"):
        read_vectors(tmp_path / "blank")
    write_vectors(table(), tmp_path / "model")
    (tmp_path / "model" / "vocab" / "vectors").write_bytes(b"\x93NUMPY")
    with pytest.raises(InputError, match="vocab: the vocabulary does not load"):
        read_vectors(tmp_path / "model")
