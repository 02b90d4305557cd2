"""Entities are marked in their text, and what is wrong with them can be told without colour."""

from hypothesis import given
from hypothesis import strategies as st

from seqpipe.reporting.entities import Entity, is_wrong, mark_entities

TEXT = "Mina Okafor moved to New Leeds ."
MINA, LEEDS = Entity(0, 11, "PER", 0.981), Entity(21, 30, "LOC", 0.87)


def plain(entities, gold=None, **options):
    return mark_entities(TEXT, entities, gold=gold, **options).plain


def test_entity_is_bracketed_with_label_and_confidence_behind_it():
    assert plain([MINA, LEEDS]) == "[Mina Okafor](PER 0.98) moved to [New Leeds](LOC 0.87) ."


def test_entity_without_confidence_has_its_label_alone():
    assert plain([Entity(0, 11, "PER")]) == "[Mina Okafor](PER) moved to New Leeds ."


def test_right_entities_get_no_cross():
    assert "✗" not in plain([MINA, LEEDS], [MINA, LEEDS._replace(confidence=None)])


def test_wrong_label_names_the_right_one():
    assert "[New Leeds](LOC 0.87 ✗ gold: ORG)" in plain([LEEDS], [Entity(21, 30, "ORG")])


def test_wrong_span_names_the_right_one():
    assert 'New [Leeds](LOC ✗ gold: LOC "New Leeds")' in plain([Entity(25, 30, "LOC")], [LEEDS])


def test_entity_where_gold_has_none_says_so():
    assert "[moved](LOC ✗ gold: none) to" in plain([Entity(12, 17, "LOC")], [])


def test_missed_entity_is_marked():
    assert "[New Leeds](✗ missed LOC) ." in plain([MINA], [MINA, LEEDS])


def test_ascii_terminal_gets_no_other_character():
    assert plain([], [MINA], ascii_only=True).isascii()


def test_label_keeps_its_colour_from_text_to_text():
    labels = ["LOC", "PER"]
    one = mark_entities(TEXT, [LEEDS], labels=labels).spans[0].style
    other = mark_entities(TEXT, [MINA, LEEDS], labels=labels).spans[-1].style
    assert str(one) == str(other)


def test_confidence_is_no_part_of_being_right():
    assert not is_wrong([MINA], [Entity(0, 11, "PER")])
    assert is_wrong([MINA], [Entity(0, 11, "ORG")])


spans = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 5)).map(lambda s: Entity(s[0], sum(s), "X")),
    max_size=4,
)


@given(st.text("ab ", min_size=15, max_size=15), spans, spans)
def test_without_its_marks_the_text_is_as_it_was(text, entities, gold):
    marked = mark_entities(text, entities, gold=gold)
    kept = list(marked.plain)
    for span in marked.spans:
        if marked.plain[span.start : span.end].startswith(("[", "](")):
            kept[span.start : span.end] = [""] * (span.end - span.start)
    assert "".join(kept) == text
