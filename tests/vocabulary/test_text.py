"""Raw text is read as it stands, in pieces where lines are long; what is no text is refused."""

import gzip

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.vocabulary import text as module
from seqpipe.vocabulary.text import corpus_tokens, read_tokens, tokenizer_of


def silent(what, share):
    pass


def split(texts):
    return [text.split() for text in texts]


def read(*paths, tokenize=split):
    """The lines of files, each a list of tokens."""
    lines, line = [], []
    for tokens, ends in read_tokens(list(paths), tokenize, silent):
        line.extend(tokens)
        if ends:
            lines.append(line)
            line = []
    assert not line
    return lines


def test_a_line_is_a_sentence_and_files_follow_each_other(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a glass of\r\n\norange  juice\n")
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbfno line end")
    found = read(tmp_path / "a.txt", tmp_path / "b.txt")
    assert found == [["a", "glass", "of"], [], ["orange", "juice"], ["no", "line", "end"]]


def test_gzip_is_told_by_its_content(tmp_path):
    (tmp_path / "a.txt").write_bytes(gzip.compress("süß sauer\n".encode()))
    assert read(tmp_path / "a.txt") == [["süß", "sauer"]]


@given(st.lists(st.text("ab ä\U0001f34a\n", max_size=40), max_size=4), st.integers(5, 12))
def test_long_lines_are_read_in_pieces_that_end_with_a_word(tmp_path_factory, texts, piece):
    file = tmp_path_factory.mktemp("t") / "a.txt"
    content = " ".join([*texts, "a"])
    file.write_text(content, encoding="utf-8", newline="\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", piece)
        found = read(file)
    lines = content.split("\n")
    if lines[-1] == "":
        lines.pop()
    # A word longer than a piece is cut: what was read is the same but for that.
    assert ["".join(line) for line in found] == ["".join(line.split()) for line in lines]
    if all(len(word.encode()) < piece - 1 for word in content.split()):
        assert found == [line.split() for line in lines]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"fine\nbad \xff byte\n", "line 2: byte 0xff is not UTF-8"),
        (b"fine\nfine\nPK\x00\x03\n", "line 3: a binary file"),
        (gzip.compress(b"text " * 1000)[:-20], "line 1: damaged gzip file"),
    ],
    ids=["bytes", "binary", "cut"],
)
def test_what_is_no_text_is_refused_with_its_line(tmp_path, content, message):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / "a.txt")


def test_files_without_a_word_are_refused_by_name(tmp_path):
    (tmp_path / "a").write_text("")
    (tmp_path / "b").write_text(" \n\n")
    with pytest.raises(InputError, match=f"{tmp_path / 'a'}, {tmp_path / 'b'}: no word in it"):
        read(tmp_path / "a", tmp_path / "b")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="nothere"):
        read(tmp_path / "nothere.txt")
    with pytest.raises(InputError, match="a folder, expected a text file"):
        read(tmp_path)


def test_the_share_that_was_read_rises_to_one(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 1000)
    for name in ("a", "b"):
        (tmp_path / name).write_text("one two\n" * 50_000)
    shares = []
    for _ in read_tokens([tmp_path / "a", tmp_path / "b"], split, lambda _, s: shares.append(s)):
        pass
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_tokens_are_the_pipelines_or_parted_by_white_space():
    nlp = spacy.blank("en")
    assert tokenizer_of(nlp, lower=False)(["Don't  go."])[0] == ["Do", "n't", "go", "."]
    assert tokenizer_of(nlp, lower=True)(["Don't  go."])[0] == ["do", "n't", "go", "."]
    assert tokenizer_of(None, lower=False)(["Don't  go."])[0] == ["Don't", "go."]
    assert tokenizer_of(None, lower=True)(["Don't  go."])[0] == ["don't", "go."]


def test_docs_give_a_line_a_sentence():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    plain = spacy.blank("en")

    def corpus(pipeline):
        from spacy.training import Example

        for text in ("One here. Two there.",):
            yield Example(plain.make_doc(text), nlp(text))
            yield Example(plain.make_doc(text), plain(text))

    assert list(corpus_tokens(corpus, plain, lower=False, report=silent)) == [
        (["One", "here", "."], True),
        (["Two", "there", "."], True),
        (["One", "here", ".", "Two", "there", "."], True),
    ]
