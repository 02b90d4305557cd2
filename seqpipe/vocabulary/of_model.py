"""The vocabularies of all layers of a model: told apart, saved, loaded, adopted from elsewhere."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from spacy.language import Language
from thinc.api import Model

from seqpipe.files import InputError, blamed
from seqpipe.layers.embed import ROW_GRADIENT

from .embed import PARTS, VOCABULARY, vocabulary_nodes
from .vocabulary import Vocabulary


def adopted_vocabulary(vocabulary: str | Path | None, nlp: Language | None) -> Vocabulary | None:
    """The vocabulary of words that a component was told to use, if it was.

    vocabulary: "tokenizer" for that of the pipeline's tokenizer, or a vocabulary's file.
    nlp (Optional[Language]): The pipeline.
    RETURNS (Optional[Vocabulary]): None if nothing was said.
    RAISES (InputError): If there is none where it was said to be.
    """
    if vocabulary is None:
        return None
    if str(vocabulary) != "tokenizer":
        return Vocabulary.from_disk(vocabulary)
    adopted = getattr(nlp.tokenizer, "vocabulary", None) if nlp is not None else None
    if not isinstance(adopted, Vocabulary):
        raise InputError(
            "vocabulary = 'tokenizer': the pipeline's tokenizer has no vocabulary, "
            "expected seqpipe.UnkTokenizer.v1 in [nlp.tokenizer]"
        )
    return adopted


def build_vocabularies(
    model: Model, counts: Counter[str], source: str | Path | None, nlp: Language | None
) -> None:
    """Load the vocabularies of a model, or build them of counted texts.

    model (Model): Of a component.
    counts (Counter[str]): How often each text of a token stands in the training data.
    source: A file of `save_vocabularies`; or for the vocabulary of words, as `adopted_vocabulary`.
    nlp (Optional[Language]): The pipeline.
    RAISES (InputError): If the file is not there or holds something else.
    """
    if source is not None and _holds_all(source):
        with blamed(Path(source)) as file:
            load_vocabularies(model, file.read_bytes())
        return
    words = adopted_vocabulary(source, nlp)
    for node in vocabulary_nodes(model):
        node.attrs[VOCABULARY] = node.attrs[VOCABULARY].build(counts, words=words)


def _holds_all(source: str | Path) -> bool:
    """Whether a file holds a list of a component's vocabularies, and not that of words alone."""
    if str(source) == "tokenizer" or not Path(source).is_file():
        return False
    with open(source, "rb") as stream:
        return stream.read(1) == b"["


def save_vocabularies(model: Model) -> bytes:
    """What `load_vocabularies` reads.

    model (Model): Of a component.
    RETURNS (bytes): JSON, a list of the vocabularies of each layer that has some.
    """
    saved = [node.attrs[VOCABULARY].to_dict() for node in vocabulary_nodes(model)]
    return (json.dumps(saved, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def load_vocabularies(model: Model, data: bytes) -> None:
    """Give the layers of a model their vocabularies.

    model (Model): Of a component.
    data (bytes): What `save_vocabularies` gave for a model of the same architecture.
    RAISES (InputError): If it is something else.
    """
    nodes = vocabulary_nodes(model)
    try:
        saved = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise InputError(f"not a whole JSON file ({error})") from None
    if not isinstance(saved, list) or len(saved) != len(nodes):
        raise InputError(f"expected the vocabularies of {len(nodes)} layers")
    for node, vocabularies in zip(nodes, saved, strict=True):
        node.attrs[VOCABULARY] = node.attrs[VOCABULARY].from_dict(vocabularies)


def table_names(model: Model) -> dict[int, str]:
    """What each embedding table embeds.

    model (Model): Of a component.
    RETURNS (Dict[int, str]): By the id of its layer: "word", "suffix2", "character", "vectors".
    """
    return {
        table.id: feature
        for node in vocabulary_nodes(model)
        for layer, feature in zip(node.layers, _layer_names(node), strict=False)
        for table in layer.walk()
        if ROW_GRADIENT in table.attrs
    }


def _layer_names(node: Model) -> Iterable[str]:
    return node.attrs.get(PARTS, node.attrs[VOCABULARY].vocabularies)
