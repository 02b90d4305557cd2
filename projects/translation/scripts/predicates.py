"""What is said of somebody: verbs with what they take, "to be", and clauses about a noun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import english as en
import french as fr
from english import Group, Style
from french import Entry, Features, words
from phrases import Fixed, NounPhrase, Place


class Predicate(Protocol):
    """What is said of somebody. The English is in two parts, for questions."""

    def fr(self, who: Features, *, inverted: bool = False) -> str: ...

    def en(self, who: Features, style: Style, *, aspect: str, question: bool) -> Group: ...


@dataclass(frozen=True)
class Action:
    """A verb with what it takes.

    object (NounPhrase): Whom or what.
    recipient (NounPhrase): To whom.
    where (Place, Fixed): Where, or where to.
    company (NounPhrase): With whom.
    infinitive (Action): What one wants or can do.
    purpose (Action): What for.
    mood (Entry): An adjective: how somebody does it.
    """

    verb: Entry
    tense: str
    polarity: str = ""
    adverb: Fixed | None = None
    object: NounPhrase | None = None
    recipient: NounPhrase | None = None
    where: Place | Fixed | None = None
    company: NounPhrase | None = None
    infinitive: Action | None = None
    purpose: Action | None = None
    mood: Entry | None = None

    def fr(self, who: Features, *, inverted: bool = False, agrees: Features | None = None) -> str:
        group = fr.verb_group(
            self.verb,
            self.tense,
            who,
            polarity=self.polarity,
            adverb=self.adverb.french if self.adverb else "",
            inverted=inverted,
            agrees=agrees,
        )
        return words(group, self.fr_rest(who))

    def fr_infinitive(self, who: Features) -> str:
        """RETURNS (str): As an infinitive."""
        return words(fr.infinitive(self.verb, who), self.fr_rest(who))

    def fr_rest(self, who: Features) -> str:
        """RETURNS (str): All that stands behind the verb."""
        where = self.where
        return words(
            self.infinitive.fr_infinitive(who) if self.infinitive else "",
            self.object.fr(bool(self.polarity)) if self.object else "",
            f"à {self.recipient.fr()}" if self.recipient else "",
            "" if where is None else where.at() if isinstance(where, Place) else where.french,
            f"avec {self.company.fr()}" if self.company else "",
            f"pour {self.purpose.fr_infinitive(who)}" if self.purpose else "",
            fr.agreed(self.mood["fr"], who.gender, who.plural, self.mood) if self.mood else "",
        )

    def en(self, who: Features, style: Style, *, aspect: str, question: bool) -> Group:
        group = en.verb_group(
            self.verb,
            self.tense,
            who,
            style,
            polarity=self.polarity,
            adverb=self.adverb.english if self.adverb else "",
            aspect=aspect,
            question=question,
        )
        return Group(group.helper, words(group.main, self.en_rest(style)))

    def en_infinitive(self, style: Style) -> str:
        """RETURNS (str): As an infinitive without "to"."""
        return words(en.base(self.verb, style), self.en_rest(style))

    def en_rest(self, style: Style) -> str:
        """RETURNS (str): All that stands behind the verb."""
        what = self.object.en(style, bool(self.polarity)) if self.object else ""
        if self.recipient:
            whom = self.recipient.en(style)
            what = f"{whom} {what}" if style.second else f"{what} to {whom}"
        where = ""
        if isinstance(self.where, Place):
            where = f"{self.verb['to']} {self.where.en(style)}"
        elif self.where is not None:
            where = self.where.english
        infinitive = self.infinitive.en_infinitive(style) if self.infinitive else ""
        return words(
            self.verb.get("to", "") if infinitive else "",
            infinitive,
            what,
            where,
            f"with {self.company.en(style)}" if self.company else "",
            f"to {self.purpose.en_infinitive(style)}" if self.purpose else "",
            self.mood["en"] if self.mood else "",
        )


@dataclass(frozen=True)
class Description:
    """To be something: "est très grande", "est médecin", "est plus grande que Paul".

    tense (str): "present", "imperfect" or "future".
    degree (Fixed): Before an adjective.
    trade (Entry): A noun for the adjective: what somebody is by profession.
    than (NounPhrase): What is compared, `equal` with "as ... as".
    """

    tense: str
    adjective: Entry | None = None
    polarity: str = ""
    degree: Fixed | None = None
    trade: Entry | None = None
    than: NounPhrase | None = None
    equal: bool = False

    def fr(self, who: Features, *, inverted: bool = False) -> str:
        group = fr.verb_group(fr.ETRE, self.tense, who, polarity=self.polarity, inverted=inverted)
        if self.trade is not None:
            name = self.trade["fr"]
            return words(group, fr.pluralised(name) if who.plural else name)
        assert self.adjective is not None
        form = fr.agreed(self.adjective["fr"], who.gender, who.plural, self.adjective)
        if self.than:
            return words(group, "aussi" if self.equal else "plus", form, "que", self.than.fr())
        return words(group, self.degree.french if self.degree else "", form)

    def en(self, who: Features, style: Style, *, aspect: str, question: bool) -> Group:
        return to_be(self.tense, who, style, words(self.polarity, self._what(who, style)))

    def _what(self, who: Features, style: Style) -> str:
        if self.trade is not None:
            return en.plural(self.trade) if who.plural else en.with_article(self.trade["en"])
        assert self.adjective is not None
        name = self.adjective["en"]
        if self.than:
            other = self.than.en(style)
            more = self.adjective.get("er", f"more {name}")
            return f"as {name} as {other}" if self.equal else f"{more} than {other}"
        return words(self.degree.english if self.degree else "", name)


@dataclass(frozen=True)
class State:
    """To be what the French have: "avoir faim", "avoir vingt ans"."""

    tense: str
    what: Fixed
    polarity: str = ""

    def fr(self, who: Features, *, inverted: bool = False) -> str:
        group = fr.verb_group(fr.AVOIR, self.tense, who, polarity=self.polarity, inverted=inverted)
        return words(group, self.what.french)

    def en(self, who: Features, style: Style, *, aspect: str, question: bool) -> Group:
        return to_be(self.tense, who, style, words(self.polarity, self.what.english))


def to_be(tense: str, who: Features, style: Style, what: str) -> Group:
    """RETURNS (Group): The English verb "be"."""
    if tense == "future":
        group = en.to_come("be", tense, who, style)
        negation = next((one for one in fr.NEGATIONS if what.startswith(f"{one} ")), "")
        return Group(group.helper, words(negation, group.main, what.removeprefix(f"{negation} ")))
    return Group(en.be(who, past=tense == "imperfect"), what)


@dataclass(frozen=True)
class WhoRelative:
    """A clause whose subject is the noun: "qui chante"."""

    predicate: Predicate
    who: Features

    def fr(self, head: Features) -> str:
        return f"qui {self.predicate.fr(head)}"

    def en(self, style: Style) -> str:
        group = self.predicate.en(self.who, style, aspect="", question=False)
        return words("who", group.helper, group.main)


@dataclass(frozen=True)
class WhatRelative:
    """A clause whose object is the noun: "que Paul a achetée". The participle agrees."""

    subject: NounPhrase
    action: Action

    def fr(self, head: Features) -> str:
        return words("que", self.subject.fr(), self.action.fr(self.subject.features, agrees=head))

    def en(self, style: Style) -> str:
        group = self.action.en(self.subject.features, style, aspect="", question=False)
        that = "" if style.second else "that"
        return words(that, self.subject.en(style), group.helper, group.main)


@dataclass(frozen=True)
class WhereRelative:
    """A clause about what is done there: "où Jane travaille"."""

    subject: NounPhrase
    action: Action

    def fr(self, head: Features) -> str:
        return words("où", self.subject.fr(), self.action.fr(self.subject.features))

    def en(self, style: Style) -> str:
        group = self.action.en(self.subject.features, style, aspect="", question=False)
        return words("where", self.subject.en(style), group.helper, group.main)
