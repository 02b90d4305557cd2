"""Wilson's interval against values published elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.intervals import wilson_interval


def test_of_textbook_cases():
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
    assert wilson_interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    # Brown, Cai and DasGupta 2001: 0 of 10 reaches to z² / (n + z²).
    assert wilson_interval(0.0, 10) == pytest.approx((0.0, 0.27753), abs=1e-5)
    assert wilson_interval(0.5, 10) == pytest.approx((0.23659, 0.76341), abs=1e-5)
    assert wilson_interval(1.0, 10)[1] == 1.0
    assert wilson_interval(0.0, 0) is None


@given(st.integers(1, 500), st.data())
def test_it_holds_the_share(total, data):
    share = data.draw(st.integers(0, total)) / total
    low, high = wilson_interval(share, total)
    assert -1e-12 <= low <= share <= high <= 1 + 1e-12
