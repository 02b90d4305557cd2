"""Downloads: broken off and gone on with, by the server or by us, and always the right bytes."""

import gzip
import hashlib
import os
import random
import subprocess
import sys
import time

import pytest

from seqpipe.files import InputError
from seqpipe.project import http_source, transfer
from seqpipe.project.assets import project_assets
from tests.project.site import serving

BIG = random.Random(0).randbytes(1_000_000)
OTHER = random.Random(1).randbytes(1_000_000)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.delenv("SEQPIPE_MIRROR", raising=False)
    monkeypatch.setattr(transfer, "PAUSE", 0.01)


@pytest.fixture
def site():
    with serving() as site:
        yield site


@pytest.fixture
def project(write_project, site):
    """A project with one asset, /big of the site, to come to data/big."""
    site.files["/big"] = BIG

    def write(content=BIG, **keys):
        checksum = {"checksum": hashlib.md5(content).hexdigest()} if content else {}
        keys = {"dest": "data/big", "url": f"{site.address}/big", **checksum, **keys}
        lines = [f"{key}: '{value}'" for key, value in keys.items()]
        path = write_project("")
        path.write_text("assets:\n  - " + "\n    ".join(lines) + "\n")
        return path

    return write


def fetch(path, **options):
    """What was told, by kind."""
    told = {}
    project_assets(
        path,
        report=lambda event: told.setdefault(event.kind, []).append(event.text),
        **options,
    )
    return told


def files(path):
    return sorted(file.name for file in (path.parent / "data").iterdir())


def assert_whole(path, content=BIG):
    assert (path.parent / "data" / "big").read_bytes() == content
    assert files(path) == ["big"]


def ranges(site):
    return [asked for _, asked in site.asked]


@pytest.mark.parametrize("checksum", [BIG, None])
def test_a_broken_connection_is_gone_on_with(project, site, checksum):
    site.breaks = [300_000, 200_000]
    path = project(checksum)
    notes = fetch(path)["note"]
    assert_whole(path)
    first, second, third = ranges(site)
    assert first is None
    starts = [int(asked[6:-1]) for asked in (second, third)]
    assert 200_000 < starts[0] <= 300_000 < starts[1] <= 500_000
    assert len(notes) == 2
    assert all(note.startswith("the connection broke; again in") for note in notes)


def test_a_line_that_gets_further_each_time_is_not_given_up(project, site):
    site.breaks = [140_000] * 6
    path = project()
    fetch(path)
    assert_whole(path)


def test_a_server_that_brings_nothing_is_given_up_and_the_part_stays(project, site):
    site.breaks = [300_000, 0, 0, 0, 0]
    path = project()
    with pytest.raises(InputError, match=r"line 2: asset data/big: .*the connection broke \(4 att"):
        fetch(path)
    assert files(path) == [".big.part", ".big.part.json"]
    site.breaks, site.asked = [], []
    fetch(path)
    assert_whole(path)
    assert ranges(site) != [None]


def test_a_server_that_knows_no_ranges_starts_anew(project, site):
    site.breaks, site.ranges = [300_000], False
    path = project()
    fetch(path)
    assert_whole(path)


@pytest.mark.parametrize("tagged", [True, False])
def test_a_file_that_changed_meanwhile_starts_anew(project, site, tagged):
    site.breaks, site.tagged = [300_000, 0, 0, 0, 0], tagged
    path = project(OTHER)
    with pytest.raises(InputError):
        fetch(path)
    site.files["/big"], site.breaks = OTHER, []
    fetch(path)
    assert_whole(path, OTHER)


def test_without_checksum_and_tag_nothing_is_put_together(project, site):
    site.breaks, site.tagged = [300_000, 0, 0, 0, 0], False
    path = project(None)
    with pytest.raises(InputError):
        fetch(path)
    site.files["/big"], site.breaks = OTHER, []
    fetch(path)
    assert_whole(path, OTHER)
    assert set(ranges(site)) == {None}


def test_a_part_of_another_address_is_not_used(project, site):
    site.breaks = [300_000, 0, 0, 0, 0]
    with pytest.raises(InputError):
        fetch(project())
    site.breaks, site.asked, site.files["/other"] = [], [], OTHER
    path = project(OTHER, url=f"{site.address}/other")
    fetch(path)
    assert_whole(path, OTHER)
    assert ranges(site) == [None]


def test_a_part_that_is_the_whole_is_taken(project, site):
    site.breaks = [len(BIG) - 1, 0, 0, 0, 0]
    path = project()
    with pytest.raises(InputError):
        fetch(path)
    part = path.parent / "data" / ".big.part"
    part.write_bytes(BIG)  # as if it was killed just before the end
    site.breaks = []
    fetch(path)
    assert_whole(path)


def test_a_wrong_checksum_drops_the_part(project, site):
    path = project(OTHER)
    with pytest.raises(InputError, match=r"MD5 \w{32}, expected \w{32}; nothing was written"):
        fetch(path)
    assert files(path) == []


def test_a_busy_server_is_asked_again(project, site):
    site.busy = [503, 429]
    path = project()
    notes = fetch(path)["note"]
    assert_whole(path)
    assert notes[0].startswith("HTTP 503 ")


def test_a_server_that_stays_busy_is_named_with_its_status(project, site):
    site.busy = [503] * 9
    with pytest.raises(InputError, match=r"/big: HTTP 503 .* \(4 attempts\)$"):
        fetch(project())
    assert len(site.asked) == 4


def test_a_missing_page_is_asked_for_once(project, site):
    with pytest.raises(InputError, match="/nope: HTTP 404"):
        fetch(project(url=f"{site.address}/nope"))
    assert len(site.asked) == 1


def test_a_silent_server_is_given_up(project, site, monkeypatch):
    monkeypatch.setattr(http_source, "SILENCE", 0.1)
    site.silence = 0.5
    with pytest.raises(InputError, match=r"no answer in 0.1 s \(4 attempts\); without internet"):
        fetch(project())


def test_a_server_without_tls_is_not_called_a_lost_connection(project, site):
    with pytest.raises(InputError, match=r"/big: no secure connection, no TLS there$"):
        fetch(project(url=site.address.replace("http:", "https:") + "/big"))


def test_how_far_it_is_is_told(project, site):
    site.breaks = [300_000]
    seen = []
    project_assets(project(), report=lambda e: seen.append(e) if e.kind == "bytes" else None)
    received = [event.received for event in seen]
    assert received == sorted(received)
    assert received[-1] == len(BIG)
    assert {event.total for event in seen} == {len(BIG)}


def test_several_come_side_by_side_and_no_more_than_asked_for(write_project, site):
    site.drip = 0.05
    listed = ""
    for i in range(6):
        site.files[f"/{i}"] = bytes([i]) * 200_000
        listed += f"\n  - {{dest: 'f{i}', url: '{site.address}/{i}'}}"
    path = write_project(f"assets:{listed}\n")
    under_way, most = set(), []

    def report(event):
        (under_way.discard if event.kind == "ready" else under_way.add)(event.dest)
        most.append(len(under_way))

    assert project_assets(path, jobs=3, report=report) == 6
    assert max(most) == 3
    assert [(path.parent / f"f{i}").read_bytes()[0] for i in range(6)] == list(range(6))


def test_a_download_that_was_killed_goes_on(project, site):
    site.drip = 0.02
    path = project()
    command = [sys.executable, "-m", "seqpipe", "assets", str(path)]
    part = path.parent / "data" / ".big.part"
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ})
    while not part.exists() or part.stat().st_size < 200_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert files(path) == [".big.part", ".big.part.json"]
    site.drip, site.asked = 0.0, []
    fetch(path)
    assert_whole(path)
    assert int(ranges(site)[0][6:-1]) >= 200_000


@pytest.mark.parametrize("checksum", [BIG, None])
@pytest.mark.parametrize("breaks", [[], [300_000]])
def test_what_a_server_packs_unasked_is_unpacked(project, site, checksum, breaks):
    site.files["/big"], site.headers = gzip.compress(BIG), {"Content-Encoding": "gzip"}
    site.breaks = breaks
    path = project(checksum)
    fetch(path)
    assert_whole(path)


def test_a_packed_file_stays_packed_whatever_the_server_says_of_it(project, site):
    packed = gzip.compress(BIG)
    site.files["/big.gz"], site.headers = packed, {"Content-Encoding": "gzip"}
    path = project(packed, url=f"{site.address}/big.gz")
    fetch(path)
    assert_whole(path, packed)


@pytest.mark.parametrize(("name", "value"), [("Content-Length", "-5"), ("Content-Encoding", "zzz")])
def test_an_answer_that_makes_no_sense_is_no_file(project, site, name, value):
    site.headers = {name: value}
    path = project(None)
    with pytest.raises(InputError, match=rf"line 2: asset data/big: .*{name}: {value}"):
        fetch(path)
    assert not (path.parent / "data").exists()


def test_a_server_that_leads_nowhere_is_said_of_the_asset(project, site):
    site.busy, site.headers = [302], {"Location": "http://[::1/x"}
    with pytest.raises(InputError, match=r"line 2: asset data/big: .*/big: cannot be asked for: "):
        fetch(project())


def test_what_a_terminal_would_obey_is_escaped(project, site):
    site.busy, site.reason = [404], "\x1b[31mgone\x07"
    with pytest.raises(InputError, match=r"HTTP 404 \\x1b\[31mgone\\x07$"):
        fetch(project())
