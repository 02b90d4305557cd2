"""What docs/classification.md names: a corpus of reviews, a tree, texts without classes."""


def prepare(folder):
    (folder / "corpus").mkdir()
    (folder / "corpus" / "reviews.tsv").write_text("label\ttext\n4\tgood\n2\tslow\n")
    (folder / "trees").mkdir()
    (folder / "trees" / "train.txt").write_text("(3 (2 The) (4 dessert))\n")
    (folder / "texts.txt").write_text("The dessert is excellent.\n")
