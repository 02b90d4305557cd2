"""ARPA files of n-gram models, as SRILM and KenLM write and read them: logs to base 10 in text.

What is written and read again is the same to the last bit: nine digits tell float32 numbers apart.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import open_bytes, write_bytes
from seqpipe.vocabulary.vocabulary import Vocabulary

from .ngram_model import NEVER, NgramModel
from .trie import Trie, first_trie, grown

# The log of probability 0, to SRILM; nothing that is lower is told apart from it.
ZERO = -99.0
MARKS = {
    Vocabulary.UNK: "<unk>",
    Vocabulary.BOS: "<s>",
    Vocabulary.EOS: "</s>",
}
IDS = {
    b"<unk>": Vocabulary.UNK_ID,
    b"<UNK>": Vocabulary.UNK_ID,
    b"<s>": Vocabulary.BOS_ID,
    b"<BOS>": Vocabulary.BOS_ID,
    b"</s>": Vocabulary.EOS_ID,
    b"<EOS>": Vocabulary.EOS_ID,
}
TO_NATS = math.log(10)
ROWS = 1 << 16  # n-grams that are written at a time
COUNT = re.compile(rb"ngram\s+(\d+)\s*=\s*(\d+)")
SPACE = re.compile(r"[ \t\n\r\v\f]")


def write_arpa(model: NgramModel, path: str | Path) -> None:
    """Write a model as an ARPA file, gzipped if its name ends in .gz.

    model (NgramModel): One that backs off; add-k does not.
    path: The file.
    RAISES (InputError): If the model cannot be written so.
    """
    if not model.is_backoff:
        raise InputError(
            "a model with add-k cannot be an ARPA file, since it does not back off to shorter "
            "n-grams: expected kneser_ney or maximum_likelihood",
            path=path,
        )
    names = [_name(word, path) for word in model.vocabulary]
    trie, first = model.trie, 1 + Vocabulary.PAD_ID
    with write_bytes(path) as stream:
        sizes = np.diff(trie.levels[1:])
        sizes[0] -= 1  # <PAD>
        heads = [f"ngram {length}={size}\n" for length, size in enumerate(sizes, start=1)]
        stream.write("".join(["\\data\\\n", *heads]).encode("utf-8"))
        for length in range(1, trie.order + 1):
            stream.write(f"\n\\{length}-grams:\n".encode())
            ngrams = trie.ngrams(length)
            start, end = trie.levels[length : length + 2].tolist()
            for begin in range(start, end, ROWS):
                nodes = slice(begin, min(begin + ROWS, end))
                lines = _lines(model, ngrams[begin - start : begin - start + ROWS], nodes, names)
                if begin < first + 1:
                    del lines[first - begin]
                stream.write("".join(lines).encode("utf-8"))
        stream.write(b"\n\\end\\\n")


def _name(word: str, path: str | Path) -> str:
    if not word or SPACE.search(word):
        raise InputError(f"the word {word!r} has white space: expected none in ARPA", path=path)
    return MARKS.get(word, word)


def _lines(model: NgramModel, ngrams: np.ndarray, nodes: slice, names: list[str]) -> list[str]:
    """The lines of some n-grams of one length."""
    texts = [" ".join([names[id] for id in ngram]) for ngram in ngrams.tolist()]
    logs = _to_base_10(model.log_probs[nodes])
    if nodes.start >= model.trie.inner:
        return [f"{log:.9g}\t{text}\n" for log, text in zip(logs, texts, strict=True)]
    backoffs = _to_base_10(model.backoffs[nodes])
    return [
        f"{log:.9g}\t{text}\t{backoff:.9g}\n"
        for log, text, backoff in zip(logs, texts, backoffs, strict=True)
    ]


def _to_base_10(nats: np.ndarray) -> list[float]:
    return list(np.maximum(nats.astype(np.float64) / TO_NATS, ZERO).tolist())


def read_arpa(path: str | Path, *, lower: bool = False) -> NgramModel:
    """Read an ARPA file, plain or gzipped, of SRILM's, KenLM's or this module's making.

    An n-gram that begins no longer one may do without a backoff weight. -99 and less stand for
    probability 0. Without `<unk>` in it, unknown words have probability 0.

    path: The file.
    lower (bool): Its words are lower-cased, and words are looked up so.
    RETURNS (NgramModel): The model; its vocabulary has the order of the file.
    RAISES (InputError): If it is damaged, with the line.
    """
    with open_bytes(path) as stream:
        return _Reader(path, iter(stream), lower=lower).read()


@dataclass
class _Section:
    """The n-grams of one length, as they stand in the file.

    first (int): The line of the first.
    ids: int32 (n, length). logs, backoffs: float64 (n,), to base 10; NaN for no backoff.
    """

    first: int
    ids: np.ndarray
    logs: np.ndarray
    backoffs: np.ndarray


class _Reader:
    """Reads one file line by line."""

    def __init__(self, path: str | Path, lines: Iterator[bytes], *, lower: bool) -> None:
        self.path, self.lines, self.lower = path, lines, lower
        self.number, self.line = 0, b""
        self.ids: dict[bytes, int] = {}
        self.words = list(Vocabulary.SPECIALS)
        self.marks: set[int] = set()

    def read(self) -> NgramModel:
        sizes = self._sizes()
        section = self._section(1, sizes)
        ids, trie = section.ids[:, 0], first_trie(len(self.words))
        # By node: what lies in the file, and the line of it; <PAD> and missing marks have none.
        logs = [np.array([0.0]), self._by_id(section.logs, ids, ZERO)]
        backoffs = [np.array([0.0]), self._by_id(section.backoffs, ids, 0.0)]
        lines = self._by_id(section.first + np.arange(len(ids)), ids, 0).astype(np.int64)
        for length in range(2, len(sizes) + 1):
            section = self._section(length, sizes)
            rows, nodes, trie = self._grown(trie, section, lines)
            self._check_backoffs(nodes, backoffs[-1], lines, length)
            lines = section.first + rows
            logs.append(section.logs[rows])
            backoffs.append(section.backoffs[rows])
        self._end()
        return NgramModel(
            self._vocabulary(),
            trie,
            log_probs=_in_nats(np.concatenate(logs), never=True),
            backoffs=_in_nats(np.nan_to_num(np.concatenate(backoffs[: trie.order])), never=False),
        )

    def _fail(self, message: str, line: int | None = None) -> NoReturn:
        raise InputError(message, path=self.path, line=self.number if line is None else line)

    def _next(self) -> bool:
        """Go to the next line. RETURNS: Whether there is one."""
        found = next(self.lines, None)
        self.number += 1
        self.line = b"" if found is None else found.strip(b" \t\r\n")
        return found is not None

    def _next_filled(self, expected: str) -> None:
        """Go to the next line that is not blank."""
        while self._next():
            if self.line:
                return
        self._fail(f"the file ends here, expected {expected}")

    def _shown(self) -> str:
        return repr(self.line[:60].decode("utf-8", "replace"))

    def _sizes(self) -> list[int]:
        """How many n-grams of each length the head says there are."""
        self._next_filled("\\data\\")
        self.line = self.line.removeprefix(b"\xef\xbb\xbf")
        if self.line != b"\\data\\":
            self._fail(f"{self._shown()}, expected \\data\\, with which an ARPA file begins")
        sizes: list[int] = []
        self._next_filled("ngram 1=...")
        while self.line.startswith(b"ngram"):
            found = COUNT.fullmatch(self.line)
            if found is None or int(found[1]) != len(sizes) + 1:
                self._fail(f"{self._shown()}, expected ngram {len(sizes) + 1}= and a number")
            sizes.append(int(found[2]))
            self._next_filled("\\1-grams:")
        if not sizes:
            self._fail(f"{self._shown()}, expected ngram 1= and a number")
        return sizes

    def _section(self, length: int, sizes: list[int]) -> _Section:
        """The n-grams of a length; the line is then the first one behind them."""
        head = f"\\{length}-grams:"
        if self.line != head.encode():
            self._fail(f"{self._shown()}, expected {head}")
        first, ids, logs, backoffs = self.number + 1, array("i"), array("d"), array("d")
        take = self._new_word if length == 1 else self.ids.__getitem__
        for fields in self._rows(length, sizes):
            try:
                ids.extend([take(word) for word in fields[1 : length + 1]])
                logs.append(float(fields[0]))
                backoffs.append(float(fields[-1]) if len(fields) > length + 1 else math.nan)
            except KeyError as error:
                word = error.args[0].decode("utf-8", "replace")
                self._fail(f"the word {word!r} is not among the 1-grams, expected it there")
            except ValueError as error:
                if isinstance(error, InputError):
                    raise
                self._fail(f"{error}, expected a number")
            if not logs[-1] <= 0:
                self._fail(f"log-probability {logs[-1]}, expected 0 or less")
            if len(fields) > length + 1 and not math.isfinite(backoffs[-1]):
                self._fail(f"backoff weight {backoffs[-1]}, expected a finite number")
        self._check_size(len(logs), length, sizes)
        found = np.array(ids, dtype=np.int32).reshape(-1, length)
        return _Section(first, found, np.array(logs), np.array(backoffs))

    def _rows(self, length: int, sizes: list[int]) -> Iterator[list[bytes]]:
        """The fields of each line of a section; at its end, the line is that of its end."""
        shortest, longest = length + 1, length + 1 + (length < len(sizes))
        left = sizes[length - 1]
        self.line = b""
        for line in self.lines:  # without a call for each, of which there are millions
            self.number += 1
            fields = line.split()
            if not fields or line.startswith(b"\\"):
                self.line = line.strip(b" \t\r\n")
                return
            if not shortest <= len(fields) <= longest:
                self._fail(_expected_fields(len(fields), length, longest > shortest))
            if not left:
                size = sizes[length - 1]
                self._fail(f"more {length}-grams than {size}, expected as many as \\data\\ says")
            left -= 1
            yield fields
        self.number += 1

    def _check_size(self, found: int, length: int, sizes: list[int]) -> None:
        """Whether a section had all its n-grams; then go to what follows it."""
        expected = sizes[length - 1]
        if found != expected:
            self._fail(f"{found} {length}-grams before it, expected {expected} as \\data\\ says")
        if not self.line:
            is_last = length == len(sizes)
            self._next_filled("\\end\\" if is_last else f"\\{length + 1}-grams:")

    def _new_word(self, word: bytes) -> int:
        """The id of a unigram."""
        id = IDS.get(word, len(self.words))
        if word in self.ids or id in self.marks:
            self._fail(f"a second 1-gram {word.decode('utf-8', 'replace')!r}, expected one")
        if id == len(self.words):
            self.words.append(self._decoded(word))
        else:
            self.marks.add(id)
        self.ids[word] = id
        return id

    def _decoded(self, word: bytes) -> str:
        try:
            text = word.decode("utf-8")
        except UnicodeDecodeError as error:
            self._fail(f"byte {word[error.start]:#04x} is not UTF-8, expected UTF-8")
        if text == Vocabulary.PAD:
            self._fail(f"the word {text!r}, expected none that stands for a gap")
        return text

    def _vocabulary(self) -> Vocabulary:
        """The words in order of the file."""
        settings = Vocabulary(max_size=None, lower=self.lower).settings
        words = dict.fromkeys(self.words, 0)
        about = {"format": "seqpipe.Vocabulary.v1", **settings, "size": len(words)}
        try:
            return Vocabulary.from_dict({**about, "words": words})
        except InputError as error:
            raise InputError(str(error), path=self.path) from error

    def _by_id(self, values: np.ndarray, ids: np.ndarray, missing: float) -> np.ndarray:
        """Values of unigrams in order of their ids."""
        found = np.full(len(self.words), float(missing))
        found[ids] = values
        return found

    def _grown(
        self, trie: Trie, section: _Section, lines: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, Trie]:
        """The trie with the n-grams of a section.

        RETURNS: The rows in order of the trie, which prefix each n-gram has among those of its
        length, and the trie.
        """
        ngrams = section.ids
        prefixes = trie.nodes(ngrams[:, :-1]).astype(np.int64)
        if (prefixes < 0).any():
            row = int(np.flatnonzero(prefixes < 0)[0])
            context = " ".join(self.words[id] for id in ngrams[row, :-1])
            self._fail(
                f"the context {context!r} is not among the {trie.order}-grams, expected it there",
                section.first + row,
            )
        prefixes -= trie.levels[trie.order]
        keys = prefixes * trie.size + ngrams[:, -1]
        rows = np.argsort(keys, kind="stable")
        double = np.flatnonzero(np.diff(keys[rows]) == 0)
        if len(double):
            row = int(rows[double + 1].min())
            text = " ".join(self.words[id] for id in ngrams[row])
            self._fail(f"a second {trie.order + 1}-gram {text!r}", section.first + row)
        parents = int(trie.levels[-1] - trie.levels[trie.order])
        starts = np.concatenate([[0], np.cumsum(np.bincount(prefixes, minlength=parents))])
        return rows, prefixes, grown(trie, starts, ngrams[rows, -1])

    def _check_backoffs(
        self, prefixes: np.ndarray, backoffs: np.ndarray, lines: np.ndarray, length: int
    ) -> None:
        """Whatever begins a longer n-gram needs a backoff weight."""
        missing = np.intersect1d(prefixes, np.flatnonzero(np.isnan(backoffs)))
        if len(missing):
            self._fail(
                f"no backoff weight, expected one since {length}-grams begin with this one",
                int(lines[missing].min()),
            )

    def _end(self) -> None:
        if self.line != b"\\end\\":
            self._fail(f"{self._shown()}, expected \\end\\")
        while self._next():
            if self.line:
                self._fail(f"{self._shown()} after \\end\\, expected nothing")


def _expected_fields(found: int, length: int, has_backoff: bool) -> str:
    backoff = ", and maybe a backoff weight" if has_backoff else ""
    return f"{found} fields, expected a log-probability, then {length} words{backoff}"


def _in_nats(logs: np.ndarray, *, never: bool) -> np.ndarray:
    """Logs to base 10 in nats; -99 and less are minus infinity.

    logs (np.ndarray): float64, by node. never: They are probabilities, <PAD> and <BOS> have none.
    """
    nats = np.where(logs <= ZERO, -np.inf, logs * TO_NATS)
    if never:
        nats[1 + np.array(NEVER)] = -np.inf
    return nats.astype(np.float32)
