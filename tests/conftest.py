"""Lets the asserts of shared test code say what they compared, as those of tests do."""

import pytest

pytest.register_assert_rewrite("tests.component_case", "tests.component_checks", "tests.gradients")
