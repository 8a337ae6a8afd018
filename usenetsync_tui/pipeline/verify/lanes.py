"""lanes: the tasks of a sweep that ask the stores for articles, and those that fetch them.

Each realm has twice as many askers, and fetchers, as its store answers calls at once: all
connections that may look are busy while any page has something to ask for, since the next call
waits when one ends. An asker takes some hundred Message-IDs at a time; a fetcher's thread takes one
article after another by itself.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from usenetsync_tui.model.ports.stores import OpenRealm, Store
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.worker_counts import most_lanes
from usenetsync_tui.pipeline.verify.bodies import Bodies, BodySource
from usenetsync_tui.pipeline.verify.pages import Page

ASKED_AT_ONCE = 500
"""Message-IDs in one call of `Store.present`: a few windows of a connection."""


def fetchers(run: JobRun, store: Store) -> int:
    """How many articles of a store to fetch at once: two for each connection that may look, so
    that one is on its way while another is opened; without connections, one for each worker.

    Fewer where memory is short.
    """
    wanted = run.limits.max_workers if store.lanes is None else 2 * store.inquiries
    return max(1, min(wanted, most_lanes(run.limits)))


class RealmLanes:
    """The askers and fetchers of one realm."""

    def __init__(self, run: JobRun, open_realm: OpenRealm, *, bodies: bool) -> None:
        """`bodies`: also fetch what the store does not clearly miss."""
        self._run = run
        self._open_realm = open_realm
        self._fetches_all = bodies
        self._to_ask, self._asks = anyio.create_memory_object_stream[tuple[Page, list[bytes]]](
            math.inf  # pages under way bound it
        )
        store = open_realm.store
        self._bodies = Bodies(run, 2 * fetchers(run, store))
        self._asking = Stage("ask", 2 * store.inquiries)
        self._fetching = Stage("fetch", fetchers(run, store))
        run.stages += [self._asking, self._fetching]

    def start(self, asking: TaskGroup, fetching: TaskGroup) -> None:
        """Start the tasks."""
        for number in range(self._asking.workers):
            asking.start_soon(self._ask, number)
        for number in range(self._fetching.workers):
            fetching.start_soon(self._fetch, number)
        fetching.start_soon(self._bodies.make_room)

    def check(self, page: Page, names: Collection[bytes]) -> None:
        """Check some articles of a page."""
        proved = [name for name in names if page.named[name].by_body]
        self._bodies.put(page, proved)
        asked = [name for name in names if not page.named[name].by_body]
        for start in range(0, len(asked), ASKED_AT_ONCE):
            self._to_ask.send_nowait((page, asked[start : start + ASKED_AT_ONCE]))

    def no_more_to_ask(self) -> None:
        """No further page will come."""
        self._to_ask.close()

    def no_more_to_fetch(self) -> None:
        """All askers have ended."""
        self._asks.close()
        self._bodies.close()

    async def _ask(self, number: int) -> None:
        store, slot = self._open_realm.store, self._asking.slot(number)
        async for page, names in self._asks:
            await self._run.gate.passed()
            if self._run.draining:
                return
            with slot.working(b"", plural(len(names), "article")):
                found = await store.present(names)
            wanted = page.asked(names, found, final=not self._fetches_all)
            self._asking.done += len(names)
            self._bodies.put(page, wanted)

    async def _fetch(self, number: int) -> None:
        slot = self._fetching.slot(number)
        source = BodySource(self._run, self._open_realm, self._bodies, self._fetching, slot)
        try:
            while await self._bodies.filled():
                await self._run.gate.passed()
                if self._run.draining:
                    break
                await self._open_realm.store.fetch_from(source)
        finally:
            source.stopped = True
            if self._run.draining:
                self._bodies.drop()


class Lanes:
    """The lanes of a sweep, of all realms that its articles are in."""

    asking: TaskGroup
    """Where the askers run; the fetchers outlast them."""

    def __init__(self, run: JobRun, fetching: TaskGroup, *, bodies: bool) -> None:
        self._run = run
        self._fetching = fetching
        self._bodies = bodies
        self._of: dict[int, RealmLanes] = {}

    async def check(self, page: Page) -> None:
        """Begin to check a page."""
        by_realm: dict[int, list[bytes]] = {}
        for name, article in page.named.items():
            by_realm.setdefault(article.realm_id, []).append(name)
        for realm, names in by_realm.items():
            if realm not in self._of:
                open_realm = await self._run.realm_of(realm)
                lanes = self._of[realm] = RealmLanes(self._run, open_realm, bodies=self._bodies)
                lanes.start(self.asking, self._fetching)
            self._of[realm].check(page, names)

    def no_more_to_ask(self) -> None:
        """No further page will come."""
        for lanes in self._of.values():
            lanes.no_more_to_ask()

    def no_more_to_fetch(self) -> None:
        """All askers have ended."""
        for lanes in self._of.values():
            lanes.no_more_to_fetch()


@asynccontextmanager
async def checking_lanes(run: JobRun, *, bodies: bool) -> AsyncIterator[Lanes]:
    """The lanes of a sweep; leaving the block waits until they have checked all their pages, or,
    when the run drains, what is under way."""
    run.stages.clear()
    async with anyio.create_task_group() as fetching:
        lanes = Lanes(run, fetching, bodies=bodies)
        try:
            async with anyio.create_task_group() as lanes.asking:
                try:
                    yield lanes
                finally:
                    lanes.no_more_to_ask()
        finally:
            lanes.no_more_to_fetch()
