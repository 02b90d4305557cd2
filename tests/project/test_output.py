"""What a command writes, as lines without the values of `env`."""

import pytest

from seqpipe.project.output import Lines

SECRETS = {
    "token": "s3cr3t",
    "longer": "s3cr3t-too",
    "short": "abc",
    "none": "",
    "key": "first\nlast",
}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("is s3cr3t.", "is ${env.token}."),
        ("s3cr3t-too s3cr3t", "${env.longer} ${env.token}"),
        ("abc", "abc"),
        ("first", "${env.key}"),
        ("\x1b[32mgreen\tas it is\x1b[0m", "\x1b[32mgreen\tas it is\x1b[0m"),
    ],
)
def test_a_value_of_env_becomes_its_name(written, shown):
    assert Lines(SECRETS).feed(f"{written}\n".encode()) == [shown]


def test_a_value_that_comes_in_two_pieces_or_without_an_end_is_found():
    lines = Lines(SECRETS)
    assert lines.feed(b"s3c") == []
    assert lines.feed(b"r3t") == []
    assert lines.unfinished == "${env.token}"
    assert lines.end() == ["${env.token}"]
