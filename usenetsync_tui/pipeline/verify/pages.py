"""pages: the articles of a sweep, a page at a time, and what was found about each.

A page is read, checked and recorded as one. Several are under way at once, so that every
connection has articles to ask for while others are read and recorded; they are recorded in their
order, since a position stands for everything before it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import anyio

from usenetsync_tui.catalogue.tables import sweeps
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.ports.stores import Presence
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.model.sweeps import Scope, Sweep
from usenetsync_tui.pipeline.run.handover import Depth
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.verify.prove import Proof


@dataclass(slots=True)
class Findings:
    """What checking some articles found, by Message-ID."""

    missing: set[bytes] = field(default_factory=set)
    """Articles that no server says it has."""
    proof: Proof = field(default_factory=Proof)
    """The others: found, without a clear answer, or without the right bytes."""

    def knows(self, name: bytes) -> bool:
        """Whether an article was checked, whatever the answer."""
        return name in self.missing or self.proof.knows(name)

    def lost(self, names: Iterable[bytes]) -> Mapping[bytes, NoticeKind]:
        """Those of some articles that are missing or damaged."""
        found = {}
        for name in names:
            if name in self.missing or name in self.proof.missing:
                found[name] = NoticeKind.MISSING
            elif name in self.proof.damaged:
                found[name] = NoticeKind.DAMAGED
        return found


class Page:
    """Some articles of a sweep, in the order of the catalogue."""

    def __init__(self, articles: list[Segment], begun: Mapping[int, int]) -> None:
        """`begun`: the objects that begin in this page, and how many files each holds."""
        self.articles = articles
        self._begun = begun
        self.named = {a.message_id: a for a in articles}
        self.findings = Findings()
        self.settled = anyio.Event()
        """Set when every article was checked, or none will be any more."""
        self._left = len(self.named)
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()

    def asked(self, names: Sequence[bytes], found: Presence, *, final: bool) -> list[bytes]:
        """Record what the store says about some articles; returns those to be fetched, in order.

        Not `final`: only the bytes are proof of those that are not missing. In order, since what
        was fetched counts only up to the first article that was not.
        """
        left = [name for name in names if name in found.there or name in found.unknown]
        with self._lock:
            self.findings.missing |= set(names).difference(left)
            if final:
                self.findings.proof.there |= found.there
                self.findings.proof.unknown |= found.unknown
        self._count(len(names) if final else len(names) - len(left))
        return [] if final else left

    def fetched(self, name: bytes, failure: Exception | None) -> None:
        """Record what fetching an article found. From any thread."""
        with self._lock:
            self.findings.proof.fetched(name, failure)
        self._count(1)

    def _count(self, checked: int) -> None:
        with self._lock:
            self._left -= checked
            is_settled = not self._left
        if is_settled:
            self._loop.call_soon_threadsafe(self.settled.set)

    def files(self, articles: Iterable[Segment]) -> int:
        """The files of the objects that begin with these articles of the page."""
        return sum(self._begun.get(i, 0) for i in {a.object_id for a in articles})

    def checked(self) -> list[Segment]:
        """The articles from the first one on that were checked, up to one that was not."""
        return list(takewhile(lambda a: self.findings.knows(a.message_id), self.articles))


class UnderWay:
    """The pages that are read and not recorded yet, in their order; at most `most`."""

    def __init__(self, run: JobRun, most: int) -> None:
        self._run = run
        self._most = most
        self._pages: deque[Page] = deque()
        self._closed = False
        self._changed = anyio.Event()

    async def put(self, page: Page) -> None:
        """Add a page; waits while there are too many, unless the run drains."""
        while len(self._pages) >= self._most and not self._run.draining:
            await self._changed.wait()
        self._pages.append(page)
        self._wake()

    async def next(self) -> Page | None:
        """The next page, as soon as it is checked; None when none will come any more."""
        while not self._pages:
            if self._closed:
                return None
            await self._changed.wait()
        await self._pages[0].settled.wait()
        page = self._pages.popleft()
        self._wake()
        return page

    async def wake_when_draining(self) -> None:
        """Let the reader go on when the run drains: it need not wait for pages any more."""
        await self._run.stopping.wait()
        self._wake()

    def close(self) -> None:
        """The lanes have ended: no page will be checked any further, and none will come."""
        for page in self._pages:
            page.settled.set()
        self._closed = True
        self._wake()

    def statistics(self) -> Depth:
        """How many there are."""
        return Depth(len(self._pages), self._most)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


async def pages(run: JobRun, scope: Scope, sweep: Sweep, size: int) -> AsyncIterator[Page]:
    """The pages of a sweep after its position, until the run drains."""
    after, counted = sweep.position, sweep.object_id
    while True:
        async with run.catalogue.transaction() as tx:
            listed = await sweeps.objects(tx, scope.folder_id, after[0], run.limits.batch_size)
        if not listed:
            return
        files_of, last = dict(listed), listed[-1][0]
        while True:
            await run.gate.passed()
            if run.draining:
                return
            async with run.catalogue.transaction() as tx:
                articles = await sweeps.articles(
                    tx, files_of, after, size, sample=scope.sample, part=sweep.part
                )
            if not articles:
                break
            begun = {a.object_id for a in articles} - {counted}
            end = articles[-1]
            after, counted = (end.object_id, end.index, end.redundancy), end.object_id
            yield Page(articles, {i: files_of[i] for i in begun})
            if len(articles) < size:
                break
        after = last + 1, -1, 0
