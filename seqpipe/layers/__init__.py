"""Thinc layers: recurrent, CRF, embedding, pooling. They know no concept."""
