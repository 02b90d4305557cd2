"""A small recurrent language model and its text, for the shared checks."""

from __future__ import annotations

from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.testing.case import ComponentCase

SENTENCES = """
the cat sat on the mat .
the dog sat on the rug .
a cat chased a mouse .
a dog chased the cat .
the mouse ran under the rug .
the apple and pear salad was good .
the apple and banana salad was good .
a pair of dogs ran .
""".strip().splitlines()

MODEL = {
    "tok2vec": {
        "width": 16,
        "vocabulary": {"@misc": "seqpipe.Vocabulary.v1", "max_size": 100, "min_count": 1},
    },
    "encoder": {"@layers": "seqpipe.LSTM.v1", "nO": 24, "bi": False, "depth": 2},
}


def lm_examples(nlp: Language) -> list[Example]:
    docs = [Doc(nlp.vocab, words=text.split()) for text in SENTENCES * 2]
    return [Example(doc.copy(), doc) for doc in docs]


def lm_annotations(doc: Doc) -> list:
    if not Doc.has_extension("log_prob"):
        spacy.blank("xx").add_pipe("rnn_lm")
    return [doc._.log_prob, doc._.perplexity, [token._.surprisal for token in doc]]


RNN_LM = ComponentCase(
    factory="rnn_lm",
    lang="xx",
    make_examples=lm_examples,
    annotations=lm_annotations,
    score="lm_score",
    reach=-1.2,
    golden=Path(__file__).parents[1] / "golden",
    config={"model": MODEL},
)
