"""Fetchers of plugins bring assets like the built-in ones: gone on with, checked, and blamed."""

import base64
import hashlib
import json

import pytest

from seqpipe.cli.assets import find_fetchers
from seqpipe.files import InputError
from seqpipe.hookspecs import Download, Fetcher
from seqpipe.plugins import load_plugins
from seqpipe.project import transfer
from seqpipe.project.assets import project_assets
from tests.installed import Installed
from tests.pages import blocks
from tests.project.site import serving

EXAMPLE = next(body for body in blocks("docs/plugins.md", "python") if "def seqpipe_fetch" in body)
CONTENT = b"0123456789" * 100
MD5 = hashlib.md5(CONTENT).hexdigest()
# Breaks off once in the middle, and tells a file what it was asked for.
SHELF = """
from pathlib import Path
from seqpipe import Download, Fetcher, hookimpl

CONTENT = b"0123456789" * 100

def pieces(offset):
    yield CONTENT[offset:offset + 400]
    if not offset:
        fault = ConnectionError("the shelf shook")
        fault.pause = 0
        raise fault
    yield CONTENT[offset + 400:]

def fetch(url, offset, tag):
    with Path(__file__).with_name("asked").open("a") as stream:
        print(url, offset, tag, file=stream)
    return Download(pieces(offset), offset, len(CONTENT), "first edition")

@hookimpl
def seqpipe_fetchers():
    return [Fetcher("shelf", fetch)]
"""
FAILING = """
import sys
from seqpipe import Download, Fetcher, hookimpl

def pieces():
    yield b"a"
    1 / 0

def give(text):
    yield text

@hookimpl
def seqpipe_fetchers():
    return [Fetcher("odd", lambda url, offset, tag: {body})]
"""


LOUD = """
from seqpipe import Download, Fetcher, hookimpl

def fetch(url, offset, tag):
    print("fetching")
    return Download(iter([b"a"]))

@hookimpl
def seqpipe_fetchers():
    return [Fetcher("loud", fetch)]
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.delenv("SEQPIPE_MIRROR", raising=False)
    monkeypatch.setattr(transfer, "PAUSE", 0.01)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    packages = Installed(tmp_path / "site")
    packages.put_on_path(monkeypatch)
    return packages


@pytest.fixture
def project(tmp_path):
    """Writes a project; each asset is what stands between the braces."""

    def write(*assets):
        path = tmp_path / "project" / "project.yml"
        path.parent.mkdir()
        path.write_text("assets:\n" + "".join(f"  - {{{asset}}}\n" for asset in assets))
        return path

    return write


def fetchers(plugins):
    return {scheme: fetcher for scheme, (_, fetcher) in find_fetchers(plugins).items()}


def fetch_with(fetch, path):
    """Fetch with one fetcher, of the scheme `own`; what was noted."""
    notes = []
    project_assets(
        path,
        fetchers={"own": Fetcher("own", fetch)},
        report=lambda event: notes.append(event.text) if event.kind == "note" else None,
    )
    return notes


def test_example_of_the_documentation_brings_an_asset(installed, project):
    installed.add("coded", EXAMPLE)
    path = project(
        f"dest: a, url: 'base64://{base64.b64encode(CONTENT).decode()}', checksum: {MD5}"
    )
    done = installed.seqpipe("assets", path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("✔ a  downloaded, 1.0 kB in ")
    assert (path.parent / "a").read_bytes() == CONTENT


def test_a_broken_fetch_goes_on_where_it_was_with_its_tag(installed, project):
    installed.add("shelf", SHELF)
    path = project(f"dest: a, url: 'SHELF://b/c', checksum: {MD5}")
    done = installed.seqpipe("assets", path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.splitlines()[0] == "a  the shelf shook; again in 0 s"
    assert (path.parent / "a").read_bytes() == CONTENT
    asked = (installed.folder / "asked").read_text().splitlines()
    assert asked == ["SHELF://b/c 0 ", "SHELF://b/c 400 first edition"]


def test_a_wrong_checksum_of_a_plugins_bytes_writes_nothing(installed, project):
    installed.add("coded", EXAMPLE)
    path = project(f"dest: a, url: 'base64://YWJj', checksum: {MD5}")
    with pytest.raises(InputError, match=f"base64://YWJj: MD5 .*, expected {MD5}; nothing was"):
        project_assets(path, fetchers=fetchers(load_plugins()))
    assert sorted(file.name for file in path.parent.iterdir()) == [".seqpipe", "project.yml"]


BAD = {
    "exception": ("[][0]", "IndexError: list index out of range"),
    "exception between pieces": ("Download(pieces())", "ZeroDivisionError: division by zero"),
    "exit": ("sys.exit(3)", "SystemExit: 3"),
    "no download": ("None", "TypeError: gave None, expected a seqpipe.Download"),
    "text": ("Download(give('abc'))", "TypeError: gave a piece that is 'abc', expected bytes"),
    "wrong place": ("Download(give(b''), 7)", "ValueError: began at byte 7, expected 0"),
    "size as text": ("Download(give(b''), 0, '7')", "TypeError: gave size '7' and tag ''"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_fetcher_that_fails_is_one_message_with_its_plugin_and_others_come(
    installed, project, fault
):
    body, words = BAD[fault]
    installed.add("odd", FAILING.format(body=body))
    path = project("dest: a, url: 'odd://x'", f"dest: b, url: '{__file__}'")
    done = installed.seqpipe("assets", path, "--jobs", 1)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "✘ a"
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {path}, line 2: asset a: odd://x: plugin odd (seqpipe-odd 1.5)")
    assert line.endswith(f" failed: {words}")
    assert (path.parent / "b").is_file()
    assert not (path.parent / "a").exists()


def test_with_strict_a_fetcher_that_fails_is_the_end(installed, project):
    installed.add("odd", FAILING.format(body="1 / 0"))
    path = project("dest: a, url: 'odd://x'", f"dest: b, url: '{__file__}'")
    done = installed.seqpipe("--strict", "assets", path, "--jobs", 1)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "warning: plugin odd (seqpipe-odd 1.5) is set aside: ZeroDivisionError: division by zero",
        "error: --strict: a failing plugin is fatal: odd; to go on: --no-plugin odd",
    ]
    assert not (path.parent / "b").exists()
    debugged = installed.seqpipe("--strict", "assets", path, SEQPIPE_DEBUG="1").stderr
    assert "odd_module.py" in debugged


def test_a_fault_that_a_plugin_puts_into_words_is_the_assets_own(project):
    def fetch(url, offset, tag):
        raise InputError("no book of that name")

    path = project("dest: a, url: 'own://x'")
    with pytest.raises(InputError, match=r"asset a: own://x: no book of that name$"):
        fetch_with(fetch, path)


@pytest.mark.parametrize("fault", [ValueError, InputError, ConnectionError])
def test_a_value_of_env_in_what_a_plugin_raises_is_not_shown(project, monkeypatch, fault):
    def fetch(url, offset, tag):
        raise fault(f"cannot read {url}, password {url[6:]}")

    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    path = project("dest: a, url: 'own://${env.token}'")
    path.write_text("env: {token: TEST_TOKEN}\n" + path.read_text())
    with pytest.raises(InputError, match=r"password \$\{env.token\}") as caught:
        fetch_with(fetch, path)
    assert "s3cret" not in str(caught.value)


def test_too_few_bytes_are_asked_for_again_and_then_given_up(project):
    asked = []

    def fetch(url, offset, tag):
        asked.append((offset, tag))
        return Download(iter([b"abc"[offset:]]), offset, 9, "t")

    path = project("dest: a, url: 'own://x'")
    with pytest.raises(InputError, match=r"own://x: the connection broke \(4 attempts\)"):
        fetch_with(fetch, path)
    assert asked == [(0, ""), *[(3, "t")] * 3]
    assert (path.parent / ".a.part").read_bytes() == b"abc"


def test_more_bytes_than_announced_are_never_a_file(project):
    path = project("dest: a, url: 'own://x'")
    with pytest.raises(InputError, match=r"more came than the 2 bytes that were announced \(4 att"):
        fetch_with(lambda url, offset, tag: Download(iter([b"abc"]), 0, 2), path)
    assert not (path.parent / "a").exists()


def test_a_source_that_goes_on_in_another_content_is_asked_for_all(project):
    def fetch(url, offset, tag):
        if tag == "" and not fetch.asked:
            fetch.asked = True
            return Download(iter([b"old"]), 0, 6, "old")
        return Download(iter([b"newest"[offset:]]), offset, 6, "new")  # does not look at the tag

    fetch.asked = False
    path = project("dest: a, url: 'own://x'")
    fetch_with(fetch, path)
    assert (path.parent / "a").read_bytes() == b"newest"


def test_without_a_tag_a_broken_fetch_begins_anew(project):
    def fetch(url, offset, tag):
        asked.append(offset)
        return Download(iter([b"abc", b"def"][: len(asked)]), 0, 6)

    asked = []
    path = project("dest: a, url: 'own://x'")
    assert fetch_with(fetch, path) == ["the connection broke; again in 0.01 s"]
    assert asked == [0, 0]
    assert (path.parent / "a").read_bytes() == b"abcdef"


def test_a_source_is_told_when_no_more_is_wanted(project):
    def pieces():
        try:
            yield b"abc"
            yield "no bytes"
        finally:
            closed.append(True)

    closed = []
    path = project("dest: a, url: 'own://x'")
    with pytest.raises(InputError, match=r"the fetcher of own:// failed: TypeError: gave a piece"):
        fetch_with(lambda url, offset, tag: Download(pieces()), path)
    assert closed == [True]


def test_http_comes_by_the_same_hook(project):
    found = find_fetchers(load_plugins())
    assert [(scheme, found[scheme][0].name) for scheme in ("http", "https", "file")] == [
        ("http", "project"),
        ("https", "project"),
        ("file", "project"),
    ]
    with serving() as site:
        site.files["/a"] = CONTENT
        path = project(f"dest: a, url: '{site.address}/a', checksum: {MD5}")
        project_assets(path, fetchers={"http": found["http"][1]})
    assert (path.parent / "a").read_bytes() == CONTENT


def test_an_unknown_scheme_is_named_with_those_of_the_plugins(installed, project):
    installed.add("coded", EXAMPLE)
    done = installed.seqpipe("assets", project("dest: a, url: 's3://x'"))
    assert done.returncode == 1
    assert done.stderr.endswith(
        "nothing fetches s3://, expected http://, https://, file://, base64:// or a path\n"
    )


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        ("https", "ValueError: the scheme 'https' is there already"),
        ("S3", "ValueError: the scheme 'S3', expected one such as 's3', in lower case"),
        ("s3://", "ValueError: the scheme 's3://', expected one such as 's3', in lower case"),
    ],
)
def test_a_scheme_that_cannot_be_sets_its_plugin_aside(installed, project, scheme, words):
    installed.add("coded", EXAMPLE)
    installed.add("other", EXAMPLE.replace('"base64"', f'"{scheme}"'))
    done = installed.seqpipe("assets", project("dest: a, url: 'base64://YWJj'"), "--json")
    assert json.loads(done.stdout)["failed"] == 0
    assert done.stderr == f"warning: plugin other (seqpipe-other 1.5) is set aside: {words}\n"


def test_what_a_fetcher_prints_stays_out_of_the_json(installed, tmp_path):
    installed.add("loud", LOUD)
    (tmp_path / "project.yml").write_text("assets: [{dest: a.txt, url: 'loud://a'}]\n")
    done = installed.seqpipe("assets", tmp_path, "--json")
    assert json.loads(done.stdout)["assets"][0]["ready"]
    assert "fetching" in done.stderr
