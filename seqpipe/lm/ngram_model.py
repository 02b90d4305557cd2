"""An n-gram language model: the log-probability of each word after the n - 1 words before it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.vocabulary import Vocabulary

from .scores import SentenceScore
from .sentences import MARKS
from .trie import Trie

FORMAT = "seqpipe.NgramModel.v1"
NEVER = (Vocabulary.PAD_ID, Vocabulary.BOS_ID)


class NgramModel:
    """Probabilities of n-grams, with what a context leaves to shorter ones. All logs are in nats.

    vocabulary (Vocabulary): Words and ids; the specials' names within a text, and `<s>`, `</s>`,
        `<unk>`, are unknown words.
    trie (Trie): The n-grams.
    log_probs (np.ndarray): float32 (nodes,).
    backoffs (np.ndarray): float32 (inner,).
    uniform (float): The log-probability that an n-gram backs off to which the trie does not have
        (add-k); NaN: its suffix's.
    smoothing (str): How it was estimated; "arpa" if it was read.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        trie: Trie,
        *,
        log_probs: np.ndarray,
        backoffs: np.ndarray,
        uniform: float = float("nan"),
        smoothing: str = "arpa",
    ) -> None:
        self.vocabulary, self.trie = vocabulary, trie
        self.log_probs, self.backoffs = log_probs, backoffs
        self.uniform, self.smoothing = uniform, smoothing

    @property
    def order(self) -> int:
        """RETURNS (int): The number of words of the longest n-grams."""
        return self.trie.order

    @property
    def is_backoff(self) -> bool:
        """RETURNS (bool): Whether it can be written as ARPA: not if it spreads evenly (add-k)."""
        return bool(np.isnan(self.uniform))

    @property
    def predictable(self) -> int:
        """RETURNS (int): How many words can be predicted, <UNK> and <EOS> among them."""
        return len(self.vocabulary) - len(NEVER)

    @cached_property
    def _ids(self) -> _Ids:
        return _Ids(self.vocabulary)

    def ids(self, words: Iterable[str]) -> np.ndarray:
        """RETURNS (np.ndarray): int32 (n,), UNK_ID for words that are not known.

        words (Iterable[str]): As written.
        """
        found = self._ids
        return np.array([found[word] for word in words], dtype=np.int32)

    def score(self, words: Sequence[str], *, bos: bool = True, eos: bool = True) -> SentenceScore:
        """The log-probability of a sentence, token by token.

        words (Sequence[str]): The sentence.
        bos (bool): It begins here: its first words have <BOS> before them.
        eos (bool): It ends here: <EOS> is a token of it.
        RETURNS (SentenceScore): With a log-probability for each word, and for <EOS> if asked for.
        """
        return self.score_sentences([words], bos=bos, eos=eos)[0]

    def score_sentences(
        self, sentences: Sequence[Sequence[str]], *, bos: bool = True, eos: bool = True
    ) -> list[SentenceScore]:
        """Score many sentences at once, which is faster.

        sentences (Sequence[Sequence[str]]): The words of each.
        bos (bool): <BOS> stands before each.
        eos (bool): <EOS> is scored after each.
        RETURNS (List[SentenceScore]): In the same order.
        """
        found, words, ends = self._ids, [], []
        end_mark = [self.vocabulary.EOS_ID] if eos else []
        for sentence in sentences:
            words += [found[word] for word in sentence]
            words += end_mark
            ends.append(len(words))
        ids = np.array(words, dtype=np.int32)
        log_probs = self.log_probs_of(ids, np.array(ends, dtype=np.int64), bos=bos)
        parts = zip(sentences, [0, *ends], ends, strict=False)
        return [
            SentenceScore(
                [*sentence, *[Vocabulary.EOS][: int(eos)]],
                log_probs[begin:end],
                ids[begin:end] == Vocabulary.UNK_ID,
            )
            for sentence, begin, end in parts
        ]

    def log_probs_of(self, ids: np.ndarray, ends: np.ndarray, *, bos: bool = True) -> np.ndarray:
        """The log-probability of each token of some sentences.

        ids (np.ndarray): int32 (n,), all sentences one after another, without BOS_ID.
        ends (np.ndarray): int64 (sentences,), where each ends in it.
        bos (bool): Each has <BOS> before it.
        RETURNS (np.ndarray): float64 (n,).
        """
        from seqpipe.kernels.ngram_model import score_sentences

        out = np.empty(len(ids))
        trie, first = self.trie, 1 + Vocabulary.BOS_ID if bos and self.order > 1 else 0
        score_sentences(
            trie.words, trie.starts, trie.suffixes, self.log_probs, self.backoffs, self.uniform,
            first, ids, ends, out,
        )  # fmt: skip
        return out

    def state(self, words: Iterable[str] = (), *, bos: bool = True) -> int:
        """What the model knows of a context: the longest end of it that it has seen.

        words (Iterable[str]): The words so far.
        bos (bool): The sentence begins with them.
        RETURNS (int): A node of the trie, for `seqpipe.lm.ngram_steps`.
        """
        from seqpipe.kernels.ngram_model import walk

        first = 1 + Vocabulary.BOS_ID if bos and self.order > 1 else 0
        trie = self.trie
        return int(walk(trie.words, trie.starts, trie.suffixes, first, self.ids(words)))

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): What `from_bytes` reads: numpy's npz, in which nothing is pickled."""
        about = {"format": FORMAT, "order": self.order, "smoothing": self.smoothing}
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            about=np.frombuffer(json.dumps(about).encode("utf-8"), dtype=np.uint8),
            vocabulary=np.frombuffer(self.vocabulary.to_bytes(), dtype=np.uint8),
            words=self.trie.words,
            starts=self.trie.starts,
            log_probs=self.log_probs,
            backoffs=self.backoffs,
            uniform=np.array(self.uniform),
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> NgramModel:
        """Make the model that `to_bytes` gave.

        data (bytes): The whole of it.
        RETURNS (NgramModel): A new one.
        RAISES (InputError): If it is damaged or something else.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            about = json.loads(arrays["about"].tobytes())
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']!r}")
            trie = Trie(int(about["order"]), arrays["words"], arrays["starts"])
            vocabulary = Vocabulary.from_bytes(arrays["vocabulary"].tobytes())
            if fault := trie.fault():
                raise ValueError(fault)
            shapes = [arrays["log_probs"].shape, arrays["backoffs"].shape, (len(vocabulary),)]
            if shapes != [(len(trie),), (trie.inner,), (trie.size,)]:
                raise ValueError("arrays of different lengths")
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"no n-gram model ({error}), expected {FORMAT}") from error
        return cls(
            vocabulary,
            trie,
            log_probs=arrays["log_probs"],
            backoffs=arrays["backoffs"],
            uniform=float(arrays["uniform"]),
            smoothing=about["smoothing"],
        )


class _Ids(dict[str, int]):
    """The ids of all words as they are written mostly; others are normalised first."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__({word: i for i, word in enumerate(vocabulary)})
        self.update(dict.fromkeys(MARKS, vocabulary.UNK_ID))
        self.vocabulary = vocabulary

    def __missing__(self, word: str) -> int:
        return self.vocabulary.id(word)
