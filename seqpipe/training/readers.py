"""A reader around another: shuffles a corpus that is read as a stream.

Annotations stay real objects here: spaCy's registry resolves them.
"""

import random
from collections.abc import Callable, Iterable, Iterator

from spacy.language import Language
from spacy.training import Example
from spacy.util import registry

from seqpipe.files import InputError


@registry.readers("seqpipe.ShuffledCorpus.v1")
def make_shuffled_corpus(
    corpus: Callable[[Language], Iterable[Example]], *, buffer: int = 1000
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader that gives another's examples in an order drawn anew at each reading.

    Each example comes out once, and at most `buffer` are held. None comes out `buffer` places or
    more before its own; so a corpus sorted by label or by source wants a large buffer.

    corpus (Callable): The other reader, as a block of its own.
    buffer (int): How many examples to draw from. 1 leaves the order as it is.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader. It raises InputError where the
        other gives nothing.
    """
    if buffer < 1:
        raise InputError(f"buffer = {buffer}: expected at least 1 example to draw from")

    def read(nlp: Language) -> Iterator[Example]:
        # A generator of its own, drawn when an epoch begins and not at its first example: what
        # training draws in the meantime does not change the order, and a run that is resumed finds
        # it again from the state at the epoch's start.
        generator = random.Random(random.getrandbits(64))
        return _shuffled(corpus(nlp), buffer, generator)

    return read


def _shuffled(
    examples: Iterable[Example], buffer: int, generator: random.Random
) -> Iterator[Example]:
    held: list[Example] = []
    for eg in examples:
        if len(held) < buffer:
            held.append(eg)
            continue
        place = generator.randrange(buffer)
        drawn, held[place] = held[place], eg
        yield drawn
    if not held:
        raise InputError("the corpus to shuffle has no example, expected at least one")
    generator.shuffle(held)
    yield from held
