"""What docs/many.md names: a config that trains in a second."""

from tests.docs.stages.models import write_training


def prepare(folder):
    write_training(folder)
