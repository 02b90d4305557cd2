"""projects/dates: texts mean one date each, what is held out is held out, and the project runs."""

import datetime
import json
import random
import re
import shutil
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("babel", reason="Babel is not installed: pip install seqpipe[projects]")

from babel.dates import format_date
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processes import python, seqpipe, without_torch

PROJECT = Path(__file__).parents[2] / "projects" / "dates"
SCRIPTS, ASSETS = PROJECT / "scripts", PROJECT / "assets"
FILES = ("train", "dev", "test_days", "test_formats")
sys.path.insert(0, str(SCRIPTS))
date_formats, make_dates = map(import_module, ("date_formats", "make_dates"))
sys.path.remove(str(SCRIPTS))

DAYS = st.dates(datetime.date(1500, 1, 1), datetime.date(2099, 12, 31))
OWN = date_formats.read_own(ASSETS / "own_formats.tsv")
ALL = [
    form
    for locale in date_formats.read_locales(ASSETS / "locales.txt")
    for form in date_formats.locale_formats(locale, OWN)
]
MOON = datetime.date(1969, 7, 20)


def make(folder, *options, expected=0):
    """What the script says."""
    words = [SCRIPTS / "make_dates.py", "--output", folder]
    given = {"--locales": ASSETS / "locales.txt", "--own": ASSETS / "own_formats.tsv"}
    given.update(zip(options[::2], options[1::2], strict=True))
    words += [word for option in given.items() for word in option]
    done = python(*words)
    assert done.returncode == expected, done.stderr
    return done.stderr if expected else done.stdout


def rows(folder, name):
    text = (folder / f"{name}.tsv").read_text(encoding="utf-8")
    return [tuple(line.split("\t")) for line in text.splitlines()]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dates")
    make(folder)
    return {name: rows(folder, name) for name in (*FILES, "formats")}


def english(pattern):
    return date_formats.make_format("en_GB", pattern)


@pytest.mark.parametrize(
    ("locale", "pattern", "text"),
    [
        ("en_US", "MMMM do y", "July 20th 1969"),
        ("en_GB", "'the' do 'of' MMMM, y", "the 20th of July, 1969"),
        ("en_GB", "EEE d.M.yy G", "Sun 20.7.69 AD"),
        ("vi", "'ngày' d 'tháng' M 'năm' y", "ngày 20 tháng 7 năm 1969"),
        ("fa", "y/MM/dd", "۱۹۶۹/۰۷/۲۰"),
        ("bn", "d MMMM, y", "২০ জুলাই, ১৯৬৯"),
        ("ja", "y年M月d日EEEE", "1969年7月20日日曜日"),
        ("fr_FR", "d MMM y 'l''an'", "20 juil. 1969 l'an"),
    ],
)
def test_a_pattern_writes_a_date_in_the_words_and_digits_of_its_locale(locale, pattern, text):
    form = date_formats.make_format(locale, pattern)
    assert form.write(MOON) == text
    assert MOON in form.read(text)


@pytest.mark.parametrize(
    ("day", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd"), (31, "31st")]
)
def test_english_days_have_their_endings(day, text):
    assert english("do M y").write(datetime.date(2000, 1, day)) == f"{text} 1 2000"


@settings(deadline=None)
@given(day=DAYS, form=st.sampled_from(ALL))
def test_a_format_reads_what_it_writes(day, form):
    found = form.read(form.write(day))
    assert day in found
    assert form.has_short_year or found == {day}


LATIN = [
    form
    for form in ALL
    if "do" not in form.pattern and form.write(MOON).isascii() and not form.has_short_year
]


@settings(deadline=None)
@given(day=DAYS, form=st.sampled_from(LATIN))
def test_babel_writes_the_same(day, form):
    assert form.write(day) == format_date(day, form.pattern, form.locale)


def test_reading_finds_each_date_that_searching_all_of_them_finds():
    months = range(1, 13)
    days = [datetime.date(1903, month, day) for month in months for day in (1, 7, 12, 28)]
    forms = [
        english(pattern) for pattern in ("d/M/y", "M/d/y", "dMy", "E d/M/y", "d MMM y", "d/M/yy")
    ]
    texts = {form.write(day) for form in forms for day in days}
    every = [MOON.replace(1903, 1, 1) + datetime.timedelta(n) for n in range(365)]
    for form in forms:
        meant = {text: set() for text in texts}
        for day in every:
            meant.setdefault(form.write(day), set()).add(day)
        for text in texts:
            assert {day for day in form.read(text) if day.year == 1903} == meant[text]


def test_a_text_in_two_orders_has_two_meanings():
    formats = make_dates.Formats([english("dd/MM/y"), english("M/d/y")])
    both = {datetime.date(1999, 10, 11), datetime.date(1999, 11, 10)}
    assert formats.meanings("en_GB", "10/11/1999") == both
    assert formats.meanings("en_GB", "07/08/1999") == {datetime.date(1999, 8, 7)}
    assert formats.meanings("en_GB", "13/11/1999") == {datetime.date(1999, 11, 13)}


def test_a_year_of_two_digits_has_a_meaning_in_each_century():
    assert {day.year for day in english("d/M/yy").read("5/3/69")} == set(range(1569, 2100, 100))


def test_zeros_and_territories_do_not_make_a_format_another_one():
    family = date_formats.make_format("en_AU", "dd/MM/y").family
    assert family == english("d/M/y").family == ("en", "d/M/y")
    assert english("d MMM y").family != english("d MMMM y").family
    assert date_formats.make_format("zh_Hans", "y年MM月dd日").family == ("zh", "y年M月d日")


def test_a_format_with_words_that_no_other_has_is_not_held_out():
    formats = make_dates.Formats(
        [english(p) for p in ("d MMMM y", "MMMM d, y", "d MMM y", "d/M/y")]
    )
    formats.hold_out("test", 1, random.Random(0))
    (held_out,) = (family for family, part in formats.part.items() if part == "test")
    # Without them nobody could tell what Jan is, or June.
    assert held_out[1] != "d MMM y"
    with pytest.raises(ValueError, match="formats too few to hold out: expected more locales"):
        formats.hold_out("dev", 3, random.Random(0))


def test_files_have_the_pairs_that_the_readme_says(corpus):
    assert {name: len(corpus[name]) for name in FILES} == {
        "train": 10_000,
        "dev": 2_000,
        "test_days": 2_000,
        "test_formats": 2_000,
    }


def test_every_text_means_its_date_alone(corpus):
    formats = make_dates.Formats(ALL)
    for name in FILES:
        for source, target, locale, _ in corpus[name][:: 1 if name.startswith("test") else 5]:
            text = source.removeprefix(f"{locale}|")
            assert {day.isoformat() for day in formats.meanings(locale, text)} == {target}


def test_no_day_stands_twice_and_none_of_the_examples(corpus):
    days = Counter(target for name in FILES for _, target, _, _ in corpus[name])
    assert max(days.values()) == 1
    assert not {day.isoformat() for day in make_dates.EXAMPLES} & set(days)


def families(corpus, name):
    by_name = {(form.locale, form.pattern): form.family for form in ALL}
    return {by_name[locale, pattern] for _, _, locale, pattern in corpus[name]}


def test_formats_of_the_test_are_neither_trained_on_nor_chosen_by(corpus):
    trained = families(corpus, "train")
    assert families(corpus, "test_days") <= trained
    held_out, dev = families(corpus, "test_formats"), families(corpus, "dev")
    assert not held_out & (trained | dev)
    total = len({form.family for form in ALL if not form.has_short_year})
    assert len(held_out) == round(total / 10)
    assert len(dev - trained) == round(total / 20)


def test_no_trained_format_writes_a_text_of_those_held_out(corpus):
    trained = families(corpus, "train")
    for source, _, locale, _ in corpus["test_formats"]:
        text = source.removeprefix(f"{locale}|")
        language = locale.partition("_")[0]
        same = [form for form in ALL if form.language == language and form.family in trained]
        assert not any(form.read(text) for form in same)


def test_each_locale_is_trained_on_and_has_all_months(corpus):
    locales = {form.locale for form in ALL}
    months = {(locale, target[5:7]) for _, target, locale, _ in corpus["train"]}
    assert months == {(locale, f"{n:02}") for locale in locales for n in range(1, 13)}


def test_the_list_of_formats_counts_what_was_written_and_left_out(corpus):
    assert len(corpus["formats"]) == len(ALL)
    parts = Counter(part for _, _, part, _, _ in corpus["formats"])
    assert parts["none"] == sum(form.has_short_year for form in ALL)
    written = sum(int(pairs) for *_, pairs, _ in corpus["formats"])
    assert written == sum(len(corpus[name]) for name in FILES)
    left_out = {locale: int(n) for locale, *_, n in corpus["formats"] if int(n)}
    # CLDR's Finnish has "d.M.y" and, with an era, "M.d.y".
    assert set(left_out) == {"fi"}


def test_a_seed_gives_the_same_files_and_another_one_others(tmp_path, corpus):
    small = ("--train", "600", "--held-out", "100")
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        make(tmp_path / name, *small, "--seed", seed)
    first, same, other = (
        [rows(tmp_path / name, file) for file in FILES] for name in ("one", "same", "other")
    )
    assert first == same
    assert first != other
    assert families(dict(zip(FILES, first, strict=True)), "test_formats") != families(
        dict(zip(FILES, other, strict=True)), "test_formats"
    )


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--locales", "en_US\nxx_YY\n", "'xx_YY' is no locale of Babel's"),
        ("--own", "en\td MMMM y\nen d/M/y\n", "own, line 2: 1 columns, expected 2"),
        ("--own", "de\tdo MMMM y\n", "own, line 1: 'do' in a pattern of de: expected one of en"),
        ("--own", "de\td. MMMM\n", "expected a pattern with a year, month and day"),
        ("--own", "de\td. MMMM y HH\n", "'HH' in a pattern of de: expected letters of a date"),
        ("--own", "de\td. MMMM y 'Uhr\n", "expected a pattern with a year, month and day"),
    ],
)
def test_a_faulty_list_is_named(tmp_path, option, text, message):
    file = tmp_path / option.strip("-")
    file.write_text(text, encoding="utf-8")
    said = make(tmp_path / "out", option, file, expected=1)
    assert said.startswith("error: ")
    assert message in said
    assert len(said.splitlines()) == 1


def value(key):
    """What the config says."""
    section, _, name = key.rpartition(".")
    text = (PROJECT / "configs" / "dates.cfg").read_text(encoding="utf-8")
    block = text[text.index(f"[{section}]\n") :]
    return json.loads(re.search(rf"^{name} = (.+)$", block, re.MULTILINE)[1])


def test_the_rate_ends_and_the_model_is_last_judged_where_training_ends(corpus):
    epoch = -(-len(corpus["train"]) // value("training.batcher.size"))
    steps = epoch * value("training.max_epochs")
    assert value("training.optimizer.learn_rate.total_steps") == steps
    # Steps are numbered from 0: the last evaluation falls into the last epoch's end.
    assert 0 <= (steps - 1) % value("training.eval_frequency") < 10


def test_the_readme_counts_what_there_is():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8").replace(",", "")
    locales = {form.locale for form in ALL}
    languages = {form.language for form in ALL}
    short = sum(form.has_short_year for form in ALL)
    families = {form.family for form in ALL if not form.has_short_year}
    assert f"{len(locales)} locales of {len(languages)} languages" in readme
    assert f"{len(ALL)} formats" in readme
    assert f"{short} formats write years with two digits" in readme
    assert f"{len(families)} formats by language" in readme


@pytest.mark.slow
def test_all_runs_and_ends_with_pictures(tmp_path):
    project = tmp_path / "dates"
    for name in ("assets", "configs", "scripts"):
        shutil.copytree(PROJECT / name, project / name)
    text = (PROJECT / "project.yml").read_text(encoding="utf-8")
    text = text.replace("--seed ${vars.seed}", "--seed ${vars.seed} --train 300 --held-out 60")
    small = "corpus/dev.tsv --training.max_epochs 2 --training.eval_frequency 5"
    text = text.replace('corpus/dev.tsv"\n\ndirectories', f'{small}"\n\ndirectories')
    assert small in text
    (project / "project.yml").write_text(text, encoding="utf-8")
    done = seqpipe("run", project, "all", cwd=tmp_path, env=without_torch(), seconds=400)
    assert done.returncode == 0, done.stderr
    for name in ("days", "formats"):
        metrics = json.loads((project / "metrics" / f"{name}.json").read_text(encoding="utf-8"))
        assert 0 <= metrics["scores"]["exact_match"] <= 1
        assert metrics["corpus"]["path"] == f"corpus/test_{name}.tsv"
    pages = project / "models" / "attention"
    assert {page.stem for page in pages.iterdir()} == {"moon", "shakespeare", "vietnamese"}
