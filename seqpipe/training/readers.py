"""Readers around others: several corpora as one, and a stream that is shuffled.

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


@registry.readers("seqpipe.JoinedCorpora.v1")
def make_joined_corpora(
    *corpora: Callable[[Language], Iterable[Example]],
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader that gives the examples of several others: one of each in turn, and when one
    is at its end those of the rest.

    So the components of a pipeline learn from corpora of their own: what a doc says nothing of is
    missing, and the component that predicts it leaves the doc out. That the first examples are of
    all corpora matters to a stream, which shows those alone when the pipeline is initialised.

    corpora (Callable): The other readers, each a block below [corpora.NAME.*]. Not those of
        `seqpipe.TextStreams.v1`, for whose batches all examples must be pieces of a text.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader.
    RAISES (InputError): If there is none, or one is no reader; in reading, if one gives no example.
    """
    if not corpora:
        raise InputError("no corpora to join, expected their readers below a section [corpora.x.*]")
    for corpus in corpora:
        # spaCy checks the types of arguments that have a name alone.
        if not callable(corpus):
            expected = "such as ${corpora.entities} or a section with @readers"
            raise InputError(f"corpora = {corpus!r}: expected a corpus reader, {expected}")

    def read(nlp: Language) -> Iterator[Example]:
        waiting, is_first_turn = [iter(corpus(nlp)) for corpus in corpora], True
        while waiting:
            going_on = []
            for examples in waiting:
                eg = next(examples, None)
                if eg is not None:
                    going_on.append(examples)
                    yield eg
                elif is_first_turn:
                    found = f"one of the {len(corpora)} corpora to join has no example"
                    raise InputError(f"{found}, expected at least one in each")
            waiting, is_first_turn = going_on, False

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
