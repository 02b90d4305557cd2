"""French forms: conjugation, agreement, and the joining of words (elision, contraction)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Entry = Mapping[str, Any]  # a line of the lexicon


class Features(NamedTuple):
    """Who does something. person: 1 to 3. gender: "m" or "f"."""

    person: int
    plural: bool
    gender: str

    @property
    def form(self) -> int:
        """Which of the six forms of a verb."""
        return self.person - 1 + 3 * self.plural


AVOIR: Entry = {
    "fr": "avoir",
    "present": ["ai", "as", "a", "avons", "avez", "ont"],
    "imperfect": ["avais", "avais", "avait", "avions", "aviez", "avaient"],
    "future": "aur",
}
ETRE: Entry = {
    "fr": "être",
    "present": ["suis", "es", "est", "sommes", "êtes", "sont"],
    "imperfect": ["étais", "étais", "était", "étions", "étiez", "étaient"],
    "future": "ser",
}
ALLER: Entry = {"fr": "aller", "present": ["vais", "vas", "va", "allons", "allez", "vont"]}
NEGATIONS = {"not": "pas", "never": "jamais", "no longer": "plus"}
PRONOUNS = ("je", "tu", "il", "nous", "vous", "ils")
REFLEXIVES = ("me", "te", "se", "nous", "vous", "se")
STRESSED = ("moi", "toi", "lui", "nous", "vous", "eux")
OWNERS = (
    ("mon", "ma", "mes"),
    ("ton", "ta", "tes"),
    ("son", "sa", "ses"),
    ("notre", "notre", "nos"),
    ("votre", "votre", "vos"),
    ("leur", "leur", "leurs"),
)
ELIDED = {"je", "me", "te", "se", "le", "la", "de", "ne", "que"}
CONTRACTED = {
    ("à", "le"): "au",
    ("à", "les"): "aux",
    ("de", "le"): "du",
    ("de", "les"): "des",
}
BEFORE_VOWEL = {"ma": "mon", "ta": "ton", "sa": "son", "ce": "cet"}


def pronoun(who: Features) -> str:
    """RETURNS (str): The subject pronoun."""
    if who.person == 3 and who.gender == "f":
        return "elles" if who.plural else "elle"
    return PRONOUNS[who.form]


def stressed(who: Features) -> str:
    """RETURNS (str): The pronoun after a preposition."""
    if who.person == 3 and who.gender == "f":
        return "elles" if who.plural else "elle"
    return STRESSED[who.form]


def agreed(word: str, gender: str, plural: bool, forms: Entry | None = None) -> str:
    """RETURNS (str): An adjective, noun or participle in gender and number. `forms` has those that
    the rule does not give: f, mp, fp."""
    forms = forms or {}
    feminine = forms.get("f", word if word.endswith("e") else f"{word}e")
    single = feminine if gender == "f" else word
    if not plural:
        return single
    return forms.get(f"{gender}p") or pluralised(single)


def pluralised(noun: str) -> str:
    """RETURNS (str): The plural, by the rule."""
    if noun.endswith(("s", "x")):
        return noun
    return noun + ("x" if noun.endswith(("eau", "eu")) else "s")


def infinitive(verb: Entry, who: Features) -> str:
    """RETURNS (str): The infinitive; its reflexive pronoun is that of who does it."""
    name: str = verb["fr"]
    if name.startswith("se "):
        return f"{REFLEXIVES[who.form]} {name[3:]}"
    return name


def present(verb: Entry, who: Features) -> str:
    """RETURNS (str): The present tense, without pronoun."""
    stem = verb["fr"].removesuffix("er")
    regular = [stem + end for end in ("e", "es", "e", "ons", "ez", "ent")]
    return verb.get("present", regular)[who.form]


def future(verb: Entry, who: Features) -> str:
    """RETURNS (str): The simple future."""
    stem = verb.get("future", verb["fr"])
    return stem + ("ai", "as", "a", "ons", "ez", "ont")[who.form]


def participle(verb: Entry, agrees: Features | None = None) -> str:
    """RETURNS (str): The past participle, agreeing with what it must agree with."""
    done = verb.get("done", verb["fr"].removesuffix("er") + "é")
    return done if agrees is None else agreed(done, agrees.gender, agrees.plural)


def verb_group(
    verb: Entry,
    tense: str,
    who: Features,
    *,
    polarity: str = "",
    adverb: str = "",
    inverted: bool = False,
    agrees: Features | None = None,
) -> str:
    """A verb with all that stands around it: "ne s'est-elle jamais rendue".

    tense (str): "present", "past" (passé composé), "imperfect", "future" or "near" (aller).
    polarity (str): One of NEGATIONS, or "".
    inverted (bool): The pronoun behind the verb, as in a question.
    agrees (Features): An object that stands before, with which a participle with avoir agrees.
    RETURNS (str): The words, not joined yet.
    """
    clitic = REFLEXIVES[who.form] if verb["fr"].startswith("se ") else ""
    rest = ""
    if tense == "past":
        helper = ETRE if verb.get("be") else AVOIR
        finite = present(helper, who)
        rest = participle(verb, who if verb.get("be") else agrees)
    elif tense == "near":
        finite, rest, clitic = present(ALLER, who), infinitive(verb, who), ""
    elif tense == "imperfect":
        finite = verb["imperfect"][who.form]
    else:
        finite = future(verb, who) if tense == "future" else present(verb, who)
    if inverted:
        finite = f"{finite}{'-t' * finite.endswith(('e', 'a')) * (who.person == 3)}-{pronoun(who)}"
    if polarity:
        return words("ne", clitic, finite, NEGATIONS[polarity], adverb, rest)
    return words(clitic, finite, adverb, rest)


def words(*parts: str) -> str:
    """RETURNS (str): What is not empty, parted by blanks."""
    return " ".join(part for part in parts if part)


def joined(text: str) -> str:
    """Elide and contract: "parce que elle va à le marché" is "parce qu'elle va au marché".

    RETURNS (str): The text as it is written.
    """
    given = text.split()
    for i, word in enumerate(given[:-1]):
        if begins_with_vowel(given[i + 1]):
            given[i] = f"{word[:-1]}'" if word in ELIDED else BEFORE_VOWEL.get(word, word)
    done: list[str] = []
    for word in given:
        if done and (done[-1], word) in CONTRACTED:
            done[-1] = CONTRACTED[done[-1], word]
        else:
            done.append(word)
    return " ".join(done).replace("' ", "'")


def begins_with_vowel(word: str) -> bool:
    """RETURNS (bool): Whether words are elided before it: an h is silent, none of the lexicon is
    aspirated."""
    first = unicodedata.normalize("NFD", word)[0].lower()
    return first in "aeiouhœ" or word == "y"


def enumerated(items: Iterable[str]) -> str:
    """RETURNS (str): "a, b et c"."""
    *before, last = items
    return f"{', '.join(before)} et {last}" if before else last
