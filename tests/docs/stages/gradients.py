"""What docs/gradients.md names: a config and its corpus."""

from tests.docs.stages.models import write_training


def prepare(folder):
    write_training(folder)
