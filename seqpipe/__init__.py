"""seqpipe: sequence models for spaCy. Importing it loads nothing heavy."""

__version__ = "0.1.0"
