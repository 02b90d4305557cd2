"""Commands that a test starts and interrupts."""

from subprocess import Popen
from typing import Any


def ended(process: Popen, *, seconds: float) -> tuple[Any, Any]:
    """What a process has written by its end, which must come; it does not outlive the test."""
    try:
        return process.communicate(timeout=seconds)
    finally:
        process.kill()
