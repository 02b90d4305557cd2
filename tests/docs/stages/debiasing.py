"""What docs/debiasing.md names: vectors of the words of the shipped lists, with planted bias."""

import numpy as np

from seqpipe.debiasing.word_lists import WordLists
from seqpipe.embeddings import Embeddings, write_vectors
from tests.debiasing.planted import along_first_axis, letters

LEANS = {"career": -0.3, "family": 0.3, "science": -0.3, "arts": 0.3}


def prepare(folder):
    lists = WordLists.english_gender()
    rng = np.random.default_rng(0)
    leans = dict(zip(letters(200), rng.uniform(-0.5, 0.5, size=200), strict=True))
    for name, words in lists.targets.items():
        for word in words:
            leans[word] = LEANS.get(name, rng.uniform(-0.5, 0.5))
    for female, male in (*lists.pairs, *lists.equalise):
        leans |= {female: 0.7, male: -0.7}
    vectors = along_first_axis(leans, width=30)
    for name in ("vectors.txt", "models/vectors"):
        write_vectors(Embeddings(vectors.words, vectors.matrix), folder / name)
