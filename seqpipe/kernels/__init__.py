"""Compiled loops over plain arrays (numba); they know neither Thinc nor spaCy."""
