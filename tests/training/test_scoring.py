"""A pipeline is scored on data that its own reader reads; labels it never saw are told."""

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.pipelines import read_examples
from seqpipe.training.scoring import (
    gold_entity_counts,
    main_score,
    score_pipeline,
    training_seed,
    unseen_labels,
)

PATTERNS = [{"label": "PER", "pattern": "Ann"}, {"label": "LOC", "pattern": "Leeds"}]


@pytest.fixture
def nlp():
    """A pipeline that knows Ann and Leeds, and reads column files."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    nlp.config["corpora"]["dev"] = {
        "@readers": "seqpipe.ConllCorpus.v1",
        "path": "elsewhere.conll",
        "columns": {"word": 1, "ner": 0},
        "limit": 1,
    }
    nlp.config["training"]["seed"] = 7
    return nlp


def example(nlp, words, tags):
    words = words.split()
    predicted = Doc(nlp.vocab, words=words)
    return Example(predicted, Doc(nlp.vocab, words=words, ents=tags.split()))


def test_data_is_read_by_the_reader_of_the_config_and_whole(nlp, tmp_path):
    path = tmp_path / "test.conll"
    path.write_text("B-PER Ann\nO sang\n\nO Go\n")
    examples = read_examples(nlp, path)
    assert [eg.reference.text.strip() for eg in examples] == ["Ann sang", "Go"]
    assert [ent.label_ for ent in examples[0].reference.ents] == ["PER"]


def test_docbin_is_read_whatever_the_reader_of_the_config(nlp, tmp_path):
    DocBin(docs=[nlp("Ann sang")]).to_disk(tmp_path / "test.spacy")
    assert len(read_examples(nlp, tmp_path / "test.spacy")) == 1


def test_column_file_needs_a_reader_of_column_files(tmp_path):
    path = tmp_path / "test.conll"
    path.write_text("Ann B-PER\n")
    with pytest.raises(InputError, match=r"test\.conll: this pipeline was trained on \.spacy"):
        read_examples(spacy.blank("xx"), path)


def test_pipeline_without_a_corpus_in_its_config_says_so(nlp, tmp_path):
    path = tmp_path / "test.conll"
    path.write_text("B-PER Ann\n")
    del nlp.config["corpora"]["dev"]["path"]
    with pytest.raises(InputError, match=r"no \[corpora\.dev\] with a path"):
        read_examples(nlp, path)


@pytest.fixture
def joined(nlp):
    """A pipeline whose development corpus joins two."""
    reviews = {"@readers": "seqpipe.LabelledTexts.v1", "path": "dev.tsv.gz"}
    nlp.config["corpora"]["dev"] = {
        "@readers": "seqpipe.JoinedCorpora.v1",
        "*": {"entities": {**nlp.config["corpora"]["dev"], "path": "a.conll"}, "reviews": reviews},
    }
    return nlp


def test_of_corpora_that_are_joined_the_one_of_the_files_kind_says_how_to_read(joined, tmp_path):
    (tmp_path / "test.conll").write_text("B-PER Ann\nO sang\n")
    (tmp_path / "test.tsv").write_text("label\ttext\nbad\tAnn sang\ngood\tAnn slept\n")
    (entities,) = read_examples(joined, tmp_path / "test.conll")
    assert [ent.label_ for ent in entities.reference.ents] == ["PER"]
    reviews = read_examples(joined, tmp_path / "test.tsv")
    assert [eg.reference.cats["good"] for eg in reviews] == [0.0, 1.0]


@pytest.mark.parametrize("name", ["test.txt", "test.conll"])
def test_a_file_that_is_of_no_joined_corpus_or_of_two_is_refused(joined, tmp_path, name):
    parts = joined.config["corpora"]["dev"]["*"]
    parts["more"] = parts["entities"]
    (tmp_path / name).write_text("B-PER Ann\n")
    known = r"entities \(\.conll\), reviews \(\.tsv\), more \(\.conll\); or a \.spacy file"
    with pytest.raises(InputError, match=rf"\[corpora\.dev\].*just one of them: {known}"):
        read_examples(joined, tmp_path / name)


def test_missing_data_is_named(nlp, tmp_path):
    with pytest.raises(InputError, match=r"none\.conll: no such file or folder"):
        read_examples(nlp, tmp_path / "none.conll")


@pytest.mark.parametrize(("name", "content"), [("a.conll", b"\n"), ("a.spacy", None)])
def test_empty_data_is_refused(nlp, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(DocBin().to_bytes() if content is None else content)
    with pytest.raises(InputError, match=f"{name}.*no sentence in it"):
        read_examples(nlp, path)


def test_damaged_docbin_is_refused(nlp, tmp_path):
    DocBin(docs=[nlp("Ann sang")]).to_disk(tmp_path / "a.spacy")
    (tmp_path / "a.spacy").write_bytes((tmp_path / "a.spacy").read_bytes()[:-9])
    with pytest.raises(InputError, match=r"a\.spacy: not a sound \.spacy file"):
        read_examples(nlp, tmp_path / "a.spacy")


def test_scores_are_those_of_nlp_evaluate_and_leave_the_examples_alone(nlp):
    examples = [
        example(nlp, "Ann left Leeds", "B-PER O B-LOC"),
        example(nlp, "Leeds won", "B-ORG O"),
    ]
    scores = score_pipeline(nlp, examples)
    assert scores.values["ents_p"] == pytest.approx(2 / 3)
    assert scores.values["ents_r"] == pytest.approx(2 / 3)
    assert "speed" not in scores.values
    assert scores.words_per_second > 0
    assert not examples[0].predicted.ents


def test_labels_that_no_component_can_give_are_counted(nlp):
    examples = [
        example(nlp, "Leeds beat Ann", "B-ORG O B-PER"),
        example(nlp, "Acme won", "B-ORG O"),
    ]
    assert unseen_labels(nlp, examples) == {"ORG": 2}
    assert gold_entity_counts(examples) == {"ORG": 2, "PER": 1}


def test_pipeline_that_sets_no_entities_misses_none(nlp):
    nlp.disable_pipe("entity_ruler")
    assert unseen_labels(nlp, [example(nlp, "Acme won", "B-ORG O")]) == {}


def test_seed_and_main_score_come_from_the_config(nlp):
    assert training_seed(nlp) == 7
    assert main_score(nlp) == "ents_f"
