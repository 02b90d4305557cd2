"""What spaCy lets pass in a training config, or says from deep inside: found first, said in a line.

confection drops unknown sections and unknown keys in silence and knows no lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqpipe.files import InputError
from seqpipe.training.config_blocks import (
    Fault,
    building_faults,
    check_block,
    factory_block,
    is_block,
)
from seqpipe.training.config_file import VARIABLE, ConfigFile, Place, nearest

if TYPE_CHECKING:
    from thinc.api import Config

SECTIONS = (
    "paths",
    "system",
    "nlp",
    "components",
    "corpora",
    "training",
    "pretraining",
    "initialize",
)
IN_SECTION = re.compile(r"in \[([\w.]+)\]")
# `init_nlp` asks for these in the file itself and fills in the rest.
REQUIRED = (("nlp", "lang"), ("training", "seed"), ("training", "gpu_allocator"))


def load_checked_config(file: ConfigFile) -> Config:
    """Check a training config and load it.

    file (ConfigFile): The config file, with its overrides.
    RETURNS (Config): The config as spaCy's `load_config` gives it: variables not filled in.
    RAISES (InputError): If anything in it is unknown, missing, of the wrong type or points at
        nothing: one line for each fault, with file, section, key and value.
    """
    _raise_faults(file, _text_faults(file))
    missing = (place for place in REQUIRED if place[1] not in file.values.get(place[0], ()))
    _raise_faults(file, ((place, "missing", ...) for place in missing))
    config, filled = _load(file)
    _raise_faults(file, _schema_faults(filled))
    _raise_faults(file, _range_faults(filled))
    _raise_faults(file, _reference_faults(file, filled))
    _raise_faults(file, _block_faults(filled))
    _raise_faults(file, _path_faults(file, config, filled))
    _raise_faults(file, _building_faults(filled))
    return config


def filled_config(file: ConfigFile) -> Config:
    """RETURNS (Config): A config that was checked, with defaults and variables filled in.

    file (ConfigFile): As it was read.
    """
    return _load(file)[1]


def explain_config_error(file: ConfigFile, error: Exception) -> InputError:
    """Put a validation error of confection's into our words.

    file (ConfigFile): The config file.
    error (ConfigValidationError): The error that spaCy raised.
    RETURNS (InputError): The same, with the file, in one line for each fault.
    """
    title = (getattr(error, "title", "") or "").rstrip(". ")
    parent = getattr(error, "parent", None)
    section = IN_SECTION.search(title)
    prefix = (*(section[1].split(".") if section else ()), *([parent] if parent else ()))
    lines = []
    for fault in getattr(error, "errors", None) or ():
        place = (*prefix, *map(str, fault.get("loc", ()))) or ("?",)
        lines.append(file.fault(place, fault["msg"], value=fault.get("input", ...)))
    detail = getattr(error, "desc", None) or title
    return InputError("\n".join(lines) or f"{file.path}: {' '.join(detail.split())}")


def _raise_faults(file: ConfigFile, faults: Iterator[Fault]) -> None:
    lines = [file.fault(place, message, value=value) for place, message, value in faults]
    if lines:
        raise InputError("\n".join(dict.fromkeys(lines)))


def _text_faults(file: ConfigFile) -> Iterator[Fault]:
    """What can be seen before any value is read: sections, variables, quotes."""
    used = {name for _, name in file.variables()}
    known_sections = {name.partition(".")[0] for name in used}.union(SECTIONS)
    for section, keys in file.values.items():
        parts = tuple(section.split("."))
        parent = ".".join(parts[:-1])
        if parts[0] not in known_sections:
            yield (parts, f"unknown section, {nearest(parts[0], SECTIONS)}", ...)
        elif parent and parent not in file.values and "*" not in parts:
            yield (parts, f"its parent section [{parent}] is not in the file", ...)
        for key, value in keys.items():
            if len(value) > 1 and value[0] == value[-1] == "'":
                yield ((*parts, key), "values are JSON: use double quotes", value)
    for place, name in file.variables():
        # Without a dot it is a value of the same section, or a whole section.
        section, _, key = name.rpartition(".")
        section = section or ".".join(place[:-1])
        if key not in file.values.get(section, ()) and name not in file.values:
            known = [f"{s}.{k}" for s, keys in file.values.items() for k in keys]
            yield (place, f"no such value in the file, {nearest(name, known)}", f"${{{name}}}")


def _load(file: ConfigFile) -> tuple[Config, Config]:
    """RETURNS: The config as it is, and the same with defaults and variables filled in."""
    from configparser import InterpolationError

    from spacy.util import load_config_from_str
    from thinc.api import Config, ConfigValidationError

    try:
        config = load_config_from_str(file.text, overrides=file.overrides)
        defaults = _language_defaults(file, config.interpolate()["nlp"]["lang"])
        return config, Config(defaults).merge(config).interpolate()
    except ConfigValidationError as error:
        raise explain_config_error(file, error) from error
    except InterpolationError as error:
        place = (*error.section.split("."), error.option)
        raise InputError(file.fault(place, " ".join(error.message.split()))) from error


def _language_defaults(file: ConfigFile, language: Any) -> Config:
    from spacy.util import get_lang_class

    try:
        return get_lang_class(language).default_config
    except (ImportError, TypeError, AttributeError) as error:
        # spaCy reports an unknown language as an import that failed.
        message = "expected the code of one of spaCy's languages, such as en"
        raise InputError(file.fault(("nlp", "lang"), message, value=language)) from error


def _schema_faults(filled: Config) -> Iterator[Fault]:
    """Find unknown keys and wrong types in the sections that have a schema."""
    from pydantic import ValidationError
    from spacy.schemas import ConfigSchemaInit, ConfigSchemaNlp, ConfigSchemaTraining

    schemas: dict[str, Any] = {
        "nlp": ConfigSchemaNlp,
        "training": ConfigSchemaTraining,
        "initialize": ConfigSchemaInit,
    }
    for section, schema in schemas.items():
        values, known = filled[section], schema.model_fields
        for key, value in values.items():
            if key not in known:
                yield ((section, key), f"unknown key, {nearest(key, known)}", value)
        try:
            schema.model_validate({key: value for key, value in values.items() if key in known})
        except ValidationError as error:
            for fault in error.errors():
                # A block stands for what its function returns: checked when it is built.
                if not is_block(values.get(fault["loc"][0])):
                    message = fault["msg"].replace("Input should be", "expected")
                    yield ((section, *map(str, fault["loc"])), message, fault["input"])


def _range_faults(filled: Config) -> Iterator[Fault]:
    """Find numbers that training would stumble over, at its first batch or its first step."""
    training = filled["training"]
    if not 0 <= training["dropout"] < 1:
        yield (("training", "dropout"), "expected at least 0 and below 1", training["dropout"])
    for key in ("eval_frequency", "accumulate_gradient"):
        if training[key] < 1:
            yield (("training", key), "expected at least 1", training[key])


def _reference_faults(file: ConfigFile, filled: Config) -> Iterator[Fault]:
    """Find names that lead nowhere: of components, corpora, values."""
    yield from _unused_values(file, filled)
    yield from _component_faults(filled)
    yield from _corpus_faults(file, filled)


def _unused_values(file: ConfigFile, filled: Config) -> Iterator[Fault]:
    """Find keys of [paths] and [system] that nothing reads: a typing error, most of the time."""
    from spacy.language import DEFAULT_CONFIG

    used = {name for _, name in file.variables()}
    for section in ("paths", "system"):
        for key, value in filled[section].items():
            if key not in DEFAULT_CONFIG[section] and not {section, f"{section}.{key}"} & used:
                known = {name.partition(".")[2] for name in used if name.startswith(f"{section}.")}
                hint = nearest(key, known.union(DEFAULT_CONFIG[section]))
                yield ((section, key), f"no value of the config refers to it, {hint}", value)


def _component_faults(filled: Config) -> Iterator[Fault]:
    components = filled["components"]
    pipeline = filled["nlp"]["pipeline"]
    if not pipeline:
        yield (("nlp", "pipeline"), "no component to train", pipeline)
    for name in pipeline:
        if name not in components:
            hint = nearest(name, components)
            yield (("nlp", "pipeline"), f'"{name}" has no [components.{name}], {hint}', pipeline)
    for name, block in components.items():
        place = ("components", name)
        if not isinstance(block, dict):
            yield (place, "expected a section", block)
        elif "factory" not in block and "source" not in block:
            yield ((*place, "factory"), "missing (or source)", ...)
    for key in ("frozen_components", "annotating_components"):
        for name in filled["training"][key]:
            if name not in pipeline:
                hint = nearest(name, pipeline)
                yield (("training", key), f'"{name}" is not in the pipeline, {hint}', ...)
    for name in filled["initialize"]["components"]:
        if name not in components:  # one that is there may be left out of the pipeline for once
            message = f"no such component in the pipeline, {nearest(name, pipeline)}"
            yield (("initialize", "components", name), message, ...)


def _corpus_faults(file: ConfigFile, filled: Config) -> Iterator[Fault]:
    corpora = filled["corpora"]
    used = set()
    for key in ("train_corpus", "dev_corpus"):
        name = filled["training"][key]
        section, _, corpus = name.partition(".")
        used.add(corpus)
        if section == "corpora" and not is_block(corpora) and corpus not in corpora:
            hint = nearest(name, [f"corpora.{known}" for known in corpora])
            yield (("training", key), f"no such section, {hint}", name)
    for name, block in corpora.items():
        if not is_block(corpora) and not is_block(block):
            yield (("corpora", name), "expected a section with @readers", block)
        # Its namesake would be filled in by default, and this one would be read by nobody.
        by_default = [key for key in used & set(corpora) if f"corpora.{key}" not in file.values]
        hint = nearest(name, by_default)
        if name not in used and hint.startswith("did you mean"):
            yield (("corpora", name), f"no corpus of the training refers to it, {hint}", ...)


def _block_faults(filled: Config) -> Iterator[Fault]:
    """Check every block that names a registered function, and every component's factory."""
    from spacy.util import get_lang_class

    for section in ("nlp", "corpora", "training", "initialize"):
        yield from check_block(filled[section], (section,))
    pretraining = filled.get("pretraining", {})
    yield from check_block(pretraining, ("pretraining",))
    nlp = get_lang_class(filled["nlp"]["lang"])()
    for name in filled["nlp"]["pipeline"]:
        block = filled["components"][name]
        if "factory" in block:
            faults, merged = factory_block(nlp, name, block)
            yield from faults or check_block(merged, ("components", name))


def _building_faults(filled: Config) -> Iterator[Fault]:
    """Build what is cheap to build, for its own complaints to come with their section."""
    from spacy.util import get_lang_class

    for section in ("corpora", "training", "initialize"):
        yield from building_faults(filled[section], (section,))
    yield from building_faults(filled["nlp"]["tokenizer"], ("nlp", "tokenizer"))
    nlp = get_lang_class(filled["nlp"]["lang"])()
    for name in filled["nlp"]["pipeline"]:
        block = filled["components"][name]
        if "factory" in block:
            yield from building_faults(factory_block(nlp, name, block)[1], ("components", name))


def _path_faults(file: ConfigFile, config: Config, filled: Config) -> Iterator[Fault]:
    """Find paths that training will read and that point at nothing."""
    for key in ("train_corpus", "dev_corpus"):
        place = (*filled["training"][key].split("."), "path")
        block = _at(filled, place[:-1])
        if is_block(block) and "path" in block and block["path"] is None:
            message = "expected the path of a corpus, in the file or as an option"
            yield (_origin(config, place), message, None)
    for place in _paths_read(file, filled):
        value = _at(filled, place)
        if isinstance(value, str) and not _is_path_or_package(value):
            yield (_origin(config, place), "no such file, folder or installed pipeline", value)


def _paths_read(file: ConfigFile, filled: Config) -> Iterator[Place]:
    for key in ("train_corpus", "dev_corpus"):
        yield (*filled["training"][key].split("."), "path")
    yield from (("initialize", "vectors"), ("initialize", "init_tok2vec"))
    for name in filled["components"]:
        yield ("components", name, "source")
    for place, name in file.variables():
        optional = file.values[".".join(place[:-1])].get("require") == "false"
        if place[0] in ("corpora", "initialize") and name.startswith("paths.") and not optional:
            yield tuple(name.split("."))


def _origin(config: Config, place: Place) -> Place:
    """Follow `${section.key}` to where the value is written."""
    from spacy.language import DEFAULT_CONFIG

    for _ in range(10):
        value = _at(config, place) or _at(DEFAULT_CONFIG, place)
        match = VARIABLE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            break
        place = tuple(match[1].replace(":", ".").split("."))
    return place


def _at(node: Any, place: Place) -> Any:
    for part in place:
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return node


def _is_path_or_package(value: str) -> bool:
    return Path(value).exists() or (value.isidentifier() and find_spec(value) is not None)
