"""`seqpipe translation`: translate, score given translations, and look at what a model does."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe.hookspecs import hookimpl
from seqpipe.translation import command_options as asked
from seqpipe.translation.command_output import (
    PICTURES,
    check_picture,
    open_output,
    progress,
    write_data_metrics,
)

if TYPE_CHECKING:
    from spacy.language import Language

    from seqpipe.reporting.attention import TranslationExample
    from seqpipe.translation.rnn_translator import RNNTranslator


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the group `translation`."""
    group = typer.Typer(
        help="Translators: translations, their scores, and whose fault an error is.",
        no_args_is_help=True,
    )
    for command in (translate, score, analyze, attention, beam, lengths):
        group.command(command.__name__)(command)
    app.add_typer(group, name="translation")


def translate(
    model: asked.ModelPath,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A text a line, plain or gzip; - is standard input.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(help="A text to translate, may be repeated.", show_default=False),
    ] = None,
    output: asked.LinesOutput = None,
    width: asked.Width = None,
    n_best: Annotated[
        int,
        typer.Option(help="Translations of each text; from 2 on as lines of rank, score, text."),
    ] = 1,
    normalisation: asked.NormalisationOption = None,
    alpha: asked.Alpha = None,
    coverage: asked.Coverage = None,
    min_length: asked.MinLength = None,
    no_repeat: asked.NoRepeat = None,
    max_ratio: asked.MaxRatio = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Draw translations instead of searching them.")
    ] = False,
    temperature: asked.Temperature = None,
    top_k: asked.TopK = None,
    top_p: asked.TopP = None,
    seed: asked.Seed = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Translate texts, a line each. An empty line stays empty."""
    from seqpipe.files import check_writable
    from seqpipe.translation.given_lines import batch_size, translate_lines
    from seqpipe.translation.given_options import check_method, drawing, search_options
    from seqpipe.translation.given_texts import given_lines
    from seqpipe.vocabulary.text_lines import source_name

    lines = given_lines(source, text)
    check_writable(output, "translations", read=[source])
    drawn = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    searched = {
        "width": width,
        "normalisation": normalisation and normalisation.value,
        "alpha": alpha,
        "coverage": coverage,
        "n_best": None if n_best == 1 else n_best,
    }
    check_method(sample, drawn, searched)
    nlp, pipe = _load(model, component, gpu_id)
    written = {"min_length": min_length, "no_repeat": no_repeat, "max_ratio": max_ratio}
    options = search_options(pipe, **searched, **written)
    run = drawing(pipe, options, drawn) if sample else lambda docs: pipe.search(docs, options)
    path = source and source_name(source)
    found = translate_lines(nlp, pipe, lines, run, path=path, at_a_time=batch_size(source))
    is_json = as_json or (output is not None and output.suffix == ".jsonl")
    with open_output(output) as stream, progress("texts", beside=output is None) as advance:
        for line in found:
            stream.writelines(line.written(as_json=is_json, with_all=n_best > 1))
            stream.flush()
            advance(1)
    if output is not None:
        typer.echo(f"The translations are in {output}")


def score(
    model: asked.ModelPath,
    source: Annotated[
        Path | None,
        typer.Argument(metavar="SOURCE", help="Texts, one a line.", show_default=False),
    ] = None,
    target_file: Annotated[
        Path | None,
        typer.Argument(
            metavar="TARGET", help="Their translations, line by line.", show_default=False
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="A text instead of files.", show_default=False)
    ] = None,
    target: Annotated[str | None, typer.Option(help="Its translation.", show_default=False)] = None,
    output: asked.LinesOutput = None,
    pieces: Annotated[bool, typer.Option("--pieces", help="Piece by piece.")] = False,
    normalisation: asked.NormalisationOption = None,
    alpha: asked.Alpha = None,
    coverage: asked.Coverage = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Score given translations: log P(y|x) in nats, by piece too, and the last line all together.

    `score` is by what a search would rank them. <EOS> is a piece.
    """
    from seqpipe.files import check_writable
    from seqpipe.reporting.language_models import write_row
    from seqpipe.translation.given_data import given_pairs
    from seqpipe.translation.given_lines import ScoreTotal, score_pairs
    from seqpipe.translation.given_options import search_options

    pairs, paths = given_pairs(source, target_file, text, target)
    check_writable(output, "scores", read=[source, target_file])
    nlp, pipe = _load(model, component, gpu_id)
    ranked = normalisation and normalisation.value
    options = search_options(pipe, normalisation=ranked, alpha=alpha, coverage=coverage)
    is_json = as_json or (output is not None and output.suffix == ".jsonl")
    total = ScoreTotal()
    with open_output(output) as stream, progress("pairs", beside=output is None) as advance:
        for number, pair in enumerate(score_pairs(nlp, pipe, pairs, options, paths=paths)):
            total.add(pair)
            rows = pair.piece_rows() if pieces else [pair.as_dict()]
            if is_json and pieces:
                rows = [pair.as_dict() | {"each": rows}]
            if number == 0 and not is_json:
                stream.write("\t".join(rows[0]) + "\n")
            for row in rows:
                write_row(stream, row, as_json=is_json)
            advance(1)
        last = total.piece_row() if pieces and not is_json else total.row()
        write_row(stream, last, as_json=is_json)
    if output is not None:
        typer.echo(f"The scores are in {output}")


def analyze(
    model: asked.ModelPath,
    data: asked.Data,
    widths: Annotated[str, typer.Option(help="Beam widths, with commas.")] = "1,3,10,30",
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
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Metrics file (JSON) to write.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page too, to look at in a browser.")
    ] = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Say for each wrong translation whether the search or the model is at fault, by beam width."""
    import time

    from rich.console import Console

    from seqpipe.files import atomic_write, check_writable
    from seqpipe.reporting.error_analysis import print_analysis, render_analysis
    from seqpipe.translation.analysis import analyse
    from seqpipe.translation.given_data import check_files, own_scorer, read_data
    from seqpipe.translation.given_options import search_options, whole_numbers
    from seqpipe.translation.watched import Watched

    chosen = whole_numbers(widths, "--widths")
    check_files(data)
    check_writable(output, "metrics", read=data)
    check_writable(html, "page", read=data)
    nlp, pipe = _load(model, component, gpu_id)
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
    # Shown before it is written: a full disk loses nothing.
    if as_json:
        _print_json(found.as_dict())
    else:
        print_analysis(Console(highlight=False), found)
    if html is not None:
        with atomic_write(html) as stream:
            stream.write(render_analysis(found))
    if output is not None:
        scores = found.as_dict()
        del scores["judged"]  # each sentence: that is for --json
        write_data_metrics(
            output, data, {"scores": scores, "model": str(model), "seconds": seconds}
        )
    if not as_json:
        for what, path in (("The page is", html), ("Metrics are", output)):
            if path is not None:
                typer.echo(f"{what} in {path}")


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
    from rich.console import Console

    from seqpipe.files import InputError
    from seqpipe.reporting.attention import AttentionMap, TranslationExample
    from seqpipe.reporting.attention_table import print_attention
    from seqpipe.translation.given_texts import check_text, doc_of

    check_text(text, "the text")
    if target is not None:
        check_text(target, "--target")
    check_picture(output, (*PICTURES, ".html"))
    nlp, pipe = _load(model, component, gpu_id)
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
        _print_json({"source": doc.text, **found.as_dict(), **pieces})
    elif output is None:
        console = Console(highlight=False)
        print_attention(console, weights, title=f"log P {found.log_prob:.3f}   {found.text}")
    if output is not None:
        example = TranslationExample(
            source=doc.text, output=found.text, log_prob=found.log_prob, attention=weights
        )
        _draw_attention(output, example)
        if not as_json:
            typer.echo(f"The picture is in {output}")


def _draw_attention(path: Path, example: "TranslationExample") -> None:
    from seqpipe.files import atomic_write
    from seqpipe.reporting.attention import render_attention
    from seqpipe.reporting.attention_plot import draw_attention

    if path.suffix.lower() == ".html":
        with atomic_write(path) as stream:
            stream.write(render_attention([example]))
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
    from rich.console import Console

    from seqpipe.files import atomic_write
    from seqpipe.reporting.beam_lines import print_beam_tree
    from seqpipe.reporting.beam_page import render_beam_tree
    from seqpipe.reporting.beam_tree import beam_tree
    from seqpipe.translation.given_options import search_options
    from seqpipe.translation.given_texts import check_text, doc_of

    check_text(text, "the text")
    check_picture(output, (".html",))
    nlp, pipe = _load(model, component, gpu_id)
    ranked = normalisation and normalisation.value
    given = {"width": width, "normalisation": ranked, "alpha": alpha, "coverage": coverage}
    options = search_options(pipe, **given)
    found, steps = pipe.trace(doc_of(nlp, pipe, text), options)
    pieces = pipe.target_pieces
    if as_json:
        kept = [[{"piece": pieces[node.token], **vars(node)} for node in nodes] for nodes in steps]
        _print_json({"translation": found[0].as_dict(), "steps": kept})
    elif output is None:
        print_beam_tree(Console(highlight=False), beam_tree(steps, pieces))
    if output is not None:
        title = f"Beam search of width {options.width}: {text}"
        with atomic_write(output) as stream:
            stream.write(render_beam_tree(beam_tree(steps, pieces), title=title))
        if not as_json:
            typer.echo(f"The page is in {output}")


def lengths(
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
            "--output", "-o", help="Picture (.png, .svg, .pdf) or metrics file (.json); both too."
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

    from rich.console import Console

    from seqpipe.reporting.length_curve import plot_length_curves, print_length_curves
    from seqpipe.translation.given_data import check_files, own_scorer, read_data
    from seqpipe.translation.given_options import named_models, search_options, whole_numbers
    from seqpipe.translation.length_curves import length_curve

    folders = named_models(models)
    limits = None if edges is None else whole_numbers(edges, "--edges")
    check_files(data)
    for path in output or ():
        check_picture(path, (*PICTURES, ".json"), read=data)
    began = time.perf_counter()
    curves, tokens = {}, None
    for name, folder in folders.items():
        nlp, pipe = _load(Path(folder), component, gpu_id)
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
    if as_json:
        _print_json(found)
    else:
        print_length_curves(Console(highlight=False), curves)
    for path in output or ():
        if path.suffix.lower() == ".json":
            record = {"scores": found, "models": folders, "seconds": seconds}
            write_data_metrics(path, data, record)
        else:
            plot_length_curves(path, curves)
        if not as_json:
            what = "Metrics are" if path.suffix.lower() == ".json" else "The picture is"
            typer.echo(f"{what} in {path}")


def _load(path: Path, component: str, gpu_id: int) -> "tuple[Language, RNNTranslator]":
    """A pipeline, and the translator that is asked for."""
    from seqpipe.pipelines import choose_device, load_pipeline, only_component
    from seqpipe.translation.rnn_translator import RNNTranslator

    choose_device(gpu_id)
    nlp = load_pipeline(path)
    return nlp, only_component(nlp, RNNTranslator, "rnn_translator", name=component, path=path)


def _print_json(found: Any) -> None:
    import json

    from seqpipe.reporting.language_models import finite

    typer.echo(json.dumps(finite(found), indent=2, ensure_ascii=False))
