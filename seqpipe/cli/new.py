"""`seqpipe new plugin`: writes a package: component, layer, reader, command, tests."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe.cli.groups import BEGIN, CommandGroup

if TYPE_CHECKING:
    from collections.abc import Collection

FILES = Path(__file__).with_name("plugin_files")
SUFFIX = ".template"  # so that nothing takes them for modules of ours
PACKAGE = "package"  # the folder that gets the module's name
PREFIX = "seqpipe-"
NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
# What `doc._` has of its own, then what spaCy saves with a pipeline, beside its components.
SAVED = ("vocab", "tokenizer", "meta", "config", "strings", "vectors", "lookups")
RESERVED = ("get", "set", "has", *SAVED)


def add_new(app: typer.Typer) -> None:
    """Add the group `new`.

    app (typer.Typer): The root of the command line.
    """
    group = typer.Typer(help="Begin something of your own.", no_args_is_help=True, cls=CommandGroup)
    group.command("plugin")(plugin)
    group.callback()(lambda: None)  # else Typer takes a group of one command for the command
    app.add_typer(group, name="new", rich_help_panel=BEGIN)


def plugin(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Of the plugin, its command and component.", show_default=False
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER", help="Folder to write; by default seqpipe-NAME.", show_default=False
        ),
    ] = None,
) -> None:
    """Write a plugin that installs and works: a component that learns a number for each text.

    It has a layer, an architecture, a reader, a command and tests. Put your own in their place.
    """
    import shlex

    name = name.removeprefix(PREFIX)
    target = folder or Path(PREFIX + name)
    _check_name(name)
    _check_place(target, name)
    _check_free(name, _commands(context), {one.name for one in context.obj.found})
    write_plugin(name, target)
    typer.echo(f"In {target}:")
    for file in sorted(file for file in target.rglob("*") if file.is_file()):
        typer.echo(f"  {file.relative_to(target).as_posix()}")
    typer.echo(f"Next: cd {shlex.quote(str(target))}; pip install -e '.[test]'; pytest")


def write_plugin(name: str, folder: Path) -> None:
    """Write the package, whole or not at all.

    name (str): The plugin's name, in lower case with dashes.
    folder (Path): Where.
    """
    from seqpipe.files import atomic_folder

    word = name.replace("-", "_")
    module = f"seqpipe_{word}"
    with atomic_folder(folder) as fresh:
        for source in sorted(FILES.rglob(f"*{SUFFIX}")):
            inner = source.relative_to(FILES)
            place = Path(module, *inner.parts[1:]) if inner.parts[0] == PACKAGE else inner
            text = source.read_text(encoding="utf-8")
            for key, value in (("name", name), ("word", word), ("module", module)):
                text = text.replace(f"{{{{{key}}}}}", value)
            written = fresh / place.with_name(place.name.removesuffix(SUFFIX))
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(text, encoding="utf-8", newline="\n")


def _check_name(name: str) -> None:
    """Refuse what cannot be the name of a package, a command, a component and an attribute."""
    import keyword
    import re

    from seqpipe.files import InputError

    expected = "expected lower-case letters and digits, with dashes between words, such as 'mood'"
    if not re.fullmatch(NAME, name):
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        hint = f"; '{near}' would do" if re.fullmatch(NAME, near) else ""
        raise InputError(f"{name!r} is no name for a plugin: {expected}{hint}")
    if keyword.iskeyword(name) or name in RESERVED:
        raise InputError(f"'{name}' is a word of Python's or spaCy's own, {expected}")


def _check_place(folder: Path, name: str) -> None:
    from seqpipe.files import InputError

    if folder.exists() or folder.is_symlink():
        another = f"seqpipe new plugin {name} FOLDER"
        raise InputError(
            f"something is there already; choose another folder: {another}", path=folder
        )


def _check_free(name: str, commands: "Collection[str]", plugins: "Collection[str]") -> None:
    """Refuse a name that would collide with what is installed."""
    from importlib.metadata import PackageNotFoundError, version

    import spacy

    from seqpipe.files import InputError

    distribution = PREFIX + name
    try:
        taken = f"the package {distribution} {version(distribution)}"
    except PackageNotFoundError:
        taken = ""
    if name in plugins:
        taken = f"the plugin '{name}' (seqpipe plugins)"
    elif name in commands:
        taken = f"the command 'seqpipe {name}'"
    elif not taken and spacy.blank("xx").has_factory(name.replace("-", "_")):
        taken = f"a component of spaCy '{name.replace('-', '_')}'"
    if taken:
        raise InputError(f"{taken} is there already, expected a name that is free")


def _commands(context: typer.Context) -> "Collection[str]":
    return getattr(context.find_root().command, "commands", {})
