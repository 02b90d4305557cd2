"""`seqpipe lm`: score texts, compare them, show what surprises, mix models, and write new texts."""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import (
    check_page,
    console,
    described,
    metrics_file,
    open_output,
    print_json,
    progress,
    say_where,
    working,
    write_page,
)
from seqpipe.hookspecs import hookimpl

if TYPE_CHECKING:
    from spacy.language import Language

    from seqpipe.lm.language_model import LanguageModel


class Unit(StrEnum):
    """Of log-probability and surprisal; the values are those of `annotations.NATS_A_UNIT`."""

    NATS = "nats"
    BITS = "bits"
    LOG10 = "log10"


class Method(StrEnum):
    """How a text is drawn; the values are those of `generate`."""

    SAMPLE = "sample"
    GREEDY = "greedy"
    BEAM = "beam"


UnitOption = Annotated[
    Unit | None,
    typer.Option(help="Of log-probability and surprisal; else the model's.", show_default=False),
]


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the group `lm`."""
    group = typer.Typer(
        help="Language models: the probability of a text, and new texts.", no_args_is_help=True
    )
    for command in (score, perplexity, compare, surprisal, generate, interpolate):
        group.command(command.__name__)(command)
    app.add_typer(group, name="lm")


def score(
    model: asked.ModelPath,
    source: asked.Lines,
    output: asked.LinesOutput = None,
    unit: UnitOption = None,
    tokenizer: asked.TokenizerOption = asked.Tokenizer.PIPELINE,
    tokens: Annotated[bool, typer.Option("--tokens", help="Token by token.")] = False,
    candidates: Annotated[
        bool,
        typer.Option(
            "--candidates",
            help="Each line is ID<tab>TEXT or ID<tab>SCORE<tab>TEXT, or in a .jsonl file "
            '{"id", "candidates"}: write each list best first.',
        ),
    ] = False,
    score_weight: Annotated[
        float, typer.Option(help="Of the candidates' own scores beside the log-probability.")
    ] = 1.0,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Score texts, a line each: log-probability, perplexity, tokens, and unknown words."""
    from seqpipe.files import InputError, check_writable
    from seqpipe.lm.scored_lines import ranked_lines, scored_lines
    from seqpipe.reporting.language_models import write_row
    from seqpipe.vocabulary.text_lines import lines_of

    if candidates and tokens:
        raise InputError("--candidates with --tokens: expected one of them")
    check_writable(output, "scores", read=[source])
    nlp, pipe = _load(model, component, gpu_id)
    given = (nlp, pipe, lines_of(source), source)
    shown = unit.value if unit else pipe.unit
    if candidates:
        rows = ranked_lines(*given, unit=shown, weight=score_weight, tokenizer=tokenizer.value)
    else:
        rows = scored_lines(*given, unit=shown, tokenizer=tokenizer.value, with_tokens=tokens)
    is_json = as_json if output is None else as_json or output.suffix == ".jsonl"
    with open_output(output) as stream, progress("texts", beside=output is None) as advance:
        for number, row in enumerate(rows):
            lines = [row] if is_json or not tokens else _token_lines(row)
            if number == 0 and not is_json:
                stream.write("\t".join(lines[0]) + "\n")
            for line in lines:
                write_row(stream, line, as_json=is_json)
            advance(1)
    say_where(("The scores are", output))


def _token_lines(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"line": row["line"], **each} for each in row["each"]]


def perplexity(
    context: typer.Context,
    model: asked.ModelPath,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Texts, plain or gzip, a sentence a line.", show_default=False
        ),
    ],
    tokenizer: asked.TokenizerOption = asked.Tokenizer.PIPELINE,
    component: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Name of a language model, may be repeated; else all of them."
        ),
    ] = None,
    output: asked.MetricsOutput = None,
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show how well texts are predicted, with vocabulary, unknown words and tokens beside it."""
    import time

    from seqpipe.lm.find import find_language_model, language_models
    from seqpipe.lm.perplexity import file_perplexities
    from seqpipe.pipelines import choose_device, load_pipeline
    from seqpipe.reporting.language_models import print_perplexities

    metrics = metrics_file(output, context.obj, read=files)
    choose_device(gpu_id)
    nlp = load_pipeline(model)
    names = component or list(language_models(nlp)) or [""]  # the last says that there is none
    models = {name: find_language_model(nlp, name, path=model) for name in names}
    began = time.perf_counter()
    with working() as say:
        rows = []
        for path in files:
            say(f"reading {path}")
            rows += file_perplexities(nlp, models, path, tokenizer=tokenizer.value)
    seconds = time.perf_counter() - began
    found = [row.as_dict() for row in rows]
    try:
        if as_json:
            print_json(found)
        else:
            print_perplexities(console(), rows)
    finally:
        # Also where nobody reads on.
        if metrics is not None:
            record = {"scores": found, "model": str(model), "seconds": seconds}
            metrics.write(record | {"corpora": [described(path) for path in files]})
    if not as_json:
        say_where(("Metrics are", output))


def compare(
    model: asked.ModelPath,
    text: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXT...", help="Two texts or more, each in quotes.", show_default=False
        ),
    ],
    unit: UnitOption = None,
    tokenizer: asked.TokenizerOption = asked.Tokenizer.PIPELINE,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show texts side by side, token by token: which is likelier, and by how much."""
    from seqpipe.files import InputError
    from seqpipe.lm.annotations import NATS_A_UNIT
    from seqpipe.lm.compare import compare_texts
    from seqpipe.lm.find import run_before
    from seqpipe.lm.given_texts import doc_of
    from seqpipe.pipelines import check_text
    from seqpipe.reporting.language_models import print_comparison

    if len(text) < 2:
        raise InputError("one text, expected two or more to compare, each in quotes")
    for number, one in enumerate(text, start=1):
        check_text(one, f"text {number}")
    nlp, pipe = _load(model, component, gpu_id)
    docs = [doc_of(nlp, one, tokenizer=tokenizer.value) for one in text]
    found = compare_texts(pipe, list(run_before(nlp, pipe, docs)))
    shown = unit.value if unit else pipe.unit
    if as_json:
        print_json({"model": pipe.name, "unit": shown, **found.as_dict(NATS_A_UNIT[shown])})
        return
    print_comparison(console(), found, unit=shown, scale=NATS_A_UNIT[shown])


def surprisal(
    model: asked.ModelPath,
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", help="A text in quotes, or a file.", show_default=False),
    ],
    html: asked.HtmlPage = None,
    unit: UnitOption = None,
    tokenizer: asked.TokenizerOption = asked.Tokenizer.PIPELINE,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show how surprising each word of a text is, in colours."""
    from seqpipe.lm.find import run_before
    from seqpipe.lm.given_texts import doc_of, text_or_file
    from seqpipe.lm.picture import surprisal_text
    from seqpipe.reporting.surprisal import print_surprisal, render_surprisal

    check_page(html)
    given, path = text_or_file(text)
    nlp, pipe = _load(model, component, gpu_id)
    made = doc_of(nlp, given, tokenizer=tokenizer.value, path=path)
    doc = next(run_before(nlp, pipe, [made]))
    found = surprisal_text(pipe, doc, unit=unit.value if unit else None)
    if html is not None:
        write_page(html, render_surprisal(found))
    if as_json:
        print_json(found.as_dict())
        return
    print_surprisal(console(), found)
    say_where(("The page is", html))


def generate(
    model: asked.ModelPath,
    prompt: Annotated[str, typer.Option(help="How each text begins.")] = "",
    samples: Annotated[int, typer.Option("--samples", "-n", help="How many texts.")] = 1,
    length: Annotated[int, typer.Option(help="Tokens of a text at most, behind the prompt.")] = 100,
    method: Annotated[Method, typer.Option(help="How words are chosen.")] = Method.SAMPLE,
    temperature: Annotated[
        float, typer.Option(help="Below 1 likely words come more often, above 1 less.")
    ] = 1.0,
    top_k: Annotated[int, typer.Option(help="Draw from so many likeliest words; 0: all.")] = 0,
    top_p: Annotated[
        float, typer.Option(help="Draw from the likeliest words that have this probability.")
    ] = 1.0,
    beam_width: Annotated[int, typer.Option(help="Texts that a beam search goes on with.")] = 5,
    alpha: Annotated[
        float, typer.Option(help="Of a beam search: log-probability / length^alpha is compared.")
    ] = 0.7,
    no_repeat: Annotated[
        int, typer.Option(help="No n-gram of so many tokens comes twice; 0: all may.")
    ] = 0,
    unknown: Annotated[bool, typer.Option("--unknown", help="Let <UNK> come out.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same texts.", show_default=False)
    ] = None,
    output: asked.LinesOutput = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Write new texts."""
    from seqpipe.files import check_writable
    from seqpipe.lm.find import find_language_model
    from seqpipe.lm.generate import generate as generated
    from seqpipe.pipelines import choose_device, load_pipeline
    from seqpipe.reporting.language_models import write_row
    from seqpipe.reporting.text_page import plain

    check_writable(output, "texts")
    choose_device(gpu_id)
    with working("writing texts"):
        nlp = load_pipeline(model)
        find_language_model(nlp, component, path=model)
        found = generated(
            nlp,
            prompt=prompt,
            samples=samples,
            length=length,
            component=component or None,
            method=method.value,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            beam_width=beam_width,
            alpha=alpha,
            no_repeat=no_repeat,
            unknown=unknown,
            seed=seed,
        )
    if as_json and output is None:
        print_json([vars(one) for one in found])
        return
    is_json = output is not None and (as_json or output.suffix == ".jsonl")
    with open_output(output) as stream:
        for number, one in enumerate(found):
            if is_json:
                write_row(stream, vars(one), as_json=True)
            else:
                stream.write("\n" * bool(number) + plain(one.text) + "\n")
    say_where(("The texts are", output))


def interpolate(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL...", help="Saved pipelines with language models.", show_default=False
        ),
    ],
    text: Annotated[
        list[Path],
        typer.Option(help="Development text to learn the weights from.", show_default=False),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the mixture.", show_default=False)
    ],
    cache: Annotated[
        int, typer.Option(min=0, help="Tokens that a cache of the text has; 0: no cache.")
    ] = 0,
    tokenizer: asked.TokenizerOption = asked.Tokenizer.PIPELINE,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Mix language models, with weights under which a development text is likeliest."""
    from seqpipe.files import atomic_folder
    from seqpipe.lm.joined import join_pipelines
    from seqpipe.pipelines import check_replaceable, choose_device, load_pipeline

    check_replaceable(output)
    choose_device(gpu_id)
    paths = [str(path) for path in text]
    with working("loading the models") as say:
        nlp, mixture = join_pipelines([load_pipeline(path) for path in models], cache=cache)
        say("learning the weights")
        mixture.initialize(lambda: [], nlp=nlp, text=paths, tokenizer=tokenizer.value)
        with atomic_folder(output) as folder:
            nlp.to_disk(folder)
    weights = zip(mixture.names, mixture.weights or [], strict=True)
    said = ", ".join(f"{name} {weight:.3f}" for name, weight in weights)
    typer.echo(f"weights: {said}; saved in {output}")


def _load(path: Path, component: str, gpu_id: int) -> "tuple[Language, LanguageModel]":
    """A pipeline, and the language model that is asked for."""
    from seqpipe.lm.find import find_language_model
    from seqpipe.pipelines import choose_device, load_pipeline

    choose_device(gpu_id)
    nlp = load_pipeline(path)
    return nlp, find_language_model(nlp, component, path=path)
