"""How surprising each word of a text is to a language model: in the terminal's colours, and as HTML
in the manner of spaCy's displaCy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from seqpipe.reporting.metrics import jsonable
from seqpipe.reporting.text_page import plain, text_page

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# Shares of the surprisal of a blind draw from which a word has one, two, three or four steps of
# colour. They do not depend on the text, so that pictures by one model can be compared.
LEVELS = (0.25, 0.5, 0.75, 1.0)
# Light to dark, both sides of each pair given: it does not matter what the terminal's own are.
STYLES = ("black on #fdeacc", "black on #fbc787", "black on #f0913a", "bold white on #a33b00")
IMPOSSIBLE_STYLE = "bold underline white on #5a0f5f"
# In HTML the colour is laid over the page's own, so that its text stays readable, dark or light.
RGB, IMPOSSIBLE_RGB = (225, 90, 0), (150, 40, 160)
MOST_OPAQUE = 0.6
NAMED = 5  # words that are named with their numbers


@dataclass(frozen=True)
class Piece:
    """A token of a text, or the end of one of its sentences.

    text (str): As written, or "<EOS>".
    space (str): What stands behind it: a space or nothing.
    surprisal (Optional[float]): Infinite for probability 0; None for what the model does not read.
    is_unknown (bool): The model took it for <UNK>.
    is_end (bool): It is the end of a sentence, which the text does not show.
    """

    text: str
    space: str
    surprisal: float | None
    is_unknown: bool = False
    is_end: bool = False


@dataclass(frozen=True)
class SurprisalText:
    """What a language model says of a text.

    pieces (Tuple[Piece]): In order.
    model (str): The component's name.
    unit (str): Of surprisal: "nats", "bits" or "log10".
    predictable (int): How many different tokens the model can predict.
    blind (float): The surprisal of a token drawn blindly from these, log(predictable).
    perplexity (float): Infinite if a token has probability 0; NaN if there is none.
    """

    pieces: tuple[Piece, ...]
    model: str
    unit: str
    predictable: int
    blind: float
    perplexity: float

    @property
    def read(self) -> list[Piece]:
        """RETURNS (List[Piece]): Those that have a surprisal."""
        return [piece for piece in self.pieces if piece.surprisal is not None]

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All of it as plain data; None for what is infinite."""
        return {
            "model": self.model,
            "unit": self.unit,
            "vocabulary": self.predictable,
            "perplexity": jsonable(self.perplexity),
            "tokens": [
                {
                    "text": piece.text,
                    "surprisal": jsonable(piece.surprisal),
                    "read": piece.surprisal is not None,
                    "unknown": piece.is_unknown,
                }
                for piece in self.pieces
            ],
        }

    def share(self, piece: Piece) -> float:
        """RETURNS (float): A surprisal as a share of that of a blind draw, 1.0 at most.

        piece (Piece): One of its own, that has a surprisal.
        """
        assert piece.surprisal is not None
        return min(1.0, piece.surprisal / self.blind) if self.blind else 0.0


def print_surprisal(console: Console, text: SurprisalText) -> None:
    """Print a text with the colour of each word by its surprisal, and what the colours mean.

    Where the console has fewer than 256 colours, or is asked for none (NO_COLOR), the number stands
    behind the words of the colours: `pair[8.14]`.

    console (Console): Where to.
    text (SurprisalText): The text.
    """
    from rich.text import Text

    with_numbers = console.no_color or console.color_system not in ("256", "truecolor")
    console.print(Text(plain(_summary(text))))
    console.print(mark_surprisal(text, with_numbers=with_numbers), overflow="fold")
    for line in _notes(text):
        console.print(Text(plain(line), style="dim"))
    console.print()
    console.print(_legend(text, with_numbers))


def mark_surprisal(text: SurprisalText, *, with_numbers: bool) -> Text:
    """Colour each word by its surprisal; one that the model does not read is dim.

    text (SurprisalText): The text.
    with_numbers (bool): Whether to put the number too behind each word that has a colour.
    RETURNS (Text): The text, with its ends of sentences.
    """
    from rich.text import Text

    result = Text()
    for piece in text.pieces:
        shown = plain(piece.text)
        if piece.surprisal is None:
            result.append(shown, style="dim")
        elif "\n" not in shown:
            style = _style(text, piece)
            if with_numbers and style:
                shown += f"[{_number(piece.surprisal)}]"
            result.append(shown, style=style or ("dim" if piece.is_end else ""))
        else:
            result.append(shown)
        result.append(piece.space)
    return result


def render_surprisal(text: SurprisalText, *, page: bool = True) -> str:
    """Write a text as HTML that needs nothing else: all styles are inline, as displaCy's are.

    text (SurprisalText): The text.
    page (bool): Whether to write a whole page, or only what goes into one.
    RETURNS (str): The HTML. Light and dark pages are both readable; each word's number is its
        title, a line below it grows with the colour, also on paper, and a caption names the most
        surprising words.
    """
    content = FIGURE.format(
        summary=escape(plain(_summary(text))),
        text="".join(_word(text, piece) + piece.space for piece in text.pieces),
        notes="<br>".join(escape(plain(line)) for line in _notes(text)),
        legend=_html_legend(text),
    )
    return text_page("Surprisal", content) if page else content


def _summary(text: SurprisalText) -> str:
    read = text.read
    unknown = sum(piece.is_unknown for piece in read)
    return (
        f"{text.model}: perplexity {_number(text.perplexity)}, {len(read):,} tokens, "
        f"{unknown:,} of them unknown, vocabulary {text.predictable:,}"
    )


def _notes(text: SurprisalText) -> list[str]:
    ranked = sorted(text.read, key=lambda piece: -(piece.surprisal or 0.0))
    named = [
        f'"{" ".join(piece.text.split()) or piece.text}" {_number(piece.surprisal)}'
        + (" (unknown)" if piece.is_unknown else "")
        for piece in ranked[:NAMED]
    ]
    return [f"most surprising, in {text.unit}: {', '.join(named)}"] if named else []


def _word(text: SurprisalText, piece: Piece) -> str:
    """A token with its number; what is not read, and line breaks, are text and no more."""
    shown = escape(plain(piece.text))
    if piece.surprisal is None or "\n" in piece.text:
        return shown
    title = f"{_number(piece.surprisal)} {text.unit}"
    if math.isinf(piece.surprisal):
        title = "probability 0"
    if piece.is_unknown:
        title += ", unknown word"
    if piece.is_end:
        shown, title = f"<small>{shown}</small>", f"end of the sentence: {title}"
    return f'<mark style="{_css(text, piece)}" title="{title}">{shown}</mark>'


def _css(text: SurprisalText, piece: Piece) -> str:
    share = text.share(piece)
    is_impossible = math.isinf(piece.surprisal or 0.0)
    rgb = ", ".join(map(str, IMPOSSIBLE_RGB if is_impossible else RGB))
    line = "double" if is_impossible else "solid"
    return (
        f"background: rgba({rgb}, {MOST_OPAQUE * share:.3f}); color: inherit; "
        f"border-bottom: {0.02 + 0.2 * share:.2f}em {line} rgba({rgb}, {share:.3f}); "
        "-webkit-print-color-adjust: exact; print-color-adjust: exact"
    )


def _style(text: SurprisalText, piece: Piece) -> str:
    """RETURNS (str): The terminal's, empty below the first level."""
    if math.isinf(piece.surprisal or 0.0):
        return IMPOSSIBLE_STYLE
    share = text.share(piece)
    level = sum(share >= bound for bound in LEVELS)
    return STYLES[level - 1] if level else ""


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return "inf" if math.isinf(value) else f"{value:,.2f}"


def _legend(text: SurprisalText, with_numbers: bool) -> Text:
    from rich.text import Text

    legend = Text(f"surprisal in {text.unit}: ")
    if with_numbers:
        legend.append(f"behind each token that has {LEVELS[0] * text.blind:.2f} or more")
    else:
        for bound, style in zip(LEVELS, STYLES, strict=True):
            legend.append(f" {bound * text.blind:.2f} ", style=style)
            legend.append(" ")
        legend.append("and more; ")
        legend.append(" probability 0 ", style=IMPOSSIBLE_STYLE)
    return legend.append(_meaning(text), style="dim")


def _meaning(text: SurprisalText) -> str:
    blind = f"{text.blind:.2f}"
    return f" ({blind}: a token drawn blindly from the {text.predictable:,} of the vocabulary)"


def _html_legend(text: SurprisalText) -> str:
    steps = [Piece(f"{bound * text.blind:.2f}", " ", bound * text.blind) for bound in (0, *LEVELS)]
    shown = " ".join(_word(text, step) for step in steps)
    return f"surprisal in {text.unit}: {shown} and more{escape(_meaning(text))}"


FIGURE = """<figure class="surprisal" style="margin: 0 0 3rem">
<figcaption style="margin-bottom: 0.5rem">{summary}</figcaption>
<div dir="auto" style="line-height: 2; white-space: pre-wrap; overflow-wrap: anywhere">{text}</div>
<p style="margin: 0.5rem 0 0; font-size: 0.85em; opacity: 0.75">{notes}</p>
<p style="font-size: 0.85em; line-height: 2; opacity: 0.9">{legend}</p>
</figure>"""
