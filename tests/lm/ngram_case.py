"""N-gram models by their definitions, over dictionaries of tuples: slow, and easy to check."""

import json
from collections import Counter
from pathlib import Path

import spacy
from hypothesis import strategies as st

import seqpipe
from seqpipe.lm.component import make_ngram_lm
from seqpipe.lm.learn import learn_ngrams, sentence_pieces
from seqpipe.lm.smoothing import FALLBACK

SENTENCES = st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=8), min_size=1)
SALADS = [
    sentence.split()
    for sentence in (
        "the apple and pear salad is fresh",
        "she ate an apple and a pear",
        "a pear salad with apple juice",
        "the apple and the pear are ripe",
        "a pair of shoes is new",
        "the pair of friends ate a salad",
        "a pair and another pair",
    )
]
GOLDEN = Path(__file__).parents[1] / "golden"
assert make_ngram_lm  # registers the factory where the package is not installed


def said(doc):
    """What a language model says of a doc, as plain values."""
    return [doc._.log_prob, doc._.perplexity, [token._.surprisal for token in doc]]


def save_golden():
    """Save a tiny pipeline of this version and what it says, for later versions to load."""
    folder = GOLDEN / f"ngram_lm-{seqpipe.__version__}"
    nlp = spacy.blank("xx")
    nlp.add_pipe("ngram_lm").learn_from(sentence_pieces(SALADS))
    nlp.to_disk(folder)
    texts = ["the apple and pear salad", "the zebra", "  ", "and"]
    entries = [{"text": text, "said": said(nlp(text))} for text in texts]
    (folder / "expected.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def learned(sentences, **settings):
    return learn_ngrams(sentence_pieces(sentences), **settings)


def marked(sentences):
    return [("<BOS>", *sentence, "<EOS>") for sentence in sentences]


def count(sentences, order):
    """Every n-gram of 1 to order words, as tuples."""
    return Counter(
        words[i : i + n]
        for words in marked(sentences)
        for n in range(1, order + 1)
        for i in range(len(words) - n + 1)
    )


class BruteForce:
    """p(word | context) by the definitions."""

    def __init__(self, sentences, order, k=0.0):
        self.order, self.k, self.counts = order, k, count(sentences, order)
        words = {word for sentence in sentences for word in sentence}
        self.words = sorted(words | {"<EOS>", "<UNK>"})
        self.adjusted = {
            ngram: count
            if len(ngram) == order or ngram[0] == "<BOS>"
            else sum(longer[1:] == ngram for longer in self.counts)
            for ngram, count in self.counts.items()
        }
        self.discounts = {n: self.discounts_of(n) for n in range(1, order + 1)}

    def discounts_of(self, n):
        found = [c for ngram, c in self.adjusted.items() if len(ngram) == n and ngram != ("<BOS>",)]
        n1, n2, n3, n4 = (found.count(i) for i in (1, 2, 3, 4))
        if not (n1 and n2 and n3):
            return FALLBACK
        y = n1 / (n1 + 2 * n2)
        discounts = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        fits = all(0 <= d <= i for i, d in enumerate(discounts, start=1))
        return discounts if fits else FALLBACK

    def shortened(self, context):
        """The longest end of a context that was seen before another word."""
        context = tuple(context)[max(0, len(context) - self.order + 1) :]
        while context and not any((*context, word) in self.counts for word in self.words):
            context = context[1:]
        return context

    def kneser_ney(self, context, word):
        context = self.shortened(context)
        following = {w: self.adjusted.get((*context, w), 0) for w in self.words}
        discount = (0.0, *self.discounts[len(context) + 1])
        whole = sum(following.values())
        left = sum(discount[min(c, 3)] for c in following.values()) / whole
        shorter = self.kneser_ney(context[1:], word) if context else 1 / len(self.words)
        kept = following[word] - discount[min(following[word], 3)]
        return kept / whole + left * shorter

    def add_k(self, context, word):
        context = self.shortened(context)
        following = {w: self.counts[(*context, w)] for w in self.words}
        return (following[word] + self.k) / (sum(following.values()) + self.k * len(self.words))
