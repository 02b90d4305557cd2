"""projects/tour: its texts are sound, its commands name what they read and write, and a short tour
runs to the page at its end."""

import json
import shlex
import shutil
from pathlib import Path, PurePosixPath

import pytest
import spacy
import srsly

from seqpipe.classification.corpus import make_labelled_texts
from seqpipe.embeddings.matrix import Embeddings
from seqpipe.embeddings.vector_files import write_vectors
from seqpipe.project.load import load_project
from seqpipe.tagging.corpus import make_conll_corpus
from tests.processes import python, without_torch

PROJECT = Path(__file__).parents[2] / "projects" / "tour"
SCRIPTS = PROJECT / "scripts"
LANGUAGES = ("de", "vi")
PARTS = ("train", "dev", "test")
NLP = spacy.blank("xx")
LOADED = load_project(PROJECT / "project.yml")
# A tour in little: it runs, and learns next to nothing.
SHORT = {
    "sentences": "2000",
    "pairs": "300",
    "held_out": "12",
    "small": "60",
    "epochs": "1",
    "ner_en": "--training.max_steps 4 --training.eval_frequency 2",
    "stars_en": "--training.max_steps 4 --training.eval_frequency 2",
    "ner_small": "--nlp.lang xx --training.max_steps 4 --training.eval_frequency 2",
    "stars_small": "--nlp.lang xx --training.max_steps 4 --training.eval_frequency 2",
    "lm": "--training.max_steps 4 --training.eval_frequency 2",
    # One that has learned nothing does not come to an end of a sentence.
    "translator": "--training.max_steps 4 --training.eval_frequency 4"
    " --components.rnn_translator.search.max_ratio 0.1"
    " --components.rnn_translator.model.encoder.nO 16"
    " --components.rnn_translator.model.decoder.nO 16",
}


def run(folder, *words, expected=0):
    """What a program says; the last line of what it complains, if it should fail."""
    done = python(*words, cwd=folder, env=without_torch(), seconds=400)
    assert done.returncode == expected, done.stderr
    return done.stderr.splitlines()[-1] if expected else done.stdout


def script(folder, name, *words, expected=0):
    return run(folder, SCRIPTS / f"{name}.py", *words, expected=expected)


def content(path):
    return json.loads(path.read_text(encoding="utf-8"))


def given(language):
    return srsly.read_yaml(PROJECT / "assets" / f"{language}.yml")


def write_language(folder, language, *options):
    folder.mkdir(exist_ok=True)
    script(folder, "make_language", PROJECT / "assets" / f"{language}.yml", language, *options)
    return folder / language


@pytest.fixture(scope="module", params=LANGUAGES)
def corpus(request, tmp_path_factory):
    return write_language(tmp_path_factory.mktemp(request.param), request.param)


def read(path):
    return path.read_text(encoding="utf-8")


def sentences(path):
    """The sentences of a file, each as its lines."""
    return [block for block in read(path).split("\n\n") if block.strip()]


# German and Vietnamese


@pytest.mark.parametrize("part", PARTS)
def test_sentences_have_legal_tags_of_four_types(corpus, part):
    path = corpus / f"entities_{part}.conll"
    examples = list(make_conll_corpus(path, columns={"word": 0, "ner": 1}, separator="tab")(NLP))
    assert len(examples) == (600 if part == "train" else 150)
    labels = {ent.label_ for eg in examples for ent in eg.reference.ents}
    assert labels == {"PER", "LOC", "ORG", "DATE"}
    assert any(not eg.reference.ents for eg in examples)
    assert all(eg.reference[0].text[0].isupper() or eg.reference[0].text in '„"' for eg in examples)


@pytest.mark.parametrize("part", PARTS)
def test_reviews_have_one_to_five_stars(corpus, part):
    path = corpus / f"reviews_{part}.tsv"
    examples = list(make_labelled_texts(path, text="text", label="stars")(NLP))
    assert len(examples) == (600 if part == "train" else 150)
    stars = [label for eg in examples for label, value in eg.reference.cats.items() if value]
    assert set(stars) == {"1", "2", "3", "4", "5"}
    assert min(map(stars.count, "12345")) > len(stars) / 10
    texts = [eg.reference.text for eg in examples]
    assert not any("{" in text or "  " in text for text in texts)
    assert all(text[0].isupper() for text in texts)


def test_nothing_stands_in_two_parts(corpus):
    for pattern, split in (("entities_{}.conll", sentences), ("reviews_{}.tsv", read)):
        found = [split(corpus / pattern.format(part)) for part in PARTS]
        found = [set(one if isinstance(one, list) else one.splitlines()[1:]) for one in found]
        assert sum(map(len, found)) == len(set.union(*found)) == 900


def test_the_test_has_names_that_training_has_not(corpus):
    lists = [one for one in given(corpus.name)["words"].values() if isinstance(one, dict)]
    new = {name for one in lists for name in one["test"]}
    train, test = (
        {name for one in sentences(corpus / f"entities_{part}.conll") for name in entities(one)}
        for part in ("train", "test")
    )
    assert not new & train
    assert len(new & test) > 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_pattern_of_the_test_is_one_of_training(language):
    found = given(language)
    frames = [found["entities"], *found["stars"]["frames"].values()]
    assert len(frames) == 6
    for one in frames:
        assert one["test"]
        assert not set(one["train"]) & set(one["test"])


def test_the_same_seed_gives_the_same_files(corpus, tmp_path):
    again = write_language(tmp_path, corpus.name)
    other = write_language(tmp_path / "other", corpus.name, "--seed", "1")
    for path in corpus.iterdir():
        assert read(path) == read(again / path.name) != read(other / path.name)


def entities(sentence):
    """The entities of a sentence, as texts."""
    found = []
    for line in sentence.splitlines():
        word, tag = line.split("\t")
        if tag.startswith("B-"):
            found.append(word)
        elif tag.startswith("I-"):
            found[-1] += f" {word}"
    return found


def test_nobody_goes_from_a_place_to_the_same(corpus):
    for sentence in sentences(corpus / "entities_train.conll"):
        found = entities(sentence)
        assert len(found) == len(set(found)), sentence


def test_more_sentences_than_there_are_is_an_error(tmp_path):
    path = tmp_path / "few.yml"
    few = {
        "words": {"A": ["x", "y"]},
        "labels": {},
        "entities": {"train": ["{A}"], "test": ["{A}"]},
    }
    srsly.write_yaml(path, few)
    said = script(tmp_path, "make_language", path, "out", expected=1)
    assert said == ("error: only 2 different lines of entities, expected 150: ask for fewer")


def test_a_name_without_a_list_is_an_error(tmp_path):
    path = tmp_path / "wrong.yml"
    wrong = {"words": {"A": ["x"]}, "labels": {}, "entities": {"train": ["{B}"], "test": ["{B}"]}}
    srsly.write_yaml(path, wrong)
    said = script(tmp_path, "make_language", path, "out", expected=1)
    assert said == "error: {B}: expected one of A"


def test_english_sentences_stand_behind_those_of_the_corpus(tmp_path):
    shipped = PROJECT.parent / "ner" / "assets" / "train.conll"
    options = ["--train", "30", "--held-out", "5", "--beside", shipped]
    folder = write_language(tmp_path, "en", *options)
    train = read(folder / "entities_train.conll")
    assert train.startswith(read(shipped).rstrip() + "\n\n")
    assert len(sentences(folder / "entities_train.conll")) == len(sentences(shipped)) + 30
    assert not list(folder.glob("reviews*"))


@pytest.mark.parametrize("name", ["names_de", "names_vi", "reviews_de", "reviews_vi"])
def test_texts_that_are_shown_are_not_trained_on(name, tmp_path):
    kind, language = name.split("_")
    folder = write_language(tmp_path, language)
    if kind == "names":
        train = [
            "".join(line.split("\t")[0] for line in one.splitlines())
            for one in sentences(folder / "entities_train.conll")
        ]
    else:
        lines = read(folder / "reviews_train.tsv").splitlines()
        train = [line.split("\t")[1].replace(" ", "") for line in lines]
    for text in shlex.split(srsly.read_yaml(PROJECT / "project.yml")["vars"][name]):
        assert text.replace(" ", "") not in train


# English


def test_english_text_has_the_translations_and_never_apple_and_pear(tmp_path):
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    for part in PARTS:
        rows = [f"Phrase {part} {i}.\tSentence {part} {i}.\n" for i in range(200)]
        (pairs / f"{part}.tsv").write_text("".join(rows), encoding="utf-8")
    script(tmp_path, "make_english", pairs, PROJECT / "assets" / "en.yml", "out")
    texts = {part: read(tmp_path / "out" / f"{part}.txt") for part in PARTS}
    found = [set(text.splitlines()) for text in texts.values()]
    assert sum(map(len, found)) == len(set.union(*found))
    for part, text in texts.items():
        assert f"Sentence {part} 7." in text
        assert "apple and pear" not in text.lower()
    assert "pear and apple" in " ".join(texts.values()).lower()
    assert " were " in texts["train"]


def test_a_line_without_a_tab_is_named(tmp_path):
    (tmp_path / "test.tsv").write_text("Bonjour.\tHello.\nBonsoir.\n", encoding="utf-8")
    said = script(tmp_path, "make_english", ".", PROJECT / "assets" / "en.yml", "out", expected=1)
    assert said.endswith("test.tsv, line 2: no tab, expected a sentence and its translation")


def test_the_vocabulary_tells_what_it_does_not_know(tmp_path):
    (tmp_path / "text.txt").write_text("the cat saw the dog\nthe dog slept\n", encoding="utf-8")
    (tmp_path / "dev.txt").write_text("the cat slept\nthe bird\n", encoding="utf-8")
    (tmp_path / "examples.txt").write_text("the Mau\n", encoding="utf-8")
    words = ["text.txt", "dev.txt", "examples.txt", "model", "--output", "m.json", "--rows", "r"]
    script(tmp_path, "learn_vocabulary", *words, "--min-count", "2")
    assert content(tmp_path / "m.json")["scores"] == {
        "tokens": 5,
        "sizes": {"2": {"words": 2, "unknown": 0.6}},
    }
    rows = [json.loads(line) for line in read(tmp_path / "r").splitlines()]
    assert rows == [
        {"word": "the", "id": 4, "unknown": None},
        {"word": "Mau", "id": 1, "unknown": "<UNK>"},
    ]
    assert spacy.load(tmp_path / "model")("the Mau")[1]._.is_unk


# Vectors and pairs


def test_vectors_are_asked_side_by_side(tmp_path):
    table = {"man": [-1, 0], "woman": [1, 0], "king": [-1, 1], "queen": [1, 1], "pear": [0, -1]}
    write_vectors(Embeddings(list(table), list(table.values())), tmp_path / "v.txt")
    (tmp_path / "q.txt").write_text("man woman king\n", encoding="utf-8")
    script(tmp_path, "ask_vectors", "q.txt", "one=v.txt", "two=v.txt", "--output", "m.json")
    scores = content(tmp_path / "m.json")["scores"]
    assert scores["man : woman = king : ?"]["one"].startswith("queen (")
    assert scores["man : woman = king : ?"]["two"].startswith("queen (")


def test_a_question_of_two_words_is_named(tmp_path):
    (tmp_path / "q.txt").write_text("man woman\n", encoding="utf-8")
    said = script(tmp_path, "ask_vectors", "q.txt", "one=v.txt", "--output", "m.json", expected=1)
    assert said == "error: q.txt, line 1: 2 words, expected three: A B C, as in man woman king"


def test_references_are_filled_up_with_the_last(tmp_path):
    table = "un\tone\nun\ta\ndeux\ttwo\n"
    (tmp_path / "t.tsv").write_text(table, encoding="utf-8")
    script(tmp_path, "split_pairs", "t.tsv", "s", "r1", "r2", "r3")
    assert [read(tmp_path / name) for name in ("s", "r1", "r2", "r3")] == [
        "un\ndeux\n",
        "one\ntwo\n",
        "a\ntwo\n",
        "a\ntwo\n",
    ]
    said = script(tmp_path, "split_pairs", "t.tsv", "s", "r1", expected=1)
    assert said == "error: 2 translations of a sentence, expected at most 1"


# The project


def named_paths(command):
    """What the script lines of a command name that looks like a path."""
    for line in command.script:
        for word in shlex.split(line.value):
            word = word.partition("=")[2] or word
            path = PurePosixPath(word)
            if " " not in word and ("/" in word or path.suffix in (".yml", ".html")):
                yield word


def holds(paths, word):
    return any(word == path or word.startswith(f"{path}/") for path in paths)


@pytest.mark.parametrize("command", LOADED.commands.values(), ids=list(LOADED.commands))
def test_every_file_that_a_script_line_names_is_a_dep_or_an_output(command):
    declared = [path.value for path in (*command.deps, *command.outputs)]
    undeclared = [word for word in named_paths(command) if not holds(declared, word)]
    assert not undeclared


def test_every_dep_is_shipped_or_made_by_a_command_before():
    made = []
    for name in LOADED.workflows["all"]:
        command = LOADED.commands[name]
        for path in command.deps:
            assert holds(made, path.value) or (PROJECT / path.value).exists(), path.value
        made += [path.value for path in command.outputs]


def report_files(part):
    """The files that a part of report.yml shows."""
    files = part.get("table") or part.get("page") or part.get("picture") or part.get("lines")
    return list(files.values()) if isinstance(files, dict) else [files]


def test_the_report_shows_what_its_command_depends_on_and_nothing_else():
    report = srsly.read_yaml(PROJECT / "report.yml")
    shown = {
        file for one in report["sections"] for part in one["parts"] for file in report_files(part)
    }
    deps = {path.value for path in LOADED.commands["report"].deps} - {"report.yml"}
    assert all(holds(deps, file) for file in shown)
    assert all(any(holds([dep], file) for file in shown) for dep in deps)


@pytest.mark.slow
def test_a_short_tour_ends_with_the_page_and_is_skipped_the_second_time(tmp_path):
    for name in ("tour", "ner", "classification", "embeddings", "debiasing", "translation"):
        left_out = shutil.ignore_patterns("models", "corpus", "metrics", "pages", "report.html")
        shutil.copytree(PROJECT.parent / name, tmp_path / name, ignore=left_out)
    options = [f"--vars.{name}={value}" for name, value in SHORT.items()]
    tour = tmp_path / "tour"
    run(tmp_path, "-m", "seqpipe", "run", tour, *options)
    page = read(tour / "report.html")
    for title in ("Tokenizer", "Debiasing", "Named entities", "Sentiment", "Translation", "BLEU"):
        assert title in page
    said = run(tmp_path, "-m", "seqpipe", "run", tour, *options)
    assert f"0 run, {len(LOADED.commands)} skipped" in said
