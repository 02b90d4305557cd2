"""projects/pipeline: one pipeline learns from three corpora, and becomes a package of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.cli.train import train as spacy_train
from spacy.tokens import DocBin

from seqpipe.debiasing.word_lists import WordLists
from seqpipe.pipelines import read_examples
from tests.docs.stages.pipeline import PAIRS, prepare
from tests.processes import python, without_torch

PROJECT = Path(__file__).parents[2] / "projects" / "pipeline"
TEXTS = ["Anna visited Leeds .", "The soup was lovely today.", ""]
# What a process that imports nothing but spaCy finds in an installed package.
LOAD = """
import json, sys, spacy
doc = spacy.load("en_small")(sys.argv[1])
print(json.dumps({
    "ents": [[ent.text, ent.label_, ent._.confidence] for ent in doc.ents],
    "cats": doc.cats,
    "stars": doc._.stars,
    "surprisal": [token._.surprisal for token in doc],
    "unknown": [token._.is_unk for token in doc],
}))
"""


def fresh(*words, cwd, **environment):
    """What a Python process says that has nothing imported before."""
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env=without_torch(os.environ | environment),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def script(name, *words, cwd, expected=0):
    """What a script of the project says; its complaints, if it should fail."""
    done = python(PROJECT / "scripts" / f"{name}.py", *words, cwd=cwd)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stderr if expected else done.stdout


def save_vectors(folder):
    """A pipeline with vectors for the words of the small text, in which "soup" is a woman's."""
    nlp = spacy.blank("en")
    rng = np.random.default_rng(0)
    gender = rng.normal(size=16)
    for female, male in PAIRS:
        root = rng.normal(size=16)
        nlp.vocab.set_vector(female, root + gender)
        nlp.vocab.set_vector(male, root - gender)
    for word in ("soup", "fish", "was", "lovely", "leeds"):
        nlp.vocab.set_vector(word, rng.normal(size=16) + (word == "soup") * gender)
    nlp.to_disk(folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The project's config, small, trained by `spacy train` on a little of each corpus."""
    folder = tmp_path_factory.mktemp("pipeline")
    prepare(folder)
    save_vectors(folder / "vectors")
    corpus = folder / "corpus"
    overrides = {
        "paths.vectors": str(folder / "vectors"),
        "paths.lists": None,
        "paths.entities": str(corpus / "entities.conll"),
        "paths.reviews": str(corpus / "reviews.tsv"),
        "paths.text": str(corpus / "text.txt"),
        "paths.dev_entities": str(corpus / "dev_entities.conll"),
        "paths.dev_reviews": str(corpus / "dev_reviews.tsv"),
        "paths.dev_text": str(corpus / "dev_text.txt"),
        "components.ner.model.encoder.nO": 16,
        "components.sentiment.model.encoder.nO": 16,
        "components.rnn_lm.model.tok2vec.width": 16,
        "components.rnn_lm.model.encoder.nO": 16,
        "training.batcher.size": 16,
        "training.max_epochs": 15,
        "training.eval_frequency": 60,
        "training.optimizer.learn_rate.initial_rate": 0.02,
        "training.optimizer.learn_rate.warmup_steps": 5,
        "training.optimizer.learn_rate.total_steps": 140,
    }
    spacy_train(PROJECT / "configs" / "pipeline.cfg", folder / "output", overrides=overrides)
    return folder


@pytest.fixture(scope="module")
def nlp(trained):
    return spacy.load(trained / "output" / "model-last")


def said(doc):
    """All that the pipeline says of a doc, as plain values."""
    return {
        "ents": [[ent.text, ent.label_, ent._.confidence] for ent in doc.ents],
        "cats": doc.cats,
        "stars": doc._.stars,
        "surprisal": [token._.surprisal for token in doc],
        "unknown": [token._.is_unk for token in doc],
    }


@pytest.mark.slow
def test_each_part_learns_from_the_corpus_that_is_annotated_for_it(trained, nlp):
    corpus = trained / "corpus"
    assert nlp.evaluate(read_examples(nlp, corpus / "entities.conll"))["ents_f"] > 0.9
    scores = nlp.evaluate(read_examples(nlp, corpus / "reviews.tsv"))
    assert scores["cats_acc"] > 0.9
    assert scores["ents_f"] is None
    scores = nlp.evaluate(read_examples(nlp, corpus / "text.txt"))
    assert scores["lm_perplexity"] < scores["lm_vocabulary"] / 4
    assert scores["cats_acc"] is None


@pytest.mark.slow
def test_a_doc_holds_entities_stars_and_surprisal_together(nlp):
    doc = nlp(TEXTS[0])
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Anna", "PER"), ("Leeds", "LOC")]
    assert all(0.5 < ent._.confidence <= 1.0 for ent in doc.ents)
    assert sum(doc.cats.values()) == pytest.approx(1.0)
    assert nlp(TEXTS[1])._.stars > 4.0
    assert [token._.is_unk for token in nlp("Anna visited Zanzibar .")] == [0, 0, 1, 0]
    assert all(token._.surprisal > 0.0 for token in doc)


@pytest.mark.slow
def test_two_processes_a_folder_and_a_docbin_keep_all_of_it(nlp, tmp_path):
    expected = [said(doc) for doc in map(nlp, TEXTS)]
    found = [said(doc) for doc in nlp.pipe(TEXTS, n_process=2)]
    for one, other in zip(found, expected, strict=True):
        assert one["cats"] == pytest.approx(other["cats"], abs=1e-5)
        assert one["surprisal"] == pytest.approx(other["surprisal"], abs=1e-4)
        assert [ent[:2] for ent in one["ents"]] == [ent[:2] for ent in other["ents"]]
    nlp.to_disk(tmp_path / "model")
    again = spacy.load(tmp_path / "model")
    assert [said(again(text)) for text in TEXTS] == expected
    kept = DocBin(docs=map(nlp, TEXTS), store_user_data=True).to_bytes()
    assert [said(doc) for doc in DocBin().from_bytes(kept).get_docs(nlp.vocab)] == expected


@pytest.mark.slow
def test_models_read_the_vectors_that_the_debiaser_left(nlp):
    (direction,) = nlp.get_pipe("debiaser").basis
    assert {"she", "he"} <= {word for pair in WordLists.english_gender().pairs for word in pair}
    assert abs(direction @ nlp.vocab["soup"].vector) < 1e-5
    assert direction @ nlp.vocab["she"].vector > 0.1
    before = said(nlp("she soup"))
    vector = nlp.vocab["soup"].vector.copy()
    nlp.vocab.set_vector("soup", vector + direction)
    changed = said(nlp("she soup"))
    nlp.vocab.set_vector("soup", vector)
    assert changed["cats"] != before["cats"]
    assert said(nlp("she soup")) == before


@pytest.mark.slow
def test_a_wheel_of_it_loads_in_a_process_that_imports_only_spacy(trained, nlp, tmp_path):
    pytest.importorskip("build")
    model, packages, target = trained / "output" / "model-last", tmp_path / "p", tmp_path / "t"
    packages.mkdir()
    options = ("--name", "small", "--version", "0.1.0", "--build", "wheel")
    # Without an index `build` cannot make its environment, and spaCy builds with this one.
    fresh("-m", "spacy", "package", model, packages, *options, cwd=tmp_path, PIP_NO_INDEX="1")
    (wheel,) = packages.glob("*/dist/*.whl")
    meta = json.loads((packages / "en_small-0.1.0" / "meta.json").read_text(encoding="utf-8"))
    assert any(one.startswith("seqpipe>=") for one in meta["requirements"])
    install = ("install", "--quiet", "--no-deps", "--no-index", "--target", target)
    fresh("-m", "pip", *install, wheel, cwd=tmp_path)
    found = json.loads(fresh("-c", LOAD, TEXTS[0], cwd=tmp_path, PYTHONPATH=str(target)))
    assert found == said(nlp(TEXTS[0]))


@pytest.mark.slow
def test_a_text_is_shown_with_all_that_its_doc_holds(trained, tmp_path):
    shown = script("show", trained / "output" / "model-last", TEXTS[0], cwd=tmp_path).splitlines()
    assert shown[0].startswith("entities: Anna (PER ")
    assert shown[1].startswith("stars: ")
    assert [line.split()[0] for line in shown[3:]] == ["Anna", "visited", "Leeds", "."]
    assert "expected a saved pipeline" in script("show", "none", "x", cwd=tmp_path, expected=1)


def test_raw_text_is_in_three_parts_and_vectors_are_not_learned_from_what_is_held_out(tmp_path):
    prepare(tmp_path)
    corpus = tmp_path / "corpus"
    annotated = ("--entities", corpus / "entities.conll", "--reviews", corpus / "reviews.tsv")
    sizes = ("--train", 40, "--held-out", 10)
    script("raw_text", corpus / "text.txt", tmp_path / "text", *annotated, *sizes, cwd=tmp_path)
    parts = {path.stem: path.read_text().splitlines() for path in (tmp_path / "text").iterdir()}
    assert [len(parts[name]) for name in ("train", "dev", "test")] == [40, 10, 10]
    held_out = {*parts["dev"], *parts["test"]}
    assert not held_out & {*parts["train"], *parts["vectors"]}
    assert {"Anna visited Leeds .", "The soup was lovely here ."} <= {*parts["vectors"]}
