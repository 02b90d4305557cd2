"""`seqpipe report`: what it reads and writes, and what it says of a faulty REPORT.yml."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html import unescape

import pytest
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.cli.report_parts import load_report
from seqpipe.files import InputError

REPORT = """title: Tour
text: All of *it*.
sections:
  - title: Scores
    parts:
      - table: {English: metrics/en.json, German: metrics/de.json}
        columns:
          F1: {percent: scores.ents_f}
          words/s: words_per_second
      - table: metrics/en.json
        each: scores.types
        columns: {F1: {percent: f}}
      - table: metrics/en.json
        columns: {matches: bleu.clipped, n-grams: bleu.totals}
        caption: Counts
  - title: Texts
    parts:
      - page: pages/map.html
        title: The map
      - picture: pages/plot.SVG
        alt: a plot
      - lines: samples.txt
        limit: 2
      - lines: rows.jsonl
        columns: {word: word}
"""
FILES = {
    "metrics/en.json": {
        "scores": {"ents_f": {"mean": 0.91, "std": 0.01}, "types": {"PER": {"f": 0.5}}},
        "words_per_second": 12345.6,
        "bleu": {"clipped": [4, 3], "totals": [5, 4]},
    },
    "metrics/de.json": {"scores": {"ents_f": 0.7}},
    "pages/map.html": "<!doctype html><p>the map</p>",
    "pages/plot.SVG": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "samples.txt": "\ufeffone\ntwo\nthree\n",
    "rows.jsonl": '{"word": "Grüße"}\n\n{"word": 5}\n',
}


@pytest.fixture
def folder(tmp_path):
    """A folder with a report.yml and all that it names."""
    for name, content in {"report.yml": REPORT, **FILES}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder, *more, output="out/report.html"):
    words = ["report", str(folder / "report.yml"), "-o", str(folder / output), *more]
    result = CliRunner().invoke(build_app()[0], words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def change(folder, old, new, *, name="report.yml"):
    """Put something else into a file, and give the line where it stands now."""
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def seen(page):
    """What a reader sees of a page but its frames."""
    return " ".join(
        unescape(re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", page, flags=re.S)).split()
    )


def test_a_page_holds_all_that_the_report_names(folder):
    said = run(folder).stdout
    assert "The report is in" in said
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    text = seen(page)
    assert "Tour All of it ." in text
    assert "F1 words/s English 91.00 ± 1.00 % 12,346 German 70.00 % –" in text
    assert "F1 PER 50.00 %" in text
    assert "matches n-grams 1 4 5 2 3 4 Counts" in text
    assert "one two word Grüße 5" in text
    assert "the map" in unescape(re.search(r'srcdoc="([^"]*)"', page).group(1))


def test_it_is_said_what_is_read(folder):
    said = []
    load_report(folder / "report.yml", say=said.append)
    assert {"reading metrics/en.json", "reading pages/plot.SVG"} <= set(said)


def test_paths_start_at_the_folder_of_the_report(folder, monkeypatch):
    monkeypatch.chdir(folder / "pages")
    assert run(folder).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: Tour", "titel: Tour", "unknown key 'titel'; did you mean 'title'"),
        ("title: Tour", "title: 5", 'title: 5, expected a text; put it in quotes: "5"'),
        ("title: Tour", "title: ' '", "title: ' ', expected a text$"),
        ("  - title: Scores", "  - text: Scores", "sections.0: no key 'title', expected one"),
        ("        each:", "        eech:", "'sections.0.parts.1.eech'; did you mean 'each'"),
        ("{percent: f}", "{procent: f}", "columns.F1.procent'; did you mean 'percent'"),
        ("{percent: f}", "5", r"columns.F1: 5, expected a path .*, or \{percent: PATH\}"),
        (
            "{English: metrics/en.json, German: metrics/de.json}",
            "[]",
            "table: an empty list, expected a file",
        ),
        ("alt: a plot", "caption: x", "parts.1: no key 'alt', expected one"),
        ("limit: 2", "limit: 0", "limit: 0, expected 1 or more"),
        ("limit: 2", "limit: '2'", "limit: '2', expected a whole number"),
        ("page: pages/map.html", "pages: x", "'sections.1.parts.0.pages'; did you mean 'page'"),
        ("page: pages/map.html", "x: x", "parts.0: a mapping of x, title, expected exactly one of"),
        ("limit: 2", "page: x", "parts.2: .* of lines, page, expected exactly one of .* table"),
        ("columns: {word: word}", "columns: {}", "columns: .*nothing, expected at least one"),
        ("{English: ", "{2024: ", 'the key 2024, expected a text; put it in quotes: "2024"'),
        ("{English: ", "{2024-01-31: ", r'table\.2024-01-31: .* put it in quotes: "2024-01-31"'),
        ("{English: ", "{true: ", 'the key true, expected a text; put it in quotes: "true"'),
        ("text: All of *it*.", "text:", "text: nothing, expected a text"),
        ("text: All of *it*.", "5: x", "unknown key '5'; expected one of: sections, text, title"),
        ("title: Tour", r'title: "\ud800"', r"title: '\\ud800', expected whole characters"),
        ("samples.txt", r'"a\0b"', r"lines: 'a\\x00b', expected the name of a file"),
        ("words_per_second\n", "words_per_minute\n", "metrics/de.json: column 'words/s': nothing"),
        ("each: scores.types", "each: scores.type", "metrics/en.json: nothing at 'scores.type'"),
        ("{percent: f}", "g", "in each of 'scores.types': column 'F1': nothing at 'g': .* is f"),
        ("bleu.totals", "scores", "column 'n-grams': at 'scores' stands a mapping"),
        (
            "metrics/de.json}",
            "metrics/x.json}",
            r"metrics/x\.json: no such file, expected one that",
        ),
        ("pages/map.html", "pages/plot.SVG", r"plot\.SVG: expected a file that ends in \.html"),
        ("pages/plot.SVG", "pages/map.html", r"map\.html: expected a file that ends in \.svg or"),
        ("samples.txt", "rows.jsonl", r"rows\.jsonl: columns belong to a \.jsonl file"),
        ("limit: 2", "columns: {a: b}", r"samples\.txt: columns belong to a \.jsonl file"),
        ("picture: pages/plot.SVG", "picture: 'pages'", "pages: expected a file that ends in"),
        ("lines: samples.txt", "lines: pages", "pages: a folder, expected a file"),
        (
            "lines: samples.txt",
            f"lines: {os.devnull}",
            "null?: a device or a pipe, expected a file",
        ),
    ],
)
def test_a_fault_in_the_report_is_named_with_its_line(folder, old, new, message):
    line = change(folder, old, new)
    with pytest.raises(InputError, match=message) as fault:
        run(folder)
    assert fault.value.path == folder / "report.yml"
    # A block is named by its first line.
    assert line - 3 <= fault.value.line <= line
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics/en.json", b"{\n 5", r"metrics/en.json, line 2: not JSON"),
        ("metrics/en.json", b"", "metrics/en.json: an empty file"),
        ("rows.jsonl", b'{"word": 1}\n{"word"\n', r"rows\.jsonl, line 2: not JSON"),
        ("pages/map.html", b"caf\xe9", r"pages/map.html: not UTF-8"),
        ("metrics/de.json", b'{"a": "\\ud83d"}', r"de.json: half a character, '\\ud83d', expected"),
        ("metrics/de.json", b"[" * 100_000, "de.json: nested too deeply to be read"),
        ("metrics/de.json", b"9" * 5000, "de.json: an integer of more than 4,300 digits, expected"),
        (
            "metrics/de.json",
            b'{"scores": {"ents_f": 1%s}}' % (b"0" * 400),
            "de.json: column 'F1': at 'scores.ents_f' stands an integer of more than 308 digits",
        ),
        ("pages/plot.SVG", b"<html>no picture</html>", r"pages/plot\.SVG: not an SVG picture"),
    ],
)
def test_a_faulty_file_is_named(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        run(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file: nothing, expected a mapping with its keys"),
        ("- a\n", "the file: a list of 1, expected a mapping with its keys"),
        ("title: x\nsections: []\n", "sections: an empty list, expected at least one"),
        ("title: x\n", "the file: no key 'sections', expected one"),
        ("title: x\nsections: {a: b}\n", "sections: a mapping of a, expected a list"),
        ("title: x\nsections: [a]\n", r"sections\.0: 'a', expected a mapping with its keys"),
        ("title: x\nsections: [{title: a, parts: null}]\n", "parts: nothing, expected a list"),
        ("a: [b\n", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_report_is_refused(folder, text, message):
    (folder / "report.yml").write_text(text)
    with pytest.raises(InputError, match=message):
        run(folder)


def test_a_report_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"report\.yml: no such file, expected a REPORT\.yml"):
        run(tmp_path)
    (tmp_path / "report.yml").mkdir()
    with pytest.raises(InputError, match=r"report\.yml: a folder, expected a REPORT\.yml"):
        run(tmp_path)


def test_a_line_ends_where_a_command_that_writes_lines_ends_it(folder):
    words = ["a\u2028b", "c\x85d", "e\x0bf"]
    lines = [json.dumps({"word": word}, ensure_ascii=False) for word in words]
    # As it is, newlines too: on Windows other commands' lines may end in both.
    (folder / "rows.jsonl").write_bytes("\r\n".join(lines).encode())
    (folder / "samples.txt").write_bytes("one\u2028still one\r\ntwo\nthree".encode())
    assert run(folder).exit_code == 0
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "one\u2028still one\ntwo</pre>" in page
    assert "<td>a\u2028b</td>" in page
    assert page.count("<tr>") == 3 + 2 + 3 + 4


def test_a_faulty_line_is_named_once(folder):
    (folder / "rows.jsonl").write_text('{"word": 1}\n{oops\n')
    with pytest.raises(InputError) as fault:
        run(folder)
    assert str(fault.value).removeprefix(str(folder / "report.yml")) == (
        ", line 24: rows.jsonl, line 2: not JSON: Expecting property name enclosed in double "
        "quotes, in column 2"
    )


@pytest.mark.parametrize("output", ["report.pdf", "report", "report.htm"])
def test_only_html_is_written(folder, output):
    with pytest.raises(InputError, match=r"expected a name that ends in \.html"):
        run(folder, output=output)


def test_no_file_that_is_read_is_written_over(folder):
    before = (folder / "pages" / "map.html").read_bytes()
    with pytest.raises(InputError, match="this file is read, expected another one"):
        run(folder, output="pages/map.html")
    assert (folder / "pages" / "map.html").read_bytes() == before


def test_an_old_report_stays_where_a_new_one_cannot_be_made(folder):
    run(folder)
    page = folder / "out" / "report.html"
    before = page.read_bytes()
    change(folder, "samples.txt", "nothing.txt")
    with pytest.raises(InputError):
        run(folder)
    assert page.read_bytes() == before


def test_a_fault_is_one_message_without_a_traceback(folder):
    change(folder, "samples.txt", "nothing.txt")
    done = subprocess.run(
        [sys.executable, "-m", "seqpipe", "report", "report.yml", "-o", "r.html"],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    message = "report.yml, line 22: nothing.txt: no such file, expected one that a command wrote"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().removeprefix("error: ") == message
