"""docs/embeddings_use.md: its examples run, and its table of forms is that of the code."""

import re
from pathlib import Path

from seqpipe.embeddings.vector_files import FORMS, form_of_name

PAGE = (Path(__file__).parents[2] / "docs" / "embeddings_use.md").read_text(encoding="utf-8")


def test_examples_of_the_page_hold():
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    exec("\n".join(blocks), {})
    assert sum(block.count("assert") for block in blocks) == 6


def test_table_names_all_forms_and_what_names_them():
    table = re.findall(r"^\| `(\S+)` \| (.*?) \|", PAGE, flags=re.MULTILINE)
    assert [form for form, _ in table] == list(FORMS)
    for form, names in table:
        stem = "glove" if form == "glove" else "vectors"
        for suffix in re.findall(r"`(\.\w+)`", names) or [""]:
            assert form_of_name(Path(stem + suffix)) == form
