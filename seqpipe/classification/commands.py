"""`seqpipe classification`: show which words of a text speak for its label."""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe.hookspecs import Starter, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seqpipe.reporting.reasons import Explanation


class Method(StrEnum):
    """How words are weighed; the values are those of `reasons.METHODS`."""

    GRADIENT = "gradient"
    ATTENTION = "attention"


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the group `classification`."""
    group = typer.Typer(help="Text classifiers: the reasons for a class.", no_args_is_help=True)
    group.command("explain")(explain)
    app.add_typer(group, name="classification")


@hookimpl
def seqpipe_starters() -> list[Starter]:
    """Offer a project for sentiment."""
    folder = Path(__file__).with_name("starters")
    return [
        Starter(
            "sentiment", "Stars for reviews, 1 to 5, each with its reasons", folder / "sentiment"
        )
    ]


def explain(
    model: Annotated[Path, typer.Argument(help="Folder of a saved pipeline.", show_default=False)],
    text: Annotated[list[str], typer.Argument(help="Texts, each in quotes.", show_default=False)],
    label: Annotated[
        str | None,
        typer.Option(help="What the words shall speak for; else each text's likeliest label."),
    ] = None,
    method: Annotated[
        Method, typer.Option(help="attention needs a model that pools by it.")
    ] = Method.GRADIENT,
    html: Annotated[
        Path | None, typer.Option(help="Write a page too, to look at in a browser.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    component: Annotated[
        str, typer.Option(help="Name of the classifier, if there are several.")
    ] = "",
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU to use; -1: the CPU.")] = -1,
) -> None:
    """Show how much each word of a text speaks for its label, and against it."""
    from rich.console import Console

    from seqpipe.classification.explain import explain as explained
    from seqpipe.classification.explain import find_classifier
    from seqpipe.files import InputError, atomic_write
    from seqpipe.pipelines import choose_device, load_pipeline, run_before
    from seqpipe.reporting.reasons import print_reasons, render_reasons

    _check_texts(text)
    if html is not None and html.is_dir():
        raise InputError("a folder stands there, expected a file for the page", path=html)
    choose_device(gpu_id)
    nlp = load_pipeline(model)
    pipe = find_classifier(nlp, component, path=model)
    docs = run_before(nlp, pipe, map(nlp.make_doc, text))
    explanations = [explained(pipe, doc, label=label, method=method.value) for doc in docs]
    if html is not None:
        with atomic_write(html) as stream:
            stream.write(render_reasons(explanations))
    if as_json:
        _print_json(explanations)
        return
    print_reasons(Console(highlight=False), explanations)
    if html is not None:
        typer.echo(f"The page is in {html}")


def _check_texts(texts: "Sequence[str]") -> None:
    from seqpipe.files import InputError

    for number, text in enumerate(texts, start=1):
        which = f"text {number} of {len(texts)}" if len(texts) > 1 else "the text"
        if not text.strip():
            raise InputError(f"{which} is empty, expected words")
        try:
            text.encode()
        except UnicodeEncodeError:
            # What the command line gives in another encoding comes in as lone surrogates.
            raise InputError(f"{which} is not UTF-8") from None


def _print_json(explanations: "Sequence[Explanation]") -> None:
    import json

    rows = [
        {
            "text": explanation.text,
            "label": explanation.label,
            "probability": explanation.probability,
            "method": explanation.method,
            "words": [
                {"text": word, "weight": weight, "read": read}
                for word, weight, read in zip(
                    explanation.words, explanation.weights, explanation.read, strict=True
                )
            ],
        }
        for explanation in explanations
    ]
    typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
