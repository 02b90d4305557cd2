"""What a run is made from: every file that its config names, wherever it stands."""

from __future__ import annotations

import pytest

from seqpipe.files import InputError
from seqpipe.training.checkpoint import check_origins, origins


@pytest.mark.parametrize("section", ["corpora", "initialize"])
@pytest.mark.parametrize("nested", [False, True], ids=["a list", "a list of readers"])
def test_a_changed_file_of_a_list_is_noticed(tmp_path, section, nested):
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for file in files:
        file.write_text("one")
    paths = list(map(str, files))
    block = {"readers": [{"path": path} for path in paths]} if nested else {"path": paths}
    config = {"corpora": {}, "initialize": {}, section: {"train": block}}
    then = origins(config)
    assert list(then["files"]) == paths
    check_origins(then, origins(config), "the checkpoint")
    files[1].write_text("two")
    with pytest.raises(InputError, match=r"b\.txt: has changed since the checkpoint"):
        check_origins(then, origins(config), "the checkpoint")
