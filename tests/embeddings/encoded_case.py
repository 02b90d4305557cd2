"""An encoded text made by hand, with parts as small as a test wants them."""

from collections import Counter

import numpy

from seqpipe.embeddings.encoded import LINE_END, EncodedText


def encode(lines, folder, *, min_count=1, part_size=20):
    """Lines of words as an EncodedText; a part ends after `part_size` tokens, in a line or not."""
    counts = Counter(word for line in lines for word in line)
    types = {word: i for i, word in enumerate(counts)}
    words = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: (-counts[w], w))
    ids = numpy.full(len(types), LINE_END - 1, dtype="int32")
    for i, word in enumerate(words):
        ids[types[word]] = i
    stream = [i for line in lines for i in [*(types[word] for word in line), LINE_END]]
    numpy.array(stream, dtype="int32").tofile(folder / "text")
    starts = numpy.array([*range(0, len(stream), part_size), len(stream)])
    sizes = numpy.array([counts[word] for word in words])
    return EncodedText(folder / "text", starts, words, sizes, ids, sum(counts.values()))
