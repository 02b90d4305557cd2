"""`seqpipe tagging`: show the entities of texts, and n best readings, and fit a recogniser's
temperature."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import check_page, console, print_json, say_where, working, write_page
from seqpipe.hookspecs import Starter, hookimpl

if TYPE_CHECKING:
    from spacy.language import Language

    from seqpipe.tagging.ner import RNNEntityRecognizer

MOST_READINGS = 1000  # each takes as long again as the first


@hookimpl
def seqpipe_commands(app: typer.Typer) -> None:
    """Add the group `tagging`."""
    group = typer.Typer(
        help="Named-entity recognisers: entities of texts, calibration, n-best readings.",
        no_args_is_help=True,
    )
    group.command("entities")(entities)
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


def entities(
    model: asked.ModelPath,
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help="Texts, each in quotes.", show_default=False),
    ],
    html: asked.HtmlPage = None,
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show the entities of texts, each with its label and its confidence.

    They are those of the whole pipeline; a confidence has what an rnn_ner found.
    """
    from rich.text import Text

    from seqpipe.pipelines import check_texts, choose_device, load_pipeline
    from seqpipe.reporting.entities import entity_of, entity_record, mark_entities
    from seqpipe.reporting.entities_page import render_entities

    check_texts(text)
    check_page(html)
    choose_device(gpu_id)
    with working():
        nlp = load_pipeline(model)
        labels = _entity_labels(nlp, model)
        found = [(doc.text, [entity_of(ent) for ent in doc.ents]) for doc in nlp.pipe(text)]
    if html is not None:
        write_page(html, render_entities(found, labels=labels))
    if as_json:
        print_json([{"text": t, "ents": [entity_record(t, e) for e in ents]} for t, ents in found])
        return
    terminal = console()
    for shown, ents in found:
        ascii_only = terminal.options.ascii_only
        terminal.print(mark_entities(shown, ents, labels=labels, ascii_only=ascii_only))
        if not ents:
            terminal.print(Text("no entity found", style="dim"))
        terminal.print()
    say_where(("The page is", html))


def calibrate(
    model: asked.ModelPath,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", help="Development corpus, not trained on.", show_default=False
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT", help="Folder for the calibrated pipeline.", show_default=False
        ),
    ],
    component: asked.Component = "",
    gpu_id: asked.GpuId = -1,
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
    with working() as say:
        nlp = load_pipeline(model)
        ner = _recognizer(nlp, component, model)
        examples = read_examples(nlp, data)
        if not any(eg.reference.ents for eg in examples):
            raise InputError("no entity in it, so nothing to calibrate on", path=data)
        say(f"calibrating on {len(examples):,} examples")
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
    model: asked.ModelPath,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="A text in quotes.", show_default=False)
    ],
    n: Annotated[int, typer.Option("-n", min=1, max=MOST_READINGS, help="How many readings.")] = 5,
    component: asked.Component = "",
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show the most probable readings of a whole text, each with its probability."""
    from rich.text import Text

    from seqpipe.pipelines import check_texts, choose_device, load_pipeline, run_before
    from seqpipe.reporting.entities import Entity, entity_record, mark_entities

    check_texts([text])
    choose_device(gpu_id)
    with working():
        nlp = load_pipeline(model)
        ner = _recognizer(nlp, component, model)
        doc = next(run_before(nlp, ner, [nlp.make_doc(text)]))
        readings = ner.nbest([doc], n)[0]
    found = []
    for reading in readings:
        entities = []
        for start, end, label, confidence in reading.entities:
            span = doc[start:end]
            entities.append(Entity(span.start_char, span.end_char, label, confidence))
        found.append((reading.probability, entities))
    if as_json:
        rows = [(p, [entity_record(doc.text, one) for one in ents]) for p, ents in found]
        print_json([{"probability": p, "ents": ents} for p, ents in rows])
        return
    terminal = console()
    for probability, entities in found:
        ascii_only = terminal.options.ascii_only
        marked = mark_entities(doc.text, entities, labels=ner.labels, ascii_only=ascii_only)
        terminal.print(Text(f"{probability:.4f}  ") + marked)


def _entity_labels(nlp: "Language", model: Path) -> list[str]:
    """RETURNS (List[str]): The labels of the components that find entities."""
    from seqpipe.files import InputError

    finders = [name for name in nlp.pipe_names if "doc.ents" in nlp.get_pipe_meta(name).assigns]
    if not finders:
        expected = f"expected an rnn_ner, or another one that does, among {nlp.pipe_names}"
        raise InputError(f"no component finds entities, {expected}", path=model)
    return sorted({label for name in finders for label in nlp.pipe_labels.get(name, [])})


def _recognizer(nlp: "Language", name: str, model: Path) -> "RNNEntityRecognizer":
    """The rnn_ner of that name, or the only one."""
    from seqpipe.pipelines import only_component
    from seqpipe.tagging.ner import RNNEntityRecognizer

    return only_component(nlp, RNNEntityRecognizer, "rnn_ner", name=name, path=model)


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
