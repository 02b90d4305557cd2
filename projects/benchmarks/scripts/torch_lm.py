"""The small language model of Zaremba et al. 2014, written plainly in PyTorch, and its training."""

import gzip
import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import nn

from seqpipe.files import InputError

WIDTH, DEPTH, WORDS = 200, 2, 10_000
STREAMS, STEPS = 20, 20
RATE, BOUND = 20.0, 0.25  # for the mean over the tokens of a step


class SmallLM(nn.Module):
    """Embedding, two LSTM levels, linear."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, WIDTH)
        self.lstm = nn.LSTM(WIDTH, WIDTH, num_layers=DEPTH)
        self.output = nn.Linear(WIDTH, WORDS)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.1, 0.1)

    def forward(self, ids: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        """From ids `(steps, streams)` to logits `(steps * streams, words)` and the state."""
        hidden, state = self.lstm(self.embedding(ids), state)
        return self.output(hidden.flatten(0, 1)), state


def read_streams(path: Path) -> torch.Tensor:
    """RETURNS (Tensor): The ids of a gzipped text, a sentence a line, `(length, streams)`."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        tokens = [word for line in stream for word in (*line.split(), "<EOS>")]
    ranked = [word for word, _ in Counter(tokens).most_common(WORDS)]
    numbers = {word: number for number, word in enumerate(ranked)}
    ids = numpy.array([numbers.get(token, 0) for token in tokens])
    length = len(ids) // STREAMS
    return torch.from_numpy(ids[: length * STREAMS].reshape(STREAMS, length).T.copy())


def train(text: Path, few: int, steps: int, threads: int) -> dict[str, float]:
    """Take some steps that do not count, then those that do.

    RETURNS (Dict[str, float]): Tokens and seconds, and the loss in nats a token.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    data = read_streams(text)
    if len(data) <= (few + steps) * STEPS:
        raise InputError(f"too short for {few + steps} steps: expected a longer text", path=text)
    model, loss_function = SmallLM(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    shape = DEPTH, STREAMS, WIDTH
    state: Any = torch.zeros(shape), torch.zeros(shape)
    losses, began = [], 0.0
    for step in range(few + steps):
        if step == few:
            began = time.perf_counter()
        start = step * STEPS
        state = tuple(part.detach() for part in state)
        logits, state = model(data[start : start + STEPS], state)
        loss = loss_function(logits, data[start + 1 : start + STEPS + 1].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), BOUND)
        optimizer.step()
        losses.append(loss.item())
    seconds = time.perf_counter() - began
    return {
        "tokens": steps * STREAMS * STEPS,
        "seconds": seconds,
        "loss": math.fsum(losses[few:]) / steps,
    }
