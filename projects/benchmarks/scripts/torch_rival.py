"""torch.nn's recurrent layers on a batch, packed and padded, with the weights that ours get."""

from typing import Any

import numpy
import torch
from layer_cases import Batch, Kind, Ours
from torch.nn.utils.rnn import PackedSequence

CLASSES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
TOLERANCE = 1e-4


class Torch:
    """A torch layer, and a batch as a PackedSequence and as a padded array (time first)."""

    def __init__(self, kind: Kind, batch: Batch) -> None:
        torch.manual_seed(0)
        shape, packing = batch.shape, batch.packing
        self.kind = kind
        self.rnn = CLASSES[kind.cell](
            shape.inputs, shape.hidden, bidirectional=batch.directions == 2
        )
        self.ends = ["_l0", "_l0_reverse"][: batch.directions]  # of the parameters' names
        self.sizes = torch.from_numpy(packing.sizes)
        self.X, self.dY = torch.from_numpy(batch.X), torch.from_numpy(batch.d_output)
        self.X.requires_grad_(True)
        steps = numpy.repeat(numpy.arange(shape.longest), packing.sizes)
        self.places = steps, packing.sequences
        self.padded_X = self._padded(batch.X, shape.longest, shape.sequences).requires_grad_(True)
        self.padded_dY = self._padded(batch.d_output, shape.longest, shape.sequences)
        # Of a ragged batch the second direction of the padded one begins in the padding.
        self.is_padded_same = not (shape.is_ragged and batch.directions == 2)

    def _padded(self, rows: numpy.ndarray, longest: int, sequences: int) -> torch.Tensor:
        padded = numpy.zeros((longest, sequences, rows.shape[1]), dtype=rows.dtype)
        padded[self.places] = rows
        return torch.from_numpy(padded)

    def forget(self) -> None:
        """Drop the gradients, as a training loop does."""
        self.rnn.zero_grad(set_to_none=True)
        self.X.grad = self.padded_X.grad = None

    def train_packed(self) -> tuple[Any, Any]:
        """Forward and backward: the output and the gradient of the input, packed."""
        Y, _ = self.rnn(PackedSequence(self.X, self.sizes))
        Y.data.backward(self.dY)
        return Y.data, self.X.grad

    def train_padded(self) -> tuple[Any, Any]:
        """The same, padded; the padding has a gradient of zero."""
        Y, _ = self.rnn(self.padded_X)
        Y.backward(self.padded_dY)
        return Y, self.padded_X.grad

    @torch.inference_mode()
    def infer_packed(self) -> Any:
        """The output, packed."""
        return self.rnn(PackedSequence(self.X, self.sizes))[0].data

    @torch.inference_mode()
    def infer_padded(self) -> Any:
        """The output, padded."""
        return self.rnn(self.padded_X)[0]

    def parameters(self) -> list[dict[str, torch.Tensor]]:
        """Of each direction torch's parameters, by the names of the first without its ending."""
        named = {name: p.detach() for name, p in self.rnn.named_parameters()}
        parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [{part: named[part + end] for part in parts} for end in self.ends]

    def give_weights(self, ours: Ours) -> None:
        """Set the parameters of our layer to those of torch's."""
        H = self.rnn.hidden_size
        for node, found in zip(ours.passes, self.parameters(), strict=True):
            arrays = {name: value.numpy().copy() for name, value in found.items()}
            if "bh" in node.param_names:
                node.set_param("bh", arrays["bias_hh"][-H:].copy())
                arrays["bias_hh"][-H:] = 0.0
            node.set_param("Wx", self.as_ours(arrays["weight_ih"]))
            node.set_param("Wh", self.as_ours(arrays["weight_hh"]))
            node.set_param("b", self.as_ours(arrays["bias_ih"] + arrays["bias_hh"]))

    def as_ours(self, array: numpy.ndarray) -> numpy.ndarray:
        """Torch's blocks of rows in our order."""
        parts = numpy.split(array, len(self.kind.blocks))
        return numpy.concatenate([sign * parts[i] for i, sign in self.kind.blocks])

    def check(self, ours: Ours) -> None:
        """Raise ValueError unless ours computes the same: output and gradients, packed and padded.

        It is not called for a cell with other equations.
        """
        Y, dX = ours.train()
        _same("output", Y, ours.infer())
        torch_Y, torch_dX = self.train_packed()
        _same("packed output", Y, torch_Y.detach().numpy())
        _same("packed gradient of the input", dX, torch_dX.numpy())
        for node, end in zip(ours.passes, self.ends, strict=True):
            for name, theirs in (("Wx", "weight_ih"), ("Wh", "weight_hh"), ("b", "bias_ih")):
                gradient = getattr(self.rnn, theirs + end).grad.numpy()
                _same(f"gradient of {name}", node.get_grad(name), self.as_ours(gradient))
        if self.is_padded_same:
            torch_Y, torch_dX = self.train_padded()
            _same("padded output", Y, torch_Y.detach().numpy()[self.places])
            _same("padded gradient of the input", dX, torch_dX.numpy()[self.places])
        self.forget()
        ours.forget()


def _same(what: str, ours: numpy.ndarray, theirs: numpy.ndarray) -> None:
    error = float(abs(ours - theirs).max()) / max(1.0, float(abs(theirs).max()))
    if not error <= TOLERANCE:
        raise ValueError(
            f"{what}: ours and torch's differ by {error:.1e}, expected at most {TOLERANCE:.0e}: "
            "they do not compute the same, so their times say nothing"
        )
