"""What docs/embeddings_plot.md names: vectors, and a list of words."""

from seqpipe.embeddings import write_vectors
from tests.docs.stages.models import word_vectors


def prepare(folder):
    write_vectors(word_vectors(), folder / "vectors.txt")
    (folder / "countries.txt").write_text("Norway\nPeru\nChile\nJapan\n", encoding="utf-8")
