"""`seqpipe evaluate` scores pipelines on data, shows examples, and names damaged folders."""

import json
import re
import shutil

import pytest
import spacy
import typer
from spacy.tokens import DocBin
from typer.testing import CliRunner

from seqpipe.cli.evaluate import evaluate
from seqpipe.files import InputError
from seqpipe.pipelines import read_examples
from seqpipe.plugins import load_plugins
from seqpipe.testing.case import train
from tests.classification.text_case import TINY, polarity_examples
from tests.cli.conftest import PATTERNS
from tests.translation.translator_case import reverser

DATA = """Ann\tB-PER
left\tO
Leeds\tB-LOC
for\tO
Leeds\tB-ORG

Ann\tB-PER
stayed\tO
in\tO
the\tO
town\tO
"""


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "test.conll"
    path.write_text(DATA)
    return path


@pytest.fixture
def copy(model, tmp_path):
    """A model to damage."""
    return shutil.copytree(model, tmp_path / "copy")


def run(*words):
    app = typer.Typer()
    app.command()(evaluate)
    result = CliRunner().invoke(app, [str(word) for word in words], obj=load_plugins())
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def rows(text):
    return {words[0]: words[1:] for words in map(str.split, text.splitlines()) if words}


def test_table_has_a_row_a_type_and_a_total(model, data):
    table = rows(run(model, data).stdout)
    assert table["PER"] == ["100.00", "100.00", "100.00", "2"]
    assert table["LOC"] == ["50.00", "100.00", "66.67", "1"]
    assert table["ORG"] == ["0.00", "0.00", "0.00", "1"]
    assert table["all"] == ["75.00", "75.00", "75.00", "4"]


def test_labels_never_seen_are_noted_and_no_failure(model, data):
    result = run(model, data)
    assert result.exit_code == 0
    assert "never saw these labels, all are misses: ORG (1)" in result.stderr


def test_several_models_give_mean_spread_and_seeds(model, data, copy):
    config = copy / "config.cfg"
    config.write_text(config.read_text().replace("seed = 7", "seed = 8"))
    text = run(model, copy, data).stdout
    assert rows(text)["PER"] == ["100.00", "±0.00", "100.00", "±0.00", "100.00", "±0.00", "2"]
    table, _, speed = text.partition("\nspeed: ")
    assert [words[0] for words in rows(table).values() if len(words) == 2] == ["7", "8"]
    assert re.match(r"[\d,]+ words/s\n", speed)


def test_examples_mark_entities_and_what_is_wrong(model, data):
    text = run(model, data, "--examples", "2").stdout
    assert "[Ann](PER) left [Leeds](LOC) for [Leeds](LOC ✗ gold: ORG)" in text
    assert "[Ann](PER) stayed in the town" in text


def test_no_more_examples_than_asked_for(model, data):
    text = run(model, data, "--examples", "1").stdout
    assert text.count("[Ann](PER)") == 1


def test_metrics_file_has_scores_seeds_and_corpus(model, data, copy, tmp_path):
    output = tmp_path / "metrics" / "x.json"
    run(model, copy, data, "--output", output)
    metrics = json.loads(output.read_text())
    assert metrics["scores"]["ents_f"] == {"mean": 0.75, "std": 0.0}
    assert metrics["scores"]["ents_per_type"]["LOC"]["p"]["mean"] == 0.5
    assert [(r["seed"], r["scores"]["ents_f"]) for r in metrics["runs"]] == [(7, 0.75), (7, 0.75)]
    assert metrics["corpus"]["path"] == str(data)
    assert len(metrics["corpus"]["md5"]) == 32
    assert metrics["seconds"] > 0
    assert metrics["versions"]["spacy"] == spacy.__version__


def test_empty_data_is_refused(model, tmp_path):
    (tmp_path / "none.conll").write_text("")
    with pytest.raises(InputError, match=r"none\.conll: no sentence"):
        run(model, tmp_path / "none.conll")


@pytest.fixture
def of_spacy_files(tmp_path):
    """A pipeline that was trained on .spacy files, and a folder of two of them."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    reader = {"@readers": "spacy.Corpus.v1", "path": "dev", "gold_preproc": False, "limit": 1}
    nlp.config["corpora"]["dev"] = reader
    nlp.to_disk(tmp_path / "docbins")
    doc = nlp("Ann saw Leeds")
    (tmp_path / "corpus" / "inner").mkdir(parents=True)
    for place in ("a.spacy", "inner/b.spacy"):
        DocBin(docs=[doc, doc]).to_disk(tmp_path / "corpus" / place)
    return tmp_path / "docbins", tmp_path / "corpus"


def test_a_folder_of_spacy_files_is_read_whole(of_spacy_files):
    scores = json.loads(run(*of_spacy_files, "--json").stdout)["scores"]
    assert scores["ents_f"] == 1.0
    assert len(read_examples(spacy.load(of_spacy_files[0]), of_spacy_files[1])) == 4


def test_the_damaged_one_of_a_folder_is_named(of_spacy_files):
    (of_spacy_files[1] / "inner" / "b.spacy").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"b\.spacy: not a sound \.spacy file"):
        run(*of_spacy_files)


@pytest.mark.filterwarnings("error")
def test_a_folder_without_spacy_files_is_one_message(of_spacy_files, tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match=r"nothing: no \.spacy file in this folder, expected"):
        run(of_spacy_files[0], tmp_path / "nothing")


def test_fault_in_the_data_has_file_and_line(model, tmp_path):
    (tmp_path / "bad.conll").write_text("Ann\tB-PER\nsang\tX-PER\n")
    with pytest.raises(InputError, match=r"bad\.conll, line 2: "):
        run(model, tmp_path / "bad.conll")


@pytest.mark.parametrize(
    "file",
    ["config.cfg", "meta.json", "tokenizer", "tagger/cfg", "tagger/model", "vocab/strings.json"],
)
def test_missing_file_of_a_model_is_named(copy, data, file):
    (copy / file).unlink()
    with pytest.raises(InputError) as caught:
        run(copy, data)
    assert str(caught.value).startswith(f"{copy}: ")
    assert file in str(caught.value)


@pytest.mark.parametrize(
    "file",
    ["config.cfg", "meta.json", "tokenizer", "tagger/cfg", "tagger/model", "vocab/strings.json"],
)
@pytest.mark.parametrize("share", [0, 0.5], ids=["empty", "cut in half"])
def test_file_of_a_model_that_is_cut_short_is_named(copy, data, file, share):
    content = (copy / file).read_bytes()
    (copy / file).write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError) as caught:
        run(copy, data)
    assert str(caught.value).startswith(f"{copy}: {file} is ")


def test_folder_that_is_none_and_folder_that_is_no_model_are_named(tmp_path, data, model):
    with pytest.raises(InputError, match=r"nope: no such folder"):
        run(tmp_path / "nope", data)
    with pytest.raises(InputError, match=r"no config\.cfg in this folder"):
        run(tmp_path, data)
    shutil.copytree(model, tmp_path / "out" / "model-best")
    with pytest.raises(InputError, match=r"did you mean .*out/model-best\?"):
        run(tmp_path / "out", data)


def test_examples_of_classes_are_texts_with_what_is_wrong(tmp_path):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_textcat", config=TINY)
    train(nlp, polarity_examples(nlp))
    nlp.to_disk(tmp_path / "model")
    docs = [eg.reference for eg in polarity_examples(nlp)]
    docs[0].cats = {"negative": 1.0}
    DocBin(docs=docs).to_disk(tmp_path / "test.spacy")
    shown = run(tmp_path / "model", tmp_path / "test.spacy", "--examples", "4").stdout
    table, _, examples = shown.partition("\nexamples\n")
    assert "cats_acc" in table
    assert re.search(r"^positive \d\.\d\d (✗|x) gold: negative$", examples, re.MULTILINE)
    assert docs[0].text in examples
    assert len(re.findall(r"^The (soup|service) was", examples, re.MULTILINE)) == 4


@pytest.fixture
def of_parallel_files(tmp_path):
    """A translator whose development corpus is a file of sources and two of references."""
    reverser().to_disk(tmp_path / "model")
    nlp = spacy.load(tmp_path / "model")
    reader = {"@readers": "seqpipe.ParallelCorpus.v1", "source": "a", "targets": ["b", "c"]}
    nlp.config["corpora"] = {"dev": {**reader, "limit": 1, "empty": "skip"}}
    nlp.config["training"]["dev_corpus"] = "corpora.dev"
    nlp.to_disk(tmp_path / "model")
    return tmp_path / "model"


def test_a_table_stands_for_parallel_files(of_parallel_files, tmp_path):
    table = tmp_path / "test.tsv"
    table.write_text("a b c d\tz\td c b a\n\tb\tc\nb c d e\te d c b\tz\n", encoding="utf-8")
    shown = rows(run(of_parallel_files, table).stdout)
    assert (shown["exact_match"][0], shown["bleu_texts"]) == ("100.00", ["2"])
    table.write_text("a b c d\td c b a\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"test\.tsv, line 1: 2 columns, expected at least 3"):
        run(of_parallel_files, table)


def test_one_of_the_parallel_files_is_not_enough(of_parallel_files, tmp_path):
    (tmp_path / "test.de").write_text("a b c d\n", encoding="utf-8")
    said = r"test\.de: \[corpora\.dev\] of this pipeline reads .* expected a \.tsv table .*bleu$"
    with pytest.raises(InputError, match=said):
        run(of_parallel_files, tmp_path / "test.de")
