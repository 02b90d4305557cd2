"""Sources with references as a command is given them, as examples that a translator can be judged
by; and the scorer that the pipeline judges it by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.training import Example
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.pipelines import check_text, read_examples, run_before
from seqpipe.references import REFERENCES, references_of
from seqpipe.vocabulary.text_lines import STANDARD_INPUT

from .given_texts import check_file, doc_of
from .parallel import Pair, read_paired_texts, read_pairs

if TYPE_CHECKING:
    from .rnn_translator import RNNTranslator

SCORER, TABLE = "seqpipe.BleuScorer.v1", "seqpipe.PairedTexts.v1"


def given_pairs(
    source: Path | None, target_file: Path | None, text: str | None, target: str | None
) -> tuple[Iterable[Pair], tuple[Path, Path] | None]:
    """The pairs of two files, or that of the command line.

    source, target_file (Optional[Path]): Files that belong together line by line.
    text, target (Optional[str]): A source and its translation.
    RETURNS (Tuple): The pairs, and the files if there are some.
    RAISES (InputError): If a side is missing, or both ways are given.
    """
    is_text = text is not None
    both_sides = (source is None) == (target_file is None) == is_text == (target is not None)
    if not both_sides:
        raise InputError("expected two files, SOURCE and TARGET, or both --text and --target")
    if source is not None and target_file is not None:
        check_files([source, target_file])
        return read_pairs(source, target_file), (source, target_file)
    for side, which in ((text, "--text"), (target, "--target")):
        check_text(side or "", which)
    return [Pair(1, text or "", (target or "",))], None


def check_files(paths: Iterable[Path]) -> None:
    """Refuse files that are not there, standard input among them.

    paths (Iterable[Path]): They.
    RAISES (InputError): If one is missing.
    """
    for path in paths:
        if str(path) == STANDARD_INPUT:
            raise InputError("-: standard input is not read here, expected a file")
        check_file(path)


def read_data(
    nlp: Language, pipe: RNNTranslator, paths: Sequence[Path], *, limit: int = 0
) -> list[Example]:
    """Read sources with references.

    nlp (Language): The pipeline; what stands before the translator is run.
    pipe (RNNTranslator): One of its components.
    paths (Sequence[Path]): A file of sources and one or several of references, line by line; or a
        .spacy file whose docs carry references; or a table, source<tab>reference, which a pipeline
        that was trained on such tables reads as it read those. Of others each row is a text, as a
        line of files is: equal sources are gathered only where that reader says so.
    limit (int): The first so many; 0 for all.
    RETURNS (List[Example]): Those that have references, one at least.
    RAISES (InputError): If a file or a line of one is at fault, or there are no references.
    """
    check_files(paths)
    if len(paths) == 1 and (paths[0].suffix == ".spacy" or _reads_tables(nlp)):
        examples = _of_corpus(nlp, pipe, paths[0])
    elif len(paths) == 1:
        examples = _of_pairs(nlp, pipe, read_paired_texts(paths[0]), paths[0])
    else:
        examples = _of_pairs(nlp, pipe, read_pairs(paths[0], paths[1:]), paths[0])
    found = list(islice(examples, limit or None))
    if not found:
        message = "no doc has references, expected them in doc._.references, a list of strings"
        raise InputError(message, path=paths[0])
    return found


def _of_corpus(nlp: Language, pipe: RNNTranslator, path: Path) -> Iterator[Example]:
    for number, eg in enumerate(read_examples(nlp, path), start=1):
        if not references_of(eg.reference):
            continue
        (doc,) = run_before(nlp, pipe, [eg.predicted])
        try:
            pipe.source_pieces(doc)
        except InputError as error:
            raise InputError(f"text {number}: {error}", path=path) from error
        yield Example(doc, eg.reference)


def _of_pairs(
    nlp: Language, pipe: RNNTranslator, pairs: Iterator[Pair], path: Path
) -> Iterator[Example]:
    for pair in pairs:
        doc = doc_of(nlp, pipe, pair.source, path=path, line=pair.line)
        reference = nlp.make_doc(pair.source)
        reference._.set(REFERENCES, list(pair.references))
        yield Example(doc, reference)


def _reads_tables(nlp: Language) -> bool:
    """Whether the pipeline's development corpus is a table of pairs."""
    config = nlp.config.interpolate()
    block: Any = config
    for part in (config.get("training", {}).get("dev_corpus") or "corpora.dev").split("."):
        block = block.get(part, {}) if isinstance(block, dict) else {}
    return block.get("@readers") == TABLE


def own_scorer(nlp: Language, pipe: RNNTranslator) -> Callable[..., dict[str, Any]] | None:
    """RETURNS (Optional[Callable]): BLEU as the pipeline's own evaluation has it, nothing beside
    it; None if the component is scored by something else.

    nlp (Language): The pipeline.
    pipe (RNNTranslator): One of its components.
    """
    block = nlp.get_pipe_config(pipe.name).get("scorer")
    if not isinstance(block, dict) or block.get("@scorers") != SCORER:
        return None
    return registry.resolve({"scorer": {**block, "chrf": False, "ter": False}})["scorer"]
