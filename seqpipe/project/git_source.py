"""Fetches a file or a folder out of a git repository, with the `git` program."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from seqpipe.files import InputError
from seqpipe.project.checksum import md5_of
from seqpipe.project.children import ends_with_parent
from seqpipe.project.git_address import GitAddress, git_address
from seqpipe.project.load import GitSource
from seqpipe.project.variables import Text
from seqpipe.project.watch import StoppedError, Watch

PARTIAL_CLONES = (2, 22)  # the version since when they can be relied on
SETTINGS_IN_ENVIRONMENT = (2, 31)
WAIT = 0.2  # seconds between two looks at whether to stop
FAREWELL = 1.0  # seconds that git has to clean up
# Ends all that git started where it is asked to end; git alone would leave who waits for a server.
GUARD = ("/bin/sh", "-c", "trap 'trap - TERM; kill 0' TERM; \"$@\" & wait $!", "sh")
# Set where seqpipe runs below git, in a hook: they would turn our clone into that repository.
LOCAL = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


def fetch_git(
    source: GitSource,
    project: Path,
    room: Path,
    checksum: str | None,
    secrets: Mapping[str, str],
    watch: Watch,
) -> Path:
    """Get what a repository holds.

    source (GitSource): The repository, and the file or folder in it.
    project (Path): The project's folder: a relative path to a repository starts there.
    room (Path): The folder to work in.
    checksum (Optional[str]): The MD5 that it has to have, as `md5_of` has it.
    secrets (Mapping[str, str]): The values of `env`, by name. No file holds them, nor the command
        line of `git clone`; but what it starts gets the address, less user and password.
    watch (Watch): Who looks on.
    RETURNS (Path): The file or folder, in the room.
    RAISES (InputError): If the repository lacks it, a link leads out of it, or its MD5 differs.
    """
    inner = _inner_path(source.path)
    git = _Git(source, git_address(source.repo, secrets), project, room / "clone", watch)
    git.clone(inner)
    found = git.folder / inner
    if not found.exists() and not found.is_symlink():
        raise InputError(git.not_there(inner))
    _check_links(git.folder, found, source)
    os.replace(git.folder / ".git", room / "git")
    _check_md5(found, source, checksum)
    return found


def _inner_path(path: Text) -> str:
    """The path in the repository, in its plainest form; "." for all of it."""
    parts = PurePosixPath(path.value.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ".git" in parts.parts:
        raise InputError(f"git path '{path.shown}', expected one inside the repository")
    return str(parts)


class _Git:
    """The git program, at work on one clone.

    source (GitSource): What is cloned.
    address (GitAddress): Its address, for git.
    start (Path): Where a relative path to the repository starts.
    folder (Path): The clone's.
    """

    def __init__(
        self, source: GitSource, address: GitAddress, start: Path, folder: Path, watch: Watch
    ) -> None:
        self.source, self.address, self.start, self.watch = source, address, start, watch
        self.folder = folder.resolve()  # git runs in another one

    def clone(self, inner: str) -> None:
        """Clone the newest state, and of that only a path where git and the server can do so."""
        words = ["clone", "--quiet", "--no-checkout"]
        if self.source.branch is not None:
            words.append(f"--branch={self.source.branch.value}")
        where = ["--", self.address.clean, str(self.folder)]
        narrow = ["--depth=1"]
        version = self._version()
        if self.address.environment and version < SETTINGS_IN_ENVIRONMENT:
            raise InputError(
                "has a password or a value of env in its address, which needs git 2.31"
            )
        if version >= PARTIAL_CLONES:
            narrow.append("--filter=blob:none")
        try:
            self._run([*words, *narrow, *where])
        except _GitError as fault:
            # A plain file server cannot cut a history short.
            if "shallow" not in fault.words:
                raise
            shutil.rmtree(self.folder, ignore_errors=True)
            self._run([*words, *where])
        if inner != ".":
            # Unlike `git checkout -- PATH` it asks for all files at once.
            self._inside(["config", "core.sparseCheckout", "true"])
            pattern = re.sub(r"([\\*?\[\]!# ])", r"\\\1", inner)
            listed = self.folder / ".git" / "info" / "sparse-checkout"
            listed.parent.mkdir(exist_ok=True)
            listed.write_text(f"/{pattern}\n", encoding="utf-8")
        try:
            self._inside(["read-tree", "-mu", "HEAD"])
        except _GitError as fault:
            # With a pattern that matches nothing, older versions of git refuse to begin.
            if "Sparse checkout leaves no entry" not in fault.words:
                raise

    def not_there(self, inner: str) -> str:
        """RETURNS (str): What to say of a path that the repository does not hold."""
        listed = self._inside(["ls-tree", "-r", "-t", "--name-only", "-z", "HEAD"]).split("\0")
        near = difflib.get_close_matches(inner, listed, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        branch = f", branch '{self.source.branch.shown}'" if self.source.branch else ""
        return f"no '{self.source.path.shown}' in {self.source.repo.shown}{branch}{hint}"

    def _version(self) -> tuple[int, ...]:
        found = re.search(r"(\d+)\.(\d+)", self._run(["--version"]))
        return tuple(map(int, found.groups())) if found else (0, 0)

    def _inside(self, words: Sequence[str]) -> str:
        return self._run(["-C", str(self.folder), *words])

    def _run(self, words: Sequence[str]) -> str:
        program = shutil.which("git")
        if program is None:
            raise InputError("comes from git, which is not installed: install it")
        settings = ["-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"]
        tie = ends_with_parent(signal.SIGTERM)
        process = subprocess.Popen(
            [*(GUARD if tie else ()), program, *settings, *words],
            cwd=self.start,
            env={**_environment(), **self.address.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # A group of its own, to be ended with all that git starts.
            start_new_session=True,
            preexec_fn=tie,
        )
        output, errors = self._wait(process)
        if process.returncode:
            raise _GitError(self.source, errors)
        return output

    def _wait(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """Wait for git; end it if someone asks to stop."""
        try:
            while True:
                self.watch.check()
                try:
                    return process.communicate(timeout=WAIT)
                except subprocess.TimeoutExpired:
                    continue
        except StoppedError:
            _signal_all(process, signal.SIGTERM)
            try:
                process.communicate(timeout=FAREWELL)
            except subprocess.TimeoutExpired:
                _signal_all(process, getattr(signal, "SIGKILL", signal.SIGTERM))
                process.communicate()
            raise


def _signal_all(process: subprocess.Popen[str], number: int) -> None:
    """Send a signal to git and what it started."""
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
    else:
        process.terminate()


class _GitError(InputError):
    """What git said when it failed.

    words (str): All of it, as it is.
    """

    def __init__(self, source: GitSource, words: str) -> None:
        lines = [line for line in words.splitlines() if line.startswith(("fatal:", "error:"))]
        said = lines[0] if lines else next(iter(words.splitlines()), "git failed without a word")
        super().__init__(f"{source.repo.shown}: git said: {said}")
        self.words = words


def _environment() -> dict[str, str]:
    """Git without questions: nobody sits there to type a password."""
    asked = {
        "GIT_TERMINAL_PROMPT": "0",
        "GCM_INTERACTIVE": "never",
        "GIT_ASKPASS": "",
        "LC_ALL": "C",
    }
    asked["SSH_ASKPASS"] = ""
    asked["GIT_SSH_COMMAND"] = os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    return {**{k: v for k, v in os.environ.items() if k not in LOCAL}, **asked}


def _check_links(clone: Path, found: Path, source: GitSource) -> None:
    """Refuse a link that would not lead into what is taken."""
    top = clone.resolve()
    if found.resolve() != top / found.relative_to(clone):
        message = f"'{source.path.shown}' is or passes a link in {source.repo.shown}"
        raise InputError(f"{message}, expected the path that it leads to")
    links = [path for path in found.rglob("*") if path.is_symlink()] if found.is_dir() else []
    for link in links:
        if (
            not link.resolve().is_relative_to(found.resolve())
            or Path(os.readlink(link)).is_absolute()
        ):
            where = link.relative_to(clone).as_posix()
            raise InputError(
                f"{source.repo.shown}: '{where}' is a link to {os.readlink(link)}, outside of what "
                "is taken; nothing was written"
            )


def _check_md5(found: Path, source: GitSource, checksum: str | None) -> None:
    md5 = md5_of(found) if checksum else None
    if md5 != checksum:
        where = f"'{source.path.shown}' in {source.repo.shown}"
        raise InputError(f"{where}: MD5 {md5}, expected {checksum}; nothing was written")
