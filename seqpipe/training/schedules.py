"""Learning rates that change with the epochs (Zaremba et al. 2014, section 4.1)."""

# No future import of annotations: Thinc's registry reads those of what is registered.
from collections.abc import Iterator
from itertools import count, repeat

from thinc.api import registry

from seqpipe.files import InputError


@registry.schedules("seqpipe.EpochDecay.v1")
def make_epoch_decay(
    initial_rate: float, epoch_steps: int, first_epochs: int = 4, factor: float = 0.5
) -> Iterator[float]:
    """Keep a rate for some epochs, then multiply it by a factor after each epoch.

    Zaremba et al. 2014 have rate 1, 4 epochs and 0.5 for their small model, 6 epochs and 1/1.2 for
    the medium one; 14 epochs and 1/1.15 for the large one.

    initial_rate (float): That of the first epochs.
    epoch_steps (int): How many steps an epoch has: schedules are told of steps alone.
    first_epochs (int): How many epochs keep it.
    factor (float): Above 0.
    YIELDS (float): The rate of each step.
    RAISES (InputError): Names the number that is out of range.
    """
    for name, value, least in (("epoch_steps", epoch_steps, 1), ("first_epochs", first_epochs, 0)):
        if value < least:
            raise InputError(f"{name} = {value}: expected at least {least}")
    for name, number in (("initial_rate", initial_rate), ("factor", factor)):
        if not number > 0:
            raise InputError(f"{name} = {number}: expected a number above 0")
    return _rates(initial_rate, epoch_steps, first_epochs, factor)


def _rates(
    initial_rate: float, epoch_steps: int, first_epochs: int, factor: float
) -> Iterator[float]:
    for epoch in count():
        decays = max(0, epoch - first_epochs + 1)
        yield from repeat(initial_rate * factor**decays, epoch_steps)
