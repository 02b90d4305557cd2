"""The run log: a line an evaluation, each once, whatever stops the run and makes it go on."""

import io
import json
import math
import os
import re
import signal
from pathlib import Path

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import import_file, load_config

from seqpipe.files import InputError
from seqpipe.reporting.run_logs import read_runs
from seqpipe.training.config_check import load_checked_config
from seqpipe.training.loop import Cadence
from seqpipe.training.run import train_from_config
from seqpipe.training.run_log import RunLog, make_run_log
from tests.processes import seqpipe
from tests.run_log_case import HEADER
from tests.training.training_case import read, write_config, write_corpus

LOGGER = '\n[training.logger]\n@loggers = "seqpipe.RunLog.v1"\n'
PAGE = Path(__file__).parents[2] / "docs" / "curves.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a corpus, and a folder for the output of spaCy's own loop."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    (tmp_path / "theirs").mkdir()
    return tmp_path


def streams():
    return {"stdout": io.StringIO(), "stderr": io.StringIO()}


def trained(file, output, *, resume=False):
    """Train as `seqpipe train` does, and give what it wrote on standard output."""
    both = streams()
    train_from_config(read(file), output, resume=resume, cadence=Cadence(seconds=0.0), **both)
    return both["stdout"].getvalue()


def lines(path):
    """The records of a log."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def timeless(records):
    """The same without what differs from run to run."""
    return [{k: v for k, v in r.items() if k not in ("seconds", "started")} for r in records]


def info(step, *, words=None, losses=None, scores=None, score=0.5, **more):
    """What a training loop reports of an evaluation."""
    return {
        "step": step,
        "epoch": step // 10,
        "words": 7 * (step + 1) if words is None else words,
        "seconds": step,
        "score": score,
        "other_scores": {"tag_acc": score} if scores is None else scores,
        "losses": {"tagger": 3.5} if losses is None else losses,
        "checkpoints": [],
        **more,
    }


def logged(path, infos):
    """What a file holds when a run has logged to it, without the first line."""
    log = RunLog(str(path), HEADER)
    for some in infos:
        log.add(some)
    log.close()
    return lines(path)[1:]


def test_spacys_own_loop_logs_each_evaluation(folder):
    file = write_config(folder, ner=False, tagger=True, more=LOGGER)
    both = streams()
    train(init_nlp(load_config(file)), folder / "theirs", **both)
    (run,) = read_runs([folder / "theirs"])
    assert [evaluation.step for evaluation in run.evaluations] == [0, 4, 8, 12]
    assert (run.header["lang"], run.header["pipeline"], run.header["seed"]) == ("xx", ["tagger"], 3)
    assert run.header["config"]["training"]["dropout"] == 0.2
    performance = spacy.load(folder / "theirs" / "model-best").meta["performance"]
    assert run.best.scores["tag_acc"] == pytest.approx(performance["tag_acc"], abs=1e-9)
    assert "LOSS TAGGER" in both["stdout"].getvalue()


def test_both_loops_log_the_same(folder):
    file = write_config(folder, tagger=True, more=LOGGER)
    table = trained(file, folder / "ours")
    train(init_nlp(load_config(file)), folder / "theirs", **streams())
    ours, theirs = (timeless(lines(folder / name / "run.jsonl")) for name in ("ours", "theirs"))
    for scores in (record.get("scores", {}) for record in (*ours, *theirs)):
        scores.pop("speed", None)
    assert ours == theirs
    assert len(re.findall(r"^ *\d+ +\d+ ", table, flags=re.MULTILINE)) == len(ours) - 1


def test_loss_per_token_is_of_the_words_since_the_last_evaluation(tmp_path):
    infos = [
        info(0, words=10, losses={"tagger": 5.0, "ner": 20.0}),
        info(4, words=60, losses={"tagger": 5.0, "ner": 25.0}),
        info(8, words=160, losses={"tagger": 5.0, "ner": 10.0}),
    ]
    found = [record["loss_per_token"] for record in logged(tmp_path / "a.jsonl", infos)]
    assert found == [
        {"tagger": 0.5, "ner": 2.0},
        {"tagger": 0.1, "ner": 0.5},
        {"tagger": 0.05, "ner": 0.1},
    ]


def test_a_line_is_whole_on_the_disk_as_soon_as_it_is_logged(tmp_path):
    path = tmp_path / "a.jsonl"
    log_step, finalize = make_run_log(str(path), console=False)(spacy.blank("xx"), **streams())
    for count, step in enumerate((0, 4, 8), start=1):
        log_step(info(step))
        assert len(lines(path)) == 1 + count
    finalize()


def test_without_a_path_the_log_is_in_the_output_folder(tmp_path):
    log_step, finalize = make_run_log(console=False)(spacy.blank("xx"), **streams())
    log_step(info(0, output_path=str(tmp_path / "model-last")))
    finalize()
    assert [file.name for file in tmp_path.iterdir()] == ["run.jsonl"]


def test_without_a_path_and_an_output_folder_it_says_what_is_missing(folder):
    file = write_config(folder, ner=False, tagger=True, more=LOGGER)
    with pytest.raises(InputError, match=r"^\[training\.logger\] path: expected a file, as the"):
        train(init_nlp(load_config(file)), None, **streams())


def test_what_json_does_not_know_becomes_null_or_plain(tmp_path):
    scores = {"a": numpy.float32(0.5), "b": math.nan, "per": {"ÄX": {"f": math.inf}}}
    scores["matrix"] = numpy.eye(2, dtype="int64")
    losses = {"tagger": numpy.float32(14.0), "ner": math.nan}
    path = tmp_path / "a.jsonl"
    (record,) = logged(path, [info(0, scores=scores, losses=losses, score=numpy.float64(0.25))])
    assert record["scores"] == {
        "a": 0.5,
        "b": None,
        "per": {"ÄX": {"f": None}},
        "matrix": [[1, 0], [0, 1]],
    }
    assert record["losses"] == {"tagger": 14.0, "ner": None}
    assert record["loss_per_token"] == {"tagger": 2.0, "ner": None}
    assert record["score"] == 0.25
    assert "NaN" not in path.read_text(encoding="utf-8")


def test_a_fresh_run_begins_the_file_anew(tmp_path):
    path = tmp_path / "new" / "a.jsonl"
    logged(path, [info(0), info(4), info(8)])
    assert [record["step"] for record in logged(path, [info(0, score=0.9)])] == [0]


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 8), saved=st.integers(0, 8), cut=st.floats(0, 1), again=st.integers(1, 3)
)
def test_each_evaluation_stands_once_wherever_the_run_was_killed(
    tmp_path_factory, count, saved, cut, again
):
    """Killed after `saved` evaluations were in a checkpoint, while later ones were written."""
    folder = tmp_path_factory.mktemp("logs")
    infos = [info(10 * number, score=number / 10) for number in range(count)]
    whole, parts = folder / "whole.jsonl", folder / "parts.jsonl"
    expected = logged(whole, infos)
    raw = whole.read_bytes()
    saved = min(saved, count)
    kept = sum(len(line) for line in raw.splitlines(keepends=True)[: saved + 1])
    parts.write_bytes(raw[: kept + round(cut * (len(raw) - kept))])
    for _ in range(again):
        logged(parts, infos[saved:])
    if saved < count:
        assert lines(parts)[1:] == expected
        (run,) = read_runs([parts])
        assert len(run.evaluations) == count


def test_a_run_that_goes_on_without_its_log_begins_one(tmp_path):
    found = logged(tmp_path / "a.jsonl", [info(8, words=90), info(12, words=125)])
    # How many words the first loss is of, nobody knows.
    assert [record["loss_per_token"]["tagger"] for record in found] == [None, 0.1]


def test_a_run_killed_and_resumed_logs_what_one_that_was_not_logs(folder):
    code = folder / "mine.py"
    code.write_text(
        "import os, signal\nfrom pathlib import Path\n"
        "from spacy import registry\nimport seqpipe.training.run_log\n"
        "@registry.callbacks('mine.Kill.v1')\n"
        "def kill():\n"
        "    def before_update(nlp, args):\n"
        "        if args['step'] == 11 and Path('kill').exists():\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return before_update\n"
    )
    import_file("mine_for_a_killed_run", code)
    more = LOGGER + '\n[training.before_update]\n@callbacks = "mine.Kill.v1"\n'
    file = write_config(folder, ner=False, tagger=True, more=more)
    trained(file, folder / "whole")
    (folder / "kill").touch()
    command = ["train", "a.cfg", "--code", "mine.py"]
    command += ["--output", "parts", "--checkpoint-seconds", "0", "--checkpoint-steps", "3"]
    done = seqpipe(*command)
    assert done.returncode == -signal.SIGKILL
    log = folder / "parts" / "run.jsonl"
    assert [record["step"] for record in lines(log)[1:]] == [0, 4, 8]
    # The last checkpoint is of step 8; a half line is what a power cut may leave.
    with open(log, "a") as stream:
        stream.write('{"step": 12, "epo')
    (folder / "kill").unlink()
    assert "step 8" in trained(file, folder / "parts", resume=True)
    expected, found = lines(folder / "whole" / "run.jsonl")[1:], lines(log)[1:]
    for record in (*expected, *found):
        del record["scores"]["speed"]
    assert timeless(found) == timeless(expected)


def test_a_table_can_be_left_out(tmp_path):
    both = streams()
    nlp = spacy.blank("xx")
    for console in (False, True):
        log_step, finalize = make_run_log(str(tmp_path / "a.jsonl"), console=console)(nlp, **both)
        log_step(info(0))
        finalize()
        assert ("SCORE" in both["stdout"].getvalue()) == console


def fault(folder, block):
    file = write_config(folder, ner=False, tagger=True, more=block)
    with pytest.raises(InputError) as caught:
        load_checked_config(read(file))
    return str(caught.value)


def test_faults_of_the_block_are_found_before_training(folder):
    (folder / "data.jsonl").write_text('{"text": "precious"}\n')
    where = r"a\.cfg, line \d+: \[training\.logger\] "
    for given_path, message in (
        (".", r'path = "\.": expected a file, and something else stands there'),
        (os.devnull, r'path = ".*null": expected a file, and something else stands there'),
        ("data.jsonl", r'path = "data\.jsonl": expected a new file or an old run log, this is'),
    ):
        assert re.search(where + message, fault(folder, f'{LOGGER}path = "{given_path}"\n'))
    assert re.search(
        where + r"pth = .*: unknown key, did you mean path\?", fault(folder, f'{LOGGER}pth = "a"\n')
    )
    assert (folder / "data.jsonl").read_text() == '{"text": "precious"}\n'


def test_a_file_that_is_no_run_log_is_not_replaced_in_the_output_folder_either(tmp_path):
    (tmp_path / "run.jsonl").write_text('{"text": "precious"}\n')
    log_step, _ = make_run_log(console=False)(spacy.blank("xx"), **streams())
    with pytest.raises(InputError, match=r"run\.jsonl: expected a new file or an old run log"):
        log_step(info(0, output_path=str(tmp_path / "model-last")))
    assert (tmp_path / "run.jsonl").read_text() == '{"text": "precious"}\n'


def test_blocks_of_the_page_are_loggers_that_a_config_takes(folder):
    blocks = re.findall(r"^```ini\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        load_checked_config(read(write_config(folder, ner=False, tagger=True, more=f"\n{block}")))
