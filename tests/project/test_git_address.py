"""Secrets in the address of a repository: in no list of processes, no file and no message."""

import base64
import functools
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from seqpipe.files import InputError
from seqpipe.project.assets import project_assets
from seqpipe.project.git_address import git_address
from seqpipe.project.variables import Text
from tests.processes import ended

SECRET = "s3:cr3t/@v@lue%21"
PLAIN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


def git(folder, *words):
    subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **PLAIN})


class Handler(http.server.SimpleHTTPRequestHandler):
    """A plain file server that wants a password, and looks at what can be seen of who asks."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        site = self.server
        site.seen += commands()
        site.seen += [file.read_text() for file in site.project.rglob(".git/config")]
        asked = self.headers.get("Authorization", "")
        site.asked.append(base64.b64decode(asked.removeprefix("Basic ")).decode())
        if not asked:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()
            return
        if "/objects/" in self.path:
            site.may_go_on.wait()
        super().do_GET()


def commands():
    """The command lines of all git processes."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(file.read_bytes().decode().replace("\0", " "))
    return [line for line in found if line.startswith("git") or "/git" in line.split(" ")[0]]


@pytest.fixture
def site(tmp_path_factory, tmp_path, monkeypatch):
    monkeypatch.delenv("SEQPIPE_MIRROR", raising=False)
    monkeypatch.setenv("TEST_SECRET", SECRET)
    monkeypatch.setenv("TEST_USER", "us%40er")
    folder = tmp_path_factory.mktemp("site")
    git(folder, "init", "-q", "repo")
    (folder / "repo" / "a.txt").write_text("text\n")
    git(folder / "repo", "add", "-A")
    git(folder / "repo", "commit", "-qm", "first")
    git(folder / "repo", "update-server-info")
    shutil.copytree(folder / "repo" / ".git", folder / "r" / "s3cret")
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *args: None  # whoever went away went away
        server.seen, server.asked, server.project = [], [], tmp_path
        server.may_go_on = threading.Event()
        server.may_go_on.set()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.may_go_on.set()
        server.shutdown()


@pytest.fixture
def project(write_project, site):
    """A project with the repository; its address is given up to the host, and after it."""

    def write(before, after="repo/.git"):
        return write_project(f"""
            env: {{secret: TEST_SECRET, user: TEST_USER, deep: TEST_DEEP}}
            assets:
              - dest: here
                git: {{repo: '{before}127.0.0.1:{site.server_port}/{after}', path: a.txt}}
        """)

    return write


@pytest.mark.parametrize(
    ("before", "user"),
    [("${env.user}:${env.secret}@", "us@er"), ("u:${env.secret}@", "u"), ("${env.secret}@", None)],
)
def test_user_and_password_reach_the_server_and_nobody_else(project, site, before, user):
    path = project(f"http://{before}")
    project_assets(path)
    assert (path.parent / "here").read_text() == "text\n"
    password = SECRET.replace("%21", "!")
    assert site.asked[-1] == (f"{password}:" if user is None else f"{user}:{password}")
    seen = "\n".join(site.seen)
    assert " clone --quiet" in seen
    assert "[remote" in seen
    for part in ("s3:", "cr3t", "v@lue", "v%40lue", "us@er", "us%40er"):
        assert part not in seen


def test_a_secret_in_the_path_is_in_no_file_and_not_in_the_command_of_the_clone(
    project, site, monkeypatch
):
    monkeypatch.setenv("TEST_DEEP", "s3cret")
    path = project("http://u:${env.secret}@", "r/${env.deep}")
    project_assets(path)
    assert (path.parent / "here").read_text() == "text\n"
    assert any("[remote" in seen for seen in site.seen)
    assert not [seen for seen in site.seen if "s3cret" in seen and "remote-http" not in seen]


def test_a_name_without_a_password_is_left_to_git():
    repo = "https://git@example.org/x"
    address = git_address(Text(repo, repo), {})
    assert (address.clean, address.environment) == (repo, {})


def test_settings_that_the_environment_holds_stay(project, site, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.http://127.0.0.1.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "http://elsewhere")
    path = project("http://u:${env.secret}@")
    path.write_text(path.read_text().replace("127.0.0.1", "elsewhere"))
    with pytest.raises(InputError, match=r"asset here: http://u:\$\{env.secret\}@elsewhere:"):
        project_assets(path)  # there is no password for this other server
    assert set(site.asked) == {""}


@pytest.mark.parametrize("before", ["${env.user}:${env.secret}@", "${env.secret}@", "x/"])
def test_what_git_says_holds_no_value(project, site, before):
    path = project(f"http://{before}", "nowhere/${env.user}/${env.secret}")
    with pytest.raises(InputError, match=r"asset here: .*: git said: fatal: ") as caught:
        project_assets(path)
    for part in ("us%40er", "us@er", "cr3t", "lue", "v%40", "%21"):
        assert part not in str(caught.value)


@pytest.fixture
def stuck(project, site):
    """A `seqpipe assets` whose git waits for the server."""
    path = project("http://u:${env.secret}@")
    site.may_go_on.clear()
    command = [sys.executable, "-m", "seqpipe", "assets", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not any("/unfinished/" in config for config in site.seen) or len(site.asked) < 5:
        assert process.poll() is None
        time.sleep(0.02)
    return process, path


def at_work(path, site):
    signs = (str(path.parent), f":{site.server_port}/")
    return [line for line in commands() if any(sign in line for sign in signs)]


def test_sigterm_ends_git_and_leaves_nothing(stuck, site):
    process, path = stuck
    assert len(at_work(path, site)) > 1
    process.terminate()
    _, said = ended(process, seconds=30)
    assert (process.returncode, said) == (143, "terminated\n")
    assert not at_work(path, site)
    assert list((path.parent / ".seqpipe" / "unfinished").iterdir()) == []
    assert sorted(file.name for file in path.parent.iterdir()) == [".seqpipe", "project.yml"]


def test_a_kill_ends_git_and_the_next_run_clears_up(stuck, site):
    process, path = stuck
    process.send_signal(signal.SIGKILL)
    ended(process, seconds=30)
    rooms = path.parent / ".seqpipe" / "unfinished"
    assert list(rooms.iterdir())
    assert "cr3t" not in "".join(site.seen)
    until = time.monotonic() + 10
    while at_work(path, site):
        assert time.monotonic() < until
        time.sleep(0.05)
    path.write_text("assets: [{dest: other, url: project.yml}]")  # the other asset is gone
    project_assets(path)
    assert not rooms.exists()
