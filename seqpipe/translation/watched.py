"""A translator that tells how many sentences it has searched, to show how far an analysis is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from spacy.tokens import Doc

from .search import SearchOptions
from .translation import Translation

if TYPE_CHECKING:
    from .rnn_translator import RNNTranslator


class Watched:
    """Does what a translator does.

    pipe (RNNTranslator): The translator.
    advance (Callable): Takes how many more sentences are searched.
    """

    def __init__(self, pipe: RNNTranslator, advance: Callable[[int], Any]) -> None:
        self._pipe, self._advance = pipe, advance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)

    def search(
        self, docs: Sequence[Doc], options: SearchOptions | None = None
    ) -> list[list[Translation]]:
        """RETURNS (List[List[Translation]]): The n best of each doc.

        docs (Sequence[Doc]): The sources. options (Optional[SearchOptions]): Of the search.
        """
        found = self._pipe.search(docs, options)
        self._advance(len(docs))
        return found
