"""`seqpipe document`: a project's README."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from seqpipe import command_options as asked

README = "README.md"


def document(
    project: asked.ProjectPath = Path("."),
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
    from seqpipe.files import InputError, atomic_write, check_writable
    from seqpipe.project.document import describe, is_left_alone
    from seqpipe.project.load import load_project
    from seqpipe.project.lock import OWN_FILES

    loaded = load_project(project)
    part = describe(loaded)
    if output is None and not check:
        typer.echo(part)
        return
    file = loaded.folder / README if output is None else output
    if not check:
        own = [loaded.path, *(loaded.folder / name for name in OWN_FILES)]
        check_writable(file, "README", read=own)
    existing, wanted = _texts(file, part)
    if is_left_alone(existing):
        typer.echo(f"{file} has the marker IGNORE and is left alone")
    elif wanted == existing:
        typer.echo(f"{file} is up to date")
    elif check:
        again = shlex.join(["seqpipe", "document", str(project), "-o", str(file)])
        raise InputError(f"not up to date; write it with: {again}", path=file)
    else:
        with atomic_write(file, "wb") as stream:
            stream.write(wanted.encode("utf-8"))
        typer.echo(f"Wrote {file}")


def _texts(file: Path, part: str) -> tuple[str, str]:
    """What stands in a file, and what is to stand there."""
    from seqpipe.files import InputError
    from seqpipe.project.document import merged

    try:
        # As bytes, so that its line ends stay what they are.
        existing = file.read_bytes().decode("utf-8") if file.exists() else ""
        return existing, merged(existing, part)
    except UnicodeDecodeError:
        raise InputError("not UTF-8, expected a README in UTF-8", path=file) from None
    except InputError as fault:
        raise InputError(str(fault), path=file, line=fault.line) from None
