"""The scripts of projects/debiasing: the text with planted stereotypes, and what tells of them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from seqpipe.debiasing.published_lists import TESTS, read_sembias, read_weat
from seqpipe.debiasing.word_lists import WordLists
from seqpipe.embeddings.matrix import Embeddings
from seqpipe.embeddings.vector_files import write_vectors
from seqpipe.project.load import load_project
from tests.processes import python, seqpipe, without_torch

PROJECTS = Path(__file__).parents[2] / "projects"
PROJECT = PROJECTS / "debiasing"
SCRIPTS = PROJECT / "scripts"
LISTS = PROJECT / "assets" / "lists.json"
DATA = Path(__file__).parents[3] / "shared" / "data"


def script(folder, name, *words, expected=0):
    """What a script says; the last line of what it complains, if it should fail."""
    done = python(SCRIPTS / f"{name}.py", *words, cwd=folder)
    assert done.returncode == expected, done.stderr
    return done.stderr.splitlines()[-1] if expected else done.stdout


def content(path):
    return json.loads(path.read_text(encoding="utf-8"))


def given():
    return content(PROJECT / "assets" / "occupations.json")


def planted_shares():
    return {name: women for field in given()["fields"] for name, women, _ in field["occupations"]}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("occupations")
    script(folder, "make_text", "corpus", "--sentences", "30000")
    return folder / "corpus"


# The text


def test_share_of_women_is_written_as_it_was_planted(corpus):
    rows = [line.split("\t") for line in (corpus / "planted.tsv").read_text().splitlines()]
    assert {name: int(women) for name, women, _ in rows} == planted_shares()
    differences = [abs(float(women) - float(written)) for _, women, written in rows]
    assert np.mean(differences) < 4


def test_pronouns_of_the_text_are_as_it_says(corpus):
    """Counted anew, from sentences with the name and one word that tells women from men."""
    counts = {name: [0, 0] for name in planted_shares()}
    people = content(PROJECTS / "embeddings" / "assets" / "world.json")["people"]
    sides = [{"he", "his", "him", "himself"}, {"she", "her", "herself"}]
    for side, place in ((0, 0), (1, 1)):
        sides[side] |= {row[place] for row in people}
    for line in (corpus / "occupations.txt").read_text().splitlines():
        words = set(line.split())
        for name in words & counts.keys():
            for side in (0, 1):
                counts[name][side] += bool(words & sides[side])
    for line in (corpus / "planted.tsv").read_text().splitlines():
        name, _, written = line.split("\t")
        men, women = counts[name]
        assert 100 * women / (men + women) == pytest.approx(float(written), abs=0.06), name


def test_pastimes_stand_beside_no_word_that_tells_women_from_men(corpus):
    lists = WordLists.load(LISTS)
    gendered = {word for words in lists.attributes.values() for word in words}
    pastimes = {word for words in given()["pastimes"].values() for word in words}
    lines = [set(line.split()) for line in (corpus / "occupations.txt").read_text().splitlines()]
    spoken_of = [line for line in lines if line & pastimes]
    assert len(spoken_of) > 1000
    assert not any(line & gendered for line in spoken_of)


def test_same_seed_writes_the_same_text_and_another_does_not(tmp_path):
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        script(tmp_path, "make_text", folder, "--sentences", "50", "--seed", seed)
    a, b, c = ((tmp_path / name / "occupations.txt").read_text() for name in "abc")
    assert a == b != c
    assert len(a.splitlines()) == 50


def test_no_word_of_the_text_has_two_meanings():
    fields = given()["fields"]
    words = [word for field in fields for word in field["things"]]
    words += [word for field in fields for _, _, things in field["occupations"] for word in things]
    words += planted_shares()
    words += [
        word for kind in ("traits", "pastimes") for side in given()[kind].values() for word in side
    ]
    assert len(set(words)) == len(words)
    lists = WordLists.load(LISTS)
    assert not set(words) & {word for inner in (*lists.pairs, lists.definitional) for word in inner}


def test_lists_name_the_words_that_were_planted():
    lists, women = WordLists.load(LISTS), planted_shares()
    assert set(lists.targets["occupations"]) == set(women)
    assert set(lists.targets["mostly_women"]) == {name for name in women if women[name] >= 75}
    assert set(lists.targets["mostly_men"]) == {name for name in women if women[name] <= 20}
    for side in ("women", "men"):
        assert list(lists.targets[f"traits_of_{side}"]) == given()["traits"][f"of_{side}"]


# What tells of it


@pytest.fixture
def vectors(tmp_path):
    """Vectors whose first dimension is gender; those of occupations have the planted share in it,
    or none of it."""
    rng, women, lists = np.random.default_rng(0), planted_shares(), WordLists.load(LISTS)
    table = {}
    for female, male in lists.pairs:
        root = np.r_[0, rng.normal(size=9)]
        table[female], table[male] = root + np.eye(10)[0], root - np.eye(10)[0]
    noise = {name: np.r_[0, rng.normal(size=9)] for name in women}
    for kind, size in (("leaning", 1.0), ("flat", 0.0)):
        rows = {
            name: noise[name] + size * (share / 50 - 1) * np.eye(10)[0]
            for name, share in women.items()
        }
        found = {**table, **rows}
        write_vectors(
            Embeddings(list(found), np.array(list(found.values()), dtype="float32")),
            tmp_path / f"{kind}.txt",
            form="word2vec",
        )
    return tmp_path


def test_planted_share_is_told_where_it_is_and_not_where_it_is_not(corpus, vectors):
    words = [corpus / "planted.tsv", "leaning=leaning.txt", "flat=flat.txt"]
    script(vectors, "planted", *words, "--lists", LISTS, "--output", "planted.json")
    scores = content(vectors / "planted.json")["scores"]
    assert scores["leaning"]["spearman_of_projection"] > 0.9
    assert scores["leaning"]["spearman_of_regression"] > 0.9
    assert scores["flat"]["spearman_of_projection"] is None
    assert scores["flat"]["largest_projection"] < 1e-6
    assert abs(scores["flat"]["spearman_of_regression"]) < 0.4
    assert scores["flat"]["occupations"] == len(planted_shares())


def test_vectors_without_an_occupation_are_refused(corpus, vectors):
    lines = (vectors / "flat.txt").read_text().splitlines()
    rest = [line for line in lines[1:] if not line.startswith("nurse ")]
    (vectors / "flat.txt").write_text("\n".join([f"{len(rest)} 10", *rest]) + "\n")
    words = [corpus / "planted.tsv", "flat=flat.txt", "--lists", LISTS, "--output", "x.json"]
    assert "no vector for 'nurse'" in script(vectors, "planted", *words, expected=1)
    assert not (vectors / "x.json").exists()


# Audits beside each other


def measure(name, value, **parts):
    return {"name": name, "value": value, "coverage": {"found": 3, "given": 4}, **parts}


def write_audit(path, before, after, *, sha="a", seed=0):
    findings = [
        {
            "clustering": measure("most biased words", value, v_measure=value / 2),
            "similarity": [measure("one.txt", value), measure("two.txt", value / 3)],
            "generated": {"analogies": []},
            "recovery": None,
        }
        for value in (before, after)
    ]
    scores = {"before": findings[0], "after": findings[1], "seed": seed}
    path.write_text(json.dumps({"scores": scores, "vectors": {"sha256": sha}}), encoding="utf-8")


def test_audits_of_several_seeds_stand_beside_each_other_with_mean_and_spread(tmp_path):
    for name, after in (("hard", 0.8), ("double", 0.6)):
        write_audit(tmp_path / f"{name}1.json", 0.9, after, sha="a")
        write_audit(tmp_path / f"{name}2.json", 1.0, after + 0.1, sha="b")
    words = ["hard=hard1.json,hard2.json", "double=double1.json,double2.json"]
    said = script(tmp_path, "compare", *words, "--output", "both.json")
    row = content(tmp_path / "both.json")["scores"]["clustering"]["most biased words"]
    assert row["before"]["value"]["mean"] == pytest.approx(0.95)
    assert row["double"]["value"]["mean"] == pytest.approx(0.65)
    assert row["hard"]["value"]["std"] == pytest.approx(0.1 / 2**0.5)
    assert "0.650 ± 0.071" in said


def test_similarity_has_its_mean_over_files(tmp_path):
    write_audit(tmp_path / "a.json", 0.9, 0.3)
    script(tmp_path, "compare", "hard=a.json", "--output", "one.json")
    row = content(tmp_path / "one.json")["scores"]["similarity"]["mean"]
    assert row["before"] == {"value": pytest.approx(0.6), "found": 6, "given": 8}
    assert row["hard"]["value"] == pytest.approx(0.2)


def test_audits_of_different_vectors_are_refused(tmp_path):
    write_audit(tmp_path / "a.json", 0.9, 0.3, sha="a")
    write_audit(tmp_path / "b.json", 0.9, 0.3, sha="b")
    said = script(tmp_path, "compare", "a=a.json", "b=b.json", "--output", "x.json", expected=1)
    assert "different vectors" in said


@pytest.mark.parametrize("broken", ["{", '{"scores": {"before": {}, "after": null}}'])
def test_file_that_is_no_audit_is_named(tmp_path, broken):
    (tmp_path / "a.json").write_text(broken, encoding="utf-8")
    said = script(tmp_path, "compare", "a=a.json", "--output", "x.json", expected=1)
    assert "a.json" in said
    assert "expected an audit" in said


# The workflows

WORLD = "make_text.py corpus/world"


@pytest.mark.slow
def test_all_runs_and_ends_with_the_picture(tmp_path):
    for name, parts in {
        "debiasing": ("assets", "configs", "scripts", "project.yml"),
        "embeddings": ("assets", "scripts"),
    }.items():
        for part in parts:
            copy = shutil.copy if (PROJECTS / name / part).is_file() else shutil.copytree
            (tmp_path / name).mkdir(exist_ok=True)
            copy(PROJECTS / name / part, tmp_path / name / part)
    project = tmp_path / "debiasing"
    text = (project / "project.yml").read_text(encoding="utf-8")
    assert WORLD in text
    # The stereotypes are planted in the other text.
    text = text.replace(WORLD, f"{WORLD} --sentences 15000")
    (project / "project.yml").write_text(text, encoding="utf-8")
    done = seqpipe("run", project, "all", env=without_torch(), seconds=900)
    assert done.returncode == 0, done.stderr
    planted = content(project / "metrics" / "small_planted.json")["scores"]
    assert planted["before"]["spearman_of_projection"] > 0.95
    assert planted["hard"]["largest_projection"] < 1e-6
    # What the company of words tells is still there: this is what the project shows.
    assert planted["hard"]["spearman_of_regression"] > 0.9
    scores = content(project / "metrics" / "small.json")["scores"]
    countries, women = (scores["direct_bias"][name] for name in ("countries", "mostly_women"))
    assert countries["before"]["value"] < women["before"]["value"] / 2
    assert women["hard"]["value"] < 1e-6
    assert scores["pipelines"]["dev"]["hard"]["value"] > 0.9
    for name in ("occupations.png", "hard.html", "double_hard.html"):
        assert (project / "models" / "small" / name).stat().st_size > 1000


def table(heading):
    """The rows of the README's tables under a heading: what stands in front, and the cells."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    rows = [line.strip("| ").split(" | ") for line in text.split("\n## ")[0].splitlines()]
    return {name: cells for name, *cells in rows if cells}


def test_numbers_of_news_are_those_of_its_metrics():
    scores = content(PROJECT / "metrics" / "news.json")["scores"]
    said = table("news")
    for row, metric, name in (
        ("direct bias of occupations", "direct_bias", "occupations"),
        ("two clusters of the 500 most biased words a side", "clustering", "most biased words"),
        ("a classifier names the side", "recovery", "most biased words"),
        ("neighbours, neutral words", "neighbours", "neutral vocabulary"),
        ("neighbours, occupations", "neighbours", "occupations"),
        ("word similarity, mean of eleven files", "similarity", "mean"),
    ):
        found = scores[metric][name]
        columns = [f"{found[way]['value']:.3f}" for way in ("before", "hard", "double_hard")]
        assert said[row][1:] == columns, row
        coverage = said[row][0].replace(",", "").split(" of ")
        assert int(coverage[0]) == found["before"]["found"]
    clusters = scores["clustering"]["most biased words"]
    assert clusters["double_hard"]["value"] < clusters["hard"]["value"]


def test_published_effect_sizes_came_out():
    tests = content(PROJECT / "metrics" / "news_weat.json")["scores"]["before"]["weat"]
    found = {one["name"]: round(one["value"], 2) for one in tests}
    assert list(found) == list(TESTS)
    assert list(found.values()) == [1.54, 1.63, 1.89, 0.97, 1.24]
    said = [cells[0] for cells in table("news").values() if len(cells) == 4 and " to " in cells[1]]
    assert said == [f"{value:.2f}" for value in found.values()]


@pytest.mark.skipif(not (DATA / "debias").is_dir(), reason="shared/data/debias is missing")
def test_published_files_are_where_the_workflows_look_for_them():
    project = load_project(PROJECT / "project.yml")
    names = [*project.workflows["news"], *project.workflows["corpus"]]
    wanted = {path.value for name in names for path in project.commands[name].deps}
    shared = [path for path in wanted if "shared" in path]
    assert len(shared) >= 6
    assert all((PROJECT / path).exists() for path in shared)
    assert len(read_sembias(DATA / "debias" / "gn_glove" / "SemBias")) == 440
    assert len(read_weat(DATA / "debias" / "wefe" / "WEAT.json")[1]) == 5
