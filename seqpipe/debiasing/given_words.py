"""Words along a direction, as `seqpipe debiasing direction` shows them."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from seqpipe.embeddings.mapping import listed_words
from seqpipe.files import InputError

from .biased_words import neutral_vocabulary
from .debiaser import CLASSIFIER
from .direct_bias import project
from .roles import assign_roles
from .subspace import SVD, Subspace, find_sets, find_subspace
from .word_lists import WordLists, Words
from .words import WordVectors

# Dimensions whose shares are shown where no number is asked for.
DIMENSIONS = 10


def subspace_to_show(
    vectors: WordVectors, lists: WordLists, *, method: str, k: int | None
) -> Subspace:
    """Find a subspace, with as many dimensions as there are, up to ten, if no number is asked for:
    whether the first explains much more than the others says whether there is one direction.

    vectors (WordVectors): The vectors.
    lists (WordLists): With the pairs.
    method (str): See `find_subspace`.
    k (Optional[int]): Dimensions.
    RETURNS (Subspace): The first dimension is the same for any k.
    RAISES (InputError): See `find_subspace`.
    """
    if k is not None or method != SVD:
        return find_subspace(vectors, lists.pairs, method=method, k=k or 1)
    found, _, _ = find_sets(vectors, lists.pairs)
    most = min(DIMENSIONS, sum(len(words) - 1 for words in found), vectors.width)
    for dimensions in range(most, 1, -1):
        with suppress(InputError):  # some of the differences may lie in those of others
            return find_subspace(vectors, lists.pairs, method=method, k=dimensions)
    return find_subspace(vectors, lists.pairs, method=method, k=1)


def side_names(lists: WordLists) -> tuple[str, str]:
    """RETURNS (Tuple[str, str]): What lies on the positive and on the negative side.

    lists (WordLists): The first group's words project positively.
    """
    names = tuple(lists.attributes) or tuple(lists.pairs[0])
    return names[0], names[1] if len(names) == 2 else f"not {names[0]}"


def farthest_words(
    vectors: WordVectors, lists: WordLists, direction: np.ndarray, n: int, *, capitals: bool
) -> list[tuple[str, list[tuple[str, float]]]]:
    """Take the words that shall be neutral and lie farthest to each side.

    vectors (WordVectors): The vectors.
    lists (WordLists): Their definitional words, and those of groups, are left out.
    direction (np.ndarray): (width,).
    n (int): How many on each side, at most.
    capitals (bool): Whether words with upper-case letters count.
    RETURNS (List[Tuple[str, List[Tuple[str, float]]]]): For each side its name, and words with
        their cosines.
    """
    roles = assign_roles(vectors, lists, equalise=False, cases=True)
    kept = {vectors.words[row] for row in np.flatnonzero(~roles.neutral)}
    kept.update(word for words in lists.attributes.values() for word in words)
    names = side_names(lists)
    vocabulary = neutral_vocabulary(
        vectors, direction, definitional=kept, sides=names, capitals=capitals
    )
    bias = dict(zip(vocabulary.words, vocabulary.bias.tolist(), strict=True))
    sides = zip(names, vocabulary.most_biased(n), strict=True)
    return [(name, [(word, bias[word]) for word in words]) for name, words in sides]


def more_definitional(vectors: WordVectors, lists: WordLists, source: str) -> Words:
    """Find definitional words as debiasing would.

    vectors (WordVectors): Before debiasing.
    lists (WordLists): With the seed.
    source (str): One of `debiaser.SOURCES`.
    RETURNS (Tuple[str, ...]): Those of the classifier; of a list there are no others.
    """
    if source != CLASSIFIER:
        return ()
    from .definitional import find_definitional

    return find_definitional(vectors, lists.seed).words


def words_to_show(lists: WordLists, given: str | None) -> tuple[str, Words]:
    """Choose the words that are drawn.

    lists (WordLists): With targets.
    given (Optional[str]): The name of a set of these; or words with commas between, or a file, one
        a line; None: occupations, or the first set.
    RETURNS (Tuple[str, Tuple[str, ...]]): The name of the set, and its words; none if None was
        given and the lists have no set.
    """
    if given is None:
        name = "occupations" if "occupations" in lists.targets else next(iter(lists.targets), "")
        return name, lists.targets.get(name, ())
    if given in lists.targets:
        return given, lists.targets[given]
    return "words", tuple(listed_words(given))


def cosines(
    vectors: WordVectors, words: Words, direction: np.ndarray
) -> tuple[dict[str, float], Words]:
    """Project words.

    vectors (WordVectors): The vectors.
    words (Tuple[str, ...]): Which.
    direction (np.ndarray): (width,).
    RETURNS (Tuple[Dict[str, float], Tuple[str, ...]]): The cosine of each, and those that have no
        vector.
    RAISES (InputError): If none has a vector.
    """
    rows, missing = vectors.of(words)
    if not len(rows):
        shown = ", ".join(map(repr, missing[:5]))
        raise InputError(f"none of the {len(missing)} words has a vector: {shown}")
    found = [vectors.words[row] for row in rows]
    values = project(vectors, found, direction)
    return dict(zip(found, values.tolist(), strict=True)), missing
