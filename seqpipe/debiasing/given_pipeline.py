"""Debiased vectors in the place of those that they were made from: in a whole pipeline, or in a
file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seqpipe.embeddings.vector_files import SPACY, write_vectors
from seqpipe.files import InputError, atomic_folder
from seqpipe.pipelines import load_pipeline
from seqpipe.vocabulary.pretrained import FROZEN, TUNED

from .words import WordVectors

if TYPE_CHECKING:
    from spacy.language import Language
    from thinc.api import Model

# spaCy's layer that looks vectors up, and ours that do so or have copied them.
STATIC = "static_vectors"


def load_with_vectors(path: Path) -> tuple[Language, WordVectors]:
    """Load a pipeline.

    path (Path): Its folder, or the name of an installed one.
    RETURNS (Tuple[Language, WordVectors]): It, and its vectors.
    RAISES (InputError): If it has no table of words.
    """
    nlp = load_pipeline(path)
    try:
        return nlp, WordVectors.from_nlp(nlp)
    except InputError as error:
        raise InputError(str(error), path=path) from error


def learned_on_vectors(nlp: Language) -> list[str]:
    """RETURNS (List[str]): Components that were trained on the vectors that the pipeline has.

    nlp (Language): The pipeline.
    """
    from thinc.api import Model

    found = []
    for name, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        nodes = model.walk() if isinstance(model, Model) else ()
        if any(node.name == STATIC or _is_ours(node) for node in nodes):
            found.append(name)
    return found


def _is_ours(node: Model) -> bool:
    return node.name in (FROZEN, TUNED) and "keys" in node.attrs


def write_debiased(
    vectors: WordVectors, output: Path, *, form: str, lang: str, nlp: Language | None
) -> None:
    """Write vectors, all or nothing.

    vectors (WordVectors): What is written.
    output (Path): A file, or the folder of a pipeline.
    form (str): As `check_output` gives it.
    lang (str): Of a pipeline that is made for them.
    nlp (Optional[Language]): The pipeline that keeps its components, if it is a folder.
    """
    if nlp is None or form != SPACY:
        write_vectors(vectors.to_embeddings(), output, form=form, lang=lang)
        return
    vectors.to_nlp(nlp)
    with atomic_folder(output) as folder:
        nlp.to_disk(folder)
