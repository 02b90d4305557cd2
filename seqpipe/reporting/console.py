"""The console that results are shown on."""

from __future__ import annotations

from rich.console import Console


class ResultConsole(Console):
    """Shows results as they are: no colours for numbers in them, and no end of the program where
    nobody reads them any more, since files may still have to be written."""

    def __init__(self) -> None:
        super().__init__(highlight=False)

    def on_broken_pipe(self) -> None:
        """Raise the error of the pipe again, which rich would turn into an exit."""
        self.quiet = True
        raise BrokenPipeError
