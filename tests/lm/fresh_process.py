"""What a process that imports spaCy alone says of a text."""

from spacy.tokens import DocBin

from seqpipe.testing.processes import spacy_command


def doc_of_fresh_process(nlp, text, folder):
    """The doc of a text that `spacy apply` wrote with a pipeline that was saved."""
    nlp.to_disk(folder / "model")
    (folder / "text.txt").write_text(text, encoding="utf-8")
    done = spacy_command("apply", folder / "model", folder / "text.txt", folder / "said.spacy")
    assert done.returncode == 0, done.stdout + done.stderr
    (doc,) = DocBin().from_disk(folder / "said.spacy").get_docs(nlp.vocab)
    return doc
