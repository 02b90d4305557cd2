"""`seqpipe debiasing`: debias vectors, and measure bias before and after."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe.command_output import (
    check_page,
    console,
    described,
    metrics_file,
    print_json,
    say_where,
    working,
    write_page,
)
from seqpipe.debiasing import command_options as asked
from seqpipe.hookspecs import hookimpl

if TYPE_CHECKING:
    from seqpipe.reporting.bias_report_direction import AlongDirection

# Words of each side in a picture, which has more room than a terminal.
DRAWN = 30


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
    context: typer.Context,
    vectors: asked.Vectors,
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="A folder for a pipeline, or a file: .txt, .vec or .bin, also with .gz.",
            show_default=False,
        ),
    ],
    lists: asked.Lists = None,
    method: Annotated[
        asked.Method, typer.Option(help="Double-hard takes a direction of frequency away first.")
    ] = asked.Method.HARD,
    direction: asked.DirectionOption = asked.Direction.SVD,
    k: Annotated[int, typer.Option("--k", min=1, help="Dimensions of the subspace.")] = 1,
    definitional: asked.DefinitionalOption = asked.Definitional.LIST,
    equalise: Annotated[
        bool, typer.Option("--equalise/--no-equalise", help="Equalise the sets of the lists.")
    ] = True,
    match_case: Annotated[
        bool, typer.Option("--match-case", help="She is not she: lists hold as they are written.")
    ] = False,
    keep_lengths: Annotated[
        bool, typer.Option("--keep-lengths", help="Vectors keep their lengths; else all have 1.")
    ] = False,
    to: Annotated[
        asked.Form | None, typer.Option(help="Form to write; else told by the name.")
    ] = None,
    lang: asked.Language = "xx",
    seed: asked.Seed = 0,
    metrics: Annotated[
        Path | None,
        typer.Option(help="Metrics file: .json, .csv, .md, or a plugin's.", show_default=False),
    ] = None,
    as_json: asked.AsJson = False,
) -> None:
    """Debias vectors: neutralise, and equalise pairs, along a direction that is found from pairs.

    A pipeline keeps its components. `audit` measures what is left.
    """
    import time

    from seqpipe.debiasing.debiaser import Settings, debias
    from seqpipe.debiasing.given_files import check_output, given_lists, given_vectors, is_pipeline
    from seqpipe.debiasing.given_pipeline import (
        learned_on_vectors,
        load_with_vectors,
        write_debiased,
    )
    from seqpipe.reporting.bias_report_direction import print_debiased

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
    file = metrics_file(metrics, context.obj)
    began = time.perf_counter()
    with working() as say:
        say("reading vectors")
        nlp = None
        if is_pipeline(vectors):
            nlp, before = load_with_vectors(vectors)
        else:
            before = given_vectors(vectors)
        say(f"debiasing {len(before.words):,} words")
        about = described(vectors)
        found = debias(before, given, settings)
        say("writing")
        write_debiased(found.vectors, output, form=form, lang=lang, nlp=nlp)
    scores = found.report()
    seconds = time.perf_counter() - began
    try:
        if as_json:
            print_json(scores)
        else:
            print_debiased(console(), scores)
    finally:
        # Also where nobody reads on.
        if file is not None:
            corpora = [] if lists is None else described(lists)
            record = {"scores": scores, "vectors": about, "lists": corpora, "seconds": seconds}
            file.write(record)
    if nlp is not None and (names := learned_on_vectors(nlp)):
        learned = ", ".join(names)
        typer.echo(f"note: trained on the vectors before, to be trained again: {learned}", err=True)
    if not as_json:
        say_where(("The vectors are", output), ("Metrics are", metrics))


def audit(
    context: typer.Context,
    vectors: asked.Vectors,
    after: asked.After = None,
    lists: asked.Lists = None,
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
    direction: asked.DirectionOption = asked.Direction.SVD,
    definitional: asked.DefinitionalOption = asked.Definitional.LIST,
    exponent: Annotated[float, typer.Option(help="c of direct bias, from 0.")] = 1.0,
    per_side: Annotated[
        int, typer.Option(min=2, help="The most biased words of a side that are clustered.")
    ] = 500,
    capitals: asked.Capitals = False,
    seed: asked.Seed = 0,
    output: asked.MetricsOutput = None,
    html: asked.HtmlPage = None,
    as_json: asked.AsJson = False,
) -> None:
    """Measure bias before and after, and the price; each metric with what it cannot show.

    Words are those of the lists; the direction is found in VECTORS, before.
    """
    import time

    from seqpipe.debiasing.audit import audit as measure
    from seqpipe.debiasing.findings import AuditSettings
    from seqpipe.debiasing.given_files import given_lists, given_price, given_vectors
    from seqpipe.debiasing.given_words import more_definitional
    from seqpipe.debiasing.published_lists import read_sembias
    from seqpipe.debiasing.subspace import find_subspace
    from seqpipe.debiasing.without_words import without_words
    from seqpipe.files import InputError
    from seqpipe.reporting.bias_report import print_audit
    from seqpipe.reporting.bias_report_page import render_audit

    if not 0 <= exponent < float("inf"):
        raise InputError(f"--exponent {exponent:g}, expected 0 or more")
    given = given_lists(lists, weat)
    questions = () if sembias is None else read_sembias(sembias)
    price = given_price(similarity or [], analogies, evaluate)
    metrics = metrics_file(output, context.obj)
    check_page(html)
    began = time.perf_counter()
    with working() as say:
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
            definitional=more_definitional(before, given, definitional.value),
            sembias_questions=questions,
            price=price,
        )
    seconds = time.perf_counter() - began
    try:
        if as_json:
            print_json(found.as_dict())
        else:
            print_audit(console(), found)
    finally:
        # Also where nobody reads on.
        if html is not None:
            names = vectors.name if after is None else f"{vectors.name} and {after.name}"
            write_page(html, render_audit(found, title=f"Audit of bias: {names}"))
        if metrics is not None:
            corpora = (weat, sembias, *price.similarity, *price.analogies)
            record = {
                "scores": without_words(found.as_dict()),
                "vectors": described(vectors),
                "after": None if after is None else described(after),
                "lists": None if lists is None else described(lists),
                "corpora": [described(path) for path in corpora if path is not None],
                "seconds": seconds,
            }
            metrics.write(record)
    if not as_json:
        say_where(("The page is", html), ("Metrics are", output))


def direction(
    vectors: asked.Vectors,
    after: asked.After = None,
    lists: asked.Lists = None,
    direction: asked.DirectionOption = asked.Direction.SVD,
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
    capitals: asked.Capitals = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Draw the words too: .png, .svg or .pdf."),
    ] = None,
    as_json: asked.AsJson = False,
) -> None:
    """Show the direction: what it explains, the farthest words, and words before and after."""
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
    with working() as say:
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
        print_json(
            {
                **found.as_dict(),
                "farthest": {side: dict(some) for side, some in farthest},
                "words": None if along is None else along.as_dict(),
                "missing": list(missing),
            }
        )
    else:
        _print_direction(found.as_dict(), farthest, along, missing, n)
    if output is not None and along is not None:
        drawn = along.extremes(max(n, DRAWN))
        draw_along(output, drawn, title=f"{vectors.name}: {drawn.name}")
        if not as_json:
            say_where(("The picture is", output))


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
    as_json: asked.AsJson = False,
) -> None:
    """Show word lists, and see that they are sound; or write the shipped ones or a template."""
    from seqpipe.debiasing.given_files import given_lists
    from seqpipe.debiasing.word_lists import LISTS
    from seqpipe.files import check_writable
    from seqpipe.reporting.bias_report_lists import lists_as_dict, print_lists
    from seqpipe.reporting.metrics import as_json as as_json_text

    check_writable(output, "lists")
    check_writable(template, "template")
    found = given_lists(given)
    if output is not None:
        write_page(output, as_json_text(lists_as_dict(found)))
    if template is not None:
        write_page(template, (LISTS / "template.json").read_text(encoding="utf-8"))
    if as_json:
        print_json(lists_as_dict(found))
    elif output is None and template is None:
        print_lists(console(), found)
    else:
        say_where(("The lists are", output), ("The template is", template))


def _print_direction(
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

    print_subspace(console(), found)
    print_extremes(console(), farthest)
    if along is not None:
        print_along(console(), along.extremes(n))
    if missing:
        shown = ", ".join(missing[:5])
        typer.echo(f"note: {len(missing):,} words have no vector, such as {shown}", err=True)
