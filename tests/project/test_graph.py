"""The graph: who needs whom, in which order they can run, and what has no order."""

import os
import time
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.project.graph import expand, graph, is_barrier
from seqpipe.project.load import Command, Project, Text, load_project


def texts(paths):
    return tuple(Text(path, path) for path in paths)


def command(name, deps=(), outputs=()):
    return Command(name, "", (), texts(deps), texts(outputs), False, 1)


def project_of(*commands, workflows=None):
    path = Path("/nowhere/at/all/project.yml")
    found = {one.name: one for one in commands}
    return Project(path, "", "", found, workflows or {}, (), ())


def steps_of(*commands):
    """Names in order, with the names of what each needs."""
    steps = graph(project_of(*commands), commands)
    names = [step.command.name for step in steps]
    return {
        name: {names[need]: paths for need, paths in step.needs.items()}
        for name, step in zip(names, steps, strict=True)
    }


def test_a_name_is_a_command_a_workflow_or_a_workflow_of_workflows():
    a, b = command("a"), command("b")
    project = project_of(a, b, workflows={"w": ("b", "a"), "all": ("a", "w", "w")})
    assert expand(project, "a") == [a]
    assert expand(project, "w") == [b, a]
    assert expand(project, "all") == [a, b, a, b, a]


def test_an_unknown_name_lists_all_there_is():
    project = project_of(command("a"), workflows={"w": ("a",)})
    with pytest.raises(InputError, match="no command or workflow 'x'; workflows: w; commands: a"):
        expand(project, "x")


def test_an_unknown_name_is_answered_with_the_nearest_first():
    project = project_of(command("count"), workflows={"w": ("count",)})
    said = "no command or workflow 'cout'; did you mean 'count'\\? workflows: w; commands: count"
    with pytest.raises(InputError, match=said):
        expand(project, "cout")


@pytest.mark.parametrize(
    ("output", "dep"),
    [
        ("x", "x"),
        ("./x", "x"),
        ("x", "a/../x/"),
        ("x", "x/inner/file"),
        ("x/inner/file", "x"),
        ("x", "."),
        ("x", "/nowhere/at/all/x"),
        ("ä/ß", "ä"),
    ],
)
def test_a_command_needs_who_writes_what_it_reads_however_the_path_is_written(output, dep):
    a, b = command("a", outputs=[output]), command("b", deps=[dep], outputs=["/other"])
    for listed in [(a, b), (b, a)]:
        assert steps_of(*listed) == {"a": {}, "b": {"a": (dep,)}}


@pytest.mark.parametrize(
    ("output", "dep"), [("x", "xy"), ("x/y", "x/z"), ("x", "X2"), ("x", "..x")]
)
def test_paths_that_only_look_alike_tie_nothing(output, dep):
    a, b = command("a", outputs=[output]), command("b", deps=[dep], outputs=["other"])
    assert steps_of(a, b) == {"a": {}, "b": {}}


def test_a_path_through_a_link_is_the_path_that_it_leads_to(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    path = tmp_path / "project.yml"
    path.write_text(
        "commands: [{name: b, deps: [link/x], outputs: [y]}, {name: a, outputs: [real/x]}]"
    )
    project = load_project(path)
    steps = graph(project, list(project.commands.values()))
    assert [step.command.name for step in steps] == ["a", "b"]


def test_what_nothing_ties_keeps_the_listed_order():
    listed = [command(name, outputs=[name]) for name in "dbca"]
    assert list(steps_of(*listed)) == list("dbca")


def test_a_command_that_says_nothing_stays_where_it_is():
    a, b = command("a", outputs=["a"]), command("b", outputs=["b"])
    barrier, c, d = command("barrier"), command("c", outputs=["c"]), command("d", deps=["c"])
    assert steps_of(a, b, barrier, d, c) == {
        "a": {},
        "b": {},
        "barrier": {"a": (), "b": ()},
        "c": {"barrier": ()},
        "d": {"c": ("c",), "barrier": ()},
    }


def test_a_command_that_says_nothing_runs_each_time_it_is_listed_others_once():
    a, say = command("a", outputs=["a"]), command("say")
    steps = graph(project_of(a, say), [say, a, say, a, say])
    assert [step.command.name for step in steps] == ["say", "a", "say", "say"]


def test_a_command_that_works_in_place_comes_after_who_made_it():
    make = command("make", outputs=["x"])
    polish = command("polish", deps=["x"], outputs=["x"])
    assert steps_of(polish, make) == {"make": {}, "polish": {"make": ("x",)}}


def test_of_two_that_work_in_place_the_one_listed_first_comes_first():
    one, two = (command(name, deps=["x"], outputs=["x"]) for name in ("one", "two"))
    assert steps_of(two, one) == {"two": {}, "one": {"two": ("x",)}}


def test_a_ring_is_named_whole_with_its_line():
    a = command("a", deps=["z"], outputs=["x"])
    b = command("b", deps=["x"], outputs=["y"])
    c = command("c", deps=["y", "other"], outputs=["z"])
    with pytest.raises(InputError) as caught:
        steps_of(command("before", outputs=["q"]), b, c, a, command("after", deps=["z"]))
    assert str(caught.value).startswith("/nowhere/at/all/project.yml, line 1: a ring of commands")
    for part in ("'a' needs z from 'c'", "'c' needs y from 'b'", "'b' needs x from 'a'"):
        assert part in str(caught.value)
    assert "before" not in str(caught.value)
    assert "after" not in str(caught.value)


def test_a_ring_through_a_place_in_the_list_says_so():
    use, say, make = command("use", deps=["x"]), command("say"), command("make", outputs=["x"])
    with pytest.raises(InputError, match=r"'use' needs x from 'make'.*'say' stays after 'use'"):
        steps_of(use, say, make)


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        ("x", "./x", "the commands 'a' and 'b' both write ./x"),
        ("x", "x/y", "'a' writes x and 'b' writes x/y, which is one inside the other"),
        ("x/y", "x", "'a' writes x/y and 'b' writes x, which is one inside the other"),
    ],
)
def test_two_that_write_one_path_in_no_order_are_refused(one, two, words):
    with pytest.raises(InputError, match=words):
        steps_of(command("a", outputs=[one]), command("b", outputs=[two]))


def test_an_order_is_not_enough_for_two_that_write_one_path():
    a, b = command("a", outputs=["x", "y"]), command("b", deps=["y"], outputs=["z"])
    c = command("c", deps=["z"], outputs=["x"])
    one, two = command("one", outputs=["x"]), command("two", outputs=["x"])
    for listed in [(c, b, a), (one, command("say"), two)]:
        with pytest.raises(InputError, match=r"both write x; .* list it in the deps of the one"):
            steps_of(*listed)


def test_what_another_made_may_be_worked_on_in_place_or_added_to():
    make = command("make", outputs=["x"])
    polish = command("polish", deps=["x"], outputs=["x"])
    add = command("add", deps=["x"], outputs=["x/more"])
    assert list(steps_of(polish, make)) == ["make", "polish"]
    assert list(steps_of(add, make)) == ["make", "add"]


def test_a_command_may_write_a_path_twice_and_one_in_the_other():
    assert steps_of(command("a", outputs=["x", "x", "x/y"])) == {"a": {}}


PATHS = st.sampled_from(["a", "a/b", "a/c", "a/b/d", "e", "./e/../e", "f", "g/h", "ab", "."])
COMMANDS = st.lists(
    st.tuples(st.lists(PATHS, max_size=2), st.lists(PATHS.filter(lambda p: p != "."), max_size=1)),
    max_size=7,
)


def overlap(one, two):
    a, b = (Path(os.path.abspath(Path("/p") / path)) for path in (one, two))
    return a == b or a in b.parents or b in a.parents


def ties(user, maker):
    """The paths by which one needs the other, by comparing all with all."""
    return {
        dep.shown
        for dep in user.deps
        for output in maker.outputs
        if overlap(dep.value, output.value)
    }


def works_in_place(one, other):
    """Whether all that one needs of the other is written by both and read by both."""
    return all(
        any(overlap(dep.value, own.value) for own in one.outputs)
        and any(overlap(output.value, own.value) for own in other.deps)
        for dep in one.deps
        for output in other.outputs
        if overlap(dep.value, output.value)
    )


def needs_by_comparing(listed):
    needs = {}
    for i, user in enumerate(listed):
        needs[i] = {}
        for j, maker in enumerate(listed):
            paths = ties(user, maker) if i != j else set()
            mutual = paths and ties(maker, user) and works_in_place(user, maker)
            if paths and not (mutual and i < j):
                needs[i][j] = paths
    return needs


def with_barriers(listed, needs):
    return {
        i: set(found) | {j for j in range(i) if is_barrier(listed[i]) or is_barrier(listed[j])}
        for i, found in needs.items()
    }


def meet(one, two):
    """Whether they write one path and the second does not read it. The order is given."""
    return any(
        overlap(a.value, b.value) and not any(overlap(a.value, dep.value) for dep in two.deps)
        for a in one.outputs
        for b in two.outputs
    )


def everyone_before(needs):
    """Who has to end before each, or None where there is a ring."""
    before = {}
    try:
        for i in TopologicalSorter(needs).static_order():
            before[i] = needs[i].union(*(before[j] for j in needs[i]))
    except CycleError:
        return None
    return before


@settings(deadline=None, max_examples=300)
@given(COMMANDS)
def test_a_graph_is_what_comparing_all_with_all_finds(found):
    listed = [command(str(i), deps, outputs) for i, (deps, outputs) in enumerate(found)]
    needs = needs_by_comparing(listed)
    before = everyone_before(with_barriers(listed, needs))
    both_write = before is not None and any(
        meet(listed[j], listed[i]) if j in before[i] else meet(listed[i], listed[j])
        for j in range(len(listed))
        for i in range(j)
    )
    if before is None or both_write:
        with pytest.raises(InputError, match="a ring of" if before is None else "write"):
            graph(project_of(*listed), listed)
        return
    steps = graph(project_of(*listed), listed)
    numbers = [int(step.command.name) for step in steps]
    assert sorted(numbers) == list(range(len(listed)))
    place = {number: at for at, number in enumerate(numbers)}
    for at, step in enumerate(steps):
        assert all(need < at for need in step.needs)
        assert all(place[j] < at for j in before[numbers[at]])
        tied = {numbers[need]: set(paths) for need, paths in step.needs.items() if paths}
        assert tied == needs[numbers[at]]
    direct = {numbers[at]: {numbers[n] for n in step.needs} for at, step in enumerate(steps)}
    assert everyone_before(direct) == before


def test_two_thousand_commands_are_no_matter():
    listed = [
        command(str(i), [f"data/{i}", f"models/{i - 1}"], [f"models/{i}"]) for i in range(2000)
    ]
    began = time.perf_counter()
    steps = graph(project_of(*listed), listed)
    assert time.perf_counter() - began < 5
    assert steps[1999].needs == {1998: ("models/1998",)}
