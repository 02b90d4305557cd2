"""What a whole corpus shows is written to files, from which a stream's pipeline is initialised."""

import json

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.training.config_check import load_checked_config
from seqpipe.training.labels import (
    explain_unknown_labels,
    initialize_block,
    sample_warning,
    survey,
    write_files,
)
from seqpipe.training.run import initialized_pipeline
from tests.training.training_case import read, write_config, write_corpus

TOKENIZER = '\n[nlp.tokenizer]\n@tokenizers = "seqpipe.UnkTokenizer.v1"\n'
ADOPTING = '\n[initialize.components.ner]\nvocabulary = "tokenizer"\n'
STREAM = "max_epochs = -1"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a corpus of which the first 100 examples show but a part."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    vocab = spacy.blank("xx").vocab
    ann = Doc(vocab, words=["Ann", "sang"], tags=["N", "V"], ents=["B-PER", "O"])
    oslo = Doc(vocab, words=["In", "Oslo", "7"], tags=["P", "N", "M"], ents=["O", "B-LOC", "O"])
    DocBin(docs=[ann] * 110 + [oslo] * 3).to_disk("train.spacy")
    return tmp_path


def with_files(file, folder):
    """The config, and below it what takes the files that were made from it."""
    block = initialize_block(write_files(survey(read(file)), folder))
    both = file.with_name("both.cfg")
    both.write_text(f"{file.read_text()}\n{block}")
    return both


@pytest.mark.parametrize("more", ["", TOKENIZER], ids=["spacy's tokenizer", "ours"])
def test_a_stream_with_files_starts_as_one_that_is_read_whole(folder, more):
    file = write_config(folder, tagger=True, training=STREAM, more=more)
    stream = initialized_pipeline(read(with_files(file, folder / "labels")))
    whole = initialized_pipeline(read(file, max_epochs=0))
    assert stream.get_pipe("ner").labels == ("LOC", "PER")
    for name in ("ner", "tagger"):
        assert stream.get_pipe(name).to_bytes() == whole.get_pipe(name).to_bytes()
    if more:
        assert stream.tokenizer.vocabulary == whole.tokenizer.vocabulary


def test_words_come_from_the_tokenizer_where_the_component_adopts_them(folder):
    file = write_config(folder, training=STREAM, more=TOKENIZER + "lower = false\n")
    file.write_text(file.read_text() + ADOPTING)
    found = survey(read(file)).vocabularies
    (ner,) = found["components.ner"]
    assert ner["word"] == found["tokenizer"]
    assert "Oslo" in ner["word"]["words"]
    file.write_text(file.read_text() + '\n[initialize.tokenizer]\ntext_file = "text.txt"\n')
    (folder / "text.txt").write_text("Only these\n")
    words = survey(read(file)).vocabularies["components.ner"][0]["word"]["words"]
    assert list(words)[4:] == ["Only", "these"]


def test_labels_are_written_as_spacy_writes_them(folder):
    file = write_config(folder, tagger=True, training=STREAM)
    written = write_files(survey(read(file)), folder / "labels")
    names = sorted(path.name for path in written.values())
    assert names == ["ner.json", "ner.vocabulary.json", "tagger.json"]
    assert json.loads((folder / "labels" / "tagger.json").read_text()) == ["M", "N", "P", "V"]


def test_files_that_the_config_names_already_need_not_be_there(folder):
    file = write_config(folder, tagger=True, training=STREAM)
    named = with_files(file, folder / "labels")
    expected = (folder / "labels" / "ner.vocabulary.json").read_bytes()
    for path in (folder / "labels").iterdir():
        path.unlink()
    write_files(survey(read(named)), folder / "labels")
    assert (folder / "labels" / "ner.vocabulary.json").read_bytes() == expected


def test_a_corpus_is_read_once(folder):
    readings = []

    @registry.readers("test.Counted.v1")
    def counted(path: str):
        def read_again(nlp):
            readings.append(path)
            yield from Corpus(path)(nlp)

        return read_again

    reader = '[corpora.train]\n@readers = "test.Counted.v1"\npath = "train.spacy"\n'
    file = write_config(folder, training=STREAM, more=reader)
    assert survey(read(file)).examples == 113
    assert readings == ["train.spacy"]


def test_frozen_components_get_no_files(folder):
    file = write_config(folder, tagger=True, training=f'{STREAM}\nfrozen_components = ["tagger"]')
    assert list(survey(read(file)).labels) == ["components.ner"]


def test_a_corpus_without_a_label_is_refused(folder):
    doc = Doc(spacy.blank("xx").vocab, words=["Ann", "sang"])
    DocBin(docs=[doc]).to_disk("train.spacy")
    with pytest.raises(InputError, match="ner: the training data show no entity to learn"):
        survey(read(write_config(folder)))


def warning(file):
    config = read(file)
    return sample_warning(load_checked_config(config), initialized_pipeline(config))


def test_a_stream_that_is_longer_than_the_sample_is_warned_of(folder):
    said = warning(write_config(folder, tagger=True, training=STREAM, more=TOKENIZER))
    assert "only the first 100 examples" in said
    assert "the labels and the vocabulary of 'ner'; " in said
    assert "the labels of 'tagger'; " in said
    assert "the vocabulary of the tokenizer" in said
    assert "`seqpipe labels CONFIG --output FOLDER`" in said


def test_files_that_are_named_but_not_there_are_warned_of(folder):
    file = with_files(write_config(folder, tagger=True, training=STREAM), folder / "labels")
    assert warning(file) is None
    (folder / "labels" / "tagger.json").unlink()
    assert "for the labels of 'tagger'." in warning(file)


def test_nothing_is_warned_of_where_all_is_read(folder):
    assert warning(write_config(folder)) is None
    write_corpus(folder)
    assert warning(write_config(folder, training=STREAM)) is None


def test_a_label_that_comes_later_is_told_with_its_text_and_what_helps(folder):
    nlp = initialized_pipeline(read(write_config(folder, training=STREAM)))
    *_, last = Corpus("train.spacy")(nlp)
    with pytest.raises(InputError) as caught:
        nlp.update([*list(Corpus("train.spacy")(nlp))[:3], last], losses={})
    said = str(caught.value)
    assert said.startswith("ner: entity label 'LOC' was not seen when the component was initial")
    assert "expected one of ['PER']" in said
    assert 'found in "In Oslo 7"' in said
    assert "`seqpipe labels`" in said


def test_labels_that_a_component_of_spacys_stumbled_over_are_named(folder):
    file = write_config(folder, ner=False, tagger=True, training=STREAM)
    nlp = initialized_pipeline(read(file))
    first, *_, last = Corpus("train.spacy")(nlp)
    with pytest.raises(KeyError):
        nlp.update([first, last], losses={})
    assert explain_unknown_labels(nlp, [first]) is None
    said = str(explain_unknown_labels(nlp, [first, last]))
    assert "no component was initialised with: 'M', 'P'. " in said
    assert "`seqpipe labels`" in said


def test_vocabularies_of_another_architecture_are_refused_with_their_file(folder):
    file = write_config(folder, training=STREAM)
    named = with_files(file, folder / "labels")
    path = folder / "labels" / "ner.vocabulary.json"
    (vocabularies,) = json.loads(path.read_text())
    del vocabularies["suffix3"]
    path.write_text(json.dumps([vocabularies]))
    with pytest.raises(InputError, match=r"ner\.vocabulary\.json: vocabularies of \['word'"):
        initialized_pipeline(read(named))
