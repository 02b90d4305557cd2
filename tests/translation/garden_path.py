"""A translator whose probabilities are written down: one that greedy search leads astray, one that
is wrong itself, one that does not stop, and one that lacks a word."""

import numpy as np
import spacy
from spacy.training import Example

from seqpipe.decoding.beam import beam_search
from seqpipe.translation.pair_units import PairUnits
from seqpipe.translation.search import SearchOptions
from seqpipe.translation.translation import NOTHING, Translation
from seqpipe.translation.units import TextUnits
from seqpipe.vocabulary.vocabulary import Vocabulary

WORDS = [
    "Jane",
    "Africa",
    "is",
    "going",
    "to",
    "be",
    "visiting",
    "visits",
    "visited",
    "sings",
    "la",
]
NLP = spacy.blank("xx")

# "going" is likelier than "visiting", but what follows it is not.
ASTRAY = {
    "": {"Jane": 0.98},
    "Jane": {"is": 0.98},
    "Jane is": {"going": 0.55, "visiting": 0.43},
    "Jane is going": {"to": 0.9},
    "Jane is going to": {"be": 0.4},
    "Jane is going to be": {"visiting": 0.5},
    "Jane is going to be visiting": {"Africa": 0.5},
    "Jane is going to be visiting Africa": {"<EOS>": 0.9},
    "Jane is visiting": {"Africa": 0.95},
    "Jane is visiting Africa": {"<EOS>": 0.95},
}
WRONG = {
    "": {"Jane": 0.98},
    "Jane": {"visits": 0.9, "visited": 0.05},
    "Jane visits": {"Africa": 0.95},
    "Jane visits Africa": {"<EOS>": 0.95},
    "Jane visited": {"Africa": 0.95},
    "Jane visited Africa": {"<EOS>": 0.95},
}
ENDLESS = {" ".join(["la"] * n): {"la": 0.9, "<EOS>": 0.05} for n in range(1, 40)}
SURE = {
    "": {"Jane": 0.9},
    "Jane": {"sings": 0.9},
    "Jane sings": {"la": 0.9},
    "Jane sings la": {"la": 0.9},
    "Jane sings la la": {"<EOS>": 0.9},
}

TABLES = {
    "Jane visite l'Afrique": ASTRAY,
    "Jane a visité l'Afrique": WRONG,
    "La la": {"": {"la": 0.97}, **ENDLESS},
    "Jane chante": SURE,
    "Jane danse": SURE,
}
REFERENCES = {
    "Jane visite l'Afrique": ["Jane is visiting Africa"],
    "Jane a visité l'Afrique": ["Jane visited Africa"],
    "La la": ["la"],
    "Jane chante": ["Jane sings la la"],
    "Jane danse": ["Jane dances"],
}


class TableTranslator:
    """What the error analysis asks of a component, over tables of probabilities.

    tables: By source text and prefix the probabilities of next words; the rest is shared by all.
    """

    name, scorer = "tables", None

    def __init__(self, tables=TABLES, **options):
        self.tables = tables
        self.options = SearchOptions(width=1, **options)
        target = TextUnits(split="space").build(dict.fromkeys(WORDS, 1))
        self.units = PairUnits(TextUnits(), target)
        self.vocabulary = target.vocabulary
        self.scored = 0  # targets so far

    def source_pieces(self, doc):
        return [*(token.text for token in doc), Vocabulary.EOS]

    def search(self, docs, options=None):
        options = options or self.options
        return [self._search(doc, options) if len(doc) else [NOTHING] for doc in docs]

    def _search(self, doc, options):
        self.attended = len(doc) + 1
        (found,) = beam_search(
            self,
            self._predict([(doc.text, ())]),
            options.limits([self.attended]),
            width=options.width,
            score=options.score(),
        )
        return [self._translation(one) for one in found.hypotheses]

    def _translation(self, hypothesis):
        pieces = self.vocabulary.words(hypothesis.ids)
        text = " ".join(piece for piece in pieces if piece != Vocabulary.EOS)
        return Translation(
            text,
            tuple(pieces),
            hypothesis.log_probs,
            hypothesis.score,
            hypothesis.finished,
            hypothesis.attention,
        )

    def score_targets(self, docs, targets, options=None):
        self.scored += len(targets)
        score = (options or self.options).score()
        return [self._forced(doc, text, score) for doc, text in zip(docs, targets, strict=True)]

    def _forced(self, doc, text, score):
        self.attended = len(doc) + 1
        pieces = self.units.target.target(text)
        ids, log_probs, attention = pieces.ids, [], []
        for place, id in enumerate(ids):
            prefix = tuple(self.vocabulary.words(ids[:place]))
            predicted, _, attended = self._predict([(doc.text, prefix)])
            log_probs.append(predicted[0, id])
            attention.append(attended[0])
        total = np.array([np.sum(log_probs)])
        value = float(score.of(total, len(ids), np.sum(attention, axis=0)[None])[0])
        return Translation(
            text, tuple(pieces.texts), np.array(log_probs), value, True, np.array(attention)
        )

    def step(self, ids, state):
        words = self.vocabulary.words(ids)
        return self._predict(
            [(text, (*prefix, word)) for (text, prefix), word in zip(state, words, strict=True)]
        )

    def select(self, state, rows):
        return [state[row] for row in rows]

    def _predict(self, state):
        log_probs = np.log([self._probabilities(*known) for known in state])
        attention = np.full((len(state), self.attended), 1.0 / self.attended)
        return log_probs, state, attention

    def _probabilities(self, text, prefix):
        known = self.tables.get(text, {}).get(" ".join(prefix), {})
        probs = np.zeros(len(self.vocabulary))
        for word, probability in known.items():
            probs[self.vocabulary.ids([word])[0]] = probability
        rest = probs == 0
        probs[rest] = (1.0 - probs.sum()) / rest.sum()
        return probs


def garden_examples(references=REFERENCES):
    found = []
    for text, some in references.items():
        eg = Example(NLP.make_doc(text), NLP.make_doc(text))
        eg.reference._.references = some
        found.append(eg)
    return found
