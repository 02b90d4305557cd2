"""`python -m seqpipe`: the command line."""

from seqpipe.cli import main

main()
