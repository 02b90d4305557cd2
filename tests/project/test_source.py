"""The YAML of a project.yml: what is wrong with it, and in which line."""

import pytest

from seqpipe.files import InputError
from seqpipe.project.load import load_project

FAULTS = {
    "alias of what it is in": ("vars: &v\n  a: *v\n", 1, ["an alias is within what it stands for"]),
    "workflow that is in itself by an alias": (
        "workflows:\n  all: &v [a, *v]\n",
        2,
        ["an alias is within what it stands for"],
    ),
    "tab": ("vars:\n\ta: 1\n", 2, ["not valid YAML: a tab", "expected spaces"]),
    "tab after what can go on": ("title: x\n\tvars: 1\n", 2, ["a tab", "expected spaces"]),
    "tab in a list": ("commands:\n  - name: a\n\t  help: b\n", 3, ["a tab", "expected spaces"]),
    "open bracket": (
        "vars: {}\ncommands: [\nworkflows: {}\n",
        4,
        ["not valid YAML", "begins in line 2"],
    ),
    "key twice": ("vars: {}\nvars: {}\n", 2, ["duplicate key"]),
    "Python object": ("vars: !!python/object:os.system x\n", 1, ["not valid YAML"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_the_yaml_is_said_with_the_line(write_project, fault):
    text, line, words = FAULTS[fault]
    path = write_project("")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_project(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_file_that_is_not_utf8_is_named_with_the_line(write_project):
    path = write_project("")
    path.write_bytes(b"vars: {}\ntitle: caf\xe9\n")
    with pytest.raises(InputError, match="line 2: not UTF-8"):
        load_project(path)


def test_aliases_of_aliases_do_not_fill_the_memory(write_project):
    lines = [f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    path = write_project("\n".join(["vars:", "  a0: &a0 x", *lines]))
    with pytest.raises(InputError, match="with its aliases written out it has more than 100,000"):
        load_project(path)


def test_what_is_nested_too_deeply_is_said(write_project):
    path = write_project("vars: {a: " + "[" * 3000 + "]" * 3000 + "}")
    with pytest.raises(InputError, match=r"project.yml: not valid YAML: nested too deeply"):
        load_project(path)
