"""Sentences: clauses, questions, orders and what joins them, in French and in English."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Protocol

import english as en
import french as fr
from english import Group, Style
from french import Features, words
from phrases import Fixed, Name, NounPhrase, Pronoun, Time
from predicates import Action, Predicate

STYLES = [Style(*chosen) for chosen in product((False, True), repeat=3)]


class Sentence(Protocol):
    """What can be written in both languages, without capital and full stop."""

    def fr(self, inner: bool = False) -> str: ...

    def en(self, style: Style, inner: bool = False) -> str: ...


def written(sentence: Sentence) -> tuple[str, list[str]]:
    """RETURNS (Tuple[str, List[str]]): The French text, and all of its translations."""
    found = dict.fromkeys(_finished(sentence.en(style)) for style in STYLES)
    return _finished(fr.joined(sentence.fr())), list(found)


def _finished(text: str) -> str:
    """With a capital and a full stop, unless another mark is there."""
    return text[0].upper() + text[1:] + ("" if text.endswith(("?", "!", ".")) else ".")


@dataclass(frozen=True)
class Clause:
    """Somebody, and what is said of them: one predicate or several.

    when (Time): In French at the end, or after the first of several predicates; `front`: first.
    """

    subject: NounPhrase
    predicates: tuple[Predicate, ...]
    when: Time | None = None
    front: bool = False

    def fr(self, inner: bool = False) -> str:
        who = self.subject.features
        front = self.front and not inner and self.when is not None
        when = self.when.french if self.when else ""
        first, *others = (predicate.fr(who) for predicate in self.predicates)
        said = fr.enumerated([words(first, "" if front else when), *others])
        return words(f"{when}," if front else "", self.subject.fr(), said)

    def en(self, style: Style, inner: bool = False) -> str:
        when = self.when.english if self.when else ""
        front = bool(when) and style.front and not inner
        first, *others = self.en_groups(style)
        # "is going to sing and dance": what is the same is not repeated.
        said = [words(first.helper, first.main)]
        for group in others:
            helper = "" if group.helper == first.helper else group.helper
            said.append(words(helper, group.main.removeprefix("" if helper else "going to ")))
        said[0] = words(said[0], "" if front else when)
        start = f"{when}," if front else ""
        return words(start, self.subject.en(style), en.enumerated(said))

    def en_groups(self, style: Style, question: bool = False) -> list[Group]:
        """RETURNS (List[Group]): The predicates in English."""
        aspect = self.when.aspect if self.when else ""
        who = self.subject.features
        return [
            predicate.en(who, style, aspect=aspect, question=question)
            for predicate in self.predicates
        ]


@dataclass(frozen=True)
class Impersonal:
    """What nobody does: "il fait froid à Berlin"."""

    french: str
    english: str
    when: Time | None = None

    def fr(self, inner: bool = False) -> str:
        return words(self.french, self.when.french if self.when else "")

    def en(self, style: Style, inner: bool = False) -> str:
        if self.when is None:
            return self.english
        if style.front and not inner:
            return f"{self.when.english}, {self.english}"
        return f"{self.english} {self.when.english}"


@dataclass(frozen=True)
class There:
    """ "Il y a un chat dans la cuisine."; past: "il y avait"."""

    what: NounPhrase
    where: Fixed
    past: bool = False
    negated: bool = False

    def fr(self, inner: bool = False) -> str:
        verb = "avait" if self.past else "a"
        start = f"il n'y {verb} pas" if self.negated else f"il y {verb}"
        return words(start, self.what.fr(self.negated), self.where.french)

    def en(self, style: Style, inner: bool = False) -> str:
        verb = en.be(self.what.features, past=self.past)
        what = self.what.en(style)
        if self.negated:  # "there is no lamp"
            what = self.what.en(Style()).removeprefix("a ").removeprefix("an ")
        return words("there", verb, "no" * self.negated, what, self.where.english)


@dataclass(frozen=True)
class Joined:
    """Two sentences with a word between, which stands as it is written: " et ", ", mais "."""

    first: Sentence
    word: Fixed
    second: Sentence

    def fr(self, inner: bool = False) -> str:
        return f"{self.first.fr(inner)}{self.word.french}{self.second.fr(True)}"

    def en(self, style: Style, inner: bool = False) -> str:
        return f"{self.first.en(style, inner)}{self.word.english}{self.second.en(style, True)}"


@dataclass(frozen=True)
class Saying:
    """Somebody says or thinks that something is so."""

    subject: NounPhrase
    action: Action
    said: Sentence

    def fr(self, inner: bool = False) -> str:
        who = self.subject.features
        return words(self.subject.fr(), self.action.fr(who), "que", self.said.fr(True))

    def en(self, style: Style, inner: bool = False) -> str:
        group = self.action.en(self.subject.features, style, aspect="", question=False)
        that = "" if style.second else "that"
        start = words(self.subject.en(style), group.helper, group.main, that)
        return f"{start} {self.said.en(style, True)}"


@dataclass(frozen=True)
class When:
    """ "Quand Jane arrivera à Paris, elle ...": the future in French, the present in English."""

    subject: NounPhrase
    first: Action
    then: tuple[Predicate, ...]

    def fr(self, inner: bool = False) -> str:
        who = self.subject.features
        start = words("quand", self.subject.fr(), self.first.fr(who))
        return f"{start}, {Clause(Pronoun(who), self.then).fr()}"

    def en(self, style: Style, inner: bool = False) -> str:
        who = self.subject.features
        # The name stands in the clause that comes first.
        early, late = self.subject, Pronoun(who)
        arriving = Action(self.first.verb, "present", where=self.first.where)
        main = arriving.en(who, style, aspect="habit", question=False).main
        if style.front:
            return words(Clause(early, self.then).en(style, True), "when", late.en(style), main)
        return f"when {early.en(style)} {main}, {Clause(late, self.then).en(style, True)}"


@dataclass(frozen=True)
class Question:
    """A clause as a question. word (Fixed): "où", "quand", "pourquoi"; none for yes or no.
    inverted (bool): "Jane visite-t-elle ...", or else "est-ce que Jane visite ..."."""

    clause: Clause
    word: Fixed | None = None
    inverted: bool = False

    def fr(self, inner: bool = False) -> str:
        subject, when = self.clause.subject, self.clause.when
        (predicate,) = self.clause.predicates
        word = self.word.french if self.word else ""
        said = predicate.fr(subject.features, inverted=self.inverted)
        if self.inverted:
            who = "" if isinstance(subject, Pronoun) else subject.fr()
        else:
            who = f"est-ce que {subject.fr()}"
        return words(word, who, said, when.french if when else "", "?")

    def en(self, style: Style, inner: bool = False) -> str:
        (group,) = self.clause.en_groups(style, question=True)
        start, *rest = group.helper.split()
        who = self.clause.subject.en(style)
        when = self.clause.when.english if self.clause.when else ""
        word = self.word.english if self.word else ""
        return words(word, start, who, *rest, group.main, when) + "?"


@dataclass(frozen=True)
class Who:
    """ "Qui chante dans le jardin ?" """

    predicate: Predicate
    when: Time | None = None

    def fr(self, inner: bool = False) -> str:
        said = self.predicate.fr(Features(3, False, "m"))
        return words("qui", said, self.when.french if self.when else "", "?")

    def en(self, style: Style, inner: bool = False) -> str:
        aspect = self.when.aspect if self.when else ""
        who = Features(3, False, "m")
        group = self.predicate.en(who, style, aspect=aspect, question=False)
        when = self.when.english if self.when else ""
        return words("who", group.helper, group.main, when) + "?"


@dataclass(frozen=True)
class Invitation:
    """ "Voulez-vous chanter avec moi ?" """

    whom: Features
    action: Action

    def fr(self, inner: bool = False) -> str:
        return words(self.action.fr(self.whom, inverted=True), "?")

    def en(self, style: Style, inner: bool = False) -> str:
        doing = self.action.infinitive
        assert doing is not None
        if self.action.verb["en"] == "can":
            return f"can you {doing.en_infinitive(Style())}?"
        start = "would you like" if style.second else "do you want"
        return f"{start} to {doing.en_infinitive(Style())}?"


@dataclass(frozen=True)
class Order:
    """ "Fermez la porte, s'il vous plaît.", "N'oublie pas ton sac !" """

    whom: Features
    action: Action
    polite: bool

    def fr(self, inner: bool = False) -> str:
        verb = fr.present(self.action.verb, self.whom)
        if not self.whom.plural and verb.endswith(("es", "vas")):
            verb = verb[:-1]
        if self.action.polarity:
            verb = words("ne", verb, fr.NEGATIONS[self.action.polarity])
        text = words(verb, self.action.fr_rest(self.whom))
        if not self.polite:
            return f"{text} !"
        return f"{text}, s'il {'vous' if self.whom.plural else 'te'} plaît"

    def en(self, style: Style, inner: bool = False) -> str:
        verb = en.base(self.action.verb, Style())
        negation = {"": "", "not": "do not", "never": "never"}[self.action.polarity]
        text = words(negation, verb, self.action.en_rest(style))
        if not self.polite:
            return f"{text}!"
        return f"please {text}" if style.second else f"{text}, please"


@dataclass(frozen=True)
class Called:
    """A sentence said to somebody: "Paul, où vas-tu ?"."""

    name: Name
    sentence: Sentence

    def fr(self, inner: bool = False) -> str:
        return f"{self.name.fr()}, {self.sentence.fr(True)}"

    def en(self, style: Style, inner: bool = False) -> str:
        return f"{self.name.en(style)}, {self.sentence.en(style, True)}"
