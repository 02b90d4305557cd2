"""Trains every model of the config on the tasks, at each distance and with each seed.

What is finished is in the output file, which is written anew after each run: started again, the
script goes on from there.
"""

import json
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Annotated, Any

import numpy as np
import typer
from tasks import SHORTEST, TASKS, whole_numbers
from thinc.api import Adam, Config, Model, chain, fix_random_seed, registry
from threadpoolctl import threadpool_limits

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.layers.embed import embedding
from seqpipe.layers.model_gradients import gradient_norm, scale_gradients
from seqpipe.layers.packed import Packed, Packing
from seqpipe.reporting.metrics import describe_corpus, environment, peak_memory_mb, write_metrics

PROJECT = Path(__file__).parents[1]
# What results depend on, besides the config and seqpipe itself.
SOURCES = ("assets/words.json", "scripts/tasks.py", "scripts/train.py")


def reader(layer: Model) -> Model:
    """Let a layer over packed sequences read an array `(sequences, steps, ...)`."""
    return Model("reader", _read, layers=[layer])


def _read(model: Model, X: np.ndarray, is_train: bool) -> tuple[Any, Callable]:
    """Steps of equal length lie packed as they lie in time: step by step."""
    packing = Packing.of([X.shape[1]] * len(X))
    rows = X.swapaxes(0, 1).reshape(-1, *X.shape[2:])
    Y, backprop = model.layers[0](rows, is_train)
    return Packed(Y, packing), lambda dY: backprop(dY.data)


def build(config: Config, name: str, task_name: str) -> Model:
    """A model of the config, with embeddings in front if the task is of words; initialised."""
    task, width = TASKS[task_name], config["training"]["width"]
    network = registry.resolve({"model": config["models"][name]})["model"]
    first = embedding(width, len(task.words)) if task_name == "agreement" else _as_it_is()
    width = width if task_name == "agreement" else 2
    first.initialize()
    network.initialize(X=[np.zeros((1, width), "f")], Y=np.zeros((1, task.outputs), "f"))
    return chain(reader(first), network)


def _as_it_is() -> Model:
    return Model("as_it_is", lambda model, X, is_train: (X, lambda dY: dY))


def draw_distance(rng: Random, longest: int, sampling: str) -> int:
    """A distance to train on, from SHORTEST on: all alike, or all orders of magnitude alike."""
    if sampling == "uniform":
        return rng.randint(SHORTEST, longest)
    return round(math.exp(rng.uniform(math.log(SHORTEST), math.log(longest))))


def take_step(model: Model, optimizer: Adam, bound: float) -> bool:
    """Clip the gradients by their norm over the whole model, and take a step.

    RETURNS (bool): Whether the gradients were finite; if not, nothing was done.
    """
    norm = gradient_norm(model)
    if not math.isfinite(norm):
        return False
    if norm > bound:
        scale_gradients(model, bound / norm)
    model.finish_update(optimizer)
    return True


def run(settings: dict[str, Any], config: dict[str, Any], commit: str | None) -> dict[str, Any]:
    """Train and test one model: `settings` has task, model, distance and seed."""
    config, task = Config(config), TASKS[settings["task"]]
    how, distance, seed = config["training"], settings["distance"], settings["seed"]
    fix_random_seed(seed)
    began = time.perf_counter()
    model = build(config, settings["model"], settings["task"])
    optimizer = Adam(how["learn_rate"], grad_clip=0.0, L2=0.0)
    train, development, test = (Random(f"{seed} {part}") for part in ("train", "dev", "test"))

    def share_right(rng: Random, size: int) -> float:
        X, answers = task.batch(rng, size, distance)
        return float(task.right(model.predict(X), answers).mean())

    words, outcome = 0, {}
    for step in range(1, how["steps"] + 1):
        optimizer.learn_rate = how["learn_rate"] * min(1.0, 2 - 2 * (step - 1) / how["steps"])
        length = draw_distance(train, distance, how["sampling"])
        X, answers = task.batch(train, how["batch_size"], length)
        scores, backprop = model.begin_update(X)
        backprop(task.loss(scores, answers)[1].astype("f"))
        if not take_step(model, optimizer, how["max_gradient_norm"]):
            outcome = {"diverged_at": step}
            break
        words += X.shape[0] * X.shape[1]
        check = step % how["check_every"] == 0
        if check and share_right(development, how["development_size"]) == 1.0:
            break
    seconds = time.perf_counter() - began
    return {
        **settings,
        **(outcome or {"accuracy": share_right(test, how["test_size"])}),
        "steps": step,
        "seconds": round(seconds, 1),
        "words_per_second": round(words / seconds),
        "peak_memory_mb": peak_memory_mb(),
        "commit": commit,
    }


def key(settings: dict[str, Any]) -> tuple:
    """What a run is known by."""
    return tuple(settings[name] for name in ("task", "model", "distance", "seed"))


def finished(output: Path, made_of: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs in an output file; refused if they were made of another config or other sources."""
    if not output.exists():
        return []
    try:
        found = json.loads(output.read_text(encoding="utf-8"))
        runs, theirs = found["runs"], {name: found[name] for name in made_of}
    except (ValueError, KeyError, TypeError):
        raise InputError("not written by this script: give another --output", path=output) from None
    if theirs != json.loads(json.dumps(made_of)):
        raise InputError(
            f"holds {len(runs)} runs of another config or of other scripts: move it away, or give "
            "another --output",
            path=output,
        )
    return runs


def start_worker() -> None:
    """One thread a run; and no worker outlives the script, whatever ends that."""
    threadpool_limits(1)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main(
    config_path: Annotated[Path, typer.Argument(metavar="CONFIG")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    tasks: Annotated[str, typer.Option(help="Tasks, with commas.")] = "agreement,adding",
    distances: Annotated[str, typer.Option(help="Distances, with commas.")] = "5,10,20,50,100,200",
    seeds: Annotated[str, typer.Option(help="Seeds, with commas.")] = "1,2,3",
    sampling: Annotated[str, typer.Option(help="In place of the config's.")] = "",
    jobs: Annotated[int, typer.Option(min=1, help="Runs at once, of one thread each.")] = 2,
) -> None:
    """Train all models, and write how often each is right."""
    config = Config().from_disk(config_path)
    config["training"]["sampling"] = sampling or config["training"]["sampling"]
    if config["training"]["sampling"] not in ("uniform", "log"):
        raise ValueError(f"sampling = {config['training']['sampling']!r}: expected uniform or log")
    unknown = set(tasks.split(",")) - set(TASKS)
    if unknown:
        raise ValueError(f"tasks = {tasks!r}: expected {', '.join(TASKS)}")
    grid = [
        {"task": task, "model": model, "distance": distance, "seed": seed}
        for distance, task, model, seed in product(
            whole_numbers(distances, "distances", SHORTEST),
            tasks.split(","),
            config["models"],
            whole_numbers(seeds, "seeds", 0),
        )
    ]
    sources = [{**describe_corpus(PROJECT / name), "path": name} for name in SOURCES]
    made_of = {"config": config, "sources": sources}
    train_all(grid, made_of, output, jobs)


def train_all(grid: list[dict[str, Any]], made_of: dict[str, Any], output: Path, jobs: int) -> None:
    """Make the runs that are missing, and write the results after each."""
    runs = finished(output, made_of)
    done = {key(one) for one in runs}
    wanted = [settings for settings in grid if key(settings) not in done]
    typer.echo(f"{len(grid) - len(wanted)} of {len(grid)} runs are in {output} already")
    one_run = partial(run, config=dict(made_of["config"]), commit=environment()["commit"])
    with ProcessPoolExecutor(jobs, initializer=start_worker) as pool:
        futures = [pool.submit(one_run, settings) for settings in wanted]
        try:
            for left, future in enumerate(as_completed(futures), start=1 - len(futures)):
                runs.append(future.result())
                runs.sort(key=key)
                write_metrics(output, {**made_of, "threads_a_run": 1, "runs": runs})
                typer.echo(f"{line(future.result())} ({-left} runs left)")
        except KeyboardInterrupt:
            for process in pool._processes.values():
                process.terminate()
            typer.echo(f"interrupted: {output} keeps what is finished; start again to go on")
            raise typer.Exit(130) from None


def line(one: dict[str, Any]) -> str:
    """What to say of a run that has ended."""
    end = f"{one['accuracy']:.1%} right" if "accuracy" in one else "diverged"
    return (
        f"{one['task']:9} {one['model']:12} distance {one['distance']:3} seed {one['seed']}: "
        f"{end} after {one['steps']} steps, {one['seconds']:.0f} s"
    )


if __name__ == "__main__":
    run_script(main)
