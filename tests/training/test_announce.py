"""Plugins learn how a training run goes on, and cannot change it."""

import io

import pytest

from seqpipe import TrainingProgress, hookimpl
from seqpipe.plugins import Plugin, Plugins, load_plugins
from seqpipe.training.loop import Cadence
from seqpipe.training.run import train_from_config
from tests.installed import Installed
from tests.pages import blocks
from tests.training.training_case import content, read, write_config, write_corpus

EXAMPLE = next(
    body for body in blocks("docs/plugins.md", "python") if "def seqpipe_training_progress" in body
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    return tmp_path


class Listener:
    """Keeps what it is told, and draws random numbers."""

    def __init__(self, *, fails=False):
        self.told, self.fails = [], fails

    @hookimpl
    def seqpipe_training_progress(self, progress):
        import random

        import numpy

        random.random(), numpy.random.random()
        self.told.append(progress)
        if self.fails:
            raise KeyError("oh no")


def with_listeners(*listeners):
    plugins = load_plugins()
    for number, listener in enumerate(listeners):
        name = f"listener{number}"
        plugins.manager.register(listener, name=name)
        plugins.found.append(Plugin(name, "", "test", "1", hooks=("seqpipe_training_progress",)))
    return plugins


def run(folder, output, plugins):
    streams = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    cadence = Cadence(seconds=0.0)
    file = write_config(folder, ner="", tagger=True)
    train_from_config(read(file), folder / output, cadence=cadence, plugins=plugins, **streams)
    return content(folder / output / "model-last")


def test_a_plugin_is_told_each_evaluation_and_the_run_is_the_same_as_without(folder):
    listener = Listener()
    heard = run(folder, "heard", with_listeners(listener))
    assert heard == run(folder, "alone", Plugins())
    assert [progress.step for progress in listener.told] == [0, 4, 8, 12]
    last = listener.told[-1]
    assert isinstance(last, TrainingProgress)
    assert last.output == folder / "heard"
    assert set(last.losses) == {"tagger"}
    assert last.score == pytest.approx(last.scores["tag_acc"])
    assert last.best_score == max(progress.score for progress in listener.told)
    assert last.share_done == pytest.approx(13 / 15)
    assert last.words > listener.told[0].words > 0


def test_a_plugin_that_raises_is_set_aside_at_once_and_training_goes_on(folder):
    failing, listener = Listener(fails=True), Listener()
    plugins = with_listeners(failing, listener)
    said = []
    plugins.on_failure = said.append
    run(folder, "heard", plugins)
    assert len(failing.told) == 1
    assert len(listener.told) == 4
    assert [(plugin.name, plugin.error) for plugin in said] == [("listener0", "KeyError: 'oh no'")]


def test_example_of_the_documentation_listens_to_seqpipe_train(folder):
    (folder / "site").mkdir()
    installed = Installed(folder / "site")
    installed.add("best", EXAMPLE)
    file = write_config(folder, ner="", tagger=True)
    done = installed.seqpipe("train", file, "-o", folder / "out")
    assert done.returncode == 0, done.stderr
    assert "step 0: " in done.stdout
    assert " is the best so far" in done.stdout
