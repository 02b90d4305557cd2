"""Readers of word lists as they were published: debiaswe (Bolukbasi et al. 2016), gn_glove (Zhao et
al. 2018) and WEAT's sets (Caliskan et al. 2017) in the file of WEFE."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqpipe.embeddings.vector_files import read_words
from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import read_lines

from .word_lists import WeatTest, WordLists, Words, check_words, read_json

# Caliskan et al. 2017, table 1, by the names of the sets in WEFE's file: targets, then attributes.
TESTS = {
    "flowers/insects": ("flowers", "insects", "pleasant_5", "unpleasant_5a"),
    "instruments/weapons": ("instruments", "weapons", "pleasant_5", "unpleasant_5a"),
    "career/family": ("male_names", "female_names", "career", "family"),
    "math/arts": ("math", "arts", "male_terms", "female_terms"),
    "science/arts": ("science", "arts_2", "male_terms_2", "female_terms_2"),
}


@dataclass(frozen=True)
class SemBiasQuestion:
    """Four pairs of words, one of which is nearest to he:she (Zhao et al. 2018, section 4.1).

    definition (Tuple[str, str]): Such as nobleman:noblewoman.
    stereotype (Tuple[str, str]): Such as architect:hairdresser.
    others (Tuple[Tuple[str, str], ...]): Two that have nothing to do with gender.
    """

    definition: tuple[str, str]
    stereotype: tuple[str, str]
    others: tuple[tuple[str, str], ...]


def read_debiaswe(folder: str | Path) -> WordLists:
    """Read the lists of debiaswe.

    folder: With definitional_pairs.json, equalize_pairs.json, gender_specific_full.json,
        gender_specific_seed.json and professions.json.
    RETURNS (WordLists): The professions are the targets "occupations"; the sides of the
        definitional pairs are the attributes "female" and "male".
    RAISES (InputError): If a file is missing or has another form.
    """
    folder = Path(folder)
    pairs = _pairs(folder / "definitional_pairs.json")
    professions = folder / "professions.json"
    rows = read_json(professions)
    if not isinstance(rows, list) or not all(isinstance(row, list) and row for row in rows):
        raise InputError("expected a list of [word, value, value]", path=professions)
    female, male = (tuple(side) for side in zip(*pairs, strict=True))
    return WordLists(
        name="debiaswe",
        pairs=pairs,
        equalise=_pairs(folder / "equalize_pairs.json"),
        definitional=_words(folder / "gender_specific_full.json"),
        seed=_words(folder / "gender_specific_seed.json"),
        attributes={"female": female, "male": male},
        targets={"occupations": _once([row[0] for row in rows], professions)},
    )


def read_weat(path: str | Path) -> tuple[dict[str, Words], tuple[WeatTest, ...]]:
    """Read the sets of WEAT.

    path: WEFE's WEAT.json: the name of each set and its words.
    RETURNS (Tuple[Dict[str, Tuple[str, ...]], Tuple[WeatTest, ...]]): All sets, and the five tests
        that have published values on word2vec and sets in this file.
    RAISES (InputError): If the file has another form or lacks a set.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError("expected an object: the name of each set and its words", path=path)
    sets = {name: _once(words, path, name) for name, words in content.items()}
    lacking = sorted({name for test in TESTS.values() for name in test} - set(sets))
    if lacking:
        raise InputError(f"no set {lacking[0]!r} in it, expected WEFE's WEAT.json", path=path)
    tests = tuple(WeatTest(name, *(sets[of] for of in names)) for name, names in TESTS.items())
    return sets, tests


def read_sembias(path: str | Path) -> tuple[SemBiasQuestion, ...]:
    """Read SemBias.

    path: Four pairs a line, with tabs between: the definition, two others, the stereotype.
    RETURNS (Tuple[SemBiasQuestion, ...]): In the file's order; its last 40 are the subset.
    RAISES (InputError): With file and line, if a line is something else.
    """
    questions = []
    for number, line in read_lines(path):
        if not line.strip():
            continue
        fields = [tuple(pair.strip().split(":")) for pair in line.strip().split("\t")]
        if len(fields) != 4 or not all(len(pair) == 2 and all(pair) for pair in fields):
            message = f"{line.strip()!r}, expected four pairs such as he:she with tabs between"
            raise InputError(message, path=path, line=number)
        definition, first, second, stereotype = ((a, b) for a, b in fields)
        questions.append(SemBiasQuestion(definition, stereotype, (first, second)))
    if not questions:
        raise InputError("no question in it, expected four pairs a line", path=path)
    return tuple(questions)


def read_gn_glove(folder: str | Path) -> dict[str, Words]:
    """Read the words of gn_glove.

    folder: With female_word_file.txt and male_word_file.txt.
    RETURNS (Dict[str, Tuple[str, ...]]): Attributes "female" and "male".
    RAISES (InputError): If a file is missing or empty.
    """
    names = {side: Path(folder) / f"{side}_word_file.txt" for side in ("female", "male")}
    for path in names.values():
        if not path.is_file():
            raise InputError("no such file, expected a word a line", path=path)
    return {side: tuple(read_words(path)) for side, path in names.items()}


def _words(path: Path) -> Words:
    return _once(read_json(path), path)


def _once(value: Any, path: str | Path, where: str = "the list") -> Words:
    """Words of a published list, where some are repeated."""
    if isinstance(value, list):
        value = list(dict.fromkeys(word for word in value if isinstance(word, str)))
    return check_words(value, where, path, least=1)


def _pairs(path: Path) -> tuple[Words, ...]:
    value = read_json(path)
    if not isinstance(value, list) or not value:
        raise InputError("expected a list of pairs", path=path)
    for i, pair in enumerate(value):
        if len(check_words(pair, f"pair {i}", path)) != 2:
            raise InputError(f"pair {i}: {pair!r}, expected two words", path=path)
    return tuple((a, b) for a, b in value)
