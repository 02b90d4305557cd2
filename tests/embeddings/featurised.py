"""The lecture's featurised table: gender, royal, age and food of six words."""

from seqpipe.embeddings import Embeddings

TABLE = {
    "man": [-1, 0.01, 0.03, 0.09],
    "woman": [1, 0.02, 0.02, 0.01],
    "king": [-0.95, 0.93, 0.70, 0.02],
    "queen": [0.97, 0.95, 0.69, 0.01],
    "apple": [0, -0.01, 0.03, 0.95],
    "orange": [0.01, 0, -0.02, 0.97],
}


def table():
    """The table as embeddings."""
    return Embeddings(TABLE, list(TABLE.values()))
