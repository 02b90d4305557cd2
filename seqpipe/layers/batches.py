"""Which sequences a model sees at once when it predicts."""

from collections.abc import Iterator

BATCH_TOKENS = 4096


def batches_by_length(lengths: list[int]) -> Iterator[list[int]]:
    """Sort sequences into batches of at most BATCH_TOKENS tokens, or one sequence, shortest first.

    lengths (List[int]): Tokens of each sequence.
    YIELDS (List[int]): Indices of sequences.
    """
    batch: list[int] = []
    tokens = 0
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and tokens + lengths[i] > BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(i)
        tokens += lengths[i]
    if batch:
        yield batch
