"""The script of projects/benchmarks that changes the code: what it draws, and how it counts."""

import json
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "projects" / "benchmarks" / "scripts"
ROOMS = {
    "layers": {"a.py": [f"a{i}" for i in range(900)]},
    "decoding": {"b.py": ["b0", "b1"], "c.py": ["c0"]},
}


@pytest.fixture
def mutation(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return __import__("mutation")


def test_each_room_has_its_sample_and_a_seed_draws_it_again(mutation):
    drawn = mutation.draw(ROOMS, 3)
    assert len(set(drawn)) == 303
    assert {"b0", "b1", "c0"} < set(drawn)
    assert mutation.draw(ROOMS, 3) == drawn != mutation.draw(ROOMS, 4)


def test_a_change_that_hangs_is_seen_and_one_that_changes_nothing_counts_in_one_rate(mutation):
    verdicts = ["killed"] * 5 + ["timed_out", "survived", "survived", "equivalent", "equivalent"]
    row = mutation.row_of(90, verdicts)
    assert row["rate_of_all"]["share"] == pytest.approx(6 / 10)
    assert row["rate_without_equivalents"]["share"] == pytest.approx(6 / 8)
    assert (row["mutants"], row["tried"], row["killed"], row["survived"]) == (90, 10, 5, 2)
    assert mutation.row_of(7, [])["rate_of_all"] is None


def test_a_room_counts_as_much_as_it_has_mutants(mutation):
    found = {"a0": "killed", "a1": "killed", "b0": "survived", "c0": "killed"}
    rooms, files = mutation.report(ROOMS, found)
    assert [row["tried"] for row in rooms] == [2, 2]
    assert [row["tried"] for row in files] == [2, 1, 1]
    whole = mutation.whole_rate(rooms, "rate_of_all")
    assert whole["share"] == pytest.approx((900 * 1 + 3 * 0.5) / 903)
    assert whole["interval"][0] < whole["share"] < whole["interval"][1] <= 1


def test_the_last_verdict_counts_and_a_survivor_with_a_known_reason_is_equivalent(
    mutation, monkeypatch, tmp_path
):
    lines = [("a0", "survived"), ("a1", "survived"), ("a2", "survived"), ("a2", "killed")]
    text = "".join(json.dumps({"name": n, "verdict": v, "test": None}) + "\n" for n, v in lines)
    (tmp_path / mutation.VERDICTS).write_text(text, encoding="utf-8")
    changes = {"a0": "- x > 0\n+ x >= 0", "a1": "- x > 0\n+ x < 0"}
    monkeypatch.setattr(mutation, "change", lambda code, file, name: changes[name])
    known = {("a.py", changes["a0"]): "x is never 0"}
    found, left = mutation.judge(tmp_path, dict.fromkeys(["a0", "a1", "a2"], "a.py"), known)
    assert list(found.values()) == ["equivalent", "survived", "killed"]
    assert [one["reason"] for one in left] == ["x is never 0", None]


def test_tests_that_name_a_module_come_first(mutation, tmp_path):
    folder = tmp_path / "tests" / "decoding"
    folder.mkdir(parents=True)
    for name, text in {"a": "", "b": "from seqpipe.decoding.top import x", "top": ""}.items():
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    found = mutation.tests_for(tmp_path, "decoding", "seqpipe/decoding/top.py")
    assert [Path(path).stem for path in found] == ["test_top", "test_b", "test_a"]
