"""Variables: filled in as weasel fills them in, and values of env kept out of sight."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from weasel.util.config import substitute_project_variables

from seqpipe.project.variables import Text, Variables

VALUES = {
    "string": "str",
    "words": "two words",
    "empty": "",
    "digits": "007",
    "int": 5,
    "float": 0.1,
    "small": 1e-5,
    "true": True,
    "null": None,
    "list": [1, "a"],
    "deep": {"er": {"est": "x"}},
    "other": "${vars.string}/y",
}
TEXTS = [f"a ${{vars.{name}}} b" for name in VALUES if name != "deep"]
TEXTS += ["${vars.deep.er.est}", "${vars:string}", "$HOME $$ 100% $", "'${vars.string}'"]


@pytest.mark.parametrize("text", TEXTS)
def test_fills_in_what_weasel_fills_in(text):
    theirs = substitute_project_variables({"vars": dict(VALUES), "commands": [{"script": [text]}]})
    assert Variables(VALUES, {}).fill(text).value == theirs["commands"][0]["script"][0]


def test_a_value_of_env_is_given_but_not_shown():
    variables = Variables({"login": "me:${env.token}"}, {"token": "s3cret"})
    expected = Text("curl me:s3cret s3cret", "curl me:${env.token} ${env.token}")
    assert variables.fill("curl ${vars.login} ${env.token}") == expected


def test_a_value_of_env_is_not_filled_in_again():
    assert Variables({}, {"x": "${vars.y}"}).fill("${env.x}").value == "${vars.y}"


@given(st.text())
def test_text_without_references_stays_as_it_is(text):
    if "${" not in text:
        assert Variables({}, {}).fill(text) == Text(text, text)


@given(st.text())
def test_any_override_is_taken_as_it_is(value):
    variables = Variables({}, {})
    variables.override("x", value)
    if "${" not in value:
        assert variables.fill("${vars.x}").value == value


@pytest.mark.parametrize("text", ["a ${vars.x", "${env.x b", "'${vars:x'", "${vars.x} ${project.t"])
def test_a_reference_that_is_not_closed_is_a_fault(text):
    with pytest.raises(ValueError, match="a reference without its closing }"):
        Variables({"x": 1}, {}).fill(text)


@pytest.mark.parametrize("text", ["${vars.x}}", "$vars.x", "{vars.x", "awk '${'"])
def test_what_is_no_reference_stays(text):
    Variables({"x": 1}, {}).fill(text)


def test_variables_that_come_to_more_than_they_look_are_refused():
    doubled = {f"a{i}": f"${{vars.a{i + 1}}}${{vars.a{i + 1}}}" for i in range(60)}
    with pytest.raises(ValueError, match="is longer than 1,000,000 characters"):
        Variables({**doubled, "a60": "xy"}, {}).fill("${vars.a0}")
    assert Variables({**doubled, "a60": ""}, {}).fill("${vars.a0}").value == ""
    chain = {f"a{i}": f"${{vars.a{i + 1}}}" for i in range(3000)}
    with pytest.raises(ValueError, match=r"\$\{vars.a0\} is defined by more than 100 others"):
        Variables({**chain, "a3000": "x"}, {}).fill("${vars.a0}")
