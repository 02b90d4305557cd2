"""Lets the asserts of shared test code say what they compared, as those of tests do, and Ctrl-C
reach the commands under test, and slow machines take their time, and no terminal has a width."""

import os
import signal

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.gradients")

# What a shell starts in the background ignores it, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# `pytest -n` imports readline, which tells the workers a width even where there is no terminal.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# How long an example takes depends on what else runs; the first one may compile.
settings.register_profile("seqpipe", deadline=None)
settings.load_profile("seqpipe")
