"""What holds for every learner that works on one thread."""


def learn_epochs(learner, first, last, epochs=4):
    """Epochs from the first up to the last of some. RETURNS: Their mean losses."""
    losses = []
    for epoch in range(first, last):
        done = [
            (epoch * learner.parts + i) / (epochs * learner.parts) for i in range(learner.parts)
        ]
        found = [learner.learn(epoch, part, share) for part, share in enumerate(done)]
        losses.append(sum(o.loss for o in found) / sum(o.examples for o in found))
    return losses


def table_bytes(learner):
    return {name: table.tobytes() for name, table in learner.tables.items()}


def check_goes_on_to_the_same_bytes(start):
    """One that takes over another's tables after two epochs ends with what it ends with.

    start (Callable): Makes the learner.
    """
    whole, first, second = start(), start(), start()
    learn_epochs(whole, 0, 4)
    learn_epochs(first, 0, 2)
    for name, table in first.tables.items():
        second.tables[name][:] = table
    learn_epochs(second, 2, 4)
    assert table_bytes(second) == table_bytes(whole)
    assert table_bytes(second) != table_bytes(first)


def check_tables(learner, words):
    """All float32; those by word have a row for each; the vectors are no view of them."""
    assert {str(table.dtype) for table in learner.tables.values()} == {"float32"}
    assert all(len(learner.tables[name]) == words for name in learner.by_word)
    before = table_bytes(learner)
    learner.vectors()[:] = 7.0
    assert table_bytes(learner) == before
