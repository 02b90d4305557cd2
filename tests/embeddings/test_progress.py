"""What learning shows, on a terminal and in a file, and how it is stopped before it begins."""

import io
import os
import signal

import pytest

from seqpipe.embeddings.checkpoint import Position
from seqpipe.embeddings.progress import Progress, watched


class Terminal(io.StringIO):
    def isatty(self):
        return True


def tell(progress):
    position = Position(loss=6.0, examples=2, seconds=10.0, rate=0.0125)
    progress.learning(position, 0.25, 1_000)
    progress.learning(position, 0.5, 3_000)
    progress.epoch_over(Position(epoch=1, losses=[3.0], rate=0.0125))


def test_a_file_gets_a_line_an_epoch():
    stream = io.StringIO()
    progress = Progress(stream, lambda: False)
    progress.preparing("reading", 0.5)
    tell(progress)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().startswith("epoch 1, loss 3.0000, ")
    assert "words/s, rate 0.0125" in stream.getvalue()


def test_a_terminal_gets_a_bar_with_loss_rate_and_time_left():
    stream = Terminal()
    progress = Progress(stream, lambda: False)
    progress.preparing("reading", 0.5)
    tell(progress)
    progress.close()
    shown = stream.getvalue()
    for part in ("reading  50%", "epoch 1", "loss 3.0000", "rate 0.0125", "10 s left"):
        assert part in shown


def test_a_signal_asks_to_stop_and_stops_what_comes_before_the_first_epoch():
    stream = io.StringIO()
    with watched(stream) as progress:
        progress.preparing("reading", 0.1)
        os.kill(os.getpid(), signal.SIGINT)
        assert progress.is_stopped()
        with pytest.raises(KeyboardInterrupt):
            progress.preparing("reading", 0.2)
    assert "once more stops at once" in stream.getvalue()
