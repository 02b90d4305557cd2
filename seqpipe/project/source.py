"""YAML with the line of every key and item, so that errors can say where."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from seqpipe.files import InputError

Place = tuple[str | int, ...]
# Of a file, with what its aliases stand for; a few lines of them can stand for billions.
MOST_VALUES = 100_000


class Lines:
    """Where each key and item of a YAML file stands.

    places (Dict[Tuple[str, ...], int]): Lines, from 1, by keys and indices from the root.
    """

    def __init__(self, places: dict[tuple[str, ...], int]) -> None:
        self.places = places

    def at(self, place: Place) -> int | None:
        """The line of a place, or of the nearest thing around it.

        place (Tuple[Union[str, int], ...]): Keys and indices from the root.
        RETURNS (Optional[int]): The line, from 1.
        """
        names = tuple(str(part) for part in place)
        while names and names not in self.places:
            names = names[:-1]
        return self.places.get(names)


class _Walk:
    """Notes the lines of composed nodes.

    root: The root node, or None for an empty file. Raises ruamel's ComposerError where what aliases
        stand for has no end, or is huge.
    """

    def __init__(self, root: Any) -> None:
        self.places: dict[tuple[str, ...], int] = {}
        self._sizes: dict[int, int] = {}
        if root is not None:
            self._walk(root, ())

    def _walk(self, node: Any, place: tuple[str, ...]) -> int:
        """RETURNS (int): How many values there are in the node, aliases written out."""
        # An alias comes back to a node that was walked, or, in a ring, is being walked.
        if id(node) in self._sizes:
            size = self._sizes[id(node)]
            if size < 0:
                _fail(node, "an alias is within what it stands for")
            return size
        self._sizes[id(node)] = -1
        size = 1
        if node.id == "mapping":
            for key, value in node.value:
                size += self._note(key, (*place, str(key.value)), value)
        elif node.id == "sequence":
            for index, value in enumerate(node.value):
                size += self._note(value, (*place, str(index)), value)
        if size > MOST_VALUES:
            _fail(node, f"with its aliases written out it has more than {MOST_VALUES:,} values")
        self._sizes[id(node)] = size
        return size

    def _note(self, marked: Any, place: tuple[str, ...], value: Any) -> int:
        self.places[place] = marked.start_mark.line + 1
        return self._walk(value, place)


def _fail(node: Any, problem: str) -> NoReturn:
    from srsly.ruamel_yaml.composer import ComposerError

    raise ComposerError(None, None, problem, node.start_mark)


def read_yaml(path: Path) -> tuple[Any, Lines]:
    """Read a YAML file as plain data.

    path (Path): The file.
    RETURNS (Tuple[Any, Lines]): Its data, and the lines in it. Raises InputError where the file is
        not UTF-8 or not YAML.
    """
    return parse_yaml(path.read_bytes(), path)


def parse_yaml(content: bytes, path: Path) -> tuple[Any, Lines]:
    """Read what a YAML file holds as plain data.

    content (bytes): What it holds.
    path (Path): The file, for messages.
    RETURNS (Tuple[Any, Lines]): As `read_yaml`.
    RAISES (InputError): If it is not UTF-8 or no YAML; it names the line.
    """
    from srsly.ruamel_yaml import YAML
    from srsly.ruamel_yaml.error import MarkedYAMLFutureWarning, YAMLError

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as fault:
        at = content[: fault.start].count(b"\n") + 1
        raise InputError("not UTF-8", path=path, line=at) from None
    # ruamel's load() in two halves, because only the composed nodes know their lines.
    constructor, _ = YAML(typ="safe", pure=True).get_constructor_parser(text)
    try:
        root = constructor.composer.get_single_node()
        lines = Lines(_Walk(root).places)
        return (None if root is None else constructor.construct_document(root)), lines
    except (YAMLError, MarkedYAMLFutureWarning, ValueError) as fault:
        raise _tab(fault, text, path) or _fault(fault, path) from None
    except RecursionError:
        message = "not valid YAML: nested too deeply to be read"
        raise InputError(message, path=path) from None


def _tab(fault: Exception, text: str, path: Path) -> InputError | None:
    """The fault, if a tab is behind it; the parser then often complains of something else."""
    mark = getattr(fault, "problem_mark", None)
    rows = text.splitlines()[: None if mark is None else mark.line + 1]
    for line, row in reversed(list(enumerate(rows, start=1))):
        if "\t" in row[: len(row) - len(row.lstrip())]:
            message = "not valid YAML: a tab at the start of a line, expected spaces"
            return InputError(message, path=path, line=line)
    return None


def _fault(fault: Exception, path: Path) -> InputError:
    what = getattr(fault, "problem", None) or str(fault).splitlines()[0]
    mark, begin = (getattr(fault, name, None) for name in ("problem_mark", "context_mark"))
    line = None if mark is None else mark.line + 1
    if mark is not None and begin is not None and begin.line != mark.line:
        what += f", in what begins in line {begin.line + 1}"
    return InputError(f"not valid YAML: {what}", path=path, line=line)
