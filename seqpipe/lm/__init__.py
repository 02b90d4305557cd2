"""Language models: the probability of a sentence, by counted n-grams."""
