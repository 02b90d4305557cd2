"""Fetches what a project lists under `assets:`, from its mirror or its URL, and checks the MD5."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from seqpipe.files import InputError, atomic_write
from seqpipe.project.load import Asset, Project, load_project
from seqpipe.project.mirror import VARIABLE, Mirror, open_mirror

TIMEOUT = 30.0  # seconds to connect, and between two pieces
PIECE = 1 << 20  # bytes


@dataclass(frozen=True)
class Fetched:
    """An asset that is where it should be.

    dest (str): Its path, as shown.
    how (str): How it came there.
    """

    dest: str
    how: str


def project_assets(
    path: str | os.PathLike[str],
    *,
    overrides: Mapping[str, str] | None = None,
    extra: bool = False,
    report: Callable[[Fetched], None] = lambda fetched: None,
) -> int:
    """Fetch the assets of a project.

    path: A project.yml, or the folder that holds it.
    overrides (Optional[Mapping[str, str]]): Values for the project's variables, by name.
    extra (bool): Fetch also those marked `extra`.
    report (Callable[[Fetched], None]): Told of each asset that is in place.
    RETURNS (int): How many were wanted. Raises InputError, after all others were tried, for those
        that could not be had.
    """
    project = load_project(path, overrides)
    project.make_directories()
    mirror = open_mirror()
    wanted = [asset for asset in project.assets if extra or not asset.extra]
    faults = []
    for asset in wanted:
        try:
            report(Fetched(asset.dest.shown, _fetch(project, asset, mirror)))
        except InputError as fault:
            faults.append(str(fault))
    if faults:
        raise InputError("\n".join(faults))
    return len(wanted)


def _fetch(project: Project, asset: Asset, mirror: Mirror | None) -> str:
    dest = project.folder / asset.dest.value
    if dest.is_dir() and not asset.git:
        raise _fault(project, asset, "is a folder, expected a file")
    if dest.exists() and asset.checksum is None:
        return "is there (no checksum to hold it to)"
    found = _md5(dest) if dest.is_file() else None
    if found is not None and found == asset.checksum:
        return "is there"
    if asset.git:
        raise _fault(project, asset, "comes from git, which is not supported yet: fetch it by hand")
    copy = mirror.find(asset.checksum, dest.name) if mirror and asset.checksum else None
    if copy is not None:
        with copy.open() as stream:
            _write(project, asset, iter(lambda: stream.read(PIECE), b""))
        return f"copied from the mirror ({copy.path}{', unpacked' if copy.packed else ''})"
    if asset.url is None:
        raise _fault(project, asset, _bring_it(asset, dest, found))
    return _from_url(project, asset, asset.url.value)


def _bring_it(asset: Asset, dest: Path, found: str | None) -> str:
    if found is not None:
        return f"MD5 {found}, expected {asset.checksum}; put the right file at {dest}"
    about = f" ({asset.description})" if asset.description else ""
    return f"has no URL; put the file at {dest}{about}"


def _from_url(project: Project, asset: Asset, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        _write(project, asset, _download(project, asset, url))
        return "downloaded"
    # As in weasel, a path is a URL too.
    local = Path(url2pathname(unquote(parts.path)) if parts.scheme == "file" else url)
    source = project.folder / local
    if not source.is_file():
        raise _fault(project, asset, f"no such file: {_shown_url(asset)}")
    with open(source, "rb") as stream:
        _write(project, asset, iter(lambda: stream.read(PIECE), b""))
    return "copied"


def _download(project: Project, asset: Asset, url: str) -> Iterator[bytes]:
    import requests

    # As it is on the server: its checksum is that of the file, not of a packed transfer.
    headers = {"Accept-Encoding": "identity"}
    try:
        with requests.get(url, stream=True, timeout=TIMEOUT, headers=headers) as response:
            if not response.ok:
                status = f"HTTP {response.status_code} {response.reason}"
                raise _fault(project, asset, f"{_shown_url(asset)}: {status}")
            yield from response.iter_content(PIECE)
    except requests.Timeout:
        raise _offline(project, asset, f"no answer in {TIMEOUT:.0f} s") from None
    except requests.ConnectionError:
        raise _offline(project, asset, "no connection") from None
    except requests.RequestException as fault:
        # Its own words may hold the URL, and that a value of `env`.
        raise _offline(project, asset, type(fault).__name__) from None


def _write(project: Project, asset: Asset, pieces: Iterable[bytes]) -> None:
    """Write an asset beside its place; it appears there only with the right checksum."""
    digest = hashlib.md5(usedforsecurity=False)
    with atomic_write(project.folder / asset.dest.value, "wb") as stream:
        for piece in pieces:
            digest.update(piece)
            stream.write(piece)
        if asset.checksum not in (None, digest.hexdigest()):
            message = f"{_shown_url(asset)}: MD5 {digest.hexdigest()}, expected {asset.checksum}"
            raise _fault(project, asset, f"{message}; nothing was written")


def _md5(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def _shown_url(asset: Asset) -> str:
    return asset.url.shown if asset.url else asset.dest.shown


def _offline(project: Project, asset: Asset, reason: str) -> InputError:
    hint = f"without internet, let {VARIABLE} name a folder that holds the file"
    return _fault(project, asset, f"{_shown_url(asset)}: {reason}; {hint}")


def _fault(project: Project, asset: Asset, message: str) -> InputError:
    return InputError(f"asset {asset.dest.shown}: {message}", path=project.path, line=asset.line)
