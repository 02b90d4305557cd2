"""What docs/translation.md names: two files line by line, a table, a lexicon."""


def prepare(folder):
    (folder / "train.de").write_text("ein haus\n")
    (folder / "train.en").write_text("a house\n")
    (folder / "dev.tsv").write_text("ein haus\ta house\n")
    (folder / "lexicon.tsv").write_text("haus\thouse\n")
