"""What is shown of a run: a bar on a terminal, a line an evaluation elsewhere."""

import io
import re
import time

import pytest
import spacy

from seqpipe.training.loop import Counters
from seqpipe.training.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Run:
    """Four steps of a run of nine, with evaluations at 0 and 2."""

    def __init__(self, max_steps=8):
        self.nlp = spacy.blank("xx")
        self.nlp.add_pipe("rnn_ner", name="ner")
        self.nlp.add_pipe("rnn_textcat", name="textcat")
        self.settings = {"max_steps": max_steps}
        self.counters = Counters()

    def share_done(self):
        return (self.counters.step + 1) / 9

    def steps(self):
        counters = self.counters
        for step, score in enumerate([0.25, None, 0.5, None]):
            counters.step, counters.seconds = step, 10.0 * (step + 1)
            counters.words += 100
            counters.recent_words += 100
            counters.recent_examples += 5
            losses = {"ner": 0.5 * counters.recent_words, "other": 0.1 * counters.recent_words}
            counters.losses = {**losses, "textcat": 0.75 * counters.recent_examples}
            if score is not None:
                counters.results.append((score, step))
            yield {"epoch": step // 2, "score": score}
            if score is not None:
                counters.recent_words = counters.recent_examples = 0


def shown(stream, **settings):
    run = Run(**settings)
    with Progress(stream).shown() as progress:
        for report in run.steps():
            progress(run, report)
            time.sleep(0.11 if stream.isatty() else 0.0)  # a bar is drawn ten times a second
    return stream.getvalue()


def test_elsewhere_each_evaluation_is_a_line():
    first, second = shown(io.StringIO()).splitlines()
    loss = "loss a token: ner 0.5000, other 0.1000, loss a text: textcat 0.7500"
    assert first == f"step 0, epoch 0, score 0.250 (best 0.250 at 0), {loss}"
    assert re.fullmatch(
        r"step 2, epoch 1, score 0\.500 \(best 0\.500 at 2\), [\d,]+ words/s, "
        rf"{loss}, about 1 min 00 s left",
        second,
    )


def test_a_terminal_gets_a_bar_which_goes_away():
    text = shown(Terminal())
    assert "3/8" in text
    assert "score 0.500 (best 0.500 at 2)" in text
    assert text.rsplit("\r", 2)[1].strip() == ""


def test_without_a_number_of_steps_the_time_left_stands_in_the_text():
    assert "left, score 0.500 (best 0.500 at 2)" in shown(Terminal(), max_steps=0)


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_logger_is_called_whether_there_is_a_bar_or_not(is_shown):
    progress, run, logged = Progress(Terminal()), Run(), []
    if is_shown:
        progress(run, next(run.steps()))
    log = progress.around(logged.append)
    log(None)
    log({"step": 0})
    assert logged == [None, {"step": 0}]
