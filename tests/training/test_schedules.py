"""The learning rates of Zaremba et al. 2014."""

from itertools import islice

import pytest

from seqpipe.files import InputError
from seqpipe.training.schedules import make_epoch_decay


def test_the_rate_of_the_small_model_is_halved_after_each_epoch_from_the_fourth_on():
    rates = make_epoch_decay(1.0, 10, first_epochs=4, factor=0.5)
    by_epoch = [set(islice(rates, 10)) for _ in range(7)]
    assert by_epoch == [{1.0}, {1.0}, {1.0}, {1.0}, {0.5}, {0.25}, {0.125}]


def test_a_config_can_name_it():
    from thinc.api import registry

    block = {"@schedules": "seqpipe.EpochDecay.v1", "initial_rate": 2.0, "epoch_steps": 3}
    rates = registry.resolve({"rate": block})["rate"]
    assert list(islice(rates, 11, 16)) == [2.0, 1.0, 1.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("key", "value"),
    [("epoch_steps", 0), ("first_epochs", -1), ("initial_rate", 0.0), ("factor", -0.5)],
)
def test_a_value_out_of_range_is_named(key, value):
    settings = {"initial_rate": 1.0, "epoch_steps": 10, key: value}
    with pytest.raises(InputError, match=f"{key} = {value}"):
        make_epoch_decay(**settings)
