"""Assets from git: a file, a folder or all of a repository; whole or not at all."""

import os
import shutil
import subprocess

import pytest
from weasel.util import get_checksum

from seqpipe.files import InputError
from seqpipe.project.assets import project_assets
from seqpipe.project.checksum import md5_of

NAMES = ["README.md", "data/en/b.txt", "data/en/a.txt", "data/de.txt", "odd [n*me] #1.txt"]
PLAIN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch):
    monkeypatch.delenv("SEQPIPE_MIRROR", raising=False)


def git(folder, *words):
    subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **PLAIN})


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "more")


@pytest.fixture
def repo(tmp_path_factory):
    """A repository whose default branch has a name of its own; a second one is `other`."""
    folder = tmp_path_factory.mktemp("repo")
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "config", "uploadpack.allowFilter", "true")
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"this is {name}\n")
    commit(folder)
    git(folder, "checkout", "-qb", "other")
    (folder / "data/de.txt").write_text("das andere\n")
    commit(folder)
    git(folder, "checkout", "-q", "trunk")
    return folder


@pytest.fixture
def project(write_project, repo):
    def write(path, dest="here", scheme="file://", more="", **keys):
        git_keys = {"repo": f"{scheme}{repo}", "path": path, **keys}
        listed = ", ".join(f"{key}: '{value}'" for key, value in git_keys.items())
        return write_project(f"assets:\n  - {{dest: '{dest}', git: {{{listed}}}{more}}}\n")

    return write


def fetch(path, **options):
    told = []
    project_assets(
        path,
        report=lambda event: told.append(event.text) if event.kind == "ready" else None,
        **options,
    )
    return told


def tree(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def nothing_left(path):
    return sorted(p.name for p in path.parent.iterdir()) == [".seqpipe", "project.yml"]


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_folder_comes_without_the_rest(project, repo, scheme):
    path = project("data/en", scheme=scheme)
    assert fetch(path) == ["cloned"]
    here = path.parent / "here"
    assert tree(here) == ["a.txt", "b.txt"]
    assert (here / "a.txt").read_text() == "this is data/en/a.txt\n"
    names = sorted(p.name for p in path.parent.iterdir())
    assert names == [".here.asset", ".seqpipe", "here", "project.yml"]


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_only_what_is_wanted_is_transferred(project, repo, tmp_path_factory, monkeypatch):
    (repo / "huge.bin").write_bytes(os.urandom(3_000_000))
    commit(repo)
    path = project("data/en")
    # A git that says after each command how large all is by then.
    shim, sizes = tmp_path_factory.mktemp("bin") / "git", tmp_path_factory.mktemp("log") / "sizes"
    shim.write_text(
        f'#!/bin/sh\n"{shutil.which("git")}" "$@"\ncode=$?\n'
        f'du -sk "{path.parent}" >> "{sizes}"\nexit $code\n'
    )
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    fetch(path)
    assert tree(path.parent / "here") == ["a.txt", "b.txt"]
    kilobytes = [int(line.split()[0]) for line in sizes.read_text().splitlines()]
    assert 0 < max(kilobytes) < 1_500


def test_a_file_comes_as_a_file(project):
    path = project("data/de.txt", dest="deep/de.txt")
    fetch(path)
    assert (path.parent / "deep/de.txt").read_text() == "this is data/de.txt\n"


def test_a_name_with_signs_is_a_name(project):
    path = project("odd [n*me] #1.txt")
    fetch(path)
    assert (path.parent / "here").read_text() == "this is odd [n*me] #1.txt\n"


@pytest.mark.parametrize("inner", ["", ".", "./"])
def test_an_empty_path_is_the_whole_repository_without_git(project, inner):
    path = project(inner)
    fetch(path)
    assert tree(path.parent / "here") == sorted(NAMES)
    assert not (path.parent / "here" / ".git").exists()


def test_a_branch_is_that_branch(project):
    path = project("data/de.txt", branch="other")
    fetch(path)
    assert (path.parent / "here").read_text() == "das andere\n"


def test_the_checksum_is_weasels(project, repo):
    checksum = get_checksum(repo / "data")
    assert md5_of(repo / "data") == checksum
    assert md5_of(repo / "README.md") == get_checksum(repo / "README.md")
    path = project("data", more=f", checksum: '{checksum}'")
    assert fetch(path) == ["cloned"]
    assert fetch(path) == ["is there"]
    (path.parent / "here" / "de.txt").write_text("changed")
    assert fetch(path) == ["cloned"]
    assert get_checksum(path.parent / "here") == checksum


def test_a_wrong_checksum_writes_nothing(project):
    path = project("data", more=f", checksum: '{'0' * 32}'")
    with pytest.raises(InputError, match=r"line 2: asset here: 'data' in .*MD5 \w+, expected 0000"):
        fetch(path)
    assert nothing_left(path)


def test_without_a_checksum_what_is_there_stays_unless_forced(project, repo):
    path = project("data/en")
    fetch(path)
    (repo / "data/en/c.txt").write_text("new")
    (repo / "data/en/a.txt").unlink()
    commit(repo)
    assert fetch(path) == ["is there (no checksum to hold it to)"]
    assert fetch(path, force=True) == ["cloned"]
    assert tree(path.parent / "here") == ["b.txt", "c.txt"]


@pytest.mark.parametrize("force", [True, False])
def test_a_folder_with_files_that_did_not_come_with_it_is_never_replaced(project, repo, force):
    more = "" if force else f", checksum: '{get_checksum(repo / 'data')}'"
    path = project("data", more=more)
    (path.parent / "here" / "en").mkdir(parents=True)
    mine = path.parent / "here" / "en" / "mine.txt"
    mine.write_text("mine")
    with pytest.raises(InputError, match="asset here: here would be replaced, and holds 'en/mine"):
        fetch(path, force=force)
    mine.unlink()
    assert fetch(path, force=force) == ["cloned"]
    mine.write_text("mine")
    with pytest.raises(
        InputError, match=r"holds 'en/mine.txt', which did not come with this asset"
    ):
        fetch(path, force=force)
    assert mine.read_text() == "mine"


def test_a_folder_and_a_file_do_not_replace_each_other(project):
    path = project("data", more=f", checksum: '{'0' * 32}'")
    here = path.parent / "here"
    here.write_text("mine")
    with pytest.raises(InputError, match="MD5"):
        fetch(path)
    path = project("data")
    with pytest.raises(InputError, match="asset here: here is a file, expected a folder; move it"):
        fetch(path, force=True)
    assert here.read_text() == "mine"
    here.unlink()
    here.mkdir()
    path = project("data/de.txt")
    with pytest.raises(
        InputError, match=r"asset here: is a folder, and 'data/de.txt' a file; move"
    ):
        fetch(path, force=True)
    assert list(here.iterdir()) == []


def test_a_repository_beside_the_project_is_found(write_project, repo):
    path = write_project("")
    relative = os.path.relpath(repo, path.parent)
    path.write_text(f"assets: [{{dest: here, git: {{repo: '{relative}', path: README.md}}}}]")
    fetch(path)
    assert (path.parent / "here").is_file()


def test_a_project_named_by_a_relative_path_gets_it_too(project, monkeypatch):
    path = project("data/en")
    monkeypatch.chdir(path.parents[1])
    assert fetch(path.relative_to(path.parents[1])) == ["cloned"]
    assert tree(path.parent / "here") == ["a.txt", "b.txt"]


@pytest.mark.parametrize("inner", ["../x", "/etc/passwd", ".git/config", "data/../../x"])
def test_a_path_out_of_the_repository_is_refused(project, inner):
    path = project(inner)
    with pytest.raises(InputError, match=r"line 2: .*expected one inside the repository"):
        fetch(path)
    assert nothing_left(path)


def test_a_path_that_is_not_there_names_a_near_one(project):
    path = project("data/end")
    with pytest.raises(InputError, match=r"no 'data/end' in .*; did you mean 'data/en'\?"):
        fetch(path)
    assert nothing_left(path)


def test_a_branch_that_is_not_there_is_named(project):
    with pytest.raises(InputError, match=r"git said: .*Remote branch nope not found"):
        fetch(project("data", branch="nope"))


def test_a_repository_that_is_not_there_is_one_message(project):
    with pytest.raises(InputError, match=r"line 2: asset here: file:///.*nowhere: git said: fatal"):
        fetch(project("x", repo="file:///nowhere"))


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "../de.txt"])
def test_a_link_out_of_what_is_taken_is_refused(project, repo, target):
    (repo / "data/en/link").symlink_to(target)
    commit(repo)
    path = project("data/en")
    with pytest.raises(
        InputError, match=r"'data/en/link' is a link to .*, outside of what is taken"
    ):
        fetch(path)
    assert nothing_left(path)


def test_a_link_within_what_is_taken_stays_a_link(project, repo):
    (repo / "data/en/link").symlink_to("a.txt")
    commit(repo)
    path = project("data")
    fetch(path)
    assert os.readlink(path.parent / "here/en/link") == "a.txt"


@pytest.mark.parametrize("inner", ["latest", "latest/a.txt"])
def test_a_path_through_a_link_is_refused(project, repo, inner):
    (repo / "latest").symlink_to("data/en")
    commit(repo)
    with pytest.raises(InputError, match=r"(is or passes a link in|no 'latest/a.txt' in)"):
        fetch(project(inner))


def test_options_of_git_cannot_be_smuggled_in(project, tmp_path):
    harm = tmp_path / "harm"
    for keys in (
        {"repo": f"--upload-pack=touch {harm}"},
        {"branch": f"--upload-pack=touch {harm}"},
    ):
        with pytest.raises(InputError):
            fetch(project("data", **keys))
    assert not harm.exists()


def test_a_value_of_env_is_never_shown(write_project, monkeypatch):
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    path = write_project("""
        env: {token: TEST_TOKEN}
        assets:
          - {dest: a, git: {repo: 'file:///nowhere/${env.token}', path: x}}
          - {dest: b, git: {repo: 'http://u:${env.token}@127.0.0.1:9/r', path: x}}
    """)
    with pytest.raises(InputError) as caught:
        fetch(path)
    assert "s3cret" not in str(caught.value)
    assert str(caught.value).count("${env.token}") >= 2


def test_git_below_git_is_not_led_astray(project, repo, monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/nowhere/.git")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    path = project("data")
    fetch(path)
    assert tree(path.parent / "here") == ["de.txt", "en/a.txt", "en/b.txt"]


def test_without_git_the_message_says_so(project, monkeypatch):
    path = project("data")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="asset here: comes from git, which is not installed"):
        fetch(path)
