"""Fetchers of plugins are collected by their scheme."""

import base64

import pytest

from seqpipe import Fetcher
from seqpipe.plugins import load_plugins
from tests.installed import Installed
from tests.pages import blocks

EXAMPLE = next(body for body in blocks("docs/plugins.md", "python") if "def seqpipe_fetch" in body)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    packages = Installed(tmp_path)
    packages.put_on_path(monkeypatch)
    return packages


def fetchers(plugins):
    found = plugins.collect("seqpipe_fetchers", Fetcher, by="scheme")
    return {scheme: fetcher for scheme, (_, fetcher) in found.items()}


def test_example_of_the_documentation_gives_bytes(installed):
    installed.add("coded", EXAMPLE)
    fetcher = fetchers(load_plugins())["base64"]
    download = fetcher.fetch(f"base64://{base64.b64encode(b'abc').decode()}", 0, "")
    assert b"".join(download.pieces) == b"abc"
    assert (download.start, download.size, download.tag) == (0, 3, "")


def test_a_scheme_that_is_taken_sets_the_second_plugin_aside(installed):
    installed.add("coded", EXAMPLE)
    installed.add("other", EXAMPLE)
    plugins = load_plugins()
    assert list(fetchers(plugins)) == ["base64"]
    (aside,) = plugins.set_aside
    assert aside.error == "ValueError: the scheme 'base64' is there already"
