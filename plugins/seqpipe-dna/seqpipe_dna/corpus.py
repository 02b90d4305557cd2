"""The readers: windows of a genome with a label for each base, and sequences with their classes."""

# No future import of annotations: spaCy's registry reads these.
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from spacy.attrs import IDX
from spacy.language import Language
from spacy.training import Example
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe_dna.bed import read_bed
from seqpipe_dna.coding import LABEL_SETS, base_states, mirrored
from seqpipe_dna.nucleotides import reverse_complement
from seqpipe_dna.records import Record, read_records
from seqpipe_dna.windows import Window, check_sizes, windows


@registry.readers("seqpipe_dna.GenBank.v1")
def make_genbank_reader(
    path: str | Path | None,
    *,
    regions: str | Path | None = None,
    labels: str = "codon",
    window: int = 600,
    margin: int = 0,
    both_strands: bool = False,
    shifts: int = 1,
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader of windows of a genome, with what a token's first base codes in `token.tag_`.

    A base codes if it is in a CDS that is no pseudogene; introns do not. In several CDS it has the
    label of the longest. A circular genome is read as it is written, from its first base to its
    last. The tokens are those of the pipeline's tokenizer, bases or codons.

    path (Path): A GenBank file, gzipped if it ends in .gz.
    regions (Optional[Path]): A BED file of the regions to read; null for all of it.
    labels (str): "codon" for the position in the codon on either strand ("+1", "+2", "+3", "-1",
        "-2", "-3", "non-coding"), "strand" for "+", "-" and "non-coding", "coding" for "coding" and
        "non-coding".
    window (int): Bases of a window that have labels. Each base of a region is in one window.
    margin (int): Bases on either side that are read with them and have no label here; they are of
        the same region.
    both_strands (bool): Give each window a second time as its reverse complement, for training.
    shifts (int): Give each so many times, every time begun one base later: with 3, and codons as
        tokens, in all three frames.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader. It raises InputError where a
        file is at fault.
    """
    if path is None:
        raise InputError("path = null: expected a GenBank file")
    if labels not in LABEL_SETS:
        raise InputError(f"labels = {labels!r}: expected one of {', '.join(LABEL_SETS)}")
    if shifts < 1:
        raise InputError(f"shifts = {shifts}: expected at least 1")
    check_sizes(window, margin)
    source = Path(path)

    def read(nlp: Language) -> Iterator[Example]:
        for record, start, end in _regions(source, regions):
            states = base_states(len(record.sequence), record.genes)
            for one in windows(start, end, size=window, margin=margin):
                view = _view(record.sequence, states, one)
                for strand in (view, view.other_strand())[: 1 + both_strands]:
                    for shift in range(min(shifts, len(strand.text))):
                        yield strand.example(nlp, shift, LABEL_SETS[labels])

    return read


@dataclass(frozen=True)
class View:
    """A window as it is read: its bases, the state of each, and whether it has a label here."""

    text: str
    states: np.ndarray
    is_labelled: np.ndarray

    def other_strand(self) -> "View":
        """RETURNS (View): The reverse complement."""
        text = reverse_complement(self.text)
        return View(text, mirrored(self.states), self.is_labelled[::-1])

    def example(self, nlp: Language, shift: int, names: tuple[str, ...]) -> Example:
        """Make an example of what begins `shift` bases later.

        names (Tuple[str, ...]): The label of each state.
        RETURNS (Example): Each token has the label of its first base, or none.
        """
        text = self.text[shift:]
        reference = nlp.make_doc(text)
        first = reference.to_array(IDX).astype("int64") + shift
        ids = np.array([nlp.vocab.strings.add(name) for name in names], dtype=np.uint64)
        tags = np.where(self.is_labelled[first], ids[self.states[first]], np.uint64(0))
        # spaCy's stubs ask for a type of Thinc's.
        reference.from_array(["TAG"], tags.reshape(-1, 1))  # type: ignore[arg-type]
        return Example(nlp.make_doc(text), reference)


def _view(sequence: str, states: np.ndarray, window: Window) -> View:
    place = np.arange(window.left, window.right)
    is_labelled = (place >= window.start) & (place < window.end)
    span = slice(window.left, window.right)
    return View(sequence[span], states[span], is_labelled)


def _regions(path: Path, bed: str | Path | None) -> Iterator[tuple[Record, int, int]]:
    """The regions of a GenBank file, all of its records if no BED file says which."""
    records: dict[str, Record] = {}
    for record in read_records(path, "genbank"):
        if record.name in records:
            message = f"two records are named {record.name}, expected a name of its own for each"
            raise InputError(message, path=path)
        records[record.name] = record
    lengths = {name: len(record.sequence) for name, record in records.items()}
    whole = [(name, 0, length) for name, length in lengths.items()]
    for name, start, end in whole if bed is None else read_bed(bed, lengths):
        yield records[name], start, end


@registry.readers("seqpipe_dna.Fasta.v1")
def make_fasta_reader(
    path: str | Path | None, *, files: dict[str, str]
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader of sequences with their class in `doc.cats`.

    path (Path): The folder of the files.
    files (Dict[str, str]): For each class its FASTA file in that folder, gzipped if it ends in .gz.
    RETURNS (Callable[[Language], Iterator[Example]]): The reader. It raises InputError where a
        file is at fault.
    """
    if path is None:
        raise InputError("path = null: expected a folder of FASTA files")
    if len(files) < 2:
        raise InputError(f"files = {files}: expected a FASTA file for each of two classes or more")
    folder = Path(path)

    def read(nlp: Language) -> Iterator[Example]:
        for label, name in files.items():
            cats = {other: float(other == label) for other in files}
            for record in read_records(folder / name, "fasta"):
                if len(record.sequence) > nlp.max_length:
                    message = (
                        f"record {record.name} has {len(record.sequence):,} bases, expected at "
                        f"most {nlp.max_length:,} (nlp.max_length)"
                    )
                    raise InputError(message, path=folder / name)
                reference = nlp.make_doc(record.sequence)
                reference.cats = cats
                yield Example(nlp.make_doc(record.sequence), reference)

    return read
