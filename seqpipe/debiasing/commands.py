"""`seqpipe debiasing`: debias vectors, and measure bias before and after."""

# No future import of annotations: Typer reads these.
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe.hookspecs import hookimpl

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.debiasing.word_lists import WordLists
    from seqpipe.reporting.bias_report_direction import AlongDirection


class Method(StrEnum):
    """How vectors are debiased; with an underscore the values are those of `debiaser.METHODS`."""

    HARD = "hard"
    DOUBLE_HARD = "double-hard"


class Direction(StrEnum):
    """How the direction is found; the values are those of `subspace.METHODS`."""

    SVD = "svd"
    MEAN = "mean"
    DIFFERENCE = "difference"


class Definitional(StrEnum):
    """Which words keep their component; the values are those of `debiaser.SOURCES`."""

    LIST = "list"
    CLASSIFIER = "classifier"


class Form(StrEnum):
    """How vectors are written; the values are those of `vector_files.FORMS` without floret's."""

    WORD2VEC = "word2vec"
    WORD2VEC_BINARY = "word2vec-binary"
    GLOVE = "glove"
    SPACY = "spacy"


Vectors = Annotated[
    Path,
    typer.Argument(
        metavar="VECTORS",
        help="A pipeline's folder, or a file of vectors, plain or gzipped.",
        show_default=False,
    ),
]
After = Annotated[
    Path | None,
    typer.Option(help="The same words after debiasing, as VECTORS.", show_default=False),
]
Lists = Annotated[
    Path | None,
    typer.Option(
        help="Word lists (JSON), or a folder of debiaswe's; else small ones for English gender.",
        show_default=False,
    ),
]
DirectionOption = Annotated[Direction, typer.Option(help="How it is found from the pairs.")]
DefinitionalOption = Annotated[
    Definitional,
    typer.Option(help="Words that keep their component: listed, or learned from the seed."),
]
Capitals = Annotated[
    bool, typer.Option("--capitals", help="Words with capitals may be neutral, as German nouns.")
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all that is drawn at random.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
# A metrics file has no numbers of single words: those are for --json.
BY_WORD = ("projections", "shares", "by_word")


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the group `debiasing`."""
    group = typer.Typer(
        help="Bias of word vectors: its direction, hard debiasing, and an audit.",
        no_args_is_help=True,
    )
    for command in (apply, audit, direction, lists):
        group.command(command.__name__)(command)
    app.add_typer(group, name="debiasing")


def apply(
    vectors: Vectors,
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="A folder for a pipeline, or a file: .txt, .vec or .bin, also with .gz.",
            show_default=False,
        ),
    ],
    lists: Lists = None,
    method: Annotated[
        Method, typer.Option(help="Double-hard takes a direction of frequency away first.")
    ] = Method.HARD,
    direction: DirectionOption = Direction.SVD,
    k: Annotated[int, typer.Option("--k", min=1, help="Dimensions of the subspace.")] = 1,
    definitional: DefinitionalOption = Definitional.LIST,
    equalise: Annotated[
        bool, typer.Option("--equalise/--no-equalise", help="Equalise the sets of the lists.")
    ] = True,
    match_case: Annotated[
        bool, typer.Option("--match-case", help="She is not she: lists hold as they are written.")
    ] = False,
    keep_lengths: Annotated[
        bool, typer.Option("--keep-lengths", help="Vectors keep their lengths; else all have 1.")
    ] = False,
    to: Annotated[Form | None, typer.Option(help="Form to write; else told by the name.")] = None,
    lang: Annotated[
        str, typer.Option(help="Language of a pipeline that is made for a file's vectors.")
    ] = "xx",
    seed: Seed = 0,
    report: Annotated[
        Path | None, typer.Option(help="Metrics file (JSON) to write.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Debias vectors: neutralise, and equalise pairs, along a direction that is found from pairs.

    A pipeline keeps its components. `audit` measures what is left.
    """
    import time

    from rich.console import Console

    from seqpipe.debiasing.debiaser import Settings, debias
    from seqpipe.debiasing.given_files import check_output, given_lists, given_vectors, is_pipeline
    from seqpipe.debiasing.given_pipeline import (
        learned_on_vectors,
        load_with_vectors,
        write_debiased,
    )
    from seqpipe.files import check_writable
    from seqpipe.reporting.bias_report_direction import print_debiased
    from seqpipe.reporting.metrics import write_metrics

    settings = Settings(
        method=method.value.replace("-", "_"),
        direction=direction.value,
        k=k,
        definitional=definitional.value,
        equalise=equalise,
        cases=not match_case,
        keep_lengths=keep_lengths,
        seed=seed,
    )
    given = given_lists(lists)
    form = check_output(output, None if to is None else to.value)
    check_writable(report, "metrics")
    began = time.perf_counter()
    with _working() as say:
        say("reading vectors")
        nlp = None
        if is_pipeline(vectors):
            nlp, before = load_with_vectors(vectors)
        else:
            before = given_vectors(vectors)
        say(f"debiasing {len(before.words):,} words")
        about = _described(vectors)
        found = debias(before, given, settings)
        say("writing")
        write_debiased(found.vectors, output, form=form, lang=lang, nlp=nlp)
    scores = found.report()
    # Shown before it is written: a full disk loses nothing.
    if as_json:
        _print_json(scores)
    else:
        print_debiased(Console(highlight=False), scores)
    if report is not None:
        seconds = time.perf_counter() - began
        corpora = [] if lists is None else _described(lists)
        write_metrics(
            report, {"scores": scores, "vectors": about, "lists": corpora, "seconds": seconds}
        )
    if nlp is not None and (names := learned_on_vectors(nlp)):
        learned = ", ".join(names)
        typer.echo(f"note: trained on the vectors before, to be trained again: {learned}", err=True)
    if not as_json:
        _say_where(("The vectors are", output), ("Metrics are", report))


def audit(
    vectors: Vectors,
    after: After = None,
    lists: Lists = None,
    weat: Annotated[
        Path | None,
        typer.Option(
            help="WEFE's WEAT.json: five published tests, in the place of the lists' own.",
            show_default=False,
        ),
    ] = None,
    similarity: Annotated[
        list[Path] | None,
        typer.Option(
            help="The price: pairs of words with a score a line, or a folder of such files; may "
            "be repeated.",
            show_default=False,
        ),
    ] = None,
    analogies: Annotated[
        Path | None, typer.Option(help="The price: questions of four words.", show_default=False)
    ] = None,
    sembias: Annotated[
        Path | None, typer.Option(help="The file of SemBias.", show_default=False)
    ] = None,
    evaluate: Annotated[
        tuple[str, str, Path] | None,
        typer.Option(
            metavar="BEFORE AFTER DATA",
            help="The price: pipelines trained on both, by `seqpipe evaluate`; folders of several "
            "seeds with commas between.",
            show_default=False,
        ),
    ] = None,
    direction: DirectionOption = Direction.SVD,
    definitional: DefinitionalOption = Definitional.LIST,
    exponent: Annotated[float, typer.Option(help="c of direct bias, from 0.")] = 1.0,
    per_side: Annotated[
        int, typer.Option(min=2, help="The most biased words of a side that are clustered.")
    ] = 500,
    capitals: Capitals = False,
    seed: Seed = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Metrics file (JSON) to write.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page too, to look at in a browser.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure bias before and after, and the price; each metric with what it cannot show.

    Words are those of the lists; the direction is found in VECTORS, before.
    """
    import time

    from rich.console import Console

    from seqpipe.debiasing.audit import audit as measure
    from seqpipe.debiasing.findings import AuditSettings
    from seqpipe.debiasing.given_files import given_lists, given_price, given_vectors
    from seqpipe.debiasing.published_lists import read_sembias
    from seqpipe.debiasing.subspace import find_subspace
    from seqpipe.files import InputError, atomic_write, check_writable
    from seqpipe.reporting.bias_report import print_audit
    from seqpipe.reporting.bias_report_page import render_audit
    from seqpipe.reporting.metrics import write_metrics

    if not 0 <= exponent < float("inf"):
        raise InputError(f"--exponent {exponent:g}, expected 0 or more")
    given = given_lists(lists, weat)
    questions = () if sembias is None else read_sembias(sembias)
    price = given_price(similarity or [], analogies, evaluate)
    check_writable(output, "metrics")
    check_writable(html, "page")
    began = time.perf_counter()
    with _working() as say:
        say("reading vectors")
        before = given_vectors(vectors)
        then = None if after is None else given_vectors(after)
        # Too few pairs stop here, not at the end of all else.
        find_subspace(before, given.pairs, method=direction.value)
        say(f"measuring {len(before.words):,} words{'' if then is None else ', before and after'}")
        found = measure(
            before,
            then,
            given,
            seed=seed,
            settings=AuditSettings(
                direction=direction.value, exponent=exponent, per_side=per_side, capitals=capitals
            ),
            definitional=_learned(before, given, definitional),
            sembias_questions=questions,
            price=price,
        )
    seconds = time.perf_counter() - began
    # Shown before it is written: a full disk loses nothing.
    if as_json:
        _print_json(found.as_dict())
    else:
        print_audit(Console(highlight=False), found)
    if html is not None:
        with atomic_write(html) as stream:
            names = vectors.name if after is None else f"{vectors.name} and {after.name}"
            stream.write(render_audit(found, title=f"Audit of bias: {names}"))
    if output is not None:
        record = {
            "scores": _without_words(found.as_dict()),
            "vectors": _described(vectors),
            "after": None if after is None else _described(after),
            "lists": None if lists is None else _described(lists),
            "corpora": [
                _described(path)
                for path in (weat, sembias, *price.similarity, *price.analogies)
                if path is not None
            ],
            "seconds": seconds,
        }
        write_metrics(output, record)
    if not as_json:
        _say_where(("The page is", html), ("Metrics are", output))


def direction(
    vectors: Vectors,
    after: After = None,
    lists: Lists = None,
    direction: DirectionOption = Direction.SVD,
    k: Annotated[
        int | None,
        typer.Option("--k", min=1, help="Dimensions to show; else ten.", show_default=False),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(
            help="Words to draw: a set of the lists by its name, words with commas, or a file, "
            "one a line; else occupations.",
            show_default=False,
        ),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Words to show of each side.")] = 10,
    capitals: Capitals = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Draw the words too: .png, .svg or .pdf."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the direction: what it explains, the farthest words, and words before and after."""
    from rich.console import Console

    from seqpipe.debiasing.given_files import given_lists, given_vectors
    from seqpipe.debiasing.given_words import (
        cosines,
        farthest_words,
        side_names,
        subspace_to_show,
        words_to_show,
    )
    from seqpipe.reporting.bias_report_direction import AlongDirection
    from seqpipe.reporting.bias_report_plot import draw_along
    from seqpipe.reporting.plots import check_plot_file

    given = given_lists(lists)
    name, chosen = words_to_show(given, words)
    if output is not None:
        check_plot_file(output)
    with _working() as say:
        say("reading vectors")
        before = given_vectors(vectors)
        then = None if after is None else given_vectors(after)
        say("looking for the direction")
        found = subspace_to_show(before, given, method=direction.value, k=k)
        farthest = farthest_words(before, given, found.direction, n, capitals=capitals)
    missing: tuple[str, ...] = ()
    along = None
    if chosen:
        values, missing = cosines(before, chosen, found.direction)
        later = None
        if then is not None:
            later, _ = cosines(then, tuple(values), found.direction)
            values = {word: values[word] for word in values if word in later}
        along = AlongDirection.sorted_by_bias(name, values, later, side_names(given))
    if as_json:
        _print_json(
            {
                **found.as_dict(),
                "farthest": {side: dict(some) for side, some in farthest},
                "words": None if along is None else _by_word(along),
                "missing": list(missing),
            }
        )
    else:
        _print_direction(Console(highlight=False), found.as_dict(), farthest, along, missing, n)
    if output is not None and along is not None:
        title = f"{vectors.name}: {name}"
        draw_along(output, along.extremes(max(n, 30)), title=title)
        if not as_json:
            _say_where(("The picture is", output))


def lists(
    given: Annotated[
        Path | None,
        typer.Argument(
            metavar="LISTS",
            help="Word lists (JSON), or a folder of debiaswe's; else those that are shipped.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the lists as JSON.")
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(help="Write a template for other languages and attributes.", metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show word lists, and see that they are sound; or write the shipped ones or a template."""
    from rich.console import Console

    from seqpipe.debiasing.given_files import given_lists
    from seqpipe.debiasing.word_lists import LISTS
    from seqpipe.files import atomic_write, check_writable
    from seqpipe.reporting.bias_report_lists import lists_as_dict, print_lists

    check_writable(output, "lists")
    check_writable(template, "template")
    found = given_lists(given)
    if output is not None:
        with atomic_write(output) as stream:
            stream.write(_json(lists_as_dict(found)) + "\n")
    if template is not None:
        with atomic_write(template) as stream:
            stream.write((LISTS / "template.json").read_text(encoding="utf-8"))
    if as_json:
        _print_json(lists_as_dict(found))
    elif output is None and template is None:
        print_lists(Console(highlight=False), found)
    else:
        _say_where(("The lists are", output), ("The template is", template))


def _print_direction(
    console: "Console",
    found: dict[str, Any],
    farthest: list[tuple[str, list[tuple[str, float]]]],
    along: "AlongDirection | None",
    missing: tuple[str, ...],
    n: int,
) -> None:
    from seqpipe.reporting.bias_report_direction import (
        print_along,
        print_extremes,
        print_subspace,
    )

    print_subspace(console, found)
    print_extremes(console, farthest)
    if along is not None:
        print_along(console, along.extremes(n))
    if missing:
        shown = ", ".join(missing[:5])
        typer.echo(f"note: {len(missing):,} words have no vector, such as {shown}", err=True)


def _by_word(along: "AlongDirection") -> dict[str, Any]:
    columns = {"before": along.before, "after": along.after}
    return {
        "set": along.name,
        **{
            when: dict(zip(along.words, map(float, values), strict=True))
            for when, values in columns.items()
            if values is not None
        },
    }


def _learned(vectors: Any, lists: "WordLists", definitional: Definitional) -> tuple[str, ...]:
    """Definitional words that a classifier finds, as for `apply`."""
    if definitional is Definitional.LIST:
        return ()
    from seqpipe.debiasing.definitional import find_definitional

    return find_definitional(vectors, lists.seed).words


def _without_words(found: Any) -> Any:
    """RETURNS (Any): The same without the numbers of each word."""
    if isinstance(found, list):
        return [_without_words(inner) for inner in found]
    if not isinstance(found, dict):
        return found
    return {
        key: _without_words(inner)
        for key, inner in found.items()
        # The words that are clustered; at the top "sides" are their two names.
        if key not in BY_WORD and not (key == "sides" and isinstance(inner, dict))
    }


def _described(path: Path) -> dict[str, str]:
    """A file or folder and its checksums; an installed pipeline's name."""
    from seqpipe.reporting.metrics import describe_corpus

    return describe_corpus(path) if path.exists() else {"path": str(path)}


@contextmanager
def _working() -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is done and for how long, when it takes longer than two seconds.

    YIELDS (Callable): Takes what is done now.
    """
    import sys
    import threading

    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    bar = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        redirect_stdout=False,
        redirect_stderr=False,
    )
    task = bar.add_task("")
    timer = threading.Timer(2.0, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda what: bar.update(task, description=what)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


def _say_where(*written: tuple[str, Path | None]) -> None:
    for what, path in written:
        if path is not None:
            typer.echo(f"{what} in {path}")


def _json(found: Any) -> str:
    import json

    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)


def _print_json(found: Any) -> None:
    typer.echo(_json(found))
