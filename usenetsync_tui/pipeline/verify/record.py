"""record: records what a page of a sweep found, and how far the sweep is, in one transaction."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import files, jobs, objects, segments, sweeps
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.model.sweeps import Scope, Sweep
from usenetsync_tui.pipeline.run.fetch import WORDS
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.verify.pages import Findings, Page

_SAVE_EVERY = 1.0
"""Seconds between two updates of the job's row."""


class Recorder:
    """Records the pages of a sweep in their order."""

    def __init__(self, run: JobRun, scope: Scope, sweep: Sweep) -> None:
        self._run = run
        self._scope = scope
        self._saved = time.monotonic()
        self.sweep = sweep
        """The sweep as it is recorded."""

    async def record(self, page: Page) -> bool:
        """Record what was checked of a page; returns whether that is all of it."""
        articles = page.checked()
        if articles:
            lost = page.findings.lost({a.message_id for a in articles})
            async with self._run.catalogue.ledger_lock, self._run.catalogue.transaction() as tx:
                there = [a for a in articles if a.message_id in page.findings.proof.there]
                for rows in _close_together(there):
                    await segments.mark_verified(tx, rows)
                newly = await self._mark_lost(tx, articles, page.findings, lost) if lost else {}
                notices = await self._notices(tx, newly)
                await jobs.add_notices(tx, self._run.job_id, notices)
                self._add(page, articles, lost, newly)
                await sweeps.advance(tx, self._scope, self.sweep)
            self._run.noticed(notices)
            self._show()
            if time.monotonic() - self._saved > _SAVE_EVERY:
                await self._run.save_progress()
                self._saved = time.monotonic()
        return len(articles) == len(page.articles)

    async def _mark_lost(
        self,
        tx: Transaction,
        articles: Sequence[Segment],
        findings: Findings,
        lost: Mapping[bytes, NoticeKind],
    ) -> Mapping[bytes, tuple[NoticeKind, set[int]]]:
        """Mark articles as lost; returns kind and objects of those that no earlier page found."""
        # A Usenet server takes each Message-ID once: posting again needs a new one.
        realms = {a.realm_id for a in articles if a.message_id in lost}
        opened = [await self._run.realm_of(realm) for realm in realms]
        on_usenet = {o.realm.id for o in opened if o.realm.store is StoreKind.USENET}
        once = {a.message_id for a in articles if a.realm_id in on_usenet}
        newly: dict[bytes, tuple[NoticeKind, set[int]]] = {}
        for kind, words in WORDS.items():
            names = {name for name, k in lost.items() if k is kind}
            by_body = names - findings.missing
            rows = await segments.mark_missing(tx, names - by_body, words)
            for some, rename in ((by_body - once, False), (by_body & once, True)):
                rows += await segments.mark_missing(tx, some, words, by_body=True, rename=rename)
            for object_id, name in rows:
                newly.setdefault(name, (kind, set()))[1].add(object_id)
            await objects.take_back(tx, [object_id for object_id, _ in rows])
        return newly

    async def _notices(
        self, tx: Transaction, newly: Mapping[bytes, tuple[NoticeKind, Collection[int]]]
    ) -> list[Notice]:
        """A notice for each file of the folder that lost articles, with one of them."""
        hurt: dict[int, Notice] = {}
        for name, (kind, ids) in newly.items():
            words = f"its article {name.hex()} is {WORDS[kind]}"
            hurt |= {i: Notice(kind, b"", words) for i in ids if i not in hurt}
        folder, notices = self._run.folder.id, []
        for object_id, *keys in await sweeps.keys(tx, folder, list(hurt)) if hurt else ():
            members = await files.members(tx, folder, object_id, *keys)
            paths = {m.entry.path for m in members}
            notices += [replace(hurt[object_id], path=path) for path in paths]
        return sorted(notices, key=lambda notice: notice.path)

    def _add(
        self,
        page: Page,
        articles: Sequence[Segment],
        lost: Mapping[bytes, NoticeKind],
        newly: Mapping[bytes, tuple[NoticeKind, Collection[int]]],
    ) -> None:
        """Count what was found. An article of several files that an earlier page found to be lost
        was counted there."""
        sweep, end = self.sweep, articles[-1]
        unknown = page.findings.proof.unknown
        names = {a.message_id for a in articles} & unknown.keys()
        kinds = Counter(kind for kind, _ in newly.values())
        counted = [a for a in articles if a.message_id not in lost or a.message_id in newly]
        self.sweep = replace(
            sweep,
            object_id=end.object_id,
            index=end.index,
            redundancy=end.redundancy,
            checked=sweep.checked + len(counted),
            missing=sweep.missing + kinds[NoticeKind.MISSING],
            damaged=sweep.damaged + kinds[NoticeKind.DAMAGED],
            unknown=sweep.unknown + len(names),
            why_unknown=sweep.why_unknown or next((unknown[n] for n in names), ""),
            done_files=sweep.done_files + page.files(articles),
            done_bytes=sweep.done_bytes + sum(a.size for a in articles),
            lost_bytes=sweep.lost_bytes + sum(a.size for a in articles if a.message_id in lost),
        )

    def _show(self) -> None:
        progress = self._run.progress
        progress.done_files, progress.done_bytes = self.sweep.done_files, self.sweep.done_bytes


def _close_together(articles: Sequence[Segment]) -> list[list[Segment]]:
    """The articles of the first object, of the last one, and of those between, which begin and end
    in this page: each group is read as a range of segments."""
    if not articles:
        return []
    first, last = articles[0].object_id, articles[-1].object_id
    groups: dict[int, list[Segment]] = {}
    for article in articles:
        end = article.object_id if article.object_id in (first, last) else 0
        groups.setdefault(end, []).append(article)
    return list(groups.values())
