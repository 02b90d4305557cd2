"""RNN tagger and named-entity recogniser."""
