"""DNA for seqpipe: readers of FASTA and GenBank, a tokenizer, k-mer vectors, commands."""

__version__ = "0.1.0"
