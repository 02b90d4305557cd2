"""Date formats of a locale: CLDR's own, as Babel has them, and those of a file beside. Each writes
a date, and reads a text back into every date that it would write so."""

import datetime
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from seqpipe.files import InputError

FIRST_YEAR, LAST_YEAR = 1500, 2099
# Quoted text, a letter of CLDR once or more, or text; "do" is ours, a day with its ending: "20th".
TOKEN = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<field>do|([A-Za-z])\3*)|(?P<text>[^A-Za-z']+)")
STANDARD = ("full", "long", "medium", "short")
# What a skeleton of a whole date has, in this order: era, year, month, weekday, day.
WHOLE_DATE = re.compile(r"G?y+M+E*d+")
# The script whose digits a numbering system of CLDR has.
DIGITS = {
    "arab": "ARABIC-INDIC",
    "arabext": "EXTENDED ARABIC-INDIC",
    "beng": "BENGALI",
    "deva": "DEVANAGARI",
    "mymr": "MYANMAR",
    "tibt": "TIBETAN",
}
ORDINALS = {
    "en": {**dict.fromkeys((1, 21, 31), "st"), 2: "nd", 22: "nd", 3: "rd", 23: "rd"},
    "fr": {1: "er"},
    "it": {1: "º"},
    "pt": {1: "º"},
}
OTHER_ORDINALS = {"en": "th"}


@dataclass(frozen=True)
class Part:
    """What stands at one place of a format: the text of each value of one component of a date."""

    component: str  # "year", "month", "day", "weekday"; "" for text that is always the same
    texts: dict[int, str]

    def ends(self, text: str, start: int) -> Iterator[tuple[int, int]]:
        """YIELDS (Tuple[int, int]): Each value whose text stands at `start`, and where it ends."""
        for value, own in self.texts.items():
            if text.startswith(own, start):
                yield value, start + len(own)


@dataclass(frozen=True, eq=False)
class DateFormat:
    """A pattern of a locale."""

    locale: str
    pattern: str
    parts: tuple[Part, ...]

    @property
    def language(self) -> str:
        """RETURNS (str): The locale's language, "en" of "en_GB"."""
        return self.locale.partition("_")[0]

    @property
    def family(self) -> tuple[str, str]:
        """RETURNS (Tuple[str, str]): What formats have in common that differ in nothing but the
        territory and zeros before a number: the language and the pattern without them."""
        return self.language, re.sub(r"(?<![A-Za-z])([dML])\1(?![A-Za-z])", r"\1", self.pattern)

    @property
    def month_names(self) -> frozenset[str]:
        """RETURNS (FrozenSet[str]): The names of months that it writes; none if it has numbers."""
        (month,) = (part for part in self.parts if part.component == "month")
        return frozenset(name for name in month.texts.values() if not name.isdecimal())

    @property
    def has_short_year(self) -> bool:
        """RETURNS (bool): Whether years have their last two digits only."""
        (year,) = (part for part in self.parts if part.component == "year")
        return len(set(year.texts.values())) < len(year.texts)

    def write(self, day: datetime.date) -> str:
        """RETURNS (str): The date, as this format has it."""
        values = _values(day)
        return "".join(part.texts[values[part.component]] for part in self.parts)

    def read(self, text: str) -> set[datetime.date]:
        """RETURNS (Set[date]): Every date of the years that this format writes as `text`."""
        return {day for values in self._parse(text, 0, 0) if (day := _date(values)) is not None}

    def _parse(self, text: str, start: int, place: int) -> Iterator[dict[str, int]]:
        if place == len(self.parts):
            if start == len(text):
                yield {}
            return
        part = self.parts[place]
        for value, end in part.ends(text, start):
            for values in self._parse(text, end, place + 1):
                if values.setdefault(part.component, value) == value:
                    yield values


def locale_formats(locale: str, own: Iterable[tuple[str, str]]) -> list[DateFormat]:
    """The formats of a locale that hold a whole date, each pattern once.

    locale (str): Such as "en_GB".
    own (Iterable[Tuple[str, str]]): Languages or locales, and patterns that CLDR does not have.
    RETURNS (List[DateFormat]): CLDR's full, long, medium and short format, those of its
        availableFormats, then those of `own`.
    """
    data = _data(locale)
    patterns = [data.date_formats[name].pattern for name in STANDARD]
    skeletons = data.datetime_skeletons
    patterns += [str(skeletons[name]) for name in sorted(skeletons) if WHOLE_DATE.fullmatch(name)]
    patterns += [pattern for place, pattern in own if place in (locale, data.language)]
    return [make_format(locale, pattern) for pattern in dict.fromkeys(patterns)]


def make_format(locale: str, pattern: str) -> DateFormat:
    """Look up what each part of a pattern writes. Raises InputError.

    locale (str): Such as "en_GB".
    pattern (str): In CLDR's letters (UTS 35, part 4), and "do" for "20th".
    RETURNS (DateFormat): The format.
    """
    parts, end = [], 0
    for match in TOKEN.finditer(pattern):
        if match.start() == end:
            parts.append(_part(locale, match))
            end = match.end()
    found = {part.component for part in parts}
    if end < len(pattern) or not {"year", "month", "day"} <= found:
        raise InputError(f"{pattern!r} of {locale}: expected a pattern with a year, month and day")
    return DateFormat(locale, pattern, tuple(parts))


def read_own(path: Path) -> list[tuple[str, str]]:
    """RETURNS (List[Tuple[str, str]]): A language or locale and a pattern from each line. Raises
    InputError."""
    found = []
    for number, line in enumerate(_lines(path), 1):
        columns = line.split("\t")
        if len(columns) != 2:
            message = f"{len(columns)} columns, expected 2: a language or locale, and a pattern"
            raise InputError(message, path=path, line=number)
        try:
            make_format(*columns)
        except ValueError as error:
            raise InputError(str(error), path=path, line=number) from error
        found.append((columns[0], columns[1]))
    return found


def read_locales(path: Path) -> list[str]:
    """RETURNS (List[str]): A locale from each line. Raises InputError."""
    return _lines(path)


@cache
def _data(locale: str) -> Any:
    import babel

    try:
        return babel.Locale.parse(locale)
    except (babel.UnknownLocaleError, ValueError) as error:
        raise InputError(f"{locale!r} is no locale of Babel's ({error})") from error


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot be read ({error}): expected a text in UTF-8"
        raise InputError(message, path=path) from error


def _part(locale: str, match: re.Match[str]) -> Part:
    from babel.dates import format_date

    letters = match["field"]
    if letters is None:
        text = match["text"] if match["quoted"] is None else match["quoted"].replace("''", "'")
        return Part("", {0: text or "'"})
    if letters[0] == "y":
        years = range(FIRST_YEAR, LAST_YEAR + 1)
        width = 2 if letters == "yy" else 4
        return Part("year", {year: _digits(locale, str(year)[-width:]) for year in years})
    if letters[0] == "d":
        return Part("day", {day: _day(locale, day, letters) for day in range(1, 32)})
    if letters in ("M", "L", "MM", "LL"):
        zeros = len(letters)
        return Part("month", {n: _digits(locale, f"{n:0{zeros}}") for n in range(1, 13)})
    write = partial(format_date, format=letters, locale=_data(locale))
    if letters[0] in "ML":
        days = (datetime.date(2001, month, 1) for month in range(1, 13))
        return Part("month", {day.month: write(day) for day in days})
    if letters[0] in "Ec":
        days = (datetime.date(2001, 1, day) for day in range(1, 8))
        return Part("weekday", {day.weekday(): write(day) for day in days})
    if letters[0] == "G":
        return Part("", {0: write(datetime.date(2001, 1, 1))})
    raise InputError(f"{letters!r} in a pattern of {locale}: expected letters of a date")


def _day(locale: str, day: int, letters: str) -> str:
    if letters == "do":
        language = locale.partition("_")[0]
        if language not in ORDINALS:
            known = ", ".join(ORDINALS)
            raise InputError(f"'do' in a pattern of {locale}: expected one of {known}")
        return f"{day}{ORDINALS[language].get(day, OTHER_ORDINALS.get(language, ''))}"
    return _digits(locale, f"{day:0{len(letters)}}")


def _digits(locale: str, number: str) -> str:
    """Babel writes Latin digits; CLDR says which a locale has by default."""
    system = _data(locale).default_numbering_system
    if system == "latn":
        return number
    if system not in DIGITS:
        known = ", ".join(("latn", *DIGITS))
        raise InputError(f"{locale} has the digits {system!r}: expected one of {known}")
    zero = ord(unicodedata.lookup(f"{DIGITS[system]} DIGIT ZERO"))
    return "".join(chr(zero + int(digit)) for digit in number)


def _values(day: datetime.date) -> dict[str, int]:
    weekday = day.weekday()
    return {"year": day.year, "month": day.month, "day": day.day, "weekday": weekday, "": 0}


def _date(values: dict[str, int]) -> datetime.date | None:
    try:
        day = datetime.date(values["year"], values["month"], values["day"])
    except ValueError:
        return None  # such as 31 June
    return day if values.get("weekday", day.weekday()) == day.weekday() else None
