"""What a translator reads and writes: words, characters, or subwords by byte-pair encoding.

Annotations stay real objects here: spaCy's registry resolves them.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.vocabulary.bpe import Subwords
from seqpipe.vocabulary.vocabulary import Vocabulary

WORD, CHARACTER, SUBWORD = UNITS = ("word", "character", "subword")
SPACE, PUNCTUATION = SPLITS = ("space", "punctuation")
JOINER = "￭"
"""U+FFED, as OpenNMT's tokenizer marks it: no space stood on this side of a punctuation mark."""
NO_TOKEN = -1
_PARTS = re.compile(r"\w+|[^\w\s]")
_JOIN_CONTROLS = "\u200c\u200d"


@dataclass(frozen=True)
class Pieces:
    """A text in pieces.

    texts (List[str]): The pieces, "<EOS>" last.
    ids (np.ndarray): int64 (n,), theirs.
    tokens (np.ndarray): int64 (n,): of a source, the place in the Doc of the token that each
        belongs to, NO_TOKEN for <EOS> and the space behind a token.
    words (List[str]): The word that each piece is of: of a source, the token.
    """

    texts: list[str]
    ids: np.ndarray
    tokens: np.ndarray
    words: list[str]

    def cut(self, most: int) -> "Pieces":
        """RETURNS (Pieces): The first ones and <EOS>.

        most (int): How many before <EOS> at most.
        """
        kept = [*range(min(most, len(self.ids) - 1)), len(self.ids) - 1]
        texts, words = ([found[i] for i in kept] for found in (self.texts, self.words))
        return Pieces(texts, self.ids[kept], self.tokens[kept], words)


class TextUnits:
    """How texts of one side become ids and ids texts. It never changes: `build` makes a new one.

    vocabulary (Vocabulary): Of the pieces.
    subwords (Optional[Subwords]): Cut words into pieces, if the unit is that.
    """

    def __init__(
        self,
        unit: str = WORD,
        *,
        max_size: int | None = None,
        min_count: int = 1,
        lower: bool = False,
        merges: int = 0,
        dropout: float = 0.0,
        split: str = PUNCTUATION,
        vocabulary: Vocabulary | None = None,
        subwords: Subwords | None = None,
    ) -> None:
        """See `SourceUnits` and `TargetUnits`. vocabulary, subwords: What was learned."""
        for key, value, known in (("unit", unit, UNITS), ("split", split, SPLITS)):
            if value not in known:
                raise InputError(f"{key} = {value!r}: expected one of {', '.join(known)}")
        if (unit == SUBWORD) != (merges > 0):
            raise InputError(f'merges = {merges} with unit = "{unit}": expected some for subwords')
        if not 0.0 <= dropout < 1.0 or (dropout and unit != SUBWORD):
            raise InputError(f"dropout = {dropout}: expected 0 to below 1, and above 0 of subwords")
        self.unit, self.split, self.lower = unit, split, lower
        self.merges, self.dropout = merges, dropout
        self.max_size, self.min_count = max_size, min_count
        self.vocabulary = self._empty() if vocabulary is None else vocabulary
        self.subwords = subwords

    @property
    def settings(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): What `__init__` takes, but for what was learned."""
        return {
            "unit": self.unit,
            "max_size": self.max_size,
            "min_count": self.min_count,
            "lower": self.lower,
            "merges": self.merges,
            "dropout": self.dropout,
            "split": self.split,
        }

    def _empty(self) -> Vocabulary:
        return Vocabulary(max_size=self.max_size, min_count=self.min_count, lower=self.lower)

    def build(self, counts: Mapping[str, int], words: Vocabulary | None = None) -> "TextUnits":
        """Learn subwords and a vocabulary.

        counts (Mapping[str, int]): How often each word was seen; of characters, each of them.
        words (Optional[Vocabulary]): To be used as it is; only words can be adopted.
        RETURNS (TextUnits): A new one.
        RAISES (InputError): If words are given to units of another kind.
        """
        empty = self._empty()
        if words is not None and self.unit != WORD:
            raise InputError(
                f'vocabulary with unit = "{self.unit}": expected null, only words can be adopted'
            )
        if self.unit != SUBWORD:
            return self._with(empty.build(counts) if words is None else words, None)
        seen: Counter[str] = Counter()
        for word, count in counts.items():
            seen[empty.normalise(word)] += count
        subwords = Subwords.learn(seen, merges=self.merges)
        # Each piece there is, also those that dropout alone makes.
        pieces: Counter[str] = Counter(dict.fromkeys(subwords.pieces, 0))
        for word, count in seen.items():
            for piece in subwords.split(word):
                pieces[piece] += count
        least = 0 if empty.min_count == 1 else empty.min_count
        kept = {piece: max(1, count) for piece, count in pieces.items() if count >= least}
        return self._with(
            Vocabulary(max_size=empty.max_size, min_count=1, lower=False).build(kept), subwords
        )

    def _with(self, vocabulary: Vocabulary, subwords: Subwords | None) -> "TextUnits":
        return TextUnits(**self.settings, vocabulary=vocabulary, subwords=subwords)

    def source_words(self, doc: Doc) -> Iterable[str]:
        """RETURNS (Iterable[str]): The words of a Doc, or its characters.

        doc (Doc): A source.
        """
        return (text for text, _ in self._tokens(doc))

    def _tokens(self, doc: Doc) -> list[tuple[str, int]]:
        """The words of a Doc with their places; or its characters, but for white space at its ends,
        which a target does not have either."""
        if self.unit == CHARACTER:
            found = []
            for token in doc:
                found += [(character, token.i) for character in token.text]
                found += [(character, NO_TOKEN) for character in token.whitespace_]
            text = doc.text
            return found[len(text) - len(text.lstrip()) : len(text.rstrip())]
        return [(token.text, token.i) for token in doc if not token.is_space]

    def target_words(self, text: str) -> list[str]:
        """RETURNS (List[str]): The words of a text, or its characters.

        text (str): A target.
        """
        if self.unit == CHARACTER:
            return list(text.strip())
        return text.split() if self.split == SPACE else _parts_of(text)

    def source(self, doc: Doc, rng: np.random.Generator | None = None) -> Pieces:
        """The pieces of a Doc.

        rng (Optional[np.random.Generator]): Draws what BPE-dropout passes over, in training.
        doc (Doc): A source.
        """
        texts, places, words = [], [], []
        for word, place in self._tokens(doc):
            pieces = self._cut(word, rng)
            texts += pieces
            places += [place] * len(pieces)
            words += [word if place == NO_TOKEN else doc[place].text] * len(pieces)
        return self._pieces(texts, places, words)

    def target(self, text: str, rng: np.random.Generator | None = None) -> Pieces:
        """The pieces of a text.

        text (str): A target.
        rng (Optional[np.random.Generator]): As for `source`.
        """
        texts, words = [], []
        for word in self.target_words(text):
            pieces = self._cut(word, rng)
            texts += pieces
            words += [word] * len(pieces)
        return self._pieces(texts, [NO_TOKEN] * len(texts), words)

    def _cut(self, word: str, rng: np.random.Generator | None) -> list[str]:
        if self.subwords is None:
            return [word]
        word = word.lower() if self.lower and word not in Vocabulary.SPECIALS else word
        if rng is None or not self.dropout:
            return self.subwords.split(word)
        return self.subwords.split(word, dropout=self.dropout, rng=rng)

    def _pieces(self, texts: list[str], places: list[int], words: list[str]) -> Pieces:
        end, tokens = Vocabulary.EOS, np.array([*places, NO_TOKEN], dtype=np.int64)
        ids = self.vocabulary.encode(texts, eos=True)
        return Pieces([*texts, end], ids, tokens, [*words, end])

    def text(self, pieces: Sequence[str]) -> str:
        """Put pieces together, such as came out of a decoder, without <EOS>.

        pieces (Sequence[str]): As they print.
        RETURNS (str): The text that `target` would cut so, but for its white space.
        """
        if self.unit == CHARACTER:
            return "".join(pieces)
        words = pieces if self.subwords is None else self.subwords.join(pieces)
        if self.split == SPACE:
            return " ".join(words)
        return " ".join(words).replace(f" {JOINER}", "").replace(f"{JOINER} ", "").strip(JOINER)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): What `from_dict` takes."""
        subwords = None if self.subwords is None else self.subwords.to_dict()
        return {
            "settings": self.settings,
            "vocabulary": self.vocabulary.to_dict(),
            "subwords": subwords,
        }

    def from_dict(self, data: Any) -> "TextUnits":
        """RETURNS (TextUnits): What was saved; settings that cut texts otherwise are refused.

        data (Any): What `to_dict` gave.
        RAISES (InputError): If it is something else.
        """
        if not isinstance(data, dict) or set(data) != {"settings", "vocabulary", "subwords"}:
            raise InputError("expected settings, vocabulary and subwords of a side")
        learned = data["settings"] if isinstance(data["settings"], dict) else {}
        for key in ("unit", "lower", "split"):
            if learned.get(key) != self.settings[key]:
                raise InputError(
                    f"{key} = {self.settings[key]!r} in the config, but what was learned has "
                    f"{learned.get(key)!r}: expected the same"
                )
        subwords = None if data["subwords"] is None else Subwords.from_dict(data["subwords"])
        if (subwords is None) != (self.unit != SUBWORD):
            raise InputError(f'no subwords, or some, of a side with unit = "{self.unit}"')
        return self._with(Vocabulary.from_dict(data["vocabulary"]), subwords)


def _parts_of(text: str) -> list[str]:
    """Words and punctuation marks; the latter show on which sides no space stood."""
    parts: list[str] = []
    end, in_word = 0, False
    for match in _PARTS.finditer(text.replace(JOINER, "■")):
        part, touches = match.group(), bool(parts) and match.start() == end
        is_word = part[0].isalnum() or part[0] == "_"
        end = match.end()
        if touches and in_word and (is_word or _combines(part)):
            parts[-1] += part
            continue
        if touches and is_word:
            parts[-1] += JOINER
        elif touches:
            part = JOINER + part
        parts.append(part)
        in_word = is_word
    return parts


def _combines(mark: str) -> bool:
    """Whether a character is part of the letter before it, such as the vowel signs of Hindi, which
    Python's regular expressions do not take for letters."""
    return unicodedata.category(mark).startswith("M") or mark in _JOIN_CONTROLS


@registry.misc("seqpipe.SourceUnits.v1")
def make_source_units(
    unit: str = WORD,
    max_size: int | None = None,
    min_count: int = 1,
    lower: bool = False,
    merges: int = 0,
    dropout: float = 0.0,
) -> TextUnits:
    """In what pieces a translator reads a Doc. <EOS> closes them.

    unit (str): "word", the Doc's tokens without white space; "character", those of the text; or
        "subword", pieces of the tokens by byte-pair encoding (Sennrich et al. 2016).
    max_size (Optional[int]): Pieces that are known at most, the most frequent ones; None for all.
    min_count (int): A piece that is seen less often is <UNK>.
    lower (bool): Lower-cased.
    merges (int): Subwords only: merges that are learned.
    dropout (float): Subwords only: in training each merge is left out at this rate wherever it is
        made (BPE-dropout, Provilkov et al. 2020).
    RETURNS (TextUnits): Without vocabulary; the component builds it.
    """
    return TextUnits(**locals())


@registry.misc("seqpipe.TargetUnits.v1")
def make_target_units(
    unit: str = WORD,
    split: str = PUNCTUATION,
    max_size: int | None = None,
    min_count: int = 1,
    lower: bool = False,
    merges: int = 0,
    dropout: float = 0.0,
) -> TextUnits:
    """In what pieces a translator writes. <EOS> closes them.

    unit (str): "word", "character" or "subword".
    split (str): How words are told apart: at white "space", for texts that are tokenised; or at
        white space and "punctuation", with marks so that the text can be put together again (of
        several spaces one is left).
    max_size, min_count, lower, merges, dropout: See `seqpipe.SourceUnits.v1`.
    RETURNS (TextUnits): Without vocabulary; the component builds it.
    """
    return TextUnits(**locals())
