"""From next-token probabilities to sequences: greedy, sampling, beam search, over any model."""
