"""The same translation model written plainly in PyTorch, as quick as that goes; its training."""

import math
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from translation_pairs import Pairs

PAD, UNK, BOS, EOS = range(4)
EMBEDDING, ENCODER, DECODER, DROPOUT = 256, 256, 512, 0.3
RATE, BOUND = 0.001, 1.0

Ids = dict[str, int]


class Translator(nn.Module):
    """A GRU in two directions, a GRU that attends to it (Luong's "general"), and an output.

    feeds (bool): Whether what was put out is read at the next step. Else all steps are one call.
    """

    def __init__(self, source_words: int, target_words: int, *, feeds: bool) -> None:
        super().__init__()
        self.feeds = feeds
        self.source = nn.Embedding(source_words, EMBEDDING, padding_idx=PAD)
        self.target = nn.Embedding(target_words, EMBEDDING, padding_idx=PAD)
        self.encoder = nn.GRU(EMBEDDING, ENCODER, bidirectional=True, batch_first=True)
        self.bridge = nn.Linear(2 * ENCODER, DECODER)
        width = EMBEDDING + DECODER if feeds else EMBEDDING
        self.decoder: nn.Module = (
            nn.GRUCell(width, DECODER) if feeds else nn.GRU(width, DECODER, batch_first=True)
        )
        self.keys = nn.Linear(2 * ENCODER, DECODER, bias=False)
        self.mix = nn.Linear(DECODER + 2 * ENCODER, DECODER)
        self.output = nn.Linear(DECODER, target_words)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, source: torch.Tensor, lengths: torch.Tensor, read: torch.Tensor) -> Any:
        """From ids `(sentences, steps)` of both sides to `(sentences, steps, DECODER)`."""
        embedded = self.dropout(self.source(source))
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        states, final = self.encoder(packed)
        memory, _ = pad_packed_sequence(states, batch_first=True)
        start = torch.tanh(self.bridge(torch.cat([final[0], final[1]], dim=1)))
        keys, mask = self.keys(memory).transpose(1, 2), (source == PAD)[:, None]
        words = self.dropout(self.target(read))
        if self.feeds:
            return self._by_steps(words, start, keys, memory, mask)
        queries, _ = self.decoder(words, start[None])
        return self._attend(queries, keys, memory, mask)

    def _by_steps(self, words: Any, start: Any, keys: Any, memory: Any, mask: Any) -> torch.Tensor:
        state, fed, found = start, torch.zeros_like(start), []
        for word in words.unbind(1):
            state = self.decoder(torch.cat([word, fed], dim=1), state)
            fed = self._attend(state[:, None], keys, memory, mask)[:, 0]
            found.append(fed)
        return torch.stack(found, dim=1)

    def _attend(self, queries: Any, keys: Any, memory: Any, mask: Any) -> torch.Tensor:
        scores = torch.bmm(queries, keys).masked_fill(mask, -math.inf)
        contexts = torch.bmm(torch.softmax(scores, dim=2), memory)
        joined = self.dropout(torch.cat([queries, contexts], dim=2))
        return torch.tanh(self.mix(joined))


def words_of(texts: Iterable[str]) -> Ids:
    """RETURNS (Dict[str, int]): Ids of all words that come twice."""
    counts = Counter(word for text in texts for word in text.split())
    words = sorted(word for word, count in counts.items() if count > 1)
    return {word: number for number, word in enumerate(words, EOS + 1)}


def numbered(texts: Iterable[str], ids: Ids, *, first: list[int]) -> list[torch.Tensor]:
    """RETURNS (List[Tensor]): `first`, the ids of a text's words, and EOS."""
    rows = ([*first, *(ids.get(word, UNK) for word in text.split()), EOS] for text in texts)
    return [torch.tensor(row) for row in rows]


def train(
    pairs: Pairs, batches: list[Pairs], few: int, threads: int, *, feeds: bool
) -> dict[str, float]:
    """Take some steps that do not count, then those that do.

    pairs (List[Tuple[str, str]]): All there are, for the vocabularies.
    batches (List[List[Tuple[str, str]]]): The steps.
    RETURNS (Dict[str, float]): Tokens and seconds, the loss in nats a token, and the words of both
        vocabularies.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    source_ids, target_ids = (words_of(texts) for texts in zip(*pairs, strict=True))
    sizes = len(source_ids) + EOS + 1, len(target_ids) + EOS + 1
    model = Translator(*sizes, feeds=feeds)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    tokens, losses, began = 0, [], 0.0
    for step, batch in enumerate(batches):
        if step == few:
            began = time.perf_counter()
        sources, targets = zip(*batch, strict=True)
        source = numbered(sources, source_ids, first=[])
        target = pad_sequence(
            numbered(targets, target_ids, first=[BOS]), batch_first=True, padding_value=PAD
        )
        lengths = torch.tensor([len(row) for row in source])
        padded = pad_sequence(source, batch_first=True, padding_value=PAD)
        written = target[:, 1:] != PAD
        hidden = model(padded, lengths, target[:, :-1])
        loss = cross_entropy(model.output(hidden[written]), target[:, 1:][written])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), BOUND)
        optimizer.step()
        if step >= few:
            tokens += int(written.sum())
            losses.append(loss.item() * int(written.sum()))
    seconds = time.perf_counter() - began
    words = {"source_words": sizes[0], "target_words": sizes[1]}
    return {"tokens": tokens, "seconds": seconds, "loss": math.fsum(losses) / tokens, **words}
