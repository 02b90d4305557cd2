"""seqpipe: sequence models for spaCy. Importing it loads nothing heavy."""

__version__ = "0.1.0"

# What a plugin needs for its hooks. Handed out lazily: pluggy takes longer to import than all of
# this.
PUBLIC = (
    "Download",
    "Fetcher",
    "Outcome",
    "ReportFormat",
    "Starter",
    "TrainingProgress",
    "hookimpl",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seqpipe.hookspecs import Download as Download
    from seqpipe.hookspecs import Fetcher as Fetcher
    from seqpipe.hookspecs import Outcome as Outcome
    from seqpipe.hookspecs import ReportFormat as ReportFormat
    from seqpipe.hookspecs import Starter as Starter
    from seqpipe.hookspecs import TrainingProgress as TrainingProgress
    from seqpipe.hookspecs import hookimpl as hookimpl


def __getattr__(name: str) -> object:
    if name in PUBLIC:
        from seqpipe import hookspecs

        return getattr(hookspecs, name)
    raise AttributeError(f"module 'seqpipe' has no attribute '{name}'")
