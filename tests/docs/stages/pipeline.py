"""For docs/pipeline.md: a little of each of the three corpora."""

from itertools import product

PAIRS = [("she", "he"), ("woman", "man"), ("mother", "father"), ("girl", "boy"), ("queen", "king")]
PLACES = ["Leeds", "Oslo", "Lima", "York"]
PEOPLE = ["Anna", "Peter", "Maria", "David"]
GOOD = ["excellent", "lovely", "perfect"]
BAD = ["awful", "cold", "bland"]


def text():
    """Sentences in which either of a pair does something."""
    for pair, place, meal in product(PAIRS, PLACES, ("soup", "fish")):
        for number, word in enumerate(pair):
            own = ("her", "his")[number]
            yield f"the {word} had {own} {meal} in {place.lower()} ."


def entities():
    """The lines of a column file."""
    for person, place in product(PEOPLE, PLACES):
        yield from (f"{person}\tB-PER", "visited\tO", f"{place}\tB-LOC", ".\tO", "")
        yield from ("They\tO", "like\tO", f"{place}\tB-LOC", ".\tO", "")


def reviews():
    """The lines of a table: stars and text."""
    yield "stars\ttext"
    for meal, words, stars in (("soup", GOOD, 5), ("fish", BAD, 1), ("bread", GOOD, 5)):
        for word, place in product(words, ("here", "there", "today")):
            yield f"{stars}\tThe {meal} was {word} {place}."


def prepare(folder):
    """Write them, for training and for development."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, lines in (
        ("text.txt", text()),
        ("dev_text.txt", ["the woman had his fish in york ."]),
        ("entities.conll", entities()),
        ("dev_entities.conll", ["David\tB-PER", "likes\tO", "Oslo\tB-LOC", ".\tO", ""]),
        ("reviews.tsv", reviews()),
        (
            "dev_reviews.tsv",
            ["stars\ttext", "5\tThe fish was excellent.", "1\tThe soup was awful."],
        ),
    ):
        (corpus / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
