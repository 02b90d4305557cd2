"""`seqpipe init`: writes a complete project for a concept, ready to run."""

# No future import of annotations: Typer reads these.
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.cli.completion import starter_names
from seqpipe.command_output import print_json

if TYPE_CHECKING:
    from seqpipe.hookspecs import Starter
    from seqpipe.plugins import Plugins

PROJECT_FILE = "project.yml"
NAME = r"\w[\w.-]*"  # a starter's: a folder of its own, and no option
LANGUAGE = b"{{lang}}"
DEFAULT_LANGUAGE = "en"


def init(
    context: typer.Context,
    concept: Annotated[
        str,
        typer.Argument(
            metavar="STARTER",
            help="What it shall learn; without it: a list.",
            show_default=False,
            autocompletion=starter_names,
        ),
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER", help="Folder to write; by default STARTER.", show_default=False
        ),
    ] = None,
    as_json: asked.AsJson = False,
    lang: Annotated[
        str | None,
        typer.Option("--lang", "-l", help="Code of the texts' language; by default en."),
    ] = None,
) -> None:
    """Write a project for a concept: data to begin with, a commented config, a project.yml.

    It runs at once, with `seqpipe run FOLDER`. Then put your own data in the place of its.
    """
    from seqpipe.files import InputError

    starters = find_starters(context.obj)
    if not concept:
        _list(starters, as_json)
        return
    if as_json:
        raise InputError(f"--json with {concept}: expected alone, for the list")
    starter = _chosen(starters, concept)
    target = folder or Path(starter.name)
    _check_free(target, starter.name)
    write_project(starter, target, lang)
    typer.echo(f"In {target}:")
    for file in _files(target):
        typer.echo(f"  {file.relative_to(target).as_posix()}")
    typer.echo(f"Next: seqpipe run {_quoted(target)}")


def find_starters(plugins: "Plugins") -> dict[str, "Starter"]:
    """Ask the plugins for their starters; one that fails is set aside.

    plugins (Plugins): Those of this process.
    RETURNS (Dict[str, Starter]): The starters by name, the built-in ones first.
    """
    from seqpipe.hookspecs import Starter

    found = plugins.collect("seqpipe_starters", Starter, by="name", check=_check_starter)
    return {name: starter for name, (_, starter) in found.items()}


def write_project(starter: "Starter", folder: Path, lang: str | None = None) -> None:
    """Write a starter's project, whole or not at all.

    starter (Starter): What is written.
    folder (Path): Where; nothing, or an empty folder, may stand there.
    lang (Optional[str]): The code of the language that is put in; None for English.
    RAISES (InputError): If there is no such language, or the starter is made for another one.
    """
    from seqpipe.files import InputError, atomic_folder

    contents = {
        file.relative_to(starter.folder): file.read_bytes() for file in _files(starter.folder)
    }
    code = DEFAULT_LANGUAGE
    if lang is not None:
        if not any(LANGUAGE in content for content in contents.values()):
            message = f"the starter '{starter.name}' has a language of its own, expected no --lang"
            raise InputError(f"--lang {lang}: {message}")
        code = _language_code(lang)
    with atomic_folder(folder) as fresh:
        for name, content in contents.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content.replace(LANGUAGE, code.encode()))
            _keep_executable(starter.folder / name, fresh / name)


def _keep_executable(source: Path, written: Path) -> None:
    """Let whoever may read a script run it, if it could be run where it comes from."""
    if source.stat().st_mode & 0o100:
        mode = written.stat().st_mode
        written.chmod(mode | (mode & 0o444) >> 2)


def _check_starter(starter: "Starter") -> None:
    import re

    if not isinstance(starter.name, str) or not re.fullmatch(NAME, starter.name):
        raise ValueError(f"the starter {starter.name!r}, expected a name that a folder can have")
    if not isinstance(starter.help, str):
        raise TypeError(f"help of '{starter.name}' is {starter.help!r}, expected text")
    if not isinstance(starter.folder, Path):
        raise TypeError(f"folder of '{starter.name}' is {starter.folder!r}, expected a Path")
    if not (starter.folder / PROJECT_FILE).is_file():
        raise ValueError(f"the starter '{starter.name}' has no {PROJECT_FILE} in {starter.folder}")


def _list(starters: dict[str, "Starter"], as_json: bool) -> None:
    if as_json:
        print_json([{"name": name, "help": one.help} for name, one in starters.items()])
        return
    width = max(map(len, starters), default=0)
    for name, starter in starters.items():
        typer.echo(f"{name.ljust(width)}  {starter.help}")
    typer.echo("\nOne of them, into a folder: seqpipe init NAME FOLDER")


def _chosen(starters: dict[str, "Starter"], name: str) -> "Starter":
    import difflib

    from seqpipe.files import InputError

    if name in starters:
        return starters[name]
    near = difflib.get_close_matches(name, starters, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"expected one of {', '.join(starters)}"
    raise InputError(f"no starter is named '{name}'; {hint}")


def _check_free(folder: Path, name: str) -> None:
    """Refuse to write where anything is, and say what can be done instead."""
    from seqpipe.files import InputError

    another = f"seqpipe init {name} FOLDER"
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"a file stands there; choose a folder: {another}", path=folder)
    if (folder / PROJECT_FILE).is_file():
        message = (
            f"a project is there already: seqpipe run {_quoted(folder)}; for a new one: {another}"
        )
        raise InputError(message, path=folder)
    if any(folder.iterdir()):
        raise InputError(f"this folder is not empty; choose another one: {another}", path=folder)
    if folder.samefile(Path.cwd()):
        # It is replaced as a whole, and whoever stands in it would stand nowhere.
        message = f"this is the current folder; write it from the one above: cd .. && {another}"
        raise InputError(message, path=folder)


def _language_code(lang: str) -> str:
    """spaCy's code of a language that works here: a tokenizer may need what is not installed."""
    from spacy.util import get_lang_class

    from seqpipe.files import InputError

    try:
        language = get_lang_class(lang)
    except (ImportError, TypeError, AttributeError, ValueError) as error:
        message = "expected the code of one of spaCy's languages, such as de"
        raise InputError(f"--lang {lang}: {message}") from error
    try:
        return str(language().lang)
    except ImportError as error:
        raise InputError(f"--lang {lang}: {' '.join(str(error).split())}") from error


def _files(folder: Path) -> Iterator[Path]:
    from seqpipe.files import IGNORED

    for file in sorted(folder.rglob("*")):
        if file.is_file() and not IGNORED.intersection(file.relative_to(folder).parts):
            yield file


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
