"""The kinds of pictures that browsers show, and whether a file is what its name says."""

from __future__ import annotations

from xml.etree import ElementTree

KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
# What a file of each kind begins with.
SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff"}
SVG = "{http://www.w3.org/2000/svg}svg"


def is_picture(content: bytes, suffix: str) -> bool:
    """Whether a browser would take a file for a picture of its kind.

    content (bytes): What the file holds.
    suffix (str): One of KINDS.
    RETURNS (bool): Whether a PNG or a JPEG has its signature, and an SVG is XML with an `svg` of
        its namespace around it.
    """
    if suffix in SIGNATURES:
        return content.startswith(SIGNATURES[suffix])
    try:
        return ElementTree.fromstring(content).tag == SVG
    except (ElementTree.ParseError, ValueError, LookupError):  # the last two: of its encoding
        return False
