"""Draws phrases from the lexicon: people, things, what is done with them, and when."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import srsly
from french import Entry, Features
from phrases import Fixed, Name, Noun, NounPhrase, Pair, Place, Pronoun, Relative, Time
from predicates import Action, WhatRelative, WhereRelative, WhoRelative

Thing = TypeVar("Thing")
COUNTED = ("food", "drink", "animal", "text")  # what one likes all of: "le pain", "les romans"


class Phrases:
    """Draws phrases.

    lexicon (Path): The words.
    seed (int): The same seed gives the same phrases in the same order.
    """

    def __init__(self, lexicon: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.words: dict[str, Any] = srsly.read_yaml(lexicon)
        self.nouns: dict[str, list[Entry]] = defaultdict(list)
        for noun in self.words["nouns"]:
            self.nouns[noun["class"]].append(noun)
        self.used: set[str] = set()  # names of this sentence: each stands in it once

    def weighted(self, choices: dict[str, int]) -> str:
        """RETURNS (str): One of the keys."""
        return self.random.choices(list(choices), list(choices.values()))[0]

    def one(self, choices: Sequence[Thing]) -> Thing:
        """RETURNS: One of them."""
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        """RETURNS (bool): True in this share of cases."""
        return self.random.random() < share

    def fixed(self, name: str) -> Fixed:
        """RETURNS (Fixed): One line of a two-column part of the lexicon."""
        return Fixed(*self.one(list(self.words[name].items())))

    # Who

    def name(self) -> Name:
        """RETURNS (Name): One that is not in the sentence yet."""
        every = [(name, g) for g, names in self.words["names"].items() for name in names]
        found = self.one([pair for pair in every if pair[0] not in self.used])
        self.used.add(found[0])
        return Name(*found)

    def pronoun(self) -> Pronoun:
        """RETURNS (Pronoun): Of any person."""
        person = self.one((1, 2, 2, 3, 3))
        return Pronoun(Features(person, self.chance(0.4), self.one("mf")))

    def relation(self, whose: Features | None = None, plural: bool = False) -> Noun:
        """RETURNS (Noun): A friend or relative of somebody."""
        owner = whose or Features(self.one((1, 1, 2, 3)), self.chance(0.3), "")
        kinds = ["kin"] if plural else ["kin", "kin", "kin", "parent"]
        noun = self.one(self.nouns[self.one(kinds)])
        adjective = self.adjective(noun, 0.15)
        return Noun(noun, "own", plural, adjective=adjective, owner=owner)

    def person(self, relative: bool = True) -> Noun:
        """RETURNS (Noun): One or several people."""
        plural = self.chance(0.35)
        articles = ["the", "many", "few", "this", "a"] if plural else ["the", "the", "a", "this"]
        noun = self.one(self.nouns["person"])
        clause = self.who_relative(plural, noun) if relative and self.chance(0.12) else None
        return Noun(
            noun, self.one(articles), plural, adjective=self.adjective(noun, 0.3), relative=clause
        )

    def who_relative(self, plural: bool, noun: Entry) -> Relative:
        """RETURNS (Relative): "qui travaille à Rome"."""
        who = Features(3, plural, noun["gender"])
        return WhoRelative(self.action(who, self.one(("present", "past")), deep=False), who)

    def subject(self, relative: bool = True) -> NounPhrase:
        """RETURNS (NounPhrase): Somebody who does something."""
        kind = self.weighted({"name": 6, "pronoun": 9, "relation": 4, "person": 5, "pair": 2})
        if kind == "pair":
            first = self.name()
            both = self.name() if self.chance(0.5) else self.relation(first.features)
            return Pair(first, both)
        if kind == "relation" and self.chance(0.25):
            noun = self.one(self.nouns[self.one(("kin", "parent"))])
            return Noun(noun, "of", holder=self.name())
        if kind == "relation":
            return self.relation(plural=self.chance(0.2))
        if kind == "person":
            return self.person(relative)
        return self.name() if kind == "name" else self.pronoun()

    def other(self, than: Features) -> NounPhrase:
        """RETURNS (NounPhrase): Somebody else, after a preposition."""
        if self.chance(0.3):
            whom = Features(self.one([p for p in (1, 2) if p != than.person]), False, "m")
            return Pronoun(whom, stressed=True)
        return self.name() if self.chance(0.5) else self.relation(than)

    # What

    def adjective(self, noun: Entry, share: float) -> Entry | None:
        """RETURNS (Dict): One that goes with the noun, in this share of cases."""
        if not self.chance(share):
            return None
        found = [
            adjective
            for adjective in self.words["adjectives"]
            if noun["class"] in adjective["of"] and not adjective.get("predicate")
        ]
        return self.one(found) if found else None

    def thing(self, noun: Entry, who: Features, negated: bool, deep: bool) -> Noun:
        """RETURNS (Noun): Something that somebody (`who`) does something with."""
        if noun["class"] in ("art", "idea", "language"):
            return Noun(noun, "all")
        adjective = self.adjective(noun, 0.3)
        if noun.get("mass"):
            return Noun(noun, self.one(("some", "some", "the")), adjective=adjective)
        if noun["class"] == "crowd":
            article = "a" if negated else self.one(("many", "a"))
            return Noun(noun, article, True, adjective=self.adjective(noun, 0.7))
        plural = self.chance(0.3)
        articles = ["the", "this", "a", "own"]
        if noun["class"] in ("person", "animal", "sight", "song", "film", "opening"):
            articles.remove("own")
        if plural and not negated:
            articles += ["many", "few", self.one(list(self.words["numbers"]))]
        article = self.one(articles)
        if not plural and deep and noun["class"] in ("text", "thing", "clothes"):
            if self.chance(0.12):
                return Noun(noun, "of", holder=self.name())
            if self.chance(0.12):
                return Noun(noun, "the", adjective=adjective, relative=self.what_relative(noun))
        owner = who if article == "own" else None
        return Noun(noun, article, plural, adjective, owner, numbers=self.words["numbers"])

    def what_relative(self, noun: Entry) -> Relative:
        """RETURNS (Relative): "que Jane a achetée"."""
        kind = noun["class"]
        verbs = [verb for verb in self.words["verbs"]["transitive"] if kind in verb["takes"]]
        verb = self.one([verb for verb in verbs if not verb.get("present_only")])
        tense = self.one(("past", "past", "present"))
        return WhatRelative(self.name(), Action(verb, tense))

    def where_relative(self) -> Relative:
        """RETURNS (Relative): "où Jane travaille"."""
        verbs = self.words["verbs"]
        verb = self.one([*verbs["motion"][-3:], *verbs["plain"][:3]])
        return WhereRelative(self.name(), Action(verb, self.one(("present", "past"))))

    def object_of(self, verb: Entry, who: Features, negated: bool, deep: bool) -> NounPhrase:
        """RETURNS (NounPhrase): Something or somebody that the verb takes."""
        kind = self.one(verb["takes"])
        if kind == "place":
            return Place(self.one(self.words["places"]))
        if kind == "name":
            return self.name()
        if kind in ("kin", "parent"):
            return self.relation(who)
        if kind == "person":
            found = self.person(relative=deep and not negated)
            few = found.article in ("many", "few") and negated
            return Noun(found.noun, "the", found.plural) if few else found
        noun = self.one(self.nouns[kind])
        if verb.get("generic") and kind in COUNTED:
            return Noun(noun, "all", not noun.get("mass"))
        if verb.get("generic") and kind == "song":
            return Noun(noun, "this", self.chance(0.3))
        return self.thing(noun, who, negated, deep)

    # What is said of somebody

    def action(
        self, who: Features, tense: str, polarity: str = "", deep: bool = True, kind: str = ""
    ) -> Action:
        """RETURNS (Action): What somebody does. deep (bool): With all that may stand around it."""
        kinds = {"transitive": 8, "giving": 2, "plain": 3, "motion": 5, "modal": 2}
        if not deep or tense in ("past", "near"):
            kinds.pop("modal")
        kind = kind or self.weighted(kinds)
        verb = self.verb(kind, tense, polarity)
        negated = bool(polarity)
        adverb = None
        if deep and tense == "present" and not negated and kind != "modal" and self.chance(0.1):
            adverb = None if verb.get("state") or verb.get("settled") else self.fixed("adverbs")
        done = Action(verb, tense, polarity, adverb)
        if kind == "transitive":
            return self._with(done, object=self.object_of(verb, who, negated, deep))
        if kind == "giving":
            thing = self.thing(self.one(self.nouns[self.one(verb["takes"])]), who, negated, False)
            whom = self.name() if self.chance(0.4) else self.relation(who)
            return self._with(done, object=thing, recipient=whom)
        if kind == "modal":
            return self._with(done, infinitive=self.wanted(verb, who, negated))
        if kind == "plain":
            spots = list(verb.get("at", self.words["spots"]).items())
            where = Fixed(*self.one(spots)) if self.chance(0.6) else None
            company = self.other(who) if deep and self.chance(0.25) else None
            return self._with(done, where=where, company=company)
        return self.journey(done, who, deep)

    def wanted(self, modal: Entry, who: Features, negated: bool) -> Action:
        """RETURNS (Action): What one wants or can do; or not, and then no "a" is in it."""
        while True:
            action = self.action(who, "present", deep=False)
            verb, thing = action.verb, action.object
            if verb.get("state") or verb.get("no_progressive"):
                continue
            if modal["fr"] == "savoir" and not verb.get("skill"):
                continue
            article = thing.article if isinstance(thing, Noun) else ""
            if not negated or article not in ("a", "some", "many", "few"):
                return action

    @staticmethod
    def _with(action: Action, **parts: Any) -> Action:
        given = {**vars(action), **parts}
        return Action(**given)

    def journey(self, done: Action, who: Features, deep: bool) -> Action:
        """RETURNS (Action): A verb of motion, with where to."""
        goes = done.verb["to"] == "to"
        to_place = not goes or done.verb["fr"] == "venir" or self.chance(0.75)
        where = Place(self.one(self.words["places"])) if to_place else self.fixed("destinations")
        moves = done.verb.get("be") and not done.verb.get("settled")
        company = self.other(who) if deep and moves and self.chance(0.15) else None
        purpose = None
        if deep and moves and not done.polarity and self.chance(0.2):
            verbs = [v for v in self.words["verbs"]["transitive"] if not v.get("state")]
            verb = self.one(verbs)
            thing = self.object_of(verb, who, False, False)
            purpose = Action(verb, "present", object=thing)
        return self._with(done, where=where, company=company, purpose=purpose)

    def verb(self, kind: str, tense: str, polarity: str) -> Entry:
        """RETURNS (Dict): A verb that may stand in this tense."""
        verbs = self.words["verbs"][kind]
        if tense != "present":
            verbs = [verb for verb in verbs if not verb.get("present_only")]
        if kind == "modal":
            verbs = [v for v in verbs if tense == "present" or v["fr"] in ("pouvoir", "devoir")]
            verbs = [verb for verb in verbs if not (polarity and verb["en"] == "must")]
        return self.one(verbs)

    def when(self, action: Action) -> Time | None:
        """RETURNS (Time): A time that goes with what is done."""
        verb, tense, polarity = action.verb, action.tense, action.polarity
        timeless = verb.get("state") or verb.get("settled")
        if action.adverb or action.infinitive or polarity in ("never", "no longer"):
            return None
        if tense == "present" and timeless:
            return None
        if self.chance(0.5):
            return self.month(tense)
        if tense == "present" and self.chance(0.15):
            french, english = self.one(list(self.words["seasons"].items()))
            return Time(french, english, "habit")
        times = [time for time in self.words["times"] if tense in time["tenses"]]
        if polarity:  # "Every day, she does not sing": nobody says so.
            times = [time for time in times if time.get("aspect") != "habit"]
        found = self.one(times)
        aspect = "then" if tense == "past" else found.get("aspect", "")
        return Time(found["fr"], found["en"], aspect)

    def month(self, tense: str) -> Time:
        """RETURNS (Time): "en septembre", "en septembre dernier"."""
        french, english = self.one(list(self.words["months"].items()))
        aspect = "then" if tense == "past" else ""
        if tense == "past" and self.chance(0.4):
            return Time(f"en {french} dernier", f"last {english}", aspect)
        if tense in ("future", "near") and self.chance(0.3):
            return Time(f"en {french} prochain", f"next {english}", aspect)
        return Time(f"en {french}", f"in {english}", aspect)
