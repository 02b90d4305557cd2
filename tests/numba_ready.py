"""Has numba load what it compiles with, which it else does in each process at the first call."""

from numba.core.registry import cpu_target

cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
