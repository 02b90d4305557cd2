"""docs/classification.md: what it says of the two components beside their configs."""

import spacy


def test_rnn_sentiment_differs_as_the_page_says():
    nlp = spacy.blank("xx")
    textcat, sentiment = (
        set(nlp.get_factory_meta(name).default_config) for name in ("rnn_textcat", "rnn_sentiment")
    )
    assert textcat - sentiment == {"kind", "threshold"}
    assert sentiment - textcat == {"values"}
