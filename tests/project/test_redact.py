"""What others say is shown without the values of `env`."""

from urllib.parse import quote

import pytest

from seqpipe.project.redact import Redaction
from seqpipe.project.variables import Text

TEXTS = [Text("", "http://${env.user}:${env.password}@host")]
VALUES = {"user": "us:er", "password": "s3:cr3t@value", "other": "e", "empty": ""}


@pytest.fixture
def redacted():
    return Redaction(TEXTS, VALUES)


@pytest.mark.parametrize(
    "said",
    ["s3:cr3t@value", quote("s3:cr3t@value"), quote("s3:cr3t@value", safe=""), "cr3t", "value"],
)
def test_a_value_and_its_parts_and_encoded_forms_are_taken_back(redacted, said):
    assert redacted(f"fatal: {said}/x") == "fatal: ${env.password}/x"


def test_two_values_side_by_side_are_told_apart(redacted):
    assert redacted("us:er:s3:cr3t@value@host") == "${env.user}:${env.password}@host"


def test_a_value_that_was_not_given_away_is_no_secret(redacted):
    assert redacted("there were errors") == "there were errors"


def test_a_reference_stays_one():
    redacted = Redaction([Text("", "${env.x}${env.token}")], {"x": "env", "token": "token"})
    assert redacted("env ${env.token} token") == "${env.x} ${env.token} ${env.token}"


def test_what_a_terminal_would_obey_is_escaped(redacted):
    assert redacted("a\x1b[2Jb\nc\x9bd") == r"a\x1b[2Jb\nc\x9bd"
