"""What a translation command is told to do otherwise than the component's own search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc

from seqpipe.decoding.sampling import Sampling
from seqpipe.files import InputError

from .search import SearchOptions
from .translation import Translation

if TYPE_CHECKING:
    from spacy.language import Language

    from .rnn_translator import RNNTranslator


def search_options(pipe: RNNTranslator, **given: Any) -> SearchOptions:
    """RETURNS (SearchOptions): Those of a component, but for what is given. One translation of
    each source, if `n_best` is not.

    pipe (RNNTranslator): The component.
    given: Settings of `SearchOptions`; None for those that are not given.
    RAISES (InputError): If a value is wrong or would change nothing, or the model has no attention
        for coverage.
    """
    known = {name: value for name, value in given.items() if value is not None}
    options = replace(pipe.options, **{"n_best": 1, **known})
    if "alpha" in known and options.normalisation == "none":
        raise InputError(
            f"--alpha {options.alpha}: the search does not normalise; expected --normalisation "
            "length or gnmt beside it"
        )
    if options.coverage > 0 and not pipe.has_attention:
        raise InputError(
            f"coverage = {options.coverage}: expected a model with attention, {pipe.name} has none"
        )
    return options


def check_method(sample: bool, drawn: Mapping[str, Any], searched: Mapping[str, Any]) -> None:
    """Refuse options that would change nothing.

    sample (bool): Whether translations are drawn.
    drawn, searched (Mapping[str, Any]): Options of drawing and of searching; None for those that
        are not given.
    RAISES (InputError): If one of the other way is given.
    """
    for name, value in (searched if sample else drawn).items():
        if value is not None:
            expected = "without --sample" if sample else "with --sample"
            raise InputError(f"--{name.replace('_', '-')} {value}: expected {expected}")


def drawing(
    pipe: RNNTranslator, options: SearchOptions, drawn: Mapping[str, Any]
) -> Callable[[list[Doc]], list[list[Translation]]]:
    """RETURNS (Callable): Draws a translation of each doc; the docs of each call with other random
    numbers.

    pipe (RNNTranslator): The component.
    options (SearchOptions): Of which the lengths and `no_repeat` count.
    drawn (Mapping[str, Any]): `seed`, and the settings of `Sampling`; None for those not given.
    RAISES (InputError): If a value is wrong.
    """
    known = {name: value for name, value in drawn.items() if value is not None}
    seed = known.pop("seed", None)
    if seed is not None and seed < 0:
        raise InputError(f"--seed {seed}: expected 0 or more")
    sampling = Sampling(**known)
    rng = np.random.default_rng(seed)

    def draw(docs: list[Doc]) -> list[list[Translation]]:
        number = int(rng.integers(2**31))
        found = pipe.sample(docs, sampling=sampling, seed=number, options=options)
        return [[one] for one in found]

    return draw


def whole_numbers(given: str, option: str) -> list[int]:
    """RETURNS (List[int]): Numbers of an option.

    given (str): Such as "1,3,10".
    option (str): Its name, for the message.
    RAISES (InputError): If it is something else, or one is below 1.
    """
    try:
        found = [int(number) for number in given.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise InputError(
            f"{option} {given!r}: expected whole numbers from 1 on, with commas between them"
        )
    return found


def named_models(given: list[str]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): Folders by the names of their models.

    given (List[str]): Each is NAME=FOLDER, or a folder, which has its own name.
    RAISES (InputError): If two have the same name.
    """
    found: dict[str, str] = {}
    for one in given:
        name, sign, folder = one.partition("=")
        if not sign or not name or not folder:
            folder = one
            name = one.rstrip("/").rpartition("/")[2] or one
        if name in found:
            raise InputError(
                f"--model {one}: {found[name]} is named {name} too, expected --model NAME=FOLDER"
            )
        found[name] = folder
    return found


def load_translator(path: Path, component: str, gpu_id: int) -> tuple[Language, RNNTranslator]:
    """Load a pipeline, and find the translator that is asked for.

    path (Path): Its folder.
    component (str): The translator's name, or nothing where it is the only one.
    gpu_id (int): The GPU, or -1 for the CPU.
    RETURNS (Tuple[Language, RNNTranslator]): Both.
    RAISES (InputError): If one of them is not there.
    """
    from seqpipe.pipelines import choose_device, load_pipeline, only_component
    from seqpipe.translation.rnn_translator import RNNTranslator

    choose_device(gpu_id)
    nlp = load_pipeline(path)
    return nlp, only_component(nlp, RNNTranslator, "rnn_translator", name=component, path=path)
