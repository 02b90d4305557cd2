"""seqpipe.UnkTokenizer.v1: a spaCy tokenizer that learns a vocabulary and shows what is unknown.

It sets `token._.vocab_id`, `token._.is_unk` and `doc._.unk_rate`.
"""

# No `from __future__ import annotations`: spaCy reads the annotations of `initialize` as types.
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy import util
from spacy.scorer import Scorer
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.vocab import Vocab

from seqpipe.files import InputError, atomic_write
from seqpipe.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from spacy.language import Language

UNITS = ("word", "whitespace", "char")
# The place in `Vocab.cfg` where a Doc's vocabulary is found; spaCy neither saves nor pickles it.
_KEY = "seqpipe.vocabulary"


@util.registry.tokenizers("seqpipe.UnkTokenizer.v1")
def create_unk_tokenizer(
    unit: str = "word",
    max_size: int | None = 10_000,
    min_count: int = 1,
    lower: bool = False,
    zero_digits: bool = False,
) -> Callable[["Language"], "UnkTokenizer"]:
    """Make a tokenizer from `[nlp.tokenizer]`; `[initialize.tokenizer]` says what it learns from.

    unit (str): "word" for the language's own rules, "whitespace" to split at white space only, or
        "char" for each character (code point) a token. In "char", white space is tokens like any
        other character, never a token's trailing space, so that a character model can predict it.
    max_size (int | None): Ordinary words that the vocabulary keeps. None for no limit.
    min_count (int): A word seen less often than this is unknown.
    lower (bool): Words are looked up in lower case. The text stays as it is.
    zero_digits (bool): Words are looked up with 0 for every decimal digit.
    RETURNS (Callable[[Language], UnkTokenizer]): Makes the tokenizer of a pipeline.
    RAISES (InputError): If a setting is unknown or out of range.
    """
    if unit not in UNITS:
        raise InputError(f'unit = "{unit}": expected one of {", ".join(UNITS)}')
    vocabulary = Vocabulary(
        max_size=max_size, min_count=min_count, lower=lower, zero_digits=zero_digits
    )

    def create(nlp: "Language") -> UnkTokenizer:
        return UnkTokenizer(nlp.vocab, _create_splitter(nlp, unit), vocabulary, unit=unit)

    return create


class UnkTokenizer:
    """Splits texts, and knows a vocabulary. `doc.text` is always the text that was given.

    What it does not have itself, such as `infix_finditer` or `add_special_case`, is the splitter's,
    to read and to set.

    `token._.vocab_id`, `token._.is_unk` and `doc._.unk_rate` (the share of all tokens, white space
    included) find the vocabulary through the Doc's `Vocab`. So they work for this pipeline's Docs,
    for those built from words or a DocBin with its `Vocab`, and after the pipeline is gone. They
    are None where no vocabulary was learned. Pipelines that share one `Vocab` object share the
    vocabulary that was learned or loaded last.
    """

    _OWN = frozenset({"vocab", "splitter", "unit", "vocabulary", "_vocabulary"})

    def __init__(
        self, vocab: Vocab, splitter: Any, vocabulary: Vocabulary, *, unit: str = "word"
    ) -> None:
        """Make a tokenizer around another.

        vocab (Vocab): The pipeline's vocab.
        splitter (Callable[[str], Doc]): The tokenizer that splits the texts.
        vocabulary (Vocabulary): What is known; an empty one until `initialize`.
        unit (str): The name of what the splitter makes: "word", "whitespace" or "char".
        """
        self.vocab = vocab
        self.splitter = splitter
        self.unit = unit
        self.vocabulary = vocabulary

    @property
    def vocabulary(self) -> Vocabulary:
        """RETURNS (Vocabulary): What is known; an empty one before `initialize`."""
        return self._vocabulary

    @vocabulary.setter
    def vocabulary(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        if vocabulary.counts.any():
            self.vocab.cfg[_KEY] = vocabulary
        else:
            self.vocab.cfg.pop(_KEY, None)

    def __getattr__(self, name: str) -> Any:
        # Only called for what is not found here. An object that is being made has no splitter yet.
        if name in self._OWN:
            raise AttributeError(name)
        return getattr(self.splitter, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._OWN:
            object.__setattr__(self, name, value)
        elif hasattr(self.splitter, name):
            setattr(self.splitter, name, value)
        else:
            raise AttributeError(f"a tokenizer with unit = {self.unit!r} has no {name!r} to set")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.vocab, self.splitter, self.vocabulary, self.unit)

    def __call__(self, text: str) -> Doc:
        """Split a text.

        text (str): Any string.
        RETURNS (Doc): Its tokens; `doc.text == text`.
        """
        return self.splitter(text)

    def pipe(self, texts: Iterable[str], batch_size: int = 1000) -> Iterator[Doc]:
        """Split a stream of texts.

        texts (Iterable[str]): The texts.
        batch_size (int): For splitters that buffer.
        YIELDS (Doc): The tokens of each, in order.
        """
        yield from self.splitter.pipe(texts, batch_size=batch_size)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Compare the tokens with those of the reference, as spaCy's own tokenizer does.

        examples (Iterable[Example]): The examples.
        RETURNS (dict): token_acc, token_p, token_r and token_f.
        """
        return Scorer.score_tokenization(examples)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: "Language | None" = None,
        text_file: str | Path | None = None,
        vocabulary: str | Path | None = None,
    ) -> None:
        """Learn the vocabulary, or load it. Raises InputError where there is nothing to learn from.

        get_examples (Callable): Gives the training examples; what is counted, if neither file is
            named, is the tokens of their predicted Docs, which are the tokens that components see.
        nlp (Language): The pipeline.
        text_file (str | Path): A text in UTF-8, plain or .gz, which is read line by line. The
            end of a line is a character where `unit` is "char", and no token otherwise.
        vocabulary (str | Path): A file that `Vocabulary.to_disk` wrote. It brings its own settings
            (`lower` and so on), which then hold in place of the tokenizer's.
        """
        if text_file is not None and vocabulary is not None:
            raise InputError(
                f"[initialize.tokenizer] has both text_file = {str(text_file)!r} and "
                f"vocabulary = {str(vocabulary)!r}: expected one of them, or none"
            )
        if vocabulary is not None:
            self.vocabulary = Vocabulary.from_disk(vocabulary)
        elif text_file is not None:
            self.vocabulary = self.vocabulary.build(self._count_file(text_file))
        else:
            self.vocabulary = self.vocabulary.build(_count_examples(get_examples))

    def _count_file(self, path: str | Path) -> Counter[str]:
        counts: Counter[str] = Counter()
        for line in _lines(path):
            if self.unit == "char":
                counts.update(line)
            else:
                counts.update(token.text for token in self.splitter(line.rstrip("\n")))
        if not counts:
            raise InputError("no token in the file: expected a text to learn words from", path=path)
        return counts

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialise the tokenizer.

        exclude (Iterable[str]): What to leave out: "vocabulary", "splitter" or parts of that.
        RETURNS (bytes): The serialised form.
        """
        parts = {
            "settings": lambda: {"unit": self.unit},
            "vocabulary": lambda: self.vocabulary.to_bytes(),
            "splitter": lambda: self.splitter.to_bytes(exclude=exclude),
        }
        return util.to_bytes(parts, exclude)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "UnkTokenizer":
        """Load what `to_bytes` gave. Raises InputError where it is damaged or of another unit.

        data (bytes): The serialised form.
        exclude (Iterable[str]): Parts to leave as they are.
        RETURNS (UnkTokenizer): This tokenizer.
        """
        parts = {
            "vocabulary": lambda b: setattr(self, "vocabulary", Vocabulary.from_bytes(b)),
            "splitter": lambda b: self.splitter.from_bytes(b, exclude=exclude),
        }
        with _damage_as_input_error(None):
            settings: list[Any] = []
            util.from_bytes(data, {"settings": settings.append}, ())
            self._check_settings(settings[0] if settings else {})
            util.from_bytes(data, parts, exclude)
        return self

    def to_disk(self, path: str | PathLike[str], *, exclude: Iterable[str] = ()) -> None:
        """Write the tokenizer to a folder, the vocabulary as a readable vocabulary.json.

        path: The folder, which is made if need be.
        exclude (Iterable[str]): What to leave out: "vocabulary", "splitter" or parts of that.
        """
        path = Path(path)
        if path.is_file():
            path.unlink()  # spaCy's own tokenizer, which the pipeline had before, is one file
        parts = {
            "settings.json": self._write_settings,
            "vocabulary.json": lambda p: self.vocabulary.to_disk(p),
            "splitter": lambda p: self.splitter.to_disk(p, exclude=exclude),
        }
        util.to_disk(path, parts, exclude)

    def from_disk(
        self, path: str | PathLike[str], *, exclude: Iterable[str] = ()
    ) -> "UnkTokenizer":
        """Load what `to_disk` wrote. Raises InputError where it is not whole, or of another unit.

        path: The folder.
        exclude (Iterable[str]): Parts to leave as they are.
        RETURNS (UnkTokenizer): This tokenizer.
        """
        parts: dict[str, Callable[[Path], Any]] = {
            "settings.json": lambda p: self._check_settings(json.loads(p.read_text("utf-8"))),
            "vocabulary.json": lambda p: setattr(self, "vocabulary", Vocabulary.from_disk(p)),
            "splitter": lambda p: self.splitter.from_disk(p, exclude=exclude),
        }
        for name, load in parts.items():
            if name.removesuffix(".json") not in exclude:
                with _damage_as_input_error(Path(path, name)):
                    load(Path(path, name))
        return self

    def _write_settings(self, path: Path) -> None:
        with atomic_write(path) as file:
            file.write(json.dumps({"unit": self.unit}) + "\n")

    def _check_settings(self, settings: dict[str, Any]) -> None:
        if settings["unit"] != self.unit:
            raise InputError(
                f"saved with unit = {settings['unit']!r}, expected {self.unit!r} "
                "as in the config's [nlp.tokenizer]"
            )


class CharacterSplitter(util.DummyTokenizer):
    """Makes each character (code point) a token, white space too; no token has a trailing space."""

    def __init__(self, vocab: Vocab) -> None:
        """vocab (Vocab): The pipeline's vocab."""
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """RETURNS (Doc): One token for each character of the text."""
        return Doc(self.vocab, words=list(text), spaces=[False] * len(text))


def _create_splitter(nlp: "Language", unit: str) -> Any:
    if unit == "char":
        return CharacterSplitter(nlp.vocab)
    if unit == "whitespace":
        return Tokenizer(nlp.vocab)  # without rules it splits at white space, and keeps all of it
    # The language's default config, since some languages (ja, ko, th, vi, zh) have their own class.
    language_config = {"tokenizer": nlp.default_config["nlp"]["tokenizer"]}
    return util.registry.resolve(language_config)["tokenizer"](nlp)


def _restore(vocab: Vocab, splitter: Any, vocabulary: Vocabulary, unit: str) -> UnkTokenizer:
    return UnkTokenizer(vocab, splitter, vocabulary, unit=unit)


@contextmanager
def _damage_as_input_error(path: Path | None) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        if error.path is not None or path is None:
            raise
        raise InputError(str(error), path=path) from None
    except (OSError, ValueError, TypeError, LookupError, AttributeError, re.error) as error:
        reason = getattr(error, "strerror", None) or repr(error)
        message = f"cannot be loaded ({reason}): expected what seqpipe.UnkTokenizer.v1 saves"
        raise InputError(message, path=path) from error


def _count_examples(get_examples: Callable[[], Iterable[Example]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for eg in get_examples():
        counts.update(token.text for token in eg.predicted)
    if not counts:
        raise InputError(
            "no token in the training examples: expected some for the tokenizer to learn from, "
            "or text_file or vocabulary in [initialize.tokenizer]"
        )
    return counts


def _lines(path: str | Path) -> Iterator[str]:
    opener = gzip.open if str(path).endswith(".gz") else open
    number = 0
    try:
        with opener(path, "rb") as file:
            for number, line in enumerate(file, 1):
                # utf-8-sig drops the mark that some editors put at a file's start.
                yield line.decode("utf-8-sig" if number == 1 else "utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x} at {error.start + 1}"
        raise InputError(f"{found} of the line: expected UTF-8", path=path, line=number) from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason}): expected a text file", path=path) from None


def _vocabulary_of(doc: Doc) -> Vocabulary | None:
    return doc.vocab.cfg.get(_KEY)


def _token_id(token: Token) -> int | None:
    vocabulary = _vocabulary_of(token.doc)
    return None if vocabulary is None else vocabulary.id(token.text)


def _token_is_unk(token: Token) -> bool | None:
    vocab_id = _token_id(token)
    return None if vocab_id is None else vocab_id == Vocabulary.UNK_ID


def _doc_unk_rate(doc: Doc) -> float | None:
    vocabulary = _vocabulary_of(doc)
    if vocabulary is None:
        return None
    unknown = vocabulary.ids(token.text for token in doc) == Vocabulary.UNK_ID
    return float(unknown.mean()) if len(unknown) else 0.0


def _set_extensions() -> None:
    # An extension of the same name that the user's own code set before is left to it.
    for name, getter in (("vocab_id", _token_id), ("is_unk", _token_is_unk)):
        if not Token.has_extension(name):
            Token.set_extension(name, getter=getter)
    if not Doc.has_extension("unk_rate"):
        Doc.set_extension("unk_rate", getter=_doc_unk_rate)


_set_extensions()
