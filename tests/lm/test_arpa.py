"""ARPA files: read and written without loss, equal to KenLM's reading, and sound or refused."""

import gzip
import math

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.lm.arpa import read_arpa, write_arpa
from tests.lm.ngram_case import SALADS, SENTENCES, learned

SOUND = """\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-1.5\t<unk>
-99\t<s>\t-0.3
-0.8\t</s>
-0.6\tred\t-0.2
-0.7\twine\t0.1

\\2-grams:
-0.2\t<s> red\t-0.1
-0.3\tred wine
-0.4\twine </s>

\\3-grams:
-0.1\t<s> red wine

\\end\\
"""


def written(folder, text, name="model.arpa"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def in_base_10(model, sentence, **options):
    return (model.score(sentence.split(), **options).log_probs / math.log(10)).tolist()


def same(a, b):
    return all(
        numpy.array_equal(one, other)
        for one, other in [
            (a.trie.words, b.trie.words),
            (a.trie.starts, b.trie.starts),
            (a.log_probs, b.log_probs),
            (a.backoffs, b.backoffs),
        ]
    )


def test_hand_computed_scores(tmp_path):
    model = read_arpa(written(tmp_path, SOUND))
    assert in_base_10(model, "red wine") == pytest.approx([-0.2, -0.1, -0.4])
    assert in_base_10(model, "wine red") == pytest.approx([-0.3 - 0.7, 0.1 - 0.6, -0.2 - 0.8])
    assert in_base_10(model, "beer", bos=False) == pytest.approx([-1.5, -0.8])
    assert model.score(["beer"]).is_unknown.tolist() == [True, False]


@settings(deadline=None, max_examples=40)
@given(
    SENTENCES,
    st.integers(1, 4),
    st.sampled_from(["kneser_ney", "maximum_likelihood"]),
    st.booleans(),
)
def test_what_is_written_is_read_again_to_the_last_bit(
    tmp_path_factory, sentences, order, smoothing, zipped
):
    path = tmp_path_factory.mktemp("arpa") / ("model.arpa" + ".gz" * zipped)
    model = learned(sentences, order=order, smoothing=smoothing)
    write_arpa(model, path)
    again = read_arpa(path)
    assert list(again.vocabulary) == list(model.vocabulary)
    assert same(again, model)


def test_the_same_model_gives_the_same_gzip_file(tmp_path):
    model = learned(SALADS)
    for name in ("a.arpa.gz", "b.arpa.gz"):
        write_arpa(model, tmp_path / name)
    assert (tmp_path / "a.arpa.gz").read_bytes() == (tmp_path / "b.arpa.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.arpa.gz").read_bytes()).startswith(b"\\data\\\nngram 1=")


def test_lines_may_stand_in_any_order_and_end_with_a_carriage_return(tmp_path):
    model = learned(SALADS, order=3)
    write_arpa(model, tmp_path / "model.arpa")
    blocks = (tmp_path / "model.arpa").read_text(encoding="utf-8").split("\n\n")
    shuffled = [blocks[0]]
    for block in blocks[1:-1]:
        head, *lines = block.split("\n")
        shuffled.append("\n".join([head, *sorted(lines, key=lambda line: line[::-1])]))
    text = "\n\n".join([*shuffled, blocks[-1]]).replace("\n", "\r\n")
    again = read_arpa(written(tmp_path, text, "other.arpa"))
    for sentence in [*SALADS, ["zebra", "the", "pair"]]:
        ours, theirs = again.score(sentence).log_probs, model.score(sentence).log_probs
        assert ours == pytest.approx(theirs, abs=1e-6)


# What is replaced, by what, the line and what is said.
FAULTS = {
    "no head": ("\\data\\\n", "", 1, "expected .data."),
    "no count": ("ngram 1=5\n", "", 2, "expected ngram 1="),
    "count that is no number": ("ngram 2=3", "ngram 2=x", 3, "expected ngram 2="),
    "too few": ("ngram 2=3", "ngram 2=4", 17, "3 2-grams before it, expected 4"),
    "too many": ("ngram 2=3", "ngram 2=2", 16, "more 2-grams than 2"),
    "missing section": ("\\2-grams:\n", "", 13, "expected .2-grams:"),
    "order of sections": ("\\2-grams:", "\\3-grams:", 13, "expected .2-grams:"),
    "missing backoff": ("red\t-0.2", "red", 10, "no backoff weight"),
    "missing backoff of two": ("<s> red\t-0.1", "<s> red", 14, "no backoff weight"),
    "NaN": ("-0.3\tred wine", "nan\tred wine", 15, "log-probability nan, expected 0 or less"),
    "backoff NaN": ("wine\t0.1", "wine\tnan", 11, "backoff weight nan"),
    "backoff infinite": ("wine\t0.1", "wine\tinf", 11, "backoff weight inf"),
    "backoff minus infinite": (
        "wine\t0.1",
        "wine\t-inf",
        11,
        "backoff weight -inf, expected a fin",
    ),
    "above 0": ("-0.3\tred wine", "0.3\tred wine", 15, "log-probability 0.3, expected 0 or less"),
    "no number": ("-0.3\tred wine", "x\tred wine", 15, "'x', expected a number"),
    "too few words": ("-0.3\tred wine", "-0.3\tred", 15, "2 fields, expected a log-prob"),
    "too many words": ("-0.1\t<s> red wine", "-0.1\t<s> red wine 0", 19, "5 fields, expected"),
    "unknown word": ("-0.3\tred wine", "-0.3\tred beer", 15, "'beer' is not among the 1-grams"),
    "no context": ("-0.1\t<s> red wine", "-0.1\twine red </s>", 19, "context 'wine red' is not"),
    "twice": ("-0.4\twine </s>", "-0.4\tred wine", 16, "a second 2-gram 'red wine'"),
    "word twice": ("-0.7\twine", "-0.7\tred", 11, "a second 1-gram 'red'"),
    "mark twice": ("-0.7\twine", "-0.7\t<UNK>", 11, "a second 1-gram '<UNK>'"),
    "a gap": ("-0.7\twine", "-0.7\t<PAD>", 11, "'<PAD>', expected none"),
    "cut off": ("\n\\3-grams:\n-0.1\t<s> red wine\n\n\\end\\\n", "", 18, "the file ends here"),
    "no end": ("\\end\\\n", "", 21, "the file ends here, expected .end."),
    "other end": ("\\end\\", "\\4-grams:", 21, "expected .end."),
    "text behind it": (
        "\\end\\\n",
        "\\end\\\n\nmore\n",
        23,
        "'more' after .end., expected nothing",
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_said_with_file_and_line(tmp_path, fault):
    old, new, line, message = fault
    assert SOUND.count(old) == 1
    path = written(tmp_path, SOUND.replace(old, new))
    with pytest.raises(InputError, match=message) as error:
        read_arpa(path)
    assert str(error.value).startswith(f"{path}, line {line}: ")


def test_what_is_not_utf_8_is_said_with_its_line(tmp_path):
    path = tmp_path / "latin.arpa"
    path.write_bytes(SOUND.replace("wine", "rosé").encode("latin-1"))
    with pytest.raises(InputError, match=r"line 11: byte 0xe9 is not UTF-8"):
        read_arpa(path)


def test_a_damaged_gzip_file_is_refused(tmp_path):
    (tmp_path / "a.arpa.gz").write_bytes(gzip.compress(SOUND.encode())[:-20])
    with pytest.raises(InputError, match="no sound gzip file"):
        read_arpa(tmp_path / "a.arpa.gz")


@settings(deadline=None)
@given(st.integers(0, len(SOUND) - 1), st.sampled_from("\n\t \\-x9"))
def test_a_changed_character_is_read_or_refused(tmp_path_factory, place, character):
    folder = tmp_path_factory.mktemp("changed")
    path = written(folder, SOUND[:place] + character + SOUND[place + 1 :])
    try:
        model = read_arpa(path)
    except InputError as found:
        error = found
    else:
        assert not numpy.isnan(model.score(["red", "wine", "beer"]).log_probs).any()
        return
    assert error.path == path
    assert error.line


def test_add_k_is_not_written(tmp_path):
    model = learned(SALADS, smoothing="add_k")
    with pytest.raises(InputError, match="add-k cannot be an ARPA file"):
        write_arpa(model, tmp_path / "model.arpa")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["New York", "a\tb"])
def test_a_word_with_white_space_is_not_written(tmp_path, word):
    with pytest.raises(InputError, match="has white space"):
        write_arpa(learned([[word, "x"]]), tmp_path / "model.arpa")


def full_scores(path, sentence, **options):
    kenlm = pytest.importorskip("kenlm")
    model = kenlm.Model(str(path))
    return list(model.full_scores(" ".join(sentence), **options))


@pytest.mark.parametrize("order", [2, 3, 5])
@pytest.mark.parametrize("ends", [True, False])
def test_scores_are_kenlms(tmp_path, order, ends):
    model = learned(SALADS * 2, order=order)
    write_arpa(model, tmp_path / "model.arpa")
    again = read_arpa(tmp_path / "model.arpa")
    for sentence in [*SALADS, ["zebra", "the", "pear", "zebra", "zebra", "a", "pair"], ["salad"]]:
        theirs = full_scores(tmp_path / "model.arpa", sentence, bos=ends, eos=ends)
        ours = in_base_10(again, " ".join(sentence), bos=ends, eos=ends)
        assert ours == pytest.approx([log_prob for log_prob, _, _ in theirs], abs=1e-4)
        is_unknown = again.score(sentence, bos=ends, eos=ends).is_unknown.tolist()
        assert is_unknown == [oov for _, _, oov in theirs]


@pytest.mark.parametrize("sentence", ["red wine", "wine red wine red", "beer red wine beer"])
def test_scores_of_a_model_without_all_suffixes_are_kenlms(tmp_path, sentence):
    # "red wine" is pruned, "<s> red wine" is not; KenLM wants room, made by some other bigrams.
    others = "".join(f"-0.5\t{pair}\n" for pair in ("<s> wine", "wine red", "red red", "red </s>"))
    pruned = SOUND.replace("-0.3\tred wine\n", others).replace("ngram 2=3", "ngram 2=6")
    path = written(tmp_path, pruned)
    ours, theirs = in_base_10(read_arpa(path), sentence), full_scores(path, sentence.split())
    assert ours == pytest.approx([log_prob for log_prob, _, _ in theirs], abs=1e-4)
