"""Which runs a sweep stands for: every setting of the grid with every seed, each checked first."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from seqpipe.files import InputError
from seqpipe.training.config_check import filled_config, load_checked_config
from seqpipe.training.config_file import ConfigFile, read_config_file, read_value

SEED = "training.seed"
# What may not stand in a folder's name on every system, or would read badly there.
UNFIT = re.compile(r"[^\w.+-]+", re.ASCII)
# Characters of a value in a folder's name, and of a whole name: systems allow 255.
VALUE_LENGTH, NAME_LENGTH = 40, 200
# Files that a logger writes: one for all runs would hold a mixture of them.
LOG_FILES = ("path", "output_file")


@dataclass(frozen=True)
class Run:
    """One run of many.

    name (str): What it is called, such as "dropout=0.1,seed=2".
    group (str): The same without the seed; empty if only seeds differ.
    folder (Path): Its output folder.
    setting (Dict[str, Any]): The swept values, by `"section.key"`, without the seed.
    seed (int): Its seed, or None where the config's own stands.
    overrides (Dict[str, Any]): All that it changes in the config, by `"section.key"`.
    """

    name: str
    group: str
    folder: Path
    setting: dict[str, Any]
    seed: int | None
    overrides: dict[str, Any]


def plan_runs(
    file: ConfigFile, output: Path, *, sweeps: Iterable[str] = (), seeds: int | None = None
) -> list[Run]:
    """Plan the runs of a grid, and check the config of each setting.

    file (ConfigFile): The training config, with the overrides of all runs.
    output (Path): The folder that gets a folder for each run.
    sweeps (Iterable[str]): Such as "training.dropout=0.1,0.3": the grid is over all of them.
    seeds (int): How many seeds each setting is run with: the config's own (0 if that is null) and
        those that follow; None for the config's own alone.
    RETURNS (List[Run]): The runs, setting by setting.
    RAISES (InputError): If a sweep or a setting's config is at fault.
    """
    if seeds is not None and seeds < 1:
        raise InputError(f"--seeds {seeds}: expected at least 1")
    grid = parse_sweeps(sweeps)
    _refuse_overlap(grid, file.overrides, seeds)
    configs = [_checked(file, setting) for setting in _settings(grid)]
    seed_values: Sequence[int | None] = grid.pop(SEED, [None])
    if seeds is not None:
        first = configs[0]["training"]["seed"] or 0
        seed_values = range(first, first + seeds)
    logs = {
        f"training.logger.{key}": Path(value).name
        for key, value in configs[0]["training"]["logger"].items()
        if key in LOG_FILES and isinstance(value, str)
    }
    return name_runs(grid, seed_values, output, logs)


def parse_sweeps(sweeps: Iterable[str]) -> dict[str, list[Any]]:
    """Read what a grid is over.

    sweeps (Iterable[str]): Each `section.key=VALUE,VALUE,...`, the values as in a config; strings
        need no quotes if none of the values has any.
    RETURNS (Dict[str, List[Any]]): The values, by `"section.key"`.
    RAISES (InputError): If one is no such list, or gives a key or a value twice.
    """
    grid: dict[str, list[Any]] = {}
    for sweep in sweeps:
        key, _, text = sweep.partition("=")
        values = _split(text)
        if "." not in key or not values:
            example = "training.dropout=0.1,0.3"
            raise InputError(f"--sweep {sweep}: expected section.key=VALUE,VALUE,... as {example}")
        if key in grid:
            raise InputError(f"--sweep {sweep}: {key} is swept twice, expected one list of values")
        for value, times in Counter(map(json.dumps, values)).items():
            if times > 1:
                raise InputError(f"--sweep {sweep}: {value} is there twice")
        grid[key] = values
    return grid


def _split(text: str) -> list[Any]:
    """The values of a list, which may be lists and quoted strings with commas in them; none if one
    of them is empty."""
    try:
        return json.loads(f"[{text}]")
    except ValueError:
        parts = [part.strip() for part in text.split(",")]
        return [read_value(part) for part in parts] if all(parts) else []


def _refuse_overlap(
    grid: Mapping[str, Any], overrides: Mapping[str, Any], seeds: int | None
) -> None:
    for key in grid:
        if key in overrides:
            raise InputError(
                f"--sweep {key}: --{key} gives it a value already, expected one of both"
            )
    if SEED in grid and seeds is not None:
        raise InputError(f"--sweep {SEED}: --seeds {seeds} is given too, expected one of both")


def _settings(grid: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def _checked(file: ConfigFile, setting: Mapping[str, Any]) -> Any:
    """RETURNS (Config): The config of a setting, defaults and variables filled in."""
    changed = read_config_file(file.path, {**file.overrides, **setting})
    load_checked_config(changed)
    return filled_config(changed)


def name_runs(
    grid: Mapping[str, list[Any]],
    seeds: Sequence[int | None],
    output: Path,
    logs: Mapping[str, str],
) -> list[Run]:
    """Give each run of a grid its name and its folder.

    grid (Dict[str, List[Any]]): The values of each key.
    seeds (Sequence[int]): The seeds of each setting, or just None for the config's own.
    output (Path): The folder that gets the folders.
    logs (Dict[str, str]): Keys of the config that get a file in each run's folder, and its name.
    RETURNS (List[Run]): The runs, setting by setting.
    """
    labels = _labels([*grid, SEED])
    groups: Counter[str] = Counter()
    runs = []
    for setting in _settings(grid):
        group = ",".join(f"{labels[key]}={_fit(value)}" for key, value in setting.items())
        group = group[:NAME_LENGTH]
        # Other systems than this one may not tell "A" from "a".
        groups[group.casefold()] += 1
        if groups[group.casefold()] > 1:
            group = f"{group}~{groups[group.casefold()]}"
        for seed in seeds:
            own = [] if seed is None else [f"{labels[SEED]}={seed}"]
            name = ",".join([*([group] if group else []), *own])
            files = {key: str(output / name / file) for key, file in logs.items()}
            seeded = {} if seed is None else {SEED: seed}
            overrides = {**files, **setting, **seeded}
            runs.append(Run(name, group, output / name, setting, seed, overrides))
    return runs


def _labels(keys: Sequence[str]) -> dict[str, str]:
    """The last parts of each key, as many as tell it from the others."""
    labels = {}
    for key in keys:
        parts = key.split(".")
        ends = [".".join(parts[-count:]) for count in range(1, len(parts) + 1)]
        alone = (end for end in ends if sum(f".{other}".endswith(f".{end}") for other in keys) == 1)
        labels[key] = next(alone, key)
    return labels


def _fit(value: Any) -> str:
    """A value as a folder's name may have it."""
    text = value if isinstance(value, str) else json.dumps(value)
    return UNFIT.sub("-", text)[:VALUE_LENGTH]
