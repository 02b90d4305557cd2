"""Many to one: the classes of a text, its sentiment, and the words that speak for them."""
