"""seqpipe.UnkTokenizer.v1: texts stay whole, and Docs show what their pipeline does not know."""

import gc
import gzip
import importlib
import pickle
import subprocess
import sys

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.training import Example

import seqpipe.vocabulary.tokenizer
from seqpipe.files import InputError
from seqpipe.vocabulary.tokenizer import UNITS
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.processes import without_torch


def pipeline(text=None, lang="en", initialize=None, **options):
    """Make a blank pipeline with the tokenizer, initialised on a text if one is given."""
    block = {"@tokenizers": "seqpipe.UnkTokenizer.v1", **options}
    nlp = spacy.blank(lang, config={"nlp": {"tokenizer": block}})
    nlp.config["initialize"]["tokenizer"] = initialize or {}
    if text is not None or initialize is not None:
        doc = nlp.make_doc(text or "")
        nlp.initialize(lambda: [Example(doc, doc)])
    return nlp


def ids(doc):
    return [token._.vocab_id for token in doc]


def unknown(doc):
    return [token.text for token in doc if token._.is_unk]


NLP_OF_UNIT = {unit: pipeline(unit=unit) for unit in UNITS}
pieces = [*" \t\n\r\u00a0\u2028\u3000\x00.,'-a", "e\u0301", "👩\u200d🚀", "🏳\ufe0f", "don't"]
texts = st.text(max_size=40) | st.lists(st.sampled_from(pieces), max_size=20).map("".join)


@pytest.mark.parametrize("unit", UNITS)
@given(text=texts)
def test_text_stays_whole(unit, text):
    assert NLP_OF_UNIT[unit].tokenizer(text).text == text


@given(text=texts)
def test_characters_are_tokens_and_none_has_a_trailing_space(text):
    doc = NLP_OF_UNIT["char"](text)
    assert [token.text_with_ws for token in doc] == list(text)


@given(text=texts)
def test_white_space_unit_splits_at_white_space_only(text):
    doc = NLP_OF_UNIT["whitespace"](text)
    assert [token.text for token in doc if not token.is_space] == text.split()


@given(text=texts)
def test_word_unit_splits_as_the_language_does(text):
    ours, theirs = NLP_OF_UNIT["word"](text), spacy_english(text)
    assert [token.text_with_ws for token in ours] == [token.text_with_ws for token in theirs]


spacy_english = spacy.blank("en")


def test_word_unit_uses_the_tokenizer_that_a_language_brings():
    assert [token.text for token in pipeline(lang="zh")("中文字")] == ["中", "文", "字"]


def test_pipe_gives_the_docs_in_order():
    docs = NLP_OF_UNIT["word"].tokenizer.pipe(["a b", "", "c"], batch_size=2)
    assert [doc.text for doc in docs] == ["a b", "", "c"]


def test_the_first_examples_of_a_vocabulary_of_two_words():
    nlp = pipeline("the cat saw the cat and the dog", max_size=2)
    doc = nlp("the dog and the cat")
    assert ids(doc) == [4, 1, 1, 4, 5]
    assert unknown(doc) == ["dog", "and"]
    assert doc._.unk_rate == 0.4


def test_mau_is_unknown_where_the_text_never_says_it():
    nlp = pipeline("The Egyptian is a cat of a breed.")
    doc = nlp("The Egyptian Mau is a breed of cat.")
    assert unknown(doc) == ["Mau"]
    assert doc.text == "The Egyptian Mau is a breed of cat."


def test_characters_that_were_read_are_never_unknown():
    nlp = pipeline("Cats average 15 hours of sleep a day.", unit="char")
    assert unknown(nlp("a day of 5 yaks")) == ["k"]


def test_options_reach_the_vocabulary():
    nlp = pipeline("A a 1 b", min_count=2, lower=True)
    assert unknown(nlp("a A b 1")) == ["b", "1"]
    assert unknown(pipeline("in 1996", zero_digits=True)("in 2017")) == []


def test_before_initialisation_nothing_is_said_to_be_unknown():
    nlp = pipeline()
    doc = nlp("the cat")
    assert ids(doc) == [None, None]
    assert (doc[0]._.is_unk, doc._.unk_rate) == (None, None)
    assert nlp.tokenizer.vocabulary == Vocabulary()


def test_an_empty_doc_has_nothing_unknown():
    assert pipeline("the")("")._.unk_rate == 0.0


def test_a_special_is_never_added_to_the_doc():
    nlp = pipeline("the cat")
    assert [token.text for token in nlp("the cat")] == ["the", "cat"]


def test_two_pipelines_do_not_mix():
    first, second = pipeline("the cat"), pipeline("the dog")
    a, b = first("the cat and the dog"), second("the cat and the dog")
    assert (unknown(a), unknown(b)) == (["and", "dog"], ["cat", "and"])


def test_a_plain_pipeline_has_no_vocabulary():
    pipeline("the cat")
    doc = spacy_english("the cat")
    assert (ids(doc), doc._.unk_rate) == ([None, None], None)


def test_docs_built_from_words_know_their_pipelines_vocabulary():
    nlp = pipeline("the cat")
    assert unknown(Doc(nlp.vocab, words=["the", "dog"])) == ["dog"]
    assert unknown(nlp("a dog, the cat")[3:].as_doc()) == []


def test_a_doc_outlives_its_pipeline():
    doc = pipeline("the cat")("the dog")
    gc.collect()
    assert unknown(doc) == ["dog"]


def test_a_pickled_doc_has_no_vocabulary():
    doc = pickle.loads(pickle.dumps(pipeline("the cat")("the dog")))
    assert (ids(doc), doc._.unk_rate) == ([None, None], None)


def test_docs_from_a_docbin_have_the_vocabulary_of_the_vocab_they_are_read_with():
    nlp = pipeline("the cat")
    data = DocBin(docs=[nlp("the dog")], store_user_data=True).to_bytes()
    for vocab, expected in ((nlp.vocab, [4 + 1, 1]), (spacy.blank("en").vocab, [None, None])):
        (doc,) = DocBin().from_bytes(data).get_docs(vocab)
        assert ids(doc) == expected


def test_a_new_tokenizer_on_the_same_vocab_knows_nothing_yet():
    nlp = pipeline("the cat")
    create = spacy.registry.tokenizers.get("seqpipe.UnkTokenizer.v1")
    nlp.tokenizer = create(unit="char")(nlp)
    assert nlp("the")._.unk_rate is None


def test_pipelines_on_one_vocab_share_what_was_learned_last():
    first = pipeline("the cat")
    second = spacy.blank("en", vocab=first.vocab, config=first.config)
    assert first("the dog")._.unk_rate is None
    second.tokenizer.vocabulary = Vocabulary().build({"dog": 1})
    assert unknown(first("the dog")) == ["the"]


def test_importing_again_keeps_the_extensions():
    importlib.reload(seqpipe.vocabulary.tokenizer)
    assert unknown(pipeline("the cat")("the dog")) == ["dog"]


def test_an_extension_of_the_users_own_is_left_alone():
    code = (
        "from spacy.tokens import Token\n"
        "Token.set_extension('is_unk', default='mine')\n"
        "import seqpipe.vocabulary.tokenizer, sys\n"
        "assert Token.get_extension('is_unk')[0] == 'mine' and Token.has_extension('vocab_id')\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], env=without_torch(), check=True)


def test_it_learns_what_the_components_see():
    nlp = pipeline(unit="char")
    predicted = nlp("a cat")
    reference = Doc(nlp.vocab, words=["a", "cat"])
    nlp.initialize(lambda: [Example(predicted, reference)])
    assert set(nlp.tokenizer.vocabulary) == {*Vocabulary.SPECIALS, *"a cat"}


@pytest.mark.parametrize("name", ["text.txt", "text.txt.gz"])
def test_it_learns_from_a_text_file(tmp_path, name):
    opener = gzip.open if name.endswith("gz") else open
    with opener(tmp_path / name, "wb") as file:
        file.write(b"\xef\xbb\xbfThe cat\r\n\n  the cat's")
    nlp = pipeline(initialize={"text_file": str(tmp_path / name)})
    assert list(nlp.tokenizer.vocabulary)[4:] == ["cat", "  ", "'s", "The", "the"]


def test_a_line_end_is_a_character(tmp_path):
    (tmp_path / "text.txt").write_bytes(b"a\nb\r\n")
    nlp = pipeline(unit="char", initialize={"text_file": str(tmp_path / "text.txt")})
    assert list(nlp.tokenizer.vocabulary)[4:] == ["\n", "a", "b"]


def test_it_takes_a_vocabulary_file_with_its_settings(tmp_path):
    vocabulary = Vocabulary(lower=True).build({"the": 2, "cat": 1})
    vocabulary.to_disk(tmp_path / "words.json")
    nlp = pipeline(initialize={"vocabulary": str(tmp_path / "words.json")})
    assert nlp.tokenizer.vocabulary == vocabulary
    assert unknown(nlp("The CAT")) == []


def test_initialising_again_learns_anew():
    nlp = pipeline("the cat")
    doc = nlp("a dog")
    nlp.initialize(lambda: [Example(doc, doc)])
    assert unknown(nlp("the dog")) == ["the"]


def test_a_vocabulary_can_be_given():
    nlp = pipeline()
    nlp.tokenizer.vocabulary = Vocabulary().build({"the": 1})
    assert unknown(nlp("the cat")) == ["cat"]


def test_rules_of_the_language_can_be_changed():
    nlp = pipeline("the cat")
    nlp.tokenizer.infix_finditer = spacy.util.compile_infix_regex(["_"]).finditer
    nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
    assert [token.text for token in nlp("gimme a_cat")] == ["gim", "me", "a", "_", "cat"]


def test_rules_that_the_unit_has_not_cannot_be_set():
    with pytest.raises(AttributeError, match="unit = 'char' has no 'infix_finditer'"):
        NLP_OF_UNIT["char"].tokenizer.infix_finditer = None


def test_evaluate_scores_the_tokens():
    nlp = pipeline("the cat", unit="whitespace")
    reference = Doc(nlp.vocab, words=["the", "cat", "."], spaces=[True, False, False])
    scores = nlp.evaluate([Example(nlp.make_doc("the cat."), reference)])
    assert scores["token_p"] == 0.5


@pytest.mark.parametrize("unit", UNITS)
def test_round_trip_through_disk_bytes_and_pickle(unit, tmp_path):
    nlp = pipeline("The cat's 3 mats", unit=unit, lower=True, max_size=3)
    text = "the cat's 7 dogs"
    nlp.to_disk(tmp_path / "model")
    copies = [
        spacy.load(tmp_path / "model"),
        pipeline(unit=unit).from_bytes(nlp.to_bytes()),
        pickle.loads(pickle.dumps(nlp)),
    ]
    for copy in copies:
        assert copy.tokenizer.vocabulary == nlp.tokenizer.vocabulary
        assert [(t.text, t._.vocab_id) for t in copy(text)] == [
            (t.text, t._.vocab_id) for t in nlp(text)
        ]


def test_changed_rules_are_saved(tmp_path):
    nlp = pipeline("the cat")
    nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
    nlp.to_disk(tmp_path / "model")
    assert len(spacy.load(tmp_path / "model")("gimme")) == 2


def test_saving_before_initialisation(tmp_path):
    pipeline().to_disk(tmp_path / "model")
    assert spacy.load(tmp_path / "model")("the")._.unk_rate is None


def test_saving_over_a_pipeline_that_had_spacys_own_tokenizer(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "model")
    pipeline("the cat").to_disk(tmp_path / "model")
    assert unknown(spacy.load(tmp_path / "model")("the dog")) == ["dog"]


def test_two_processes_give_docs_with_the_vocabulary():
    nlp = pipeline("the cat")
    docs = nlp.pipe(["the dog", "a cat"] * 3, n_process=2, batch_size=2)
    assert [unknown(doc) for doc in docs] == [["dog"], ["a"]] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "byte"}, 'unit = "byte": expected one of word, whitespace, char'),
        ({"max_size": 0}, "max_size = 0: expected at least 1"),
        ({"max_size": -5}, "max_size = -5: expected at least 1"),
        ({"min_count": 0}, "min_count = 0: expected at least 1"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_wrong_option_is_named(options, message):
    with pytest.raises(InputError, match=message):
        pipeline(**options)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.txt", b"", "text.txt: no token in the file"),
        ("text.txt", b"\n\n", "text.txt: no token in the file"),
        (
            "text.txt",
            b"a\nb \xff\n",
            "text.txt, line 2: byte 0xff at 3 of the line: expected UTF-8",
        ),
        ("text.txt", None, r"text.txt: cannot be read \(No such file"),
        ("text.gz", b"plain", r"text.gz: cannot be read \(Not a gzipped file"),
        ("text.gz", gzip.compress(b"the cat\n" * 99)[:-9], r"text.gz: cannot be read \(Compressed"),
    ],
    ids=["empty", "only-line-ends", "not-utf8", "missing", "not-gzip", "truncated-gzip"],
)
def test_a_bad_text_file_is_named(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        pipeline(initialize={"text_file": str(tmp_path / name)})


def test_a_bad_vocabulary_file_is_named(tmp_path):
    path = tmp_path / "words.json"
    path.write_text("the\ncat\n")
    with pytest.raises(InputError, match=r"words\.json: not a whole JSON file"):
        pipeline(initialize={"vocabulary": str(path)})


def test_text_file_and_vocabulary_together_are_refused():
    with pytest.raises(InputError, match=r"both text_file = 'a\.txt' and vocabulary = 'b\.json'"):
        pipeline(initialize={"text_file": "a.txt", "vocabulary": "b.json"})


def test_examples_without_tokens_are_refused():
    with pytest.raises(InputError, match="no token in the training examples"):
        pipeline("")


@pytest.mark.parametrize("name", ["settings.json", "vocabulary.json", "splitter"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_model_folder_is_named(tmp_path, name, damage):
    pipeline("the cat").to_disk(tmp_path / "model")
    path = tmp_path / "model" / "tokenizer" / name
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=rf"tokenizer/{name}: .*: expected"):
        spacy.load(tmp_path / "model")


def test_a_tokenizer_of_another_unit_is_refused(tmp_path):
    saved = pipeline("the cat", unit="char").tokenizer
    saved.to_disk(tmp_path / "tokenizer")
    with pytest.raises(
        InputError, match=r"settings\.json: saved with unit = 'char', expected 'word'"
    ):
        pipeline().tokenizer.from_disk(tmp_path / "tokenizer")


@pytest.mark.parametrize(
    "data", [b"", b"\x81", spacy_english.tokenizer.to_bytes(exclude=["vocab"])]
)
def test_bytes_of_something_else_are_refused(data):
    with pytest.raises(InputError, match=r"expected what seqpipe\.UnkTokenizer\.v1 saves"):
        pipeline().tokenizer.from_bytes(data)
