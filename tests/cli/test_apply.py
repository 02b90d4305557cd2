"""`seqpipe apply` writes one JSON object a text, as the texts come."""

import gzip
import io
import json
import os
import subprocess
import sys
from subprocess import PIPE

import pytest
import spacy
import typer
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Span, Token
from typer.testing import CliRunner

from seqpipe.cli.apply import apply
from seqpipe.cli.records import doc_record
from seqpipe.cli.texts import read_texts
from seqpipe.files import InputError
from tests.processes import without_torch


def run(*words, stdin=None):
    app = typer.Typer()
    app.command()(apply)
    result = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        result.exception.result = result
        raise result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


def batches(content, size=3, name="-"):
    from pathlib import Path

    return list(read_texts(io.BufferedReader(io.BytesIO(content)), Path(name), size))


def texts(content, size=3, name="-"):
    return [item["text"] for batch in batches(content, size, name) for item in batch]


def test_record_has_text_entities_tokens_and_tags(model):
    (record,) = run(model, "-", stdin="Ann left Leeds\n")
    assert record["text"] == "Ann left Leeds"
    assert record["ents"] == [
        {"start": 0, "end": 3, "label": "PER", "text": "Ann"},
        {"start": 9, "end": 14, "label": "LOC", "text": "Leeds"},
    ]
    assert record["tokens"] == ["Ann", "left", "Leeds"]
    assert set(record["tags"]) <= {"N", "V"}


def test_every_line_gives_one_record_blank_ones_too(model):
    records = run(model, "-", stdin="Ann\n\nno end of line")
    assert [record["text"] for record in records] == ["Ann", "", "no end of line"]
    assert records[1]["ents"] == []


def test_more_texts_than_a_batch_keep_their_order(model):
    lines = [f"Ann {i}" for i in range(25)]
    records = run(model, "-", "--batch-size", "4", stdin="\n".join(lines))
    assert [record["text"] for record in records] == lines


def test_plain_and_gzipped_files_give_the_same(model, tmp_path):
    (tmp_path / "a.txt").write_text("Ann\nLeeds\n")
    with gzip.open(tmp_path / "a.txt.gz", "wt") as stream:
        stream.write("Ann\nLeeds\n")
    assert run(model, tmp_path / "a.txt") == run(model, tmp_path / "a.txt.gz")


def test_json_lines_keep_what_else_they_have(model, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 3, "text": "Ann"}\n\n{"text": "on"}\n')
    first, second = run(model, tmp_path / "a.jsonl")
    assert (first["id"], first["text"], second["text"]) == (3, "Ann", "on")


def test_output_file_appears_whole_or_not_at_all(model, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"Ann\n\xff\n")
    with pytest.raises(InputError):
        run(model, tmp_path / "a.txt", "--output", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    (tmp_path / "a.txt").write_bytes(b"Ann\n")
    run(model, tmp_path / "a.txt", "--output", tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["text"] == "Ann"


def test_line_that_is_not_utf8_is_named_after_what_came_before_it(model):
    with pytest.raises(InputError, match=r"standard input, line 2: byte 0xff is not") as caught:
        run(model, "-", stdin=b"Ann\n\xff\n")
    assert json.loads(caught.value.result.stdout)["text"] == "Ann"


@pytest.mark.parametrize("line", ["[1]", '{"txt": "Ann"}', '{"text": 3}', "Ann"])
def test_line_that_is_no_object_with_text_is_named(line):
    with pytest.raises(InputError, match=r"a\.jsonl, line 2: .*expected a JSON object with a s"):
        texts(f'{{"text": "Ann"}}\n{line}\n'.encode(), name="a.jsonl")


def test_missing_and_damaged_files_are_named(model, tmp_path):
    with pytest.raises(InputError, match=r"nope\.txt: no such file, expected one of texts"):
        run(model, tmp_path / "nope.txt")
    with pytest.raises(InputError, match="a folder, expected a file of texts"):
        run(model, tmp_path)
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"Ann\n")[:-4])
    with pytest.raises(InputError, match=r"a\.gz: no sound gzip file"):
        run(model, tmp_path / "a.gz")


def test_byte_order_mark_and_carriage_returns_are_no_text():
    assert texts(b"\xef\xbb\xbfAnn\r\nLeeds\r\n") == ["Ann", "Leeds"]


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"]))))
def test_lines_are_split_at_newlines_alone(lines):
    assert texts("".join(f"{line}\n" for line in lines).encode()) == lines


def test_line_longer_than_a_read_is_one_text():
    assert texts(b"x" * 200_000 + b"\nend") == ["x" * 200_000, "end"]


def test_batches_are_no_larger_than_asked_for():
    assert [len(batch) for batch in batches(b"a\n" * 7, size=3)] == [3, 3, 1]


def test_doc_record_has_confidence_and_extension_values():
    nlp = spacy.blank("en")
    if not Token.has_extension("is_name"):
        Token.set_extension("is_name", default=None)
    doc = nlp("Ann sang")
    doc[0]._.is_name = "1"
    doc.user_data["._.", "translation", None, None] = "Ann chanta"
    doc.user_data["mine"] = object()
    record = doc_record(doc, set())
    assert record["is_name"] == ["1", None]
    assert record["tokens"] == ["Ann", "sang"]
    assert record["translation"] == "Ann chanta"
    assert "mine" not in record


def test_entity_with_a_confidence_has_it_in_its_record():
    had = Span.get_extension("confidence") if Span.has_extension("confidence") else None
    Span.set_extension("confidence", getter=lambda span: 0.98765, force=True)
    try:
        doc = spacy.blank("en")("Ann sang")
        doc.ents = [Span(doc, 0, 1, label="PER")]
        assert doc_record(doc, {"doc.ents"})["ents"][0]["confidence"] == 0.9877
    finally:
        Span.remove_extension("confidence")
        if had is not None:
            Span.set_extension("confidence", getter=had[2])


def started(model, *before, env=os.environ, **pipes):
    """The command as a process, behind other words."""
    command = [*before, sys.executable, "-m", "seqpipe", "apply", str(model), "-"]
    return subprocess.Popen(command, env=without_torch(env), **pipes)


def test_reader_that_stops_early_ends_it_in_quiet(model):
    process = started(model, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    process.stdin.write(b"Ann left Leeds\n")
    process.stdin.flush()
    process.stdout.readline()
    process.stdout.close()
    process.stdin.write(b"Ann left Leeds\n" * 10)
    process.stdin.close()
    assert b"Traceback" not in process.stderr.read()
    assert process.wait(timeout=60) == 141


def test_output_is_utf8_json_whatever_the_terminal_speaks(model):
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    process = started(model, env=env, stdin=PIPE, stdout=PIPE)
    out, _ = process.communicate("Ann liebt Málaga €".encode())
    assert process.returncode == 0
    assert json.loads(out.decode("utf-8"))["text"] == "Ann liebt Málaga €"


@pytest.mark.parametrize(("closed", "name"), [("<&-", "input"), (">&-", "output")])
def test_closed_stream_is_one_message(model, closed, name):
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh"]
    process = started(model, *shell, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    _, said = process.communicate(b"")
    assert process.returncode == 1
    assert said.decode().startswith(f"error: standard {name} is closed, expected")
    assert len(said.splitlines()) == 1


def test_first_text_is_answered_before_the_second_is_there(model):
    process = started(model, stdin=PIPE, stdout=PIPE)
    for text in ("Ann", "Leeds"):
        process.stdin.write(f"{text}\n".encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["text"] == text
    process.stdin.close()
    assert process.wait(timeout=60) == 0
