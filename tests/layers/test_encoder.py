"""The seam to spaCy: its own tagger, ner and textcat over `seqpipe.RNNEncoder.v1`, through its own
commands, in processes that import nothing of seqpipe by hand."""

import json
import subprocess
import sys
from itertools import product

import numpy
import pytest
import spacy
from spacy.cli import app
from spacy.tokens import Doc, DocBin
from spacy.util import registry
from thinc.api import Config, set_dropout_rate
from typer.testing import CliRunner

from seqpipe.layers.recurrent import Recurrent
from tests.layers.shape_checks import batch

MODELS = {
    "tagger": {"@architectures": "spacy.Tagger.v2"},
    "ner": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 32,
        "maxout_pieces": 2,
        "use_upper": True,
    },
    "textcat": {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "use_reduce_first": False,
        "use_reduce_last": False,
        "use_reduce_max": False,
        "use_reduce_mean": True,
    },
}
SCORES = {"tagger": "tag_acc", "ner": "ents_f", "textcat": "cats_score"}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
APPLY = """
import json, sys, spacy
nlp = spacy.load("model-last")
docs = sys.stdin.read().splitlines()
for processes in (1, 2):
    print(json.dumps([doc.to_json() for doc in nlp.pipe(docs, n_process=processes)]))
"""


def tok2vec(cell):
    embed = {"@architectures": "spacy.MultiHashEmbed.v2", "width": 24, "attrs": ["NORM"]}
    return {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {**embed, "rows": [200], "include_static_vectors": False},
        "encode": {"@architectures": "seqpipe.RNNEncoder.v1", "width": 32, "cell": cell},
    }


def shared_by_all(cell):
    """One tok2vec, to which all components listen."""
    components = {
        name: {"factory": name, "model": {**model, "tok2vec": LISTENER}}
        for name, model in MODELS.items()
    }
    return {"tok2vec": {"factory": "tok2vec", "model": tok2vec(cell)}, **components}


def in_the_tagger(cell):
    """A tok2vec that is the tagger's own."""
    return {
        "tagger": {"factory": "tagger", "model": {**MODELS["tagger"], "tok2vec": tok2vec(cell)}}
    }


def config(components):
    """What `spacy init fill-config` is to fill."""
    return {
        "paths": {"train": "train.spacy", "dev": "dev.spacy"},
        "nlp": {"lang": "en", "pipeline": list(components)},
        "components": components,
        "training": {
            "seed": 0,
            "dropout": 0.0,
            "max_steps": 100,
            "eval_frequency": 100,
            "optimizer": {"@optimizers": "Adam.v1", "learn_rate": 0.02},
            "batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 100},
        },
    }


def corpus(path, seed):
    """Docs whose ends are six words apart; the tag of each is the name of the other.

    A window of one word in two levels sees two words to each side.
    """
    rng = numpy.random.default_rng(seed)
    vocab = spacy.blank("en").vocab
    docs = DocBin()
    for left, right, _ in product("ab", "cd", range(20)):
        between = [str(word) for word in rng.choice(["on", "in"], size=5)]
        doc = Doc(
            vocab,
            words=[left, *between, right],
            tags=[right.upper(), *"FFFFF", left.upper()],
            ents=[*"OOOOOO", f"B-{left.upper()}"],
        )
        doc.cats = {name: float(name == left + right) for name in ("ac", "ad", "bc", "bd")}
        docs.add(doc)
    docs.to_disk(path)


def spacy_command(*arguments, folder):
    done = subprocess.run(
        [sys.executable, "-m", "spacy", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(
    scope="module",
    params=[(shared_by_all, "lstm"), (in_the_tagger, "gru")],
    ids=["lstm-shared-by-all", "gru-in-the-tagger"],
)
def trained(request, tmp_path_factory):
    """A folder with a pipeline that `spacy train` made from a config that spaCy filled."""
    components, cell = request.param
    folder = tmp_path_factory.mktemp(cell)
    Config(config(components(cell))).to_disk(folder / "base.cfg")
    corpus(folder / "train.spacy", seed=0)
    corpus(folder / "dev.spacy", seed=1)
    files = [str(folder / "base.cfg"), str(folder / "config.cfg")]
    done = CliRunner().invoke(app, ["init", "fill-config", *files])
    assert done.exit_code == 0, done.output
    spacy_command("train", "config.cfg", "--output", ".", folder=folder)
    return folder


@pytest.mark.slow
def test_a_filled_config_says_every_option(trained):
    filled = (trained / "config.cfg").read_text(encoding="utf-8")
    assert 'dropout_per = "sequence"' in filled


@pytest.mark.slow
def test_the_pipeline_reads_what_stands_six_words_away(trained):
    meta = json.loads((trained / "model-last" / "meta.json").read_text(encoding="utf-8"))
    for name in meta["pipeline"]:
        if name in SCORES:
            assert meta["performance"][SCORES[name]] == 1.0, name


@pytest.mark.slow
def test_a_fresh_process_says_the_same_and_so_do_two(trained):
    nlp = spacy.load(trained / "model-last")
    texts = ["a on in in on on c", "b in in in in in d", "a", "", "unseen words"]
    done = subprocess.run(
        [sys.executable, "-c", APPLY],
        cwd=trained,
        input="\n".join(texts) + "\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    one, two = map(json.loads, done.stdout.splitlines())
    assert one == two
    for theirs, doc in zip(one, nlp.pipe(texts), strict=True):
        ours = doc.to_json()
        cats = theirs.pop("cats", {})
        assert ours.pop("cats", {}) == pytest.approx(cats, abs=1e-6)
        assert ours == theirs
    assert [token["tag"] for token in one[0]["tokens"]] == ["C", *"FFFFF", "A"]


def encoder(**options):
    block = {"@architectures": "seqpipe.RNNEncoder.v1", "width": 8, **options}
    return registry.resolve({"encode": block})["encode"]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(
    "options",
    [{}, {"bi": False}, {"depth": 2, "residual": True, "layer_norm": True}],
    ids=["two-directions", "one-direction", "deep"],
)
def test_the_encoder_is_the_recurrent_layer_of_these_options(cell, options):
    model, expected = encoder(cell=cell, **options), Recurrent(cell, 8, **options)
    assert model.get_dim("nO") == 8  # listeners need it before there is data
    X = batch([3, 0, 5], 6, "float32")
    for each in (model, expected):
        numpy.random.seed(0)
        each.initialize(X=X)
    (Y, backprop), theirs = model(X, True), expected.predict(X)
    assert [y.shape for y in Y] == [(3, 8), (0, 8), (5, 8)]
    assert all(numpy.allclose(a, b, atol=1e-6) for a, b in zip(Y, theirs, strict=True))
    assert [dx.shape for dx in backprop(Y)] == [x.shape for x in X]


def test_training_drops_between_levels_at_the_rate_that_spacy_sets():
    model, X = encoder(depth=2), batch([6], 4, "float32")
    model.initialize(X=X)
    (expected,) = model.predict(X)
    (without,), _ = model(X, True)
    set_dropout_rate(model, 0.5)
    (dropped,), _ = model(X, True)
    assert numpy.allclose(without, expected, atol=1e-6)
    assert not numpy.allclose(dropped, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "lstn"}, "cell = 'lstn': expected one of rnn, gru, lstm"),
        ({"width": 7}, "width = 7: expected .* even for two directions"),
        ({"width": 0, "bi": False}, "width = 0: expected at least 1"),
        ({"depth": 0}, "depth = 0: expected at least 1"),
        ({"residual": True}, "residual = True: expected a depth of at least 2"),
        ({"dropout_per": "word"}, "dropout_per = 'word': expected one of sequence, element"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        encoder(**options)
