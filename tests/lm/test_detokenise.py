"""From words to text."""

import pytest
import spacy

from seqpipe.lm.detokenise import detokenise


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("i do n't know , she said .", "i don't know, she said."),
        ("we 're here ; it 's John 's !", "we're here; it's John's!"),
        ("DO N'T they do n’t", "DON'T they don’t"),
        ("wait ... what ?!", "wait... what?!"),
        ("an apple ( or a pear ) and [ more ]", "an apple (or a pear) and [more]"),
        ("an apple -LRB- or a pear -rrb- .", "an apple (or a pear)."),
        ("`` we rose , '' he said .", '"we rose," he said.'),
        ('" we rose , " he said , " again "', '"we rose," he said, "again"'),
        ("“ we rose ” , ‘ we", "“we rose”, ‘we"),
        ("he said ' no ' to the dogs ' owner", "he said 'no' to the dogs' owner"),
        ("rose N % to $ N billion , or 5 % of £ 3", "rose N% to $N billion, or 5% of £3"),
        ("das kostet 5 € und 3 Pfund", "das kostet 5 € und 3 Pfund"),
        (r"this \/ that", "this / that"),
        ("l' homme qu' il a vu à l’ école", "l'homme qu'il a vu à l’école"),
        ("我 爱 北京 。", "我爱北京。"),
        ("well - known <UNK> & co", "well - known <UNK> & co"),
        (", so it begins", ", so it begins"),
        ("", ""),
    ],
)
def test_words_become_text(tokens, text):
    assert detokenise(tokens.split()) == text


@pytest.mark.parametrize(
    ("after", "tokens", "text"),
    [
        ("The apple", ["is", "ripe"], " is ripe"),
        ("The apple ", ["is"], "is"),
        ("The apple", [",", "she"], ", she"),
        ("The apple (", ["or"], "or"),
        ('He said "no', ['"', "."], '".'),
        ('He said "', ["no", '"'], 'no"'),
        ("l'", ["homme"], "homme"),
        ("The apple", [], ""),
        ("\n", ["the"], "the"),
    ],
)
def test_it_goes_on_from_what_was_written(after, tokens, text):
    assert detokenise(tokens, after=after) == text


@pytest.mark.parametrize(
    "text",
    [
        "I don't think we'll see John's apples (or pears) again.",
        'He said: "Teddy bears are on sale!"',
        "Is it 5% or $3, then? We've no idea; they'd know...",
    ],
)
def test_what_spacy_parts_is_put_together_again(text):
    assert detokenise([token.text for token in spacy.blank("xx")(text)]) == text
