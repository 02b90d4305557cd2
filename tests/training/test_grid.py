"""A sweep becomes runs with telling names; one that is at fault is refused before anything runs."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.training.grid import name_runs, parse_sweeps, plan_runs
from tests.training.training_case import read, write_config, write_corpus

OUT = Path("out")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a corpus."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1,0.3", [0.1, 0.3]),
        ("lstm, gru", ["lstm", "gru"]),
        ("a,2,true,null", ["a", 2, True, None]),
        ('["a","b"],["c"]', [["a", "b"], ["c"]]),
        ('"a,b","c"', ["a,b", "c"]),
        ("1,1.0,true", [1, 1.0, True]),
        ("x=1,y", ["x=1", "y"]),
    ],
)
def test_values_are_read_as_a_config_has_them(text, values):
    assert repr(parse_sweeps([f"a.b={text}"])) == repr({"a.b": values})


@pytest.mark.parametrize(
    ("sweeps", "message"),
    [
        (["dropout=0.1"], r"--sweep dropout=0\.1: expected section\.key=VALUE,VALUE,\.\.\."),
        (["training.dropout"], r"--sweep training\.dropout: expected section\.key=VALUE"),
        (["training.dropout="], r"--sweep training\.dropout=: expected section\.key=VALUE"),
        (["training.dropout=0.1,,x"], "expected section"),
        (["a.b=1,2", "a.b=3"], r"--sweep a\.b=3: a\.b is swept twice"),
        (["a.b=0.1,0.10"], r"--sweep a\.b=0\.1,0\.10: 0\.1 is there twice"),
    ],
)
def test_sweep_that_is_no_list_of_values_is_refused(sweeps, message):
    with pytest.raises(InputError, match=message):
        parse_sweeps(sweeps)


def test_every_setting_is_run_with_every_seed(folder):
    file = read(write_config(folder))
    sweeps = ["training.dropout=0.1,0.3", "components.ner.max_gradient_norm=1.0,5.0"]
    runs = plan_runs(file, OUT, sweeps=sweeps, seeds=2)
    assert [run.name for run in runs] == [
        f"dropout={dropout},max_gradient_norm={norm},seed={seed}"
        for dropout in (0.1, 0.3)
        for norm in (1.0, 5.0)
        for seed in (3, 4)
    ]
    assert runs[-1].folder == OUT / runs[-1].name
    assert runs[-1].setting == {
        "training.dropout": 0.3,
        "components.ner.max_gradient_norm": 5.0,
    }
    assert runs[-1].overrides == {**runs[-1].setting, "training.seed": 4}


@pytest.mark.parametrize(
    ("seed", "expected"), [("seed = 7", [7, 8, 9]), ("seed = null", [0, 1, 2])]
)
def test_seeds_begin_with_that_of_the_config(folder, seed, expected):
    path = write_config(folder)
    path.write_text(path.read_text().replace("seed = 3", seed))
    assert [run.seed for run in plan_runs(read(path), OUT, seeds=3)] == expected


def test_seeds_can_be_chosen_one_by_one(folder):
    runs = plan_runs(read(write_config(folder)), OUT, sweeps=["training.seed=9,4"])
    assert [(run.name, run.group, run.seed) for run in runs] == [
        ("seed=9", "", 9),
        ("seed=4", "", 4),
    ]


def test_without_seeds_the_config_has_its_own(folder):
    (run,) = plan_runs(read(write_config(folder)), OUT, sweeps=["training.dropout=0.5"])
    assert (run.name, run.seed, run.overrides) == ("dropout=0.5", None, {"training.dropout": 0.5})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": 0}, "--seeds 0: expected at least 1"),
        (
            {"sweeps": ["training.dropuot=0.1"]},
            r"a\.cfg: --training\.dropuot 0\.1: unknown key, did you mean dropout\?",
        ),
        (
            {"sweeps": ["training.dropout=0.1,1.5"]},
            r"a\.cfg: --training\.dropout 1\.5: expected at least 0 and below 1",
        ),
        ({"sweeps": ["trainign.dropout=0.1"]}, r"the file has no \[trainign\], did you mean"),
        ({"sweeps": ["training.patience=5"]}, r"--sweep training\.patience: --training\.patience"),
        (
            {"sweeps": ["training.seed=1"], "seeds": 2},
            r"--sweep training\.seed: --seeds 2 is given",
        ),
    ],
    ids=[
        "no seed",
        "no such key",
        "value not allowed",
        "no such section",
        "given too",
        "seeds twice",
    ],
)
def test_fault_is_found_before_anything_runs(folder, options, message):
    file = read(write_config(folder), patience=9)
    with pytest.raises(InputError, match=message):
        plan_runs(file, OUT, **options)
    assert not OUT.exists()


def test_keys_are_called_by_as_many_parts_as_tell_them_apart():
    grid = {"a.ner.model.width": [8], "a.tagger.model.width": [9], "a.tagger.seed": [1]}
    (run,) = name_runs(grid, [5], OUT, {})
    assert run.name == "ner.model.width=8,tagger.model.width=9,tagger.seed=1,training.seed=5"


def test_file_of_a_logger_goes_into_the_folder_of_each_run(folder):
    logger = (
        '[training.logger]\n@loggers = "spacy.ConsoleLogger.v3"\noutput_file = "logs/all.jsonl"\n'
    )
    runs = plan_runs(read(write_config(folder, more=logger)), OUT, seeds=2)
    assert [run.overrides["training.logger.output_file"] for run in runs] == [
        "out/seed=3/all.jsonl",
        "out/seed=4/all.jsonl",
    ]


values = st.lists(
    st.one_of(st.text(max_size=60), st.integers(), st.booleans(), st.none(), st.lists(st.text())),
    min_size=1,
    max_size=4,
)


@given(
    grid=st.dictionaries(st.from_regex(r"[a-z]{1,9}(\.[a-z]{1,99}){1,3}", fullmatch=True), values)
)
def test_names_are_folders_of_their_own_on_every_system(grid):
    small = dict(list(grid.items())[:3])
    names = [run.name for run in name_runs(small, [1, 2], OUT, {})]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(re.fullmatch(r"[\w.+=,~-]{1,255}", name, re.ASCII) for name in names)
