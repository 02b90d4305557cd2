"""The tagger's scorer: accuracy of the tag, or of the extension that the component sets."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import Scorer
from spacy.tokens import Token
from spacy.training import Example
from spacy.util import registry


@registry.scorers("seqpipe.TaggerScorer.v1")
def make_tagger_scorer() -> Callable[..., dict[str, Any]]:
    """A scorer of one label a token, whatever the component's target is."""
    return score_labels


def score_labels(
    examples: Iterable[Example], *, target: str = "tag_", **kwargs: Any
) -> dict[str, Any]:
    """Accuracy of the labels, those of tokens without a gold label left out.

    target (str): As in `rnn_tagger`, which gives it: "tag_", or "_.name" for an extension, whose
        values are compared as strings.
    examples (Iterable[Example]): Predicted and gold docs.
    RETURNS (Dict[str, Any]): {"tag_acc"}; for an extension the same under "name_acc" too, so that
        two taggers of one pipeline can be told apart.
    """
    if target == "tag_":
        return Scorer.score_token_attr(examples, "tag", **kwargs)
    name = target[2:]
    scores = Scorer.score_token_attr(
        examples, name, getter=_extension_label, missing_values={""}, **kwargs
    )
    return {"tag_acc": scores[f"{name}_acc"], **scores}


def _extension_label(token: Token, name: str) -> str:
    value = token._.get(name)
    return "" if value is None else str(value)
