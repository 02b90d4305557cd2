"""How much memory this process has."""

from pathlib import Path

from seqpipe.files import InputError

NOW, PEAK = "VmRSS", "VmHWM"


def process_memory(name: str) -> float:
    """RETURNS (float): MB of this process, as Linux counts them. Not `getrusage`: its peak may be
    that of the process that started this one.

    name (str): NOW or PEAK.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise InputError(f"/proc/self/status has no {name}: expected Linux")
