"""The grammar: draws sentences of many kinds, each in French and in English."""

from __future__ import annotations

from collections.abc import Callable

from french import Entry, Features
from phrase_draws import Phrases
from phrases import Fixed, Noun, NounPhrase, Place, Pronoun, Time
from predicates import Action, Description, State
from sentences import (
    Called,
    Clause,
    Impersonal,
    Invitation,
    Joined,
    Order,
    Question,
    Saying,
    Sentence,
    There,
    When,
    Who,
    written,
)

TENSES = {"present": 4, "past": 4, "future": 2, "near": 1}
PEOPLE = ("person", "kin", "parent", "crowd")
# Kinds of sentences, and how often each is drawn.
KINDS = {
    "statement": 30,
    "several": 8,
    "negation": 10,
    "question": 8,
    "who": 2,
    "invitation": 3,
    "order": 3,
    "description": 8,
    "comparison": 3,
    "state": 3,
    "weather": 2,
    "there": 3,
    "two": 10,
    "saying": 5,
    "when": 4,
    "story": 4,
    "three": 5,
}
# Where long sentences are wanted too: these more often.
LONG_KINDS = {"story": 60, "three": 100}
# A time that is not said, but asks for the simple past.
THEN = Time("", "", "then")
YOU = (Features(2, False, "m"), Features(2, True, "m"))


class Grammar(Phrases):
    """Draws sentences."""

    def draw(self, kinds: dict[str, int] = KINDS) -> tuple[str, list[str]]:
        """RETURNS (Tuple[str, List[str]]): A French sentence and all of its translations."""
        self.used = set()
        kind = self.weighted(kinds)
        draw: Callable[[], Sentence] = getattr(self, f"draw_{kind}")
        return written(draw())

    def clause(
        self, subject: NounPhrase | None = None, tense: str = "", polarity: str = ""
    ) -> Clause:
        """RETURNS (Clause): Somebody does something."""
        subject = subject or self.subject()
        action = self.action(subject.features, tense or self.weighted(TENSES), polarity)
        when = self.when(action) if self.chance(0.45) else None
        return Clause(subject, (action,), when, front=self.chance(0.2))

    def draw_statement(self) -> Sentence:
        return self.clause()

    def draw_negation(self) -> Sentence:
        polarity = self.one(("not", "not", "never", "no longer"))
        tenses = {"never": ("present", "past"), "no longer": ("present", "future")}
        tense = self.one(tenses.get(polarity, tuple(TENSES)))
        subject = self.subject(relative=False)
        clause = self.clause(subject, tense, polarity)
        (action,) = clause.predicates
        assert isinstance(action, Action)
        if polarity == "never" and action.infinitive:
            return self.draw_negation()
        return clause

    def draw_several(self) -> Sentence:
        return self.several(self.subject(), 2 if self.chance(0.7) else 3)

    def several(self, subject: NounPhrase, number: int) -> Clause:
        """RETURNS (Clause): Somebody does two or three things."""
        tense = self.weighted({"present": 2, "past": 5, "future": 2})
        who = subject.features
        kinds = ["transitive", "transitive", "giving", "plain", "motion"]
        actions: list[Action] = []
        while len(actions) < number:
            action = self.action(who, tense, deep=not actions, kind=self.one(kinds))
            if action.verb["fr"] not in {done.verb["fr"] for done in actions}:
                actions.append(action)
        actions[0] = self._with(actions[0], adverb=None)
        when = self.when(actions[0]) if self.chance(0.5) else None
        return Clause(subject, tuple(actions), when, front=self.chance(0.3))

    def draw_question(self) -> Sentence:
        subject = self.subject(relative=False)
        if subject.features.person == 1 and not subject.features.plural:
            subject = self.name()
        word = self.one(
            (None, None, Fixed("où", "where"), Fixed("quand", "when"), Fixed("pourquoi", "why"))
        )
        tense = self.one(("present", "past", "future"))
        kind = "motion" if word and word.english == "where" else ""
        action = self.action(subject.features, tense, deep=False, kind=kind)
        if kind:
            action = Action(self.going(action.verb), tense)
        when = THEN if word and word.english == "when" and tense == "past" else None
        if (word is None or word.english != "when") and self.chance(0.4):
            when = self.when(action)
        clause = Clause(subject, (action,), when)
        asked = Question(clause, word, inverted=self.chance(0.6))
        called = isinstance(subject, Pronoun) and subject.features.form == 1
        return Called(self.name(), asked) if called and self.chance(0.3) else asked

    def going(self, verb: Entry) -> Entry:
        """RETURNS (Dict): The verb, or "aller" for one that needs to be told where to."""
        needs = verb["fr"] in ("se rendre", "retourner", "arriver", "venir")
        return self.words["verbs"]["motion"][0] if needs else verb

    def draw_who(self) -> Sentence:
        who = Features(3, False, "m")
        action = self.action(who, self.one(("present", "past", "future")), deep=False)
        return Who(action, self.when(action) if self.chance(0.4) else None)

    def draw_invitation(self) -> Sentence:
        whom = self.one(YOU)
        modal = self.words["verbs"]["modal"][self.one((0, 0, 1))]
        doing = self.wanted(modal, whom, False)
        who = (
            self.other(whom)
            if self.chance(0.3)
            else Pronoun(Features(1, self.chance(0.3), "m"), True)
        )
        if self.chance(0.8):
            doing = self._with(doing, company=who)
        return Invitation(whom, Action(modal, "present", infinitive=doing))

    def draw_order(self) -> Sentence:
        whom = self.one(YOU)
        verbs = [verb for verb in self.words["verbs"]["transitive"] if not verb.get("state")]
        verb = self.one(verbs)
        polarity = self.one(("", "", "not"))
        thing = self.object_of(verb, whom, bool(polarity), False)
        return Order(whom, Action(verb, "present", polarity, object=thing), self.chance(0.5))

    def description(self, subject: NounPhrase, kind: str) -> Description:
        """RETURNS (Description): What somebody or something of this class is like."""
        found = [
            adjective
            for adjective in self.words["adjectives"]
            if kind in adjective["of"] and not adjective.get("attribute")
        ]
        adjective = self.one(found)
        polarity = self.one(("", "", "", "not", "no longer"))
        degree = None
        if not adjective.get("ungraded") and self.chance(0.5):
            # "pas assez" is "not enough": it would need another order of words.
            degree = Fixed("très", "very") if polarity else self.fixed("degrees")
        tense = self.one(("present", "present", "imperfect", "future"))
        return Description(tense, adjective, polarity, degree)

    def draw_description(self) -> Sentence:
        subject = self.subject()
        if self.chance(0.5):
            kind = self.one(
                ("thing", "town", "gift", "clothes", "text", "film", "animal", "opening")
            )
            plural = self.chance(0.35)
            noun = self.one(self.nouns[kind])
            subject = (
                self.owned(noun, plural)
                if self.chance(0.4)
                else Noun(noun, self.one(("the", "this")), plural)
            )
            if kind == "town" and self.chance(0.3):
                subject = Noun(noun, "the", relative=self.where_relative())
            if kind in ("text", "thing", "clothes") and self.chance(0.3):
                subject = Noun(noun, "the", relative=self.what_relative(noun))
            return Clause(subject, (self.description(subject, kind),))
        if self.chance(0.25):
            trades = [
                n
                for n in self.nouns["person"]
                if n["fr"] not in ("homme", "femme", "garçon", "fille", "enfant")
            ]
            who = subject.features
            trades = [n for n in trades if n["gender"] == who.gender]
            if trades and who.gender:
                polarity = self.one(("", "", "not", "no longer"))
                tense = self.one(("present", "imperfect", "future"))
                return Clause(
                    subject, (Description(tense, polarity=polarity, trade=self.one(trades)),)
                )
        return Clause(subject, (self.description(subject, "parent"),))

    def owned(self, noun: Entry, plural: bool) -> Noun:
        """RETURNS (Noun): Something that somebody has."""
        if self.chance(0.4):
            return Noun(noun, "of", plural, holder=self.name())
        owner = Features(self.one((1, 2, 3)), self.chance(0.3), "")
        return Noun(noun, "own", plural, owner=owner)

    def draw_comparison(self) -> Sentence:
        subject = self.subject(relative=False)
        found = [
            a for a in self.words["adjectives"] if "parent" in a["of"] and not a.get("ungraded")
        ]
        than = self.name() if self.chance(0.5) else self.relation(subject.features)
        said = Description("present", self.one(found), than=than, equal=self.chance(0.3))
        return Clause(subject, (said,))

    def draw_state(self) -> Sentence:
        subject = self.subject()
        tense = self.one(("present", "present", "imperfect", "future"))
        polarity = self.one(("", "", "", "not", "no longer"))
        if self.chance(0.3):
            french, english = self.one(list(self.words["ages"].items()))
            what = Fixed(f"{french} ans", f"{english} years old")
            return Clause(subject, (State("present", what, self.one(("", "", "not"))),))
        return Clause(subject, (State(tense, self.fixed("states"), polarity),))

    def draw_weather(self) -> Sentence:
        weather = self.one(self.words["weather"])
        place = Place(self.one(self.words["places"]))
        french = f"il fait {weather['fr']} {place.at()}"
        english = f"{weather['en']} in {place.place['en']}"
        if self.chance(0.5):
            return Impersonal(french, english, self.month("present"))
        return Impersonal(french, english, Time(*self.one(list(self.words["seasons"].items()))))

    def draw_there(self) -> Sentence:
        kind = self.one(("animal", "animal", "person", "thing", "gift", "food", "text"))
        noun = self.one(self.nouns[kind])
        negated = self.chance(0.2)
        plural = not noun.get("mass") and self.chance(0.5)
        articles = ["many", "few", "a", self.one(list(self.words["numbers"]))]
        article = self.one(articles) if plural and not negated else "a"
        article = "some" if noun.get("mass") else article
        what = Noun(noun, article, plural, self.adjective(noun, 0.4), numbers=self.words["numbers"])
        return There(what, self.fixed("spots"), self.chance(0.3), negated)

    def part(self) -> Sentence:
        """RETURNS (Sentence): One side of a longer sentence."""
        kind = self.weighted(
            {"statement": 6, "several": 2, "description": 2, "state": 1, "negation": 2}
        )
        return getattr(self, f"draw_{kind}")()

    def draw_two(self) -> Sentence:
        first = self.part()
        if isinstance(first, Clause) and is_somebody(first.subject) and self.chance(0.5):
            who = first.subject.features
            second: Sentence = self.clause(Pronoun(who), polarity=self.one(("", "not")))
        else:
            second = self.part()
        joint = self.weighted({"et": 4, "mais": 3, "parce que": 3, ";": 1})
        word = {
            "et": Fixed(" et ", " and "),
            "mais": Fixed(", mais ", ", but "),
            "parce que": Fixed(" parce que ", " because "),
            ";": Fixed(" ; ", "; "),
        }[joint]
        return Joined(first, word, second)

    def draw_three(self) -> Sentence:
        word = self.one((Fixed(" ; ", "; "), Fixed(", et ", ", and ")))
        return Joined(self.draw_two(), word, self.part())

    def draw_saying(self) -> Sentence:
        subject = self.subject(relative=False)
        verb = self.one(self.words["verbs"]["saying"])
        return Saying(subject, Action(verb, "present"), self.part())

    def draw_when(self) -> Sentence:
        subject = self.subject(relative=False)
        who = subject.features
        verbs = [
            v for v in self.words["verbs"]["motion"] if v["fr"] in ("arriver", "aller", "retourner")
        ]
        first = Action(self.one(verbs), "future", where=Place(self.one(self.words["places"])))
        actions = [self.action(who, "future", deep=self.chance(0.5), kind="transitive")]
        if self.chance(0.3):
            actions.append(self.action(who, "future", deep=False, kind="transitive"))
        return When(subject, first, tuple(actions))

    def draw_story(self) -> Sentence:
        """RETURNS (Sentence): Somebody went somewhere, did this and that, and came back."""
        subject = self.subject(relative=False)
        who = subject.features
        verbs = self.words["verbs"]
        by_name = {
            verb["fr"]: verb for kind in ("motion", "transitive", "modal") for verb in verbs[kind]
        }
        went = by_name[self.one(("aller", "se rendre", "se rendre", "retourner"))]
        place = Place(self.one(self.words["places"]))
        steps = [
            "apprécier",
            "rencontrer",
            "visiter",
            "acheter",
            "lire",
            "chanter",
            "manger",
            "découvrir",
            "perdre",
        ]
        actions = [Action(went, "past", where=place)]
        for name in self.random.sample(steps, self.one((1, 2, 2, 3))):
            verb = by_name[name]
            actions.append(Action(verb, "past", object=self.object_of(verb, who, False, False)))
        first = Clause(subject, tuple(actions), self.when(actions[0]), front=self.chance(0.3))
        return Joined(first, Fixed(" ; ", "; "), self.back(Pronoun(who), by_name["vouloir"]))

    def back(self, subject: Pronoun, want: Entry) -> Sentence:
        """RETURNS (Sentence): "elle est revenue heureuse, et elle veut y retourner"."""
        moods = [a for a in self.words["adjectives"] if a["fr"] in ("heureux", "fatigué", "triste")]
        came = Action(self.words["verbs"]["back"][0], "past", mood=self.one(moods))
        wish = Action(self.words["verbs"]["back"][1], "present")
        wants = Action(want, "present", self.one(("", "", "not")), infinitive=wish)
        word = Fixed(", mais ", ", but ") if wants.polarity else Fixed(", et ", ", and ")
        return Joined(Clause(subject, (came,), THEN), word, Clause(subject, (wants,)))


def is_somebody(subject: NounPhrase) -> bool:
    """RETURNS (bool): Whether it is people, whom "he", "she" or "they" can stand for."""
    return not isinstance(subject, Noun) or subject.noun["class"] in PEOPLE
