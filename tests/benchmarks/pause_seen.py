"""How soon a pause that is pressed in one of two screens is seen in the other.

The screens are at one engine, which posts to a slow server. They are in pseudo-terminals of two
sizes; the time is from the key to the output that says it, pressed in each of the two in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .contest import Case, Goal, Row, Scene, Side, Stages
from .files import random_files
from .measuring import USENETSYNC, Run, cpu_seconds, peak_memory, started_home, stop_database
from .memory_in_flight import slow_server
from .sinks import Server, configure

if TYPE_CHECKING:
    from .screen_terminal import FarEnd, Model

_SIZES = ((80, 24), (140, 45))
_PAUSED, _RUNNING = "‖ paused", "▲ running"
_PATIENCE = 60.0
_SEGMENT = 10_000
"""Bytes: the server takes some two articles a second, so the work outlasts the presses."""
_MEDIAN, _LONGEST = "median", "longest"


def pressed(home: Path, tree: Path, presses: int) -> Run:
    """Open two screens, and pause and resume the upload so often."""
    from .screen_terminal import FarEnd, environment  # large: not before it is needed

    with ExitStack() as stack:
        port = stack.enter_context(slow_server(None))
        started_home(home)
        configure(home, [Server("slow", port, 2)], chunk_size=_SEGMENT)
        ends = []
        for size, words in zip(_SIZES, ([str(tree)], []), strict=True):
            command = [*USENETSYNC, "tui", *words]
            end = FarEnd(command, environment(home), size=size, directory=home)
            stack.callback(end.close)
            end.until(lambda model: _says(model, _RUNNING), _PATIENCE)
            ends.append(end)
        times = sorted(_seen_after(ends, number) for number in range(presses))
        pid = ends[0].process.pid
        figures = {_MEDIAN: times[len(times) // 2], _LONGEST: times[-1]}
        return Run(sum(times), cpu_seconds(pid), peak_memory(pid), more=figures)


def _seen_after(ends: Sequence[FarEnd], number: int) -> float:
    """Seconds from a pause in one screen to the other's; then everything is resumed."""
    here, there = ends if number % 2 else reversed(ends)
    begin = here.press("P")
    seen = there.until(lambda model: _says(model, _PAUSED), _PATIENCE) - begin
    here.until(lambda model: _says(model, _PAUSED), _PATIENCE)
    here.press("P")
    for end in ends:
        end.until(lambda model: _says(model, _RUNNING), _PATIENCE)
        end.listen_for(0.3)
    return seen


def _says(model: Model, state: str) -> bool:
    """Whether the status line, the first one, has a state."""
    return state in model.lines[0]


@contextmanager
def ground(scene: Scene) -> Iterator[Stages]:
    """A file of random bytes, and a home."""
    home, tree = scene.scratch / "home", scene.scratch / "tree"
    random_files(tree, 2_000 * _SEGMENT, 1)
    try:
        yield [[Side("two screens", partial(pressed, home, tree, scene.amount))]]
    finally:
        stop_database(home)


def _row(key: str, goal: Goal) -> Row:
    title = f"pressed in one screen → seen in the other, {key}"
    return Row(title, ("two screens",), lambda r: 1e3 * r["two screens"].more[key], "ms", goal)


CASES = (
    Case(
        "pause-seen",
        "pause an upload in one of two screens at one engine: until the other shows it",
        20,
        "presses",
        ground,
        (_row(_MEDIAN, Goal()), _row(_LONGEST, Goal(at_most=500))),
        least=2,
    ),
)
