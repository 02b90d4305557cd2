"""The component `debiaser`: when it changes vectors, whose, and what is kept of it."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
import spacy
from spacy.cli.train import train as spacy_train
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vectors import Vectors

from seqpipe.debiasing.debiaser import Settings, debias
from seqpipe.files import InputError
from tests.debiasing.debias_case import EQUAL, LISTS, PAIRS, planted, without

LEARNER = {"objective": {"@misc": "seqpipe.SkipGram.v1"}, "width": 6, "epochs": 1, "min_count": 1}


@pytest.fixture
def lists(tmp_path):
    """A file with LISTS."""
    path = tmp_path / "lists.json"
    content = {"name": LISTS.name, "pairs": PAIRS, "equalise": EQUAL}
    path.write_text(json.dumps({**content, "definitional": LISTS.definitional}))
    return str(path)


def pipeline(lists, vectors=None, **settings):
    """A pipeline with planted vectors and a debiaser, not initialised."""
    nlp = spacy.blank("xx")
    (vectors or planted()).to_nlp(nlp)
    nlp.add_pipe("debiaser", config={"lists": lists, **settings})
    return nlp


def debiased(lists, **settings):
    nlp = pipeline(lists, **settings)
    nlp.initialize()
    return nlp


def projections(nlp, words=("aaaa", "aaab", "aaac")):
    """How far vectors reach along what the pipeline's debiaser found, for their length."""
    rows = np.array([nlp.vocab[word].vector for word in words], dtype="float64")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return abs(rows / lengths @ nlp.get_pipe("debiaser").basis.T).max()


def test_initialize_changes_the_vectors_as_the_functions_do(lists):
    nlp = pipeline(lists, direction="mean", keep_lengths=True, cases=False)
    nlp.initialize()
    expected = debias(planted(), LISTS, Settings(direction="mean", keep_lengths=True, cases=False))
    np.testing.assert_array_equal(nlp.vocab.vectors.data, expected.vectors.matrix)
    debiaser = nlp.get_pipe("debiaser")
    np.testing.assert_array_equal(debiaser.basis, expected.subspace.basis)
    assert debiaser.report == expected.report()
    assert projections(nlp) < 1e-6


def test_docs_pass_through_and_read_the_new_vectors(lists):
    nlp = debiased(lists)
    doc = nlp("aaaa queen unseen")
    assert doc.text == "aaaa queen unseen"
    near = [doc[0].similarity(nlp.vocab[word]) for word in ("queen", "king")]
    assert near[0] == pytest.approx(near[1], abs=1e-6)
    assert not doc[2].has_vector
    assert nlp("").text == ""


def test_shipped_lists_are_the_default():
    nlp = pipeline(None)
    nlp.initialize()
    assert nlp.get_pipe("debiaser").report["lists"] == "English gender"
    assert projections(nlp) < 1e-6


def test_a_table_that_another_pipeline_shares_stays_as_it_is(lists):
    nlp, other = pipeline(lists), spacy.blank("xx")
    other.vocab.vectors = shared = nlp.vocab.vectors
    before = shared.data.copy()
    nlp.initialize()
    assert other.vocab.vectors is shared
    np.testing.assert_array_equal(shared.data, before)
    assert nlp.vocab.vectors.data is not shared.data
    assert other("aaaa")[0].vector.tolist() != nlp("aaaa")[0].vector.tolist()


def test_loading_does_not_debias_again(lists, tmp_path):
    nlp = debiased(lists, method="hard", k=2)
    nlp.to_disk(tmp_path / "model")
    for loaded in (
        spacy.load(tmp_path / "model"),
        spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes()),
    ):
        np.testing.assert_array_equal(loaded.vocab.vectors.data, nlp.vocab.vectors.data)
        one, other = (p.get_pipe("debiaser") for p in (loaded, nlp))
        np.testing.assert_array_equal(one.basis, other.basis)
        assert one.report == other.report
        assert one.settings == other.settings


def test_the_frequency_direction_is_kept(lists):
    pytest.importorskip("sklearn")
    nlp = pipeline(lists, planted(n=200), method="double_hard")
    assert nlp.get_pipe("debiaser").frequency is None
    nlp.initialize()
    copy = spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    frequency = copy.get_pipe("debiaser").frequency
    assert frequency.shape == (2, 12)
    np.testing.assert_array_equal(frequency, nlp.get_pipe("debiaser").frequency)


def test_a_process_that_imports_only_spacy_reads_it_without_the_lists(lists, tmp_path):
    nlp = debiased(lists)
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "lists.json").unlink()
    source = (
        "import sys, spacy\n"
        "nlp = spacy.load(sys.argv[1])\n"
        "basis = nlp.get_pipe('debiaser').basis\n"
        "print(nlp('aaaa')[0].vector.tobytes().hex(), basis.tobytes().hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, str(tmp_path / "model")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    vector, basis = done.stdout.split()
    assert vector == nlp("aaaa")[0].vector.tobytes().hex()
    assert basis == nlp.get_pipe("debiaser").basis.tobytes().hex()


def test_several_processes_and_disabling_change_nothing(lists):
    nlp = debiased(lists)
    texts = ["aaaa queen", "", "king"]
    assert [doc.text for doc in nlp.pipe(texts, n_process=2)] == texts
    with nlp.select_pipes(disable=["debiaser"]):
        assert nlp("aaaa")[0].vector.tolist() == nlp.vocab["aaaa"].vector.tolist()


def test_a_sourced_debiaser_keeps_what_it_found_and_touches_no_vectors(lists):
    nlp, other = debiased(lists), spacy.blank("xx")
    planted().to_nlp(other)
    before = other.vocab.vectors.data.copy()
    with pytest.warns(UserWarning, match="W113"):  # spaCy's: the vectors differ
        other.add_pipe("debiaser", source=nlp)
    assert other.get_pipe("debiaser").report == nlp.get_pipe("debiaser").report
    np.testing.assert_array_equal(other.vocab.vectors.data, before)


def write_config(folder, pipes, *, vectors):
    nlp = spacy.blank("xx")
    for name, config in pipes.items():
        nlp.add_pipe(name, config=config)
    docs = folder / "docs.spacy"
    words = ["aaaa", "queen", "aaab"]
    DocBin(docs=[Doc(nlp.vocab, words=words, tags=["A", "B", "A"])] * 4).to_disk(docs)
    config = nlp.config.copy()
    reader = {"@readers": "spacy.Corpus.v1", "path": str(docs)}
    config["corpora"] = {"train": reader, "dev": reader}
    config["paths"] |= {"train": str(docs), "dev": str(docs), "vectors": vectors}
    config["paths"]["init_tok2vec"] = None
    config["training"] |= {"max_steps": 2, "eval_frequency": 2}
    config.to_disk(folder / "config.cfg")
    return folder / "config.cfg"


def tagger(**features):
    tok2vec = {"@architectures": "seqpipe.WordFeatures.v1", "width": 0, "characters": None}
    tok2vec |= {"features": [], **features}
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_tagger")
    model = nlp.config["components"]["rnn_tagger"]["model"]
    return {"model": {**model, "tok2vec": tok2vec, "encoder": {**model["encoder"], "nO": 4}}}


def save_vectors(folder):
    nlp = spacy.blank("xx")
    planted().to_nlp(nlp)
    nlp.to_disk(folder / "vectors")
    return str(folder / "vectors")


def test_a_tagger_behind_it_copies_the_debiased_vectors(lists, tmp_path):
    pipes = {"debiaser": {"lists": lists}, "rnn_tagger": tagger(vectors="tuned", vectors_std=0.0)}
    nlp = spacy.blank("xx")
    planted().to_nlp(nlp)
    for name, config in pipes.items():
        nlp.add_pipe(name, config=config)
    doc = Doc(nlp.vocab, words=["aaaa"], tags=["A"])
    nlp.initialize(lambda: [Example(doc.copy(), doc)])
    (table,) = [node for node in nlp.get_pipe("rnn_tagger").model.walk() if node.name == "tuned"]
    np.testing.assert_array_equal(table.layers[0].get_param("E")[1:], nlp.vocab.vectors.data)
    assert projections(nlp) < 1e-6


def test_spacy_train_loads_debiases_then_trains_a_tagger(lists, tmp_path):
    pipes = {"debiaser": {"lists": lists}, "rnn_tagger": tagger(vectors="frozen")}
    config = write_config(tmp_path, pipes, vectors=save_vectors(tmp_path))
    spacy_train(config, tmp_path / "out")
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert projections(nlp) < 1e-6
    assert [token.tag_ for token in nlp("aaaa queen aaab")]


def test_a_shared_tok2vec_with_static_vectors_reads_the_debiased_ones(lists, tmp_path):
    layer = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": True, "width": 8}
    layer |= {"depth": 1, "embed_size": 64, "window_size": 1, "maxout_pieces": 2}
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8, "upstream": "tok2vec"}
    pipes = {
        "debiaser": {"lists": lists},
        "tok2vec": {"model": {**layer, "subword_features": True}},
        "tagger": {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}},
    }
    config = write_config(tmp_path, pipes, vectors=save_vectors(tmp_path))
    spacy_train(config, tmp_path / "out")
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert projections(nlp) < 1e-6
    assert nlp("aaaa queen")[0].tag_


def test_vectors_that_the_pipeline_learns_are_debiased(lists, tmp_path):
    rng = np.random.default_rng(0)
    words = [*(word for words in (*PAIRS, *EQUAL) for word in words), *LISTS.definitional, "aaaa"]
    lines = (" ".join(rng.choice([*words, "aaab", "aaac"], 8)) for _ in range(200))
    (tmp_path / "text.txt").write_text("\n".join(lines))
    nlp = spacy.blank("xx")
    nlp.add_pipe("embedding_learner", config=LEARNER)
    nlp.add_pipe("debiaser", config={"lists": lists})
    text = {"text": str(tmp_path / "text.txt")}
    nlp.config["initialize"]["components"]["embedding_learner"] = text
    nlp.initialize()
    assert projections(nlp) < 1e-6
    nlp.to_disk(tmp_path / "model")
    assert projections(spacy.load(tmp_path / "model")) < 1e-6


def test_it_refuses_to_stand_before_what_learns_vectors(lists):
    nlp = pipeline(lists)
    nlp.add_pipe("embedding_learner", config=LEARNER)
    with pytest.raises(InputError, match="'debiaser' stands before 'embedding_learner'"):
        nlp.initialize()


def test_it_refuses_to_stand_after_what_has_copied_vectors(lists):
    nlp = pipeline(lists)
    nlp.add_pipe("rnn_tagger", config=tagger(vectors="tuned"), first=True)
    doc = Doc(nlp.vocab, words=["aaaa"], tags=["A"])
    with pytest.raises(InputError, match=r"'debiaser' stands after 'rnn_tagger', which has copied"):
        nlp.initialize(lambda: [Example(doc.copy(), doc)])


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (("she", "woman"), r"\[components.debiaser\]: 2 of 4 pairs can be used"),
        (("queen", "king", "grandmother"), r"\[components.debiaser\]: equalise: none of its 2"),
    ],
    ids=["pairs", "equalise"],
)
def test_vectors_that_do_not_go_with_the_lists_stay_as_they_are(lists, missing, message):
    nlp = pipeline(lists, without(planted(), *missing))
    before = nlp.vocab.vectors
    with pytest.raises(InputError, match=message):
        nlp.initialize()
    assert nlp.vocab.vectors is before


def test_no_vectors_and_floret_vectors_are_refused(lists):
    nlp = spacy.blank("xx")
    nlp.add_pipe("debiaser", config={"lists": lists})
    with pytest.raises(InputError, match=r"\[components.debiaser\]: .*no word vectors"):
        nlp.initialize()
    data = np.ones((9, 2), dtype="float32")
    nlp.vocab.vectors = Vectors(
        strings=nlp.vocab.strings, data=data, mode="floret", minn=2, maxn=3, hash_count=1
    )
    with pytest.raises(InputError, match=r"\[components.debiaser\]: floret vectors"):
        nlp.initialize()


def test_a_setting_that_cannot_be_is_refused_when_the_pipe_is_made(lists):
    with pytest.raises(InputError, match="method = 'soft'"):
        pipeline(lists, method="soft")


@pytest.mark.parametrize("name", ["report.json", "arrays.npz"])
def test_a_damaged_file_is_named(lists, tmp_path, name):
    debiased(lists).to_disk(tmp_path / "model")
    file = tmp_path / "model" / "debiaser" / name
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(InputError, match=f"{name}: damaged .*expected what a debiaser wrote"):
        spacy.load(tmp_path / "model")


def test_a_pipeline_that_was_never_initialised_is_saved_too(lists, tmp_path):
    pipeline(lists).to_disk(tmp_path / "model")
    assert spacy.load(tmp_path / "model").get_pipe("debiaser").report == {}


def test_it_can_be_pickled_for_processes_that_are_spawned(lists):
    debiaser = debiased(lists).get_pipe("debiaser")
    copy = pickle.loads(pickle.dumps(debiaser))
    assert copy.report == debiaser.report
    np.testing.assert_array_equal(copy.basis, debiaser.basis)


def test_initialising_again_with_the_same_vectors_gives_the_same(lists):
    nlp = debiased(lists)
    once = nlp.vocab.vectors.data.copy()
    planted().to_nlp(nlp)
    nlp.initialize()
    np.testing.assert_array_equal(nlp.vocab.vectors.data, once)
