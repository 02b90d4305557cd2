"""Where the time of a step goes: the seconds of each piece, without those of pieces inside it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from thinc.api import Model

REST = "rest"


class Clock:
    """Seconds by piece, in `seconds`; what belongs to no piece is the rest."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = 0.0

    def _charge(self) -> None:
        """Give the time since the last change to the piece that is open."""
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def timed(self, piece: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time given to a piece."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self._charge()
            self._open.append(piece)
            try:
                return function(*args, **kwargs)
            finally:
                self._charge()
                self._open.pop()

        return call

    def step(self, function: Callable[[], Any]) -> None:
        """Call a function; what none of its parts takes is the rest."""
        self.timed(REST, function)()

    def watch_layers(self, model: Model, pieces: Mapping[str, str]) -> None:
        """Time forward and backward passes of the layers of a model.

        pieces (Mapping[str, str]): The piece of the layers of a name.
        """
        for node in model.walk():
            if node.name in pieces:
                node._func = self._layer(pieces[node.name], node._func)

    def _layer(self, piece: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> tuple[Any, Callable[..., Any]]:
            Y, backprop = forward(*args, **kwargs)
            return Y, self.timed(piece, backprop)

        return self.timed(piece, call)

    @contextmanager
    def watching(self, parts: Iterable[tuple[Any, str, str]]) -> Iterator[None]:
        """Time functions while the context is open.

        parts: For each its module or class, its name there, and its piece.
        """
        found = [(owner, name, getattr(owner, name), piece) for owner, name, piece in parts]
        for owner, name, function, piece in found:
            setattr(owner, name, self.timed(piece, function))
        try:
            yield
        finally:
            for owner, name, function, _ in found:
                setattr(owner, name, function)
