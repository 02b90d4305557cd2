"""What the options of the benchmarks may say, and what must be installed."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from seqpipe.files import InputError


def require_torch() -> None:
    """Raise InputError where torch is not installed."""
    if find_spec("torch") is None:
        raise InputError("torch is not installed: pip install 'seqpipe[rivals]'")


def whole_numbers(text: str, name: str, most: int) -> list[int]:
    """RETURNS (List[int]): The numbers of an option such as "1,2". Raises InputError.

    name (str): The option.
    most (int): The greatest that is allowed; the least is 1.
    """
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if any(not 1 <= number <= most for number in numbers):
        raise InputError(f"--{name} {text}: expected whole numbers from 1 to {most}, with commas")
    return numbers


def installed(package: str) -> str | None:
    """RETURNS (str): The version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
