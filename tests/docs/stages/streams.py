"""What docs/streams.md names: a config whose corpus is a stream."""

from tests.docs.stages.models import write_training


def prepare(folder):
    write_training(folder)
    config = folder / "config.cfg"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("max_steps = 6", "max_steps = 6\nmax_epochs = -1"))
