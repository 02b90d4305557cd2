"""What docs/embeddings_use.md names: vectors in several forms, and files of judgements."""

from seqpipe.embeddings import write_vectors
from tests.docs.stages.models import word_vectors


def prepare(folder):
    vectors = word_vectors()
    for name in ("vectors.txt.gz", "vectors.bin", "glove.6B.300d.txt", "training/model-best"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_vectors(vectors, folder / name)
    (folder / "words.txt").write_text("king\nqueen\n", encoding="utf-8")
    questions = ": family\nman woman king queen\nboy girl man woman\n"
    (folder / "questions-words.txt").write_text(questions, encoding="utf-8")
    judgements = "king\tqueen\t9\nking\tapple\t1\nman\twoman\t8\nman\tPeru\t1\n"
    for name in ("wordsim353.txt", "simlex999.txt"):
        (folder / name).write_text(judgements, encoding="utf-8")
