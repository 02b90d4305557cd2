"""`seqpipe tagging`: fit a recogniser's temperature, and show its n best readings of a text."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe.hookspecs import Starter, hookimpl

if TYPE_CHECKING:
    from spacy.language import Language

    from seqpipe.tagging.ner import RNNEntityRecognizer

Model = Annotated[Path, typer.Argument(help="Folder of a saved pipeline.", show_default=False)]
GpuId = Annotated[int, typer.Option("--gpu-id", "-g", help="GPU to use; -1: the CPU.")]
Component = Annotated[str, typer.Option(help="Name of the rnn_ner, if there are several.")]


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the group `tagging`."""
    group = typer.Typer(
        help="Named-entity recognisers: calibration and n-best readings.", no_args_is_help=True
    )
    group.command("calibrate")(calibrate)
    group.command("nbest")(nbest)
    app.add_typer(group, name="tagging")


@hookimpl
def seqpipe_starters() -> list[Starter]:
    """Offer a project for each of the two components."""
    folder = Path(__file__).with_name("starters")
    return [
        Starter("ner", "Named entities, each with its probability: a BiLSTM-CRF", folder / "ner"),
        Starter(
            "tagger",
            "A label for each word, such as its part of speech: a BiLSTM",
            folder / "tagger",
        ),
    ]


def calibrate(
    model: Model,
    data: Annotated[
        Path,
        typer.Argument(help="Development corpus, not trained on.", show_default=False),
    ],
    output: Annotated[
        Path,
        typer.Argument(help="Folder for the calibrated pipeline.", show_default=False),
    ],
    component: Component = "",
    gpu_id: GpuId = -1,
) -> None:
    """Fit an rnn_ner's temperature, so that a confidence of 0.8 is right eight times in ten."""
    from spacy.training import Example

    from seqpipe.files import InputError, atomic_folder
    from seqpipe.pipelines import (
        check_replaceable,
        choose_device,
        load_pipeline,
        read_examples,
        run_before,
    )

    check_replaceable(output)
    choose_device(gpu_id)
    nlp = load_pipeline(model)
    ner = _recognizer(nlp, component, model)
    examples = read_examples(nlp, data)
    if not any(eg.reference.ents for eg in examples):
        raise InputError("no entity in it, so nothing to calibrate on", path=data)
    before = nlp.evaluate(examples).get("ents_ece")
    seen = run_before(nlp, ner, (eg.predicted.copy() for eg in examples))
    temperature = ner.calibrate(
        Example(doc, eg.reference) for doc, eg in zip(seen, examples, strict=True)
    )
    after = nlp.evaluate(examples).get("ents_ece")
    with atomic_folder(output) as folder:
        nlp.to_disk(folder)
    typer.echo(
        f"temperature {temperature:.3f}; expected calibration error on {data}: "
        f"{_figure(before)} before, {_figure(after)} after; saved in {output}"
    )


def nbest(
    model: Model,
    text: Annotated[str, typer.Argument(help="A text.", show_default=False)],
    n: Annotated[int, typer.Option("-n", min=1, help="How many readings.")] = 5,
    component: Component = "",
    gpu_id: GpuId = -1,
) -> None:
    """Show the most probable readings of a whole text, each with its probability."""
    from rich.console import Console
    from rich.text import Text

    from seqpipe.pipelines import choose_device, load_pipeline, run_before
    from seqpipe.reporting.entities import Entity, mark_entities

    choose_device(gpu_id)
    nlp = load_pipeline(model)
    ner = _recognizer(nlp, component, model)
    doc = next(run_before(nlp, ner, [nlp.make_doc(text)]))
    console = Console(highlight=False)
    for reading in ner.nbest([doc], n)[0]:
        entities = []
        for start, end, label, confidence in reading.entities:
            span = doc[start:end]
            entities.append(Entity(span.start_char, span.end_char, label, confidence))
        marked = mark_entities(
            doc.text, entities, labels=ner.labels, ascii_only=console.options.ascii_only
        )
        console.print(Text(f"{reading.probability:.4f}  ") + marked)


def _recognizer(nlp: "Language", name: str, model: Path) -> "RNNEntityRecognizer":
    """The rnn_ner of that name, or the only one."""
    from seqpipe.pipelines import only_component
    from seqpipe.tagging.ner import RNNEntityRecognizer

    return only_component(nlp, RNNEntityRecognizer, "rnn_ner", name=name, path=model)


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
