"""Assets: from a URL, from a mirror, by hand; nothing appears with a wrong checksum."""

import gzip
import hashlib
import http.server
import threading
from functools import partial

import pytest

from seqpipe.files import InputError
from seqpipe.project.assets import project_assets
from seqpipe.project.mirror import Mirror

CONTENT = b"EU\tB-ORG\nrejects\tO\n"
MD5 = hashlib.md5(CONTENT).hexdigest()
WRONG = "0" * 32


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch):
    monkeypatch.delenv("SEQPIPE_MIRROR", raising=False)


@pytest.fixture
def mirror(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("mirror")
    monkeypatch.setenv("SEQPIPE_MIRROR", str(folder))
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path_factory):
    """The address of a local server, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("site")
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(folder))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


@pytest.fixture
def one_asset(write_project):
    """A project with one asset; its keys are given."""

    def write(**keys):
        lines = [f"{key}: '{value}'" for key, value in {"dest": "data/a.conll", **keys}.items()]
        path = write_project("")
        path.write_text("assets:\n  - " + "\n    ".join(lines) + "\n")
        return path

    return write


def fetch(path, **options):
    told = []
    project_assets(path, report=lambda asset: told.append((asset.dest, asset.how)), **options)
    return told


def dest(path):
    return path.parent / "data" / "a.conll"


def test_downloads_and_keeps(one_asset, site):
    url, folder = site
    (folder / "a.conll").write_bytes(CONTENT)
    path = one_asset(url=f"{url}/a.conll", checksum=MD5.upper())
    assert fetch(path) == [("data/a.conll", "downloaded")]
    assert dest(path).read_bytes() == CONTENT
    (folder / "a.conll").unlink()
    assert fetch(path) == [("data/a.conll", "is there")]


def test_a_file_with_another_content_is_fetched_again(one_asset, site):
    url, folder = site
    (folder / "a.conll").write_bytes(CONTENT)
    path = one_asset(url=f"{url}/a.conll", checksum=MD5)
    dest(path).parent.mkdir()
    dest(path).write_bytes(b"cut sho")
    fetch(path)
    assert dest(path).read_bytes() == CONTENT


def test_a_packed_file_is_downloaded_as_it_is(one_asset, site):
    url, folder = site
    packed = gzip.compress(CONTENT)
    (folder / "a.gz").write_bytes(packed)
    path = one_asset(url=f"{url}/a.gz", checksum=hashlib.md5(packed).hexdigest())
    fetch(path)
    assert dest(path).read_bytes() == packed


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_local_file_is_copied(one_asset, tmp_path, scheme):
    (tmp_path / "here.txt").write_bytes(CONTENT)
    path = one_asset(url=f"{scheme}{tmp_path}/here.txt", checksum=MD5)
    assert fetch(path) == [("data/a.conll", "copied")]
    assert dest(path).read_bytes() == CONTENT


def test_a_wrong_checksum_names_both_and_writes_nothing(one_asset, site):
    url, folder = site
    (folder / "a.conll").write_bytes(CONTENT)
    path = one_asset(url=f"{url}/a.conll", checksum=WRONG)
    with pytest.raises(InputError, match=f"line 2: asset .*MD5 {MD5}, expected {WRONG}"):
        fetch(path)
    assert list(dest(path).parent.iterdir()) == []


def test_a_wrong_checksum_leaves_the_file_that_was_there(one_asset, site):
    url, folder = site
    (folder / "a.conll").write_bytes(CONTENT)
    path = one_asset(url=f"{url}/a.conll", checksum=WRONG)
    dest(path).parent.mkdir()
    dest(path).write_bytes(b"mine")
    with pytest.raises(InputError):
        fetch(path)
    assert dest(path).read_bytes() == b"mine"


def test_a_missing_page_is_named_with_its_status(one_asset, site):
    path = one_asset(url=f"{site[0]}/nope", checksum=MD5)
    with pytest.raises(InputError, match=r"/nope: HTTP 404"):
        fetch(path)


def test_without_internet_the_message_names_the_mirror(one_asset):
    path = one_asset(url="http://127.0.0.1:9/a", checksum=MD5)
    with pytest.raises(InputError, match="no connection; without internet, let SEQPIPE_MIRROR"):
        fetch(path)


def test_a_missing_local_file_is_named(one_asset):
    with pytest.raises(InputError, match="no such file: file:///nowhere/a"):
        fetch(one_asset(url="file:///nowhere/a"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep/er/other.name", CONTENT),
        ("packed.gz", gzip.compress(CONTENT)),
        ("no-suffix", gzip.compress(CONTENT)),
    ],
)
def test_a_mirror_serves_by_content(one_asset, mirror, name, content):
    (mirror / name).parent.mkdir(parents=True, exist_ok=True)
    (mirror / name).write_bytes(content)
    (mirror / "broken.gz").write_bytes(gzip.compress(b"x" * 100)[:20])
    (mirror / "dangling").symlink_to("nowhere")
    path = one_asset(url="http://127.0.0.1:9/a", checksum=MD5)
    assert "copied from the mirror" in fetch(path)[0][1]
    assert dest(path).read_bytes() == CONTENT


def test_a_mirror_serves_a_private_asset_too(one_asset, mirror):
    (mirror / "a").write_bytes(CONTENT)
    path = one_asset(checksum=MD5)
    fetch(path)
    assert dest(path).read_bytes() == CONTENT


def test_what_a_mirror_lacks_is_downloaded(one_asset, mirror, site):
    url, folder = site
    (folder / "a.conll").write_bytes(CONTENT)
    assert fetch(one_asset(url=f"{url}/a.conll", checksum=MD5)) == [("data/a.conll", "downloaded")]


def test_a_mirror_that_is_no_folder_is_named(one_asset, monkeypatch, tmp_path):
    monkeypatch.setenv("SEQPIPE_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="nowhere: SEQPIPE_MIRROR names this, which is not"):
        fetch(one_asset(url="x"))


def test_a_mirror_reads_each_file_once(tmp_path):
    (tmp_path / "a").write_bytes(CONTENT)
    mirror = Mirror(tmp_path)
    assert mirror.find(WRONG, "b") is None
    (tmp_path / "a").write_bytes(b"changed")
    assert mirror.find(MD5, "b").path == tmp_path / "a"


def test_a_private_asset_is_kept_or_asked_for(one_asset):
    path = one_asset(checksum=MD5, description="from the Reuters licence")
    with pytest.raises(InputError, match=r"no URL; put the file at .*a.conll \(from the Reuters"):
        fetch(path)
    dest(path).parent.mkdir()
    dest(path).write_bytes(b"another")
    with pytest.raises(InputError, match=f"MD5 .*, expected {MD5}; put the right file at"):
        fetch(path)
    dest(path).write_bytes(CONTENT)
    assert fetch(path) == [("data/a.conll", "is there")]


def test_without_a_checksum_a_file_that_is_there_is_kept(one_asset):
    path = one_asset(url="http://127.0.0.1:9/a")
    dest(path).parent.mkdir()
    dest(path).write_bytes(b"anything")
    assert fetch(path) == [("data/a.conll", "is there (no checksum to hold it to)")]


def test_extra_assets_wait_for_the_option(write_project, tmp_path):
    (tmp_path / "x").write_bytes(CONTENT)
    path = write_project(f"assets: [{{dest: a, url: '{tmp_path}/x', extra: true}}]")
    assert fetch(path) == []
    assert fetch(path, extra=True) == [("a", "copied")]


def test_a_git_asset_says_that_it_is_not_supported_yet(write_project):
    path = write_project("assets: [{dest: a, git: {repo: r, path: p}}]")
    with pytest.raises(InputError, match="line 1: asset a: comes from git, which is not supported"):
        fetch(path)


def test_a_dest_that_is_a_folder_is_named(one_asset):
    path = one_asset(url="x", checksum=MD5)
    dest(path).mkdir(parents=True)
    with pytest.raises(InputError, match="is a folder, expected a file"):
        fetch(path)


def test_one_asset_that_fails_does_not_stop_the_others(write_project, tmp_path):
    (tmp_path / "x").write_bytes(CONTENT)
    path = write_project(f"""
        assets:
          - {{dest: a, url: nowhere}}
          - {{dest: b, url: '{tmp_path}/x'}}
          - {{dest: c}}
    """)
    with pytest.raises(InputError, match=r"(?s)asset a: .*asset c: "):
        fetch(path)
    assert (tmp_path / "b").read_bytes() == CONTENT


def test_a_value_of_env_in_a_url_is_used_and_not_shown(write_project, site, monkeypatch):
    url, folder = site
    (folder / "s3cret").write_bytes(CONTENT)
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    path = write_project(f"""
        env: {{token: TEST_TOKEN}}
        assets:
          - {{dest: a, url: '{url}/${{env.token}}', checksum: '{WRONG}'}}
          - {{dest: b, url: 'http://127.0.0.1:9/${{env.token}}'}}
          - {{dest: c, url: '{url}/${{env.token}}'}}
    """)
    with pytest.raises(InputError) as caught:
        fetch(path)
    assert MD5 in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert (path.parent / "c").read_bytes() == CONTENT
