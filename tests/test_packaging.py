"""A packaged pipeline must ask for seqpipe when it is installed elsewhere."""

from spacy.util import packages_distributions


def test_spacy_package_finds_the_distribution_of_our_components():
    # `spacy package` looks a component's top-level module up here, and requires what it finds.
    assert "seqpipe" in packages_distributions()["seqpipe"]
