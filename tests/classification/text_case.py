"""Short reviews and the small classifiers that are trained on them."""

from spacy.training import Example

TINY = {"model": {"tok2vec": {"width": 8}, "encoder": {"nO": 8}}}
AVERAGE = {
    "model": {
        "@architectures": "seqpipe.AverageEmbedding.v1",
        "tok2vec": {
            "@architectures": "seqpipe.WordFeatures.v1",
            "width": 8,
            "features": [],
            "vocabulary": {"@misc": "seqpipe.Vocabulary.v1"},
        },
    }
}
GOOD = ["excellent", "lovely", "warm", "fresh", "friendly"]
BAD = ["slow", "cold", "dull", "stale", "rude"]


def labelled(nlp, text, cats):
    """An example with classes."""
    eg = Example(nlp.make_doc(text), nlp.make_doc(text))
    eg.reference.cats = dict(cats)
    return eg


def polarity_examples(nlp):
    """Twenty sentences like "The soup was cold tonight"."""
    return [
        labelled(nlp, f"The {thing} was {word} tonight", {label: 1.0})
        for pair in zip(GOOD, BAD, strict=True)
        for label, word in zip(("positive", "negative"), pair, strict=True)
        for thing in ("soup", "service")
    ]


def star_examples(nlp):
    """Fifteen sentences with one to five stars."""
    words = ["awful", "poor", "fair", "good", "superb"]
    return [
        labelled(nlp, f"A {word} {thing}", {str(stars): 1.0})
        for stars, word in enumerate(words, start=1)
        for thing in ("meal", "evening", "table")
    ]
