"""Compiled loops over plain arrays. They know no Thinc and no spaCy."""
