"""What the debiasing commands are given, looked at before the work: word lists, vectors, pipelines
to score, and places to write to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from seqpipe.embeddings.vector_files import SPACY, form_of_content, form_of_name
from seqpipe.files import InputError, check_writable
from seqpipe.pipelines import check_replaceable

from .findings import PriceFiles
from .price import PipelinePair
from .subspace import check_sets
from .word_lists import WordLists
from .words import WordVectors


def given_lists(path: Path | None, weat: Path | None = None) -> WordLists:
    """Read word lists.

    path (Optional[Path]): A JSON file, or a folder of debiaswe's; None for the shipped ones.
    weat (Optional[Path]): WEFE's WEAT.json: its published tests take the place of those of the
        lists.
    RETURNS (WordLists): The lists.
    RAISES (InputError): If a file is not there or broken, or a pair stands there twice.
    """
    lists = WordLists.english_gender() if path is None else WordLists.load(path)
    try:
        check_sets(lists.pairs, "pairs")
        check_sets(lists.equalise, "equalise")
    except InputError as error:
        raise InputError(str(error), path=path) from error
    if weat is None:
        return lists
    from .published_lists import read_weat

    return replace(lists, weat=read_weat(weat)[1])


def given_vectors(path: Path) -> WordVectors:
    """Read vectors, and see that there are some.

    path (Path): See `WordVectors.load`.
    RETURNS (WordVectors): The vectors.
    RAISES (InputError): If they are not there, broken, floret's, or none.
    """
    vectors = WordVectors.load(path)
    if len(vectors.empty) == len(vectors.words):
        raise InputError("no vector in it that is not zero", path=path)
    return vectors


def check_there(paths: Iterable[Path]) -> None:
    """See that what is read late is there.

    paths (Iterable[Path]): Files and folders.
    RAISES (InputError): Names the first that is not.
    """
    for path in paths:
        if not path.exists():
            raise InputError("no such file or folder", path=path)


def given_price(
    similarity: Sequence[Path],
    analogies: Path | None,
    evaluate: tuple[str, str, Path] | None,
) -> PriceFiles:
    """Gather what the price is measured on.

    similarity (Sequence[Path]): Files of word pairs, or folders of such files.
    analogies (Optional[Path]): A file of questions.
    evaluate (Optional[Tuple[str, str, Path]]): Folders of pipelines before and after, of several
        seeds with commas between, and a corpus.
    RETURNS (PriceFiles): All of it is there.
    RAISES (InputError): Names what is not.
    """
    from seqpipe.embeddings.evaluation import pair_files

    questions = () if analogies is None else (analogies,)
    check_there([*similarity, *questions])
    pipelines = () if evaluate is None else (_pipelines(*evaluate),)
    return PriceFiles(
        similarity=tuple(pair_files(similarity)), analogies=questions, pipelines=pipelines
    )


def _pipelines(before: str, after: str, data: Path) -> PipelinePair:
    check_there([data])
    sides = []
    for given in (before, after):
        one = Path(given)
        folders = (one,) if one.exists() else tuple(map(Path, filter(None, given.split(","))))
        check_there(folders)
        for folder in folders:
            if not (folder / "config.cfg").is_file():
                raise InputError("no config.cfg in it, expected a saved pipeline", path=folder)
        sides.append(folders)
    return PipelinePair(name=data.stem, data=data, before=sides[0], after=sides[1])


def is_pipeline(path: Path) -> bool:
    """RETURNS (bool): Whether vectors come in a whole pipeline, with components that may stay.

    path (Path): A file, a folder, or the name of an installed pipeline.
    """
    if not path.exists():
        from spacy.util import is_package

        return is_package(str(path))
    return form_of_content(path) == SPACY and (path / "config.cfg").is_file()


def check_output(path: Path, form: str | None) -> str:
    """See that vectors can be written.

    path (Path): The file or the folder.
    form (Optional[str]): How; None: by the name.
    RETURNS (str): The form.
    RAISES (InputError): If the name says no form, something else stands there, or nothing can be
        written there.
    """
    form = form or form_of_name(path)
    if form == SPACY:
        check_replaceable(path)
        # A folder is written beside its place.
        check_writable(path.absolute().with_name(f".{path.absolute().name}.new"), "pipeline")
    else:
        check_writable(path, "vectors")
    return form
