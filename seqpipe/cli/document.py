"""`seqpipe document`: a project's README."""

from pathlib import Path
from typing import Annotated

import typer

README = "README.md"


def document(
    project: Annotated[
        Path, typer.Argument(help="A project.yml or the folder that holds it.")
    ] = Path("."),
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write; what stands around our part in it stays."
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help=f"Write nothing; exit with 1 if the file ({README}) is not up to date."
        ),
    ] = False,
) -> None:
    """Describe a project in Markdown: its workflows, commands, assets and variables.

    Without --output it is printed. In a file it stands between two markers, and takes the place of
    the part there, also of one that weasel wrote; in a file without markers it is added at the end.
    """
    from seqpipe.files import InputError, atomic_write
    from seqpipe.project import document as markdown

    part = markdown.document(project)
    if output is None and not check:
        typer.echo(part)
        return
    folder = project if project.is_dir() else project.parent
    file = folder / README if output is None else output
    # As bytes, so that its line ends stay what they are.
    existing = file.read_bytes() if file.exists() else b""
    try:
        wanted = markdown.merged(existing.decode("utf-8"), part).encode("utf-8")
    except UnicodeDecodeError:
        raise InputError("not UTF-8, expected a README in UTF-8", path=file) from None
    except InputError as fault:
        raise InputError(str(fault), path=file, line=fault.line) from None
    if wanted == existing:
        typer.echo(f"{file} is up to date")
    elif check:
        raise InputError(
            f"not up to date; write it with: seqpipe document {project} -o {file}", path=file
        )
    else:
        with atomic_write(file, "wb") as stream:
            stream.write(wanted)
        typer.echo(f"Wrote {file}")
