"""Reads FASTA and GenBank with Biopython; what is wrong is one message with file and record."""

from __future__ import annotations

import gzip
import io
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from seqpipe.files import InputError
from seqpipe_dna.coding import CodingSequence
from seqpipe_dna.nucleotides import IUPAC

FORMATS = {
    "fasta": (".fa", ".fasta", ".fna", ".ffn"),
    "genbank": (".gb", ".gbk", ".gbff", ".genbank"),
}
_EXPECTED = {
    "fasta": "expected FASTA: a line '>name', then the sequence in IUPAC codes",
    "genbank": "expected a GenBank record: LOCUS, FEATURES, ORIGIN and //",
}
# Of what Biopython only warns: the sequence or a gene is not what the file says it is.
_FATAL = ("sequence", "location", "feature")
_FOREIGN = re.compile(f"[^{''.join(sorted(IUPAC))}]")
_PROTEIN = re.compile(r"LOCUS\s+(\S+)\s+\d+\s+aa\s")


@dataclass(frozen=True)
class Record:
    """A sequence.

    name (str): Up to the first blank of its title, or its accession with the version.
    sequence (str): IUPAC codes; FASTA keeps its case, GenBank is given in upper case.
    genes (Tuple[CodingSequence, ...]): Its CDS without those of pseudogenes; FASTA has none.
    """

    name: str
    sequence: str
    genes: tuple[CodingSequence, ...] = ()


def format_of(path: str | Path) -> str:
    """RETURNS (str): "fasta" or "genbank", by the file's name. Raises InputError for another.

    path: The file.
    """
    name = str(path).lower().removesuffix(".gz")
    for format, endings in FORMATS.items():
        if name.endswith(endings):
            return format
    known = ", ".join(ending for endings in FORMATS.values() for ending in endings)
    raise InputError(f"unknown ending, expected one of {known} (.gz behind it too)", path=path)


def read_records(path: str | Path, format: str | None = None) -> Iterator[Record]:
    """Read the records of a file, gzipped if its name ends in .gz.

    path: The file.
    format (Optional[str]): "fasta" or "genbank"; None to go by the file's name.
    YIELDS (Record): Each of them; there is at least one.
    RAISES (InputError): If the file is missing, of another format or damaged, or a record is of a
        protein, or has no sequence or other letters than IUPAC codes.
    """
    from Bio import SeqIO

    format = format or format_of(path)
    last: str | None = None
    with _opened(Path(path), format) as stream, _one_message(path, format, lambda: last):
        for found in SeqIO.parse(stream, format):
            last = found.id
            yield Record(found.id, _sequence(found, path), tuple(_genes(found, path)))
        if last is None:
            raise InputError(f"no record in it, {_EXPECTED[format]}", path=path)


class _GenBankText(io.TextIOWrapper):
    """Lines of a GenBank file. A protein is refused here: Biopython takes one for DNA where its
    letters allow it, and does not keep the unit of its length."""

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        line = super().readline(size)
        if protein := _PROTEIN.match(line):
            message = f"record {protein[1]} is a protein (aa), expected nucleotides (bp)"
            raise InputError(message, path=self.name)
        return line


@contextmanager
def _opened(path: Path, format: str) -> Iterator[IO[str]]:
    if path.is_dir():
        raise InputError("a folder, expected a file", path=path)
    if not path.exists():
        raise InputError("no such file, expected FASTA or GenBank", path=path)
    try:
        opener: Any = gzip.open if path.suffix == ".gz" else open
        text = _GenBankText if format == "genbank" else io.TextIOWrapper
        with opener(path, "rb") as stream, text(stream, encoding="utf-8") as lines:
            yield lines
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot be read ({reason})", path=path) from error


@contextmanager
def _one_message(path: str | Path, format: str, last: Callable[[], str | None]) -> Iterator[None]:
    """Turn what Biopython raises, and warns of, into an InputError. last: Names the last record."""
    from Bio import BiopythonParserWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiopythonParserWarning)
        for word in _FATAL:
            pattern = f"(?is).*{word}"
            warnings.filterwarnings("error", pattern, category=BiopythonParserWarning)
        try:
            yield
        except (InputError, OSError):
            raise
        except Exception as error:
            # Damage comes up as any exception at all of Biopython, zlib or the codec.
            reason = textwrap.shorten(str(error), 160, placeholder=" ...") or type(error).__name__
            name = last()
            where = "before the first record" if name is None else f"after record {name}"
            message = f"{where}: {reason}; {_EXPECTED[format]}"
            raise InputError(message, path=path) from error


def _sequence(found: Any, path: str | Path) -> str:
    from Bio.Seq import UndefinedSequenceError

    try:
        sequence = str(found.seq)
    except UndefinedSequenceError:
        sequence = ""
    if not sequence:
        raise InputError(
            f"record {found.id} has no sequence, expected at least one base", path=path
        )
    foreign = _FOREIGN.search(sequence)
    if foreign:
        message = (
            f"record {found.id}, base {foreign.start() + 1}: {foreign.group()!r}, "
            "expected an IUPAC nucleotide code"
        )
        raise InputError(message, path=path)
    return sequence


def _genes(found: Any, path: str | Path) -> Iterator[CodingSequence]:
    for feature in found.features:
        if feature.type != "CDS" or {"pseudo", "pseudogene"} & set(feature.qualifiers):
            continue
        start = feature.qualifiers.get("codon_start", ["1"])[0]
        where = f"record {found.id}, CDS {feature.location}"
        if start not in ("1", "2", "3"):
            raise InputError(f"{where}: codon_start={start}, expected 1, 2 or 3", path=path)
        parts = tuple((int(p.start), int(p.end), p.strand or 1) for p in feature.location.parts)
        if any(p.ref for p in feature.location.parts) or any(
            not 0 <= begin < end <= len(found.seq) for begin, end, _ in parts
        ):
            message = f"{where} leads out of the record, expected one in its {len(found.seq)} bases"
            raise InputError(message, path=path)
        yield CodingSequence(parts, int(start))
