"""The language models of a pipeline, by name, and docs as they would be given to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeGuard

from spacy.language import Language
from spacy.tokens import Doc

from seqpipe.files import InputError

from .language_model import LanguageModel


def language_models(nlp: Language) -> dict[str, LanguageModel]:
    """RETURNS (Dict[str, LanguageModel]): Those of a pipeline by name, in its order.

    nlp (Language): The pipeline.
    """
    return {name: pipe for name, pipe in nlp.components if is_language_model(pipe)}


def is_language_model(pipe: Any) -> TypeGuard[LanguageModel]:
    """RETURNS (bool): Whether a component scores sentences.

    pipe: Any component; it need not be initialised.
    """
    # isinstance() with a Protocol would read the properties, which raise before there is a model.
    return hasattr(type(pipe), "sentence_scores")


def find_language_model(
    nlp: Language, name: str = "", *, path: Path | None = None
) -> LanguageModel:
    """The language model of that name in a pipeline, or the only one.

    nlp (Language): The pipeline.
    name (str): Its name, or nothing.
    path (Optional[Path]): Where the pipeline comes from, for the message.
    RETURNS (LanguageModel): The component.
    RAISES (InputError): If there is none, or more than one and no name.
    """
    found = language_models(nlp)
    if name in found:
        return found[name]
    if len(found) == 1 and not name:
        return next(iter(found.values()))
    wanted = f"a language model named {name!r}" if name else "one language model"
    if len(found) > 1 and not name:
        wanted += " (or --component NAME)"
    names = [key for key, _ in nlp.components]
    raise InputError(f"expected {wanted} among its components {names}", path=path)


def run_before(nlp: Language, model: LanguageModel, docs: Iterable[Doc]) -> Iterator[Doc]:
    """Run the components that stand before a language model over docs, but not other language
    models, which change nothing that it reads.

    nlp (Language): The pipeline.
    model (LanguageModel): One of its components.
    docs (Iterable[Doc]): Docs, which are changed.
    YIELDS (Doc): Each of them.
    """
    before = takewhile(lambda pair: pair[1] is not model, nlp.pipeline)
    earlier = [pipe for _, pipe in before if not is_language_model(pipe)]
    for doc in docs:
        for pipe in earlier:
            doc = pipe(doc)
        yield doc
