"""`seqpipe tagging`: what calibrate saves and says, what nbest shows, and what they refuse."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import spacy
import typer
from spacy.tokens import Doc, Span
from spacy.training import Corpus, Example
from typer.testing import CliRunner

from seqpipe.files import InputError
from seqpipe.tagging.commands import seqpipe_commands
from seqpipe.testing.case import save_corpus, train

MODEL = {
    "tok2vec": {"width": 8, "feature_width": 4, "features": ["shape"], "characters": None},
    "encoder": {"nO": 8},
}
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 8,
    "depth": 1,
    "embed_size": 64,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8, "upstream": "tok2vec"}
GOLD = [("Mina", "PER"), ("Ada", "PER"), ("Oslo", "LOC"), ("Lima", "LOC")]
# In two of five sentences a name is of the other type: confidence has something to be wrong about.
DEVELOPMENT = [*GOLD, *GOLD, *GOLD, ("Mina", "LOC"), *GOLD[1:], *[("Oslo", "PER")] * 4]


def examples_of(nlp, gold):
    """One sentence for each name, like "We saw Mina there ."."""
    for name, label in gold:
        words = ["We", "saw", name, "there", "."]
        reference = Doc(nlp.vocab, words=words)
        reference.set_ents([Span(reference, 2, 3, label)])
        yield Example(Doc(nlp.vocab, words=words), reference)


def saved(folder, *, listening=False, names=("ner",)):
    """A trained pipeline, saved beside its development corpus."""
    nlp = spacy.blank("xx")
    if listening:
        nlp.add_pipe("tok2vec", config={"model": TOK2VEC})
    for name in names:
        tok2vec = LISTENER if listening else MODEL["tok2vec"]
        nlp.add_pipe("rnn_ner", name=name, config={"model": {**MODEL, "tok2vec": tok2vec}})
    train(nlp, list(examples_of(nlp, GOLD)))
    nlp.to_disk(folder / "model")
    data = save_corpus(list(examples_of(nlp, DEVELOPMENT)), folder / "dev.spacy")
    return SimpleNamespace(model=folder / "model", data=data, nlp=nlp)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("plain"))


def run(*words):
    app = typer.Typer(rich_markup_mode=None)
    seqpipe_commands(app=app)
    result = CliRunner().invoke(app, ["tagging", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_calibrate_saves_the_pipeline_with_the_temperature_that_it_says(plain, tmp_path):
    said = run("calibrate", plain.model, plain.data, tmp_path / "out").stdout
    figures = (
        r"temperature (\S+); .*dev\.spacy: (0\.\d{4}) before, (0\.\d{4}) after; saved in .*out$"
    )
    temperature, before, after = map(float, re.match(figures, said).groups())
    loaded = spacy.load(tmp_path / "out")
    assert loaded.get_pipe("ner").temperature == pytest.approx(temperature, abs=5e-4)
    assert temperature != 1.0
    assert after < before
    scores = loaded.evaluate(list(Corpus(plain.data)(loaded)))
    assert scores["ents_ece"] == pytest.approx(after, abs=5e-5)


def test_calibrate_leaves_the_model_that_it_read(plain, tmp_path):
    run("calibrate", plain.model, plain.data, tmp_path / "out")
    assert spacy.load(plain.model).get_pipe("ner").temperature == 1.0


def test_calibrate_replaces_an_existing_folder_whole(plain, tmp_path):
    plain.nlp.to_disk(tmp_path / "out")
    (tmp_path / "out" / "ner" / "stale").write_text("old")
    run("calibrate", plain.model, plain.data, tmp_path / "out")
    assert not (tmp_path / "out" / "ner" / "stale").exists()
    assert spacy.load(tmp_path / "out").pipe_names == ["ner"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_calibrate_may_write_over_the_model_itself(plain, tmp_path):
    plain.nlp.to_disk(tmp_path / "model")
    run("calibrate", tmp_path / "model", plain.data, tmp_path / "model")
    assert spacy.load(tmp_path / "model").get_pipe("ner").temperature != 1.0


def test_calibrate_hears_the_tok2vec_that_the_component_listens_to(tmp_path):
    shared = saved(tmp_path, listening=True)
    run("calibrate", shared.model, shared.data, tmp_path / "out")
    nlp = spacy.load(shared.model)
    examples = list(Corpus(shared.data)(nlp))
    docs = list(nlp.get_pipe("tok2vec").pipe(eg.predicted for eg in examples))
    gold = [Example(doc, eg.reference) for doc, eg in zip(docs, examples, strict=True)]
    expected = nlp.get_pipe("ner").calibrate(gold)
    found = spacy.load(tmp_path / "out").get_pipe("ner").temperature
    assert found == pytest.approx(expected, rel=1e-4)
    assert found != 1.0


def test_nbest_shows_readings_from_the_most_probable_down(plain):
    lines = run("nbest", plain.model, "We saw Mina there .", "-n", "3").stdout.splitlines()
    probabilities = [float(line.split()[0]) for line in lines]
    assert len(lines) == 3
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1.0
    assert re.match(r"0\.\d{4}  We saw \[Mina\]\(PER .*\) there \.", lines[0])
    expected = plain.nlp.get_pipe("ner").nbest([plain.nlp.make_doc("We saw Mina there .")], 3)[0]
    assert probabilities == pytest.approx([r.probability for r in expected], abs=5e-5)


def test_nbest_is_bounded(plain):
    assert "Invalid value for '-n'" in refused(plain, "-n", 999999)


def test_a_gpu_below_the_cpus_number_is_refused(plain):
    assert "Invalid value for '--gpu-id'" in refused(plain, "--gpu-id", -2)


def refused(plain, *options):
    done = run("nbest", plain.model, "Mina", *options)
    assert done.exit_code == 2
    return done.stderr


def test_nbest_shows_no_more_readings_than_there_are(plain):
    lines = run("nbest", plain.model, "Mina", "-n", "50").stdout.splitlines()
    assert len(lines) == 3  # nothing, PER, LOC
    assert sum(float(line.split()[0]) for line in lines) == pytest.approx(1.0, abs=2e-4)


def test_of_two_recognisers_one_has_to_be_named(tmp_path):
    two = saved(tmp_path, names=("one", "two"))
    with pytest.raises(InputError, match=r"expected one rnn_ner \(or --component NAME\) among"):
        run("calibrate", two.model, two.data, tmp_path / "out")
    run("calibrate", two.model, two.data, tmp_path / "out", "--component", "two")
    calibrated = spacy.load(tmp_path / "out")
    assert calibrated.get_pipe("one").temperature == 1.0
    assert calibrated.get_pipe("two").temperature != 1.0


@pytest.mark.parametrize("command", ["calibrate", "nbest"])
def test_component_that_is_not_there_is_named(plain, tmp_path, command):
    words = [plain.data, tmp_path / "out"] if command == "calibrate" else ["a text"]
    wrong = r"model: expected an rnn_ner named 'nerr' among its components \['ner'\]"
    with pytest.raises(InputError, match=wrong):
        run(command, plain.model, *words, "--component", "nerr")
    spacy.blank("xx").to_disk(tmp_path / "blank")
    with pytest.raises(InputError, match=r"blank: expected one rnn_ner .* components \[\]"):
        run(command, tmp_path / "blank", *words)
    assert not (tmp_path / "out").exists()


def test_calibrate_writes_over_nothing_but_a_pipeline(plain, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds something else than a pipeline"):
        run("calibrate", plain.model, plain.data, precious)
    with pytest.raises(InputError, match=r"thesis\.txt: a file stands there"):
        run("calibrate", plain.model, plain.data, precious / "thesis.txt")
    assert (precious / "thesis.txt").read_text() == "years of work"


def test_calibrate_refuses_data_without_an_entity(plain, tmp_path):
    nlp = spacy.blank("xx")
    bare = Doc(nlp.vocab, words=["We", "left", "."], ents=["O", "O", "O"])
    data = save_corpus([Example(nlp.make_doc("x"), bare)], tmp_path / "bare.spacy")
    with pytest.raises(InputError, match="no entity in it"):
        run("calibrate", plain.model, data, tmp_path / "out")
