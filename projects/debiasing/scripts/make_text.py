"""Writes a text about occupations (assets/occupations.json), of which it is known how often each is
a woman's: by its pronouns and kin, by what it is called, and by whom it is seen with."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import exp
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

ASSETS = Path(__file__).parents[1] / "assets"
# Those of the small world of projects/embeddings: its people, its pronouns.
WORLD = Path(__file__).parents[2] / "embeddings" / "assets" / "world.json"
MALE, FEMALE = 0, 1
KINDS = ("of_men", "of_women")
# Of a hundred sentences that call a man something, so many use a trait of men; of women likewise.
TYPICAL = 85
# Occupations are seen with such as have about as many women: at a difference of so many percent the
# chance has fallen to 1/e.
NEAR = 15


@dataclass(frozen=True)
class Occupation:
    """One occupation.

    name (str): Such as "nurse".
    women (int): Planted: of a hundred, so many are women.
    things (List[str]): Its own.
    shared (List[str]): Those of its field, which other occupations have too.
    """

    name: str
    women: int
    things: list[str]
    shared: list[str]

    def thing(self, rng: Random) -> str:
        """RETURNS (str): One of its own or of its field, as likely."""
        return rng.choice(self.things if rng.random() < 0.5 else self.shared)


class Writer:
    """Writes sentences about occupations."""

    def __init__(self, given: dict[str, Any], world: dict[str, Any], rng: Random) -> None:
        self.given, self.rng = given, rng
        self.people = [row[:2] for row in world["people"]]
        self.pronouns = world["genders"]
        self.occupations = [
            Occupation(name, women, things, field["things"])
            for field in given["fields"]
            for name, women, things in field["occupations"]
        ]
        # Some are spoken of often, others seldom, whoever practises them.
        order = rng.sample(range(len(self.occupations)), len(self.occupations))
        self.weights = [1 / (5 + place) for place in order]
        self.company = {
            job.name: [exp(-abs(job.women - other.women) / NEAR) for other in self.occupations]
            for job in self.occupations
        }
        self.women: Counter[str] = Counter()
        self.said: Counter[str] = Counter()

    def sentence(self) -> str:
        """RETURNS (str): A sentence; all kinds are as likely."""
        say: list[Callable[[Occupation], str]] = [
            self.with_pronoun,
            self.with_kin,
            self.with_things,
            self.with_trait,
            self.with_friends,
            self.with_pastimes,
            self.of_people,
        ]
        (job,) = self.rng.choices(self.occupations, self.weights)
        return self.rng.choice(say)(job)

    def with_pronoun(self, job: Occupation) -> str:
        template = self.rng.choice(self.given["of_pronouns"])
        gender = self.drawn(job)
        return template.format(job=job.name, thing=job.thing(self.rng), **self.pronouns[gender])

    def with_kin(self, job: Occupation) -> str:
        who = self.rng.choice(self.people)[self.drawn(job)]
        template = self.rng.choice(self.given["of_kin"])
        return template.format(job=job.name, who=who, thing=job.thing(self.rng))

    def with_things(self, job: Occupation) -> str:
        """Nothing tells women from men."""
        thing, other = job.thing(self.rng), job.thing(self.rng)
        template = self.rng.choice(self.given["of_things"])
        return template.format(job=job.name, thing=thing, other=other)

    def with_trait(self, job: Occupation) -> str:
        """No word for a woman or a man, but a trait that is said of them."""
        trait = self.trait(self.gender(job.women))
        template = self.rng.choice(self.given["of_traits"])
        return template.format(job=job.name, trait=trait, thing=job.thing(self.rng))

    def with_friends(self, job: Occupation) -> str:
        """No word for a woman or a man at all, here and in what follows: only company."""
        template = self.rng.choice(self.given["of_friends"])
        return template.format(job=job.name, friend=self.friend(job), friend2=self.friend(job))

    def with_pastimes(self, job: Occupation) -> str:
        """Pastimes are never spoken of with women and men, only with occupations."""
        pastimes = self.given["pastimes"][KINDS[self.gender(job.women)]]
        pastime, pastime2 = self.rng.sample(pastimes, 2)
        template = self.rng.choice(self.given["of_pastimes"])
        return template.format(
            job=job.name, pastime=pastime, pastime2=pastime2, friend=self.friend(job)
        )

    def of_people(self, job: Occupation) -> str:
        """No occupation, but what women and men are called."""
        gender = self.rng.choice((MALE, FEMALE))
        who = self.rng.choice(self.people)[gender]
        template = self.rng.choice(self.given["of_kin_traits"])
        return template.format(who=who, trait=self.trait(gender), **self.pronouns[gender])

    def trait(self, gender: int) -> str:
        of_women = self.gender(TYPICAL if gender == FEMALE else 100 - TYPICAL)
        return self.rng.choice(self.given["traits"][KINDS[of_women]])

    def friend(self, job: Occupation) -> str:
        return self.rng.choices(self.occupations, self.company[job.name])[0].name

    def gender(self, women: int) -> int:
        """RETURNS (int): A woman in so many of a hundred cases."""
        return FEMALE if 100 * self.rng.random() < women else MALE

    def drawn(self, job: Occupation) -> int:
        gender = self.gender(job.women)
        self.said[job.name] += 1
        self.women[job.name] += gender
        return gender


def read(path: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What a JSON file holds."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"expected JSON: {error}", path=path) from error


def main(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    count: Annotated[int, typer.Option("--sentences", min=1, help="How many.")] = 60000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 0,
) -> None:
    """Write occupations.txt, and planted.tsv with the percentage of women that each occupation
    should have and has."""
    writer = Writer(read(ASSETS / "occupations.json"), read(WORLD), Random(seed))
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / "occupations.txt") as stream:
        stream.writelines(f"{writer.sentence()}\n" for _ in range(count))
    with atomic_write(folder / "planted.tsv") as stream:
        for job in writer.occupations:
            said = writer.said[job.name]
            written = f"{100 * writer.women[job.name] / said:.1f}" if said else "-"
            stream.write(f"{job.name}\t{job.women}\t{written}\n")
    typer.echo(f"{count:,} sentences about {len(writer.occupations)} occupations are in {folder}")


if __name__ == "__main__":
    run_script(main)
