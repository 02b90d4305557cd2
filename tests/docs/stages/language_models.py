"""What docs/language_models.md names: development text, and a text for streams."""


def prepare(folder):
    (folder / "dev.txt").write_text("she ate a pear salad\n")
    (folder / "train.txt").write_text("she ate an apple\nthe pear is new\n")
