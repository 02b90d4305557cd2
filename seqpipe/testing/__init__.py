"""For tests of components: the checks that ours pass, for those of plugins too. Needs pytest."""

import pytest

# Asserts in these say what they compared, as those of tests do.
pytest.register_assert_rewrite(
    "seqpipe.testing.case", "seqpipe.testing.checks", "seqpipe.testing.shared_tok2vec"
)

from seqpipe.testing.case import ComponentCase, save_golden  # noqa: E402
from seqpipe.testing.checks import ComponentChecks, LabelledComponentChecks  # noqa: E402
from seqpipe.testing.shared_tok2vec import SharedTok2VecChecks  # noqa: E402

__all__ = [
    "ComponentCase",
    "ComponentChecks",
    "LabelledComponentChecks",
    "SharedTok2VecChecks",
    "save_golden",
]
