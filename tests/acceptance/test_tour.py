"""The README's tour, followed: a key press and an upload pass all its stops, in its order.

The screen runs over a real engine, which posts to a real socket. The test records the first call of
every function of the package, in all threads, from the key press to the end of a verification.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import FrameType

import anyio
import psycopg
import pytest
from engine_ground import new_engine
from scripted_server import ScriptedServer

import usenetsync_tui
from usenetsync_tui.engine import work
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.thread import EngineThread
from usenetsync_tui.model.commands.jobs import Upload, Verify
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.segments import SegmentStatus
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.tui.app import UsenetSyncApp

HOUSE = Path(usenetsync_tui.__file__).parent
README = Path(__file__).parents[2] / "README.md"

Stop = tuple[str, str]
"""A module by its path, and a function in it by its qualified name."""


def section() -> str:
    return README.read_text().partition("\n## For those who look inside\n")[2]


def tour(text: str) -> list[Stop]:
    """The stops of a tour: each is a module and, in parentheses, its function."""
    told = text.partition("<!-- tour -->")[2].partition("<!-- end of the tour -->")[0]
    stops = re.findall(r"`([\w/]+\.py)`\s+\(`([\w.]+)`\)", told)
    assert len(stops) == told.count(".py`"), "a module without its function"
    return stops


class Footprints:
    """A profile function: records the order of the first calls of the package's functions."""

    def __init__(self) -> None:
        self.reached: dict[Stop, int] = {}

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        # Functions only: the body of a module or class runs when it is imported.
        if event == "call" and code.co_flags & inspect.CO_OPTIMIZED:
            path = code.co_filename
            if path.startswith(_PREFIX):
                stop = path[len(_PREFIX) :], code.co_qualname
                self.reached.setdefault(stop, len(self.reached))


_PREFIX = f"{HOUSE}/"


class Tracing:
    """Profiles this thread and threads that start inside its block, while it is switched on."""

    def __init__(self) -> None:
        self.steps = Footprints()
        self.is_on = False

    def note(self, frame: FrameType, event: str, argument: object) -> None:
        if self.is_on:
            self.steps(frame, event, argument)

    def aside(
        self, part: Callable[[JobRun], Awaitable[None]]
    ) -> Callable[[JobRun], Awaitable[None]]:
        """A part that the tour leaves out."""

        async def untraced(run: JobRun) -> None:
            was_on, self.is_on = self.is_on, False
            await part(run)
            self.is_on = was_on

        return untraced

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        before = sys.getprofile()
        threading.setprofile(self.note)
        sys.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(before)
            threading.setprofile(None)


def astray(stops: list[Stop], reached: dict[Stop, int]) -> list[str]:
    """The faults of a tour."""
    wrong = [
        f"{path}: {name} is never reached" for path, name in stops if (path, name) not in reached
    ]
    known = [stop for stop in stops if stop in reached]
    for one, other in pairwise(known):
        if reached[one] > reached[other]:
            wrong.append(f"{other} is reached before {one}")
    paths = [path for path, _ in stops]
    wrong += [f"{path} is named twice" for path in sorted({p for p in paths if paths.count(p) > 1})]
    return wrong


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - the status is polled, as the screen does
            await anyio.sleep(0.02)


def over(engine: Engine, verb: Verb, count: int) -> Callable[[], bool]:
    """Whether so many jobs of a kind are over, and no other job runs."""

    def is_over() -> bool:
        jobs = [j for j in engine.status.jobs if j.verb is verb and j.state.is_over]
        return len(jobs) == count and engine.status.state is EngineState.IDLE

    return is_over


@pytest.mark.anyio
async def test_a_key_press_and_a_file_follow_the_tour(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "letters").mkdir()
    tracing = Tracing()
    monkeypatch.setattr(work, "not_continued", tracing.aside(work.not_continued))
    with ScriptedServer() as server, tracing.everywhere():
        table = {"name": "main", "host": server.host, "port": server.port, "tls": "none"}
        engine = new_engine(
            database, tmp_path, servers=[table], newsgroups=["alt.test"], check_delays=[0.0, 0.5]
        )
        with EngineThread(lambda: engine) as thread:
            thread.begin()
            engine.submit(Upload(os.fsencode(folder)))
            await until(over(engine, Verb.UPLOAD, 1))
            (folder / "one").write_text("Dear reader, " * 40)
            await _walked(engine, tracing)
            assert thread.drain(20)
    # Of each version an index: pages and a root, twice; the first version has no object.
    assert len(server.posted) == 4 + 1 + 6
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT status FROM segments").fetchall()
    assert set(rows) == {(SegmentStatus.VERIFIED,)}

    stops, reached = tour(section()), tracing.steps.reached
    assert len(stops) > 50
    assert astray(stops, reached) == []
    # Swapping any two neighbours is found, and so is a stop that does not exist.
    for number in range(len(stops) - 1):
        turned = [*stops[:number], stops[number + 1], stops[number], *stops[number + 2 :]]
        assert len(astray(turned, reached)) >= 1, turned[number]
    assert astray([*stops, ("engine/engine.py", "Engine.gone")], reached) != []


async def _walked(engine: Engine, tracing: Tracing) -> None:
    """Press the key, wait for the upload, and have the folder verified."""
    async with UsenetSyncApp(engine).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        tracing.is_on = True
        await pilot.press("U")
        await until(over(engine, Verb.UPLOAD, 2))
        engine.submit(Verify(engine.status.folders[0].folder.id, bodies=True))
        await until(over(engine, Verb.VERIFY, 1))
        tracing.is_on = False
        assert {job.state for job in engine.status.jobs} == {JobState.COMPLETED}
    if engine.browser is not None:
        await engine.browser.close()


def test_the_readme_lists_every_room() -> None:
    listed = re.findall(r"^\| `(\w+)/` \|", section(), re.MULTILINE)
    assert sorted(listed) == sorted(init.parent.name for init in HOUSE.glob("*/__init__.py"))


def test_every_path_of_the_section_leads_somewhere() -> None:
    named = re.findall(r"`([\w/]+/\w*\.py|[\w/]+/)`", section())
    known = [HOUSE, HOUSE.parent]
    assert len(named) > 50
    assert [path for path in named if not any((at / path).exists() for at in known)] == []
