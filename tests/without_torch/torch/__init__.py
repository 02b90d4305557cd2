"""Stands before PyTorch on the path of a process: it is not there (see `tests.processes`)."""

raise ModuleNotFoundError("hidden from this process", name="torch")
