"""Each fault that a training config can have is one line with file, section, key and value."""

import json

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.training.config_check import load_checked_config
from seqpipe.training.config_file import parse_overrides, read_config_file

CONFIG = """[paths]
train = "train.spacy"
dev = "train.spacy"

[nlp]
lang = "xx"
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
    doc = Doc(spacy.blank("xx").vocab, words=["Go", "on"], tags=["V", "P"])
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
        'a.cfg, line 39: [training.optimizer] learn_rate = "fast": Invalid schedule',
    ),
    "training value of the wrong type": (
        "max_steps = 2",
        "max_steps = two",
        'a.cfg, line 35: [training] max_steps = "two": expected a valid integer',
    ),
    "dropout that is no share": (
        "max_steps = 2",
        "dropout = 7",
        "a.cfg, line 35: [training] dropout = 7: expected at least 0 and below 1",
    ),
    "evaluation every zero steps": (
        "max_steps = 2",
        "eval_frequency = 0",
        "a.cfg, line 35: [training] eval_frequency = 0: expected at least 1",
    ),
    "gradient of zero batches": (
        "max_steps = 2",
        "accumulate_gradient = 0",
        "a.cfg, line 35: [training] accumulate_gradient = 0: expected at least 1",
    ),
    "missing seed": ("seed = 1\n", "", "a.cfg, line 32: [training] seed: missing"),
    "unknown language": (
        '"xx"',
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
        '"xx"',
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


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            '[corpora.both.*]\none = ${corpora.dev}\ntwo = "corpora.dev"\n',
            'a.cfg, line 36: [corpora.both.*] two = "corpora.dev": expected a corpus reader, '
            "such as ${corpora.entities} or a section with @readers",
        ),
        (
            "[corpora.both.*]\none = 3\n",
            "a.cfg, line 35: [corpora.both.*] one = 3: expected a corpus reader, such as",
        ),
        (
            "",
            "a.cfg, line 32: [corpora.both]: expected a section [corpora.both.*] with its corpora, "
            "each under a name",
        ),
        ("[corpora.both.*]\n", "a.cfg, line 32: [corpora.both]: expected a section"),
    ],
    ids=["text", "number", "no section", "empty section"],
)
def test_joined_corpora_that_are_none_have_their_line(section, message):
    block = '[corpora.both]\n@readers = "seqpipe.JoinedCorpora.v1"\n'
    text = CONFIG.replace(
        "[training]\n", f'{block}{section}[training]\ndev_corpus = "corpora.both"\n'
    )
    with pytest.raises(InputError) as caught:
        check(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_each_fault_of_several_has_its_line():
    text = CONFIG.replace("max_steps = 2", "max_stepz = 2\npatiense = 3")
    with pytest.raises(InputError) as caught:
        check(text)
    first, second = str(caught.value).splitlines()
    assert "line 35: [training] max_stepz" in first
    assert "line 36: [training] patiense = 3: unknown key, did you mean patience?" in second


NER = """
[components.ner]
factory = "rnn_ner"
scheme = "BILUO"
threshold = 0.0

[components.ner.model]
@architectures = "seqpipe.RNNTagger.v1"

[components.ner.model.tok2vec]
@architectures = "seqpipe.WordFeatures.v1"
width = 10
features = ["shape"]
feature_width = 5
static_vectors = 0
unk_rate = 0.5
characters = null

[components.ner.model.tok2vec.vocabulary]
@misc = "seqpipe.Vocabulary.v1"
min_count = 1

[components.ner.model.encoder]
@layers = "seqpipe.LSTM.v1"
nO = 8
depth = 1

[components.ner.model.head]
@layers = "seqpipe.CRF.v1"

[nlp.tokenizer]
@tokenizers = "seqpipe.UnkTokenizer.v1"
unit = "word"

[initialize.tokenizer]
"""
WITH_NER = CONFIG.replace('["tagger"]', '["tagger","ner"]') + NER
REFUSED = {
    "encoder.nO": ("nO = 8", "[components.ner.model.encoder]", "nO", 7, "expected an even width"),
    "encoder.depth": (
        "depth = 1",
        "[components.ner.model.encoder]",
        "depth",
        0,
        "expected at least 1",
    ),
    "vocabulary.min_count": (
        "min_count = 1",
        "[components.ner.model.tok2vec.vocabulary]",
        "min_count",
        0,
        "expected at least 1",
    ),
    "tok2vec.features": (
        'features = ["shape"]',
        "[components.ner.model.tok2vec]",
        "features",
        ["shap"],
        "unknown feature 'shap', expected one of",
    ),
    "scheme": ('scheme = "BILUO"', "[components.ner]", "scheme", "IOB1", "tag scheme IOB1 is for"),
    "threshold": ("threshold = 0.0", "[components.ner]", "threshold", 2, "expected a probability"),
    "tokenizer": ('unit = "word"', "[nlp.tokenizer]", "unit", "line", "expected one of word"),
}


@pytest.mark.parametrize(
    ("old", "section", "key", "value", "message"), REFUSED.values(), ids=REFUSED
)
def test_value_that_a_block_refuses_has_its_own_line(old, section, key, value, message):
    text = WITH_NER.replace(old, f"{key} = {json.dumps(value)}", 1)
    line = WITH_NER.splitlines().index(old) + 1
    with pytest.raises(InputError) as caught:
        check(text)
    shown = f"{key} = {json.dumps(value)}"
    assert str(caught.value).startswith(f"a.cfg, line {line}: {section} {shown}: {message}")
    assert "\n" not in str(caught.value)
    name = f"{section[1:-1]}.{key}"
    with pytest.raises(InputError) as caught:
        check(WITH_NER, **{name: value})
    assert str(caught.value).startswith(f"a.cfg: --{name} {json.dumps(value)}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ("width = 3: too small", " width = 3: too small"),
        ("a width of 3 is too small", " width = 3: a width of 3 is too small"),
        ("a width of 0 is too small", ": a width of 0 is too small"),
        ("width=3, depth=0: at least 1 expected of each", ": width=3, depth=0: at least 1"),
        ("cannot read 'depth'", " depth = 0: cannot read 'depth'"),
        ("no mode fast is known", ' mode = "fast": no mode fast is known'),
    ],
)
def test_key_is_named_only_where_the_message_is_surely_about_it(message, where):
    @registry.batchers("mine.Refuse.v1")
    def refuse(width: int, depth: int, mode: str):
        raise ValueError(message)

    block = (
        '[training.batcher]\n@batchers = "mine.Refuse.v1"\nwidth = 3\ndepth = 0\nmode = "fast"\n'
    )
    with pytest.raises(InputError) as caught:
        check(f"{CONFIG}{block}")
    assert f"[training.batcher]{where}" in str(caught.value)


def test_component_that_listens_to_another_is_sound():
    listener = '@architectures = "spacy.Tok2VecListener.v1"\nwidth = 96\nupstream = "*"\n'
    start, end = NER.index('@architectures = "seqpipe.WordF'), NER.index("[components.ner.model.en")
    text = WITH_NER.replace(NER, NER[:start] + listener + "\n" + NER[end:])
    text = text.replace('["tagger","ner"]', '["tok2vec","ner"]')
    text += '\n[components.tok2vec]\nfactory = "tok2vec"\n'
    assert check(text)["nlp"]["pipeline"] == ["tok2vec", "ner"]


def test_component_that_cannot_be_built_alone_is_left_to_spacy():
    @Language.factory("needy_in_test")
    def make(nlp, name):
        raise RuntimeError("not in a blank pipeline")

    text = CONFIG.replace('factory = "tagger"', 'factory = "needy_in_test"')
    assert check(text)["components"]["tagger"] == {"factory": "needy_in_test"}


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
        ("training.dropout", 7, "--training.dropout 7: expected at least 0 and below 1"),
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
