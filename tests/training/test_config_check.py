"""Each fault that a training config can have is one line with file, section, key and value."""

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from seqpipe.files import InputError
from seqpipe.training.config_check import load_checked_config
from seqpipe.training.config_file import parse_overrides, read_config_file

CONFIG = """[paths]
train = "train.spacy"
dev = "train.spacy"

[nlp]
lang = "en"
pipeline = ["tagger"]

[components]

[components.tagger]
factory = "tagger"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}
gold_preproc = false
max_length = 0
limit = 0
augmenter = null

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.dev}
gold_preproc = false
max_length = 0
limit = 1
augmenter = null

[training]
seed = 1
gpu_allocator = null
max_steps = 2

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.01

[initialize]

[initialize.components]
"""


@pytest.fixture(autouse=True)
def corpus(tmp_path, monkeypatch):
    """A working folder with a corpus for the config to name."""
    monkeypatch.chdir(tmp_path)
    doc = Doc(spacy.blank("en").vocab, words=["Go", "on"], tags=["V", "P"])
    DocBin(docs=[doc]).to_disk("train.spacy")
    return tmp_path


def check(text, **overrides):
    with open("a.cfg", "w", encoding="utf-8") as stream:
        stream.write(text)
    named = {name.replace("__", "."): value for name, value in overrides.items()}
    return load_checked_config(read_config_file("a.cfg", named))


def fault(old, new):
    assert old in CONFIG
    with pytest.raises(InputError) as caught:
        check(CONFIG.replace(old, new, 1))
    return str(caught.value)


def test_sound_config_is_loaded_with_its_variables():
    config = check(CONFIG, training__max_steps=7)
    assert config["training"]["max_steps"] == 7
    assert config["corpora"]["train"]["path"] == "${paths.train}"


def test_config_with_the_least_that_spacy_needs_is_sound():
    least = '[nlp]\nlang = "en"\npipeline = ["tagger"]\n[components]\n[components.tagger]\n'
    least += 'factory = "tagger"\n[training]\nseed = 0\ngpu_allocator = null\n'
    with pytest.raises(InputError, match=r"\[paths\] train = null: expected the path of a corpus"):
        check(least)
    config = check(least + '[paths]\ntrain = "train.spacy"\ndev = "train.spacy"\n')
    assert config["nlp"]["pipeline"] == ["tagger"]


FAULTS = {
    "unknown section": (
        "[training.optimizer]",
        "[trainin.optimizer]",
        "a.cfg, line 37: [trainin.optimizer]: unknown section, did you mean training?",
    ),
    "unknown training key": (
        "max_steps = 2",
        "max_stepz = 2",
        "a.cfg, line 35: [training] max_stepz = 2: unknown key, did you mean max_steps?",
    ),
    "unknown nlp key": (
        "pipeline =",
        "pipelin =",
        'a.cfg, line 7: [nlp] pipelin = ["tagger"]: unknown key, did you mean pipeline?',
    ),
    "unknown initialize key": (
        "[initialize]\n",
        "[initialize]\nvector = null\n",
        "a.cfg, line 42: [initialize] vector = null: unknown key, did you mean vectors?",
    ),
    "unused path": (
        'train = "train.spacy"\n',
        'train = "train.spacy"\ntrian = "x"\n',
        'a.cfg, line 3: [paths] trian = "x": no value of the config refers to it, '
        "did you mean train?",
    ),
    "variable of nothing": (
        "${paths.dev}",
        "${paths.dv}",
        'a.cfg, line 26: [corpora.dev] path = "${paths.dv}": no such value in the file, '
        "did you mean paths.dev?",
    ),
    "unused corpus": (
        "[corpora.train]",
        "[corpora.trian]",
        "a.cfg, line 16: [corpora.trian]: no corpus of the training refers to it, "
        "did you mean train?",
    ),
    "unknown reader argument": (
        "limit = 0",
        "limt = 0",
        "a.cfg, line 21: [corpora.train] limt = 0: unknown key, did you mean limit?",
    ),
    "reader argument of the wrong type": (
        "limit = 0",
        'limit = "all"',
        'a.cfg, line 21: [corpora.train] limit = "all": expected int',
    ),
    "unknown optimizer argument": (
        "learn_rate",
        "learn_rat",
        "a.cfg, line 39: [training.optimizer] learn_rat = 0.01: unknown key, "
        "did you mean learn_rate?",
    ),
    "value that the optimizer refuses": (
        "learn_rate = 0.01",
        'learn_rate = "fast"',
        "a.cfg, line 37: [training.optimizer]: Invalid schedule for 'learn_rate'",
    ),
    "training value of the wrong type": (
        "max_steps = 2",
        "max_steps = two",
        'a.cfg, line 35: [training] max_steps = "two": expected a valid integer',
    ),
    "missing seed": ("seed = 1\n", "", "a.cfg, line 32: [training] seed: missing"),
    "unknown language": (
        '"en"',
        '"english"',
        'a.cfg, line 6: [nlp] lang = "english": expected the code of one of spaCy',
    ),
    "unknown factory": (
        'factory = "tagger"',
        'factory = "taggr"',
        'a.cfg, line 12: [components.tagger] factory = "taggr": unknown factory, '
        "did you mean tagger?",
    ),
    "no factory": (
        'factory = "tagger"',
        "",
        "a.cfg, line 11: [components.tagger] factory: missing (or source)",
    ),
    "unknown factory argument": (
        'factory = "tagger"',
        'factory = "tagger"\noverwrit = true',
        "a.cfg, line 13: [components.tagger] overwrit = true: unknown key, did you mean overwrite?",
    ),
    "source that is nowhere": (
        'factory = "tagger"',
        'source = "no_such_model"',
        'a.cfg, line 12: [components.tagger] source = "no_such_model": no such file, folder or',
    ),
    "component without a section": (
        'pipeline = ["tagger"]',
        'pipeline = ["taggr"]',
        'a.cfg, line 7: [nlp] pipeline = ["taggr"]: "taggr" has no [components.taggr], '
        "did you mean tagger?",
    ),
    "unknown function": (
        "spacy.Corpus.v1",
        "seqpipe.Nope.v1",
        'a.cfg, line 17: [corpora.train] @readers = "seqpipe.Nope.v1": no such function is '
        "registered, ",
    ),
    "unknown registry": (
        "@readers",
        "@reader",
        'a.cfg, line 17: [corpora.train] @reader = "spacy.Corpus.v1": unknown registry, '
        "did you mean @readers?",
    ),
    "missing argument": (
        "[initialize]\n",
        '[training.batcher]\n@batchers = "spacy.batch_by_sequence.v1"\n[initialize]\n',
        "a.cfg, line 41: [training.batcher] size: missing, expected Union[Sequence[int], int]",
    ),
    "path that points at nothing": (
        'train = "train.spacy"',
        'train = "nothing.spacy"',
        'a.cfg, line 2: [paths] train = "nothing.spacy": no such file, folder or installed',
    ),
    "no path": (
        'train = "train.spacy"',
        "train = null",
        "a.cfg, line 2: [paths] train = null: expected the path of a corpus",
    ),
    "unknown component to initialize": (
        "[initialize.components]\n",
        "[initialize.components]\n[initialize.components.taggr]\n",
        "a.cfg, line 44: [initialize.components.taggr]: no such component in the pipeline, "
        "did you mean tagger?",
    ),
    "single quotes": (
        '"en"',
        "'en'",
        "a.cfg, line 6: [nlp] lang = \"'en'\": values are JSON: use double quotes",
    ),
    "corpus that is not there": (
        "[training]\n",
        '[training]\ntrain_corpus = "corpora.trian"\n',
        'a.cfg, line 33: [training] train_corpus = "corpora.trian": no such section, '
        "did you mean corpora.train?",
    ),
    "frozen component that is not there": (
        "[training]\n",
        '[training]\nfrozen_components = ["ner"]\n',
        'a.cfg, line 33: [training] frozen_components: "ner" is not in the pipeline, '
        "expected one of tagger",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), FAULTS.values(), ids=FAULTS)
def test_fault_is_one_line_that_says_where_and_what(old, new, message):
    said = fault(old, new)
    assert said.startswith(message)
    assert "\n" not in said


def test_each_fault_of_several_has_its_line():
    text = CONFIG.replace("max_steps = 2", "max_stepz = 2\npatiense = 3")
    with pytest.raises(InputError) as caught:
        check(text)
    first, second = str(caught.value).splitlines()
    assert "line 35: [training] max_stepz" in first
    assert "line 36: [training] patiense = 3: unknown key, did you mean patience?" in second


def test_section_of_ones_own_may_hold_variables():
    text = CONFIG.replace("max_steps = 2", "max_steps = ${mine.steps}") + "\n[mine]\nsteps = 3\n"
    assert check(text).interpolate()["training"]["max_steps"] == 3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("training.max_stepz", 3, "--training.max_stepz 3: unknown key, did you mean max_steps?"),
        ("training.max_steps", "x", '--training.max_steps "x": expected a valid integer'),
        (
            "trainin.seed",
            3,
            "--trainin.seed: the file has no [trainin], did you mean",
        ),
        ("paths.dev", "no.spacy", '--paths.dev "no.spacy": no such file, folder or installed'),
    ],
)
def test_fault_in_an_override_names_the_option(name, value, message):
    with pytest.raises(InputError) as caught:
        check(CONFIG, **{name: value})
    assert str(caught.value).startswith(f"a.cfg: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = 1\n", 'a.cfg, line 1: "seed = 1": expected "[section]" or "key = value" in a'),
        ("[nlp]\nfoo\n", 'a.cfg, line 2: "foo": expected "[section]" or "key = value" in a'),
        ("[nlp]\na = 1\na = 2\n", "a.cfg, line 3: [nlp] a: stands in its section twice"),
        ("[nlp]\n[nlp]\n", "a.cfg, line 2: [nlp] stands in the file twice"),
    ],
)
def test_file_that_is_no_config_names_the_line(text, message):
    with pytest.raises(InputError) as caught:
        check(text)
    assert str(caught.value).startswith(message)


def test_file_that_is_not_utf8_names_the_line(tmp_path):
    (tmp_path / "b.cfg").write_bytes(b"[nlp]\n\xff\n")
    with pytest.raises(InputError, match=r"b\.cfg, line 2: not UTF-8"):
        read_config_file("b.cfg")


def test_missing_file_is_named():
    with pytest.raises(InputError, match=r"nope\.cfg: no such config file"):
        read_config_file("nope.cfg")


def test_overrides_are_taken_out_of_the_words_of_a_command_line():
    words = ["--a.b", "3", "x.cfg", "--a.c=[1, 2]", "--a.d", "--a.e", "plain words", "--a.f", "-1"]
    rest, overrides = parse_overrides(words)
    assert rest == ["x.cfg"]
    assert overrides == {"a.b": 3, "a.c": [1, 2], "a.d": True, "a.e": "plain words", "a.f": -1}


def test_option_without_a_section_is_no_override():
    with pytest.raises(InputError, match="--max_steps: no such option"):
        parse_overrides(["--max_steps", "3"])
