"""seqpipe: sequence models for spaCy. Importing it loads nothing heavy."""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seqpipe.hookspecs import Starter as Starter
    from seqpipe.hookspecs import hookimpl as hookimpl


def __getattr__(name: str) -> object:
    if name in ("hookimpl", "Starter"):  # lazily: pluggy takes longer to import than all of this
        from seqpipe import hookspecs

        return getattr(hookspecs, name)
    raise AttributeError(f"module 'seqpipe' has no attribute '{name}'")
