"""`bleu_evaluator`: a pipe behind a translator, whose score is BLEU, and which gives each doc that
carries references the BLEU of its translation. Light at import."""

from collections.abc import Iterable
from typing import Any

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.evaluation.bleu import BleuOptions
from seqpipe.evaluation.bleu_scorer import annotate_bleu, score_translations


@Language.factory(
    "bleu_evaluator",
    assigns=["doc._.bleu"],
    default_config={
        "lowercase": False,
        "tokenize": "13a",
        "smoothing": "exp",
        "smoothing_value": None,
        "chrf": True,
        "ter": False,
    },
    default_score_weights={"bleu": 1.0, "bleu_bp": 0.0, "exact_match": 0.0},
)
def make_bleu_evaluator(
    nlp: Language,
    name: str,
    lowercase: bool,
    tokenize: str,
    smoothing: str,
    smoothing_value: float | None,
    chrf: bool,
    ter: bool,
) -> "BleuEvaluator":
    """BLEU of what a translator before it in the pipeline says.

    lowercase, tokenize, smoothing, smoothing_value: See `BleuOptions`. Of `doc._.bleu` too.
    chrf, ter (bool): Whether `nlp.evaluate` gives them too.
    RETURNS (BleuEvaluator): The component.
    RAISES (InputError): As `BleuOptions`.
    """
    options = BleuOptions(lowercase, tokenize, smoothing, smoothing_value)
    return BleuEvaluator(name, options=options, chrf=chrf, ter=ter)


class BleuEvaluator(Pipe):
    """Sets `doc._.bleu`, from 0 to 1, on docs with `doc._.references` and `doc._.translation`, and
    leaves others as they are. It learns nothing and saves nothing: its settings are the config's.
    """

    def __init__(
        self, name: str = "bleu_evaluator", *, options: BleuOptions, chrf: bool, ter: bool
    ) -> None:
        """Make the component.

        name (str): Its name in the pipeline.
        options (BleuOptions): How BLEU is computed.
        chrf, ter (bool): Whether `score` gives them too.
        """
        self.name = name
        self.options = options
        self.chrf, self.ter = chrf, ter

    def __call__(self, doc: Doc) -> Doc:
        """Keep the BLEU of a doc's translation.

        doc (Doc): Maybe carries references.
        RETURNS (Doc): The same.
        RAISES (InputError): If its references are no list of strings.
        """
        annotate_bleu(doc, self.options)
        return doc

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score translations.

        examples (Iterable[Example]): Predictions and references.
        RETURNS (Dict[str, Any]): As `score_translations` gives it.
        """
        return score_translations(examples, options=self.options, chrf=self.chrf, ter=self.ter)
