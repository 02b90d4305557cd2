"""The mean of saved models: parameter by parameter, of one run at its end, and of given folders."""

import io
import logging
import shutil

import numpy
import pytest
import spacy

from seqpipe.files import InputError
from seqpipe.training.average import average_models
from seqpipe.training.loop import Cadence
from seqpipe.training.run import train_from_config
from tests.training.training_case import content, read, write_config, write_corpus


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a corpus."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    return tmp_path


def run(folder, output, *, resume=False, average=0, **overrides):
    file = write_config(folder, tagger=True)
    streams = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    options = {"cadence": Cadence(seconds=0.0), "average": average, "resume": resume}
    train_from_config(read(file, **overrides), folder / output, **options, **streams)
    return folder / output


def parameters(path):
    found = []
    for _, pipe in spacy.load(path).pipeline:
        for node in pipe.model.walk():
            found += [node.get_param(name) for name in node.param_names if node.has_param(name)]
    return found


def test_each_parameter_is_the_mean(folder):
    paths = [run(folder, f"run{steps}", max_steps=steps) / "model-last" for steps in (4, 8, 12)]
    average_models(paths).to_disk(folder / "mean")
    several = [parameters(path) for path in paths]
    assert any((one != other).any() for one, other in zip(several[0], several[2], strict=True))
    for mean, *ours in zip(parameters(folder / "mean"), *several, strict=True):
        assert numpy.allclose(mean, numpy.mean(ours, axis=0), atol=1e-6)


def test_a_run_ends_with_the_mean_of_its_best_models(folder):
    whole = run(folder, "whole", average=2)
    kept = sorted(path for path in (whole / "models").iterdir())
    results = {}
    for path in kept:
        if path.resolve() != (whole / "model-average").resolve():
            results[path] = spacy.load(path).meta["performance"]["ents_f"]
    assert len(kept) >= 3
    mean = parameters(whole / "model-average")
    # Of all models that a run without averages would not have kept, the two best are there.
    pairs = [
        (one, other)
        for one in results
        for other in results
        if one < other
        and all(
            numpy.allclose(m, (a + b) / 2, atol=1e-6)
            for m, a, b in zip(mean, parameters(one), parameters(other), strict=True)
        )
    ]
    assert len(pairs) == 1
    assert "ents_f" in spacy.load(whole / "model-average").meta["performance"]
    plain = run(folder, "plain")
    for name in ("model-best", "model-last"):
        assert content(whole / name) == content(plain / name)
    assert not (plain / "model-average").exists()


def test_the_model_of_step_0_is_left_out_and_a_mean_of_fewer_is_said(folder, caplog):
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        whole = run(folder, "whole", average=3, max_steps=4)
    assert "model-average: the mean of 1 instead of 3" in caplog.text
    pairs = zip(parameters(whole / "model-average"), parameters(whole / "model-last"), strict=True)
    assert all(numpy.allclose(mean, last, atol=1e-6) for mean, last in pairs)


def test_without_a_model_behind_step_0_there_is_no_mean(folder, caplog):
    run(folder, "whole", average=2, max_steps=4)
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        whole = run(folder, "whole", average=2, max_steps=3)
    assert "model-average: not saved: no model behind step 0 was evaluated" in caplog.text
    assert not (whole / "model-average").exists()
    assert not (whole / "model-average").is_symlink()
    assert (whole / "model-best").is_dir()


def test_models_that_do_not_fit_are_refused(folder):
    one = run(folder, "one", max_steps=4) / "model-last"
    shutil.copytree(one, folder / "other", symlinks=False)
    file = folder / "other" / "ner" / "vocabularies.json"
    text = file.read_text()
    assert "oslo" in text
    file.write_text(text.replace("oslo", "olso"))
    with pytest.raises(InputError, match=r"other: does not fit .*one.*vocabularies"):
        average_models([one, folder / "other"])
    with pytest.raises(InputError, match="no models"):
        average_models([])
