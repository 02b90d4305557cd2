"""Kills `seqpipe run` at random moments, runs it again, and compares what comes out.

One run goes through without a stop: its outputs are the measure. Each of the others is killed with
SIGKILL at a moment drawn evenly from its length, in a folder of its own. The lock that it leaves
must claim nothing that is not there, and the next run must end with the same outputs. Some of the
commands are forked from the runner's server, some are processes of their own, some are started by
another program; each writes in pieces, so that some of the kills leave a half of something.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, content_digest
from seqpipe.project.lock import read_records
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

PROJECT = """
workflows: {all: [copy, starter, grow, count, another, join]}
commands:
  - {name: copy, script: [cp in.txt copied.txt], deps: [in.txt], outputs: [copied.txt]}
  - name: starter
    script: [rm -rf starter, seqpipe init ner starter]
    outputs: [starter]
  - name: grow
    script: [python write.py copied.txt grown 40]
    deps: [copied.txt, write.py]
    outputs: [grown]
  - name: count
    script: ['sh -c "python write.py in.txt counted 10 & wait"', seqpipe --version]
    deps: [in.txt, write.py]
    outputs: [counted]
  - name: another
    script: [rm -rf another, seqpipe init ner another]
    deps: [starter]
    outputs: [another]
  - name: join
    script: [rm -rf joined joined.new, mkdir joined.new, cp -r grown counted another joined.new,
             mv joined.new joined]
    deps: [grown, counted, another]
    outputs: [joined]
"""
WRITE = """
import pathlib, sys, time
text, folder, pieces = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2]), sys.argv[3]
folder.mkdir(exist_ok=True)
for i in range(int(pieces)):
    with open(folder / f"{i % 3}.txt", "a" if i >= 3 else "w") as stream:
        for line in range(50):
            stream.write(f"{i} {line} {text}")
            stream.flush()
    time.sleep(0.01)
"""
OUTPUTS = ("copied.txt", "starter", "grown", "counted", "another", "joined")


def write_project(folder: Path) -> None:
    """Write the project and what it reads."""
    folder.mkdir()
    (folder / "project.yml").write_text(PROJECT, encoding="utf-8")
    (folder / "write.py").write_text(WRITE, encoding="utf-8")
    (folder / "in.txt").write_text("read\n", encoding="utf-8")


def start(folder: Path, jobs: int) -> subprocess.Popen:
    """Begin a run, or go on with one."""
    command = [sys.executable, "-m", "seqpipe", "run", str(folder), "--jobs", str(jobs)]
    # A file, not a pipe: what outlives the run must not keep this from going on.
    with open(folder / "said.txt", "w") as said:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)


def finish(folder: Path, jobs: int) -> float:
    """Run to the end. RETURNS (float): Seconds. Raises InputError if it fails."""
    began = time.perf_counter()
    code = start(folder, jobs).wait()
    if code:
        raise InputError(f"a run ended with {code}: {(folder / 'said.txt').read_text()[-500:]}")
    return time.perf_counter() - began


def killed(folder: Path, jobs: int, after: float) -> bool:
    """Run for some seconds and kill. RETURNS (bool): Whether it was still running."""
    process = start(folder, jobs)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() < 0


def false_claims(folder: Path) -> list[str]:
    """What the lock says is there and is not, or is another."""
    return [
        f"{name}: {output}"
        for name, record in read_records(folder)[0].items()
        for output, digest in record.outputs.items()
        if not (folder / output).exists() or content_digest(folder / output) != digest
    ]


def digests(folder: Path) -> list[str]:
    """Digests of all outputs, names included."""
    return [content_digest(folder / output) for output in OUTPUTS]


def kill_and_resume(folder: Path, jobs: int, longest: float, rng: random.Random) -> dict[str, Any]:
    """RETURNS (Dict): When the run was killed, and what it left."""
    after = rng.uniform(0.0, longest)
    write_project(folder)
    while not killed(folder, jobs, after):  # it had come to its end
        shutil.rmtree(folder)
        write_project(folder)
        after = rng.uniform(0.0, longest)
    row = {
        "jobs": jobs,
        "after": round(after, 3),
        "locked": sorted(read_records(folder)[0]),
        "outputs": [output for output in OUTPUTS if os.path.exists(folder / output)],
        "false_claims": false_claims(folder),
    }
    finish(folder, jobs)
    return row


def main(
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    kills: Annotated[int, typer.Option(min=1, help="How many moments.")] = 50,
    seed: Annotated[int, typer.Option(help="For the moments.")] = 0,
) -> None:
    """Kill, run again, compare."""
    rng, rows = random.Random(seed), []
    with tempfile.TemporaryDirectory() as parent:
        seconds, expected = {}, []
        for jobs in (1, 2):
            whole = Path(parent) / f"whole-{jobs}"
            write_project(whole)
            seconds[jobs] = finish(whole, jobs)
            expected.append(digests(whole))
        for number in range(kills):
            folder, jobs = Path(parent) / str(number), 1 + number % 2
            row = kill_and_resume(folder, jobs, seconds[jobs], rng)
            row["same_outputs"] = [digests(folder)] * 2 == expected
            rows.append(row)
            typer.echo(f"{number + 1}: {row}")
            shutil.rmtree(folder)
    summary = {
        "kills": kills,
        "same_outputs": sum(row["same_outputs"] for row in rows),
        "locks_that_claim_too_much": sum(bool(row["false_claims"]) for row in rows),
        "with_unlocked_outputs": sum(len(row["outputs"]) > len(row["locked"]) for row in rows),
        "with_something_locked": sum(bool(row["locked"]) for row in rows),
        "seconds_of_a_run": round(seconds[1], 1),
    }
    write_metrics(output, {"rows": rows, "summary": summary})
    found = [[name.replace("_", " "), str(value)] for name, value in summary.items()]
    print_table(Console(), "Killed and run again", ["", ""], found)


if __name__ == "__main__":
    run_script(main)
