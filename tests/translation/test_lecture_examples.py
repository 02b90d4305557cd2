"""The lecture's examples of search: Jane's beam of three, and whose fault an error is."""

import numpy as np
import pytest

from seqpipe.decoding.beam import beam_search
from seqpipe.decoding.greedy import greedy
from seqpipe.decoding.limits import Limits
from seqpipe.decoding.scores import Score
from seqpipe.translation.translation import Translation
from seqpipe.translation.verdicts import Target, judge

# P(next word | the words so far), given "Jane visite l'Afrique en septembre."
JANE = {
    "": {"jane": 0.5, "in": 0.3, "september": 0.1},
    "in": {"september": 0.9},
    "jane": {"is": 0.5, "visits": 0.3},
    "jane is": {"going": 0.5, "visiting": 0.45},
}
WORDS = ["<EOS>", *sorted({word for row in JANE.values() for word in row})]
BETTER, WORSE = "Jane visits Africa in September.", "Jane visited Africa last September."


class StepModel:
    """Words by the table; where it says nothing the text ends."""

    def predict(self, state):
        with np.errstate(divide="ignore"):
            rows = [[JANE.get(known, {"<EOS>": 1.0}).get(w, 0.0) for w in WORDS] for known in state]
            return np.log(rows), state

    def step(self, ids, state):
        pairs = zip(state, ids, strict=True)
        return self.predict([f"{known} {WORDS[id]}".strip() for known, id in pairs])

    def select(self, state, rows):
        return [state[row] for row in rows]


def written(ids):
    return " ".join(WORDS[id] for id in ids)


def test_a_beam_of_three_keeps_what_the_lecture_keeps():
    model = StepModel()
    limits = Limits(max_length=6, eos=0)
    (found,) = beam_search(
        model, model.predict([""]), limits, width=3, score=Score(normalisation="none"), trace=True
    )
    first, second = found.trace[:2]
    assert [written([node.token]) for node in first] == ["jane", "in", "september"]
    pairs = [written([first[node.parent].token, node.token]) for node in second]
    assert pairs == ["in september", "jane is", "jane visits"]


def test_greedy_search_goes_where_going_is_likelier_than_visiting():
    model = StepModel()
    (found,) = greedy(model, model.predict([""]), Limits(max_length=6, eos=0))
    assert written(found.ids) == "jane is going <EOS>"


@pytest.mark.parametrize(
    ("of_y_star", "of_output", "fault"),
    [(-2.0, -3.0, "search"), (-3.0, -2.0, "model")],
)
def test_the_beam_is_at_fault_if_the_better_translation_is_likelier(of_y_star, of_output, fault):
    def translation(text, score):
        pieces = (*text.split(), "<EOS>")
        return Translation(text, pieces, np.full(len(pieces), score / len(pieces)), score, True)

    y_star = Target(BETTER, translation(BETTER, of_y_star), None)
    assert judge(translation(WORSE, of_output), [y_star])[0] == fault
