"""What a pipeline finds in texts, as plain records: entities, tags, classes, extension values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from seqpipe.reporting.entities import entity_of, entity_record

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

# Token attributes by what a component's factory says that it assigns.
TOKEN_VALUES = {
    "token.tag": ("tags", "tag_"),
    "token.pos": ("pos", "pos_"),
    "token.lemma": ("lemmas", "lemma_"),
    "token.dep": ("deps", "dep_"),
}


def record_batches(nlp: Language, batches: Iterable[list[dict[str, Any]]]) -> Iterator[str]:
    """Run a pipeline over batches of texts.

    nlp (Language): The pipeline.
    batches (Iterable[List[Dict[str, Any]]]): Objects with "text"; what else they have is kept.
    YIELDS (str): The batch's records, one JSON object a line.
    """
    assigned = {value for name in nlp.pipe_names for value in nlp.get_pipe_meta(name).assigns}
    for batch in batches:
        docs = nlp.pipe(item["text"] for item in batch)
        records = [
            {**item, **doc_record(doc, assigned)} for item, doc in zip(batch, docs, strict=True)
        ]
        yield "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def doc_record(doc: Doc, assigned: set[str]) -> dict[str, Any]:
    """Turn a doc into a record.

    doc (Doc): What the pipeline made of a text.
    assigned (Set[str]): What its components assign, such as "doc.ents" or "token.tag".
    RETURNS (Dict[str, Any]): "text"; "ents" with offsets in characters, label, text and, if there
        is one, confidence; "tokens" with "tags" and the like, one a token; "cats"; values of
        extensions under their names, one a doc or one a token.
    """
    text = doc.text  # made anew at each call
    record: dict[str, Any] = {"text": text}
    if "doc.ents" in assigned or doc.ents:
        record["ents"] = [entity_record(text, ent) for ent in map(entity_of, doc.ents)]
    by_token = {
        key: [getattr(token, attribute) for token in doc]
        for value, (key, attribute) in TOKEN_VALUES.items()
        if value in assigned
    }
    # A tagger that was told to fill an extension leaves the tags empty.
    by_token = {key: values for key, values in by_token.items() if any(values) or not values}
    of_doc, of_tokens = _extension_values(doc)
    by_token.update(of_tokens)
    if by_token:
        record["tokens"] = [token.text for token in doc]
        record.update(by_token)
    if doc.cats:
        record["cats"] = doc.cats
    return {**of_doc, **record}


def _extension_values(doc: Doc) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """RETURNS (Tuple): What components stored in `doc._` and `token._`, if JSON can hold it."""
    of_doc: dict[str, Any] = {}
    of_tokens: dict[str, list[Any]] = {}
    indices = {token.idx: token.i for token in doc}
    for key, value in doc.user_data.items():
        if not (isinstance(key, tuple) and key[0] == "._." and _is_plain(value)):
            continue
        name, start, end = key[1:4]
        if start is None:
            of_doc[name] = value
        elif end is None and start in indices:
            of_tokens.setdefault(name, [None] * len(doc))[indices[start]] = value
    return of_doc, of_tokens


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
