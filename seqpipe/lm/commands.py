"""`seqpipe lm`: score texts, compare them, show what surprises, mix models, and write new texts."""

# No future import of annotations: Typer reads these.
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from seqpipe.hookspecs import hookimpl

if TYPE_CHECKING:
    from spacy.language import Language

    from seqpipe.lm.language_model import LanguageModel


class Unit(StrEnum):
    """Of log-probability and surprisal; the values are those of `annotations.NATS_A_UNIT`."""

    NATS = "nats"
    BITS = "bits"
    LOG10 = "log10"


class Tokenizer(StrEnum):
    """Who tells words apart."""

    PIPELINE = "pipeline"
    WHITESPACE = "whitespace"


class Method(StrEnum):
    """How a text is drawn; the values are those of `generate`."""

    SAMPLE = "sample"
    GREEDY = "greedy"
    BEAM = "beam"


ModelPath = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Folder of a saved pipeline.", show_default=False)
]
Component = Annotated[str, typer.Option(help="Name of the language model, if there are several.")]
UnitOption = Annotated[
    Unit | None,
    typer.Option(help="Of log-probability and surprisal; else the model's.", show_default=False),
]
TokenizerOption = Annotated[
    Tokenizer, typer.Option(help="Who tells words apart: whitespace for text that has it so.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
GpuId = Annotated[int, typer.Option("--gpu-id", "-g", help="GPU to use; -1: the CPU.")]


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
    model: ModelPath,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A text a line, plain or gzip; - is standard input.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: .jsonl, or else TSV."),
    ] = None,
    unit: UnitOption = None,
    tokenizer: TokenizerOption = Tokenizer.PIPELINE,
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
    component: Component = "",
    as_json: AsJson = False,
    gpu_id: GpuId = -1,
) -> None:
    """Score texts, a line each: log-probability, perplexity, tokens, and unknown words."""
    from seqpipe.files import InputError
    from seqpipe.lm.scored_lines import ranked_lines, scored_lines
    from seqpipe.reporting.language_models import write_row
    from seqpipe.vocabulary.text_lines import lines_of

    if candidates and tokens:
        raise InputError("--candidates with --tokens: expected one of them")
    _check_file(output, "scores")
    nlp, pipe = _load(model, component, gpu_id)
    given = (nlp, pipe, lines_of(source), source)
    shown = unit.value if unit else pipe.unit
    if candidates:
        rows = ranked_lines(*given, unit=shown, weight=score_weight, tokenizer=tokenizer.value)
    else:
        rows = scored_lines(*given, unit=shown, tokenizer=tokenizer.value, with_tokens=tokens)
    is_json = as_json if output is None else as_json or output.suffix == ".jsonl"
    with _open_output(output) as stream:
        for number, row in enumerate(rows):
            lines = [row] if is_json or not tokens else _token_lines(row)
            if number == 0 and not is_json:
                stream.write("\t".join(lines[0]) + "\n")
            for line in lines:
                write_row(stream, line, as_json=is_json)
    if output is not None:
        typer.echo(f"The scores are in {output}")


def _token_lines(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"line": row["line"], **each} for each in row["each"]]


def perplexity(
    model: ModelPath,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Texts, plain or gzip, a sentence a line.", show_default=False
        ),
    ],
    tokenizer: TokenizerOption = Tokenizer.PIPELINE,
    component: Annotated[
        list[str] | None,
        typer.Option(help="Name of a language model, may be repeated; else all of them."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Metrics file (JSON) to write.")
    ] = None,
    as_json: AsJson = False,
    gpu_id: GpuId = -1,
) -> None:
    """Show how well texts are predicted, with vocabulary, unknown words and tokens beside it."""
    import time

    from rich.console import Console

    from seqpipe.lm.find import find_language_model, language_models
    from seqpipe.lm.perplexity import file_perplexities
    from seqpipe.pipelines import choose_device, load_pipeline
    from seqpipe.reporting.language_models import print_perplexities

    _check_file(output, "metrics")
    choose_device(gpu_id)
    nlp = load_pipeline(model)
    names = component or list(language_models(nlp)) or [""]  # the last says that there is none
    models = {name: find_language_model(nlp, name, path=model) for name in names}
    began = time.perf_counter()
    rows = [
        row
        for path in files
        for row in file_perplexities(nlp, models, path, tokenizer=tokenizer.value)
    ]
    seconds = time.perf_counter() - began
    found = [row.as_dict() for row in rows]
    # Shown before it is written: a full disk loses nothing.
    if as_json:
        _print_json(found)
    else:
        print_perplexities(Console(highlight=False), rows)
    if output is not None:
        _write_metrics(output, model, files, found, seconds)
        if not as_json:
            typer.echo(f"Metrics are in {output}")


def compare(
    model: ModelPath,
    text: Annotated[
        list[str],
        typer.Argument(help="Two texts or more, each in quotes.", show_default=False),
    ],
    unit: UnitOption = None,
    tokenizer: TokenizerOption = Tokenizer.PIPELINE,
    component: Component = "",
    as_json: AsJson = False,
    gpu_id: GpuId = -1,
) -> None:
    """Show texts side by side, token by token: which is likelier, and by how much."""
    from rich.console import Console

    from seqpipe.files import InputError
    from seqpipe.lm.annotations import NATS_A_UNIT
    from seqpipe.lm.compare import compare_texts
    from seqpipe.lm.find import run_before
    from seqpipe.lm.given_texts import check_text, doc_of
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
        _print_json({"model": pipe.name, "unit": shown, **found.as_dict(NATS_A_UNIT[shown])})
        return
    console = Console(highlight=False)
    print_comparison(console, found, unit=shown, scale=NATS_A_UNIT[shown])


def surprisal(
    model: ModelPath,
    text: Annotated[str, typer.Argument(help="A text in quotes, or a file.", show_default=False)],
    html: Annotated[
        Path | None, typer.Option(help="Write a page too, to look at in a browser.")
    ] = None,
    unit: UnitOption = None,
    tokenizer: TokenizerOption = Tokenizer.PIPELINE,
    component: Component = "",
    as_json: AsJson = False,
    gpu_id: GpuId = -1,
) -> None:
    """Show how surprising each word of a text is, in colours."""
    from rich.console import Console

    from seqpipe.files import atomic_write
    from seqpipe.lm.find import run_before
    from seqpipe.lm.given_texts import doc_of, text_or_file
    from seqpipe.lm.picture import surprisal_text
    from seqpipe.reporting.surprisal import print_surprisal, render_surprisal

    _check_file(html, "page")
    given, path = text_or_file(text)
    nlp, pipe = _load(model, component, gpu_id)
    made = doc_of(nlp, given, tokenizer=tokenizer.value, path=path)
    doc = next(run_before(nlp, pipe, [made]))
    found = surprisal_text(pipe, doc, unit=unit.value if unit else None)
    if html is not None:
        with atomic_write(html) as stream:
            stream.write(render_surprisal(found))
    if as_json:
        _print_json(found.as_dict())
        return
    print_surprisal(Console(highlight=False), found)
    if html is not None:
        typer.echo(f"The page is in {html}")


def generate(
    model: ModelPath,
    prompt: Annotated[str, typer.Option(help="How each text begins.")] = "",
    samples: Annotated[int, typer.Option(help="How many texts.")] = 1,
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
    component: Component = "",
    as_json: AsJson = False,
    gpu_id: GpuId = -1,
) -> None:
    """Write new texts."""
    from seqpipe.lm.generate import generate as generated
    from seqpipe.pipelines import choose_device, load_pipeline
    from seqpipe.reporting.text_page import plain

    choose_device(gpu_id)
    nlp = load_pipeline(model)
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
    if as_json:
        _print_json([vars(one) for one in found])
        return
    for number, one in enumerate(found):
        if number:
            typer.echo("")
        typer.echo(plain(one.text))


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
    tokenizer: TokenizerOption = Tokenizer.PIPELINE,
) -> None:
    """Mix language models, with weights under which a development text is likeliest."""
    from seqpipe.files import atomic_folder
    from seqpipe.lm.joined import join_pipelines
    from seqpipe.pipelines import check_replaceable, load_pipeline

    check_replaceable(output)
    nlp, mixture = join_pipelines([load_pipeline(path) for path in models], cache=cache)
    paths = [str(path) for path in text]
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


def _check_file(path: Path | None, what: str) -> None:
    """Refuse at once what could not be written when all is computed."""
    import tempfile

    from seqpipe.files import InputError

    if path is None:
        return
    if path.is_dir():
        raise InputError(f"a folder stands there, expected a file for the {what}", path=path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        message = f"{error.strerror or error}, expected a file for the {what} that can be written"
        raise InputError(message, path=path) from error


@contextmanager
def _open_output(path: Path | None) -> Iterator[IO[str]]:
    """A file, which is there when it is whole, or standard output."""
    import sys

    from seqpipe.files import atomic_write

    if path is None:
        yield sys.stdout
        return
    with atomic_write(path) as stream:
        yield stream


def _write_metrics(
    output: Path, model: Path, files: list[Path], rows: list[dict[str, Any]], seconds: float
) -> None:
    from seqpipe.reporting.metrics import describe_corpus, write_metrics

    metrics = {
        "scores": rows,
        "model": str(model),
        "corpora": [describe_corpus(path) for path in files],
        "seconds": seconds,
    }
    write_metrics(output, metrics)


def _print_json(found: Any) -> None:
    import json

    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
