"""People, things, places and times: each phrase knows its French and its English form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import english as en
import french as fr
from english import Style
from french import Entry, Features, words

FRENCH_ARTICLES = {"the": ("le", "la", "les"), "this": ("ce", "cette", "ces")}


class Relative(Protocol):
    """A clause about a noun (`head`)."""

    def fr(self, head: Features) -> str: ...

    def en(self, style: Style) -> str: ...


class NounPhrase(Protocol):
    """Somebody or something."""

    @property
    def features(self) -> Features: ...

    def fr(self, negated: bool = False) -> str: ...

    def en(self, style: Style, negated: bool = False) -> str: ...


@dataclass(frozen=True)
class Pronoun:
    """I, you, she; `stressed` after a preposition: with me, with her."""

    features: Features
    stressed: bool = False

    def fr(self, negated: bool = False) -> str:
        return fr.stressed(self.features) if self.stressed else fr.pronoun(self.features)

    def en(self, style: Style, negated: bool = False) -> str:
        return en.stressed(self.features) if self.stressed else en.pronoun(self.features)


@dataclass(frozen=True)
class Name:
    """A name of a person, the same in both languages."""

    text: str
    gender: str

    @property
    def features(self) -> Features:
        return Features(3, False, self.gender)

    def fr(self, negated: bool = False) -> str:
        return self.text

    def en(self, style: Style, negated: bool = False) -> str:
        return self.text


@dataclass(frozen=True)
class Pair:
    """Two of them: "Jane et Paul"."""

    first: NounPhrase
    second: NounPhrase

    @property
    def features(self) -> Features:
        both = {self.first.features.gender, self.second.features.gender}
        return Features(3, True, "f" if both == {"f"} else "m")

    def fr(self, negated: bool = False) -> str:
        return f"{self.first.fr()} et {self.second.fr()}"

    def en(self, style: Style, negated: bool = False) -> str:
        return f"{self.first.en(style)} and {self.second.en(style)}"


@dataclass(frozen=True)
class Noun:
    """A noun with what stands around it.

    article (str): "the", "this", "a" (plural "des"), "some" (of what cannot be counted), "all"
        (whatever there is of it: "le pain", "bread"), "many", "few", "own" (with `owner`), "of"
        (with `holder`), or a French number.
    owner (Features): Whose it is. No gender: his or her.
    holder (NounPhrase): Whose it is, by name: "le frère de Jane".
    relative: A clause about it.
    """

    noun: Entry
    article: str
    plural: bool = False
    adjective: Entry | None = None
    owner: Features | None = None
    holder: NounPhrase | None = None
    relative: Relative | None = None
    numbers: Entry | None = None

    @property
    def features(self) -> Features:
        return Features(3, self.plural, self.noun["gender"])

    def fr(self, negated: bool = False) -> str:
        name = self.noun.get("plural") or fr.pluralised(self.noun["fr"])
        name = name if self.plural else self.noun["fr"]
        before, after = "", ""
        if self.adjective is not None:
            form = self._agreed(self.adjective, name)
            before, after = (form, "") if self.adjective.get("before") else ("", form)
        holder = f"de {self.holder.fr()}" if self.holder else ""
        relative = self.relative.fr(self.features) if self.relative else ""
        return words(self._french_article(negated, before), before, name, after, holder, relative)

    def _agreed(self, adjective: Entry, name: str) -> str:
        vowel = adjective.get("before") and not self.plural and fr.begins_with_vowel(name)
        if vowel and self.noun["gender"] == "m" and "mv" in adjective:
            return adjective["mv"]
        return fr.agreed(adjective["fr"], self.noun["gender"], self.plural, adjective)

    def _french_article(self, negated: bool, adjective: str) -> str:
        form = 2 if self.plural else self.noun["gender"] == "f"
        if self.article == "own":
            assert self.owner is not None
            return fr.OWNERS[self.owner.form][form]
        if self.article in ("a", "some") and (negated or (self.plural and adjective)):
            return "de"
        if self.article == "a":
            return ("un", "une", "des")[form]
        if self.article in ("many", "few"):
            return {"many": "beaucoup de", "few": "quelques"}[self.article]
        if self.article == "some":
            return words("de", FRENCH_ARTICLES["the"][form])
        if self.article in ("all", "of"):
            return FRENCH_ARTICLES["the"][form]
        return FRENCH_ARTICLES.get(self.article, (self.article,) * 3)[form]

    def en(self, style: Style, negated: bool = False) -> str:
        adjective = self.adjective["en"] if self.adjective is not None else ""
        name = words(adjective, en.plural(self.noun) if self.plural else self.noun["en"])
        relative = self.relative.en(style) if self.relative else ""
        return words(self._with_english_article(name, style, negated), relative)

    def _with_english_article(self, name: str, style: Style, negated: bool) -> str:
        if self.article == "a" and not self.plural:
            return en.with_article(name)
        if self.article in ("a", "some"):
            return words(("any" if negated else "some") * style.second, name)
        if self.article == "own":
            assert self.owner is not None
            unknown = not self.owner.gender and self.owner.form == 2
            return words("her" if unknown and style.second else en.owner(self.owner), name)
        if self.article == "of":
            assert self.holder is not None
            return f"{self.holder.en(style)}'s {name}"
        if self.article == "this":
            return words((("this", "that"), ("these", "those"))[self.plural][style.second], name)
        given = {
            "all": "",
            "the": "the",
            "many": "a lot of" if style.second else "many",
            "few": "some" if style.second else "a few",
            **(self.numbers or {}),
        }
        return words(given[self.article], name)


@dataclass(frozen=True)
class Place:
    """A city, country or continent; where one goes or is (`at`), or what one visits."""

    place: Entry

    @property
    def features(self) -> Features:
        plural = bool(self.place.get("plural"))
        return Features(3, plural, self.place.get("gender", "m"))

    def fr(self, negated: bool = False) -> str:
        if self.place.get("city"):
            return self.place["fr"]
        who = self.features
        article = FRENCH_ARTICLES["the"][2 if who.plural else who.gender == "f"]
        return f"{article} {self.place['fr']}"

    def en(self, style: Style, negated: bool = False) -> str:
        return self.place["en"]

    def at(self) -> str:
        """RETURNS (str): The French for in and to: "à Paris", "en Iran", "au Canada"."""
        who, name = self.features, self.place["fr"]
        vowel = fr.begins_with_vowel(name) and not who.plural
        if not self.place.get("city") and (who.gender == "f" or vowel):
            return f"en {name}"
        return f"à {self.fr()}"


@dataclass(frozen=True)
class Fixed:
    """Words that never change."""

    french: str
    english: str


@dataclass(frozen=True)
class Time:
    """When something is done. aspect: see english.verb_group."""

    french: str
    english: str
    aspect: str = ""
