"""The tagger's scorer: accuracy of the tag, or of the extension that the component sets."""

from collections.abc import Callable, Iterable
from functools import partial
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

    # No closure: a pipe is pickled with its scorer for processes that are spawned.
    return partial(score_extension, name=target[2:])


def score_extension(examples: Iterable[Example], *, name: str, **kwargs: Any) -> dict[str, Any]:
    """Accuracy of a token extension, its values compared as strings: {"name_acc"}."""
    return Scorer.score_token_attr(
        examples, name, getter=_extension_label, missing_values={""}, **kwargs
    )


def _extension_label(token: Token, name: str) -> str:
    value = token._.get(name)
    return "" if value is None else str(value)


def score_tags(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Accuracy of `token.tag`: {"tag_acc"}."""
    return Scorer.score_token_attr(examples, "tag", **kwargs)
