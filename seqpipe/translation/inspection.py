"""Commands that look into what a translator does: errors, attention, beams, lengths."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe.command_output import (
    PICTURES,
    check_page,
    check_picture,
    console,
    described,
    metrics_file,
    print_json,
    progress,
    say_where,
    write_page,
)
from seqpipe.translation import command_options as asked

if TYPE_CHECKING:
    from seqpipe.reporting.attention import TranslationExample


def analyze(
    context: typer.Context,
    model: asked.ModelPath,
    data: asked.Data,
    widths: asked.Widths = "1,3,10,30",
    normalisation: asked.NormalisationOption = None,
    alpha: asked.Alpha = None,
    coverage: asked.Coverage = None,
    min_length: asked.MinLength = None,
    no_repeat: asked.NoRepeat = None,
    max_ratio: asked.MaxRatio = None,
    limit: asked.Limit = 0,
    examples: Annotated[
        int, typer.Option(min=0, help="Errors of each kind and width on the page.")
    ] = 2,
    output: asked.MetricsOutput = None,
    html: asked.HtmlPage = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Say for each wrong translation whether the search or the model is at fault, by beam width."""
    import time

    from seqpipe.reporting.error_analysis import print_analysis, render_analysis
    from seqpipe.translation.analysis import analyse
    from seqpipe.translation.given_data import check_files, own_scorer, read_data
    from seqpipe.translation.given_options import load_translator, search_options, whole_numbers
    from seqpipe.translation.watched import Watched

    chosen = whole_numbers(widths, "--beam-widths")
    check_files(data)
    metrics = metrics_file(output, context.obj, read=data)
    check_page(html, read=data)
    nlp, pipe = load_translator(model, component, gpu_id)
    options = search_options(
        pipe,
        normalisation=normalisation and normalisation.value,
        alpha=alpha,
        coverage=coverage,
        min_length=min_length,
        no_repeat=no_repeat,
        max_ratio=max_ratio,
    )
    began = time.perf_counter()
    given = read_data(nlp, pipe, data, limit=limit)
    with progress("searches", total=len(given) * len(chosen)) as advance:
        found = analyse(
            Watched(pipe, advance),
            given,
            widths=chosen,
            options=options,
            scorer=own_scorer(nlp, pipe),
            shown=examples,
        )
    seconds = time.perf_counter() - began
    scores = found.as_dict()
    try:
        if as_json:
            print_json(scores)
        else:
            print_analysis(console(), found)
    finally:
        # Also where nobody reads on.
        if html is not None:
            write_page(html, render_analysis(found))
        if metrics is not None:
            without = {key: value for key, value in scores.items() if key != "judged"}
            record = {"scores": without, "model": str(model), "seconds": seconds}
            metrics.write(record | {"corpora": [described(path) for path in data]})
    if not as_json:
        say_where(("The page is", html), ("Metrics are", output))


def attention(
    model: asked.ModelPath,
    text: asked.Text,
    target: Annotated[
        str | None,
        typer.Option(help="Translation to look at, instead of the model's.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Picture: .png, .svg, .pdf or .html."),
    ] = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show which pieces of a text each piece of its translation was written from."""
    from seqpipe.files import InputError
    from seqpipe.pipelines import check_text
    from seqpipe.reporting.attention import AttentionMap, TranslationExample
    from seqpipe.reporting.attention_table import print_attention
    from seqpipe.translation.given_options import load_translator
    from seqpipe.translation.given_texts import doc_of

    check_text(text, "the text")
    if target is not None:
        check_text(target, "--target")
    check_picture(output, (*PICTURES, ".html"))
    nlp, pipe = load_translator(model, component, gpu_id)
    if not pipe.has_attention:
        raise InputError(f"{pipe.name} has no attention, expected a model with it", path=model)
    doc = doc_of(nlp, pipe, text)
    if target is None:
        ((found, *_),) = pipe.search([doc])
    else:
        (found,) = pipe.score_targets([doc], [target])
    assert found.attention is not None  # the model has it, and the text is not empty
    weights = AttentionMap(pipe.source_pieces(doc), found.pieces, found.attention)
    if as_json:
        pieces = {"source_pieces": list(weights.source), "attention": weights.weights.tolist()}
        print_json({"source": doc.text, **found.as_dict(), **pieces})
    elif output is None:
        print_attention(console(), weights, title=f"log P {found.log_prob:.3f}   {found.text}")
    if output is not None:
        example = TranslationExample(
            source=doc.text, output=found.text, log_prob=found.log_prob, attention=weights
        )
        _draw_attention(output, example)
        if not as_json:
            say_where(("The picture is", output))


def _draw_attention(path: Path, example: "TranslationExample") -> None:
    from seqpipe.reporting.attention import render_attention
    from seqpipe.reporting.attention_plot import draw_attention

    if path.suffix.lower() == ".html":
        write_page(path, render_attention([example]))
    elif example.attention is not None:
        lacking = draw_attention(path, example.attention)
        if lacking:
            typer.echo(f"No font of this machine can write: {' '.join(lacking)}", err=True)


def beam(
    model: asked.ModelPath,
    text: asked.Text,
    width: asked.Width = None,
    normalisation: asked.NormalisationOption = None,
    alpha: asked.Alpha = None,
    coverage: asked.Coverage = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Page to write: .html.")
    ] = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show what a beam search kept at each step, as a tree."""
    from seqpipe.pipelines import check_text
    from seqpipe.reporting.beam_lines import print_beam_tree
    from seqpipe.reporting.beam_page import render_beam_tree
    from seqpipe.reporting.beam_tree import beam_tree
    from seqpipe.translation.given_options import load_translator, search_options
    from seqpipe.translation.given_texts import doc_of

    check_text(text, "the text")
    check_picture(output, (".html",))
    nlp, pipe = load_translator(model, component, gpu_id)
    ranked = normalisation and normalisation.value
    given = {"width": width, "normalisation": ranked, "alpha": alpha, "coverage": coverage}
    options = search_options(pipe, **given)
    found, steps = pipe.trace(doc_of(nlp, pipe, text), options)
    pieces = pipe.target_pieces
    if as_json:
        kept = [[{"piece": pieces[node.token], **vars(node)} for node in nodes] for nodes in steps]
        print_json({"translation": found[0].as_dict(), "steps": kept})
    elif output is None:
        print_beam_tree(console(), beam_tree(steps, pieces))
    if output is not None:
        title = f"Beam search of width {options.width}: {text}"
        write_page(output, render_beam_tree(beam_tree(steps, pieces), title=title))
        if not as_json:
            say_where(("The page is", output))


def lengths(
    context: typer.Context,
    data: asked.Data,
    models: Annotated[
        list[str],
        typer.Option(
            "--model",
            metavar="[NAME=]FOLDER",
            help="A saved pipeline, may be repeated: each gets a curve.",
            show_default=False,
        ),
    ],
    edges: Annotated[
        str | None,
        typer.Option(
            help="The most tokens of each length but the last, with commas.", show_default=False
        ),
    ] = None,
    width: asked.Width = None,
    normalisation: asked.NormalisationOption = None,
    alpha: asked.Alpha = None,
    limit: asked.Limit = 0,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", help="Picture (.png, .svg, .pdf) or metrics file; both too."
        ),
    ] = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show BLEU by length of the source, of one model or several.

    Lengths are in tokens, as the first model's pipeline tells them apart.
    """
    import time

    from seqpipe.reporting.length_curve import plot_length_curves, print_length_curves
    from seqpipe.translation.given_data import check_files, own_scorer, read_data
    from seqpipe.translation.given_options import (
        load_translator,
        named_models,
        search_options,
        whole_numbers,
    )
    from seqpipe.translation.length_curves import length_curve

    folders = named_models(models)
    limits = None if edges is None else whole_numbers(edges, "--edges")
    check_files(data)
    pictures = [path for path in output or () if path.suffix.lower() in PICTURES]
    for path in pictures:
        check_picture(path, PICTURES, read=data)
    others = [path for path in output or () if path not in pictures]
    metrics = [file for path in others if (file := metrics_file(path, context.obj, read=data))]
    began = time.perf_counter()
    curves, tokens = {}, None
    for name, folder in folders.items():
        nlp, pipe = load_translator(Path(folder), component, gpu_id)
        ranked = normalisation and normalisation.value
        options = search_options(pipe, width=width, normalisation=ranked, alpha=alpha)
        given = read_data(nlp, pipe, data, limit=limit)
        tokens = tokens or [len(eg.predicted) for eg in given]
        with progress(f"texts, {name}", total=len(given)) as advance:
            curves[name] = length_curve(
                pipe,
                given,
                options,
                lengths=tokens,
                edges=limits,
                scorer=own_scorer(nlp, pipe),
                advance=advance,
            )
    seconds = time.perf_counter() - began
    found = {name: [bucket.as_dict() for bucket in curve] for name, curve in curves.items()}
    try:
        if as_json:
            print_json(found)
        else:
            print_length_curves(console(), curves)
    finally:
        # Also where nobody reads on.
        for path in pictures:
            plot_length_curves(path, curves)
        for file in metrics:
            record = {"scores": found, "models": folders, "seconds": seconds}
            file.write(record | {"corpora": [described(path) for path in data]})
    if not as_json:
        say_where(*(("Metrics are", file.path) for file in metrics))
        say_where(*(("The picture is", path) for path in pictures))
