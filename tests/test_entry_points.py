"""What is registered in code stands in pyproject.toml, and the reverse; factories stay light."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import catalogue
import pytest
import spacy
import thinc
from spacy.language import Language

import seqpipe
from tests.processes import without_torch

ROOT = Path(__file__).parents[1]
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "entry-points"
]
REGISTRIES = ("spacy_", "thinc_")
DECLARED = {
    (group, name): target
    for group, names in GROUPS.items()
    if group.startswith(REGISTRIES)
    for name, target in names.items()
}
FACTORY_MODULES = sorted({target.split(":")[0] for target in GROUPS["spacy_factories"].values()})


def registered():
    """Every (entry-point group, name) that the code of seqpipe registers, with module:function."""
    for module in pkgutil.walk_packages(seqpipe.__path__, "seqpipe."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = {}
    for (library, registry, *rest), function in list(catalogue.REGISTRY.items()):
        group = f"{library}_{registry}"
        if not rest or registry == "internal_factories" or not is_ours(function):
            continue
        found[group, rest[0]] = f"{function.__module__}:{function.__name__}"
    for name in Language.factories:
        function = Language.factories[name]
        if is_ours(function):
            found["spacy_factories", name] = f"{function.__module__}:{function.__name__}"
    return found


def is_ours(function):
    return getattr(function, "__module__", "").split(".")[0] == "seqpipe"


def test_every_registered_name_has_an_entry_point_and_every_entry_point_a_name():
    assert registered() == DECLARED


def test_registries_are_those_of_spacy_and_thinc():
    known = {"_".join(path) for path in _namespaces()} | {"spacy_factories"}
    assert {group for group, _ in DECLARED} <= known


def _namespaces():
    for owner in (spacy.registry, thinc.registry):
        for value in vars(owner).values():
            if isinstance(value, catalogue.Registry):
                yield value.namespace


@pytest.mark.parametrize(("group", "name"), DECLARED)
def test_a_registered_name_is_versioned_unless_it_is_a_factory(group, name):
    if group == "spacy_factories":
        assert name.isidentifier()
    else:
        head, thing, version = name.split(".")
        assert head == "seqpipe"
        assert thing.isidentifier()
        assert version[0] == "v"
        assert version[1:].isdigit()


def test_factory_modules_import_without_numba_and_kernels():
    """spaCy imports every one of them at each spacy.blank()."""
    source = f"""
import importlib, sys, spacy

def heavy():
    return {{
        name for name in sys.modules
        if name.split(".")[0] in ("numba", "llvmlite") or name.startswith("seqpipe.kernels.")
    }}

for module in {FACTORY_MODULES}:
    before = heavy()
    importlib.import_module(module)
    print(module, *sorted(heavy() - before))
assert heavy() == set()
"""
    done = subprocess.run(
        [sys.executable, "-c", source],
        env=without_torch(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == FACTORY_MODULES, done.stderr
    assert done.returncode == 0, done.stderr
