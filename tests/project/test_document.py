"""What `seqpipe document` says of a project, and how it gets into a README."""

import pytest
from markdown_it import MarkdownIt

from seqpipe.files import InputError
from seqpipe.project.document import END, START, describe, is_left_alone, merged
from seqpipe.project.load import load_project

PROJECT = """
    title: "Names | and\\nplaces"
    description: "Two words."
    vars: {epochs: 10, deep: {rate: "a|b"}, tick: "`x`"}
    env: {token: MY_TOKEN}
    assets:
      - {dest: a.txt, url: "https://example.org/a.txt", description: "one | two\\nthree"}
      - {dest: b, git: {repo: "https://example.org/r.git", path: data}, extra: true}
      - {dest: c.zip, url: "https://example.org/${env.token}", extract: c}
      - {dest: d}
    workflows: {all: [first, more], more: [second]}
    commands:
      - {name: first, help: "Does | it", script: ["true ${env.token}"]}
      - {name: second}
"""


@pytest.fixture
def readme(write_project, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    return describe(load_project(write_project(PROJECT)))


def tables(markdown):
    """The cells of each table, as a Markdown reader of its own sees them."""
    found, row = [], []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            row = []
            found[-1].append(row)
        elif token.type == "inline" and found and token.level > 3:
            row.append("".join(part.content for part in token.children))
    return found


def test_every_part_is_there_with_its_cells_whole(readme):
    workflows, commands, assets, variables, environment = tables(readme)
    assert workflows[1:] == [["all", "first → more"], ["more", "second"]]
    assert commands[1:] == [["first", "Does | it"], ["second", ""]]
    assert assets[1:] == [
        ["a.txt", "example.org", "one | two three"],
        ["b (extra)", "git: example.org, data", ""],
        ["c.zip, unpacked into c", "https://example.org/${env.token}", ""],
        ["d", "to be brought by hand", ""],
    ]
    assert variables[1:] == [["epochs", "10"], ["deep.rate", "a|b"], ["tick", "`x`"]]
    assert environment[1:] == [["token", "MY_TOKEN"]]
    assert "# Names | and places\n\nTwo words." in readme


def test_values_of_env_are_not_written(readme):
    assert "s3cret" not in readme


def test_what_a_project_lacks_has_no_heading(write_project):
    path = write_project("commands: [{name: a}]")
    text = describe(load_project(path))
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        f"# {path.parent.name}",
        "## Commands",
    ]


@pytest.mark.parametrize(
    "address",
    ["https://u:p@example.org/a", "http://[${env.host}]/a", "http:///a", "http://e.org/`a`"],
)
def test_an_address_that_is_none_or_holds_a_password_is_no_link(
    write_project, monkeypatch, address
):
    monkeypatch.setenv("DOCUMENT_TEST_HOST", "::1")
    path = write_project(f"""
        env: {{host: DOCUMENT_TEST_HOST}}
        assets: [{{dest: a, git: {{repo: "{address}", path: ""}}}}]
    """)
    text = describe(load_project(path))
    assert "](" not in text
    assert address in text


def test_words_of_the_project_are_no_html(write_project):
    path = write_project("""
        title: "<b>Names</b>"
        commands: [{name: a, help: "`x < 1` & <script>alert(1)</script>"}]
    """)
    text = describe(load_project(path))
    assert MarkdownIt("commonmark").render(text).count("<b>") == 0
    assert "# &lt;b>Names&lt;/b>" in text
    assert tables(text)[0][1] == ["a", "x < 1 & <script>alert(1)</script>"]
    assert "<script>" not in text


@pytest.mark.parametrize("marker", [START, END, "<!-- WEASEL: IGNORE -->"])
@pytest.mark.parametrize("key", ["title", "description"])
def test_a_marker_in_the_project_ends_nothing(write_project, marker, key):
    part = describe(load_project(write_project(f"{key}: 'See `{marker}`'")))
    once = merged("mine\n", part)
    assert not is_left_alone(once)
    assert merged(once, part) == once


@pytest.mark.parametrize("where", ["vars: {a: '%s'}", "commands: [{name: a, help: '%s'}]"])
def test_a_marker_in_a_table_ends_nothing(write_project, where):
    part = describe(load_project(write_project(where % f"`{END}`")))
    once = merged("", part)
    assert merged(once, part) == once


PART = f"{START}\nnew\n{END}"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, END),
        (
            "<!-- WEASEL: AUTO-GENERATED DOCS START (do not remove) -->",
            "<!-- WEASEL: AUTO-GENERATED DOCS END (do not remove) -->",
        ),
        (
            "<!-- SPACY PROJECT: AUTO-GENERATED DOCS START (do not remove) -->",
            "<!-- SPACY PROJECT: AUTO-GENERATED DOCS END (do not remove) -->",
        ),
    ],
)
def test_own_text_around_the_part_stays(start, end):
    assert merged(f"mine\n{start}\nold\n{end}\nmine too", PART) == f"mine\n{PART}\nmine too"


def test_without_markers_the_part_comes_last():
    assert merged("mine\n", PART) == f"mine\n\n{PART}\n"
    assert merged("", PART) == f"{PART}\n"


def test_twice_is_as_once():
    once = merged("mine\n", PART)
    assert merged(once, PART) == once


def test_line_ends_stay():
    assert merged("mine\r\n", PART) == f"mine\r\n\r\n{PART}\n".replace("\n", "\r\n").replace(
        "\r\r", "\r"
    )


def test_a_file_that_asks_for_it_is_left_alone():
    text = "<!-- SPACY PROJECT: IGNORE -->\nmine"
    assert is_left_alone(text)
    assert merged(text, PART) == text


@pytest.mark.parametrize(
    "text", [f"x\n{START}", f"x\n{END}", f"{END}\n{START}", f"{PART}\n{PART}", f"{START}\n{PART}"]
)
def test_markers_that_do_not_belong_together_are_named_with_their_line(text):
    with pytest.raises(
        InputError, match=r"START and . END markers, expected one of each"
    ) as caught:
        merged(text, PART)
    assert caught.value.line in (1, 2, 4)
