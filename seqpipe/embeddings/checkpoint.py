"""What is kept of learning, in one file that is whole or the one before: tables and position."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from seqpipe.files import InputError, atomic_write

from .objective import Learner, Outcome

FORMAT = "seqpipe.EmbeddingCheckpoint.v1"
META = "meta"


@dataclass
class Position:
    """How far learning has come: what a checkpoint keeps beside the tables.

    epoch (int): The epoch that goes on, from 0; the number of epochs at the end.
    part (int): The next of its parts, in its own order.
    loss (float): The sum of the epoch's losses so far.
    examples (int): How many they are.
    losses (List[float]): The mean loss of each epoch that is over.
    seconds (float): Spent on learning.
    rate (float): The learning rate of the last part.
    """

    epoch: int = 0
    part: int = 0
    loss: float = 0.0
    examples: int = 0
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    rate: float = 0.0

    def add(self, outcomes: list[Outcome]) -> None:
        """Count some parts that were learned from.

        outcomes (List[Outcome]): Of one or more parts, in order.
        """
        self.part += len(outcomes)
        self.loss += sum(outcome.loss for outcome in outcomes)
        self.examples += sum(outcome.examples for outcome in outcomes)
        self.rate = outcomes[-1].rate

    def next_epoch(self) -> None:
        """Go on to the next epoch."""
        self.losses.append(self.loss / max(1, self.examples))
        self.epoch, self.part, self.loss, self.examples = self.epoch + 1, 0, 0.0, 0


@dataclass(frozen=True)
class Keeping:
    """Where checkpoints are kept.

    path (Path): The file.
    seconds (float): Between two of them.
    origin (Dict[str, Any]): What the run is made from; one made from something else is refused.
    """

    path: Path
    seconds: float
    origin: dict[str, Any]


def write_checkpoint(keeping: Keeping, learner: Learner, position: Position) -> None:
    """Write a checkpoint in place of the last one.

    keeping (Keeping): Where to, and what the run is made from.
    learner (Learner): Its tables are kept.
    position (Position): How far it came.
    """
    meta = {"format": FORMAT, "origin": keeping.origin, "position": asdict(position)}
    with atomic_write(keeping.path, "wb") as stream:
        write_tables(stream, learner.tables, meta)


def read_checkpoint(keeping: Keeping, learner: Learner) -> Position | None:
    """Fill a learner's tables from a checkpoint.

    keeping (Keeping): Where it is, and what the run is made from.
    learner (Learner): Its tables are filled.
    RETURNS (Optional[Position]): How far it came; None if there is no checkpoint.
    RAISES (InputError): If it is damaged, or was made from something else.
    """
    path = keeping.path
    if not path.exists():
        return None
    tables, meta = read_tables(path)
    if meta.get("format") != FORMAT:
        raise InputError(f"not a checkpoint of embeddings: expected format {FORMAT}", path=path)
    for key, value in keeping.origin.items():
        before = meta["origin"].get(key)
        if before != value:
            made = (
                f"{key} = {before!r}, expected {value!r}" if _is_short(value) else f"another {key}"
            )
            raise InputError(
                f"the checkpoint was made with {made}; remove it to begin anew", path=path
            )
    for name, table in learner.tables.items():
        if name not in tables or tables[name].shape != table.shape:
            raise InputError(f"no table {name} of shape {table.shape} in it", path=path)
        table[:] = tables[name]
    return Position(**meta["position"])


def _is_short(value: Any) -> bool:
    return len(repr(value)) < 200 and not isinstance(value, dict)


def write_tables(stream: Any, tables: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    """Write tables and what describes them, as numpy's npz.

    stream (IO): Open for bytes.
    tables (Dict[str, np.ndarray]): By name, of any shape.
    meta (Dict[str, Any]): Anything that JSON can hold.
    """
    text = np.frombuffer(json.dumps(meta).encode("utf-8"), dtype=np.uint8)
    arrays: dict[str, Any] = {META: text, **{f"table {name}": a for name, a in tables.items()}}
    np.savez(stream, **arrays)


def read_tables(source: Path | IO[bytes]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `write_tables` wrote.

    source (Path, IO): The file, or one that is open for bytes.
    RETURNS (Tuple[Dict[str, np.ndarray], Dict[str, Any]]): Tables, and what describes them.
    RAISES (InputError): If it is damaged.
    """
    try:
        with np.load(source, allow_pickle=False) as found:
            tables = {
                name.removeprefix("table "): found[name] for name in found.files if name != META
            }
            return tables, json.loads(found[META].tobytes().decode("utf-8"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        path = source if isinstance(source, Path) else None
        raise InputError(f"damaged ({error}), expected tables of embeddings", path=path) from error
