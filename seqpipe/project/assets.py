"""Brings what a project lists under `assets:` into its place, several at a time."""

from __future__ import annotations

import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from seqpipe.files import InputError, atomic_write
from seqpipe.hookspecs import Fetcher
from seqpipe.project.archive import unpack
from seqpipe.project.brought import Brought
from seqpipe.project.checksum import md5_of
from seqpipe.project.fetch import Sources, copy_from_mirror, failure_of_scheme, raw_address
from seqpipe.project.fetchers import seqpipe_fetchers
from seqpipe.project.git_source import fetch_git
from seqpipe.project.hashes import ROOM, make_room
from seqpipe.project.load import Asset, Project, load_project
from seqpipe.project.mirror import Mirror, open_mirror
from seqpipe.project.redact import Redaction
from seqpipe.project.unfinished import sweep, unfinished
from seqpipe.project.variables import Text
from seqpipe.project.wanted import Wanted
from seqpipe.project.watch import StoppedError, Watch

JOBS = 4
LOCK = "assets.lock"
FAREWELL = 3.0  # seconds that fetches have to end after Ctrl-C


@dataclass(frozen=True)
class AssetEvent:
    """What happened to an asset.

    kind (str): "began"; "bytes"; "note", something to know; "ready", it is in place; "failed".
    dest (str): Its path, as shown.
    text (str): How it came there, the note, or what went wrong and where.
    received, total (Optional[int]): Bytes that are there, and of how many, where that is known.
    seconds (float): Since it began.
    """

    kind: Literal["began", "bytes", "note", "ready", "failed"]
    dest: str
    text: str = ""
    received: int | None = None
    total: int | None = None
    seconds: float = 0.0


Report = Callable[[AssetEvent], None]


def project_assets(
    path: str | os.PathLike[str],
    *,
    overrides: Mapping[str, str] | None = None,
    extra: bool = False,
    force: bool = False,
    jobs: int = JOBS,
    fetchers: Mapping[str, Fetcher] | None = None,
    explain: Callable[[str, str], str] = failure_of_scheme,
    report: Report = lambda event: None,
) -> int:
    """Fetch the assets of a project.

    path: A project.yml, or the folder that holds it.
    overrides (Optional[Mapping[str, str]]): Values for the project's variables, by name.
    extra (bool): Fetch also those marked `extra`.
    force (bool): Fetch also what is there.
    jobs (int): How many at a time.
    fetchers (Optional[Mapping[str, Fetcher]]): By scheme; None for the built-in ones.
    explain (Callable[[str, str], str]): From the scheme of a fetcher that raised what it should
        not, and what that was, to what is said of it.
    report (Callable[[AssetEvent], None]): Told what happens, one call at a time.
    RETURNS (int): How many were wanted. Raises InputError, after all others were tried, for those
        that could not be had.
    """
    project = load_project(path, overrides)
    wanted = [asset for asset in project.assets if extra or not asset.extra]
    _check_places(project, wanted)
    project.make_directories()
    if not wanted:
        return 0
    if fetchers is None:
        fetchers = {one.scheme: one for one in seqpipe_fetchers()}
    with _alone(project, report):
        places = (text for asset in project.assets for text in (asset.dest, asset.extract))
        sweep(project.folder, [project.folder / text.value for text in places if text is not None])
        redacted = Redaction(_texts(wanted), project.secrets)
        sources = Sources(fetchers, lambda scheme, words: explain(scheme, redacted(words)))
        fetches = _Fetches(project, open_mirror(), sources, force, redacted, report)
        faults = fetches.run(wanted, jobs)
    if faults:
        raise InputError("\n".join(faults))
    return len(wanted)


@contextmanager
def _alone(project: Project, report: Report) -> Iterator[None]:
    """Wait for another fetch of this project: two would write into one partial file."""
    from filelock import FileLock, Timeout

    lock = FileLock(make_room(project.folder) / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        text = "another `seqpipe assets` fetches for this project; waiting for it"
        report(AssetEvent("note", str(project.path), text))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _texts(assets: Sequence[Asset]) -> Iterator[Text]:
    """All that is filled in and may come back in what others say."""
    for asset in assets:
        found = [asset.dest, asset.url, asset.extract]
        if asset.git is not None:
            found += [asset.git.repo, asset.git.path, asset.git.branch]
        yield from (text for text in found if text is not None)


def _check_places(project: Project, assets: Sequence[Asset]) -> None:
    """Refuse two things in one place: they come side by side, and whole."""
    taken: list[tuple[Path, Asset]] = []
    for asset in assets:
        for text in (asset.dest, asset.extract):
            if text is None:
                continue
            place = Path(os.path.abspath(project.folder / text.value))
            for other, owner in taken:
                if place == other or other in place.parents or place in other.parents:
                    message = f"{text.shown} meets {owner.dest.shown} of line {owner.line}"
                    fault = f"{message}, expected a place of its own"
                    if owner is asset:
                        fault = "is in the folder that it is unpacked into, or the other way round"
                    raise _located(project, asset, fault)
            taken.append((place, asset))


@dataclass
class _Fetches:
    """The fetches of one call.

    redacted (Redaction): Makes what is said fit to be shown.
    faults (Dict[int, str]): What went wrong, by the asset's place in the list.
    """

    project: Project
    mirror: Mirror | None
    sources: Sources
    force: bool
    redacted: Redaction
    report: Report
    faults: dict[int, str] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    bug: BaseException | None = None

    def run(self, assets: Sequence[Asset], jobs: int) -> list[str]:
        """RETURNS (List[str]): What went wrong, in the order of the assets."""
        waiting: queue.SimpleQueue[tuple[int, Asset]] = queue.SimpleQueue()
        for numbered in enumerate(assets):
            waiting.put(numbered)
        ended: queue.SimpleQueue[None] = queue.SimpleQueue()
        left = min(jobs, len(assets))
        for _ in range(left):
            # A daemon: one that waits for a silent server must not hold up the end after Ctrl-C.
            threading.Thread(target=self._work, args=(waiting, ended), daemon=True).start()
        try:
            while left:
                ended.get()  # `join`, once interrupted, takes a thread for ended
                left -= 1
        except BaseException:
            self.stop.set()
            until = time.monotonic() + FAREWELL
            with suppress(queue.Empty):
                while left:
                    ended.get(timeout=max(0.0, until - time.monotonic()))
                    left -= 1
            raise
        if self.bug is not None:
            raise self.bug
        return [self.faults[place] for place in sorted(self.faults)]

    def _work(
        self, waiting: queue.SimpleQueue[tuple[int, Asset]], ended: queue.SimpleQueue[None]
    ) -> None:
        try:
            while not self.stop.is_set():
                self._one(*waiting.get_nowait())
        except (queue.Empty, StoppedError):
            pass
        except BaseException as fault:
            # A bug: it is raised where someone sees it.
            self.bug = fault
            self.stop.set()
        finally:
            ended.put(None)

    def _one(self, place: int, asset: Asset) -> None:
        began, moved = time.perf_counter(), 0
        dest = asset.dest.shown

        def tell(
            kind: Literal["began", "bytes", "note", "ready", "failed"], text: str = ""
        ) -> None:
            seconds = time.perf_counter() - began
            self._tell(AssetEvent(kind, dest, self.redacted(text), seconds=seconds))

        def progress(received: int, total: int | None) -> None:
            nonlocal moved
            moved = received
            self._tell(AssetEvent("bytes", dest, "", received, total))

        tell("began")
        watch = Watch(progress, lambda text: tell("note", text), self.stop)
        try:
            fetch = _Fetch(self.project, asset, self.mirror, self.sources, self.force, watch)
            how = fetch.run()
        except (InputError, OSError) as fault:
            words = self.redacted(_words(fault, asset))
            self.faults[place] = str(_located(self.project, asset, words))
            tell("failed", self.faults[place])
        else:
            seconds = time.perf_counter() - began
            self._tell(AssetEvent("ready", dest, how, moved, None, seconds))

    def _tell(self, event: AssetEvent) -> None:
        with self.lock:
            self.report(event)


@dataclass(frozen=True)
class _Fetch:
    """The way of one asset into its place."""

    project: Project
    asset: Asset
    mirror: Mirror | None
    sources: Sources
    force: bool
    watch: Watch

    def run(self) -> str:
        """RETURNS (str): How it came there, in words."""
        how = self._bring()
        if self.asset.extract is None:
            return how
        brought = Brought(self.project.folder / self.asset.extract.value)
        source = md5_of(self.dest)
        if brought.is_from(source) and not self.force:
            return how
        shown = self.asset.extract.shown
        brought.check_free(shown)
        with unfinished(brought.folder, self.project.folder) as room:
            filled = room / "filled"
            filled.mkdir()
            unpack(self.dest, filled, self.watch)
            count = brought.place(filled, room, source)
        return f"{how}, unpacked into {shown} (files: {count:,})"

    @property
    def dest(self) -> Path:
        return self.project.folder / self.asset.dest.value

    def _bring(self) -> str:
        asset, dest = self.asset, self.dest
        if dest.is_dir() and (asset.git is None or asset.extract is not None):
            raise InputError("is a folder, expected a file")
        if dest.exists() and not (dest.is_file() or dest.is_dir()):
            raise InputError("is a device or a pipe, expected a file")
        found = None
        if dest.exists():
            found = md5_of(dest) if asset.checksum else None
            here = self._is_here(found)
            if here:
                return here
        if asset.git is not None:
            return self._clone()
        return self._from_mirror() or self._from_url(found)

    def _is_here(self, found: str | None) -> str | None:
        """What to say of an asset that is there already, if it need not be fetched."""
        has_source = self.asset.git is not None or self.asset.url is not None
        if self.force and has_source:
            return None
        if self.asset.checksum is not None:
            return "is there" if found == self.asset.checksum else None
        if has_source and self.dest.is_file() and not self.dest.stat().st_size:
            return None  # what a failed download of another tool leaves
        return "is there (no checksum to hold it to)"

    def _clone(self) -> str:
        git, project = self.asset.git, self.project
        assert git is not None
        brought = Brought(self.dest)
        if self.dest.is_dir():
            brought.check_free(self.asset.dest.shown)
        self.watch.note(f"cloning {git.repo.shown}")
        with unfinished(self.dest, project.folder) as room:
            checksum, secrets = self.asset.checksum, project.secrets
            found = fetch_git(git, project.folder, room, checksum, secrets, self.watch)
            if found.is_dir():
                brought.check_free(self.asset.dest.shown)
                brought.place(found, room, "")
            elif self.dest.is_dir():
                raise InputError(f"is a folder, and '{git.path.shown}' a file; move it away")
            else:
                with open(found, "rb") as content, atomic_write(self.dest, "wb") as stream:
                    shutil.copyfileobj(content, stream)
        return "cloned"

    def _from_mirror(self) -> str | None:
        if self.mirror is None or self.asset.checksum is None:
            return None
        copy = self.mirror.find(self.asset.checksum, self.dest.name)
        return None if copy is None else copy_from_mirror(self._wanted(), copy)

    def _from_url(self, found: str | None) -> str:
        if self.asset.url is None:
            raise InputError(self._bring_it(found))
        wanted = self._wanted()
        if wanted.url != self.asset.url:
            self.watch.note(f"GitHub's page about a file; the file is {wanted.url.shown}")
        return self.sources.fetch(wanted)

    def _bring_it(self, found: str | None) -> str:
        place = self.project.folder / self.asset.dest.shown
        if found is not None:
            return f"MD5 {found}, expected {self.asset.checksum}; put the right file at {place}"
        about = f" ({self.asset.description})" if self.asset.description else ""
        return f"has no URL; put the file at {place}{about}"

    def _wanted(self) -> Wanted:
        asset = self.asset
        url = raw_address(asset.url) if asset.url else asset.dest
        return Wanted(url, self.dest, asset.checksum, self.project.folder, self.watch)


def _words(fault: InputError | OSError, asset: Asset) -> str:
    if isinstance(fault, InputError):
        return str(fault)
    words = fault.strerror or type(fault).__name__
    if fault.filename is None:
        return words
    # What we work on is the asset, whatever we call it meanwhile.
    place = Path(os.fsdecode(fault.filename))
    is_ours = ROOM in place.parts or place.name.startswith(f".{Path(asset.dest.value).name}.")
    return words if is_ours else f"{words} ({place})"


def _located(project: Project, asset: Asset, message: str) -> InputError:
    return InputError(f"asset {asset.dest.shown}: {message}", path=project.path, line=asset.line)
