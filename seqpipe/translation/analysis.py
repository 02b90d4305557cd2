"""Error analysis of beam search: for each wrong translation whether the search or the model is at
fault, by beam width and length (Ng, Sequence Models, 2018, week 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.references import references_of

from .advice import advise
from .error_rows import BleuChange, ErrorRow, WidthScore, bleu_change, error_row
from .length_buckets import ScoredCorpus, Scorer, bucket_label, split_by_length
from .verdicts import (
    MODEL,
    OUT_OF_REACH,
    RIGHT,
    SEARCH,
    Judged,
    Reach,
    ShownError,
    Target,
    any_known,
    judge,
    no_score,
)

if TYPE_CHECKING:
    from .pair_units import PairUnits
    from .search import SearchOptions
    from .translation import Translation

WIDTHS = (1, 3, 10, 30)
TOGETHER = 250  # sentences whose attention is in memory at once


class Translator(Protocol):
    """What the analysis asks of a component; `rnn_translator` has it."""

    name: str
    options: SearchOptions
    scorer: Scorer | None

    @property
    def units(self) -> PairUnits:
        """RETURNS (PairUnits): How texts become pieces."""

    def search(
        self, docs: Sequence[Doc], options: SearchOptions | None = None
    ) -> list[list[Translation]]:
        """RETURNS (List[List[Translation]]): The n best of each doc.

        docs (Sequence[Doc]): Sources.
        options (Optional[SearchOptions]): How; None for the translator's own.
        """

    def score_targets(
        self, docs: Sequence[Doc], targets: Sequence[str], options: SearchOptions | None = None
    ) -> list[Translation]:
        """RETURNS (List[Translation]): The targets as the search would score them.

        docs (Sequence[Doc]): Sources.
        targets (Sequence[str]): One text for each.
        options (Optional[SearchOptions]): How they are ranked; None for the translator's own.
        """

    def source_pieces(self, doc: Doc) -> list[str]:
        """RETURNS (List[str]): What attention is paid to, "<EOS>" last.

        doc (Doc): A source.
        """


@dataclass(frozen=True)
class ErrorAnalysis:
    """Whose fault the wrong translations are.

    model (str): The component's name.
    options (Dict[str, Any]): Of the search, the width apart.
    width (int): The one in use, in the table or not.
    widths (Tuple[int, ...]): Those of the table, rising.
    left_out (int): Docs without references.
    rows (Tuple[ErrorRow, ...]): For each width all sentences, then those of each length.
    changes (Tuple[BleuChange, ...]): Of BLEU, from each width to each wider one that has a BLEU.
    unreachable (Dict[str, int]): Sentences that are out of reach, by the reason.
    signature (str): sacreBLEU's.
    judged (Tuple[Judged, ...]): Each sentence at each width, without attention.
    examples (Tuple[ShownError, ...]): Some errors of each kind at each width, with attention.
    """

    model: str
    options: dict[str, Any]
    width: int
    widths: tuple[int, ...]
    left_out: int
    rows: tuple[ErrorRow, ...]
    changes: tuple[BleuChange, ...]
    unreachable: dict[str, int]
    signature: str
    judged: tuple[Judged, ...]
    examples: tuple[ShownError, ...]

    @property
    def advice(self) -> list[str]:
        """RETURNS (List[str]): What the table says, in words."""
        return advise(self)

    @property
    def totals(self) -> list[ErrorRow]:
        """RETURNS (List[ErrorRow]): The rows of all sentences, by width."""
        return [row for row in self.rows if row.label is None]

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): As plain data."""
        return {
            "model": self.model,
            "options": self.options,
            "width": self.width,
            "left_out": self.left_out,
            "rows": [row.as_dict() for row in self.rows],
            "changes": [asdict(change) for change in self.changes],
            "unreachable": self.unreachable,
            "bleu_signature": self.signature,
            "advice": self.advice,
            "judged": [one.as_dict() for one in self.judged],
        }


def analyse(
    pipe: Translator,
    examples: Iterable[Example],
    *,
    widths: Sequence[int] = WIDTHS,
    options: SearchOptions | None = None,
    edges: Sequence[int] | None = None,
    scorer: Scorer | None = None,
    shown: int = 2,
) -> ErrorAnalysis:
    """Judge each translation at each beam width. `verdicts.judge` says how.

    The references are scored once: their score depends on the normalisation and on coverage, not on
    the width. T counts <EOS> on both sides. Of subwords a reference is scored in the one way in
    which the model cuts it.

    pipe (Translator): The component.
    examples (Iterable[Example]): Sources in `predicted`, as the component is to see them, and
        `reference._.references`; a doc without references is left out and counted.
    widths (Sequence[int]): Beam widths.
    options (Optional[SearchOptions]): Of the search; None for the component's own. `n_best` plays
        no part.
    edges (Optional[Sequence[int]]): The longest length of each bucket but the last, in tokens of
        the source; None for `length_buckets.default_edges`.
    scorer (Optional[Callable]): Of Examples; None for the component's own, or if it has none,
        `seqpipe.BleuScorer.v1` as it is.
    shown (int): Examples to keep of each verdict at each width: the first that there are. A
        sentence is shown once for a verdict.
    RETURNS (ErrorAnalysis): The analysis.
    RAISES (InputError): If there are no widths or one is below 1, no doc has references, or the
        edges do not rise.
    """
    widths = sorted(set(widths))
    if not widths or widths[0] < 1:
        raise InputError(f"widths = {widths}: expected one or more, each at least 1")
    options = pipe.options if options is None else options
    judged, chosen, read = [], _Examples(shown), 0
    for chunk in _chunks(examples, TOGETHER):
        sources = [source for source in _sources(chunk, read) if source.references]
        read += len(chunk)
        for one, doc in _judge(pipe, sources, widths, replace(options, n_best=1)):
            if chosen.wants(one):
                chosen.keep(ShownError(one, tuple(pipe.source_pieces(doc))))
            judged.append(one.without_attention())
    if not judged:
        raise InputError("no doc has references, expected them in reference._.references")
    judged.sort(key=lambda one: (one.width, one.number))
    rows, changes, signature = _table(judged, widths, edges, scorer or pipe.scorer)
    reasons = {one.number: one.target.out_of_reach for one in judged if one.verdict == OUT_OF_REACH}
    settings = asdict(options)
    return ErrorAnalysis(
        model=pipe.name,
        options={name: settings[name] for name in settings if name not in ("width", "n_best")},
        width=options.width,
        widths=tuple(widths),
        left_out=read - len(judged) // len(widths),
        rows=tuple(rows),
        changes=tuple(changes),
        unreachable={
            str(reason): count for reason, count in Counter(reasons.values()).most_common()
        },
        signature=signature,
        judged=tuple(judged),
        examples=tuple(chosen.in_order()),
    )


class _Source(NamedTuple):
    """A doc to translate, and what it should become."""

    number: int
    doc: Doc
    references: tuple[str, ...]


def _sources(examples: Sequence[Example], read: int) -> Iterator[_Source]:
    for number, eg in enumerate(examples, start=read + 1):
        yield _Source(number, eg.predicted, tuple(references_of(eg.reference)))


def _chunks(examples: Iterable[Example], size: int) -> Iterator[list[Example]]:
    left = iter(examples)
    while chunk := list(islice(left, size)):
        yield chunk


def _judge(
    pipe: Translator, sources: Sequence[_Source], widths: Sequence[int], options: SearchOptions
) -> Iterator[tuple[Judged, Doc]]:
    """Judge some sentences at all widths."""
    docs = [source.doc for source in sources]
    known = _targets(pipe, sources, options)
    for width in widths:
        found = pipe.search(docs, replace(options, width=width))
        for source, (output, *_), some in zip(sources, found, known, strict=True):
            verdict, target = judge(output, some)
            judged = Judged(
                number=source.number,
                width=width,
                tokens=len(source.doc),
                source=source.doc.text,
                references=source.references,
                output=output,
                target=target,
                verdict=verdict,
            )
            yield judged, source.doc


def _targets(
    pipe: Translator, sources: Sequence[_Source], options: SearchOptions
) -> list[list[Target]]:
    """The references of each sentence, all scored together."""
    pairs = [(source, text) for source in sources for text in source.references]
    written = [_written(pipe, text) for _, text in pairs]
    # The component refuses to score a target of which it knows nothing.
    scored = [
        (*pair, pieces) for pair, pieces in zip(pairs, written, strict=True) if any_known(pieces)
    ]
    forced = iter(
        pipe.score_targets(
            [one.doc for one, _, _ in scored], [text for _, text, _ in scored], options
        )
    )
    reaches = {source.number: _reach(pipe, source.doc, options) for source in sources}
    found: dict[int, list[Target]] = {source.number: [] for source in sources}
    for (source, text), pieces in zip(pairs, written, strict=True):
        one = replace(next(forced), pieces=pieces) if any_known(pieces) else no_score(text, pieces)
        target = Target(text, one, reaches[source.number].excludes(pieces))
        found[source.number].append(target)
    return list(found.values())


def _written(pipe: Translator, text: str) -> tuple[str, ...]:
    """The pieces with which the search would write a text, <UNK> for what it cannot write."""
    units = pipe.units.target
    return tuple(units.vocabulary.words(units.target(text).ids))


def _reach(pipe: Translator, doc: Doc, options: SearchOptions) -> Reach:
    source = len(pipe.source_pieces(doc))
    # For a source of nothing but <EOS> nothing is searched.
    max_length = options.max_length(source) if source > 1 else 0
    return Reach(max_length, options.min_length, options.no_repeat)


class _Examples:
    """The errors that are shown: the first of each verdict at each width.

    most (int): How many of each.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: list[ShownError] = []
        self.counts: Counter[tuple[str, int]] = Counter()
        self.seen: set[tuple[str, int]] = set()

    def wants(self, one: Judged) -> bool:
        """RETURNS (bool): Whether a sentence is wrong, and not enough of its kind are kept.

        one (Judged): The sentence.
        """
        if one.verdict == RIGHT or (one.verdict, one.number) in self.seen:
            return False
        return self.counts[one.verdict, one.width] < self.most

    def keep(self, shown: ShownError) -> None:
        """Keep an error.

        shown (ShownError): It.
        """
        one = shown.judged
        self.counts[one.verdict, one.width] += 1
        self.seen.add((one.verdict, one.number))
        self.kept.append(shown)

    def in_order(self) -> list[ShownError]:
        """RETURNS (List[ShownError]): By verdict and width."""
        order = (SEARCH, MODEL, OUT_OF_REACH)
        return sorted(self.kept, key=lambda e: (order.index(e.judged.verdict), e.judged.width))


def _table(
    judged: Sequence[Judged],
    widths: Sequence[int],
    edges: Sequence[int] | None,
    scorer: Scorer | None,
) -> tuple[list[ErrorRow], list[BleuChange], str]:
    """The rows of the table, the changes of BLEU, and sacreBLEU's signature."""
    by_width = [[one for one in judged if one.width == width] for width in widths]
    buckets = split_by_length([one.tokens for one in by_width[0]], edges)
    rows: list[ErrorRow] = []
    whole: list[WidthScore] = []
    for width, some in zip(widths, by_width, strict=True):
        texts, references = [one.output.text for one in some], [one.references for one in some]
        corpus = ScoredCorpus(texts, references, scorer)
        whole.append(WidthScore(width, *corpus.scores(range(len(some)))))
        rows.append(error_row(None, some, whole[-1]))
        for limits, places in buckets.items() if len(buckets) > 1 else ():
            found = WidthScore(width, *corpus.scores(places))
            rows.append(error_row(bucket_label(*limits), [some[place] for place in places], found))
    changes = (bleu_change(narrow, wide) for narrow, wide in combinations(whole, 2))
    signature = whole[0].score["bleu_signature"]
    return rows, [change for change in changes if change is not None], signature
