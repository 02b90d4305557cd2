"""weasel's own models of a project.yml, without all that `import weasel` brings."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _load() -> ModuleType:
    # `import weasel` takes a second: its command line, an HTTP client, numpy. The models are one
    # module of pydantic, read here from its own file.
    package = importlib.util.find_spec("weasel")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'weasel'", name="weasel")
    path = Path(package.origin).with_name("schemas.py")
    spec = importlib.util.spec_from_file_location(f"{__name__}.models", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # pydantic looks up the names in annotations there.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_models = _load()
ProjectConfigAssetGit = _models.ProjectConfigAssetGit
ProjectConfigAssetGitItem = _models.ProjectConfigAssetGitItem
ProjectConfigAssetURL = _models.ProjectConfigAssetURL
ProjectConfigCommand = _models.ProjectConfigCommand
ProjectConfigSchema = _models.ProjectConfigSchema
