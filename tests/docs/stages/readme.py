"""What README.md names: the model that its first command trains."""

from tests.docs.stages.models import copy_model


def prepare(folder):
    copy_model("rnn_ner", folder / "projects/tour/models/ner/english/calibrated")
