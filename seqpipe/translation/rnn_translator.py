"""The pipe class of `rnn_translator`: a Doc becomes another sequence."""

# No future import of annotations: spaCy reads those of `initialize`.
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer

from seqpipe.decoding.beam import beam_search
from seqpipe.decoding.hypothesis import Hypothesis
from seqpipe.decoding.sampling import Sampling, sample
from seqpipe.decoding.steps import Prediction
from seqpipe.decoding.trace import TraceNode
from seqpipe.files import InputError
from seqpipe.pipe import SequencePipe
from seqpipe.references import references_of, translation_of
from seqpipe.vocabulary.embed import VOCABULARY
from seqpipe.vocabulary.vocabulary import Vocabulary

from .annotations import set_translations
from .forced import forced
from .lexicon import read_lexicon, without_unknown
from .model import Pairs, fit, use_dense_gradient, wiring
from .pair_units import PairUnits
from .search import SearchOptions, Steps
from .text_checks import (
    check_language,
    check_target,
    checked,
    learned_references,
    warn_of_unknown,
)
from .translation import NOTHING, Translation, by_token, distinct
from .units import SUBWORD, WORD, Pieces

BEAM_ROWS = 512  # hypotheses that are computed at once
LEXICON = "lexicon"


class RNNTranslator(SequencePipe):
    """An encoder-decoder. What it sets is in `seqpipe.translation.annotations`."""

    label_kind = None

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str,
        *,
        options: SearchOptions,
        max_source: int,
        truncate: bool,
        replace_unknown: bool,
        target_lang: str,
        max_gradient_norm: float,
        max_gradient_value: float,
        scorer: Any = None,
    ) -> None:
        """Make the component. The factory says what the arguments are."""
        if max_source < 1:
            raise InputError(f"{name}: max_source = {max_source}: expected at least 1 piece")
        check_language(name, target_lang)
        super().__init__(
            vocab,
            model,
            name,
            max_gradient_norm=max_gradient_norm,
            max_gradient_value=max_gradient_value,
            scorer=scorer,
        )
        use_dense_gradient(model)
        self.options = options
        wants = {"coverage": options.coverage > 0, "replace_unknown": replace_unknown}
        for key, is_set in wants.items():
            if is_set and not self.has_attention:
                raise InputError(f"{name}: {key} is set: expected a model with attention")
        unit = self.units.target.unit
        if replace_unknown and unit != WORD:
            raise InputError(
                f'{name}: replace_unknown is set with target.unit = "{unit}": expected "{WORD}", '
                "since whole words take the place of <UNK>"
            )
        self.replace_unknown = replace_unknown
        self._target_lang = target_lang
        self._target_nlp: Language | None = None
        self._max_source, self._truncate = max_source, truncate
        self._steps, self._wiring = Steps(model), wiring(model)

    @property
    def units(self) -> PairUnits:
        """RETURNS (PairUnits): How texts become ids."""
        return self.model.attrs[VOCABULARY]

    @property
    def has_attention(self) -> bool:
        """RETURNS (bool): Whether the decoder attends to the source."""
        return len(self.model.get_ref("core").layers[2].layers) > 1

    @property
    def target_pieces(self) -> list[str]:
        """RETURNS (List[str]): The piece of each id that it writes."""
        return list(self.units.target.vocabulary)

    def source_pieces(self, doc: Doc) -> list[str]:
        """RETURNS (List[str]): The pieces of a Doc that it reads, "<EOS>" last."""
        return self._source(doc).texts

    def labels_of(self, reference: Doc) -> Iterable[str]:
        return ()

    def words_of(self, reference: Doc) -> Iterable[Any]:
        """The words of both sides, each with its side."""
        references = learned_references(self.name, reference)
        return self.units.words_of(reference, references) if references else ()

    def initialize(  # type: ignore[override]  # it has no labels
        self,
        get_examples: Any,
        *,
        nlp: Language | None = None,
        vocabulary: str | Path | None = None,
        lexicon: str | Path | None = None,
    ) -> None:
        """Learn the vocabularies of the examples, and initialise the model.

        get_examples (Callable): Gives the training examples, at every call anew.
        nlp (Language): The pipeline.
        vocabulary (str / Path): See `SequencePipe.initialize`; of words, those of the source.
        lexicon (str / Path): A file of source words and translations, tab-separated, for
            `replace_unknown`.
        RAISES (InputError): If a reference is empty or a source too long, with the number of the
            text; or there is nothing to learn from.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        self.cfg.pop(LEXICON, None)
        if lexicon is not None:
            if not self.replace_unknown:
                raise InputError(f"{self.name}: lexicon without replace_unknown = true")
            self.cfg[LEXICON] = read_lexicon(lexicon)
        before, is_long = self.units, False

        def check(eg: Example) -> None:
            nonlocal is_long
            is_learned = bool(learned_references(self.name, eg.reference))
            if not is_learned or not self._may_be_long(eg.predicted):
                return
            if self.units is before and before.source.unit == SUBWORD:
                is_long = True  # perhaps: its pieces are not learned yet
            else:
                self._source(eg.predicted)

        texts = partial(checked, get_examples, check)
        super().initialize(texts, nlp=nlp, vocabulary=vocabulary)
        if is_long:
            deque(texts(), maxlen=0)

    def _may_be_long(self, doc: Doc) -> bool:
        """Whether its characters are too many: a piece has one at least."""
        return max(len(doc), len(doc.text.lower())) > self._max_source

    def _survey(self, examples: Iterable[Example]) -> Any:
        return super()._survey(self._with_references(examples))

    def _with_references(self, examples: Iterable[Example]) -> Iterator[Example]:
        """Those that have some; raises InputError if none has."""
        seen = found = 0
        for eg in examples:
            seen += 1
            if references_of(eg.reference):
                found += 1
                yield eg
        if seen and not found:
            raise InputError(
                f"{self.name}: none of {seen:,} training texts has a translation; expected a list "
                "of strings in reference._.references, as seqpipe.ParallelCorpus.v1 gives it"
            )

    def connect(self) -> None:
        fit(self.model, self.units)

    def _connect_loaded(self) -> None:
        learned = wiring(self.model)
        for key, value in self._wiring.items():
            if learned[key] != value:
                raise InputError(
                    f"{self.name}: {key} = {value!r} in the config, but the model was trained with "
                    f"{learned[key]!r}: expected the same"
                )
        for side, units in (("source", self.units.source), ("target", self.units.target)):
            table: Any = self.model.get_ref(side)
            found = len(table.get_param("E")) if table.has_param("E") else None
            if found is not None and found != len(units.vocabulary):
                raise InputError(
                    f"{self.name}: the {side}'s vocabulary has {len(units.vocabulary)} pieces, the "
                    f"model's weights have {found}: expected those it was trained with"
                )

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from those of a batch that have references, none of them empty. See
        `SequencePipe.update`."""
        known = [
            eg
            for eg in examples
            if learned_references(self.name, eg.reference) and eg.predicted.text.strip()
        ]
        return super().update(known, drop=drop, sgd=sgd, losses=losses)

    def model_input(self, examples: list[Example]) -> Pairs:
        """A pair for each reference."""
        units, rng = self.units, None
        if units.source.dropout or units.target.dropout:
            # The state of numpy's own generator is kept in checkpoints.
            rng = np.random.default_rng(np.random.randint(2**31))
        pairs = [
            (self._source(eg.predicted, rng).ids, units.target.target(text, rng).ids)
            for eg in examples
            for text in references_of(eg.reference)
        ]
        return Pairs([source for source, _ in pairs], [target for _, target in pairs])

    def get_loss(self, examples: Iterable[Example], scores: Any) -> tuple[float, Any]:
        """The loss of a batch, and its factor: the gradient is that of the mean over pieces."""
        pieces = sum(len(found) for found in scores)
        return -math.fsum(float(found.sum()) for found in scores), 1.0 / max(1, pieces)

    def _source(self, doc: Doc, rng: np.random.Generator | None = None) -> Pieces:
        pieces, most = self.units.source.source(doc, rng), self._max_source
        if rng is not None and len(pieces.ids) - 1 > most:
            # BPE-dropout makes more pieces; a source must not be too long by chance.
            pieces = self.units.source.source(doc)
        found = len(pieces.ids) - 1
        if found <= most:
            return pieces
        if not self._truncate:
            raise InputError(
                f"{self.name}: a source of {found} pieces, {doc.text[:40]!r}...: expected "
                f"max_source = {most} at most, or truncate = true, which cuts it"
            )
        return pieces.cut(most)

    def search(
        self, docs: Sequence[Doc], options: SearchOptions | None = None
    ) -> list[list[Translation]]:
        """Search translations.

        docs (Sequence[Doc]): The sources; they are not changed.
        options (Optional[SearchOptions]): By default the component's.
        RETURNS (List[List[Translation]]): For each doc the `n_best`, best first, of equal texts one
            alone. The translations of a doc do not depend on the others; log-probabilities, scores
            and attention only by what single precision rounds.
        RAISES (InputError): If a source is too long.
        """
        options = options or self.options
        return self._by_batch(docs, options.width, lambda _, some: self._search(some, options)[0])

    def _by_batch(self, docs: Sequence[Doc], width: int, run: Any) -> list[list[Translation]]:
        """Sources of like length together, not too many at once.

        run (Callable): From the places of some docs and their sources to their translations.
        """
        sources = [self._source(doc) for doc in docs]
        warn_of_unknown(self.name, docs, sources)
        found: list[list[Translation]] = [[NOTHING] for _ in docs]
        lengths = np.array([len(source.ids) for source in sources])
        order = [i for i in np.argsort(lengths, kind="stable").tolist() if lengths[i] > 1]
        size = max(1, BEAM_ROWS // width)
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            for i, one in zip(chosen, run(chosen, [sources[i] for i in chosen]), strict=True):
                found[i] = one
        return found

    def _search(
        self, sources: list[Pieces], options: SearchOptions, *, trace: bool = False
    ) -> tuple[list[list[Translation]], list[list[list[TraceNode]]]]:
        lengths = [len(source.ids) for source in sources]
        found = beam_search(
            self._steps,
            self._begin(sources),
            options.limits(lengths),
            width=options.width,
            score=options.score(),
            n_best=options.n_best,
            source_lengths=np.array(lengths) if self.has_attention else None,
            trace=trace,
        )
        translations = [
            distinct([self._translation(source, hypothesis) for hypothesis in one.hypotheses])
            for source, one in zip(sources, found, strict=True)
        ]
        return translations, [one.trace for one in found]

    def _begin(self, sources: list[Pieces]) -> Prediction:
        return self._steps.begin([source.ids for source in sources])

    def trace(
        self, doc: Doc, options: SearchOptions | None = None
    ) -> tuple[list[Translation], list[list[TraceNode]]]:
        """Search translations of a doc, and keep what the search did.

        doc (Doc): The source.
        options (Optional[SearchOptions]): By default the component's.
        RETURNS (Tuple): What `search` gives, and what was kept at each step; `target_pieces` says
            what its tokens are.
        RAISES (InputError): If the source is too long.
        """
        source = self._source(doc)
        if len(source.ids) == 1:
            return [NOTHING], []
        (found,), (steps,) = self._search([source], options or self.options, trace=True)
        return found, steps

    def target_doc(self, doc: Doc) -> Doc:
        """The translation that was set on a doc, as a Doc of the target language.

        doc (Doc): Translated by this component.
        RETURNS (Doc): Tokenised by the rules of `target_lang`.
        RAISES (InputError): If it has no translation.
        """
        text = translation_of(doc)
        if text is None:
            raise InputError(f"{self.name}: the doc has no translation yet: expected nlp(text)")
        if self._target_nlp is None:
            self._target_nlp = spacy.blank(self._target_lang)
        return self._target_nlp.make_doc(text)

    def sample(
        self,
        docs: Sequence[Doc],
        *,
        sampling: Sampling,
        seed: int | None = None,
        options: SearchOptions | None = None,
    ) -> list[Translation]:
        """Draw a translation of each doc.

        docs (Sequence[Doc]): The sources.
        sampling (Sampling): From which probabilities.
        seed (Optional[int]): The same gives the same for a doc in the same place, whatever the
            others are.
        options (Optional[SearchOptions]): Of which the lengths and `no_repeat` count.
        RETURNS (List[Translation]): Their score is their log-probability.
        """
        options = options or self.options

        def run(places: list[int], sources: list[Pieces]) -> list[list[Translation]]:
            limits = options.limits([len(source.ids) for source in sources])
            begun = self._begin(sources)
            drawn = sample(self._steps, begun, limits, sampling=sampling, seed=seed, places=places)
            return [[self._translation(s, one)] for s, one in zip(sources, drawn, strict=True)]

        return [found for (found,) in self._by_batch(docs, 1, run)]

    def score_targets(
        self, docs: Sequence[Doc], targets: Sequence[str], options: SearchOptions | None = None
    ) -> list[Translation]:
        """What the model says of given translations: log P(y|x), piece by piece.

        docs (Sequence[Doc]): The sources.
        targets (Sequence[str]): A translation of each.
        options (Optional[SearchOptions]): `score` is as a search with these has it; by default the
            component's.
        RETURNS (List[Translation]): Of each, with <EOS>.
        RAISES (InputError): If there is not one for each, one is empty, no piece of one is known,
            one has <PAD>, <BOS> or <EOS> in it, or a source is too long.
        """
        if len(docs) != len(targets):
            raise InputError(f"{len(docs)} sources, {len(targets)} targets: expected one for each")
        ys = [self.units.target.target(text) for text in targets]
        for text, y in zip(targets, ys, strict=True):
            check_target(self.name, text, y)
        score = (options or self.options).score()
        found = forced(self._steps, [self._source(doc) for doc in docs], ys, score)
        return [
            Translation(text, tuple(y.texts), log_probs, value, True, attention)
            for text, y, (log_probs, value, attention) in zip(targets, ys, found, strict=True)
        ]

    def _translation(self, source: Pieces, hypothesis: Hypothesis) -> Translation:
        pieces = self.units.target.vocabulary.words(hypothesis.words)
        attention: Any = hypothesis.attention
        if attention is not None:
            attention = attention[:, : len(source.ids)].astype(np.float32)
        shown = pieces
        if self.replace_unknown and Vocabulary.UNK in pieces:
            lexicon, lower = self.cfg.get(LEXICON, {}), self.units.source.lower
            shown = without_unknown(pieces, source.words[:-1], attention, lexicon, lower=lower)
        ends = (Vocabulary.EOS,) if hypothesis.finished else ()
        return Translation(
            self.units.target.text(shown),
            (*pieces, *ends),
            hypothesis.log_probs,
            hypothesis.score,
            hypothesis.finished,
            attention,
        )

    def predict(self, docs: Iterable[Doc]) -> list[list[Translation]]:
        """RETURNS (List[List[Translation]]): As `search`."""
        return self.search(list(docs))

    def set_annotations(self, docs: Iterable[Doc], scores: list[list[Translation]]) -> None:
        """Set what was found.

        docs (Iterable[Doc]): The docs. scores: What `predict` gave for them.
        """
        for doc, found in zip(docs, scores, strict=True):
            attention = found[0].attention
            if attention is not None:
                attention = by_token(attention, self._source(doc).tokens, len(doc))
            set_translations(doc, found, attention)
