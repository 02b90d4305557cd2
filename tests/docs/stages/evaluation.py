"""What docs/evaluation.md names beside the files that it shows: a tagger, and texts to judge it."""

import spacy
from spacy.tokens import DocBin, Span

from tests.docs.stages.models import copy_model


def prepare(folder):
    copy_model("rnn_ner", folder / "models" / "ner")
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Mina Okafor went to Oslo today .")
    doc.ents = [Span(doc, 0, 2, "PER"), Span(doc, 4, 5, "LOC")]
    DocBin(docs=[doc]).to_disk(folder / "dev.spacy")
