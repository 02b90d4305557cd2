"""Config blocks that name a registered function: is it registered, are its arguments right, and
does it take them?"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, get_type_hints

from seqpipe.training.config_file import Place, nearest

if TYPE_CHECKING:
    from spacy.language import Language

# Where, what was expected, and the value found (... for none).
Fault = tuple[Place, str, Any]
MODULES = re.compile(r"\b(?:\w+\.)+(?=\w)")
# How our own functions refuse an argument: "depth=0: at least 1 expected".
REFUSAL = re.compile(r"(\w+) ?= ?([^:]*): (.+)")
_NOT_BUILT = object()


def is_block(value: Any) -> bool:
    """RETURNS (bool): Whether a config value is a block that names a registered function.

    value (Any): Of a config.
    """
    return isinstance(value, dict) and any(str(key).startswith("@") for key in value)


def check_block(values: Any, place: Place) -> Iterator[Fault]:
    """Find what is wrong in a section and all below it.

    values (Dict[str, Any]): The section, with defaults and variables filled in.
    place (Tuple[str]): Where it stands in the config.
    YIELDS (Tuple[Place, str, Any]): Place, message and value (... for none) of each fault.
    """
    for key, value in values.items():
        if isinstance(value, dict):
            yield from check_block(value, (*place, key))
    if is_block(values):
        yield from _function_faults(values, place)


def factory_block(
    nlp: Language, name: str, block: dict[str, Any]
) -> tuple[list[Fault], dict[str, Any]]:
    """Read a component's section as a call of its factory.

    nlp (Language): A blank pipeline of the config's language.
    name (str): The component's name in the pipeline.
    block (Dict[str, Any]): Its section.
    RETURNS (Tuple[List[Fault], Dict[str, Any]]): The fault if there is no such factory, and the
        section with the factory's default config filled in.
    """
    from spacy.util import registry
    from thinc.api import Config

    factory = block["factory"]
    if not isinstance(factory, str) or not nlp.has_factory(factory):
        # Those of one language alone have its code in front.
        names = [name.removeprefix(f"{nlp.lang}.") for name in registry.factories.get_all()]
        known = [name for name in names if "." not in name]
        message = f"unknown factory, {nearest(str(factory), known)}"
        return [(("components", name, "factory"), message, factory)], {}
    config = {key: value for key, value in block.items() if key != "factory"}
    merged = Config(nlp.get_factory_meta(factory).default_config or {}).merge(config)
    internal = nlp.get_factory_name(factory)
    internal = internal if internal in registry.factories else factory
    # A factory is a registered function like others, which spaCy hands the pipeline and a name.
    return [], {**merged, "@factories": internal, "nlp": nlp, "name": name}


def building_faults(values: Any, place: Place) -> list[Fault]:
    """Build every block in a section, the innermost first, for their own complaints.

    A block around one that cannot be built is not tried.

    values (Dict[str, Any]): The section, with defaults and variables filled in, checked.
    place (Tuple[str]): Where it stands in the config.
    RETURNS (List[Tuple[Place, str, Any]]): Place, message and value (... for none) of each fault.
    """
    faults: list[Fault] = []
    with warnings.catch_warnings():
        # They come again when training builds the same.
        warnings.simplefilter("ignore")
        _build(values, place, faults)
    return faults


def _build(values: Any, place: Place, faults: list[Fault]) -> Any:
    """RETURNS: What the config's value stands for, or _NOT_BUILT."""
    from spacy.util import registry
    from thinc.api import ConfigValidationError

    if not isinstance(values, dict):
        return values
    built = {key: _build(value, (*place, key), faults) for key, value in values.items()}
    if any(value is _NOT_BUILT for value in built.values()):
        return _NOT_BUILT
    if not is_block(values):
        return built
    try:
        return registry.resolve({"block": built})["block"]
    except ConfigValidationError:
        # Types were checked before: what is left here is a function that returns another type.
        return _NOT_BUILT
    except (ValueError, TypeError, KeyError) as error:
        faults.append(_refused(error, values, place))
    except Exception:
        # It may need more than its block says; then spaCy is the one to build it.
        pass
    return _NOT_BUILT


def _refused(error: Exception, block: dict[str, Any], place: Place) -> Fault:
    """Find the argument that a function complained of."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    # Components begin with their name, which the place says already.
    message = " ".join(text.split()).removeprefix(f"{block.get('name')}: ")
    plain = {
        key: value
        for key, value in block.items()
        if not (key.startswith("@") or key in ("nlp", "name") or isinstance(value, dict))
    }
    refusal = REFUSAL.match(message)
    if refusal and refusal[2] in _spellings(plain.get(refusal[1], ...)):
        return (*place, refusal[1]), refusal[3], plain[refusal[1]]
    # Arguments that have no name of their own stand in a section "*", each under a name.
    for key, value in dict(block.get("*", {})).items():
        if refusal and refusal[2] in _spellings(value):
            return (*place, "*", key), refusal[3], value
    named = _arguments_named(message, plain)
    if len(named) == 1:
        return (*place, named[0]), message, plain[named[0]]
    return place, message, ...


def _spellings(value: Any) -> tuple[str, ...]:
    return str(value), repr(value), f'"{value}"'


def _arguments_named(message: str, arguments: dict[str, Any]) -> list[str]:
    """The arguments that a message may be about, by the surest sign that there is."""
    words = {word.strip(".") for word in re.findall(r"-?[\w.]+", message)}
    with_value = [
        key for key, value in arguments.items() if key in words and words & {*_spellings(value)}
    ]
    quoted = [key for key in arguments if repr(key) in message]
    by_value = [
        key
        for key, value in arguments.items()
        for part in (value if isinstance(value, list) else [value])
        if isinstance(part, str) and part in words
    ]
    return with_value or quoted or by_value


def _function_faults(block: dict[str, Any], place: Place) -> list[Fault]:
    from spacy.util import registry

    names = [key for key in block if key.startswith("@")]
    if len(names) > 1:
        return [(place, f"names {len(names)} functions ({', '.join(names)}), expected one", ...)]
    kind, function = names[0][1:], block[names[0]]
    # "factories" is a registry of spaCy's own, which a config reaches by `factory`.
    if kind not in registry.get_registry_names():
        return [((*place, names[0]), f"unknown registry, {_known_kinds(names[0])}", function)]
    if not isinstance(function, str) or not registry.has(kind, function):
        known = getattr(registry, kind).get_all()
        message = f"no such function is registered, {nearest(str(function), known)}"
        return [((*place, names[0]), message, function)]
    return _argument_faults(registry.get(kind, function), block, place)


def _known_kinds(name: str) -> str:
    from spacy.util import registry

    return nearest(name, [f"@{kind}" for kind in registry.get_registry_names()])


def _argument_faults(function: Callable, block: dict[str, Any], place: Place) -> list[Fault]:
    """Let confection check the arguments, and say what it found in our words."""
    from spacy.util import registry
    from thinc.api import ConfigValidationError

    try:
        registry.fill({"block": block})
    except ConfigValidationError as error:
        own = [fault for fault in error.errors or () if fault["loc"][0] == "block"]
    else:
        own = []
    parameters = inspect.signature(function).parameters
    faults: list[Fault] = []
    for key in (fault["loc"][-1] for fault in own):
        value = block.get(key, ...)
        if key not in parameters:
            known = [name for name in parameters if name not in ("nlp", "name")]
            faults.append(((*place, key), f"unknown key, {nearest(key, known)}", value))
        elif value is ... and parameters[key].kind is inspect.Parameter.VAR_POSITIONAL:
            section = ".".join((*place, "*"))
            message = f"expected a section [{section}] with its {key}, each under a name"
            faults.append((place, message, ...))
        elif value is ...:
            expected = f"missing, expected {_type_name(function, key)}"
            faults.append(((*place, key), expected, ...))
        else:
            faults.append(((*place, key), f"expected {_type_name(function, key)}", value))
    return faults


def _type_name(function: Callable, parameter: str) -> str:
    """RETURNS (str): A parameter's type, without the modules it comes from."""
    try:
        hint = get_type_hints(function).get(parameter, "a value")
    except (NameError, TypeError, AttributeError):
        hint = inspect.signature(function).parameters[parameter].annotation
    name = hint.__name__ if isinstance(hint, type) else str(hint)
    return MODULES.sub("", name).replace("NoneType", "None")
