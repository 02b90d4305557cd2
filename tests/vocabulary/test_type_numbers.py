"""Types are numbered and counted as a dictionary would do it."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.vocabulary.type_numbers import LINE_END, TypeNumbers

TOKENS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@settings(deadline=None)
@given(st.lists(st.lists(TOKENS | st.sampled_from(["a", "ab", "é", "字"]), max_size=20)))
def test_as_a_dictionary_numbers_them(batches):
    types, numbers = TypeNumbers(10_000), {}
    for batch in batches:
        wanted = [numbers.setdefault(token, len(numbers)) if token else LINE_END for token in batch]
        assert types.number(batch).tolist() == wanted
    assert list(types) == list(numbers)
    assert len(types) == len(numbers)
    counts = Counter(token for batch in batches for token in batch)
    assert types.counts.tolist() == [counts[token] for token in numbers]


def test_thousands_of_types_find_room():
    types = TypeNumbers(1_000_000)
    tokens = [f"type {i}" for i in range(30_000)]
    for start in range(0, len(tokens), 700):
        types.number(tokens[start : start + 700])
    assert types.number(tokens).tolist() == list(range(len(tokens)))
    assert types[12_345] == "type 12345"
    assert set(types.counts.tolist()) == {2}


def test_the_rarest_are_forgotten_and_come_again_as_new_types():
    types = TypeNumbers(3)
    types.number(["a", "a", "b", "b", "c"])
    assert types.number(["d", "b"]).tolist() == [3, 1]
    assert list(types) == ["a", "b", "", ""]
    assert types.number(["c", "a", ""]).tolist() == [4, 0, LINE_END]
    assert types.counts.tolist() == [3, 3, 1, 1, 1]


def test_the_digest_tells_spellings_apart():
    digests = set()
    for tokens in (["ab", "c"], ["a", "bc"], ["c", "ab"], ["ab", "c", "d"]):
        types = TypeNumbers(10)
        types.number(tokens)
        digests.add(types.digest())
    assert len(digests) == 4
