"""`find` over millions of files in ten versions: how long until the first row is printed.

The catalogue is filled by the server itself; caches are warm. Each side is the whole command, from
its start: a pattern that matches the first paths, one that matches only the last one, and one that
matches nothing, which must look at every row.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import anyio
import psycopg

from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.engine.opening import open_catalogue
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.postgres.queries import load_queries
from usenetsync_tui.settings.settings import Settings

from .contest import Case, Goal, Row, Scene, Side, Stages, memory
from .measuring import ENVIRONMENT, USENETSYNC, FailedError, Run, do, fresh_home, stop_database

_SQL = load_queries(__package__, "find.sql")


async def fill(home: Path, files: int) -> None:
    """A folder of so many files in ten versions."""
    async with open_catalogue(
        Settings(), Locations.find({"USENETSYNC_HOME": str(home)}), "benchmark"
    ) as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folders.keep(tx, b"/data/archive", FolderChoices())
        with psycopg.connect(opened.conninfo, autocommit=True) as connection:
            values = {"folder": folder.id, "files": files}
            connection.execute(_SQL["fill"], values)
            connection.execute("VACUUM (ANALYZE)")
            connection.execute(_SQL["versions"], values)


def found(home: Path, pattern: str) -> Run:
    """Run it to its end; `first` is when the first row was there, or the end if there is none."""
    env = {**ENVIRONMENT, "USENETSYNC_HOME": str(home)}
    command = [*USENETSYNC, "find", pattern, "--json"]
    begin = time.perf_counter()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first = time.perf_counter() - begin
        for _ in process.stdout:
            pass
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise FailedError(f"find {pattern} ended with {process.returncode}")
    wall = time.perf_counter() - begin
    cpu = used.ru_utime + used.ru_stime
    return Run(wall, cpu, used.ru_maxrss * 1024, more={"first": first})


@contextmanager
def ground(scene: Scene) -> Iterator[Stages]:
    """A filled home with its database running."""
    home = scene.scratch / "home"
    fresh_home(home)
    try:
        anyio.run(fill, home, scene.amount)
        do(home, "db", "start")
        last = f"IMG_{scene.amount - 1:08}.*"
        patterns = {"every name": "IMG_*", "the last path": last, "no path": "*.absent"}
        yield [[Side(name, partial(found, home, words)) for name, words in patterns.items()]]
    finally:
        stop_database(home)


def _rows(side: str, goal: Goal) -> tuple[Row, Row]:
    return (
        Row(f"first row, {side}", (side,), lambda r: r[side].more["first"], "s", goal),
        Row(f"all rows, {side}", (side,), lambda r: r[side].wall, "s"),
    )


CASES = (
    Case(
        "find",
        "find a pattern in a folder of ten versions: from the command to its first row",
        3_000_000,
        "files",
        ground,
        (
            *_rows("every name", Goal(at_most=2.0)),
            *_rows("the last path", Goal(at_most=2.0)),
            *_rows("no path", Goal(at_most=2.0)),
            memory("every name", "the last path", "no path"),
        ),
        least=1_000,
    ),
)
