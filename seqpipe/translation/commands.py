"""`seqpipe translation`: translate, score given translations, and look at what a model does."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import Annotated

import typer

from seqpipe.command_output import open_output, progress, say_where
from seqpipe.hookspecs import hookimpl
from seqpipe.translation import command_options as asked
from seqpipe.translation.inspection import analyze, attention, beam, lengths


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
        typer.Option(
            "--n-best",
            "-n",
            help="Translations of each text; from 2 on as lines of rank, score, text.",
        ),
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
    from seqpipe.translation.given_options import (
        check_method,
        drawing,
        load_translator,
        search_options,
    )
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
    nlp, pipe = load_translator(model, component, gpu_id)
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
        say_where(("The translations are", output))


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
    from seqpipe.translation.given_options import load_translator, search_options

    pairs, paths = given_pairs(source, target_file, text, target)
    check_writable(output, "scores", read=[source, target_file])
    nlp, pipe = load_translator(model, component, gpu_id)
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
        say_where(("The scores are", output))
