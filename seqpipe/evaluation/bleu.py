"""BLEU with the counts that it is made of (Papineni et al. 2002, section 2), and beside it chrF
(Popović 2015), TER (Snover et al. 2006) and exact match. sacreBLEU (Post 2018) computes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import BYTE_ORDER_MARK

if TYPE_CHECKING:
    import sacrebleu.metrics

# Those of sacreBLEU that download nothing; the last two need packages of their own.
TOKENIZERS = ("13a", "none", "intl", "char", "zh", "ja-mecab", "ko-mecab")
ADD_K = "add-k"
VALUED = ("floor", ADD_K)  # smoothings that take a value
SMOOTHINGS = ("exp", *VALUED, "none")
ORDER = 4  # of the longest n-grams
SOME_TOKENISED = 100  # from so many on sacreBLEU doubts that a text is as written


@dataclass(frozen=True)
class BleuOptions:
    """How BLEU is computed; the signature says it.

    lowercase (bool): Whether capitals do not count. For chrF too.
    tokenize (str): sacreBLEU's tokenizer, one of `TOKENIZERS`; "none" for text that has white space
        around each token.
    smoothing (str): What stands for a precision of 0: "exp" halves it from order to order, "floor"
        takes `smoothing_value` for the count, "add-k" adds `smoothing_value` to counts and totals
        of all orders from 2 on, "none" leaves it, and BLEU is 0 (Chen & Cherry 2014).
    smoothing_value (Optional[float]): For "floor" and "add-k"; None: 0.1 and 1.
    RAISES (InputError): If there is no such tokenizer or smoothing, or the value fits none.
    """

    lowercase: bool = False
    tokenize: str = "13a"
    smoothing: str = "exp"
    smoothing_value: float | None = None

    def __post_init__(self) -> None:
        for name, known in (("tokenize", TOKENIZERS), ("smoothing", SMOOTHINGS)):
            if getattr(self, name) not in known:
                found = getattr(self, name)
                raise InputError(f"{name} = {found!r}: expected one of {', '.join(known)}")
        value = self.smoothing_value
        if value is None:
            return
        if self.smoothing not in VALUED:
            raise InputError(
                f"smoothing_value = {value}: smoothing {self.smoothing!r} takes none, expected "
                f"one of {', '.join(VALUED)}"
            )
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"smoothing_value = {value}: expected a number above 0")


@dataclass(frozen=True)
class Bleu:
    """BLEU of a corpus or a sentence, and what it is made of.

    score (float): From 0 to 100: the brevity penalty times the geometric mean of the precisions.
    clipped (Tuple[int, ...]): How many n-grams of the hypotheses, for n from 1 to 4, stand in a
        reference; each counts at most as often as the reference that has it most often.
    totals (Tuple[int, ...]): How many n-grams the hypotheses have.
    precisions (Tuple[float, ...]): In percent, as the score has them: smoothed.
    brevity_penalty (float): 1 if the hypotheses are not shorter than the references, else
        exp(1 - reference_length / hypothesis_length).
    hypothesis_length, reference_length (int): In tokens; of several references that which is
        closest in length counts, of equally close ones the shorter.
    """

    score: float
    clipped: tuple[int, ...]
    totals: tuple[int, ...]
    precisions: tuple[float, ...]
    brevity_penalty: float
    hypothesis_length: int
    reference_length: int

    @property
    def ratio(self) -> float | None:
        """RETURNS (Optional[float]): Length of the hypotheses by that of the references."""
        return self.hypothesis_length / self.reference_length if self.reference_length else None

    @property
    def is_smoothed(self) -> tuple[bool, ...]:
        """RETURNS (Tuple[bool, ...]): For each n whether the precision is not clipped / total."""
        rows = zip(self.precisions, self.clipped, self.totals, strict=True)
        return tuple(
            not math.isclose(shown, 100 * clipped / total if total else 0.0)
            for shown, clipped, total in rows
        )

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        return asdict(self)


@dataclass(frozen=True)
class CorpusScores:
    """What a corpus of translations reaches; all scores from 0 to 100, TER also above.

    bleu (Bleu): BLEU and its parts.
    chrf, ter (Optional[float]): None if not asked for. TER is better the lower.
    exact_match (float): The share of hypotheses that are one of their references, white space
        around them left out.
    signatures (Dict[str, str]): sacreBLEU's, of "bleu" and maybe "chrf" and "ter".
    sentences (int): How many there are.
    empty_hypotheses, empty_references (Tuple[int, ...]): Numbers, from 1, of the sentences whose
        hypothesis is empty, or one of whose references is.
    tokenised (int): How many hypotheses look as if white space stood between their tokens, though
        a tokenizer is used: they end in " .".
    has_byte_order_mark (bool): Whether the first hypothesis or reference begins with one.
    """

    bleu: Bleu
    chrf: float | None
    ter: float | None
    exact_match: float
    signatures: dict[str, str]
    sentences: int
    empty_hypotheses: tuple[int, ...]
    empty_references: tuple[int, ...]
    tokenised: int
    has_byte_order_mark: bool

    def notes(self) -> list[str]:
        """RETURNS (List[str]): What a reader of the scores should know of the texts."""
        notes = [
            f"{len(found):,} of {self.sentences:,} {what} empty, the first in line {found[0]}"
            for found, what in (
                (self.empty_hypotheses, "hypotheses are"),
                (self.empty_references, "sentences have a reference that is"),
            )
            if found
        ]
        if self.tokenised >= SOME_TOKENISED:
            notes.append(
                f'{self.tokenised:,} hypotheses end in " .": texts in tokens are compared with '
                "tokenize = none, or should be joined first"
            )
        if self.has_byte_order_mark:
            notes.append(
                "the first line begins with a byte order mark, which is scored with it, as "
                "sacreBLEU does"
            )
        return notes

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        return asdict(self)


def corpus_scores(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    options: BleuOptions | None = None,
    chrf: bool = False,
    ter: bool = False,
) -> CorpusScores:
    """Score the translations of a corpus.

    hypotheses (Sequence[str]): One a sentence; an empty one is scored, and noted.
    references (Sequence[Sequence[str]]): For each sentence one or more.
    options (BleuOptions): How; None for sacreBLEU's defaults.
    chrf, ter (bool): Whether to compute them too. TER does not look at case, as is its default.
    RETURNS (CorpusScores): The scores.
    RAISES (InputError): If there are no sentences, not as many references as hypotheses, or a
        sentence without any; if the tokenizer needs a package that is not there.
    """
    options = options or BleuOptions()
    streams = check_parallel(hypotheses, references)
    found = {
        name: (metric.corpus_score(hypotheses, streams), str(metric.get_signature()))
        for name, metric in metrics(options, chrf=chrf, ter=ter).items()
    }
    exact = sum(
        _is_exact(hypothesis, some, options)
        for hypothesis, some in zip(hypotheses, references, strict=True)
    )
    return CorpusScores(
        bleu=_breakdown(found["bleu"][0], options),
        chrf=found["chrf"][0].score if chrf else None,
        ter=found["ter"][0].score if ter else None,
        exact_match=100 * exact / len(hypotheses),
        signatures={name: signature for name, (_, signature) in found.items()},
        sentences=len(hypotheses),
        empty_hypotheses=tuple(n for n, one in enumerate(hypotheses, 1) if not one.strip()),
        empty_references=tuple(
            n for n, some in enumerate(references, 1) if not all(map(str.strip, some))
        ),
        tokenised=0 if options.tokenize == "none" else sum(h.endswith(" .") for h in hypotheses),
        has_byte_order_mark=any(
            text.startswith(BYTE_ORDER_MARK) for text in (hypotheses[0], *references[0])
        ),
    )


def sentence_bleu(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    options: BleuOptions | None = None,
) -> list[Bleu]:
    """BLEU of each sentence alone, with effective order: n-grams longer than the hypothesis do not
    count (the signature of the corpus holds, but for `eff:yes`).

    hypotheses, references, options: As for `corpus_scores`.
    RETURNS (List[Bleu]): One a sentence.
    RAISES (InputError): As `corpus_scores`.
    """
    options = options or BleuOptions()
    check_parallel(hypotheses, references)
    metric = bleu_metric(options, effective_order=True)
    return [
        _breakdown(metric.sentence_score(hypothesis, list(some)), options)
        for hypothesis, some in zip(hypotheses, references, strict=True)
    ]


def metrics(options: BleuOptions, *, chrf: bool, ter: bool) -> dict[str, Any]:
    """RETURNS (Dict[str, sacrebleu.metrics.base.Metric]): sacreBLEU's "bleu" and what else is asked
    for of "chrf" and "ter".

    options (BleuOptions): How.
    chrf, ter (bool): Whether they are asked for.
    RAISES (InputError): If the tokenizer needs a package that is not there.
    """
    from sacrebleu.metrics import CHRF, TER

    found: dict[str, Any] = {"bleu": bleu_metric(options)}
    if chrf:
        found["chrf"] = CHRF(lowercase=options.lowercase)
    if ter:
        found["ter"] = TER()
    return found


def bleu_metric(options: BleuOptions, *, effective_order: bool = False) -> sacrebleu.metrics.BLEU:
    """RETURNS (sacrebleu.metrics.BLEU): sacreBLEU's own.

    options (BleuOptions): How.
    effective_order (bool): Whether n-grams longer than a text do not count.
    RAISES (InputError): If the tokenizer needs a package that is not there.
    """
    from sacrebleu.metrics import BLEU

    try:
        return BLEU(
            lowercase=options.lowercase,
            tokenize=options.tokenize,
            smooth_method=options.smoothing,
            smooth_value=options.smoothing_value,
            max_ngram_order=ORDER,
            effective_order=effective_order,
            # Texts that look tokenised are counted here, and noted.
            force=True,
        )
    except (ImportError, RuntimeError) as error:
        words = " ".join(str(error).split())
        raise InputError(f"tokenize = {options.tokenize!r}: {words}") from error


def check_parallel(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]]
) -> list[tuple[str | None, ...]]:
    """Check that each hypothesis has references, and turn them as sacreBLEU wants them.

    hypotheses (Sequence[str]): One a sentence.
    references (Sequence[Sequence[str]]): Those of each sentence.
    RETURNS (List[Tuple[Optional[str], ...]]): The first reference of every sentence, the second
        of every one, ...; None where one has fewer.
    RAISES (InputError): If there are none, or not as many, or a sentence has no list of strings.
    """
    if not hypotheses:
        raise InputError("no hypothesis, expected one or more")
    if len(hypotheses) != len(references):
        raise InputError(
            f"{len(hypotheses):,} hypotheses and references for {len(references):,} sentences: "
            "expected as many"
        )
    for number, some in enumerate(references, start=1):
        if isinstance(some, str) or not some or not all(isinstance(one, str) for one in some):
            raise InputError(f"sentence {number}: references {some!r}, expected a list of strings")
    return list(zip_longest(*references))


def _is_exact(hypothesis: str, references: Sequence[str], options: BleuOptions) -> bool:
    texts = [text.strip() for text in (hypothesis, *references)]
    if options.lowercase:
        texts = [text.lower() for text in texts]
    return texts[0] in texts[1:]


def _breakdown(score: sacrebleu.metrics.bleu.BLEUScore, options: BleuOptions) -> Bleu:
    added = 0.0
    if options.smoothing == ADD_K and any(score.counts):
        # sacreBLEU counts what it added, but for unigrams.
        added = 1.0 if options.smoothing_value is None else options.smoothing_value
    return Bleu(
        score=float(score.score),
        clipped=tuple(round(count - added * (n > 0)) for n, count in enumerate(score.counts)),
        totals=tuple(round(total - added * (n > 0)) for n, total in enumerate(score.totals)),
        precisions=tuple(map(float, score.precisions)),
        brevity_penalty=float(score.bp),
        hypothesis_length=score.sys_len,
        reference_length=score.ref_len,
    )
