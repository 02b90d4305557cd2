"""Which words a map shows, and the map of them: projected, with each one's nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqpipe.files import InputError
from seqpipe.reporting.word_map import WordMap

from .matrix import Embeddings, near_spellings
from .projection import pca, tsne, usual_perplexity
from .similarity import most_similar_batch
from .vector_files import read_words

PCA, TSNE = "pca", "tsne"
METHODS = (TSNE, PCA)
NEIGHBOURS = 5
# So many of the words that have no vector are named.
NAMED = 5


def check_method(method: str, *, perplexity: float | None = None, seed: int | None = None) -> None:
    """See that words can be placed so, before the vectors are read.

    method (str): One of METHODS.
    perplexity, seed: See `tsne`.
    RAISES (InputError): If the method is unknown, or has no such option.
    RAISES (ImportError): If it is t-SNE and scikit-learn is not installed.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r}, expected {' or '.join(METHODS)}")
    if method == TSNE:
        import sklearn  # noqa: F401
    elif perplexity is not None or seed is not None:
        option = "perplexity" if perplexity is not None else "seed"
        raise InputError(f"{option}: only t-SNE has it, not principal components")


def listed_words(text: str) -> list[str]:
    """Take words from an option: the path of a file with one a line, or the words, with commas.

    text (str): What was given.
    RETURNS (List[str]): Each once.
    RAISES (InputError): If there is none.
    """
    if Path(text).is_file():
        return read_words(text)
    words = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not words:
        raise InputError(f"{text!r}: no word in it, expected words with commas between, or a file")
    return words


def choose_words(
    embeddings: Embeddings, *, n: int, only: Sequence[str] | None, marked: Sequence[str] = ()
) -> list[str]:
    """Choose the words that a map shows.

    embeddings (Embeddings): All words.
    n (int): How many of the first, which are the most frequent.
    only (Optional[Sequence[str]]): These in their place.
    marked (Sequence[str]): These too.
    RETURNS (List[str]): In the order of the embeddings.
    RAISES (InputError): Names the words that have no vector, with near spellings.
    """
    named = list(dict.fromkeys([*(only or ()), *marked]))
    _check_known(embeddings, named)
    chosen = {*named, *(embeddings.words[:n] if only is None else ())}
    if not chosen:
        raise InputError("floret vectors have no words of their own, name those to draw")
    # Floret's words have no place: they stay in the order given.
    first = {word: place for place, word in enumerate(named)}
    end = len(embeddings)
    return sorted(chosen, key=lambda word: (embeddings.index.get(word, end), first.get(word, 0)))


def map_words(
    embeddings: Embeddings,
    words: Sequence[str],
    *,
    name: str,
    method: str = TSNE,
    perplexity: float | None = None,
    seed: int | None = None,
    marked: Sequence[str] = (),
) -> WordMap:
    """Place words in two dimensions.

    embeddings (Embeddings): All words.
    words (Sequence[str]): Those to draw, from `choose_words`.
    name (str): What the vectors are called, for the title.
    method (str): One of METHODS.
    perplexity, seed: See `tsne`.
    marked (Sequence[str]): Those of the words to be seen at once.
    RETURNS (WordMap): The map. Neighbours are the nearest by cosine among those drawn.
    RAISES (InputError): See `pca` and `tsne`.
    """
    check_method(method, perplexity=perplexity, seed=seed)
    shown = embeddings.subset(words)
    if method == PCA:
        places, shares = pca(shown)
        note = "principal components of the vectors at length 1"
        axes = _component_name(1, shares[0]), _component_name(2, shares[1])
    else:
        places, axes = tsne(shown, perplexity=perplexity, seed=seed), None
        note = f"t-SNE of the cosines, perplexity {perplexity or usual_perplexity(len(words)):.3g}"
        note += "" if seed is None else f", seed {seed}"
    index = {word: place for place, word in enumerate(shown.words)}
    near = most_similar_batch(shown, shown.words, n=NEIGHBOURS)
    return WordMap(
        words=shown.words,
        places=places,
        title=f"{name}: {_said(embeddings, shown)}",
        method=note,
        axes=axes,
        ranks=_ranks(embeddings, shown.words),
        marked=frozenset(index[word] for word in marked),
        neighbours=np.array([[index[word] for word, _ in row] for row in near]),
        cosines=np.array([[cosine for _, cosine in row] for row in near]),
    )


def _component_name(number: int, share: float) -> str:
    return f"component {number}: {share:.1%} of the variance"


def _said(embeddings: Embeddings, shown: Embeddings) -> str:
    """Which words these are."""
    words = f"{len(shown):,}"
    if shown.words == embeddings.words[: len(shown)]:
        words = f"the first {words}"
    return f"{words} of {len(embeddings):,} words" if len(embeddings) else f"{words} words"


def _ranks(embeddings: Embeddings, words: Sequence[str]) -> list[int] | None:
    """Each word's place among all, from 1; None for floret's, which have none."""
    if any(word not in embeddings.index for word in words):
        return None
    return [embeddings.index[word] + 1 for word in words]


def _check_known(embeddings: Embeddings, words: Sequence[str]) -> None:
    unknown = [word for word in words if word not in embeddings]
    if not unknown:
        return
    said = []
    for word in unknown[:NAMED]:
        near = near_spellings(word, embeddings.index, n=1)
        said.append(f"{word!r} (did you mean {near[0]!r}?)" if near else repr(word))
    more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
    raise InputError(f"no vector for {', '.join(said)}{more}")
