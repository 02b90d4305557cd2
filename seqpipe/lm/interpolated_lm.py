"""The component `interpolated_lm`: mixes what other language models of its pipeline say, token by
token, and a cache of the text's own words."""

# No future import of annotations: spaCy reads those of `initialize`.
import copyreg
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.files import InputError

from .annotations import NATS_A_UNIT
from .cache import cache_log_probs, token_ids
from .find import is_language_model
from .interpolation import fit_weights, given_weights, mix
from .language_model import LanguageModel
from .mixed_steps import MixedSteps
from .plain_pipe import PlainLM
from .scores import SentenceScore, total
from .streams import piece_of
from .text_blocks import read_blocks

logger = logging.getLogger("seqpipe")

CACHE = "cache"
# A model whose perplexity is this share of its vocabulary predicts as if it had not been trained.
UNTRAINED = 0.95


class InterpolatedLM(PlainLM):
    """A mixture of language models, p = Σ λi pi.

    The factory says what the arguments are. `weights` has λ of each model in order, and of the
    cache behind them if there is one; it is None before they are learned. What it sets is in
    `seqpipe.lm.annotations`.

    The models are looked up in the pipeline by name whenever they are used, so that they may be
    disabled in it, and replaced; each doc is one text to the cache, whatever its sentences.
    """

    part, file = "weights", "weights.json"

    def __init__(
        self,
        nlp: Language,
        name: str,
        *,
        models: list[str],
        weights: list[float] | None,
        cache: int,
        cache_weight: float | None,
        unit: str,
    ) -> None:
        if unit not in NATS_A_UNIT:
            expected = ", ".join(NATS_A_UNIT)
            raise InputError(f"{name}: unit = {unit!r}: expected one of {expected}")
        if cache < 0:
            raise InputError(f"{name}: cache = {cache}: expected a number of tokens, 0 for none")
        if len(set(models)) < len(models) or len(models) < (1 if cache else 2) or name in models:
            raise InputError(
                f"{name}: models = {models}: expected the names of two or more other language "
                "models of the pipeline, or of one with a cache"
            )
        self.nlp, self.vocab, self.name, self.unit = nlp, nlp.vocab, name, unit
        self.models, self.cache = list(models), cache
        self.weights = given_weights(name, models, weights, cache, cache_weight)
        self._has_told_of_unknown = False
        # In a process that was not forked the docs have a vocab of their own.
        self._is_at_home = True

    # spaCy's base class is compiled, and pickles the attributes as they are.
    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self),), {**vars(self), "_is_at_home": False}  # type: ignore[attr-defined]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        text: str | list[str] | None = None,
        corpus: Callable[[Language], Iterable[Example]] | None = None,
        tokenizer: Literal["pipeline", "whitespace"] = "pipeline",
    ) -> None:
        """Learn the weights that the config does not give, from development text: of the text that
        the models were learned from they say too much.

        get_examples (Callable): Is not used.
        nlp (Language): The pipeline.
        text (str, List[str]): Text files, plain or gzip, a sentence a line.
        corpus (Callable): A reader of examples.
        tokenizer (str): How files are tokenised: by the pipeline's tokenizer or by "whitespace".
        RAISES (InputError): If there is no text, or a model of the mixture is not learned yet.
        """
        self.nlp = self.nlp if nlp is None else nlp
        block = f"[initialize.components.{self.name}]"
        if self.weights is not None and text is None and corpus is None:
            return
        if (text is None) == (corpus is None):
            raise InputError(
                f"{block}: expected text or corpus, of development data, to learn from"
            )
        self._check_order()
        if corpus is not None:
            docs: Iterable[Doc] = (eg.reference for eg in corpus(self.nlp))
        else:
            paths = [Path(path) for path in ([text] if isinstance(text, str) else text or [])]
            docs = self._docs_of(paths, tokenizer)
        self.learn_weights(docs)

    def _check_order(self) -> None:
        order = self.nlp.component_names
        for name in self.models:
            if name in order and order.index(name) > order.index(self.name):
                raise InputError(
                    f"{self.name}: stands before {name} in the pipeline {order}: expected behind "
                    "the models that it mixes, since they are learned in this order"
                )

    def _docs_of(self, paths: list[Path], tokenizer: str) -> Iterator[Doc]:
        by_line = self.predicts_ends
        for path in paths:
            for block in read_blocks(path, self.nlp, tokenizer=tokenizer):
                yield block.doc(self.vocab, by_line=by_line)

    def learn_weights(self, docs: Iterable[Doc]) -> None:
        """Choose the weights that make docs likeliest.

        docs (Iterable[Doc]): Development texts, which stay as they are.
        RAISES (InputError): If they have no token.
        """
        said = [np.zeros((len(self.models) + bool(self.cache), 0))]
        scores: dict[str, list[SentenceScore]] = {name: [] for name in self.models}
        carried: dict[Any, Any] = {}
        for doc in docs:
            found = self._scores_of_models([doc], carried)
            for name, of_docs in zip(self.models, found, strict=True):
                scores[name] += of_docs[0]
            said.append(self._log_probs(doc, [of_docs[0] for of_docs in found], carried))
        self._warn_of_untrained(scores)
        self.weights = fit_weights(np.concatenate(said, axis=1)).tolist()

    def _warn_of_untrained(self, scores: dict[str, list[SentenceScore]]) -> None:
        for name, found in scores.items():
            perplexity, size = total(found).perplexity_of_possible, self._model(name).predictable
            if perplexity > UNTRAINED * size:
                logger.warning(
                    "%s: %s has perplexity %.0f on the text with %d words to choose from, as if it "
                    "were not trained; its weight has to be learned when it is",
                    self.name,
                    name,
                    perplexity,
                    size,
                )

    @property
    def names(self) -> list[str]:
        """RETURNS (List[str]): What each of the weights is of."""
        return [*self.models, *([CACHE] if self.cache else [])]

    @property
    def predictable(self) -> int:
        """RETURNS (int): How many different tokens all of its models can predict; where their
        vocabularies differ, that of the smallest."""
        return min(self._model(name).predictable for name in self.models)

    @property
    def predicts_ends(self) -> bool:
        """RETURNS (bool): Whether the ends of sentences are predicted."""
        return self._model(self.models[0]).predicts_ends

    @property
    def reads_spaces(self) -> bool:
        """RETURNS (bool): Whether white space is tokens like others."""
        return self._model(self.models[0]).reads_spaces

    def _model(self, name: str) -> LanguageModel:
        try:
            model = self.nlp.get_pipe(name)
        except KeyError:
            model = None
        if not is_language_model(model):
            raise InputError(
                f"{self.name}: mixes {name!r}, which is no language model among the components "
                f"{self.nlp.component_names}"
            )
        return model

    def sentence_scores(
        self, docs: Sequence[Doc], *, carried: dict[Any, Any] | None = None
    ) -> list[list[SentenceScore]]:
        """Score the sentences of docs. See `LanguageModel.sentence_scores`. Each doc begins with an
        empty cache, but for pieces of a stream. A word that any of the models takes for <UNK> is
        unknown.

        RAISES (InputError): If the docs are of another pipeline than the models.
        """
        if self._is_at_home and any(doc.vocab is not self.vocab for doc in docs):
            raise InputError(
                f"{self.name}: mixes models of another pipeline than the docs are of, as after "
                "`source=`: expected the pipeline to be saved and loaded before it is used"
            )
        carried = {} if carried is None else carried
        found = zip(*self._scores_of_models(docs, carried), strict=True)
        return [
            self._mixed(of_doc, self._log_probs(doc, of_doc, carried))
            for doc, of_doc in zip(docs, found, strict=True)
        ]

    @property
    def _learned(self) -> np.ndarray:
        if self.weights is None:
            raise InputError(
                f"{self.name} has no weights yet: expected nlp.initialize() to be called before, "
                "or weights in its config"
            )
        return np.array(self.weights)

    def _mixed(
        self, of_models: Sequence[list[SentenceScore]], log_probs: np.ndarray
    ) -> list[SentenceScore]:
        """A doc's sentences, from what each model says of them."""
        log_probs = mix(log_probs, self._learned)
        scores, begin = [], 0
        for sentence in zip(*of_models, strict=True):
            end = begin + len(sentence[0].tokens)
            is_unknown = np.logical_or.reduce([score.is_unknown for score in sentence])
            scores.append(SentenceScore(sentence[0].tokens, log_probs[begin:end], is_unknown))
            begin = end
        return scores

    def _scores_of_models(
        self, docs: Sequence[Doc], carried: dict[Any, Any]
    ) -> list[list[list[SentenceScore]]]:
        """For each model what its `sentence_scores` gives, of the same tokens."""
        found = [
            self._model(name).sentence_scores(docs, carried=carried.setdefault(name, {}))
            for name in self.models
        ]
        first, *others = [
            [[len(score.tokens) for score in of_doc] for of_doc in scores] for scores in found
        ]
        for name, lengths in zip(self.models[1:], others, strict=True):
            if lengths != first:
                raise InputError(
                    f"{self.name}: {name} does not predict the same tokens as {self.models[0]}: "
                    "expected both to read words or both characters, and both or none of them to "
                    "predict the ends of sentences"
                )
        return found

    def _log_probs(
        self, doc: Doc, of_models: Sequence[list[SentenceScore]], carried: dict[Any, Any]
    ) -> np.ndarray:
        """What each model, and the cache, says of each token of a doc, `(models, tokens)`."""
        tokens = [token for score in of_models[0] for token in score.tokens]
        if not tokens:
            return np.zeros((len(self.names), 0))
        log_probs = [np.concatenate([score.log_probs for score in found]) for found in of_models]
        unknown = np.array(
            [np.concatenate([score.is_unknown for score in found]) for found in of_models]
        )
        self._tell_of_unknown(tokens, unknown)
        if self.cache:
            is_unknown = np.logical_or.reduce(unknown)
            log_probs.append(self._cached(doc, tokens, is_unknown, carried.setdefault(CACHE, {})))
        return np.array(log_probs, dtype=np.float64)

    def _cached(
        self, doc: Doc, tokens: list[str], is_unknown: np.ndarray, left: dict[int, Any]
    ) -> np.ndarray:
        """What the cache says of the tokens; it holds those of the pieces before too."""
        piece = piece_of(doc)
        place, before, before_unknown = -1, [], np.zeros(0, dtype=bool)
        if piece is not None:
            place, before, before_unknown = left.get(piece.stream, (-1, [], before_unknown))
        if piece is None or place != piece.place - 1:
            before, before_unknown = [], before_unknown[:0]
        tokens, is_unknown = before + tokens, np.append(before_unknown, is_unknown)
        if piece is not None:
            left[piece.stream] = (piece.place, tokens[-self.cache :], is_unknown[-self.cache :])
        ids = token_ids(tokens, is_unknown)
        found = cache_log_probs(ids, size=self.cache, predictable=self.predictable)
        return found[len(before) :]

    def _tell_of_unknown(self, tokens: list[str], unknown: np.ndarray) -> None:
        """Say once that vocabularies differ: then the mixture does not add up to 1."""
        differs = unknown.any(axis=0) & ~unknown.all(axis=0)
        if self._has_told_of_unknown or not differs.any():
            return
        self._has_told_of_unknown = True
        place = int(np.flatnonzero(differs)[0])
        unknown_to = [
            name for name, flag in zip(self.models, unknown[:, place], strict=True) if flag
        ]
        logger.warning(
            "%s: %r is unknown to %s and not to others: over different vocabularies the mixture "
            "is no proper distribution, and its perplexity is too low",
            self.name,
            tokens[place],
            ", ".join(unknown_to),
        )

    @property
    def next_words(self) -> list[str]:
        """RETURNS (List[str]): The words that `begin` and `step` give log-probabilities of."""
        return self._steps().words

    def _steps(self) -> MixedSteps:
        models = [self._model(name) for name in self.models]
        return MixedSteps(models, self._learned, self.cache)

    def begin(self, contexts: Sequence[Sequence[str]]) -> tuple[np.ndarray, Any]:
        """Read the beginning of a text for each of n contexts. See `LanguageModel.begin`."""
        steps = self._steps()
        log_probs, state = steps.begin(contexts)
        return log_probs, (steps, state)

    def step(self, ids: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """Go on by one word each. See `LanguageModel.step`."""
        steps, inner = state
        log_probs, inner = steps.step(ids, inner)
        return log_probs, (steps, inner)

    def select(self, state: Any, rows: np.ndarray) -> Any:
        """RETURNS: The state of some of the n texts."""
        steps, inner = state
        return steps, steps.select(inner, rows)

    def _kept(self) -> bytes:
        weights = None if self.weights is None else dict(zip(self.names, self.weights, strict=True))
        kept = json.dumps({"weights": weights, "cache": self.cache}, indent=1) + "\n"
        return kept.encode("utf-8")

    def _keep(self, data: bytes) -> None:
        try:
            kept = json.loads(data)
            weights = kept["weights"]
            cache = kept["cache"]
            if weights is not None:
                weights = {name: float(weight) for name, weight in weights.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"no weights of a mixture ({error!r})") from error
        if cache != self.cache or (weights is not None and list(weights) != self.names):
            raise InputError(
                f"weights of {list(weights or {})} with cache = {cache}: expected those of "
                f"{self.names} with cache = {self.cache}, as the config has it"
            )
        self.weights = None if weights is None else list(weights.values())
