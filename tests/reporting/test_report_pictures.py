"""Pictures of a report: that a file is what its name says."""

from __future__ import annotations

import base64

import pytest

from seqpipe.reporting.report_pictures import is_picture

# One grey dot.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
SVG = b'<?xml version="1.0"?>\n<!-- a plot --><svg xmlns="http://www.w3.org/2000/svg"><g/></svg>'


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (PNG, ".png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", ".jpg"),
        (SVG, ".svg"),
        (b"\xef\xbb\xbf" + SVG, ".svg"),
        (b'<s:svg xmlns:s="http://www.w3.org/2000/svg"/>', ".svg"),
    ],
)
def test_a_picture_is_known_by_its_content(content, suffix):
    assert is_picture(content, suffix)


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (b"not a png", ".png"),
        (b"\xff\xd8\xff\xe0", ".png"),
        (PNG, ".jpg"),
        (PNG, ".svg"),
        (b"<html>nope</html>", ".svg"),
        (b"<svg/>", ".svg"),  # browsers want its namespace
        (SVG[:-6], ".svg"),
        (b'<?xml version="1.0" encoding="nonsense"?><svg/>', ".svg"),
    ],
)
def test_what_browsers_would_not_show_is_no_picture(content, suffix):
    assert not is_picture(content, suffix)
