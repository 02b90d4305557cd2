"""Hook of mkdocs: files of the repository outside of docs/ that pages link to are in the site too.

README.md is the home page. A link that is right in the repository, such as `docs/tagging.md` or
`../projects/ner/README.md`, is right in the site: pages of docs/ lie at the root there, all others
where they lie in the repository.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
DOCS = PurePosixPath("docs")
LINK = re.compile(r"""(?P<before>\]\(|\b(?:src|srcset|href)=")(?P<to>[^)\s"#:]+)(?=[)"#\s])""")
PAGES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "projects/*/README.md",
    "plugins/*/project/README.md",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages outside of docs/, and what they and the pages in docs/ link to.

    files (Files): Those of docs/.
    config (MkDocsConfig): The site's.
    RETURNS (Files): The same, with more.
    """
    outside = {path.relative_to(ROOT) for pattern in PAGES for path in ROOT.glob(pattern)}
    for page in [*outside, *(DOCS / file.src_uri for file in files.documentation_pages())]:
        outside |= {Path(to) for to in linked(PurePosixPath(page)) if not in_docs(to)}
    for path in sorted(outside):
        files.append(File.generated(config, path.as_posix(), abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn a page's links within the repository into links within the site."""
    here = repository_path(page.file)

    def in_site(link: re.Match[str]) -> str:
        to = target(here, link["to"])
        if to is None:
            return link[0]
        path = to.relative_to(DOCS) if in_docs(to) else to
        return link["before"] + posixpath.relpath(path, PurePosixPath(page.file.src_uri).parent)

    return LINK.sub(in_site, markdown)


def repository_path(file: File) -> PurePosixPath:
    """Where a file of the site lies in the repository."""
    return PurePosixPath(Path(file.abs_src_path or "").relative_to(ROOT).as_posix())


def linked(page: PurePosixPath) -> set[PurePosixPath]:
    """The files of the repository that a page links to."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = (target(page, link["to"]) for link in LINK.finditer(text))
    return {to for to in found if to is not None}


def target(page: PurePosixPath, to: str) -> PurePosixPath | None:
    """The file that a link of a page leads to; of a folder, its README; None if there is none."""
    path = PurePosixPath(posixpath.normpath(page.parent / to))
    if (ROOT / path).is_dir():
        path = path / "README.md"
    return path if (ROOT / path).is_file() else None


def in_docs(path: PurePosixPath) -> bool:
    return path.is_relative_to(DOCS)
