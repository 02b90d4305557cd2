"""`seqpipe classification`: show which words of a text speak for its label."""

# No future import of annotations: Typer reads these.
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import check_page, console, print_json, say_where, working, write_page
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
    model: asked.ModelPath,
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help="Texts, each in quotes.", show_default=False),
    ],
    label: Annotated[
        str | None,
        typer.Option(help="What the words shall speak for; else each text's likeliest label."),
    ] = None,
    method: Annotated[
        Method, typer.Option(help="attention needs a model that pools by it.")
    ] = Method.GRADIENT,
    html: asked.HtmlPage = None,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show how much each word of a text speaks for its label, and against it."""
    from seqpipe.classification.explain import explain as explained
    from seqpipe.classification.explain import find_classifier
    from seqpipe.pipelines import check_texts, choose_device, load_pipeline, run_before
    from seqpipe.reporting.reasons import print_reasons, render_reasons

    check_texts(text)
    check_page(html)
    choose_device(gpu_id)
    with working():
        nlp = load_pipeline(model)
        pipe = find_classifier(nlp, component, path=model)
        docs = run_before(nlp, pipe, map(nlp.make_doc, text))
        explanations = [explained(pipe, doc, label=label, method=method.value) for doc in docs]
    if html is not None:
        write_page(html, render_reasons(explanations))
    if as_json:
        _print_json(explanations)
        return
    print_reasons(console(), explanations)
    say_where(("The page is", html))


def _print_json(explanations: "Sequence[Explanation]") -> None:
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
    print_json(rows)
