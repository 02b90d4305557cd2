"""The component: from a config, in pipeline order, to disk and back; text that is added later."""

import subprocess
import sys

import numpy
import pytest
import spacy
from spacy.training import Corpus, Example

from seqpipe.embeddings.learn import Watcher
from seqpipe.embeddings.matrix import Embeddings
from seqpipe.embeddings.vector_files import read_vectors
from seqpipe.files import InputError
from seqpipe.vocabulary.text import corpus_tokens
from tests.processes import python, without_torch

SKIP_GRAM = {"@misc": "seqpipe.SkipGram.v1", "subsample": 0.0}
SUBWORDS = {**SKIP_GRAM, "subwords": {"@misc": "seqpipe.Subwords.v1", "rows": 200}}
SMALL = {"width": 8, "epochs": 2, "min_count": 1, "seed": 1, "objective": SKIP_GRAM}


def write_text(folder, *, words="abcdefgh", lines=60, name="text.txt", seed=0):
    rng = numpy.random.default_rng(seed)
    text = "\n".join(" ".join(rng.choice(list(words), 6)) for _ in range(lines))
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def learned(text, *, config=None, **initialize):
    nlp = spacy.blank("xx")
    nlp.add_pipe("embedding_learner", config={**SMALL, **(config or {})})
    nlp.config["initialize"]["components"]["embedding_learner"] = {"text": text, **initialize}
    nlp.initialize()
    return nlp


@pytest.fixture
def text(tmp_path):
    return write_text(tmp_path)


def test_vectors_are_in_the_vocab_the_most_frequent_word_first(text):
    nlp = learned(text)
    learner = nlp.get_pipe("embedding_learner")
    assert nlp.vocab.vectors.shape == (8, 8)
    assert learner.counts.tolist() == sorted(learner.counts.tolist(), reverse=True)
    for row, word in enumerate(learner.words):
        numpy.testing.assert_array_equal(nlp.vocab[word].vector, nlp.vocab.vectors.data[row])
    assert nlp("a")[0].has_vector
    assert not nlp("unseen")[0].has_vector
    assert len(learner.losses) == 2


def test_the_same_seed_gives_the_same_bytes(text):
    one, two, other = (learned(text, config={"seed": seed}) for seed in (1, 1, 2))
    assert one.vocab.vectors.data.tobytes() == two.vocab.vectors.data.tobytes()
    assert one.vocab.vectors.data.tobytes() != other.vocab.vectors.data.tobytes()


def test_lower_case_is_looked_up_in_lower_case(tmp_path):
    (tmp_path / "t.txt").write_text("An Apple a day\nan apple A day\n" * 9)
    nlp = learned(str(tmp_path / "t.txt"), config={"lower": True})
    doc = nlp("Apple APPLE apple")
    assert [token.has_vector for token in doc] == [True] * 3
    assert doc[0].vector.tolist() == doc[2].vector.tolist()
    assert set(nlp.get_pipe("embedding_learner").words) == {"an", "apple", "a", "day"}


def test_lower_case_holds_after_loading_and_for_a_corpus(tmp_path):
    (tmp_path / "t.txt").write_text("An Apple a day\n" * 9)
    nlp = learned(str(tmp_path / "t.txt"), config={"lower": True})
    nlp.to_disk(tmp_path / "model")
    copy = spacy.blank("xx")
    copy.add_pipe("embedding_learner", config={**SMALL, "lower": True})
    for loaded in (spacy.load(tmp_path / "model"), copy.from_bytes(nlp.to_bytes())):
        assert loaded("APPLE")[0].vector.tolist() == nlp("apple")[0].vector.tolist()
        assert loaded("APPLE")[0].has_vector
    docs = [nlp.make_doc("An Apple a day")] * 9
    found = [list(tokens) for tokens, _ in corpus_tokens(
        lambda nlp: (Example(doc, doc) for doc in docs), nlp, lower=True, report=lambda *_: None
    )]  # fmt: skip
    assert found == [["an", "apple", "a", "day"]] * 9


def test_the_vocab_keeps_no_types_that_are_no_words(tmp_path):
    (tmp_path / "t.txt").write_text("\n".join(f"often word{i}" for i in range(500)))
    nlp = learned(str(tmp_path / "t.txt"), config={"min_count": 5})
    assert nlp.get_pipe("embedding_learner").words == ["often"]
    assert "often" in nlp.vocab.strings
    assert "word7" not in nlp.vocab.strings


def test_a_checkpoint_may_be_in_a_folder_that_is_not_there(text, tmp_path):
    learned(text, checkpoint=str(tmp_path / "new" / "c.npz"))
    assert list((tmp_path / "new").iterdir()) == []


def test_what_was_learned_before_is_never_cut(text, tmp_path):
    learned(text).to_disk(tmp_path / "model")
    more = write_text(tmp_path, words="xyz", name="more.txt")
    with pytest.raises(InputError, match="max_vocabulary = 2: expected at least 8"):
        learned(more, config={"max_vocabulary": 2}, begin_with=str(tmp_path / "model"))
    added = learned(more, config={"max_vocabulary": 9}, begin_with=str(tmp_path / "model"))
    assert len(set(added.get_pipe("embedding_learner").words) & set("abcdefgh")) == 8


def test_subwords_give_unseen_words_a_vector(text):
    nlp = learned(text, config={"objective": SUBWORDS})
    assert nlp.vocab.vectors.mode == "floret"
    assert nlp("unseen")[0].vector.any()


def test_queries_find_the_words_of_floret_vectors(text, tmp_path):
    nlp = learned(text, config={"objective": SUBWORDS})
    nlp.to_disk(tmp_path / "model")
    learner = nlp.get_pipe("embedding_learner")
    for found in (Embeddings.from_pipeline(nlp), read_vectors(tmp_path / "model")):
        assert found.words == learner.words
        numpy.testing.assert_array_equal(found["a"], nlp("a")[0].vector)


def test_several_processes_and_sourcing_work(text):
    nlp = learned(text)
    assert [doc.text for doc in nlp.pipe(["a b", "c"], n_process=2)] == ["a b", "c"]
    other = spacy.blank("xx")
    other.vocab.vectors = nlp.vocab.vectors
    other.add_pipe("embedding_learner", source=nlp)
    assert other.get_pipe("embedding_learner").words == nlp.get_pipe("embedding_learner").words


@pytest.mark.parametrize("objective", [SKIP_GRAM, SUBWORDS], ids=["words", "floret"])
def test_a_saved_pipeline_loads_with_nothing_imported(text, tmp_path, objective):
    nlp = learned(text, config={"objective": objective})
    nlp.to_disk(tmp_path / "model")
    source = (
        "import sys, spacy\n"
        "nlp = spacy.load(sys.argv[1])\n"
        "learner = nlp.get_pipe('embedding_learner')\n"
        "print(nlp('a')[0].vector.tobytes().hex(), learner.words, learner.losses, *learner.tables)"
    )
    found = subprocess.run(
        [sys.executable, "-c", source, str(tmp_path / "model")],
        check=True, capture_output=True, text=True, env=without_torch(),
    )  # fmt: skip
    learner = nlp.get_pipe("embedding_learner")
    assert found.stdout.strip() == (
        f"{nlp('a')[0].vector.tobytes().hex()} {learner.words} {learner.losses} "
        f"{' '.join(learner.tables)}"
    )


def test_bytes_hold_what_the_disk_holds(text):
    nlp = learned(text)
    copy = spacy.blank("xx")
    copy.add_pipe("embedding_learner", config=SMALL)
    copy.from_bytes(nlp.to_bytes())
    one, two = (pipeline.get_pipe("embedding_learner") for pipeline in (nlp, copy))
    assert two.words == one.words
    assert two.counts.tolist() == one.counts.tolist()
    assert two.by_word == one.by_word
    assert {name: t.tobytes() for name, t in two.tables.items()} == {
        name: t.tobytes() for name, t in one.tables.items()
    }
    assert copy("a")[0].vector.tolist() == nlp("a")[0].vector.tolist()


def test_without_keep_tables_only_vectors_are_saved(text, tmp_path):
    nlp = learned(text, config={"keep_tables": False})
    nlp.to_disk(tmp_path / "model")
    assert not spacy.load(tmp_path / "model").get_pipe("embedding_learner").tables
    with pytest.raises(InputError, match="keep_tables = false"):
        learned(text, begin_with=str(tmp_path / "model"))


def test_what_is_kept_does_not_change_with_the_vectors(text):
    nlp = learned(text)
    tables = nlp.get_pipe("embedding_learner").tables
    before = tables["inputs"].copy()
    nlp.vocab.vectors.data[:] = 0.0
    numpy.testing.assert_array_equal(tables["inputs"], before)


def test_what_is_kept_stays_in_memory_where_no_file_can_be_written(text, monkeypatch):
    def no_room():
        raise OSError("No space left on device")

    monkeypatch.setattr("seqpipe.embeddings.tables.TemporaryFile", no_room)
    assert learned(text).get_pipe("embedding_learner").tables["inputs"].any()


def test_docs_pass_through_unchanged(text):
    nlp = learned(text)
    docs = list(nlp.pipe(["a b", "", "c"]))
    assert [doc.text for doc in docs] == ["a b", "", "c"]


def test_text_is_added_to_what_was_learned(text, tmp_path):
    nlp = learned(text)
    nlp.to_disk(tmp_path / "model")
    more = write_text(tmp_path, words="abcxy", name="more.txt", seed=5)
    added = learned(more, config={"epochs": 1}, begin_with=str(tmp_path / "model"))
    before, after = (pipe.get_pipe("embedding_learner") for pipe in (nlp, added))
    counts = dict(zip(after.words, after.counts.tolist(), strict=True))
    assert set(after.words) == set("abcdefghxy")
    for word, count in zip(before.words, before.counts.tolist(), strict=True):
        assert counts[word] > count if word in "abc" else counts[word] == count
    # A word that the new text does not have keeps its vector.
    assert added.vocab["h"].vector.tolist() == nlp.vocab["h"].vector.tolist()
    assert added.vocab["a"].vector.tolist() != nlp.vocab["a"].vector.tolist()


def test_text_is_not_added_to_vectors_of_another_width(text, tmp_path):
    learned(text).to_disk(tmp_path / "model")
    with pytest.raises(InputError, match="width = 40: expected 8"):
        learned(text, config={"width": 40}, begin_with=str(tmp_path / "model"))


class StopAt(Watcher):
    def __init__(self, looks):
        self.looks = looks

    def is_stopped(self):
        self.looks -= 1
        return self.looks < 0


def test_what_was_learned_when_it_was_stopped_is_kept_and_goes_on(tmp_path):
    text = write_text(tmp_path, lines=40_000)
    nlp = spacy.blank("xx")
    learner = nlp.add_pipe("embedding_learner", config=SMALL)
    pieces = lambda report: ((line.split(), True) for line in open(text, encoding="utf-8"))  # noqa: E731, SIM115
    file = tmp_path / "checkpoint.npz"
    assert not learner.learn_from(pieces, watcher=StopAt(3), checkpoint=file)
    assert nlp.vocab.vectors.data.any()
    assert file.exists()
    whole = learned(text, tokenizer="whitespace")
    gone_on = learned(text, tokenizer="whitespace", checkpoint=str(file))
    assert gone_on.vocab.vectors.data.tobytes() == whole.vocab.vectors.data.tobytes()
    assert not file.exists()


def test_a_checkpoint_of_other_text_is_refused(tmp_path):
    text = write_text(tmp_path)
    file = tmp_path / "checkpoint.npz"
    learner = spacy.blank("xx").add_pipe("embedding_learner", config=SMALL)
    pieces = lambda report: iter([(["a", "b"], True)])  # noqa: E731
    learner.learn_from(pieces, watcher=StopAt(1), checkpoint=file)
    with pytest.raises(InputError, match=r"checkpoint.npz: the checkpoint was made with text"):
        learned(text, checkpoint=str(file))


def reader(path):
    return {"@readers": "spacy.Corpus.v1", "path": str(path), "gold_preproc": False}


def test_a_corpus_of_docs_is_learned_from(tmp_path):
    nlp = spacy.blank("xx")
    nlp.add_pipe("embedding_learner", config=SMALL)
    docs = [nlp.make_doc("We eat rice ."), nlp.make_doc("They eat bread .")]
    spacy.tokens.DocBin(docs=docs).to_disk(tmp_path / "t.spacy")
    nlp.config["initialize"]["components"]["embedding_learner"] = {
        "corpus": {
            "@readers": "spacy.Corpus.v1",
            "path": str(tmp_path / "t.spacy"),
            "gold_preproc": False,
        }
    }
    nlp.initialize()
    assert set(nlp.get_pipe("embedding_learner").words) == {
        "We",
        "They",
        "eat",
        "rice",
        "bread",
        ".",
    }


@pytest.mark.parametrize(
    "block",
    [
        {},
        {
            "text": "a",
            "corpus": {"@readers": "spacy.Corpus.v1", "path": "x.spacy", "gold_preproc": False},
        },
    ],
)
def test_text_or_corpus_is_expected(block):
    nlp = spacy.blank("xx")
    nlp.add_pipe("embedding_learner", config=SMALL)
    nlp.config["initialize"]["components"]["embedding_learner"] = block
    with pytest.raises(InputError, match="expected either text, a list of files, or corpus"):
        nlp.initialize()


@pytest.mark.parametrize(("key", "value"), [("min_count", 0), ("max_vocabulary", 0)])
def test_settings_out_of_range_are_refused(key, value):
    with pytest.raises(InputError, match=f"{key} = {value}"):
        spacy.blank("xx").add_pipe("embedding_learner", config={key: value})


CONFIG = """
[paths]
text = null
train = null

[nlp]
lang = "xx"
pipeline = ["embedding_learner", "tagger"]

[components]

[components.embedding_learner]
factory = "embedding_learner"
width = 8
min_count = 1
epochs = 1

[components.tagger]
factory = "rnn_tagger"

[components.tagger.model]
@architectures = "seqpipe.RNNTagger.v1"

[components.tagger.model.tok2vec]
@architectures = "seqpipe.WordFeatures.v1"
width = 8
vectors = "frozen"
features = []

[components.tagger.model.tok2vec.vocabulary]
@misc = "seqpipe.Vocabulary.v1"

[components.tagger.model.encoder]
@layers = "seqpipe.LSTM.v1"
nO = 8

[components.tagger.model.head]
@layers = "seqpipe.TokenSoftmax.v1"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[training]
seed = 0
gpu_allocator = null
max_steps = 2
eval_frequency = 2

[initialize]

[initialize.components]

[initialize.components.embedding_learner]
text = ${paths.text}
"""


@pytest.mark.slow
@pytest.mark.parametrize("program", ["spacy", "seqpipe"])
def test_one_config_learns_vectors_and_trains_a_tagger_on_them(tmp_path, text, program):
    nlp = spacy.blank("xx")
    doc = spacy.tokens.Doc(nlp.vocab, words=["a", "b", "zz"], tags=["X", "Y", "X"])
    spacy.tokens.DocBin(docs=[doc] * 4).to_disk(tmp_path / "train.spacy")
    (tmp_path / "c.cfg").write_text(CONFIG)
    words = ["train", tmp_path / "c.cfg", "--output", tmp_path / "out", "--paths.text", text]
    done = python("-m", program, *words, "--paths.train", tmp_path / "train.spacy")
    assert done.returncode == 0, done.stderr
    trained = spacy.load(tmp_path / "out" / "model-last")
    assert trained.vocab.vectors.shape == (8, 8)
    assert [token.tag_ for token in trained("a b")]
    examples = Corpus(tmp_path / "train.spacy")(trained)
    assert "tag_acc" in trained.evaluate(list(examples))
