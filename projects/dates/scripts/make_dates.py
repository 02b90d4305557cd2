"""Writes pairs of a date as people write it, in many locales, and in ISO 8601: for training, and
held out by day and by format. Texts that mean two dates in their locale's formats are left out."""

import datetime
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Annotated

import typer
from date_formats import FIRST_YEAR, LAST_YEAR, DateFormat, locale_formats, read_locales, read_own

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

Family = tuple[str, str]
# What the README's examples say: no file has these days, so that they are never trained on.
EXAMPLES = {datetime.date(1969, 7, 20), datetime.date(1564, 4, 23), datetime.date(2001, 3, 5)}


@dataclass(frozen=True)
class Pair:
    """A text, the date that it means, and the format that wrote it."""

    text: str
    day: datetime.date
    form: DateFormat

    def row(self) -> str:
        """RETURNS (str): A line of a file: source, target, locale, pattern."""
        columns = (source_text(self.form.locale, self.text), self.day.isoformat())
        return "\t".join((*columns, self.form.locale, self.form.pattern)) + "\n"


def source_text(locale: str, text: str) -> str:
    """RETURNS (str): What the model reads: the locale, a bar, the text."""
    return f"{locale}|{text}"


class Formats:
    """The formats of all locales, and which of them are held out."""

    def __init__(self, found: Iterable[DateFormat]) -> None:
        """found (Iterable[DateFormat]): All formats. Those with years of two digits mean six dates
        or more with nearly every text: they are known, so that what they mean is seen, but none
        is written."""
        self.by_locale: dict[str, list[DateFormat]] = defaultdict(list)
        self.by_language: dict[str, list[DateFormat]] = defaultdict(list)
        self.families: dict[Family, list[DateFormat]] = defaultdict(list)
        self.short_years: list[DateFormat] = []
        for form in found:
            self.by_locale[form.locale].append(form)
            if form.has_short_year:
                self.short_years.append(form)
            else:
                self.by_language[form.language].append(form)
                self.families[form.family].append(form)
        self.part = dict.fromkeys(self.families, "train")

    def hold_out(self, part: str, count: int, rng: random.Random) -> None:
        """Draw families whose formats are not trained on. Raises InputError if too few are fit."""
        left = [family for family, own in self.part.items() if own == "train"]
        rng.shuffle(left)
        for family in left:
            if count and self._is_fit(family):
                self.part[family] = part
                count -= 1
        if count:
            raise InputError(f"{count} formats too few to hold out: expected more locales")

    def _is_fit(self, family: Family) -> bool:
        """Whether what is trained on has the same names of months in another order or with other
        text around, and would write most dates otherwise."""
        days = [datetime.date(1901 + n, n % 12 + 1, n + 1) for n in range(24)]
        for form in self.families[family]:
            trained = [one for one in self.trained(form.language) if one.family != family]
            names = [one.month_names for one in trained if one.locale == form.locale]
            if not names or not form.month_names <= frozenset().union(*names):
                return False
            texts = [form.write(day) for day in days]
            if sum(any(one.read(text) for one in trained) for text in texts) > len(days) / 2:
                return False
        return True

    def trained(self, language: str) -> list[DateFormat]:
        """RETURNS (List[DateFormat]): The formats of a language that are trained on."""
        return [one for one in self.by_language[language] if self.part[one.family] == "train"]

    def of_part(self, part: str) -> Iterator[DateFormat]:
        """YIELDS (DateFormat): Formats without end: of training, each locale in turn has its next;
        of those held out, each family."""
        groups: dict[object, list[DateFormat]] = defaultdict(list)
        for family, forms in self.families.items():
            for form in forms if self.part[family] == part else ():
                groups[form.locale if part == "train" else family].append(form)
        turns = [cycle(group) for group in groups.values()]
        for turn in cycle(turns):
            yield next(turn)

    def meanings(self, locale: str, text: str) -> set[datetime.date]:
        """RETURNS (Set[date]): Every date that any format of the locale writes as `text`."""
        return set().union(*(form.read(text) for form in self.by_locale[locale]))


@dataclass
class Generator:
    """Draws pairs, each of another day, and counts what it left out. Each format has the months in
    turn, so that a name of a month is not missing by chance."""

    formats: Formats
    rng: random.Random
    ambiguous: Counter[DateFormat] = field(default_factory=Counter)
    written: Counter[DateFormat] = field(default_factory=Counter)
    months: dict[DateFormat, Iterator[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first, last = datetime.date(FIRST_YEAR, 1, 1), datetime.date(LAST_YEAR, 12, 31)
        days = map(datetime.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
        self.days: dict[int, list[datetime.date]] = {month: [] for month in range(1, 13)}
        for day in days:
            if day not in EXAMPLES:
                self.days[day.month].append(day)
        for pool in self.days.values():
            self.rng.shuffle(pool)

    def pairs(self, part: str, count: int) -> list[Pair]:
        """RETURNS (List[Pair]): So many pairs of the formats of "train", "dev" or "test", mixed.
        Raises InputError where the days do not suffice."""
        forms = self.formats.of_part(part)
        found = [self._pair(next(forms), is_new=part != "train") for _ in range(count)]
        self.rng.shuffle(found)
        return found

    def _pair(self, form: DateFormat, *, is_new: bool) -> Pair:
        months = self.months.setdefault(form, cycle(self.rng.sample(range(1, 13), 12)))
        while pool := self.days[next(months)]:
            day = pool.pop()
            text = form.write(day)
            if len(self.formats.meanings(form.locale, text)) > 1:
                self.ambiguous[form] += 1
            elif not (is_new and self._is_trained(form, text)):
                self.written[form] += 1
                return Pair(text, day, form)
        raise InputError("the days do not suffice: expected fewer pairs")

    def _is_trained(self, form: DateFormat, text: str) -> bool:
        return any(one.read(text) for one in self.formats.trained(form.language))


def write(path: Path, pairs: list[Pair]) -> None:
    """Write pairs, one a line."""
    with atomic_write(path) as stream:
        for pair in pairs:
            stream.write(pair.row())
    typer.echo(f"{len(pairs):,} pairs are in {path}")


def write_formats(path: Path, generator: Generator) -> None:
    """Write what became of each format: locale, pattern, part, pairs, texts left out."""
    formats = generator.formats
    with atomic_write(path) as stream:
        for form in (form for forms in formats.by_locale.values() for form in forms):
            part = "none" if form.has_short_year else formats.part[form.family]
            counts = (generator.written[form], generator.ambiguous[form])
            stream.write("\t".join(map(str, (form.locale, form.pattern, part, *counts))) + "\n")


def report(generator: Generator) -> None:
    """Say what there is and what was left out."""
    formats = generator.formats
    total = sum(map(len, formats.by_locale.values()))
    parts = Counter(formats.part.values())
    typer.echo(
        f"{total} formats of {len(formats.by_locale)} locales, {len(formats.short_years)} of them "
        f"left out, with years of two digits. By language the others are {len(formats.part)}: "
        f"{parts['test']} are held out for the test and {parts['dev']} for development"
    )
    for form, count in generator.ambiguous.items():
        tried = count + generator.written[form]
        typer.echo(f"{form.locale}: {count} of {tried} texts by {form.pattern!r} mean two dates")


def main(
    output: Annotated[Path, typer.Option(help="Folder to write.")],
    locales: Annotated[Path, typer.Option(help="Babel's names of locales, one a line.")],
    own: Annotated[Path, typer.Option(help="Formats that CLDR does not have: language, pattern.")],
    train: Annotated[int, typer.Option(min=1, help="Pairs to train on.")] = 10_000,
    held_out: Annotated[int, typer.Option(min=1, help="Pairs of each other kind.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Draws formats and days.")] = 0,
) -> None:
    """Write all pairs."""
    rng = random.Random(seed)
    added = read_own(own)
    formats = Formats(
        form for name in read_locales(locales) for form in locale_formats(name, added)
    )
    families = len(formats.families)
    formats.hold_out("test", round(families / 10), rng)
    formats.hold_out("dev", round(families / 20), rng)
    generator = Generator(formats, rng)
    write(output / "train.tsv", generator.pairs("train", train))
    days, others = (generator.pairs(part, held_out // 2) for part in ("train", "dev"))
    write(output / "dev.tsv", days + others)
    write(output / "test_days.tsv", generator.pairs("train", held_out))
    write(output / "test_formats.tsv", generator.pairs("test", held_out))
    write_formats(output / "formats.tsv", generator)
    report(generator)


if __name__ == "__main__":
    run_script(main)
