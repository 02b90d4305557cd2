"""One training run from a config: spaCy's own initialisation and loop, behind our checks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from seqpipe.training.config_check import explain_config_error, load_checked_config
from seqpipe.training.config_file import ConfigFile

if TYPE_CHECKING:
    from spacy.language import Language

# How spaCy's loop announces that it stops; the exception itself goes on to the caller.
ABORTED = re.compile(r"(Aborting\s+and\s+saving.*?)\s+Encountered\s+exception:.*", re.DOTALL)


class _WithoutExceptions:
    """A stream that leaves out the exceptions that spaCy's loop writes: the caller says them."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        end = "\033[0m\n" if "\033[" in text else "\n"
        return self.stream.write(ABORTED.sub(lambda match: match[1] + end, text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def train_from_config(
    file: ConfigFile, output: Path, *, use_gpu: int = -1, stdout: IO[str], stderr: IO[str]
) -> Path:
    """Train a pipeline and save it.

    file (ConfigFile): The training config, with its overrides.
    output (Path): The folder that gets `model-best` and `model-last`.
    use_gpu (int): The GPU's number, already switched to, or -1.
    stdout (IO): Where the training logger writes its table.
    stderr (IO): Where it writes the rest.
    RETURNS (Path): The folder of the best model.
    RAISES (InputError): If the config or the corpus is at fault.
    """
    from spacy.training.loop import DIR_MODEL_BEST, train

    nlp = initialized_pipeline(file, use_gpu=use_gpu)
    with _without_vectors_warning():
        output.mkdir(parents=True, exist_ok=True)
        shown: Any = _WithoutExceptions(stdout)
        train(nlp, output, use_gpu=use_gpu, stdout=shown, stderr=stderr)
    return output / DIR_MODEL_BEST


def initialized_pipeline(file: ConfigFile, *, use_gpu: int = -1) -> Language:
    """Check a training config, and make and initialise its pipeline.

    file (ConfigFile): The training config, with its overrides.
    use_gpu (int): The GPU's number, already switched to, or -1.
    RETURNS (Language): The pipeline, ready to be trained.
    RAISES (InputError): If the config or the corpus is at fault.
    """
    from spacy.training.initialize import init_nlp
    from thinc.api import ConfigValidationError

    config = load_checked_config(file)
    with _without_vectors_warning():
        try:
            return init_nlp(config, use_gpu=use_gpu)
        except ConfigValidationError as error:
            raise explain_config_error(file, error) from error


@contextmanager
def _without_vectors_warning() -> Iterator[None]:
    """Sourced and blank vectors differ whenever a pipeline is put together from parts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\[W113\]")
        yield
