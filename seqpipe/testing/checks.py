"""The checks that every trainable component passes, ours and a plugin's.

Subclass `LabelledComponentChecks` as `TestNAME` with a `case`, or `ComponentChecks` for a component
without labels, and `SharedTok2VecChecks` too where it can stand on a shared `tok2vec`.
"""

from __future__ import annotations

import json
import math
import pickle
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy
import pytest
import spacy
import srsly
from spacy.cli import app
from spacy.cli.train import train as spacy_train
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Config
from typer.testing import CliRunner

from seqpipe.testing.case import (
    ComponentCase,
    assert_close,
    blank,
    copy_of,
    gradients,
    misaligned,
    texts_of,
    train,
    trained_on,
    trained_once,
    training_config,
    weights,
    without_annotation,
)
from seqpipe.testing.processes import spacy_command
from seqpipe.vocabulary.embed import VOCABULARY, vocabulary_nodes
from seqpipe.vocabulary.vocabulary import Vocabulary

TOKENIZER = {"nlp": {"tokenizer": {"@tokenizers": "seqpipe.UnkTokenizer.v1"}}}


class ComponentChecks:
    """What every component must pass."""

    case: ClassVar[ComponentCase]

    @pytest.fixture
    def trained(self) -> Any:
        """A small trained pipeline, which no test may change."""
        return trained_once(self.case)

    @pytest.fixture
    def nlp(self, trained: Any) -> Any:
        """A copy of the trained pipeline.

        trained (Language): The pipeline of the class.
        """
        # The tokenizer is that of every blank pipeline, and takes longest to read.
        kept = trained.to_bytes(exclude=["tokenizer"])
        return blank(self.case).from_bytes(kept, exclude=["tokenizer"])

    @pytest.fixture
    def pipe(self, nlp: Any) -> Any:
        """The component under test.

        nlp (Language): A pipeline with it.
        """
        return nlp.get_pipe(self.case.factory)

    def read(self, nlp: Any, texts: list[str], **options: Any) -> list[list[Any]]:
        """RETURNS (List[List[Any]]): What the component sets on each text.

        nlp (Language): A pipeline with it.
        texts (List[str]): As many as are given.
        **options (Any): Of `nlp.pipe`.
        """
        return [self.case.annotations(doc) for doc in nlp.pipe(texts, **options)]

    # Training

    def test_training_reaches_the_score_on_its_own_data(self, trained: Any) -> None:
        scores = trained.evaluate(self.case.make_examples(trained))
        assert scores[self.case.score] >= self.case.reach

    def test_spacy_train_trains_from_a_config_with_only_its_factory(self, tmp_path: Path) -> None:
        spacy_train(training_config(self.case, tmp_path), tmp_path / "out")
        nlp = spacy.load(tmp_path / "out" / "model-best")
        assert math.isfinite(nlp.meta["performance"][self.case.score])

    def test_python_m_spacy_train_trains_with_nothing_imported_by_hand(
        self, tmp_path: Path
    ) -> None:
        config = training_config(self.case, tmp_path, **self.case.config)
        done = spacy_command("train", config, "--output", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert spacy.load(tmp_path / "model-last").pipe_names == [self.case.factory]

    def test_the_default_config_trains_and_the_loss_falls(self) -> None:
        nlp = spacy.blank(self.case.lang)
        nlp.add_pipe(self.case.factory)
        examples = self.case.make_examples(nlp)
        optimizer = nlp.initialize(lambda: examples)
        losses = [
            nlp.update(examples, sgd=optimizer, losses={})[self.case.factory] for _ in range(8)
        ]
        assert losses[-1] < losses[0]

    def test_the_same_seed_gives_the_same_bytes(self, trained: Any) -> None:
        again = trained_on(self.case, blank(self.case))
        assert weights(again.get_pipe(self.case.factory)) == weights(
            trained.get_pipe(self.case.factory)
        )

    def test_update_without_an_optimizer_accumulates_until_finish_update(
        self, nlp: Any, pipe: Any
    ) -> None:
        examples = self.case.make_examples(nlp)
        before = weights(pipe)
        pipe.update(examples)
        once = gradients(pipe)
        pipe.update(examples)
        twice = gradients(pipe)
        assert weights(pipe) == before
        numpy.testing.assert_allclose(
            numpy.concatenate([2 * gradient.ravel() for gradient in once]),
            numpy.concatenate([gradient.ravel() for gradient in twice]),
            rtol=1e-3,
            atol=1e-4,
        )
        pipe.finish_update(nlp.create_optimizer())
        assert weights(pipe) != before
        assert not any(gradient.any() for gradient in gradients(pipe))

    def test_update_with_no_examples_changes_nothing(self, nlp: Any, pipe: Any) -> None:
        before = weights(pipe)
        losses = pipe.update([], sgd=nlp.create_optimizer())
        assert losses == {self.case.factory: 0.0}
        assert weights(pipe) == before

    def test_update_with_empty_docs_among_others_ignores_them(self, nlp: Any, pipe: Any) -> None:
        examples = self.case.make_examples(nlp)
        empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
        alone: Any = copy_of(nlp).get_pipe(self.case.factory)
        assert pipe.update([empty, *examples, empty]) == alone.update(examples)
        for ours, theirs in zip(gradients(pipe), gradients(alone), strict=True):
            numpy.testing.assert_allclose(ours, theirs, atol=1e-6)
        assert pipe.update([empty]) == {self.case.factory: 0.0}

    def test_nan_stops_training_with_component_and_step(self, nlp: Any, pipe: Any) -> None:
        node = next(node for node in pipe.model.walk() if node.param_names)
        name = node.param_names[0]
        node.set_param(name, node.get_param(name) * float("nan"))
        with pytest.raises(ValueError, match=rf"'{self.case.factory}' at step 1 .*nan"):
            pipe.update(self.case.make_examples(nlp), sgd=nlp.create_optimizer())

    def test_misaligned_tokens_train(self, nlp: Any, pipe: Any) -> None:
        examples = [misaligned(eg) for eg in self.case.make_examples(nlp)]
        optimizer = nlp.create_optimizer()
        losses = [pipe.update(examples, sgd=optimizer)[self.case.factory] for _ in range(10)]
        assert 0.0 < losses[-1] < losses[0]

    def test_the_vocabulary_of_the_tokenizer_is_adopted(self) -> None:
        nlp: Any = spacy.blank(self.case.lang, config=TOKENIZER)
        pipe = nlp.add_pipe(self.case.factory, config=self.case.config)
        nlp.config["initialize"]["components"][self.case.factory] = {"vocabulary": "tokenizer"}
        train(nlp, self.case.make_examples(nlp), steps=2)
        again: Any = copy_of(nlp)
        for adopted in (pipe, again.get_pipe(self.case.factory)):
            (node,) = vocabulary_nodes(adopted.model)
            assert node.attrs[VOCABULARY].words == nlp.tokenizer.vocabulary

    def test_a_vocabulary_of_a_file_is_adopted(self, tmp_path: Path) -> None:
        vocabulary = Vocabulary(max_size=3).build({"the": 5, "a": 2, "of": 2, "rare": 1})
        vocabulary.to_disk(tmp_path / "words.json")
        nlp: Any = blank(self.case)
        settings = {"vocabulary": str(tmp_path / "words.json")}
        nlp.config["initialize"]["components"][self.case.factory] = settings
        train(nlp, self.case.make_examples(nlp), steps=2)
        (node,) = vocabulary_nodes(nlp.get_pipe(self.case.factory).model)
        assert node.attrs[VOCABULARY].words == vocabulary

    def test_a_loaded_component_learns_on(self, nlp: Any, pipe: Any) -> None:
        examples = self.case.make_examples(nlp)
        optimizer = nlp.resume_training()
        losses = [nlp.update(examples, sgd=optimizer)[self.case.factory] for _ in range(8)]
        assert losses[-1] < losses[0]

    # Frozen, disabled, sourced

    def test_a_frozen_component_stays_frozen_while_another_learns(
        self, trained: Any, tmp_path: Path
    ) -> None:
        trained.to_disk(tmp_path / "base")
        frozen = self.case.factory
        config = Config().from_disk(training_config(self.case, tmp_path, **self.case.config))
        config["components"]["learner"] = config["components"][frozen]
        config["components"][frozen] = {"source": str(tmp_path / "base")}
        config["nlp"]["pipeline"] = [frozen, "learner"]
        config["training"] |= {"frozen_components": [frozen], "annotating_components": [frozen]}
        config.to_disk(tmp_path / "config.cfg")
        spacy_train(tmp_path / "config.cfg", tmp_path / "out")
        nlp: Any = spacy.load(tmp_path / "out" / "model-last")
        assert weights(nlp.get_pipe(frozen)) == weights(trained.get_pipe(frozen))
        assert weights(nlp.get_pipe("learner")) != weights(trained.get_pipe(frozen))
        assert nlp.get_pipe(frozen).to_bytes(exclude=["vocab"]) == trained.get_pipe(
            frozen
        ).to_bytes(exclude=["vocab"])

    def test_a_disabled_component_sets_nothing_and_an_enabled_one_again(self, nlp: Any) -> None:
        texts = texts_of(self.case)
        expected = self.read(nlp, texts)
        untouched = [self.case.annotations(nlp.make_doc(text)) for text in texts]
        with nlp.select_pipes(disable=[self.case.factory]):
            assert self.read(nlp, texts) == untouched
        with nlp.select_pipes(enable=[self.case.factory]):
            assert self.read(nlp, texts) == expected
        assert self.read(nlp, texts) == expected != untouched

    def test_a_sourced_component_works_in_a_pipeline_with_another_vocab(
        self, nlp: Any, tmp_path: Path
    ) -> None:
        texts = texts_of(self.case)
        expected = self.read(nlp, texts)
        other = spacy.blank(self.case.lang)
        other("Some words that the first pipeline never saw")
        other.add_pipe(self.case.factory, name="sourced", source=nlp)
        assert other.vocab is not nlp.vocab
        assert self.read(other, texts) == expected
        other.to_disk(tmp_path / "other")
        assert self.read(spacy.load(tmp_path / "other"), texts) == expected
        assert self.read(copy_of(other), texts) == expected

    # Saving and loading

    def test_bytes_keep_what_it_knows(self, trained: Any) -> None:
        texts = texts_of(self.case)
        assert self.read(copy_of(trained), texts) == self.read(trained, texts)

    def test_it_can_be_pickled_for_processes_that_are_spawned(
        self, trained: Any, pipe: Any
    ) -> None:
        assert weights(pickle.loads(pickle.dumps(pipe))) == weights(pipe)

    def test_a_folder_written_twice_holds_the_latest(self, trained: Any, tmp_path: Path) -> None:
        blank_nlp = blank(self.case)
        train(blank_nlp, self.case.make_examples(blank_nlp)[:4], steps=1)
        for pipeline in (blank_nlp, trained, trained):
            pipeline.to_disk(tmp_path)
        texts = texts_of(self.case)
        assert self.read(spacy.load(tmp_path), texts) == self.read(trained, texts)

    def test_a_process_that_imports_only_spacy_gives_the_same(
        self, trained: Any, tmp_path: Path
    ) -> None:
        trained.to_disk(tmp_path / "model")
        texts = texts_of(self.case)
        srsly.write_jsonl(tmp_path / "texts.jsonl", [{"text": text} for text in texts])
        paths = [tmp_path / name for name in ("model", "texts.jsonl", "docs.spacy")]
        done = spacy_command("apply", *paths, "--batch-size", len(texts))
        assert done.returncode == 0, done.stdout + done.stderr
        docs = DocBin().from_disk(paths[-1]).get_docs(spacy.blank(self.case.lang).vocab)
        expected = self.read(trained, texts)
        assert_close([self.case.annotations(doc) for doc in docs], expected, 1e-6)

    def test_doc_bytes_and_docbin_keep_the_annotations(self, trained: Any) -> None:
        docs = list(trained.pipe(texts_of(self.case)))
        expected = [self.case.annotations(doc) for doc in docs]
        vocab = spacy.blank(self.case.lang).vocab
        through_bytes = [Doc(vocab).from_bytes(doc.to_bytes()) for doc in docs]
        binary = DocBin(docs=docs, store_user_data=True).to_bytes()
        through_bin = DocBin().from_bytes(binary).get_docs(spacy.blank(self.case.lang).vocab)
        assert [self.case.annotations(doc) for doc in through_bytes] == expected
        assert [self.case.annotations(doc) for doc in through_bin] == expected

    def test_golden_models_of_every_version_still_load(self) -> None:
        if self.case.golden is None:
            pytest.skip(f"no golden models of {self.case.factory}: the case has no folder of them")
        folders = sorted(self.case.golden.glob(f"{self.case.factory}-*"))
        assert folders, f"no golden model of {self.case.factory} in {self.case.golden}"
        for folder in folders:
            expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
            found = self.read(spacy.load(folder), [entry["text"] for entry in expected])
            assert_close(found, [entry["annotations"] for entry in expected])

    # Docs of all kinds

    def test_two_processes_give_what_one_gives(self) -> None:
        nlp = trained_on(self.case, blank(self.case), steps=10)
        texts = texts_of(self.case)
        alone = self.read(nlp, texts, batch_size=4)
        assert self.read(nlp, texts, batch_size=4, n_process=2) == alone

    def test_the_prediction_does_not_depend_on_the_batch(self, trained: Any) -> None:
        texts = texts_of(self.case)
        together = self.read(trained, texts)
        assert_close([self.case.annotations(trained(text)) for text in texts], together)
        assert_close(self.read(trained, texts[::-1], batch_size=3)[::-1], together)

    @pytest.mark.parametrize("text", ["", "Word", "☃", "   \n", "\n"], ids=repr)
    def test_short_docs_work_alone_and_between_others(self, trained: Any, text: str) -> None:
        others = texts_of(self.case)[:2]
        first, alone, last = self.read(trained, [others[0], text, others[1]])
        assert_close(alone, self.case.annotations(trained(text)))
        assert_close([first, last], self.read(trained, others))
        assert trained(text).text == text

    @pytest.mark.slow
    def test_a_doc_of_100000_tokens_works(self, trained: Any, record_property: Any) -> None:
        words = [token.text for token in self.case.make_examples(trained)[0].reference]
        resource: Any = pytest.importorskip("resource", reason="memory is not told on Windows")
        doc = Doc(trained.vocab, words=(words * (100_000 // len(words) + 1))[:100_000])
        start, peak = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        doc = trained(doc)
        seconds = time.perf_counter() - start
        megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
        record_property("seconds", seconds)
        record_property("megabytes", megabytes)
        assert self.case.annotations(doc)
        assert seconds < 60, f"{seconds:.0f} s"
        assert megabytes < 1024, f"{megabytes:.0f} MB"

    # Evaluation

    def test_evaluate_gives_plain_values(self, trained: Any) -> None:
        scores = trained.evaluate(self.case.make_examples(trained))
        assert type(scores[self.case.score]) is float
        assert json.loads(json.dumps(scores)) == scores


class LabelledComponentChecks(ComponentChecks):
    """What a component that learns labels must pass too."""

    def test_missing_annotation_has_no_loss_and_no_gradient(self, nlp: Any, pipe: Any) -> None:
        examples = [without_annotation(eg) for eg in self.case.make_examples(nlp)]
        assert pipe.update(examples)[self.case.factory] == pytest.approx(0.0, abs=1e-6)
        assert not any((abs(gradient) > 1e-6).any() for gradient in gradients(pipe))

    def test_a_second_initialize_takes_other_labels_and_other_words(
        self, nlp: Any, pipe: Any
    ) -> None:
        examples = self.case.make_examples(nlp)
        labels = pipe.label_data
        again = blank(self.case)
        pipe = again.get_pipe(self.case.factory)
        pipe.initialize(lambda: examples[:1], nlp=again, labels=labels)
        pipe.update(examples)
        pipe.initialize(lambda: examples, nlp=again, labels=[*labels, "ANOTHER"])
        assert pipe.label_data == [*labels, "ANOTHER"]
        assert not any(gradient.any() for gradient in gradients(pipe))
        losses = train(again, examples)
        assert losses[-1] < losses[0]
        texts = texts_of(self.case)
        assert self.read(copy_of(again), texts) == self.read(again, texts)

    def test_labels_come_from_the_file_of_spacy_init_labels(
        self, trained: Any, tmp_path: Path
    ) -> None:
        config = training_config(self.case, tmp_path, **self.case.config)
        done = CliRunner().invoke(app, ["init", "labels", str(config), str(tmp_path)])
        assert done.exit_code == 0, done.output
        path = tmp_path / f"{self.case.factory}.json"
        labels = json.loads(path.read_text(encoding="utf-8"))
        assert labels == trained.get_pipe(self.case.factory).label_data
        again: Any = blank(self.case)
        reader = {"@readers": "spacy.read_labels.v1", "path": str(path), "require": True}
        again.config["initialize"]["components"][self.case.factory] = {"labels": reader}
        again.initialize(lambda: self.case.make_examples(again))
        assert again.get_pipe(self.case.factory).label_data == labels

    def test_a_label_that_comes_after_initialize_is_refused(self, nlp: Any, pipe: Any) -> None:
        labels = pipe.label_data
        with pytest.raises(ValueError, match=f"{self.case.factory}: label 'LATE'"):
            pipe.add_label("LATE")
        assert pipe.label_data == labels

    def test_a_model_that_does_not_fit_its_labels_is_refused(
        self, trained: Any, tmp_path: Path
    ) -> None:
        trained.to_disk(tmp_path)
        path = tmp_path / self.case.factory / "cfg"
        cfg = json.loads(path.read_text(encoding="utf-8"))
        cfg["labels"].append("ANOTHER")
        path.write_text(json.dumps(cfg), encoding="utf-8")
        with pytest.raises(ValueError, match=r"does not fit the labels in cfg.*'ANOTHER'"):
            spacy.load(tmp_path)

    def test_a_label_that_training_never_saw_is_a_miss(self, trained: Any) -> None:
        assert self.case.unseen is not None, "the case has no example with a label of its own"
        scores = trained.evaluate([self.case.unseen(trained)])
        assert scores[self.case.score] < 1.0
