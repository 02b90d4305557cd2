"""The tagger's scorer: accuracy of the tag, or of the extension that the component sets."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import Scorer
from spacy.tokens import Token
from spacy.training import Example
from spacy.util import registry


@registry.scorers("seqpipe.TaggerScorer.v1")
def make_tagger_scorer(target: str = "tag_") -> Callable[..., dict[str, Any]]:
    """A scorer of one label a token.

    target (str): As in `rnn_tagger`: "tag_", or "_.name" for an extension.
    RETURNS (Callable): From examples to {"tag_acc"}, or {"name_acc"} for an extension.
    """
    if target == "tag_":
        return score_tags

    name = target[2:]

    def score(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        def label(token: Token, attr: str) -> str:
            value = token._.get(name)
            return "" if value is None else str(value)

        return Scorer.score_token_attr(examples, name, getter=label, missing_values={""}, **kwargs)

    return score


def score_tags(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Accuracy of `token.tag`: {"tag_acc"}."""
    return Scorer.score_token_attr(examples, "tag", **kwargs)
