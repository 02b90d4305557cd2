"""Long texts for truncated backpropagation through time (Mikolov et al. 2010).

The text is cut into as many streams as there are rows in a batch, and each stream into pieces.
Batch i holds piece i of each stream, so that a model can carry its state from batch to batch. The
pieces are marked: whatever shuffles them, the batcher puts them back in their order.
"""

# No future import of annotations: spaCy's registry reads those of what is registered.
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

from seqpipe.files import InputError
from seqpipe.vocabulary.text import Pieces, read_tokens

from .sentences import END, NumberedText, number_text

MARK = "seqpipe.piece"  # the key in `doc.user_data`
BLOCK = 1 << 16  # numbers that are read of a stream at a time


class Piece(NamedTuple):
    """Where a doc stands in a text that was cut into streams.

    stream (int): Which stream, from 0.
    place (int): Which piece of it, from 0.
    streams (int): How many there are.
    is_last (bool): It is the last piece of its stream.
    is_closed (bool): Its last sentence ends with it.
    """

    stream: int
    place: int
    streams: int
    is_last: bool
    is_closed: bool


def piece_of(doc: Doc) -> Piece | None:
    """RETURNS (Optional[Piece]): Where a doc stands in its text, if it is a piece of a stream.

    doc (Doc): Any doc.
    """
    found = doc.user_data.get(MARK)
    return None if found is None else Piece(*found)


def makes_characters(nlp: Language) -> bool:
    """RETURNS (bool): Whether a pipeline's tokens are characters, of which white space is some.

    nlp (Language): The pipeline.
    """
    return getattr(nlp.tokenizer, "unit", None) == "char"


@registry.readers("seqpipe.TextStreams.v1")
def make_text_streams(
    path: str | Path | list[str], *, streams: int = 20, steps: int = 35, sentences: bool = True
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader of a long text, for `seqpipe.StreamBatches.v1`.

    The pipeline's tokenizer says what a token is: words, or characters for one with
    `unit = "char"`. The text is kept as numbers in a temporary file, four bytes a token, and as
    much as one piece of each stream is in memory, beside the different words.

    path: A text file or several, UTF-8, plain or gzip.
    streams (int): Into how many pieces of equal length the text is cut, which are read side by
        side: the rows of a batch. With 1 a development text is read from its beginning to its end.
    steps (int): After so many tokens backpropagation stops. Ends of sentences count as tokens.
    sentences (bool): Each line is a sentence, whose end is predicted. Else the text runs on, and a
        model of characters reads line breaks like any other character.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader.
    RAISES (InputError): If streams or steps are below 1, or, when it is read, a file is at fault.
    """
    for name, value in (("streams", streams), ("steps", steps)):
        if value < 1:
            raise InputError(f"{name} = {value}: expected at least 1")
    paths = [Path(one) for one in ([path] if isinstance(path, str | Path) else path)]
    # Tokenised once, not in each epoch. The folder goes when the reader does.
    kept: dict[str, tuple[tempfile.TemporaryDirectory[str], NumberedText]] = {}

    def read(nlp: Language) -> Iterator[Example]:
        if "text" not in kept:
            folder = tempfile.TemporaryDirectory(prefix="seqpipe-text-")
            pieces = line_tokens(paths, nlp, sentences=sentences)
            kept["text"] = folder, number_text(Path(folder.name) / "numbers", pieces)
        _, text = kept["text"]
        for words, starts, piece in _pieces(text, streams, steps, sentences=sentences):
            yield _example(nlp, words, starts if sentences else None, piece)

    return read


def line_tokens(paths: list[Path], nlp: Language, *, sentences: bool) -> Pieces:
    """Read text files with the pipeline's tokenizer.

    paths (List[Path]): UTF-8, plain or gzip.
    nlp (Language): White space is left out, unless its tokens are characters.
    sentences (bool): Each line is a sentence; line breaks are no part of it.
    YIELDS (Tuple[List[str], bool]): The tokens of each line, and whether a sentence ends with it.
    """
    keeps_spaces = makes_characters(nlp)

    def tokenize(texts: list[str]) -> list[list[str]]:
        texts = [text.rstrip("\r\n") for text in texts] if sentences else texts
        with nlp.memory_zone():  # or else the vocab would keep every type of the text
            docs = [nlp.tokenizer(text) for text in texts]
            return [[t.text for t in doc if keeps_spaces or not t.is_space] for doc in docs]

    for tokens, ends in read_tokens(paths, tokenize):
        yield tokens, ends and sentences


def _pieces(
    text: NumberedText, streams: int, steps: int, *, sentences: bool
) -> Iterator[tuple[list[str], list[bool], Piece]]:
    """The words of each piece, whether a sentence begins with each, and the mark: piece 0 of each
    stream, then piece 1 of each, and so on."""
    bounds = np.linspace(0, text.size, streams + 1).astype(np.int64).tolist()
    begun = [_stream(text, start, end, steps) for start, end in pairwise(bounds)]
    waiting = {s: found for s, stream in enumerate(begun) if (found := next(stream, None))}
    index, count = 0, len(waiting)
    while waiting:
        for s, (words, starts, is_closed) in list(waiting.items()):
            following = next(begun[s], None)
            yield words, starts, Piece(s, index, count, following is None, is_closed and sentences)
            if following is None:
                del waiting[s]
            else:
                waiting[s] = following
        index += 1


def _stream(
    text: NumberedText, start: int, end: int, steps: int
) -> Iterator[tuple[list[str], list[bool], bool]]:
    """The words of each piece of a stream, whether a sentence begins with each, and whether the
    last one ends."""
    words: list[str] = []
    starts: list[bool] = []
    taken, begins = 0, True
    for number in text.numbers(start, end, BLOCK):
        if number == END:
            # At the beginning it closes a sentence of the stream before.
            taken, begins = taken + bool(words), True
        else:
            if taken >= steps:
                yield words, starts, begins
                words, starts, taken = [], [], 0
            words.append(text.words[number])
            starts.append(begins)
            taken, begins = taken + 1, False
    if words:
        # An end that stands right behind belongs to these words.
        yield words, starts, begins or list(text.numbers(end, min(end + 1, text.size), 1)) == [END]


def _example(nlp: Language, words: list[str], starts: list[bool] | None, piece: Piece) -> Example:
    """The doc of a piece, marked."""
    is_char = makes_characters(nlp)

    def make() -> Doc:
        vocab: Vocab = nlp.vocab
        doc = Doc(vocab, words=words, spaces=[not is_char] * len(words), sent_starts=starts)  # type: ignore[arg-type]
        doc.user_data[MARK] = tuple(piece)
        return doc

    return Example(make(), make())


@registry.batchers("seqpipe.StreamBatches.v1")
def make_stream_batches() -> Callable[[Iterable[Example]], Iterator[list[Example]]]:
    """Create a batcher for what `seqpipe.TextStreams.v1` reads: batch i is piece i of each stream.

    RETURNS (Callable): From examples in any order to batches. Examples wait only for others that
        belong before them, so that a text which is read in its order takes no memory.
    """
    return partial(stream_batches)


def stream_batches(examples: Iterable[Example]) -> Iterator[list[Example]]:
    """Put the pieces of streams back in their order.

    examples (Iterable[Example]): In any order.
    YIELDS (List[Example]): Piece i of each stream that has one, stream by stream; i from 0.
    RAISES (InputError): For an example that is no piece of a stream.
    """
    waiting: defaultdict[int, dict[int, Any]] = defaultdict(dict)
    index, open_streams = 0, 0
    for eg in examples:
        piece = piece_of(eg.reference)
        if piece is None:
            raise InputError(
                "[training.batcher] seqpipe.StreamBatches.v1: an example is no piece of a text, "
                "expected those of seqpipe.TextStreams.v1"
            )
        if index == 0:
            open_streams = piece.streams
        waiting[piece.place][piece.stream] = (eg, piece.is_last)
        while open_streams and len(waiting[index]) == open_streams:
            batch = [found for _, found in sorted(waiting.pop(index).items(), key=_first)]
            yield [eg for eg, _ in batch]
            open_streams -= sum(is_last for _, is_last in batch)
            index += 1
    # What a limit on the corpus or a stream cut short has left incomplete.
    for rest in sorted(waiting):
        if waiting[rest]:
            yield [eg for _, (eg, _) in sorted(waiting[rest].items(), key=_first)]


def _first(pair: tuple[int, Any]) -> int:
    return pair[0]
