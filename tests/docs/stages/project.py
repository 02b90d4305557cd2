"""What docs/project.md names: the config and the assets of its project, which are there already."""

from tests.docs.stages.models import write_sentences, write_training


def prepare(folder):
    write_training(folder)
    (folder / "configs").mkdir()
    text = (folder / "config.cfg").read_text(encoding="utf-8")
    for name in ("train", "dev"):
        text = text.replace(f'"{name}.conll"', '"assets/train.conll"')
    # `seqpipe evaluate` reads its data as the config's corpus for development does.
    (folder / "configs" / "ner.cfg").write_text(text, encoding="utf-8")
    for name in ("train", "test"):
        write_sentences(folder / "assets" / f"{name}.conll")
