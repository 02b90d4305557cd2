"""Files of translations: plain, gzip, several, and those that do not belong together."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from seqpipe.evaluation.bleu_files import read_parallel
from seqpipe.files import InputError


def written(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def test_lines_end_at_line_feeds_alone(tmp_path):
    first = written(tmp_path / "a", "one\u2028two\x0bthree\r\nfour")
    second = written(tmp_path / "b.gz", gzip.compress("é\n\n".encode()))
    assert read_parallel([first, second]) == [["one\u2028two\x0bthree", "four"], ["é", ""]]


def test_lists_of_different_length_are_refused_with_the_lines_of_each(tmp_path):
    counts = {"a": 3, "b": 3, "c": 2}
    texts = [written(tmp_path / name, "x\n" * count) for name, count in counts.items()]
    with pytest.raises(InputError) as caught:
        read_parallel(texts)
    a, b, c = texts
    assert str(caught.value) == f"lines: {a} 3, {b} 3, {c} 2; expected equally many in each file"


@pytest.mark.parametrize("text", ["", "\n", " \n\n"])
def test_a_file_without_text_is_refused(tmp_path, text):
    empty = written(tmp_path / "empty", text)
    with pytest.raises(InputError, match="empty: no text in it, expected a sentence a line"):
        read_parallel([written(tmp_path / "a", "x\n"), empty])


def test_a_byte_that_is_not_utf8_is_refused_with_file_and_line(tmp_path):
    with pytest.raises(InputError, match="latin, line 2: byte 0xe9 is not UTF-8"):
        read_parallel([written(tmp_path / "latin", "caf\ncafé\n".encode("latin-1"))])


def test_a_damaged_gzip_file_is_refused(tmp_path):
    whole = gzip.compress(b"a cat\n" * 100)
    with pytest.raises(InputError, match=r"cut\.gz: no sound gzip file"):
        read_parallel([written(tmp_path / "cut.gz", whole[:-10])])


def test_standard_input_stands_for_one_file_only():
    with pytest.raises(InputError, match="standard input"):
        read_parallel([Path("-"), Path("-")])
