"""`seqpipe diagnose`: looks into a training config's model before or while it is trained."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe import command_options as asked
from seqpipe.cli.groups import TRAIN, CommandGroup
from seqpipe.command_output import PICTURES, check_picture, print_json, progress, say_where
from seqpipe.command_output import console as result_console

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.layers.gradient_flow import Flow
    from seqpipe.training.gradients import Clipping, Diagnosis, Travel

DISTANCES = (1, 2, 5, 10, 20, 50, 100, 200)


def add_diagnose(app: typer.Typer) -> None:
    """Add the group `diagnose`.

    app (typer.Typer): The command line.
    """
    group = typer.Typer(
        help="Look into the model of a training config.", no_args_is_help=True, cls=CommandGroup
    )
    passing = {"allow_extra_args": True, "ignore_unknown_options": True}
    group.command("gradients", context_settings=passing)(gradients)
    # A callback keeps a group of one command a group.
    group.callback()(lambda: None)
    app.add_typer(group, name="diagnose", rich_help_panel=TRAIN)


def gradients(
    context: typer.Context,
    config: asked.ConfigPath,
    steps: Annotated[
        int, typer.Option("--steps", help="Steps of training; 0: only the initial model.")
    ] = 200,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture to write: .png, .svg or .pdf.")
    ] = None,
    code: asked.Code = None,
    as_json: asked.AsJson = False,
    gpu_id: asked.GpuId = -1,
) -> None:
    """Show how far gradients travel back through a config's recurrent layers.

    For each distance T - t, the norm of the gradient of the state there, over that at the last
    step T: at initialisation, and after some steps of training, which are thrown away. And in how
    many of these steps clipping fired.

    Any value of the config can be given as an option: --training.dropout 0.2.
    """
    from seqpipe.cli.train import read_config
    from seqpipe.files import InputError
    from seqpipe.pipelines import choose_device
    from seqpipe.training.gradients import diagnose_gradients

    if steps < 0:
        raise InputError(f"--steps {steps}: expected 0 or more")
    check_picture(output, PICTURES)
    file = read_config(config, context.args, code)
    choose_device(gpu_id)
    with progress("steps", total=steps) as advance:
        found = diagnose_gradients(file, steps=steps, use_gpu=gpu_id, on_step=lambda: advance(1))
    try:
        if as_json:
            print_json(_record(found))
        else:
            _print(result_console(), found)
    finally:
        # Also where nobody reads on.
        if output is not None:
            _plot(output, found.travels)
    if not as_json:
        say_where(("The plot is", output))
    if found.diverged is not None:
        raise found.diverged


def _record(found: "Diagnosis") -> dict[str, Any]:
    """What was found, for JSON: norms by distance T - t."""
    return {
        "steps": found.steps,
        "layers": [
            {
                "component": travel.component,
                "layer": travel.initial.layer,
                "level": travel.initial.level,
                "cell": travel.initial.cell,
                "direction": _direction(travel),
                "initial": travel.initial.norms.tolist(),
                "trained": None if travel.trained is None else travel.trained.norms.tolist(),
            }
            for travel in found.travels
        ],
        "clipping": [vars(clipping) for clipping in found.clippings],
    }


def _print(console: "Console", found: "Diagnosis") -> None:
    console.print("What is left of a gradient T - t steps before the last: the median of sequences")
    for level in _by_level(found.travels):
        _print_level(console, level, found.steps)
    console.print()
    _print_clippings(console, found)


def _by_level(travels: list["Travel"]) -> list[list["Travel"]]:
    """The directions of each level together."""
    levels: dict[tuple[str, int], list[Travel]] = {}
    for travel in travels:
        levels.setdefault((travel.component, travel.initial.level), []).append(travel)
    return list(levels.values())


def _print_level(console: "Console", travels: list["Travel"], steps: int) -> None:
    from rich.text import Text

    from seqpipe.reporting.tables import print_table
    from seqpipe.training.gradients import verdict

    first = travels[0].initial
    arrow = "->" if console.options.ascii_only else "→"
    title = f"{travels[0].component}: level {first.level}, {first.cell} in {first.layer}"
    title += (
        f", at initialisation {arrow} after {steps} steps"
        if travels[0].trained
        else ", at initialisation"
    )
    # spaCy's output layers start at zero: then only a trained model has gradients.
    flows = [flow for t in travels for flow in (t.initial, t.trained) if flow is not None]
    longest = max(flows, key=lambda flow: len(flow.norms))
    rows = [
        [
            str(distance),
            str(longest.sequences[distance]),
            *(_cell(travel, distance, arrow) for travel in travels),
        ]
        for distance in DISTANCES
        if distance < len(longest.norms)
    ]
    heads = ["distance", "sequences", *(_direction(travel) for travel in travels)]
    print_table(console, title, heads, rows)
    for travel in travels:
        for when, flow in (("initial", travel.initial), ("trained", travel.trained)):
            if flow is not None:
                console.print(Text(f"{_direction(travel)}, {when}: {verdict(flow)}"))


def _direction(travel: "Travel") -> str:
    return "reverse" if travel.initial.reverse else "forward"


def _cell(travel: "Travel", distance: int, arrow: str) -> list[str]:
    """What is left there of the gradient, before and after training."""
    cell = [_figure(travel.initial, distance)]
    if travel.trained is not None:
        cell.append(f"{arrow} {_figure(travel.trained, distance)}")
    return cell


def _figure(flow: "Flow", distance: int) -> str:
    return f"{flow.norms[distance]:.2g}" if distance < len(flow.norms) else "-"


def _print_clippings(console: "Console", found: "Diagnosis") -> None:
    for clipping in found.clippings:
        _print_clipping(console, clipping)
    counted = {clipping.component for clipping in found.clippings}
    others = dict.fromkeys(travel.component for travel in found.travels)
    for name in [name for name in others if found.steps and name not in counted]:
        console.print(f"{name}: how often the optimizer clips spaCy's components is not counted")


def _print_clipping(console: "Console", clipping: "Clipping") -> None:
    from rich.text import Text

    for kind, key, bound, fired in (
        ("norm", "max_gradient_norm", clipping.max_norm, clipping.by_norm),
        ("value", "max_gradient_value", clipping.max_value, clipping.by_value),
    ):
        said = f"{clipping.component}: clipping by {kind} ({key} = {bound:g}) "
        if bound:
            share = 100 * fired / clipping.steps
            said += f"fired in {fired} of {clipping.steps} steps ({share:.0f} %)"
        else:
            said += "is off"
        console.print(Text(said))


def _plot(path: Path, travels: list["Travel"]) -> None:
    from seqpipe.reporting.plots import Line, plot_lines

    lines = []
    for colour, travel in enumerate(travels):
        name = f"{travel.component} level {travel.initial.level} {_direction(travel)}"
        for flow, when in ((travel.initial, "initial"), (travel.trained, "trained")):
            if flow is not None:
                label = f"{name}, {when}{_end(flow)}"
                dashed = flow is travel.initial
                distances = range(len(flow.norms))
                lines.append(Line(label, distances, flow.norms.tolist(), colour, dashed))
    plot_lines(path, lines, x_label="distance T - t", y_label="‖∂L_T/∂h_t‖ / ‖∂L_T/∂h_T‖", log=True)


def _end(flow: "Flow") -> str:
    """Say why a line ends before the others, or is not there at all."""
    if flow.not_finite and not len(flow.norms):
        return ": not finite"
    zero = (flow.norms == 0).nonzero()[0]
    return f": 0 at distance {zero[0]}" if len(zero) else ""
