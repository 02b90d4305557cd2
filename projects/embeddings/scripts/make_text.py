"""Writes a text about a small world (assets/world.json), and questions whose answers it does not
state: analogies, pairs of words with their likeness, and sentences to tag with new names."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, permutations
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

WORLD = Path(__file__).parents[1] / "assets" / "world.json"
# Where a name stands in a sentence to tag, so that nothing but the name tells what it is.
TO_TAG = ("{} it was", "i wrote about {} and {}", "they often speak of {}", "is it {} or {}")
LABELS = ("COUNTRY", "CITY", "CURRENCY")

World = dict[str, Any]
Say = Callable[[Random], str]


def sayings(world: World) -> list[Say]:
    """RETURNS (List[Callable]): What makes a sentence, one for each kind; all are as likely."""
    return [
        lambda rng: about_people(world, rng),
        lambda rng: about_country(world, rng, "of_countries"),
        lambda rng: about_country(world, rng, "of_capitals"),
        lambda rng: about_country(world, rng, "of_currencies"),
        lambda rng: about_degree(world, rng, rng.randrange(3)),
        lambda rng: about_animals(world, rng),
        lambda rng: about_food(world, rng),
    ]


def about_people(world: World, rng: Random) -> str:
    """A person does something with what belongs to the part that he or she plays."""
    *pair, things = rng.choice(world["people"])
    gender = rng.randrange(2)
    template = rng.choice(world["of_people"])
    return template.format(who=pair[gender], thing=rng.choice(things), **world["genders"][gender])


def about_country(world: World, rng: Random, templates: str) -> str:
    """Something of a country: never the country, its capital and its currency together."""
    country, capital, currency, adjective, things = rng.choice(world["countries"])
    return rng.choice(world[templates]).format(
        country=country,
        capital=capital,
        currency=currency,
        adjective=adjective,
        thing=rng.choice(things),
    )


def about_degree(world: World, rng: Random, degree: int) -> str:
    """How big something is: in the base form, the comparative or the superlative."""
    *forms, things = rng.choice(world["adjectives"])
    templates = world[("of_adjectives", "of_comparatives", "of_superlatives")[degree]]
    return rng.choice(templates).format(base=forms[degree], thing=rng.choice(things))


def about_animals(world: World, rng: Random) -> str:
    """One animal, or several."""
    *forms, things = rng.choice(world["animals"])
    number = rng.randrange(2)
    template = rng.choice(world[("of_one", "of_many")[number]])
    return template.format(who=forms[number], thing=rng.choice(things))


def about_food(world: World, rng: Random) -> str:
    """A fruit or a drink."""
    template = rng.choice(world["of_fruits"] + world["of_drinks"])
    found = {name: rng.choice(world[f"{name}s"]) for name in ("fruit", "drink", "name")}
    return template.format(**found)


def sentences(world: World, count: int, rng: Random) -> Iterator[str]:
    """YIELDS (str): Sentences; one in two has something before it or behind it."""
    say = sayings(world)
    for _ in range(count):
        sentence = rng.choice(say)(rng)
        chance = rng.random()
        if chance < 0.25:
            sentence = f"{rng.choice(world['before'])} {sentence}"
        elif chance < 0.5:
            sentence = f"{sentence} {rng.choice(world['after'])}"
        yield sentence


def analogies(world: World) -> Iterator[str]:
    """YIELDS (str): The lines of a file of questions in Google's form."""
    countries, adjectives = world["countries"], world["adjectives"]
    sections = {
        "family": [row[:2] for row in world["people"]],
        "capital-world": [[row[1], row[0]] for row in countries],
        "currency": [[row[2], row[0]] for row in countries],
        "gram1-comparative": [row[:2] for row in adjectives],
        "gram2-superlative": [[row[0], row[2]] for row in adjectives],
        "gram3-plural": [row[:2] for row in world["animals"]],
    }
    for name, pairs in sections.items():
        yield f": {name}"
        for one, other in permutations(pairs, 2):
            yield " ".join([*one, *other])


def properties(world: World) -> dict[str, frozenset[str]]:
    """RETURNS (Dict[str, FrozenSet[str]]): Words, and what is true of each."""
    found: dict[str, Iterable[str]] = {}
    for male, female, things in world["people"]:
        found[male], found[female] = ("person", "he", things[0]), ("person", "she", things[0])
    for row in world["countries"]:
        for word, kind in zip(row, ("country", "city", "currency"), strict=False):
            found[word] = (kind, row[0])
    for *forms, things in world["adjectives"]:
        for form, degree in zip(forms, ("base", "comparative", "superlative"), strict=True):
            found[form] = ("degree", degree, things[0])
    for fruit in world["fruits"]:
        found[fruit] = ("food", "fruit")
    for drink in world["drinks"]:
        found[drink] = ("food", "drink")
    return {word: frozenset(true) for word, true in found.items()}


def similarities(world: World, rng: Random, count: int = 200) -> Iterator[str]:
    """YIELDS (str): Two words and the share of their properties that they have in common, 0 to 10;
    half of the pairs have some."""
    known = properties(world)
    pairs = list(combinations(known, 2))
    rng.shuffle(pairs)
    alike = [pair for pair in pairs if known[pair[0]] & known[pair[1]]]
    unlike = [pair for pair in pairs if not known[pair[0]] & known[pair[1]]]
    for a, b in alike[: count // 2] + unlike[: count // 2]:
        share = len(known[a] & known[b]) / len(known[a] | known[b])
        yield f"{a}\t{b}\t{10 * share:.2f}"


def tagged(countries: list[list], rng: Random, count: int) -> Iterator[str]:
    """YIELDS (str): Lines of sentences with names of these countries, word and BIO tag."""
    for _ in range(count):
        for part in rng.choice(TO_TAG).split():
            if part != "{}":
                yield f"{part}\tO"
                continue
            kind = rng.randrange(len(LABELS))
            yield f"{rng.choice(countries)[kind]}\tB-{LABELS[kind]}"
        yield ""


def write(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file."""
    with atomic_write(path) as stream:
        stream.writelines(f"{line}\n" for line in lines)


def main(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    count: Annotated[int, typer.Option("--sentences", min=1, help="How many of the text.")] = 60000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 0,
) -> None:
    """Write text.txt, analogies.txt, similarity.txt, train.conll and dev.conll."""
    try:
        world = json.loads(WORLD.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"expected JSON: {error}", path=WORLD) from error
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random(seed)
    write(folder / "text.txt", sentences(world, count, rng))
    write(folder / "analogies.txt", analogies(world))
    write(folder / "similarity.txt", similarities(world, rng))
    # The tagger is asked about other countries than those that it learns from.
    half = len(world["countries"]) // 2
    write(folder / "train.conll", tagged(world["countries"][:half], rng, 100))
    write(folder / "dev.conll", tagged(world["countries"][half:], rng, 100))
    typer.echo(f"{count:,} sentences, analogies, pairs and sentences to tag are in {folder}")


if __name__ == "__main__":
    run_script(main)
