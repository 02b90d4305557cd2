"""`seqpipe embeddings`: look at word vectors, judge them, and write them in another form."""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from seqpipe.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seqpipe.embeddings.matrix import Embeddings
    from seqpipe.embeddings.similarity import Neighbour
    from seqpipe.reporting.word_map import WordMap


class Form(StrEnum):
    """How a file holds vectors; the values are those of `vector_files.FORMS`."""

    WORD2VEC = "word2vec"
    WORD2VEC_BINARY = "word2vec-binary"
    GLOVE = "glove"
    FLORET = "floret"
    SPACY = "spacy"


class Method(StrEnum):
    """How an analogy is answered; the values are those of `similarity.METHODS`."""

    ADD = "3CosAdd"
    MUL = "3CosMul"


class Projection(StrEnum):
    """How vectors come into two dimensions; the values are those of `mapping.METHODS`."""

    TSNE = "tsne"
    PCA = "pca"


class Tokenizer(StrEnum):
    """Who tells words apart."""

    PIPELINE = "pipeline"
    WHITESPACE = "whitespace"


# Where the settings of the objective are kept that the command line has.
OPTIONS = "seqpipe.objective"
Source = Annotated[
    Path,
    typer.Argument(
        help="A pipeline's folder, or a file of vectors, plain or gzipped.", show_default=False
    ),
]
Vectors = Annotated[
    Path,
    typer.Option(
        "--vectors",
        "-v",
        envvar="SEQPIPE_VECTORS",
        help="A pipeline's folder, or a file of vectors, plain or gzipped.",
        show_default=False,
    ),
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        help="These words, with commas between, or a file, one a line; needed for floret vectors.",
    ),
]
Count = Annotated[int, typer.Option("-n", min=1, help="How many words to show.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MethodOption = Annotated[Method, typer.Option(help="Levy & Goldberg (2014), equations 3 and 4.")]
# A page can be looked around in; in a picture more would have no room for their names.
PICTURE_WORDS, PAGE_WORDS = 500, 2000
# With more words than these t-SNE takes so long that one would think it hangs.
PATIENCE = 5000


class ObjectiveCommand(TyperCommand):
    """A command that takes any `--name value` for a setting of the objective."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        from seqpipe.embeddings.options import split_options

        declared = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        args, ctx.meta[OPTIONS] = split_options(args, declared)
        return super().parse_args(ctx, args)


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the group `embeddings`."""
    group = typer.Typer(
        help="Word vectors: neighbours, analogies, evaluation and conversion.",
        no_args_is_help=True,
    )
    group.command("train", cls=ObjectiveCommand)(train)
    group.command("similar")(similar)
    group.command("analogy")(analogy)
    group.command("evaluate")(evaluate)
    group.command("convert")(convert)
    group.command("plot")(plot)
    app.add_typer(group, name="embeddings")


def train(
    context: typer.Context,
    text: Annotated[
        list[Path],
        typer.Argument(
            help="Text files, plain or gzip, a sentence or document a line.", show_default=False
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for the pipeline.", show_default=False),
    ],
    objective: Annotated[
        str, typer.Option(help="skip-gram, cbow, glove, neural-lm, or a registered name.")
    ] = "skip-gram",
    width: Annotated[int, typer.Option(min=1, help="Dimension of the vectors.")] = 100,
    epochs: Annotated[int, typer.Option(min=1, help="How often the text is read.")] = 5,
    min_count: Annotated[
        int, typer.Option(min=1, help="A word that stands less often has no vector.")
    ] = 5,
    max_vocabulary: Annotated[
        int | None, typer.Option(min=1, help="The most frequent words alone, so many.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the pipeline.")] = "en",
    tokenizer: Annotated[
        Tokenizer, typer.Option(help="Who tells words apart; white space is quicker.")
    ] = Tokenizer.PIPELINE,
    lower: Annotated[bool, typer.Option("--lower", help="Lower-case the text.")] = False,
    phrases: Annotated[
        bool, typer.Option("--phrases", help="Join collocations to one word: new_york.")
    ] = False,
    subwords: Annotated[
        bool, typer.Option("--subwords", help="Vectors of n-grams, so that any word has one.")
    ] = False,
    threads: Annotated[
        int, typer.Option(min=1, help="With one, the same seed gives the same bytes.")
    ] = 1,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="For all that is drawn at random.")
    ] = 0,
    begin_with: Annotated[
        Path | None,
        typer.Option(help="A pipeline to whose vectors the text is added.", show_default=False),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint, if there is one.")
    ] = False,
    checkpoint_seconds: Annotated[
        float, typer.Option(min=0.0, help="Seconds between two checkpoints.")
    ] = 60.0,
) -> None:
    """Learn word vectors from text files, and save them as a pipeline.

    Any setting of the objective can be given as an option: --window 10 --negatives 15.
    Ctrl-C keeps what was learned; --resume goes on.
    """
    import sys

    from seqpipe.embeddings.options import learner_options
    from seqpipe.embeddings.train import TrainingPlan, train_vectors
    from seqpipe.pipelines import check_replaceable

    check_replaceable(output)
    config = {
        "width": width,
        "epochs": epochs,
        "min_count": min_count,
        "max_vocabulary": max_vocabulary,
        "lower": lower,
        "threads": threads,
        "seed": seed,
        **learner_options(objective, context.meta[OPTIONS], phrases=phrases, subwords=subwords),
    }
    plan = TrainingPlan(
        text, output, lang, config, tokenizer.value, begin_with, resume, checkpoint_seconds
    )
    if not train_vectors(plan, sys.stdout, sys.stderr):
        raise typer.Exit(130)


def similar(
    query: Annotated[
        list[str], typer.Argument(metavar="WORD...", help="A word, or several for their mean.")
    ],
    vectors: Vectors,
    n: Count = 10,
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Show the words whose vectors have the highest cosine with that of a word."""
    from seqpipe.embeddings.similarity import most_similar

    embeddings = _read(vectors, only, query)
    _print_neighbours(" ".join(query), most_similar(embeddings, query, n=n), as_json)


def analogy(
    a: Annotated[str, typer.Argument(help="As in man : woman = king : ?", show_default=False)],
    b: Annotated[str, typer.Argument(show_default=False)],
    c: Annotated[str, typer.Argument(show_default=False)],
    vectors: Vectors,
    method: MethodOption = Method.ADD,
    n: Count = 10,
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Show the words that are to C as B is to A."""
    from seqpipe.embeddings import similarity

    embeddings = _read(vectors, only, [a, b, c])
    found = similarity.analogy(embeddings, a, b, c, method=method.value, n=n)
    _print_neighbours(f"{a} : {b} = {c} : ?", found, as_json)


def evaluate(
    vectors: Source,
    analogies: Annotated[
        Path | None,
        typer.Option(help="Questions of four words a line, under lines like `: family`."),
    ] = None,
    similarity: Annotated[
        list[Path] | None,
        typer.Option(
            help="Pairs of words with a score a line, or a folder of such files; may be repeated."
        ),
    ] = None,
    most_frequent: Annotated[
        int, typer.Option(min=1, help="Ask and answer analogies among the first so many words.")
    ] = 30_000,
    method: MethodOption = Method.ADD,
    match_case: Annotated[
        bool, typer.Option("--match-case", help="Tell Paris from paris.")
    ] = False,
    only: Only = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Metrics file (JSON) to write.")
    ] = None,
) -> None:
    """Score vectors on analogies and on word similarity, always with what they cover."""
    import time

    from rich.console import Console

    from seqpipe.embeddings.evaluation import (
        evaluate_analogies,
        evaluate_similarity,
        pair_files,
    )
    from seqpipe.files import InputError
    from seqpipe.reporting.vector_scores import print_analogies, print_similarity

    if analogies is None and not similarity:
        raise InputError("nothing to evaluate on: give --analogies FILE or --similarity FILE")
    embeddings = _read(vectors, only)
    console = Console(highlight=False)
    began = time.perf_counter()
    scores: dict[str, Any] = {}
    if analogies is not None:
        report = evaluate_analogies(
            embeddings,
            analogies,
            method=method.value,
            most_frequent=most_frequent,
            ignore_case=not match_case,
        )
        print_analogies(console, report, f"{analogies.name}, {method.value}")
        scores["analogies"] = report.as_dict()
    pairs = pair_files(similarity or [])
    if pairs:
        found = {
            path: evaluate_similarity(embeddings, path, ignore_case=not match_case)
            for path in pairs
        }
        print_similarity(console, found)
        scores["similarity"] = {str(path): score.as_dict() for path, score in found.items()}
    if output is not None:
        corpora = [path for path in (analogies, *pairs) if path is not None]
        settings = {
            "most_frequent": most_frequent,
            "method": method.value,
            "match_case": match_case,
        }
        _write(output, scores, vectors, corpora, settings, time.perf_counter() - began)


def convert(
    source: Source,
    target: Annotated[
        Path,
        typer.Argument(help="File to write, gzipped if it ends in .gz; for spacy a folder."),
    ],
    form: Annotated[
        Form | None, typer.Option("--from", help="The source's form; else told by its content.")
    ] = None,
    to: Annotated[Form | None, typer.Option(help="Form to write; else told by the name.")] = None,
    lang: Annotated[str, typer.Option(help="Language of the pipeline that is written.")] = "xx",
    only: Only = None,
) -> None:
    """Write vectors in another form."""
    from seqpipe.embeddings.vector_files import read_vectors, write_vectors

    embeddings = _read(source, only, form=form)
    write_vectors(embeddings, target, form=None if to is None else to.value, lang=lang)
    what = f"{len(embeddings):,} words"
    if embeddings.floret is not None and read_vectors(target).floret is not None:
        what = f"{len(embeddings.floret):,} rows for n-grams"
    typer.echo(f"{what}, {embeddings.width} dimensions, are in {target}")


def _read(
    path: Path, only: str | None, also: "Sequence[str]" = (), *, form: Form | None = None
) -> "Embeddings":
    from seqpipe.embeddings.mapping import listed_words
    from seqpipe.embeddings.vector_files import read_vectors

    embeddings = read_vectors(path, form=None if form is None else form.value)
    if only is None:
        return embeddings
    words = listed_words(only)
    chosen = embeddings.subset([*words, *also])
    missing = [word for word in words if word not in chosen]
    if missing:
        shown = ", ".join(missing[:5])
        typer.echo(f"note: {len(missing):,} words have no vector, such as {shown}", err=True)
    return chosen


def _print_neighbours(title: str, found: "Iterable[Neighbour]", as_json: bool) -> None:
    import json

    from rich.console import Console

    from seqpipe.reporting.tables import print_table

    if as_json:
        rows = [{"word": word, "similarity": round(score, 6)} for word, score in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    cells = [[word, f"{score:.4f}"] for word, score in found]
    print_table(Console(highlight=False), title, ["", "similarity"], cells)


def _write(
    output: Path,
    scores: dict[str, Any],
    vectors: Path,
    corpora: list[Path],
    settings: dict[str, Any],
    seconds: float,
) -> None:
    from seqpipe.reporting.metrics import describe_corpus, write_metrics

    metrics = {
        "scores": scores,
        "settings": settings,
        "vectors": describe_corpus(vectors),
        "corpora": [describe_corpus(path) for path in corpora],
        "seconds": seconds,
    }
    write_metrics(output, metrics)
    typer.echo(f"Metrics are in {output}")


def plot(
    vectors: Source,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write: .png, .svg, .pdf or .html."),
    ],
    method: Annotated[Projection, typer.Option(help="tsne needs scikit-learn.")] = Projection.TSNE,
    words: Annotated[
        int | None,
        typer.Option(
            "--words",
            "-n",
            min=1,
            help=f"How many of the first words; else {PICTURE_WORDS}, for .html {PAGE_WORDS}.",
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option(help="These words, with commas between, or a file, one a line.")
    ] = None,
    highlight: Annotated[
        str | None, typer.Option(help="Words to be seen at once, given as for --only.")
    ] = None,
    perplexity: Annotated[
        float | None, typer.Option(help="t-SNE: how many neighbours count; else 30, less for few.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="t-SNE: begin from random places, not from PCA's.")
    ] = None,
) -> None:
    """Draw words in two dimensions, as a picture or as a page to look around in and to search."""
    from seqpipe.embeddings.mapping import check_method, choose_words, listed_words, map_words
    from seqpipe.embeddings.vector_files import read_vectors
    from seqpipe.files import InputError
    from seqpipe.reporting.word_map import PAGE, check_map_file

    if words is not None and only is not None:
        raise InputError("--words and --only: expected one of them")
    check_map_file(output)
    check_method(method.value, perplexity=perplexity, seed=seed)
    chosen = None if only is None else listed_words(only)
    marked = [] if highlight is None else listed_words(highlight)
    n = words or (PAGE_WORDS if output.suffix.lower() == PAGE else PICTURE_WORDS)
    embeddings = read_vectors(vectors)
    shown = choose_words(embeddings, n=n, only=chosen, marked=marked)
    if method is Projection.TSNE and len(shown) > PATIENCE:
        typer.echo(f"Placing {len(shown):,} words by t-SNE takes a minute or more", err=True)
    word_map = map_words(
        embeddings,
        shown,
        name=vectors.name,
        method=method.value,
        perplexity=perplexity,
        seed=seed,
        marked=marked,
    )
    _draw(output, word_map)


def _draw(output: Path, word_map: "WordMap") -> None:
    from seqpipe.reporting.word_map import PAGE

    words = f"{len(word_map.words):,} words"
    if output.suffix.lower() == PAGE:
        from seqpipe.reporting.word_page import write_map_page

        write_map_page(output, word_map)
        typer.echo(f"The map of {words} is in {output}")
        return
    from seqpipe.reporting.word_picture import draw_map

    named = draw_map(output, word_map)
    typer.echo(f"The map of {words}, {named.words:,} with their names, is in {output}")
    if named.unwritable:
        first = ", ".join(named.unwritable[:5])
        typer.echo(f"The font cannot write {len(named.unwritable):,} of them, such as {first}")
