"""The vocabulary with <UNK>, the tokenizer that shows it, and the features of a word."""
