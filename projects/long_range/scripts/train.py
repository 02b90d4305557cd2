"""Trains every model of the config on both tasks, at each distance and with each seed.

What is finished is in the output file, which is written anew after each run: started again, the
script goes on from there.
"""

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from random import Random
from typing import Annotated, Any

import numpy as np
import typer
from tasks import TASKS
from thinc.api import Adam, Config, Model, chain, fix_random_seed, registry
from threadpoolctl import threadpool_limits

from seqpipe.layers.embed import embedding
from seqpipe.layers.model_gradients import gradient_norm, scale_gradients
from seqpipe.layers.packed import Packed, Packing
from seqpipe.reporting.metrics import write_metrics

SHORTEST = 5


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


def take_step(model: Model, optimizer: Adam, bound: float) -> None:
    """Clip the gradients by their norm over the whole model, and take a step."""
    norm = gradient_norm(model)
    if norm > bound:
        scale_gradients(model, bound / norm)
    model.finish_update(optimizer)


def run(settings: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
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

    words = 0
    for step in range(1, how["steps"] + 1):
        optimizer.learn_rate = how["learn_rate"] * min(1.0, 2 - 2 * (step - 1) / how["steps"])
        X, answers = task.batch(train, how["batch_size"], train.randint(SHORTEST, distance))
        scores, backprop = model.begin_update(X)
        backprop(task.loss(scores, answers)[1].astype("f"))
        take_step(model, optimizer, how["max_gradient_norm"])
        words += X.shape[0] * X.shape[1]
        check = step % how["check_every"] == 0
        if check and share_right(development, how["development_size"]) == 1.0:
            break
    seconds = time.perf_counter() - began
    return {
        **settings,
        "accuracy": share_right(test, how["test_size"]),
        "steps": step,
        "seconds": round(seconds, 1),
        "words_per_second": round(words / seconds),
    }


def key(settings: dict[str, Any]) -> tuple:
    """What a run is known by."""
    return tuple(settings[name] for name in ("task", "model", "distance", "seed"))


def finished(output: Path, config: Config) -> list[dict[str, Any]]:
    """The runs in an output file, if they were made with this config."""
    if not output.exists():
        return []
    found = json.loads(output.read_text(encoding="utf-8"))
    return found["runs"] if found["config"] == json.loads(json.dumps(config)) else []


def main(
    config_path: Path,
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    distances: Annotated[str, typer.Option(help="Distances, with commas.")] = "5,10,20,50,100,200",
    seeds: Annotated[str, typer.Option(help="Seeds, with commas.")] = "1,2,3",
    jobs: Annotated[int, typer.Option(help="Runs at once, of one thread each.")] = 2,
) -> None:
    """Train all models on both tasks, and write how often each is right."""
    config = Config().from_disk(config_path)
    runs = finished(output, config)
    done = {key(one) for one in runs}
    grid = [
        {"task": task, "model": model, "distance": int(distance), "seed": int(seed)}
        for distance, task, model, seed in product(
            distances.split(","), TASKS, config["models"], seeds.split(",")
        )
    ]
    wanted = [settings for settings in grid if key(settings) not in done]
    left = len(wanted)
    with ProcessPoolExecutor(jobs, initializer=threadpool_limits, initargs=(1,)) as pool:
        futures = [pool.submit(run, settings, dict(config)) for settings in wanted]
        try:
            for future in as_completed(futures):
                runs.append(future.result())
                runs.sort(key=key)
                write_metrics(output, {"config": config, "threads_a_run": 1, "runs": runs})
                left -= 1
                typer.echo(f"{line(future.result())} ({left} runs left)")
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            typer.echo(f"interrupted: {output} keeps what is finished; start again to go on")
            raise typer.Exit(130) from None


def line(one: dict[str, Any]) -> str:
    """What to say of a run that has ended."""
    return (
        f"{one['task']:9} {one['model']:12} distance {one['distance']:3} seed {one['seed']}: "
        f"{one['accuracy']:.1%} right after {one['steps']} steps, {one['seconds']:.0f} s"
    )


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    typer.run(main)
