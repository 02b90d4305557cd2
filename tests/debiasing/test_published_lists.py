"""Word lists as they were published."""

from pathlib import Path

import pytest

from seqpipe.debiasing.published_lists import (
    SemBiasQuestion,
    read_debiaswe,
    read_gn_glove,
    read_sembias,
    read_weat,
)
from seqpipe.debiasing.word_lists import WordLists
from seqpipe.files import InputError

DATA = Path(__file__).parents[3] / "shared" / "data" / "debias"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="shared/data/debias is not there")


@needs_data
def test_debiaswe_has_the_published_counts():
    lists = WordLists.load(DATA / "debiaswe")
    assert lists == read_debiaswe(DATA / "debiaswe")
    counts = len(lists.pairs), len(lists.equalise), len(lists.seed), len(lists.definitional)
    assert counts == (10, 52, 218, 1441)
    assert len(lists.targets["occupations"]) == 320
    assert (lists.attributes["female"][0], lists.attributes["male"][0]) == ("woman", "man")


@needs_data
def test_weat_has_its_sets_and_the_five_tests():
    sets, tests = read_weat(DATA / "wefe" / "WEAT.json")
    assert len(sets) == 31
    assert [test.name for test in tests] == [
        "flowers/insects",
        "instruments/weapons",
        "career/family",
        "math/arts",
        "science/arts",
    ]
    assert tests[0].x == sets["flowers"]


@needs_data
def test_gn_glove_has_its_questions_and_words():
    questions = read_sembias(DATA / "gn_glove" / "SemBias")
    assert len(questions) == 440
    assert questions[0].definition == ("priest", "nun")
    assert set(read_gn_glove(DATA / "gn_glove")) == {"female", "male"}


def test_a_question_has_four_pairs(tmp_path):
    path = tmp_path / "SemBias"
    path.write_text("king:queen\tcup:lid\tpen:ink\tdoctor:nurse\n")
    assert read_sembias(path) == (
        SemBiasQuestion(("king", "queen"), ("doctor", "nurse"), (("cup", "lid"), ("pen", "ink"))),
    )


@pytest.mark.parametrize("line", ["a:b\tc:d\te:f", "a:b\tc:d\te:f\tg", "a:b\tc:d\te:f\tg:h:i"])
def test_a_line_that_is_no_question_is_named(tmp_path, line):
    path = tmp_path / "SemBias"
    path.write_text(f"a:b\tc:d\te:f\tg:h\n{line}\n")
    with pytest.raises(InputError, match=r"SemBias, line 2: .*expected four pairs"):
        read_sembias(path)


def test_a_folder_without_the_files_is_named(tmp_path):
    with pytest.raises(InputError, match=r"definitional_pairs.json: No such file"):
        WordLists.load(tmp_path)
