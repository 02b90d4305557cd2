"""Why a text got its label, a weight for each word: for the terminal, and as HTML in the manner of
spaCy's displaCy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from seqpipe.reporting.text_page import plain, text_page

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# The methods, as a reader may know them.
METHODS = {"gradient": "gradient times input", "attention": "attention weights"}
# Shares of the strongest weight in a text from which a word has one, two or three marks.
LEVELS = (0.1, 1 / 3, 2 / 3)
# Blue and orange: colours that nearly everybody can tell apart. Both sides of each pair are given,
# so that it does not matter what the terminal's own are.
FOR_STYLES = ("black on #cfe2f9", "black on #86b6ef", "bold white on #1c5cb8")
AGAINST_STYLES = ("black on #fbdcc0", "black on #f5a860", "bold white on #b34700")
# In HTML they are laid over the page's own colour, so that its text stays readable, dark or light.
FOR_RGB, AGAINST_RGB = (30, 110, 220), (225, 90, 0)
MOST_OPAQUE = 0.6
NAMED = 3  # words that are named with their weights, on each side


@dataclass(frozen=True)
class Explanation:
    """How much each word of a text speaks for a label.

    words (Tuple[str]): The text's words, which are spaCy's tokens.
    spaces (Tuple[str]): What stands behind each of them: a space or nothing.
    weights (Tuple[float]): One for each word: positive if it speaks for the label, negative if it
        speaks against it; attention is never negative. 0 for a word that the model did not read.
    read (Tuple[bool]): Whether the model read the word.
    label (str): The label.
    probability (float): Its probability.
    method (str): One of METHODS.
    """

    words: tuple[str, ...]
    spaces: tuple[str, ...]
    weights: tuple[float, ...]
    read: tuple[bool, ...]
    label: str
    probability: float
    method: str

    @property
    def text(self) -> str:
        """RETURNS (str): The text."""
        return "".join(w + s for w, s in zip(self.words, self.spaces, strict=True))

    @property
    def shares(self) -> tuple[float, ...]:
        """RETURNS (Tuple[float]): Each weight as a share of the strongest one, -1.0 to 1.0."""
        strongest = max(map(abs, self.weights), default=0.0)
        return tuple(weight / strongest if strongest else 0.0 for weight in self.weights)

    @property
    def unread(self) -> int:
        """RETURNS (int): How many words the model did not read."""
        return self.read.count(False)


def print_reasons(console: Console, explanations: Iterable[Explanation]) -> None:
    """Print texts with each word's colour by sign and strength, and what the colours mean.

    Where the console has fewer than 256 colours, or is asked for none (NO_COLOR), the marks +, ++,
    +++, -, --, --- stand behind the words: `excellent[+++]`.

    console (Console): Where to.
    explanations (Iterable[Explanation]): One for each text.
    """
    from rich.text import Text

    with_marks = console.no_color or console.color_system not in ("256", "truecolor")
    methods = set()
    for explanation in explanations:
        methods.add(explanation.method)
        title = Text("label ").append(plain(explanation.label), style="bold")
        title.append(f", probability {explanation.probability:.4f}, ")
        title.append(METHODS[explanation.method], style="dim")
        console.print(title)
        console.print(mark_reasons(explanation, with_marks=with_marks), overflow="fold")
        for line in _notes(explanation):
            console.print(Text(plain(line), style="dim"))
        console.print()
    for method in sorted(methods):
        console.print(_legend(method, with_marks))


def mark_reasons(explanation: Explanation, *, with_marks: bool) -> Text:
    """Colour each word by its weight, white space apart; one that was not read is dim.

    explanation (Explanation): The text and its weights.
    with_marks (bool): Whether to put + and - behind the words too.
    RETURNS (Text): The text.
    """
    from rich.text import Text

    result = Text()
    parts = zip(
        explanation.words, explanation.spaces, explanation.shares, explanation.read, strict=True
    )
    for word, space, share, read in parts:
        shown = plain(word)
        if not read:
            result.append(shown, style="dim")
        elif word.isspace() or not (level := _level(share)):
            result.append(shown)
        else:
            styles = FOR_STYLES if share > 0 else AGAINST_STYLES
            mark = f"[{_mark(share, level)}]" if with_marks else ""
            result.append(shown + mark, style=styles[level - 1])
        result.append(space)
    return result


def render_reasons(explanations: Sequence[Explanation], *, page: bool = True) -> str:
    """Write texts as HTML that needs nothing else: all styles are inline, as displaCy's are.

    explanations (Sequence[Explanation]): One for each text.
    page (bool): Whether to write a whole page, or only what goes into one.
    RETURNS (str): The HTML. Light and dark pages are both readable; each word's weight is its
        title, and a caption names the strongest words for who does not see the colours.
    """
    figures = "\n".join(_figure(explanation) for explanation in explanations)
    legends = "\n".join(_html_legend(method) for method in sorted({e.method for e in explanations}))
    content = f'<div class="reasons">\n{figures}\n{legends}\n</div>'
    return text_page("Reasons", content) if page else content


def _figure(explanation: Explanation) -> str:
    parts = zip(
        explanation.words,
        explanation.spaces,
        explanation.weights,
        explanation.shares,
        explanation.read,
        strict=True,
    )
    pieces = []
    for read, run in groupby(parts, key=lambda part: part[-1]):
        if read:
            pieces += [_word(word, weight, share) + space for word, space, weight, share, _ in run]
        else:
            text = "".join(word + space for word, space, *_ in run)
            pieces.append(f'<span title="not read" style="opacity: 0.7">{escape(text)}</span>')
    notes = "<br>".join(map(escape, _notes(explanation)))
    return FIGURE.format(
        label=escape(explanation.label),
        probability=f"{explanation.probability:.4f}",
        method=METHODS[explanation.method],
        text="".join(pieces),
        notes=f'<p style="{NOTES_STYLE}">{notes}</p>\n' if notes else "",
    )


def _word(word: str, weight: float, share: float) -> str:
    """A word with its weight; white space and words that weigh nothing are text and no more."""
    opacity = round(MOST_OPAQUE * abs(share), 3)
    if not opacity or word.isspace():
        return escape(word)
    red, green, blue = FOR_RGB if share > 0 else AGAINST_RGB
    style = f"background: rgba({red}, {green}, {blue}, {opacity}); color: inherit; "
    style += "padding: 0.15em 0.2em; border-radius: 0.3em"
    if share < 0:
        # The second sign, for who does not see the colour.
        style += f"; border-bottom: 0.15em dashed rgba({red}, {green}, {blue}, {abs(share):.3f})"
    return f'<mark style="{style}" title="{_signed(weight)}">{escape(word)}</mark>'


def _notes(explanation: Explanation) -> list[str]:
    """What is said below a text: the strongest words, and what was not read."""
    weighed = [
        (weight, " ".join(word.split()))
        for word, weight in zip(explanation.words, explanation.weights, strict=True)
        if word.strip()
    ]
    names = "most weight" if explanation.method == "attention" else "most for it"
    strongest = sorted(weighed, key=lambda pair: -pair[0])
    lines = [_listed(names, [pair for pair in strongest if pair[0] > 0])]
    lines.append(_listed("most against it", [pair for pair in strongest[::-1] if pair[0] < 0]))
    if explanation.unread:
        lines.append(f"not read: {explanation.unread:,} of {len(explanation.words):,} words")
    return [line for line in lines if line]


def _listed(what: str, pairs: Sequence[tuple[float, str]]) -> str:
    words = [f'"{word}" {_signed(weight)}' for weight, word in pairs[:NAMED]]
    return f"{what}: {', '.join(words)}" if words else ""


def _signed(weight: float) -> str:
    return f"{weight:+.3g}"


def _level(share: float) -> int:
    """RETURNS (int): How strong a word is, 0 to 3."""
    return sum(abs(share) >= bound for bound in LEVELS)


def _mark(share: float, level: int) -> str:
    return ("+" if share > 0 else "-") * level


def _legend(method: str, with_marks: bool) -> Text:
    from rich.text import Text

    legend = Text()
    sides = [("speaks for the label", 1.0, FOR_STYLES)]
    if method == "attention":
        sides = [("is attended to, for whatever label", 1.0, FOR_STYLES)]
    else:
        sides.append(("speaks against it", -1.0, AGAINST_STYLES))
    for said, sign, styles in sides:
        for level, style in enumerate(styles, start=1):
            mark = _mark(sign, level)
            legend.append(f"[{mark}]" if with_marks else f" {mark} ", style=style)
        legend.append(f" {said}   ")
    legend.append("(as a share of the strongest word in its text)", style="dim")
    return legend


def _html_legend(method: str) -> str:
    if method == "attention":
        said = f"{_word('word', 1.0, 1.0)} is attended to, for whatever label"
    else:
        said = f"{_word('word', 1.0, 1.0)} speaks for the label, "
        said += f"{_word('word', -1.0, -1.0)} against it"
    return LEGEND.format(said=said)


FIGURE = """<figure style="margin: 0 0 3rem">
<figcaption style="margin-bottom: 0.5rem">label <strong>{label}</strong>,
probability {probability}, <span style="opacity: 0.75">{method}</span></figcaption>
<div dir="auto" style="line-height: 2; white-space: pre-wrap; overflow-wrap: anywhere">{text}</div>
{notes}</figure>"""
NOTES_STYLE = "margin: 0.5rem 0 0; font-size: 0.85em; opacity: 0.75"
LEGEND = """<p style="font-size: 0.85em; line-height: 2; opacity: 0.9">{said};
the stronger the colour, the nearer to the strongest word in its text.</p>"""
