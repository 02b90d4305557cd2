"""English forms: verbs with their auxiliaries, plurals, articles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from french import Entry, Features

# What these are in the future.
MODALS = {"can": "be able to", "must": "have to"}
IRREGULAR_THIRD = {"have": "has", "be": "is", "go": "goes"}
PRONOUNS = ("I", "you", "he", "we", "you", "they")
OBJECTS = ("me", "you", "him", "us", "you", "them")
OWNERS = ("my", "your", "his", "our", "your", "their")


class Style(NamedTuple):
    """Which of several right translations is written. Each is followed through a whole sentence.

    aspect: the other one: "visits" for "is visiting", "has visited" for "visited", "is going to
        visit" for "will visit".
    front (bool): The time stands first: "In September, ...".
    second (bool): The second of two words: "loves" for "likes", "her" for "his".
    """

    aspect: bool = False
    front: bool = False
    second: bool = False


class Group(NamedTuple):
    """A verb in two parts, so that a question can have the subject between them."""

    helper: str  # "is", "does", "will", "" for none
    main: str


def pronoun(who: Features) -> str:
    """RETURNS (str): The subject pronoun."""
    return "she" if who == Features(3, False, "f") else PRONOUNS[who.form]


def stressed(who: Features) -> str:
    """RETURNS (str): The pronoun after a preposition."""
    return "her" if who == Features(3, False, "f") else OBJECTS[who.form]


def owner(who: Features) -> str:
    """RETURNS (str): my, your, his ..."""
    return "her" if who == Features(3, False, "f") else OWNERS[who.form]


def be(who: Features, past: bool = False) -> str:
    """RETURNS (str): am, is, are, was or were."""
    if who.plural or who.person == 2:
        return "were" if past else "are"
    if past:
        return "was"
    return "am" if who.person == 1 else "is"


def base(verb: Entry, style: Style) -> str:
    """RETURNS (str): The infinitive without "to"."""
    return verb.get("second", verb["en"]) if style.second else verb["en"]


def _inflected(verb: Entry, style: Style, form: str) -> str:
    """RETURNS (str): The form "past", "been" or "ing"; of "look for" the first word has it."""
    first, *rest = base(verb, style).split()
    if style.second and "second" in verb:
        given = verb.get(f"{form}_second") or (form == "been" and verb.get("past_second"))
    else:
        given = verb.get(form) or (form == "been" and verb.get("past"))
    if given:
        return " ".join([given, *rest]) if " " not in given else given
    return " ".join([ing(first) if form == "ing" else past(first), *rest])


def ing(word: str) -> str:
    """RETURNS (str): The -ing form, by the rule."""
    return (word[:-1] if word.endswith("e") and not word.endswith("ee") else word) + "ing"


def past(word: str) -> str:
    """RETURNS (str): The past, by the rule."""
    if word.endswith("e"):
        return f"{word}d"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ied"
    return f"{word}ed"


def third(text: str) -> str:
    """RETURNS (str): The third person singular of the present."""
    first, *rest = text.split()
    return " ".join([IRREGULAR_THIRD.get(first, _with_s(first)), *rest])


def _with_s(word: str) -> str:
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def plural(noun: Entry) -> str:
    """RETURNS (str): The plural."""
    if "plural_en" in noun:
        return noun["plural_en"]
    name: str = noun["en"]
    return _with_s(name)


def with_article(text: str) -> str:
    """RETURNS (str): With "a" or "an"; no word of the lexicon is an exception."""
    return f"{'an' if text[0].lower() in 'aeiou' else 'a'} {text}"


def verb_group(
    verb: Entry,
    tense: str,
    who: Features,
    style: Style,
    *,
    polarity: str = "",
    adverb: str = "",
    aspect: str = "",
    question: bool = False,
) -> Group:
    """A verb in a French tense, with negation and adverb.

    tense (str): As in french.verb_group.
    aspect (str): "habit" asks for the simple present, "now" for the progressive, "then" (a time in
        the past is said) for the simple past.
    question (bool): A helper is needed: "does".
    """
    if tense == "present":
        simple = _is_simple(verb, style, polarity, adverb, aspect)
        group = _present(verb, who, style, simple)
    elif tense == "past":
        perfect = style.aspect and aspect != "then" and not verb.get("state")
        been = _inflected(verb, style, "been")
        group = (
            Group("has" if _is_third(who) else "have", been)
            if perfect
            else Group("", _inflected(verb, style, "past"))
        )
    else:
        group = to_come(base(verb, style), tense, who, style)
    if not group.helper and (question or polarity == "not"):
        do = "does" if _is_third(who) else "do"
        group = Group("did" if tense == "past" else do, base(verb, style))
    if group.helper == "can" and polarity == "not" and not question:
        return Group("cannot", " ".join(filter(None, [adverb, group.main])))
    return Group(group.helper, " ".join(filter(None, [polarity, adverb, group.main])))


def to_come(main: str, tense: str, who: Features, style: Style) -> Group:
    """RETURNS (Group): "will visit" or "is going to visit", which both tenses may have."""
    if MODALS.get(main):
        main = MODALS[main]
    if (tense == "near") != style.aspect:
        return Group(be(who), f"going to {main}")
    return Group("will", main)


def _is_third(who: Features) -> bool:
    return who.person == 3 and not who.plural


def _is_simple(verb: Entry, style: Style, polarity: str, adverb: str, aspect: str) -> bool:
    if verb.get("state") or verb.get("no_progressive") or polarity == "never" or adverb:
        return True
    return style.aspect if not aspect else aspect != "now"


def _present(verb: Entry, who: Features, style: Style, simple: bool) -> Group:
    main = base(verb, style)
    if main in MODALS:
        return Group(main, "")
    if main.startswith("be "):  # "be able to"
        return Group(be(who), main[3:])
    if not simple:
        return Group(be(who), _inflected(verb, style, "ing"))
    return Group("", third(main) if _is_third(who) else main)


def enumerated(items: Iterable[str]) -> str:
    """RETURNS (str): "a, b and c"."""
    *before, last = items
    return f"{', '.join(before)} and {last}" if before else last
