"""The language models of several pipelines in one, with a mixture of them behind."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from spacy.language import Language

from seqpipe.files import InputError

from .find import is_language_model, language_models
from .interpolated_lm import InterpolatedLM

logger = logging.getLogger("seqpipe")

MIXTURE = "interpolated_lm"


def join_pipelines(
    pipelines: Sequence[Language], *, cache: int = 0
) -> tuple[Language, InterpolatedLM]:
    """Put the language models of pipelines into the first, and a mixture of all behind them. What
    is lost of the other pipelines is logged: other components, and other tokenizers.

    pipelines (Sequence[Language]): Each with a language model or several. The tokenizer is the
        first one's.
    cache (int): Tokens of the mixture's cache; 0 for none.
    RETURNS (Tuple[Language, InterpolatedLM]): The first pipeline, and the mixture, which has no
        weights yet.
    RAISES (InputError): If a pipeline has no language model, a mixture stands in one already, or
        there is nothing to mix.
    """
    nlp = pipelines[0]
    names: list[str] = []
    for pipeline in pipelines:
        found = language_models(pipeline)
        if not found or any(isinstance(pipe, InterpolatedLM) for pipe in found.values()):
            raise InputError(
                f"a pipeline of {pipeline.component_names}: expected a language model in it, "
                "and no mixture"
            )
        for name in found:
            own = _free_name(name, names if pipeline is nlp else nlp.component_names)
            if pipeline is not nlp:
                nlp.add_pipe(name, source=pipeline, name=own)
            names.append(own)
    if len(names) == 1 and not cache:
        raise InputError(
            f"one language model, {names[0]!r}: expected two MODELs or more, or one with --cache"
        )
    for pipeline in pipelines[1:]:
        _warn_of_loss(nlp, pipeline)
    nlp.meta["performance"] = {}  # that of the first pipeline alone
    mixture = nlp.add_pipe(MIXTURE, config={"models": names, "cache": cache})
    assert isinstance(mixture, InterpolatedLM)
    return nlp, mixture


def _warn_of_loss(nlp: Language, other: Language) -> None:
    """Say what of another pipeline does not come into the first."""
    left_out = [name for name, pipe in other.components if not is_language_model(pipe)]
    if left_out:
        logger.warning(
            "%s: left out: %s; only language models are taken over, and the components of the "
            "first pipeline stay",
            _called(other),
            ", ".join(left_out),
        )
    if _tokenizer_of(nlp) != _tokenizer_of(other):
        logger.warning(
            "%s: its tokenizer differs from that of %s, which is taken for all; a model that reads "
            "other tokens than it was trained on predicts badly",
            _called(other),
            _called(nlp),
        )


def _tokenizer_of(nlp: Language) -> tuple[Any, Any]:
    """The language, which has rules of its own, and the config."""
    return nlp.lang, nlp.config["nlp"]["tokenizer"]


def _called(nlp: Language) -> str:
    return str(nlp.path or f"the pipeline {nlp.pipe_names}")


def _free_name(name: str, taken: Sequence[str]) -> str:
    """RETURNS (str): The name, with a number behind it if another component has it."""
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
