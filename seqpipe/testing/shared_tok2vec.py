"""The checks of a component that can stand on a shared `tok2vec`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.testing.case import ComponentCase, gradients, texts_of, train, trained_on, weights


class SharedTok2VecChecks:
    """What a component passes that can stand on a shared `tok2vec`, through spaCy's listener."""

    case: ClassVar[ComponentCase]

    @pytest.fixture
    def shared(self) -> Any:
        """A pipeline of `tok2vec` and the component that listens to it, trained."""
        nlp = spacy.blank(self.case.lang)
        layer = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 8}
        layer |= {"depth": 1, "embed_size": 64, "window_size": 1, "maxout_pieces": 2}
        nlp.add_pipe("tok2vec", config={"model": {**layer, "subword_features": True}})
        listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8, "upstream": "tok2vec"}
        model = {**self.case.config.get("model", {}), "tok2vec": listener}
        nlp.add_pipe(self.case.factory, config={**self.case.config, "model": model})
        return nlp

    def test_it_learns_from_the_listener_and_gradients_reach_tok2vec(self, shared: Any) -> None:
        examples = self.case.make_examples(shared)
        shared.initialize(lambda: examples)
        before = weights(shared.get_pipe("tok2vec"))
        losses = train(shared, examples)
        assert losses[-1] < losses[0]
        assert weights(shared.get_pipe("tok2vec")) != before

    def test_the_gradient_of_tok2vec_comes_from_the_component(self, shared: Any) -> None:
        examples = self.case.make_examples(shared)
        shared.initialize(lambda: examples)
        empty = Example(Doc(shared.vocab), Doc(shared.vocab))
        shared.update([examples[0], empty, *examples[1:]], sgd=None)
        assert any(gradient.any() for gradient in gradients(shared.get_pipe("tok2vec")))

    def test_a_pipeline_with_a_shared_tok2vec_round_trips(
        self, shared: Any, tmp_path: Path
    ) -> None:
        nlp = trained_on(self.case, shared, steps=10)
        nlp.to_disk(tmp_path)
        expected = [self.case.annotations(doc) for doc in nlp.pipe(texts_of(self.case))]
        loaded = spacy.load(tmp_path)
        assert [self.case.annotations(doc) for doc in loaded.pipe(texts_of(self.case))] == expected
        assert self.case.annotations(loaded("")) == self.case.annotations(nlp(""))
