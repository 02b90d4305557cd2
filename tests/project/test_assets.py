"""Assets: from a URL, from a mirror, by hand; nothing appears with a wrong checksum."""

import gzip
import hashlib
import json
import os
import zipfile

import pytest

from seqpipe.files import InputError
from seqpipe.project import transfer
from seqpipe.project.assets import project_assets
from seqpipe.project.fetch import raw_address
from seqpipe.project.mirror import Mirror
from seqpipe.project.variables import Text
from tests.project.site import serving

CONTENT = b"EU\tB-ORG\nrejects\tO\n"
MD5 = hashlib.md5(CONTENT).hexdigest()
WRONG = "0" * 32


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch):
    monkeypatch.delenv("SEQPIPE_MIRROR", raising=False)
    monkeypatch.setattr(transfer, "PAUSE", 0.01)


@pytest.fixture
def mirror(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("mirror")
    monkeypatch.setenv("SEQPIPE_MIRROR", str(folder))
    return folder


@pytest.fixture
def site():
    with serving() as site:
        yield site


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

    def report(event):
        if event.kind == "ready":
            told.append((event.dest, event.text))

    project_assets(path, report=report, **options)
    return told


def dest(path):
    return path.parent / "data" / "a.conll"


def test_downloads_and_keeps(one_asset, site):
    site.files["/a.conll"] = CONTENT
    path = one_asset(url=f"{site.address}/a.conll", checksum=MD5.upper())
    assert fetch(path) == [("data/a.conll", "downloaded")]
    assert dest(path).read_bytes() == CONTENT
    site.files.clear()
    assert fetch(path) == [("data/a.conll", "is there")]


def test_a_file_with_another_content_is_fetched_again(one_asset, site):
    site.files["/a.conll"] = CONTENT
    path = one_asset(url=f"{site.address}/a.conll", checksum=MD5)
    dest(path).parent.mkdir()
    dest(path).write_bytes(b"cut sho")
    fetch(path)
    assert dest(path).read_bytes() == CONTENT


def test_a_packed_file_is_downloaded_as_it_is(one_asset, site):
    packed = gzip.compress(CONTENT)
    site.files["/a.gz"] = packed
    path = one_asset(url=f"{site.address}/a.gz", checksum=hashlib.md5(packed).hexdigest())
    fetch(path)
    assert dest(path).read_bytes() == packed


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_local_file_is_copied(one_asset, tmp_path, scheme):
    (tmp_path / "here.txt").write_bytes(CONTENT)
    path = one_asset(url=f"{scheme}{tmp_path}/here.txt", checksum=MD5)
    assert fetch(path) == [("data/a.conll", "copied")]
    assert dest(path).read_bytes() == CONTENT


def test_a_wrong_checksum_names_both_and_writes_nothing(one_asset, site):
    site.files["/a.conll"] = CONTENT
    path = one_asset(url=f"{site.address}/a.conll", checksum=WRONG)
    with pytest.raises(InputError, match=f"line 2: asset .*MD5 {MD5}, expected {WRONG}"):
        fetch(path)
    assert list(dest(path).parent.iterdir()) == []


def test_a_wrong_checksum_leaves_the_file_that_was_there(one_asset, site):
    site.files["/a.conll"] = CONTENT
    path = one_asset(url=f"{site.address}/a.conll", checksum=WRONG)
    dest(path).parent.mkdir()
    dest(path).write_bytes(b"mine")
    with pytest.raises(InputError):
        fetch(path)
    assert dest(path).read_bytes() == b"mine"


def test_a_missing_page_is_named_with_its_status(one_asset, site):
    path = one_asset(url=f"{site.address}/nope", checksum=MD5)
    with pytest.raises(InputError, match=r"/nope: HTTP 404"):
        fetch(path)


def test_without_internet_the_message_names_the_mirror(one_asset):
    path = one_asset(url="http://127.0.0.1:9/a", checksum=MD5)
    with pytest.raises(InputError, match=r"no connection .*; without internet, let SEQPIPE_MIRROR"):
        fetch(path)


def test_a_missing_local_file_is_named(one_asset):
    with pytest.raises(InputError, match=r"a\.conll: file:///nowhere/a: no such file"):
        fetch(one_asset(url="file:///nowhere/a"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep/er/other.name", CONTENT),
        ("packed.gz", gzip.compress(CONTENT)),
        ("no-suffix", gzip.compress(CONTENT)),
    ],
    ids=["plain", "gzipped", "gzipped-without-suffix"],
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
    site.files["/a.conll"] = CONTENT
    assert fetch(one_asset(url=f"{site.address}/a.conll", checksum=MD5)) == [
        ("data/a.conll", "downloaded")
    ]


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


def test_an_empty_file_without_a_checksum_is_fetched_again(one_asset, site):
    site.files["/a.conll"] = CONTENT
    path = one_asset(url=f"{site.address}/a.conll")
    dest(path).parent.mkdir()
    dest(path).touch()
    assert fetch(path) == [("data/a.conll", "downloaded")]


def test_force_fetches_what_is_there(one_asset, site):
    site.files["/a.conll"] = CONTENT
    path = one_asset(url=f"{site.address}/a.conll")
    dest(path).parent.mkdir()
    dest(path).write_bytes(b"old")
    assert fetch(path, force=True) == [("data/a.conll", "downloaded")]
    assert dest(path).read_bytes() == CONTENT


def test_force_keeps_what_the_user_brought(one_asset):
    path = one_asset(checksum=MD5)
    dest(path).parent.mkdir()
    dest(path).write_bytes(CONTENT)
    assert fetch(path, force=True) == [("data/a.conll", "is there")]


def test_an_unknown_scheme_is_named_with_those_there_are(one_asset):
    with pytest.raises(
        InputError, match=r"line 2: .*nothing fetches s3://, expected http://, http"
    ):
        fetch(one_asset(url="s3://bucket/key"))


def test_a_page_about_a_file_is_not_taken_for_the_file():
    def raw(url):
        return raw_address(Text(url, url)).value

    page = "https://github.com/who/what/blob/main/data/a.txt"
    assert raw(page) == "https://raw.githubusercontent.com/who/what/main/data/a.txt"
    assert raw(page.replace("blob", "tree")) == raw(page)
    for file in (
        "https://github.com/who/what/releases/download/v1/a.zip",
        "https://github.com/who/what/raw/main/a.txt",
        "https://github.com/who/what/archive/main.zip",
        "https://example.org/github.com/who/what/blob/main/a",
    ):
        assert raw(file) == file


@pytest.mark.parametrize("keys", ["dest: a", "dest: a/b", "dest: b, extract: ./a/"])
def test_two_assets_in_one_place_are_an_error_before_anything_comes(write_project, tmp_path, keys):
    (tmp_path / "x").write_bytes(CONTENT)
    path = write_project(f"""
        assets:
          - {{dest: c, url: '{tmp_path}/x'}}
          - {{dest: a, url: '{tmp_path}/x'}}
          - {{{keys}, url: '{tmp_path}/x'}}
    """)
    with pytest.raises(InputError, match=r"line 5: asset .* meets a of line 4, expected a place"):
        fetch(path)
    assert not (tmp_path / "c").exists()


def test_a_full_disk_is_one_message(one_asset, site):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    site.files["/a.conll"] = CONTENT
    path = one_asset(url=f"{site.address}/a.conll")
    dest(path).parent.mkdir()
    (dest(path).parent / ".a.conll.part").symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"line 2: asset data/a.conll: No space left on device"):
        fetch(path)


def test_extra_assets_wait_for_the_option(write_project, tmp_path):
    (tmp_path / "x").write_bytes(CONTENT)
    path = write_project(f"assets: [{{dest: a, url: '{tmp_path}/x', extra: true}}]")
    assert fetch(path) == []
    assert fetch(path, extra=True) == [("a", "copied")]


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
    site.files["/s3cret"] = CONTENT
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    path = write_project(f"""
        env: {{token: TEST_TOKEN}}
        assets:
          - {{dest: a, url: '{site.address}/${{env.token}}', checksum: '{WRONG}'}}
          - {{dest: b, url: 'http://127.0.0.1:9/${{env.token}}'}}
          - {{dest: c, url: '{site.address}/${{env.token}}'}}
    """)
    with pytest.raises(InputError) as caught:
        fetch(path)
    assert MD5 in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert (path.parent / "c").read_bytes() == CONTENT


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe with a name")
@pytest.mark.parametrize("linked", [True, False])
def test_a_device_or_pipe_is_never_replaced(one_asset, tmp_path, linked):
    (tmp_path / "x").write_bytes(CONTENT)
    path = one_asset(url=f"{tmp_path}/x", checksum=MD5)
    dest(path).parent.mkdir()
    pipe = tmp_path / "pipe" if linked else dest(path)
    os.mkfifo(pipe)
    if linked:
        dest(path).symlink_to(pipe)
    with pytest.raises(InputError, match=r"a\.conll: is a device or a pipe, expected a file"):
        fetch(path, force=True)
    assert pipe.is_fifo()


def test_a_local_copy_that_broke_off_goes_on_unless_the_file_changed(one_asset, tmp_path):
    source = tmp_path / "x"
    source.write_bytes(CONTENT)
    path = one_asset(url=f"file://{source}")
    found = source.stat()
    part, note = (dest(path).with_name(f".a.conll.part{end}") for end in ("", ".json"))
    part.parent.mkdir()
    for tag, content in [
        (f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}", b"EX" + CONTENT[2:]),
        ("another", CONTENT),
    ]:
        part.write_bytes(b"EX")  # not as in the source: so it shows where it came from
        url = hashlib.sha256(f"file://{source}".encode()).hexdigest()
        note.write_text(json.dumps({"url": url, "tag": tag}))
        fetch(path, force=True)
        assert dest(path).read_bytes() == content


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("dest: 'd/${env.token}/x.txt'", "has no URL; put the file at .*/d/${env.token}/x.txt"),
        ("dest: 'f/${env.token}/x.txt', url: project.yml", "File exists .*/f/${env.token}"),
        (
            "dest: a.zip, url: a.zip, extract: 'f/${env.token}'",
            "f/${env.token} is a file, expected",
        ),
        ("dest: x, url: '${env.token}'", "asset x: ${env.token}: no such file"),
    ],
)
def test_a_value_of_env_in_a_path_is_never_shown(write_project, monkeypatch, keys, words):
    monkeypatch.setenv("TEST_TOKEN", "s3cr3t")
    path = write_project(f"{{env: {{token: TEST_TOKEN}}, assets: [{{{keys}}}]}}")
    (path.parent / "f").mkdir()
    (path.parent / "f" / "s3cr3t").touch()
    with zipfile.ZipFile(path.parent / "a.zip", "w") as packed:
        packed.writestr("x", b"x")
    told = []
    with pytest.raises(InputError, match=words.replace("${", r"\$\{")) as caught:
        project_assets(path, report=told.append)
    assert "s3cr3t" not in f"{caught.value}{told}"


@pytest.mark.parametrize("url", ["http://a..b/c", "http://*.org/x", f"http://{'a' * 80}.org/x"])
def test_a_url_that_is_none_is_named_with_its_line(one_asset, url):
    with pytest.raises(InputError, match=r"line 2: asset data/a.conll: .*: cannot be asked for: "):
        fetch(one_asset(url=url))


def test_a_name_that_is_too_long_is_said_of_the_asset(one_asset):
    with pytest.raises(InputError, match=r"asset a{250}: File name too long$"):
        fetch(one_asset(dest="a" * 250, url="project.yml"))
