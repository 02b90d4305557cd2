"""Loads the YAML blocks of a page that are a project.yml or a part of one."""

import srsly

from seqpipe.project.load import load_project

KEYS = {"title", "description", "vars", "env", "directories", "assets", "workflows", "commands"}


def check(body, folder):
    """Raise ValueError (InputError) unless a block can be loaded.

    body (str): The block.
    folder (Path): Where the project would be.
    """
    assert set(srsly.yaml_loads(body)) <= KEYS, f"a project has {sorted(KEYS)}"
    path = folder / "block_of_the_page.yml"
    path.write_text(body, encoding="utf-8")
    load_project(path)
