"""The page of a map needs nothing else, holds every word, and no word becomes markup."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.reporting.word_map import WordMap
from seqpipe.reporting.word_page import write_map_page
from seqpipe.reporting.word_page_script import SCRIPT

VOID = {"meta", "input"}
WORDS = ["king", "queen", "man"]
# What could end a script, a tag or an attribute, or read in another direction.
ODD = ["</script><script>alert(1)</script>", "<!--", "]]>", "\"'&amp;", "\\u003c", "\u2028",
       "\U0001f600", "שלום", "‮evil", "__proto__", "{{ title }}", "\ud800"]  # fmt: skip


class Page(HTMLParser):
    """Checks that tags are closed in order; collects tags, attributes and what scripts hold."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.scripts, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] == "script" else self.texts).append(data)

    @property
    def data(self):
        return json.loads(self.scripts[0])

    @property
    def ids(self):
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]


def word_map(words=WORDS, **options):
    count = len(words)
    near = [[j for j in range(count) if j != i] for i in range(count)]
    return WordMap(
        words=words,
        places=np.column_stack([np.linspace(-3, 7, count), np.linspace(1, -1, count)]),
        title="a title",
        method="a method",
        neighbours=np.array(near),
        cosines=np.full((count, count - 1), 0.123456, dtype="float32"),
        **options,
    )


def text_of(folder, drawn):
    write_map_page(folder / "a.html", drawn)
    return (folder / "a.html").read_text(encoding="utf-8")


def page(folder, drawn):
    return Page(text_of(folder, drawn))


def test_the_page_loads_nothing(tmp_path):
    text = text_of(tmp_path, word_map())
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttp|import\(", text)
    found = Page(text)
    assert not {tag for tag, _ in found.tags} & {"link", "img", "iframe", "object"}
    assert not [attrs for _, attrs in found.tags if {"src", "href", "srcset"} & set(attrs)]
    (policy,) = [a["content"] for _, a in found.tags if "http-equiv" in a]
    assert policy.startswith("default-src 'none';")


def test_it_fits_light_and_dark_and_narrow(tmp_path):
    text = text_of(tmp_path, word_map())
    assert 'content="width=device-width, initial-scale=1"' in text
    light, dark = re.findall(r":root \{(.*?)\}", text, flags=re.DOTALL)
    names = re.compile(r"(--\w+): #")
    assert names.findall(light) == names.findall(dark)
    (drawn,) = re.findall(r"for \(const name of \[(.*?)\]\)", SCRIPT)
    used = {f"--{name}" for name in re.findall(r'"(\w+)"', drawn)}
    assert set(re.findall(r"var\((--\w+)\)", text)) | used == set(names.findall(light))


def test_it_holds_every_word_with_place_rank_and_neighbours(tmp_path):
    data = page(tmp_path, word_map(ranks=[1, 5, 12], marked=frozenset({2, 0}))).data
    assert data == {
        "words": WORDS,
        "ranks": [1, 5, 12],
        "x": [0, 0.5, 1],
        "y": [0.2, 0.1, 0],
        "marked": [0, 2],
        "near": [[1, 2], [0, 2], [0, 1]],
        "cosines": [[0.12, 0.12]] * 3,
    }


def test_words_in_one_place_are_drawn(tmp_path):
    same = WordMap(**{**vars(word_map()), "places": np.ones((3, 2))})
    assert page(tmp_path, same).data["x"] == [0, 0, 0]


def test_the_same_map_gives_the_same_bytes(tmp_path):
    assert text_of(tmp_path, word_map()) == text_of(tmp_path, word_map())


def test_no_word_becomes_markup(tmp_path):
    found = page(tmp_path, word_map(ODD))
    assert found.data["words"] == ODD
    plain = page(tmp_path, word_map([f"w{i}" for i in range(len(ODD))]))
    assert found.tags == plain.tags
    assert found.scripts[1] == plain.scripts[1]


@given(st.lists(st.text(min_size=1), min_size=2, max_size=4))
def test_any_words_come_back(tmp_path_factory, words):
    found = page(tmp_path_factory.mktemp("page"), word_map(words))
    assert found.data["words"] == words
    assert len(found.scripts) == 2


def test_title_and_method_are_text(tmp_path):
    options = {"title": "</title><b>", "method": "<i>&"}
    found = page(tmp_path, WordMap(**{**vars(word_map()), **options}))
    assert not {tag for tag, _ in found.tags} & {"b", "i"}
    assert found.texts.count("</title><b>") == 2
    assert "<i>&" in found.texts


def test_axes_are_said_or_that_they_mean_nothing(tmp_path):
    said = "".join(page(tmp_path, word_map(axes=("one: 30.0%", "two: 20.0%"))).texts)
    assert "To the right: one: 30.0%. Up: two: 20.0%." in said
    assert "mean nothing" not in said
    assert "mean nothing" in "".join(page(tmp_path, word_map()).texts)


def test_controls_have_names_and_the_map_is_reached_by_key(tmp_path):
    found = page(tmp_path, word_map())
    assert len(set(found.ids)) == len(found.ids)
    by_id = {attrs["id"]: attrs for _, attrs in found.tags if "id" in attrs}
    assert by_id["map"]["tabindex"] == "0"
    assert by_id["map"]["aria-label"] == "Map of 3 words"
    assert by_id["card"]["aria-live"] == "polite"
    referred = [a[key] for _, a in found.tags for key in ("for", "aria-describedby") if key in a]
    assert set(referred) <= set(found.ids)
    assert [a["for"] for tag, a in found.tags if tag == "label"] == ["search"]


def test_the_script_asks_for_nothing_that_the_page_lacks(tmp_path):
    found = page(tmp_path, word_map())
    asked = set(re.findall(r'(?:element|getElementById)\("(\w+)"\)', SCRIPT))
    assert asked == set(found.ids) - {"keys"}
    assert "innerHTML" not in SCRIPT
    assert "</" not in SCRIPT


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_script_is_one(tmp_path):
    (tmp_path / "script.js").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        ["node", "--check", tmp_path / "script.js"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
