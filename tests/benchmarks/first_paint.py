"""From Enter to the first full frame: how long one waits for the screen.

The command is typed into a shell in a real pseudo-terminal, and Enter begins the time. The frame
is full with the output after which both panes of folders and files have their whole frames, and
the last line of the screen its keys; `rows` is when the uploaded files are listed. Once the
database runs already, once the screen has to start it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from .contest import Case, Goal, Row, Scene, Side, Stages, memory
from .files import small_files
from .measuring import USENETSYNC, Run, cpu_seconds, do, fresh_home, peak_memory, stop_database

COLUMNS, ROWS = 120, 40
_PATIENCE = 60.0


def painted(home: Path) -> Run:
    """Open the screen and close it again; what its process took until the files were listed."""
    from .screen_terminal import FarEnd, Model, environment  # large: not before it is needed

    def is_full(model: Model) -> bool:
        panes = (model.pane("1 Folders"), model.pane("2 Files"), model.pane("3 Workers"))
        return all(panes) and bool(model.lines[-1].strip())

    def lists_files(model: Model) -> bool:
        pane = model.pane("2 Files")
        return pane is not None and pane.row == 1 and pane.filled

    end = FarEnd(["sh"], environment(home) | {"PS1": "$ "}, size=(COLUMNS, ROWS), directory=home)
    try:
        end.until(lambda model: model.shows("$"), _PATIENCE)
        end.press(f"exec {shlex.join([*USENETSYNC, 'tui'])}")
        end.listen_for(0.3)
        end.interpret()
        begin = end.press("\r")
        full = end.until(is_full, _PATIENCE) - begin
        rows = end.until(lists_files, _PATIENCE) - begin
        pid = end.process.pid  # exec: the shell has become the screen
        run = Run(full, cpu_seconds(pid), peak_memory(pid), more={"rows": rows})
        end.press("q")
        end.wait(_PATIENCE)
    finally:
        end.close()
    return run


def started(home: Path) -> Run:
    """With the database running."""
    do(home, "db", "start")
    return painted(home)


def stopped(home: Path) -> Run:
    """With the database to be started."""
    stop_database(home)
    return painted(home)


@contextmanager
def ground(scene: Scene) -> Iterator[Stages]:
    """A home with a folder that has a version."""
    home, tree = scene.scratch / "home", scene.scratch / "tree"
    small_files(tree, scene.amount)
    fresh_home(home)
    do(home, "upload", str(tree), "--store", "shards", "--json")
    try:
        yield [
            [
                Side("database running", partial(started, home)),
                Side("database to be started", partial(stopped, home)),
            ]
        ]
    finally:
        stop_database(home)


def _rows(side: str, most: float) -> tuple[Row, Row]:
    goal = Goal(at_most=most)
    return (
        Row(f"full frame, {side}", (side,), lambda r: r[side].wall, "s", goal),
        Row(f"files listed, {side}", (side,), lambda r: r[side].more["rows"], "s"),
    )


CASES = (
    Case(
        "first-paint",
        "open the screen on a catalogue of small files: from Enter to the first full frame",
        1_000,
        "files",
        ground,
        (
            *_rows("database running", 0.5),
            *_rows("database to be started", 1.5),
            memory("database running", "database to be started"),
        ),
        least=10,
    ),
)
