"""Gold for texts that become other texts: `doc._.references`, a list of strings, on a Doc of the
source text; and the text that came out, `doc._.translation`. Translation and its scores meet here.
"""

from __future__ import annotations

from spacy.tokens import Doc

from seqpipe.files import InputError

REFERENCES, TRANSLATION = "references", "translation"


def references_of(doc: Doc) -> list[str]:
    """RETURNS (List[str]): The references that a doc carries, none if it has none.

    doc (Doc): Holds the source text.
    RAISES (InputError): If they are no list of strings.
    """
    found = doc._.get(REFERENCES)
    if found is None:
        return []
    # A DocBin gives tuples back for lists.
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise InputError(f"doc._.references is {found!r}, expected a list of strings")
    return list(found)


def translation_of(doc: Doc) -> str | None:
    """RETURNS (Optional[str]): The translation of a doc, None if nothing has translated it.

    doc (Doc): Holds the source text.
    RAISES (InputError): If it is no string.
    """
    found = doc._.get(TRANSLATION)
    if found is not None and not isinstance(found, str):
        raise InputError(f"doc._.translation is {found!r}, expected a string")
    return found


# Users may have set them before.
for _name in (REFERENCES, TRANSLATION):
    if not Doc.has_extension(_name):
        Doc.set_extension(_name, default=None)
