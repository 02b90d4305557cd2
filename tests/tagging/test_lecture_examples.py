"""The lecture's examples of sequences with a label for each place: both Teddies, a DNA sequence."""

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.testing.case import train

PRESIDENT = "He said , ' Teddy Roosevelt was a great President ! '"
BEARS = "He said , ' Teddy bears are on sale ! '"
TEDDY = PRESIDENT.split().index("Teddy")
# AG[CCCCTGTGAGGAAC]TAG: what stands between the brackets codes a protein.
DNA, CODING = "AGCCCCTGTGAGGAACTAG", slice(2, 16)


def tagger(*, bi, width=8):
    nlp = spacy.blank("xx")
    tok2vec = {"width": width, "features": [], "characters": None, "unk_rate": 0.0}
    nlp.add_pipe(
        "rnn_tagger", config={"model": {"tok2vec": tok2vec, "encoder": {"nO": 16, "bi": bi}}}
    )
    return nlp


def tagged(nlp, words, tags):
    return Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words, tags=tags))


def teddies(nlp):
    found = []
    for text, name in ((PRESIDENT, "NAME"), (BEARS, "THING")):
        words = text.split()
        tags = ["OTHER"] * len(words)
        tags[TEDDY : TEDDY + 2] = [name, name]
        found.append(tagged(nlp, words, tags))
    return found


def said_of_teddy(nlp):
    docs = [Doc(nlp.vocab, words=text.split()) for text in (PRESIDENT, BEARS)]
    rows = [nlp.get_pipe("rnn_tagger").potentials([doc]).emissions[TEDDY] for doc in docs]
    return [nlp(doc)[TEDDY].tag_ for doc in docs], rows


def test_one_direction_says_the_same_of_both_teddies():
    nlp = tagger(bi=False)
    train(nlp, teddies(nlp))
    (president, bear), rows = said_of_teddy(nlp)
    assert president == bear
    assert rows[0] == pytest.approx(rows[1])


def test_two_directions_tell_the_president_from_the_bear():
    nlp = tagger(bi=True)
    train(nlp, teddies(nlp))
    assert said_of_teddy(nlp)[0] == ["NAME", "THING"]


def test_the_coding_region_of_the_lectures_dna_is_learned():
    nlp = tagger(bi=True)
    tags = ["out"] * len(DNA)
    tags[CODING] = ["coding"] * len(tags[CODING])
    train(nlp, [tagged(nlp, list(DNA), tags)], steps=80)
    doc = nlp(Doc(nlp.vocab, words=list(DNA)))
    assert "".join(token.text for token in doc if token.tag_ == "coding") == "CCCCTGTGAGGAAC"
