"""The language models of several pipelines in one, with a mixture of them behind."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.language import Language

from seqpipe.files import InputError

from .find import language_models
from .interpolated_lm import InterpolatedLM

MIXTURE = "interpolated_lm"


def join_pipelines(
    pipelines: Sequence[Language], *, cache: int = 0
) -> tuple[Language, InterpolatedLM]:
    """Put the language models of pipelines into the first, and a mixture of all behind them.

    pipelines (Sequence[Language]): Each with a language model or several. The tokenizer is the
        first one's.
    cache (int): Tokens of the mixture's cache; 0 for none.
    RETURNS (Tuple[Language, InterpolatedLM]): The first pipeline, and the mixture, which has no
        weights yet.
    RAISES (InputError): If a pipeline has no language model, or a mixture stands in one already.
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
    mixture = nlp.add_pipe(MIXTURE, config={"models": names, "cache": cache})
    assert isinstance(mixture, InterpolatedLM)
    return nlp, mixture


def _free_name(name: str, taken: Sequence[str]) -> str:
    """RETURNS (str): The name, with a number behind it if another component has it."""
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
