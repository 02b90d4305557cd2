"""Public classes and functions of the package, and what their docstrings leave out."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from typer.main import get_command

from seqpipe.cli.app import build_app

PACKAGE = Path(__file__).parent.parent / "seqpipe"
MODULES = [str(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py"))]

Definition = ast.FunctionDef | ast.ClassDef

# `def name() -> X` with a docstring such as "The words, ..." says with it what comes back.
NAMES_A_THING = r"(The|A|An|Each|Every|All|What|Which|Who|Whose|Where|Whether|How|Why|When)\b"
ARRAYS = r"\b(Floats(\d|X)d|Ints\dd|ndarray|ArrayLike|NDArray)\b"
# `(tokens, width)`, `(N,)`, `(2 H, nI)`, "of any shape"; no type and no call.
SHAPE = r"\([^(),\[\]\"]+,[^()\[\]\"]*\)|\bany (type and )?shape\b"
# "Arguments as for `Run`", "`make_glove` says what each is", "for their meaning see `NeuralLM`".
ELSEWHERE = (
    r"\b[Aa]rguments\b( and \w+)? (as (for|there|in)\b|see\b)|says? what (each|the arguments)\b|"
    r"\b[Ff]or (the arguments|their meaning) see\b|All else is as in `|options of the same name|"
    r"\bSee `\w+` and `\w+`|\bsee `make_\w+`"
)
THIRD_PERSON = (
    r"(Adds|Applies|Builds|Checks|Computes|Creates|Debiases|Does|Draws|Finds|Gets|Gives|Keeps|"
    r"Learns|Loads|Makes|Puts|Reads|Refuses|Removes|Returns|Runs|Says|Takes|Tells|Turns|Writes)\b"
)
# These say what is to be done or what is not there, and are no faults of a caller's.
CONTROL = {"StopIteration", "NotImplementedError", "Exit", "AttributeError"}


@dataclass(frozen=True)
class Public:
    """A public function, or a public class, with where it stands.

    node (Definition): Its definition.
    module (str): Its file, relative to the package.
    owners (Tuple[ClassDef, ...]): The class that it is a method of, if it is one.
    """

    node: Definition
    module: str
    owners: tuple[ast.ClassDef, ...] = ()

    @property
    def name(self) -> str:
        """The qualified name."""
        return ".".join(node.name for node in (*self.owners, self.node))

    @property
    def doc(self) -> str:
        """Its own docstring, or an empty text."""
        return ast.get_docstring(self.node) or ""

    @property
    def around(self) -> str:
        """The docstring of the class that it stands in."""
        return "\n".join(ast.get_docstring(owner) or "" for owner in self.owners)


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf8"))


def public(module: str) -> Iterator[Public]:
    """Every public class, function and method that a module defines."""
    for node in parsed(module).body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield Public(node, module)
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                        yield Public(inner, module, (node,))


def imported(module: str):
    parts = ("seqpipe", *Path(module).with_suffix("").parts)
    return importlib.import_module(".".join(part for part in parts if part != "__init__"))


def decorators(node: Definition) -> set[str]:
    return {re.sub(r"\(.*", "", ast.unparse(one), flags=re.S) for one in node.decorator_list}


@cache
def commands() -> set[tuple[str, str]]:
    """The functions behind the commands, whose help and options document them."""

    def walk(command):
        function = inspect.unwrap(command.callback) if command.callback else walk
        yield function.__module__, function.__qualname__
        for inner in getattr(command, "commands", {}).values():
            yield from walk(inner)

    return set(walk(get_command(build_app()[0])))


@cache
def protocol_methods() -> set[tuple[str, ...]]:
    """Name and parameters of each method of a protocol of this package."""
    return {
        (inner.name, *parameters(inner))
        for module in MODULES
        for node in parsed(module).body
        if isinstance(node, ast.ClassDef) and "Protocol" in {ast.unparse(b) for b in node.bases}
        for inner in node.body
        if isinstance(inner, ast.FunctionDef)
    }


def is_documented_elsewhere(it: Public) -> bool:
    """Whether a hook, a base class, a protocol or the help of a command says what it does."""
    marks = decorators(it.node)
    if marks & {"hookimpl", "overload"} or any(mark.endswith(".setter") for mark in marks):
        return True
    module = imported(it.module)
    if (module.__name__, it.name) in commands():
        return True
    if not it.owners or isinstance(it.node, ast.ClassDef):
        return False
    bases = getattr(module, it.owners[0].name).__mro__[1:]
    described = [vars(base)[it.node.name] for base in bases if it.node.name in vars(base)]
    if any(getattr(one, "__doc__", None) for one in described):
        return True
    is_protocol = "Protocol" in {ast.unparse(base) for base in it.owners[0].bases}
    return not is_protocol and (it.node.name, *parameters(it.node)) in protocol_methods()


def parameters(node: ast.FunctionDef) -> list[str]:
    """Names of the parameters, but for `self` and the private ones."""
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    names = [argument.arg for argument in given]
    return [name for name in names if name not in ("self", "cls") and not name.startswith("_")]


def fields(node: ast.ClassDef) -> list[str]:
    """Names that an object is made from: parameters of `__init__`, or fields of a dataclass."""
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return parameters(inner)
    is_record = "dataclass" in decorators(node) or "NamedTuple" in map(ast.unparse, node.bases)
    found = [inner for inner in node.body if isinstance(inner, ast.AnnAssign) and is_record]
    names = [(ast.unparse(one.target), ast.unparse(one.annotation)) for one in found]
    return [name for name, of in names if not name.startswith("_") and "ClassVar" not in of]


def is_typed_in(name: str, text: str) -> bool:
    """Whether a text holds `name (Type)`, or several names before one type."""
    return re.search(rf"\b{re.escape(name)}\b`?(, `?[*\w]+`?)* \(", text) is not None


def has_notation(module: str, name: str) -> bool:
    """Whether the module's docstring explains a symbol. Kernels explain all names there."""
    kernel = module.startswith("kernels")
    text = ast.get_docstring(parsed(module)) or ""
    for other in re.findall(r"Names as in `(\w+)`", text):
        text += ast.get_docstring(parsed(f"kernels/{other}.py")) or ""
    return (kernel or len(name) < 3) and re.search(rf"\b{re.escape(name)}\b", text) is not None


def says_its_type(name: str, node: Definition, text: str) -> bool:
    """Whether it is `name: meaning`, where the signature's type would not fit into parentheses, or
    `name, other: See ...`."""
    given = {} if isinstance(node, ast.ClassDef) else annotations(node)
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                given = annotations(inner)
            elif isinstance(inner, ast.AnnAssign):
                given[ast.unparse(inner.target)] = ast.unparse(inner.annotation)
    is_long = re.search(r"\||Any|Literal", given.get(name, "")) is not None
    of = "" if is_long else "(As|See|Of) "
    line = rf"^ *(\w+, )*{re.escape(name)}(, \w+)*: {of}"
    return re.search(line, text, flags=re.M) is not None


def annotations(node: ast.FunctionDef) -> dict[str, str]:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return {one.arg: ast.unparse(one.annotation) for one in given if one.annotation}


def unnamed(it: Public) -> list[str]:
    """Parameters, or fields of a class, that the docstring does not give a type and a meaning."""
    if re.search(ELSEWHERE, " ".join(f"{it.doc}\n{own_init(it)}".split())):
        return []
    text = f"{it.doc}\n{it.around}\n{own_init(it)}"
    names = fields(it.node) if isinstance(it.node, ast.ClassDef) else parameters(it.node)
    if isinstance(it.node, ast.ClassDef):
        text += inherited_doc(it)
    if names[:2] == ["nlp", "name"] and it.name.startswith("make_"):
        names = names[2:]  # what spaCy gives every factory
    if it.module.startswith("kernels"):
        names = [name for name in names if not re.search(rf"\b{re.escape(name)}\b", text)]
    return [
        name
        for name in names
        if not is_typed_in(name, text)
        and not says_its_type(name, it.node, text)
        and not has_notation(it.module, name)
    ]


def own_init(it: Public) -> str:
    """The docstring of a class's `__init__`."""
    inner = [one for one in it.node.body if isinstance(one, ast.FunctionDef)]
    return "\n".join(ast.get_docstring(one) or "" for one in inner if one.name == "__init__")


def inherited_doc(it: Public) -> str:
    bases = getattr(imported(it.module), it.node.name).__mro__[1:]
    ours = [base for base in bases if base.__module__.startswith("seqpipe")]
    return "\n" + "\n".join(base.__doc__ or "" for base in ours)


def lacks_returns(it: Public) -> bool:
    if isinstance(it.node, ast.ClassDef) or decorators(it.node) & {"property", "cached_property"}:
        return False
    given = ast.unparse(it.node.returns) if it.node.returns else "None"
    if given in ("None", "NoReturn"):
        return False
    return not re.search(r"\b(RETURNS|YIELDS)\b", it.doc) and not re.match(NAMES_A_THING, it.doc)


def lacks_errors(it: Public) -> bool:
    raised = {
        re.sub(r"\(.*", "", ast.unparse(node.exc), flags=re.S).split(".")[-1]
        for node in own_statements(it.node)
        if isinstance(node, ast.Raise) and node.exc is not None
    }
    errors = {name for name in raised if name[0].isupper()} - CONTROL
    return bool(errors) and not re.search(r"\b([Rr]aises?|RAISES)\b", it.doc)


def own_statements(node: Definition) -> Iterator[ast.AST]:
    """The nodes of a function's body, but for functions that it defines."""
    if isinstance(node, ast.ClassDef):
        return
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        one = waiting.pop()
        yield one
        inner = isinstance(one, ast.FunctionDef | ast.Lambda | ast.ClassDef)
        waiting += [] if inner else ast.iter_child_nodes(one)


def opening_fault(it: Public) -> list[str]:
    """The first paragraph is a sentence: what to do, as "Read a file.", or what the thing is."""
    first = " ".join(it.doc.split("\n\n")[0].split())
    found = []
    if not re.search(r"[.:,)?]$", first):
        found.append("its first sentence has no end")
    if isinstance(it.node, ast.FunctionDef) and re.match(THIRD_PERSON, first):
        found.append("says what it does, rather than to do it")
    if re.match(r"[a-z_]+ \(\w+\): ", first):
        found.append("begins with a parameter")
    return found


def lacks_shapes(it: Public) -> bool:
    if isinstance(it.node, ast.ClassDef):
        return False
    kinds = list(annotations(it.node).values())
    kinds += [ast.unparse(it.node.returns)] if it.node.returns else []
    return any(re.search(ARRAYS, kind) for kind in kinds) and not re.search(
        SHAPE, f"{it.doc}\n{it.around}"
    )


def faults(it: Public, *, shapes: bool) -> list[str]:
    """What the docstring leaves out, one phrase each."""
    if is_documented_elsewhere(it):
        return []
    if not it.doc:
        return ["no docstring"]
    found = opening_fault(it)
    found += [f"{name} has no type and meaning" for name in unnamed(it)]
    found += ["nothing about what comes back"] if lacks_returns(it) else []
    found += ["nothing about what it raises"] if lacks_errors(it) else []
    found += ["no shape of its arrays"] if shapes and lacks_shapes(it) else []
    return found
