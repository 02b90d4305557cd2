"""The readers of parallel texts: what they read, what they refuse, and real corpora's counts."""

from __future__ import annotations

import gzip
import logging
import time
from itertools import islice
from pathlib import Path

import pytest
import spacy
from confection import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.translation.corpus import make_paired_texts, make_parallel_corpus
from seqpipe.translation.parallel import Pair, Selection, read_paired_texts, read_pairs

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "mt"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/mt is missing")
MULTI30K = DATA / "multi30k" / "tok"
TATOEBA = DATA / "tatoeba_fra_eng" / "fra.txt.gz"
NLP = spacy.blank("fr")
FRENCH = "Jane visite l'Afrique en septembre.\nLe chat dort.\n"
ENGLISH = "Jane visits Africa in September.\nThe cat sleeps.\n"


@pytest.fixture
def file(tmp_path):
    """Write a file of the test's folder."""

    def write(name, content):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


@pytest.fixture
def parallel(file):
    """Write a file of sources and one or several of references, and read them."""

    def read(source, *targets, **options):
        paths = [file(f"t{number}", target) for number, target in enumerate(targets, start=1)]
        return texts(make_parallel_corpus(file("s", source), paths, **options)(NLP))

    return read


@pytest.fixture
def table(file):
    """Write a table and read it."""

    def read(content, **options):
        return texts(make_paired_texts(file("pairs.tsv", content), **options)(NLP))

    return read


def texts(examples):
    """The source and the references of each example."""
    return [(eg.predicted.text, eg.reference._.references) for eg in examples]


def refused(read, *arguments, **options):
    """The message of an error, with the names of files instead of their paths."""
    with pytest.raises(InputError) as caught:
        read(*arguments, **options)
    words = str(caught.value).split(" ")
    return " ".join(word.rsplit("/", 1)[-1] for word in words)


# -- Files that belong together line by line


def test_a_line_becomes_an_example(file):
    read = make_parallel_corpus(file("fr", FRENCH), file("en", ENGLISH))
    first, second = read(NLP)
    assert first.predicted.text == first.reference.text == "Jane visite l'Afrique en septembre."
    words = ["Jane", "visite", "l'", "Afrique", "en", "septembre", "."]
    assert [token.text for token in first.predicted] == words
    assert [token.text for token in first.reference] == words
    assert first.reference._.references == ["Jane visits Africa in September."]
    assert first.predicted._.references is None
    assert second.reference._.references == ["The cat sleeps."]


def test_each_reading_begins_anew(file):
    read = make_parallel_corpus(file("fr", FRENCH), file("en", ENGLISH))
    assert texts(read(NLP)) == texts(read(NLP))
    assert next(read(NLP)).reference is not next(read(NLP)).reference


def test_several_files_are_several_references(parallel):
    assert parallel("un\ndeux\n", "one\ntwo\n", "a\nb\n") == [
        ("un", ["one", "a"]),
        ("deux", ["two", "b"]),
    ]


def test_plain_and_gzip_go_together_whatever_their_names(parallel):
    assert parallel(gzip.compress(b"un\n"), "one\n") == [("un", ["one"])]


def test_lines_end_at_line_feeds_alone(parallel):
    source, target = "un\u2028deux\x85\r\ntrois\x0bquatre", "\ufeffone\x0ctwo\nthree\r\n"
    assert parallel(source, target) == [
        ("un\u2028deux", ["one\x0ctwo"]),
        ("trois\x0bquatre", ["three"]),
    ]


def test_white_space_around_texts_is_left_out_and_within_is_kept(parallel):
    assert parallel(" le  chat \n", "\tthe  cat\xa0\n") == [("le  chat", ["the  cat"])]


def test_a_limit_ends_the_reading(parallel):
    assert parallel("a\nb\nc\n", "x\ny\nz\n", limit=2) == [("a", ["x"]), ("b", ["y"])]


LINES = st.lists(
    st.tuples(*[st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)] * 2)
    .map(lambda pair: tuple(text.strip("\ufeff ") for text in pair))
    .filter(lambda pair: all(text.strip() for text in pair)),
    min_size=1,
)


@settings(max_examples=50, deadline=None)
@given(pairs=LINES, zipped=st.booleans())
def test_what_was_written_is_read(tmp_path_factory, pairs, zipped):
    folder = tmp_path_factory.mktemp("lines")
    for name, side in zip("st", zip(*pairs, strict=True), strict=True):
        data = "\n".join(side).encode()
        (folder / name).write_bytes(gzip.compress(data) if zipped else data)
    assert list(read_pairs(folder / "s", folder / "t")) == [
        Pair(line, source.strip(), (target.strip(),))
        for line, (source, target) in enumerate(pairs, start=1)
    ]


# -- Tables


def test_a_row_is_a_pair(table):
    assert table('Run!\tCours !\n\nSay "hi".\tDis « salut ».\n') == [
        ("Run!", ["Cours !"]),
        ('Say "hi".', ["Dis « salut »."]),
    ]


def test_columns_are_chosen_by_number(table):
    row = "1\tone\tun\tune\n"
    assert table(row, source=1, targets=[2, 3]) == [("one", ["un", "une"])]
    assert table(row, source=-1, targets=-3) == [("une", ["one"])]


def test_equal_sources_are_gathered_where_the_first_stands(table):
    rows = "Run!\tCours !\nGo.\tVa !\nRun!\tCourez !\nRun!\tCours !\n"
    assert table(rows, gather=True) == [("Run!", ["Cours !", "Courez !"]), ("Go.", ["Va !"])]
    assert table(rows, gather=True, limit=1) == [("Run!", ["Cours !", "Courez !"])]
    assert [source for source, _ in table(rows)] == ["Run!", "Go.", "Run!", "Run!"]


def test_gathered_pairs_have_the_line_of_the_first(file):
    path = file("pairs.tsv", "\na\tx\nb\ty\na\tz\n")
    pairs = [Pair(2, "a", ("x", "z")), Pair(3, "b", ("y",))]
    assert list(read_paired_texts(path, gather=True)) == pairs


# -- Pairs that are left out


def test_pairs_with_an_empty_side_are_skipped_if_asked(parallel, table):
    expected = [("b", ["y"])]
    assert parallel("a\nb\n \n", "\t\r\ny\nz\n", empty="skip") == expected
    assert table("a\t\nb\ty\n \tz\n", empty="skip") == expected


def test_of_several_references_empty_and_longer_ones_alone_are_left_out(parallel):
    found = parallel("a\nb\n", "\nx\n", "y\none two\n", empty="skip", max_length=1)
    assert found == [("a", ["y"]), ("b", ["x"])]


def test_pairs_with_a_longer_side_are_left_out(parallel):
    source, target = "a b c\na b\na b\na b c\n", "x y\nx y z\nx y\nx y z\n"
    assert parallel(source, target, max_length=2) == [("a b", ["x y"])]


def test_a_warning_tells_once_how_many_pairs_are_left_out(file, caplog):
    paths = file("s", "a b c\nb\nc\n\n"), file("t", "x\ny\nz\nw\n")
    read = make_parallel_corpus(*paths, empty="skip", max_length=2)
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        assert len(list(read(NLP))) == len(list(read(NLP))) == 2
    assert caplog.messages == [
        f"{paths[0]}: pairs left out of 4: "
        "1 with a side longer than max_length = 2, 1 with an empty side"
    ]


def test_the_limit_counts_what_is_not_left_out(parallel):
    assert parallel("a b\nb\nc\n", "x\ny\nz\n", max_length=1, limit=1) == [("b", ["y"])]


# -- Faults


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((3, 2), "t1, line 2: the file ends here, others go on. Lines: s 3, t1 2; "),
        ((2, 3), "s, line 2: the file ends here, others go on. Lines: s 2, t1 3; "),
        ((2, 2, 1), "t2, line 1: the file ends here, others go on. Lines: s 2, t1 2, t2 1; "),
        ((1, 0), "t1: the file ends here, others go on. Lines: s 1, t1 0; "),
    ],
)
def test_files_of_different_length_are_refused_before_the_first_example(file, counts, message):
    names = ["s", *(f"t{number}" for number in range(1, len(counts)))]
    source, *targets = [file(n, "x\n" * c) for n, c in zip(names, counts, strict=True)]
    examples = make_parallel_corpus(source, targets, limit=1)(NLP)
    assert refused(next, examples) == f"{message}expected equally many in each file"


def test_a_last_line_without_an_end_counts(parallel):
    assert len(parallel("a\nb", "x\ny\n")) == 2
    assert "Lines: s 2, t1 1" in refused(parallel, "a\nb", "x\n")


@pytest.mark.parametrize("blank", ["", " ", "\r", "\xa0\t"])
def test_an_empty_side_is_refused_with_its_file_and_line(parallel, blank):
    advice = 'expected a text; empty = "skip" leaves such pairs out'
    two, one = "a\nb\n", f"x\n{blank}\n"
    assert refused(parallel, one, two) == f"s, line 2: an empty source, {advice}"
    assert refused(parallel, two, one) == f"t1, line 2: an empty reference, {advice}"
    assert refused(parallel, two, two, one) == f"t2, line 2: an empty reference 2, {advice}"


def test_an_empty_column_is_refused_with_its_line(table):
    message = "pairs.tsv, line 2: an empty reference (column 1), expected a text"
    assert refused(table, "a\tx\nb\t\n").startswith(message)
    message = "pairs.tsv, line 1: an empty source (column 0), expected a text"
    assert refused(table, "\tx\n").startswith(message)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a\n", {}, "1: 1 column, expected at least 2 to have column 1"),
        ("a\tx\n", {"targets": [1, 2]}, "1: 2 columns, expected at least 3 to have column 2"),
        ("a\tx\n", {"source": -3}, "1: 2 columns, expected at least 3 to have column -3"),
        ("a\tx\nb\n", {}, "2: 1 column, expected 2 as in line 1"),
        ("a\tx\n\nb\ty\tz\n", {}, "3: 3 columns, expected 2 as in line 1"),
        ("a\tx\n", {"targets": -2}, "1: of 2 columns, 0, -2 are not all different, expected one "),
    ],
)
def test_rows_without_the_columns_are_refused(table, content, options, message):
    assert refused(table, content, **options).startswith(f"pairs.tsv, line {message}")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_table_without_a_pair_is_refused(table, content):
    message = "pairs.tsv: no pair to read, expected at least one"
    assert refused(table, content) == message


def test_a_corpus_without_a_pair_is_refused_and_why_there_is_none(parallel):
    assert refused(parallel, "", "") == "s: no pair to read, expected at least one"
    assert refused(parallel, "a b\n\n", "x\ny\n", empty="skip", max_length=1) == (
        "s: no pair to read (all are left out: 1 with a side longer than max_length = 1, "
        "1 with an empty side), expected at least one"
    )


def test_bytes_that_are_no_utf8_are_refused_with_their_line(parallel, table):
    latin = "un\n\xe9t\xe9\n".encode("latin-1")
    assert refused(parallel, "un\ndeux\n", latin).startswith("t1, line 2: byte 0xe9 is not UTF-8")
    message = "pairs.tsv, line 1: a NUL at character 2, expected a text in UTF-8"
    assert refused(table, "a\tx\n".encode("utf-16-le")) == message


def test_a_damaged_gzip_file_is_refused(parallel):
    damaged = gzip.compress(b"un\n" * 100)[:-9]
    assert refused(parallel, damaged, "one\n" * 100).startswith("s: no sound gzip file")


def test_a_missing_file_and_a_folder_are_refused_when_they_are_read(file, tmp_path):
    there, missing = file("s", "un\n"), tmp_path / "missing"
    assert refused(list, make_parallel_corpus(there, missing)(NLP)) == "missing: no such file"
    assert refused(list, make_parallel_corpus(missing, there)(NLP)) == "missing: no such file"
    assert refused(list, make_paired_texts(missing)(NLP)) == "missing: no such file"
    (tmp_path / "folder").mkdir()
    message = "folder: a folder, expected a file"
    assert refused(list, make_parallel_corpus(there, tmp_path / "folder")(NLP)) == message
    assert refused(list, make_paired_texts(tmp_path / "folder")(NLP)) == message


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_path_that_was_not_given_is_refused_at_once(nothing):
    advice = "expected a file (set [paths] or --paths)"
    assert refused(make_parallel_corpus, nothing, "t") == f"no path to the sources, {advice}"
    assert refused(make_parallel_corpus, "s", nothing) == f"no path to the references, {advice}"
    assert refused(make_parallel_corpus, "s", ["t", nothing]).startswith("no path to the ref")
    assert refused(make_paired_texts, nothing) == f"no path to the pairs, {advice}"


def test_no_reference_at_all_is_refused(table):
    assert refused(make_parallel_corpus, "s", []).startswith("no path to the references")
    message = "no columns of references, expected at least one"
    assert refused(table, "a\tx\n", targets=[]) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"empty": "keep"}, "unknown empty 'keep', expected one of error, skip"),
        ({"max_length": -1}, "max_length -1, expected 0 for no limit, or more"),
        ({"limit": -1}, "limit -1, expected 0 for no limit, or more"),
    ],
)
def test_unknown_values_of_options_are_refused_at_once(options, message):
    assert refused(make_parallel_corpus, "s", "t", **options) == message
    assert refused(make_paired_texts, "p", **options) == message
    assert refused(Selection, **options) == message


def test_a_source_that_the_pipeline_does_not_take_is_refused_with_its_line(file):
    nlp = spacy.blank("fr")
    nlp.max_length = 10
    read = make_parallel_corpus(file("s", "court\nbeaucoup trop long\n"), file("t", "x\ny\n"))
    message = refused(list, read(nlp))
    assert message.startswith("s, line 2: a source of 18 characters, expected at most 10")


# -- As spaCy meets them


@pytest.mark.parametrize("targets", ['"{t}"', '["{t}", "{t}"]'])
def test_a_config_makes_the_reader_of_parallel_files(file, targets):
    block = '@readers = "seqpipe.ParallelCorpus.v1"\nsource = "{s}"\ntargets = ' + targets
    block = f"[corpus]\n{block}".format(s=file("fr", FRENCH), t=file("en", ENGLISH))
    read = registry.resolve(Config().from_str(block))["corpus"]
    assert texts(read(NLP))[1] == ("Le chat dort.", ["The cat sleeps."] * (targets.count("t")))


@pytest.mark.parametrize("targets", ["0", "[0]"])
def test_a_config_makes_the_reader_of_a_table(file, targets):
    block = '[corpus]\n@readers = "seqpipe.PairedTexts.v1"\npath = "{}"\nsource = 1\ntargets = {}'
    block = block.format(file("pairs.tsv", "Go.\tVa !\n"), targets)
    read = registry.resolve(Config().from_str(block))["corpus"]
    assert texts(read(NLP)) == [("Va !", ["Go."])]


def test_null_paths_of_a_config_are_refused_in_our_words():
    block = {"@readers": "seqpipe.ParallelCorpus.v1", "source": None, "targets": None}
    with pytest.raises(InputError, match="no path to the sources"):
        registry.resolve({"corpus": block})


def test_examples_come_before_the_rest_is_read(file):
    pairs = read_pairs(file("s", b"a\nb\nc\xe9\n"), file("t", "x\ny\nz\n"))
    assert list(islice(pairs, 2)) == [Pair(1, "a", ("x",)), Pair(2, "b", ("y",))]
    with pytest.raises(InputError, match="line 3: byte 0xe9"):
        next(pairs)


# -- Real corpora


def white_space_pipeline():
    nlp = spacy.blank("xx")
    nlp.tokenizer = lambda text: Doc(nlp.vocab, words=text.split())
    return nlp


@needs_data
def test_multi30k_has_its_pairs_and_words_and_is_read_in_seconds():
    paths = [MULTI30K / f"train.lc.norm.tok.{language}.gz" for language in ("de", "en", "fr")]
    began = time.process_time()
    examples = list(make_parallel_corpus(paths[0], paths[1:])(white_space_pipeline()))
    assert time.process_time() - began < 10
    assert len(examples) == 29_000
    sides = zip(*(eg.reference._.references for eg in examples), strict=True)
    english, french = (sum(len(text.split()) for text in side) for side in sides)
    assert (sum(len(eg.predicted) for eg in examples), english, french) == (
        360_706,
        377_534,
        409_845,
    )


@needs_data
@pytest.mark.parametrize(
    ("part", "count"),
    [("val", 1014), ("test_2016_flickr", 1000), ("test_2017_flickr", 1000)],
)
def test_the_other_parts_of_multi30k_have_their_pairs(part, count):
    source, target = (MULTI30K / f"{part}.lc.norm.tok.{language}" for language in ("de", "en"))
    assert sum(1 for _ in read_pairs(source, target)) == count


@needs_data
def test_tatoeba_pairs_are_gathered_by_their_sources():
    pairs = list(read_paired_texts(TATOEBA, gather=True))
    assert len(pairs) == 98_659
    run = next(pair for pair in pairs if pair.source == "Run!")
    assert run == Pair(2, "Run!", ("Cours\u202f!", "Courez\u202f!"))
