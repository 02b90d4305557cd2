"""projects/translation: the grammar writes right French and English, the splits share no sentence,
the reversal task is Joey NMT's, and the workflow `all` runs."""

import json
import re
import shutil
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.project.load import load_project
from seqpipe.training.config_file import parse_overrides
from tests.processes import python, seqpipe, without_torch

PROJECT = Path(__file__).parents[2] / "projects" / "translation"
SCRIPTS, ASSETS = PROJECT / "scripts", PROJECT / "assets"
LEXICON = ASSETS / "lexicon.yml"
MULTI30K = PROJECT.parents[2] / "shared" / "data" / "mt" / "multi30k" / "tok"
sys.path.insert(0, str(SCRIPTS))
french, english, phrases, predicates, sentences, grammar, make_corpus = map(
    import_module,
    ("french", "english", "phrases", "predicates", "sentences", "grammar", "make_corpus"),
)
sys.path.remove(str(SCRIPTS))

GRAMMAR = grammar.Grammar(LEXICON, 0)
VERBS = {
    (kind, verb["fr"]): verb for kind, verbs in GRAMMAR.words["verbs"].items() for verb in verbs
}
NOUNS = {noun["fr"]: noun for noun in GRAMMAR.words["nouns"]}
ADJECTIVES = {adjective["fr"]: adjective for adjective in GRAMMAR.words["adjectives"]}
PLACES = {place["fr"]: phrases.Place(place) for place in GRAMMAR.words["places"]}
JANE, PAUL = phrases.Name("Jane", "f"), phrases.Name("Paul", "m")
I_HER, YOU_ALL = french.Features(1, False, "f"), french.Features(2, True, "m")
WHO = {
    "il": french.Features(3, False, "m"),
    "elle": french.Features(3, False, "f"),
    "ils": french.Features(3, True, "m"),
    "elles": french.Features(3, True, "f"),
    "je": french.Features(1, False, "m"),
    "tu": french.Features(2, False, "m"),
    "nous": french.Features(1, True, "m"),
    "vous": french.Features(2, True, "m"),
}


def run(folder, script, *words, expected=0):
    """What a script says; what it complains, if it should fail."""
    done = python(SCRIPTS / script, *words, cwd=folder)
    assert done.returncode == expected, done.stderr
    return done.stderr if expected else done.stdout


def rows(path):
    return [tuple(line.split("\t")) for line in path.read_text(encoding="utf-8").splitlines()]


def action(verb, tense, kind="transitive", **parts):
    return predicates.Action(VERBS[kind, verb], tense, **parts)


def clause(subject, *said, when=None, front=False):
    return sentences.Clause(subject, said, when, front)


# Words and their forms


@pytest.mark.parametrize(
    ("apart", "written"),
    [
        ("parce que elle va à le marché", "parce qu'elle va au marché"),
        ("je ne ai pas de eau", "je n'ai pas d'eau"),
        ("le père de le enfant", "le père de l'enfant"),
        ("elle vient de les États-Unis", "elle vient des États-Unis"),
        ("ma amie et sa histoire", "mon amie et son histoire"),
        ("ce homme", "cet homme"),
        ("il veut y aller", "il veut y aller"),
        ("je y vais", "j'y vais"),
        ("est-ce que Anne dort", "est-ce qu'Anne dort"),
        ("de le pain", "du pain"),
    ],
)
def test_words_are_elided_and_contracted(apart, written):
    assert french.joined(apart) == written


@pytest.mark.parametrize(
    ("kind", "verb", "tense", "who", "written"),
    [
        ("transitive", "visiter", "present", "ils", "visitent"),
        ("transitive", "manger", "present", "nous", "mangeons"),
        ("transitive", "acheter", "future", "tu", "achèteras"),
        ("transitive", "lire", "past", "vous", "avez lu"),
        ("transitive", "voir", "future", "elle", "verra"),
        ("giving", "envoyer", "future", "je", "enverrai"),
        ("motion", "se rendre", "past", "elles", "se sont rendues"),
        ("motion", "se rendre", "near", "nous", "allons nous rendre"),
        ("motion", "aller", "past", "il", "est allé"),
        ("motion", "venir", "present", "tu", "viens"),
    ],
)
def test_french_verb_is_conjugated(kind, verb, tense, who, written):
    assert french.verb_group(VERBS[kind, verb], tense, WHO[who]) == written


@pytest.mark.parametrize(
    ("verb", "tense", "who", "polarity", "written"),
    [
        ("visiter", "present", "elle", "", "visite-t-elle"),
        ("visiter", "past", "elle", "", "a-t-elle visité"),
        ("visiter", "future", "ils", "not", "ne visiteront-ils pas"),
        ("boire", "present", "il", "no longer", "ne boit-il plus"),
    ],
)
def test_pronoun_stands_behind_the_verb_of_a_question(verb, tense, who, polarity, written):
    verb = VERBS["transitive", verb]
    assert french.verb_group(verb, tense, WHO[who], polarity=polarity, inverted=True) == written


@pytest.mark.parametrize(
    ("noun", "article", "plural", "adjective", "fr", "en"),
    [
        ("oiseau", "a", False, "beau", "un bel oiseau", "a beautiful bird"),
        ("homme", "this", False, "vieux", "ce vieil homme", "this old man"),
        ("cheval", "a", True, "beau", "de beaux chevaux", "beautiful horses"),
        (
            "gens",
            "many",
            True,
            "merveilleux",
            "beaucoup de gens merveilleux",
            "many wonderful people",
        ),
        ("robe", "the", True, "blanc", "les robes blanches", "the white dresses"),
        ("pomme", "a", False, None, "une pomme", "an apple"),
        ("eau", "some", False, "froid", "de l'eau froide", "cold water"),
    ],
)
def test_article_noun_and_adjective_agree(noun, article, plural, adjective, fr, en):
    phrase = phrases.Noun(NOUNS[noun], article, plural, ADJECTIVES.get(adjective))
    assert french.joined(phrase.fr()) == fr
    assert phrase.en(english.Style()) == en


def test_nothing_is_said_with_de_after_a_negation():
    car = phrases.Noun(NOUNS["voiture"], "a")
    said = clause(PAUL, action("acheter", "past", polarity="not", object=car))
    assert sentences.written(said) == (
        "Paul n'a pas acheté de voiture.",
        ["Paul did not buy a car.", "Paul has not bought a car."],
    )


@pytest.mark.parametrize(
    ("place", "at"),
    [
        ("Afrique", "en Afrique"),
        ("Équateur", "en Équateur"),
        ("Canada", "au Canada"),
        ("États-Unis", "aux États-Unis"),
        ("Paris", "à Paris"),
    ],
)
def test_place_has_its_preposition(place, at):
    assert french.joined(PLACES[place].at()) == at


# Sentences


def test_the_lecture_s_sentence_has_its_translations():
    when = phrases.Time("en septembre", "in September")
    visit = clause(JANE, action("visiter", "present", object=PLACES["Afrique"]), when=when)
    assert sentences.written(visit) == (
        "Jane visite l'Afrique en septembre.",
        [
            "Jane is visiting Africa in September.",
            "In September, Jane is visiting Africa.",
            "Jane visits Africa in September.",
            "In September, Jane visits Africa.",
        ],
    )


def test_the_lecture_s_long_sentence_agrees_with_jane():
    when = phrases.Time("en septembre dernier", "last September", "then")
    culture = phrases.Noun(NOUNS["culture"], "all")
    people = phrases.Noun(NOUNS["gens"], "many", True, ADJECTIVES["merveilleux"])
    journey = clause(
        JANE,
        action("se rendre", "past", "motion", where=PLACES["Afrique"]),
        action("apprécier", "past", object=culture),
        action("rencontrer", "past", object=people),
        when=when,
    )
    fr, en = sentences.written(journey)
    assert fr == (
        "Jane s'est rendue en Afrique en septembre dernier, a apprécié la culture et a rencontré "
        "beaucoup de gens merveilleux."
    )
    assert (
        en[0]
        == "Jane went to Africa last September, enjoyed the culture and met many wonderful people."
    )


def test_invitation():
    with_me = phrases.Pronoun(french.Features(1, False, "m"), stressed=True)
    sing = action("chanter", "present", "plain", company=with_me)
    invitation = sentences.Invitation(
        YOU_ALL, action("vouloir", "present", "modal", infinitive=sing)
    )
    assert sentences.written(invitation) == (
        "Voulez-vous chanter avec moi ?",
        ["Do you want to sing with me?", "Would you like to sing with me?"],
    )


def test_participle_agrees_with_an_object_that_stands_before():
    bought = predicates.WhatRelative(PAUL, action("acheter", "past"))
    robe = phrases.Noun(NOUNS["robe"], "the", True, relative=bought)
    assert french.joined(robe.fr()) == "les robes que Paul a achetées"
    assert robe.en(english.Style()) == "the dresses that Paul bought"


def test_one_s_own_is_hers_when_she_does_it():
    book = phrases.Noun(NOUNS["livre"], "own", owner=JANE.features)
    _, en = sentences.written(clause(JANE, action("perdre", "past", object=book)))
    assert en == ["Jane lost her book.", "Jane has lost her book."]


def test_his_or_her_where_nobody_says_whose():
    owner = french.Features(3, False, "")
    sister = phrases.Noun(NOUNS["sœur"], "own", owner=owner)
    fr, en = sentences.written(clause(sister, action("dormir", "past", "plain")))
    assert fr == "Sa sœur a dormi."
    assert {"His sister slept.", "Her sister slept."} < set(en)


@pytest.mark.parametrize(
    ("inverted", "fr"),
    [
        (True, "Où Jane va-t-elle ?"),
        (False, "Où est-ce que Jane va ?"),
    ],
)
def test_question_of_two_forms(inverted, fr):
    asked = clause(JANE, action("aller", "present", "motion"))
    question = sentences.Question(asked, phrases.Fixed("où", "where"), inverted)
    assert sentences.written(question) == (fr, ["Where is Jane going?", "Where does Jane go?"])


def test_order():
    door = phrases.Noun(NOUNS["porte"], "the")
    order = sentences.Order(YOU_ALL, action("fermer", "present", object=door), polite=True)
    assert sentences.written(order) == (
        "Fermez la porte, s'il vous plaît.",
        ["Close the door, please.", "Please close the door."],
    )


BARE = r"\b(?:le|la|de|que|ne|je|me|te|se|ma|ta|sa|ce) (?:[aeéèêiouœ]|h(?!ier))"


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_whatever_is_drawn_is_written_as_it_should_be(seed):
    one = grammar.Grammar(LEXICON, seed)
    for _ in range(10):
        fr, translations = one.draw()
        assert translations
        assert len(set(translations)) == len(translations)
        assert fr[0].isupper()
        assert not re.search(BARE, fr, re.IGNORECASE), fr
        assert not re.search(r"\b(?:de|à) les? (?!nôtre)", fr), fr
        for text in translations:
            assert re.fullmatch(r"[A-Z][^\s]*(?: [^\s]+)*[.?!]", text), text
            assert not re.search(r"\ba [aeiou]", text, re.IGNORECASE), text
            assert not re.search(r"\ban [^aeiou]", text, re.IGNORECASE), text
            assert text.endswith("?") == fr.endswith("?")


@pytest.mark.parametrize("kind", grammar.KINDS)
def test_kind_of_sentence_can_be_drawn(kind):
    one = grammar.Grammar(LEXICON, 1)
    assert len({one.draw({kind: 1})[0] for _ in range(20)}) > 10


# The corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("french")
    run(PROJECT, "make_corpus.py", folder, "--train", 1500, "--held-out", 100)
    return folder


FILES = ("train", "dev", "test", "lengths")


def test_no_sentence_is_in_two_files_and_the_examples_are_in_none(corpus):
    found = Counter(fr for name in FILES for fr in {fr for fr, _ in rows(corpus / f"{name}.tsv")})
    assert max(found.values()) == 1
    examples = (ASSETS / "examples.txt").read_text(encoding="utf-8").splitlines()
    assert not set(examples) & set(found)


def test_files_have_as_many_sentences_as_they_should(corpus):
    numbers = {name: len({fr for fr, _ in rows(corpus / f"{name}.tsv")}) for name in FILES}
    assert numbers == {"train": 1500, "dev": 100, "test": 100, "lengths": 100}
    assert len(rows(corpus / "train.tsv")) == 1500
    assert len(rows(corpus / "dev.tsv")) > 200


def test_lengths_are_equally_frequent_where_they_are_compared(corpus):
    tokenizer = spacy.blank("fr").tokenizer
    sentences = {fr for fr, _ in rows(corpus / "lengths.tsv")}
    classes = Counter(min(4, (len(tokenizer(fr)) - 1) // 10) for fr in sentences)
    assert classes == dict.fromkeys(range(5), 20)
    longest = [len(tokenizer(fr)) > 40 for fr, _ in rows(corpus / "train.tsv")]
    assert 0 < sum(longest) / len(longest) < 0.03


def test_the_same_seed_gives_the_same_corpus(corpus, tmp_path):
    run(PROJECT, "make_corpus.py", tmp_path / "same", "--train", 1500, "--held-out", 100)
    run(PROJECT, "make_corpus.py", tmp_path / "other", "--train", 50, "--held-out", 10, "--seed", 1)
    for name in FILES:
        same = (tmp_path / "same" / f"{name}.tsv").read_bytes()
        assert same == (corpus / f"{name}.tsv").read_bytes()
    other = rows(tmp_path / "other" / "train.tsv")
    assert len(set(other) & set(rows(corpus / "train.tsv"))) < 10


def test_a_grammar_that_is_exhausted_says_so():
    one = make_corpus.Corpus(grammar.Grammar(LEXICON, 0), ())
    with pytest.raises(InputError, match="only 4 different sentences, expected 5"):
        one._draw({"weather": 1}, {0: 4, 1: 1}, lambda french: 0)


# The reversal task


def test_reversal_has_the_sequences_of_joey_nmt(tmp_path):
    """Two that its tutorial shows, one it trained on and the first that its log shows of dev."""
    run(PROJECT, "reversal.py", tmp_path)
    pairs = {name: rows(tmp_path / f"{name}.tsv") for name in ("train", "dev", "test")}
    assert [len(found) for found in pairs.values()] == [50_000, 1_000, 1_000]
    sources = {name: [source for source, _ in found] for name, found in pairs.items()}
    assert "14 46 43 2 36 6 20 8 38 17 3 24 13 49 8 25" in sources["train"]
    assert "10 43 37 32 6 9 25 36 21 29 16 7 18 27 30 46 37 15 7 48 18" in sources["dev"]
    for name, longest in (("train", 25), ("dev", 30), ("test", 30)):
        assert {len(source.split()) for source in sources[name]} == set(range(1, longest + 1))
        assert all(target.split() == source.split()[::-1] for source, target in pairs[name])


# The workflows

QUICK = {"nO = 192": "nO = 16", "width = 96": "width = 8", "max_epochs = 4": "max_epochs = 1"}


@pytest.mark.slow
def test_all_runs_and_ends_with_pictures(tmp_path):
    project = tmp_path / "translation"
    for name in ("assets", "configs", "scripts"):
        shutil.copytree(PROJECT / name, project / name)
    shutil.copy(PROJECT / "project.yml", project)
    config = project / "configs" / "words.cfg"
    text = config.read_text(encoding="utf-8")
    for usual, small in QUICK.items():
        assert usual in text
        text = text.replace(usual, small)
    config.write_text(text.replace("eval_frequency = 468", "eval_frequency = 5"), encoding="utf-8")
    small = ["--vars.sentences", "600", "--vars.held_out", "25"]
    done = seqpipe("run", project, "all", *small, env=without_torch(), seconds=900)
    assert done.returncode == 0, done.stderr
    scores = [
        json.loads((project / "metrics" / f"grammar_{name}.json").read_text(encoding="utf-8"))
        for name in ("attention", "plain", "lengths", "errors")
    ]
    assert all("scores" in found for found in scores)
    for name in ("lengths.png", "errors.html", "attention.html", "attention.png", "beam.html"):
        assert (project / "models" / "grammar" / name).stat().st_size > 1000
    assert "Afrique" in (project / "models" / "grammar" / "attention.html").read_text("utf-8")


def test_model_without_attention_has_all_else():
    given = load_project(PROJECT / "project.yml").commands
    attention, plain = (
        parse_overrides(re.sub(r"--output \S+", "", given[name].script[0].value).split()[2:])[1]
        for name in ("attention", "plain")
    )
    assert plain.pop("components.rnn_translator.model.attention") is None
    assert attention == plain


@pytest.mark.skipif(not MULTI30K.is_dir(), reason="shared/data/mt/multi30k is missing")
def test_files_of_multi30k_are_where_its_recipes_look_for_them():
    project = load_project(PROJECT / "project.yml")
    wanted = {
        path.value
        for name in project.workflows["multi30k"]
        for path in project.commands[name].deps
        if "multi30k/tok" in path.value
    }
    assert wanted
    assert all((PROJECT / path).is_file() for path in wanted)
