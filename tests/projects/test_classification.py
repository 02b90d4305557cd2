"""projects/classification: the shipped reviews are as described, the scripts do what they say."""

import gzip
import importlib.util
import json
import re
from collections import Counter
from pathlib import Path

import numpy
import pytest
import spacy

from seqpipe.evaluation.contrast import contrast_groups, score_contrast
from tests.processes import python

PROJECT = Path(__file__).parents[2] / "projects" / "classification"
ASSETS, SCRIPTS, CONFIGS = PROJECT / "assets", PROJECT / "scripts", PROJECT / "configs"
PARTS = ("train/reviews", "dev", "test")
PHRASES = "train/phrases"
LECTURE = {
    "Completely lacking in good taste, good service, and good ambience.": "1",
    "Service was quite slow.": "2",
    "Good for a quick meal, but nothing special.": "3",
    "The dessert is excellent.": "4",
}
SHORT = ["--training.max_epochs", "1", "--training.max_steps", "4"]
SMALL = ["--components.textcat.model.tok2vec.width", "8"]


def run(folder, *words, expected=0):
    """What a program of ours says; the last line of what it complains, if it should fail."""
    done = python(*words, cwd=folder)
    assert done.returncode == expected, done.stderr
    return done.stderr.splitlines()[-1] if expected else done.stdout


def script(folder, name, *words, expected=0):
    return run(folder, SCRIPTS / f"{name}.py", *words, expected=expected)


def seqpipe(folder, *words):
    return run(folder, "-m", "seqpipe", *words)


def module_of(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def content(path):
    return json.loads(path.read_text(encoding="utf-8"))


def reviews(part):
    """Stars and text of each review of a part, or of each phrase."""
    header, *lines = (ASSETS / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
    assert header == "stars\ttext"
    return [tuple(line.split("\t")) for line in lines]


def counts(part):
    """A file's row in the README."""
    found = reviews(part)
    stars = Counter(stars for stars, _ in found)
    groups = Counter(group for _, text in found for group in contrast_groups(text))
    words = sum(len(text.split()) for _, text in found)
    by_stars = [stars[label] for label in "12345"]
    return [len(found), *by_stars, words, groups["negation"], groups["contrast"]]


def test_counts_of_the_reviews_are_those_of_their_readme():
    readme = (ASSETS / "README.md").read_text(encoding="utf-8").replace(",", "")
    rows = dict(re.findall(r"^\| `?([\w./ ]+)`? \| ([\d |]+) \|$", readme, flags=re.MULTILINE))
    said = {name: [int(cell) for cell in row.split("|")] for name, row in rows.items()}
    assert said == {
        **{f"{part}.tsv": counts(part) for part in (*PARTS, PHRASES)},
        "all reviews": [sum(column) for column in zip(*map(counts, PARTS), strict=True)],
    }


def test_reviews_are_short_and_none_comes_twice():
    texts = [text.casefold() for part in PARTS for _, text in reviews(part)]
    assert len(texts) == len(set(texts)) == 400
    assert {3 <= len(text.split()) <= 40 for text in texts} == {True}


def in_a_row(text, length):
    """All runs of so many words; the text itself if it is shorter."""
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold())
    return {tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1))}


def test_no_phrase_comes_twice_or_has_more_than_three_words_in_a_row_of_a_held_out_review():
    phrases = [text for _, text in reviews(PHRASES)]
    known = {text.casefold() for _, text in reviews("train/reviews")}
    assert len({text.casefold() for text in phrases} - known) == len(phrases)
    for part in ("dev", "test"):
        held_out = set().union(*(in_a_row(text, 4) for _, text in reviews(part)))
        assert [text for text in phrases if in_a_row(text, 4) & held_out] == []


def test_the_lectures_examples_are_test_reviews_and_are_explained():
    assert LECTURE.items() <= {text: stars for stars, text in reviews("test")}.items()
    project = (PROJECT / "project.yml").read_text(encoding="utf-8")
    assert all(f'\\"{text}\\"' in project for text in LECTURE)


CORPORA = """
[paths]
data = null

[folds]
fold = 0

[small]

[small.train]
@readers = "seqpipe.LabelledTexts.v1"
path = "${paths.data}/small.tsv"
text = 1
label = 0
folds = 3
fold = ${folds.fold}
part = "train"

[small.dev]
@readers = "seqpipe.LabelledTexts.v1"
path = "${paths.data}/small.tsv"
text = 1
label = 0
folds = 3
fold = ${folds.fold}
part = "dev"

[small.test]
@readers = "seqpipe.LabelledTexts.v1"
path = "${paths.data}/small.tsv"
text = 1
label = 0
folds = 3
fold = ${folds.fold}
part = "test"
"""
ROWS = [
    ("good", "A good<br /><br />film."),
    ("bad", "I didn't  like it."),
    ("good", "Fine \N{NO-BREAK SPACE}!"),
]


@pytest.fixture
def small(tmp_path):
    """A folder with a corpus of three texts, and how it is read."""
    lines = "".join(f"{label}\t{text}\n" for label, text in ROWS)
    (tmp_path / "small.tsv").write_text(lines, encoding="utf-8")
    (tmp_path / "corpora.cfg").write_text(CORPORA, encoding="utf-8")
    return tmp_path


def part(folder, name):
    lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    return [tuple(json.loads(line).values()) for line in lines if line]


def test_a_corpus_is_written_in_parts_and_its_training_text_in_words(small):
    said = script(small, "split", "corpora.cfg", "small", "out", "--", "--paths.data", ".")
    assert part(small / "out", "test") == [("A good film.", "good")]
    assert part(small / "out", "dev") == [("I didn't like it.", "bad")]
    assert part(small / "out", "train") == [("Fine \N{NO-BREAK SPACE}!", "good")]
    assert "train 1, dev 1, test 1" in said
    words = ["corpora.cfg", "small", "other", "--", "--paths.data", ".", "--folds.fold", "2"]
    script(small, "split", *words)
    text = (small / "other" / "text.txt").read_text(encoding="utf-8")
    assert text == "i did n't like it .\n"


def test_a_corpus_that_there_is_not_is_named(small):
    said = script(small, "split", "corpora.cfg", "large", "out", expected=1)
    assert said == "error: corpora.cfg: no corpus 'large', expected one of paths, folds, small"


def test_the_background_is_one_text_in_the_tokenizers_words(tmp_path):
    for name, text in (("a", "Title\n\nIt didn't rain.\n"), ("b", "Really?\n")):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    said = script(tmp_path, "prepare", "a.gz", "b.gz", "--output", "text.txt")
    text = (tmp_path / "text.txt").read_text(encoding="utf-8")
    assert text == "title\nit did n't rain .\nreally ?\n"
    assert said == "8 words are in text.txt\n"


def metrics(folder, name, *, data="sum", **scores):
    """A metrics file as `seqpipe evaluate` writes it."""
    corpus = {"path": "test.tsv", "sha256": data}
    text = json.dumps({"scores": scores, "runs": [{}, {}], "corpus": corpus})
    (folder / name).write_text(text, encoding="utf-8")
    return name


def test_models_stand_side_by_side(tmp_path):
    both = [
        metrics(tmp_path, "small_set_average.json", cats_acc={"mean": 0.5, "std": 0.02}),
        metrics(tmp_path, "small_set_textcat.json", cats_acc=0.25, stars_mae=1.5),
    ]
    lines = [line.split() for line in script(tmp_path, "table", *both).splitlines() if line.strip()]
    assert lines[0] == ["small_set,", "test", "texts"]
    assert lines[1] == ["average", "textcat"]
    assert lines[3] == ["accuracy,", "%", "50.00", "±2.00", "25.00"]
    assert lines[4] == ["mean", "absolute", "error,", "stars", "-", "1.5"]
    assert lines[5] == ["seeds", "2", "2"]


def test_scores_on_different_texts_are_not_put_together(tmp_path):
    both = [
        metrics(tmp_path, "a_average.json", cats_acc=0.5),
        metrics(tmp_path, "a_textcat.json", cats_acc=0.5, data="other"),
    ]
    said = script(tmp_path, "table", *both, expected=1)
    assert "a_textcat.json: scores on test.tsv, expected the same data as in a_average.json" in said


def test_a_difference_stands_beside_its_interval():
    contrast = module_of("contrast")
    texts = ["It is not good.", "It is good."]
    correct = {"recurrent": [True, True], "average": [False, True]}
    heads, rows = contrast.table(score_contrast(texts, correct))
    assert heads == ["", "texts", "recurrent", "average", "recurrent - average"]
    assert rows[0] == ["negation", "1", "100.00", "0.00", "+100.00 [+100.00, +100.00]"]
    assert rows[1] == ["contrast", "0", "-", "-", "-"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder in which two models were trained for four steps."""
    folder = tmp_path_factory.mktemp("trained")
    paths = ["--paths.train", ASSETS / "train", "--paths.dev", ASSETS / "dev.tsv"]
    for name in ("average", "recurrent"):
        words = [CONFIGS / f"{name}.cfg", "--output", name, *paths, *SHORT, *SMALL]
        seqpipe(folder, "train", *words)
    return folder


@pytest.mark.slow
def test_models_are_scored_compared_and_explained(trained):
    names = ("average", "recurrent")
    best = {name: f"{name}/model-best" for name in names}
    test = ASSETS / "test.tsv"
    for name in names:
        seqpipe(trained, "evaluate", best[name], test, "--output", f"reviews_{name}.json")
    said = script(trained, "table", *(f"reviews_{name}.json" for name in names))
    assert "mean absolute error, stars" in said
    pairs = [f"{name}={folder}" for name, folder in best.items()]
    script(trained, "contrast", test, *pairs, "--output", "contrast.json")
    scores = content(trained / "contrast.json")["scores"]
    for name in names:
        accuracy = content(trained / f"reviews_{name}.json")["scores"]["cats_acc"]
        assert scores["all"]["accuracy"][name] == pytest.approx(accuracy)
    assert scores["all"]["texts"] == 80
    said = seqpipe(trained, "classification", "explain", best["average"], *LECTURE, "--json")
    assert [one["text"] for one in json.loads(said)] == list(LECTURE)


@pytest.mark.slow
def test_both_classifiers_are_timed_on_the_same_texts(tmp_path):
    rows = [{"text": text, "label": stars} for stars, text in reviews("dev")]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "texts.jsonl").write_text(lines, encoding="utf-8")
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("good", numpy.ones(4, dtype="f"))
    nlp.to_disk(tmp_path / "vectors")
    words = ["texts.jsonl", "--vectors", "vectors", "--output", "out.json", "--threads", "1"]
    words += ["--texts", "40", "--batch-size", "8", "--repeats", "1", "--max-tokens", "20"]
    script(tmp_path, "speed", CONFIGS / "recurrent.cfg", *words, "--", *SMALL)
    found = content(tmp_path / "out.json")
    assert [row["name"] for row in found["rows"]] == ["training", "prediction"]
    assert {one["way"] for one in found["runs"]} == {"ours", "rival"}
    tokens = sum(min(20, len(nlp.make_doc(text))) for _, text in reviews("dev")[:40])
    assert all(f"40 texts of {tokens:,} words" in row["shape"] for row in found["rows"])
