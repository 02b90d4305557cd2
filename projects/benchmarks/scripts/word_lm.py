"""A word language model of layers, for step_shares.py: embedding, two LSTM levels, linear, softmax.

Of the size of Zaremba et al. 2014 (small and medium, without dropout), on words drawn at random.
"""

from collections.abc import Callable
from typing import Any

import numpy
from thinc.api import Adam, Model

from seqpipe.layers import cross_entropy, embed, model_gradients
from seqpipe.layers.embed import embedding
from seqpipe.layers.linear import linear
from seqpipe.layers.packed import Packed, Packing
from seqpipe.layers.recurrent import Recurrent

SEQUENCES, STEPS, WORDS, MAX_NORM = 20, 35, 10_000, 5.0


def word_lm(width: int) -> Model:
    """From ids, packed, and a state to logits and the final state; initialised."""
    network = Recurrent("lstm", width, width, bi=False, depth=2, initial="given", return_state=True)
    layers = [embedding(width, WORDS), network, linear(WORDS, width)]
    model: Model = Model("word_lm", _forward, layers=layers)
    for layer in layers:
        layer.initialize()
    embed.keep_row_gradients(model)
    return model


def _forward(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable[[Any], Any]]:
    ids, state = X
    table, network, output = model.layers
    E, backprop_table = table(ids.data, is_train)
    (Y, final), backprop_network = network((ids.with_data(E), state), is_train)
    logits, backprop_output = output(Y.data, is_train)

    def backprop(d_logits: Any) -> Any:
        dE, d_state = backprop_network((Y.with_data(backprop_output(d_logits)), None))
        backprop_table(dE.data)
        return d_state

    return (logits, final), backprop


class WordLMTraining:
    """Steps of training, the state carried from batch to batch."""

    def __init__(self, width: int) -> None:
        self.model = word_lm(width)
        self.optimizer = Adam(0.001, grad_clip=0.0, L2=0.0, use_averages=False)
        self.packing = Packing.of([STEPS] * SEQUENCES)
        self.state = numpy.zeros((SEQUENCES, 4 * width), dtype=numpy.float32)
        self.rng = numpy.random.default_rng(0)
        # Words are about as frequent as their rank says (Zipf 1949).
        frequency = 1.0 / numpy.arange(1, WORDS + 1)
        self.probability = frequency / frequency.sum()

    def draw(self) -> numpy.ndarray:
        """A word for each token, `(tokens,)`."""
        return self.rng.choice(WORDS, self.packing.tokens, p=self.probability)

    def step(self, words: numpy.ndarray, targets: numpy.ndarray) -> float:
        """One step of training. RETURNS (float): The loss, in nats and summed over the words."""
        (logits, self.state), backprop = self.model.begin_update(
            (Packed(words, self.packing), self.state)
        )
        loss, d_logits = cross_entropy.cross_entropy(self.model.ops, logits, targets)
        d_logits /= SEQUENCES
        backprop(d_logits)
        norm = model_gradients.gradient_norm(self.model)
        if norm > MAX_NORM:
            model_gradients.scale_gradients(self.model, MAX_NORM / norm)
        for table, rows in embed.row_gradients(self.model):
            embed.update_rows(self.optimizer, table, rows)
        self.model.finish_update(self.optimizer)
        return float(loss)
