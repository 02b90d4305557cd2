"""Encoder-decoder with attention: a Doc becomes another sequence."""
