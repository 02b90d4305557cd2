"""Words of a text as they may be shown: what a terminal may be given, and a page of HTML that needs
nothing else."""

from __future__ import annotations

from html import escape

# Control characters could say anything to a terminal.
CONTROL = {i: " " for i in (*range(32), *range(127, 160)) if chr(i) not in "\t\n"}


def plain(text: str) -> str:
    """RETURNS (str): A text without control characters but tabs and line ends.

    text (str): Any text.
    """
    return text.replace("\r\n", "\n").translate(CONTROL)


def text_page(title: str, content: str) -> str:
    """RETURNS (str): A whole page, light or dark as the reader has it.

    title (str): Plain text.
    content (str): HTML.
    """
    return PAGE.format(title=escape(title), content=content)


PAGE = """<!doctype html>
<html lang="en" style="color-scheme: light dark">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body style="margin: 0 auto; padding: 2rem 1rem; max-width: 48rem;
 font: 1rem/1.5 system-ui, sans-serif">
{content}
</body>
</html>
"""
