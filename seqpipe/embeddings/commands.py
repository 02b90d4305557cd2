"""`seqpipe embeddings`: look at word vectors, judge them, and write them in another form."""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import (
    console,
    described,
    metrics_file,
    print_json,
    say_where,
    working,
)
from seqpipe.embeddings.train_command import ObjectiveCommand, train
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


Vectors = Annotated[
    Path,
    typer.Option(
        "--vectors",
        "-v",
        envvar="SEQPIPE_VECTORS",
        help=asked.VECTORS_HELP,
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
MethodOption = Annotated[Method, typer.Option(help="Levy & Goldberg (2014), equations 3 and 4.")]
# A page can be looked around in; in a picture more would have no room for their names.
PICTURE_WORDS, PAGE_WORDS = 500, 2000


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


def similar(
    query: Annotated[
        list[str], typer.Argument(metavar="WORD...", help="A word, or several for their mean.")
    ],
    vectors: Vectors,
    n: Count = 10,
    only: Only = None,
    as_json: asked.AsJson = False,
) -> None:
    """Show the words whose vectors have the highest cosine with that of a word."""
    from seqpipe.embeddings.similarity import most_similar

    with working("reading vectors"):
        embeddings = _read(vectors, only, query)
    _print_neighbours(" ".join(query), most_similar(embeddings, query, n=n), as_json)


def analogy(
    a: Annotated[str, typer.Argument(metavar="A", help="As man in man : woman = king : ?")],
    b: Annotated[str, typer.Argument(metavar="B", help="As woman there.")],
    c: Annotated[str, typer.Argument(metavar="C", help="As king there.")],
    vectors: Vectors,
    method: MethodOption = Method.ADD,
    n: Count = 10,
    only: Only = None,
    as_json: asked.AsJson = False,
) -> None:
    """Show the words that are to C as B is to A."""
    from seqpipe.embeddings import similarity

    with working("reading vectors"):
        embeddings = _read(vectors, only, [a, b, c])
    found = similarity.analogy(embeddings, a, b, c, method=method.value, n=n)
    _print_neighbours(f"{a} : {b} = {c} : ?", found, as_json)


def evaluate(
    context: typer.Context,
    vectors: asked.Vectors,
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
    output: asked.MetricsOutput = None,
    as_json: asked.AsJson = False,
) -> None:
    """Score vectors on analogies and on word similarity, always with what they cover."""
    import time

    from seqpipe.embeddings.evaluation import (
        evaluate_analogies,
        evaluate_similarity,
        pair_files,
    )
    from seqpipe.files import InputError
    from seqpipe.reporting.vector_scores import print_analogies, print_similarity

    if analogies is None and not similarity:
        raise InputError("nothing to evaluate on: give --analogies FILE or --similarity FILE")
    pairs = pair_files(similarity or [])
    corpora = [path for path in (analogies, *pairs) if path is not None]
    metrics = metrics_file(output, context.obj, read=corpora)
    settings = {"most_frequent": most_frequent, "method": method.value, "match_case": match_case}
    report, found = None, {}
    with working("reading vectors") as say:
        embeddings = _read(vectors, only)
        began = time.perf_counter()
        say("scoring them")
        if analogies is not None:
            report = evaluate_analogies(
                embeddings,
                analogies,
                method=method.value,
                most_frequent=most_frequent,
                ignore_case=not match_case,
            )
        for path in pairs:
            found[path] = evaluate_similarity(embeddings, path, ignore_case=not match_case)
    scores: dict[str, Any] = {} if report is None else {"analogies": report.as_dict()}
    if found:
        scores["similarity"] = {str(path): score.as_dict() for path, score in found.items()}
    record = {"scores": scores, "settings": settings, "seconds": time.perf_counter() - began}
    try:
        if as_json:
            print_json(scores)
        if report is not None and analogies is not None and not as_json:
            print_analogies(console(), report, f"{analogies.name}, {method.value}")
        if found and not as_json:
            print_similarity(console(), found)
    finally:
        # Also where nobody reads on.
        if metrics is not None:
            about = {
                "vectors": described(vectors),
                "corpora": [described(path) for path in corpora],
            }
            metrics.write(record | about)
    if not as_json:
        say_where(("Metrics are", output))


def convert(
    source: asked.Vectors,
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT", help="File to write, gzipped if it ends in .gz; for spacy a folder."
        ),
    ],
    form: Annotated[
        Form | None, typer.Option("--from", help="The source's form; else told by its content.")
    ] = None,
    to: Annotated[Form | None, typer.Option(help="Form to write; else told by the name.")] = None,
    lang: asked.Language = "xx",
    only: Only = None,
) -> None:
    """Write vectors in another form."""
    from seqpipe.embeddings.vector_files import read_vectors, write_vectors

    with working("reading vectors") as say:
        embeddings = _read(source, only, form=form)
        say("writing them")
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
    from seqpipe.reporting.tables import print_table

    if as_json:
        print_json([{"word": word, "similarity": round(score, 6)} for word, score in found])
        return
    cells = [[word, f"{score:.4f}"] for word, score in found]
    print_table(console(), title, ["", "similarity"], cells)


def plot(
    vectors: asked.Vectors,
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
    with working("reading vectors") as say:
        embeddings = read_vectors(vectors)
        shown = choose_words(embeddings, n=n, only=chosen, marked=marked)
        say(f"placing {len(shown):,} words")
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
