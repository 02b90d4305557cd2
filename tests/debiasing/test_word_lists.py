"""Word lists from JSON: the shipped ones, the template, and what is at fault in others."""

import json

import pytest

from seqpipe.debiasing.word_lists import LISTS, WeatTest, WordLists
from seqpipe.files import InputError

GOOD = {
    "name": "age",
    "pairs": [["young", "old"], ["youth", "age"]],
    "attributes": {"young": ["young", "youth"], "old": ["old"]},
    "targets": {"tools": ["phone", "loom"]},
}


def write(folder, content):
    path = folder / "lists.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_shipped_lists_are_sound_and_speak_of_women_first():
    lists = WordLists.english_gender()
    assert lists.pairs[0] == ("she", "he")
    assert list(lists.attributes) == ["female", "male"]
    kept = {*lists.definitional, *(word for words in lists.pairs for word in words)}
    assert kept.isdisjoint(word for words in lists.targets.values() for word in words)
    assert set(lists.seed) <= kept
    assert kept.issuperset(word for words in lists.equalise for word in words)
    assert [test.name for test in lists.weat] == [
        "career/family",
        "science/arts",
        "strength/weakness",
    ]


def test_the_template_is_read_as_it_stands():
    lists = WordLists.load(LISTS / "template.json")
    assert lists.weat[0].x == lists.targets["occupations"]


def test_a_test_names_sets_or_gives_words(tmp_path):
    test = {"name": "t", "x": "tools", "y": ["pen"], "a": "young", "b": "old"}
    lists = WordLists.load(write(tmp_path, {**GOOD, "weat": [test]}))
    assert lists.weat == (WeatTest("t", ("phone", "loom"), ("pen",), ("young", "youth"), ("old",)),)


def test_sets_of_more_than_two_groups_are_read(tmp_path):
    path = write(tmp_path, {"pairs": [["a", "b", "c"], ["d", "e", "f"]]})
    assert WordLists.load(path).pairs == (("a", "b", "c"), ("d", "e", "f"))
    assert WordLists.load(path).name == "lists"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{\n'a'}", "lists.json, line 2: no JSON"),
        ("[]", r"\[\], expected an object with the keys name, note, pairs"),
        ({"name": "x"}, "no 'pairs' in it"),
        ({**GOOD, "pairs": []}, r"pairs: \[\], expected a list of sets"),
        ({**GOOD, "pairs": [["she"]]}, r"pairs\[0\]: \['she'\], expected 2 words or more"),
        ({**GOOD, "pairs": [["a", "b"], ["c", "d", "e"]]}, r"pairs\[1\]: .* expected 2 words, as"),
        ({**GOOD, "pairs": [["she", "she"]]}, r"pairs\[0\]: 'she' is there twice"),
        ({**GOOD, "pairs": [["she", 3]]}, r"pairs\[0\]\[1\]: 3, expected a word"),
        ({**GOOD, "equalize": []}, "'equalize' is no part of word lists"),
        ({**GOOD, "seed": "she"}, "seed: 'she', expected a list of words"),
        ({**GOOD, "attributes": {"a": ["b"]}}, r"attributes: \['a'\], expected two groups"),
        ({**GOOD, "targets": ["x"]}, r"targets: \['x'\], expected an object"),
        ({**GOOD, "weat": [{"x": "tools"}]}, r"weat\[0\]: .* expected an object with name, x"),
        (
            {**GOOD, "weat": [{"x": "tool", "y": ["a"], "a": ["b"], "b": ["c"]}]},
            r"weat\[0\].x: 'tool', expected a list of words or the name of a set: tools, young",
        ),
    ],
    ids=str,
)
def test_what_is_at_fault_is_named(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        WordLists.load(write(tmp_path, content))
    assert "lists.json" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.json: No such file"):
        WordLists.load(tmp_path / "none.json")
