"""Fetches a file or a folder out of a git repository, with the `git` program."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from seqpipe.files import InputError, atomic_folder, atomic_write
from seqpipe.project.checksum import md5_of
from seqpipe.project.load import GitSource
from seqpipe.project.redact import redact
from seqpipe.project.unfinished import unfinished
from seqpipe.project.variables import Text
from seqpipe.project.watch import StoppedError, Watch

PARTIAL_CLONES = (2, 22)  # the version since when they can be relied on
WAIT = 0.2  # seconds between two looks at whether to stop
# Set where seqpipe runs below git, in a hook: they would turn our clone into that repository.
LOCAL = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


def fetch_git(
    source: GitSource, dest: Path, folder: Path, checksum: str | None, watch: Watch
) -> None:
    """Put what a repository holds into its place, whole or not at all.

    source (GitSource): The repository, and the file or folder in it.
    dest (Path): Where it shall be; what is there is replaced.
    folder (Path): The project's: a relative path to a repository starts there.
    checksum (Optional[str]): The MD5 that it has to have, as `md5_of` has it.
    watch (Watch): Who looks on.
    """
    inner = _inner_path(source.path)
    with unfinished(dest) as room, tempfile.TemporaryDirectory(dir=room) as work:
        git = _Git(source, folder, Path(work) / "clone", watch)
        git.clone(inner)
        found = git.folder / inner
        if not found.exists() and not found.is_symlink():
            raise InputError(git.not_there(inner))
        _check_links(git.folder, found, source)
        os.replace(git.folder / ".git", Path(work) / "git")
        _check_md5(found, source, checksum)
        if found.is_dir():
            _move_folder(found, dest, room)
        else:
            with open(found, "rb") as content, atomic_write(dest, "wb") as stream:
                shutil.copyfileobj(content, stream)


def _inner_path(path: Text) -> str:
    """The path in the repository, in its plainest form; "." for all of it."""
    parts = PurePosixPath(path.value.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ".git" in parts.parts:
        raise InputError(f"git path '{path.shown}', expected one inside the repository")
    return str(parts)


class _Git:
    """The git program, at work on one clone.

    source (GitSource): What is cloned.
    start (Path): Where a relative path to the repository starts.
    folder (Path): The clone's.
    """

    def __init__(self, source: GitSource, start: Path, folder: Path, watch: Watch) -> None:
        self.source, self.start, self.folder, self.watch = source, start, folder, watch

    def clone(self, inner: str) -> None:
        """Clone the newest state, and of that only a path where git and the server can do so."""
        words = ["clone", "--quiet", "--no-checkout"]
        if self.source.branch is not None:
            words.append(f"--branch={self.source.branch.value}")
        where = ["--", self.source.repo.value, str(self.folder.resolve())]
        narrow = ["--depth=1"]
        if self._version() >= PARTIAL_CLONES:
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
        settings = ["-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"]
        try:
            process = subprocess.Popen(
                ["git", *settings, *words],
                cwd=self.start,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
            )
        except FileNotFoundError:
            raise InputError("comes from git, which is not installed: install it") from None
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
            process.terminate()
            process.communicate()
            raise


class _GitError(InputError):
    """What git said when it failed.

    words (str): All of it, as it is.
    """

    def __init__(self, source: GitSource, words: str) -> None:
        lines = [line for line in words.splitlines() if line.startswith(("fatal:", "error:"))]
        said = lines[0] if lines else next(iter(words.splitlines()), "git failed without a word")
        for text in (source.repo, source.branch):
            said = redact(said, text) if text else said
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


def _move_folder(found: Path, dest: Path, room: Path) -> None:
    if dest.exists() and not dest.is_dir():
        dest.unlink()
    with atomic_folder(dest, within=room) as fresh:
        for child in found.iterdir():
            os.replace(child, fresh / child.name)


def _check_md5(found: Path, source: GitSource, checksum: str | None) -> None:
    md5 = md5_of(found) if checksum else None
    if md5 != checksum:
        where = f"'{source.path.shown}' in {source.repo.shown}"
        raise InputError(f"{where}: MD5 {md5}, expected {checksum}; nothing was written")
