"""Long texts cut into streams: nothing is lost, nothing is read twice, and the order comes back."""

import gzip
from functools import cache

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.lm.sequences import sequences_of
from seqpipe.lm.streams import make_text_streams, piece_of, stream_batches
from seqpipe.vocabulary.tokenizer import create_unk_tokenizer

TEXT = "the cat sat\na dog\n\nthe end of it all\nso\n"


@cache
def tokenized_by(unit):
    """No test may change it."""
    nlp = spacy.blank("xx")
    nlp.tokenizer = create_unk_tokenizer(unit=unit)(nlp)
    return nlp


def written(tmp_path, text, name="text.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def predicted(examples, *, ends=True, spaces=False):
    """The words that are predicted, by stream."""
    streams = {}
    for eg in examples:
        _, sequences = sequences_of(eg.reference, ends=ends, spaces=spaces, whole=False)
        found = streams.setdefault(piece_of(eg.reference).stream, [])
        found += [word for sequence in sequences for word in sequence.words]
    return [streams[s] for s in sorted(streams)]


def test_one_stream_is_the_text_with_an_end_after_each_sentence(tmp_path):
    read = make_text_streams(written(tmp_path, TEXT), streams=1, steps=3)
    words = [
        "the",
        "cat",
        "sat",
        "<EOS>",
        "a",
        "dog",
        "<EOS>",
        "the",
        "end",
        "of",
        "it",
        "all",
        "<EOS>",
        "so",
        "<EOS>",
    ]
    assert predicted(read(tokenized_by("whitespace"))) == [words]


def test_a_piece_has_so_many_steps_and_its_sentences_are_marked(tmp_path):
    read = make_text_streams(written(tmp_path, TEXT), streams=1, steps=3)
    docs = [eg.reference for eg in read(tokenized_by("whitespace"))]
    assert [doc.text.split() for doc in docs] == [
        ["the", "cat", "sat"],
        ["a", "dog"],
        ["the", "end", "of"],
        ["it", "all"],
        ["so"],
    ]
    assert [piece_of(doc).is_closed for doc in docs] == [True, True, False, True, True]
    assert [piece_of(doc).is_last for doc in docs] == [False] * 4 + [True]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Written anew for each example."""
    return tmp_path_factory.mktemp("text") / "text.txt"


@settings(deadline=None)
@given(
    lines=st.lists(st.lists(st.sampled_from("abcdefg"), max_size=9), min_size=1, max_size=30),
    streams=st.integers(1, 5),
    steps=st.integers(1, 8),
)
def test_streams_one_after_another_are_the_text(file, lines, streams, steps):
    if not any(lines):
        return
    file.write_text("\n".join(" ".join(line) for line in lines) + "\n", encoding="utf-8")
    examples = list(
        make_text_streams(file, streams=streams, steps=steps)(tokenized_by("whitespace"))
    )
    words = [word for found in predicted(examples) for word in found if word != "<EOS>"]
    assert words == [word for line in lines for word in line]
    ends = sum(found.count("<EOS>") for found in predicted(examples))
    assert ends == sum(bool(line) for line in lines)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.randoms(use_true_random=False))
def test_shuffled_pieces_come_back_in_their_order(file, streams, steps, generator):
    file.write_text("".join(f"w{i} w{i + 1} w{i + 2}\n" for i in range(12)), encoding="utf-8")
    read = make_text_streams(file, streams=streams, steps=steps)
    examples = list(read(tokenized_by("whitespace")))
    in_order = [[piece_of(eg.reference) for eg in batch] for batch in stream_batches(examples)]
    generator.shuffle(examples)
    shuffled = [[piece_of(eg.reference) for eg in batch] for batch in stream_batches(examples)]
    assert shuffled == in_order
    assert [{piece.place for piece in batch} for batch in in_order] == [
        {i} for i in range(len(in_order))
    ]
    assert sum(map(len, in_order)) == len(examples)


def test_pieces_in_their_order_do_not_wait(tmp_path):
    path = written(tmp_path, "a b c d\n" * 50)
    read = make_text_streams(path, streams=4, steps=5)
    drawn = []

    def examples():
        for eg in read(tokenized_by("whitespace")):
            drawn.append(eg)
            yield eg

    for number, batch in enumerate(stream_batches(examples()), start=1):
        assert len(batch) == 4 or number > 8
        assert len(drawn) <= 4 * number


def test_a_model_of_characters_reads_line_breaks_and_no_ends(tmp_path):
    path = written(tmp_path, "To be,\nor  not\n")
    read = make_text_streams(path, streams=1, steps=4, sentences=False)
    examples = list(read(tokenized_by("char")))
    assert predicted(examples, ends=False, spaces=True) == [list("To be,\nor  not\n")]
    assert [eg.reference.text for eg in examples] == ["To b", "e,\no", "r  n", "ot\n"]


def test_lines_of_characters_may_be_sentences(tmp_path):
    read = make_text_streams(written(tmp_path, "ab\nc d\n"), streams=1, steps=9)
    words = ["a", "b", "<EOS>", "c", " ", "d", "<EOS>"]
    assert predicted(read(tokenized_by("char")), spaces=True) == [words]


def test_gzip_and_several_files_are_one_text(tmp_path):
    one, two = written(tmp_path, "a b\n"), tmp_path / "two.txt.gz"
    with gzip.open(two, "wt", encoding="utf-8") as stream:
        stream.write("c\n")
    read = make_text_streams([str(one), str(two)], streams=1, steps=9)
    assert predicted(read(tokenized_by("whitespace"))) == [["a", "b", "<EOS>", "c", "<EOS>"]]


def test_the_marks_of_other_tools_are_unknown_words(tmp_path):
    read = make_text_streams(written(tmp_path, "a <unk> </s> b\n"), streams=1, steps=9)
    words = ["a", "<UNK>", "<UNK>", "b", "<EOS>"]
    assert predicted(read(tokenized_by("whitespace"))) == [words]


def test_the_batcher_wants_pieces():
    nlp = spacy.blank("xx")
    doc = nlp("a b")
    with pytest.raises(InputError, match="no piece of a text"):
        next(stream_batches([spacy.training.Example(doc, doc.copy())]))


@pytest.mark.parametrize(("key", "value"), [("streams", 0), ("steps", -1)])
def test_numbers_out_of_range_are_named(tmp_path, key, value):
    with pytest.raises(InputError, match=f"{key} = {value}"):
        make_text_streams(tmp_path / "text.txt", **{key: value})


def test_an_empty_text_is_named(tmp_path):
    with pytest.raises(InputError, match=r"text\.txt.*no word in it"):
        next(make_text_streams(written(tmp_path, "\n \n"))(tokenized_by("whitespace")))


def test_a_second_reading_is_the_first(tmp_path):
    read = make_text_streams(written(tmp_path, TEXT), streams=2, steps=2)
    nlp = tokenized_by("whitespace")
    once, again = ([eg.reference.text for eg in read(nlp)] for _ in range(2))
    assert once == again
