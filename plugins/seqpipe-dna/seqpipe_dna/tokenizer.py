"""seqpipe_dna.Nucleotides.v1: a token for each base, or for each k bases that follow each other."""

# No future import of annotations: spaCy's registry reads these.
import json
import re
from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from seqpipe.files import InputError, atomic_write
from seqpipe_dna.nucleotides import IUPAC, normalise

if TYPE_CHECKING:
    from spacy.language import Language


MAX_K = 100


def _check_length(k: int) -> None:
    if type(k) is not int or not 1 <= k <= MAX_K:
        raise InputError(f"k = {k!r}: expected a whole number of bases a token, 1 to {MAX_K}")


@registry.tokenizers("seqpipe_dna.Nucleotides.v1")
def create_nucleotide_tokenizer(k: int = 1) -> Callable[["Language"], "NucleotideTokenizer"]:
    """Make a tokenizer from `[nlp.tokenizer]`.

    k (int): Bases in a token, from 1 to 100; 3 for codons. The first token begins where the
        sequence begins.
    RETURNS (Callable[[Language], NucleotideTokenizer]): Makes the tokenizer of a pipeline.
    """
    _check_length(k)
    return lambda nlp: NucleotideTokenizer(nlp.vocab, k)


class NucleotideTokenizer:
    """Cuts a sequence into tokens of k bases that do not overlap; `doc.text` is the text given.

    A sequence is a run of IUPAC codes, in upper or lower case. Its last token may be shorter.
    Every other character, white space and line ends among them, is a token of its own. The text
    keeps its case; `token.norm_` is upper case, with T for U.
    """

    def __init__(self, vocab: Vocab, k: int = 1) -> None:
        """Make a tokenizer.

        vocab (Vocab): The pipeline's vocab.
        k (int): Bases in a token, from 1 to 100.
        """
        _check_length(k)
        self.vocab = vocab
        self.k = k
        self._pieces = re.compile(f"[{''.join(sorted(IUPAC))}]{{1,{k}}}|.", re.DOTALL)

    def __reduce__(self) -> tuple[Any, ...]:
        return NucleotideTokenizer, (self.vocab, self.k)

    def __call__(self, text: str) -> Doc:
        """Cut a text.

        text (str): Any string.
        RETURNS (Doc): Its tokens; `doc.text == text`.
        """
        words = list(text) if self.k == 1 else self._pieces.findall(text)
        for word in set(words):
            self.vocab[word].norm_ = normalise(word)
        return Doc(self.vocab, words=words, spaces=[False] * len(words))

    def pipe(self, texts: Iterable[str], batch_size: int = 1000) -> Iterator[Doc]:
        """Cut a stream of texts.

        texts (Iterable[str]): The texts.
        batch_size (int): Not needed here; spaCy gives it.
        YIELDS (Doc): The tokens of each, in order.
        """
        yield from map(self, texts)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): The settings, as JSON. exclude: Nothing here can be left out."""
        return (json.dumps({"k": self.k}) + "\n").encode("ascii")

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "NucleotideTokenizer":
        """Load what `to_bytes` gave. Raises InputError where it is of another k, or damaged.

        data (bytes): The serialised form.
        exclude (Iterable[str]): Nothing here can be left out.
        RETURNS (NucleotideTokenizer): This tokenizer.
        """
        self._check(data, None)
        return self

    def to_disk(self, path: str | PathLike[str], *, exclude: Iterable[str] = ()) -> None:
        """Write the settings to a file.

        path: The file.
        exclude (Iterable[str]): Nothing here can be left out.
        """
        with atomic_write(path, "wb") as file:
            file.write(self.to_bytes())

    def from_disk(
        self, path: str | PathLike[str], *, exclude: Iterable[str] = ()
    ) -> "NucleotideTokenizer":
        """Load what `to_disk` wrote. Raises InputError where it is of another k, or damaged.

        path: The file.
        exclude (Iterable[str]): Nothing here can be left out.
        RETURNS (NucleotideTokenizer): This tokenizer.
        """
        self._check(Path(path).read_bytes(), path)
        return self

    def _check(self, data: bytes, path: str | PathLike[str] | None) -> None:
        try:
            saved = json.loads(data)["k"]
        except (ValueError, LookupError, TypeError):
            message = (
                "not the settings of a tokenizer, expected what seqpipe_dna.Nucleotides.v1 saves"
            )
            raise InputError(message, path=path) from None
        if saved != self.k:
            message = f"saved with k = {saved!r}, expected {self.k} as in [nlp.tokenizer]"
            raise InputError(message, path=path)
