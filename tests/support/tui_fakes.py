"""A fake of the `Browser` port: lists computed from row numbers; records every question."""

from __future__ import annotations

import asyncio
import dataclasses
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch

from usenetsync_tui.model.digests import DigestAlgorithm, DigestKind, FileDigest
from usenetsync_tui.model.entries import FileKind, Notice, NoticeKind
from usenetsync_tui.model.filters import Rule
from usenetsync_tui.model.folders import Folder, Snapshot, SnapshotState
from usenetsync_tui.model.jobs import PastJob
from usenetsync_tui.model.lists.files import FileFilter, FileKey, FileOrder, FileQuery, FileView
from usenetsync_tui.model.ports.browser import (
    ArticleRow,
    Cause,
    DatabaseFigures,
    FileDirectory,
    FileRow,
    TableSize,
)
from usenetsync_tui.model.segments import SegmentStatus
from usenetsync_tui.model.versions.changes import Change, ChangeKind, ChangeRow
from usenetsync_tui.model.versions.forgetting import ForgetPreview, VersionSpace
from usenetsync_tui.model.versions.history import (
    FindKey,
    FindQuery,
    FoundFile,
    PastState,
    StoredBytes,
    VersionCost,
)

HOSTILE = (
    b"[@click=app.quit]click me[/]",
    b"[/] unbalanced",
    b"bell\x07 title\x1b]0;owned\x07 clear\x1b[2J",
    b"two\nlines\r\ttab",
    b"c1 \xc2\x9b31m",
    "bidi \u202egpj.exe\u2066".encode(),
    "zero\u200bwidth\ufeff".encode(),
    b"latin-1 caf\xe9",
    b"marks Z" + "\u0301".encode() * 30,
    "emoji 👍🏽 ❤️ 🇩🇪".encode(),
    "写真/2024年/夏休み.jpg".encode(),
    b"very/" + b"long/" * 60 + b"name.bin",
)


NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


_LETTERS = set(b"0123456789/img_.cr3")
"""Those of all names that are made."""


class FakeBrowser:
    """A list of `count` rows computed from their number. Records every call."""

    def __init__(self, count: int, *, names: tuple[bytes, ...] = (), done: int = 0) -> None:
        self.count = len(names) or count
        self._names = tuple(sorted(names))
        self._done = done
        self.pages: list[int] = []
        """The row each page began at."""
        self.queries: list[FileQuery] = []
        """The query of each page."""
        self.directories = 0
        self.hold: asyncio.Event | None = None
        """When set, the page directory waits for it."""
        self.error: Exception | None = None
        self.folder_list: tuple[Folder, ...] = ()
        self.limit = 10_000
        """The limit up to which a filtered list is counted at once."""
        self.sortable = 5_000
        """Rows in a list sorted by size: computing more of them takes too long."""
        self.version_list: tuple[Snapshot, ...] = tuple(snapshot(n) for n in range(1, 13))
        self.cause_list: tuple[Cause, ...] = CAUSES
        self.past: tuple[PastJob, ...] = ()
        """All jobs, newest first."""
        self.notice_list: tuple[Notice, ...] = ()
        self._made: dict[object, FileDirectory] = {}

    def name(self, number: int) -> bytes:
        if self._names:
            return self._names[number]
        return b"%02d/%04d/IMG_%07d.CR3" % (number // 100_000, number // 1000, number)

    def number(self, path: bytes) -> int:
        if self._names:
            return sum(name < path for name in self._names)
        return int(path[-11:-4]) if path else 0

    def view(self, number: int) -> FileView:
        if number % 11 == 5:
            return FileView.FAILED
        if number < self._done:
            return FileView.DONE
        return FileView.POSTING if number < self._done + 3 else FileView.QUEUED

    def row(self, number: int) -> FileRow:
        articles = 1 + number * 7 % 43
        state = self.view(number)
        posted = {FileView.DONE: articles, FileView.POSTING: articles // 2}.get(state, 0)
        mtime_ns = int((NOON - timedelta(hours=number % 9999)).timestamp()) * 1_000_000_000
        digest = FileDigest(DigestKind.SEGMENTS_BLAKE3, b"%032d" % number)
        is_file = not self.name(number).endswith(b"/")
        return FileRow(
            self.name(number),
            FileKind.REGULAR if is_file else FileKind.DIRECTORY,
            articles * 700_001,
            mtime_ns,
            state,
            posted,
            articles,
            "Permission denied" if state is FileView.FAILED else None,
            object_id=number + 1,
            digest=digest if state is FileView.DONE else None,
        )

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    def _numbers(self, query: FileQuery, start: FileKey | None) -> Iterator[int]:
        """Row numbers of a query from a key on. Sizes repeat every 43 rows."""
        if query.order is FileOrder.SIZE:
            kept = sorted(
                (
                    n
                    for n in range(min(self.count, self.sortable))
                    if _matches(self.row(n), query.filter)
                ),
                key=lambda n: (-self.row(n).size, n),
            )
            kept = kept[::-1] if query.reverse else kept
            at = (
                0
                if start is None
                else next((i for i, n in enumerate(kept) if self.name(n) == start.path), len(kept))
            )
            yield from kept[at:]
            return
        first = 0 if start is None else self.number(start.path)
        if query.reverse:
            first = self.count - 1 if start is None else first
            numbers = range(first, -1, -1)
        else:
            numbers = range(first, self.count)
        if not query.filter:
            yield from numbers
        elif self._names or set(b"".join(query.filter.words).lower()) <= _LETTERS:
            # Of millions of rows, only those that are likely to match are computed.
            view, under = query.filter.view, query.under or b""
            likely = (n for n in numbers if view in (None, self.view(n)))
            likely = (n for n in likely if self.name(n).startswith(under))
            yield from (n for n in likely if _matches(self.row(n), query.filter))

    def _entries(self, under: bytes) -> list[FileRow]:
        """The entries of a directory, from one to the next."""
        found, every = [], range(self.count)
        number = bisect_left(every, under, key=self.name)
        while number < self.count and self.name(number).startswith(under):
            name, slash, _ = self.name(number).removeprefix(under).partition(b"/")
            if slash:
                path = under + name + b"/"
                found.append(FileRow(path, FileKind.DIRECTORY, 0, 0, FileView.DONE, 0, 0, None))
                number = bisect_left(every, path[:-1] + b"0", key=self.name)
            else:
                found += [self.row(number)] if name else []  # not the directory itself
                number += 1
        return found

    async def folders(self) -> tuple[Folder, ...]:
        return self.folder_list

    async def snapshots(self, folder_id: int) -> tuple[Snapshot, ...]:
        self._check()
        return self.version_list

    async def files(
        self, query: FileQuery, start: FileKey | None, limit: int
    ) -> tuple[FileRow, ...]:
        await asyncio.sleep(0)
        self._check()
        if query.is_tree:
            self.queries.append(query)
            rows = self._entries(query.under or b"")
            return tuple(row for row in rows if start is None or row.path >= start.path)[:limit]
        self.pages.append(0 if start is None else self.number(start.path))
        self.queries.append(query)
        numbers = self._numbers(query, start)
        return tuple(self.row(n) for n, _ in zip(numbers, range(limit), strict=False))

    async def file_directory(
        self, query: FileQuery, page_size: int, start: FileKey | None = None
    ) -> FileDirectory:
        self.directories += 1
        if self.hold is not None:
            await self.hold.wait()
        self._check()
        if query.is_tree:
            keys = tuple(FileKey(row.path) for row in self._entries(query.under or b""))
            return FileDirectory(len(keys), keys[::page_size], page_size)
        if not query.filter and query.order is FileOrder.PATH and start is None:
            # Three million rows are not computed to be counted.
            every = range(0, self.count, page_size)
            numbers = [self.count - 1 - n for n in every] if query.reverse else list(every)
            return FileDirectory(self.count, tuple(self._key(n) for n in numbers), page_size)
        # Called again and again while a job runs: a slow fake would starve the screen.
        asked = (query, page_size, start, self.count, self.limit, self.sortable)
        if asked not in self._made:
            self._made[asked] = self._make_directory(query, page_size, start)
        return self._made[asked]

    def _make_directory(
        self, query: FileQuery, page_size: int, start: FileKey | None
    ) -> FileDirectory:
        found = []
        for number in self._numbers(query, start):
            if query.filter and len(found) == self.limit:
                return self._directory(found, page_size, complete=False)
            found.append(number)
        return self._directory(found, page_size, complete=True)

    def _directory(self, numbers: list[int], page_size: int, *, complete: bool) -> FileDirectory:
        keys = tuple(self._key(n) for n in numbers[::page_size])
        return FileDirectory(len(numbers), keys, page_size, complete)

    def _key(self, number: int) -> FileKey:
        return FileKey(self.name(number), self.row(number).size)

    async def changes(
        self, folder_id: int, older: int, newer: int, after: bytes | None, limit: int
    ) -> tuple[ChangeRow, ...]:
        self._check()
        rows = [
            ChangeRow(self.name(n), FileKind.REGULAR, kind, old, new)
            for n in range(min(self.count, 2_500))
            for kind, old, new in [
                (Change.ADDED, None, 4_200 * n),
                (Change.MODIFIED, 1_000 * n, 1_111 * n),
                (Change.REMOVED, 77 * n, None),
            ][n % 3 : n % 3 + 1]
        ]
        return tuple(row for row in rows if after is None or row.path > after)[:limit]

    async def find(
        self, query: FindQuery, after: FindKey | None, limit: int
    ) -> tuple[FoundFile, ...]:
        await asyncio.sleep(0)
        self._check()
        numbers = range(min(self.count, 2_500))
        rows = [found(self.name(n), n) for n in numbers if _matches(self.row(n), query.filter)]
        keys = [row.key for row in rows]
        begin = 0 if after is None else keys.index(after) + 1
        return tuple(rows[begin : begin + limit])

    async def file_history(self, folder_id: int, path: bytes) -> tuple[PastState, ...]:
        self._check()
        return tuple(past_states(path))

    async def costs(self, folder_id: int) -> tuple[VersionCost, ...]:
        self._check()
        versions = [v for v in self.version_list if v.state is not SnapshotState.BUILDING]
        return tuple(
            VersionCost(
                v.version, v.finished_at, v.files, v.size, v.added + v.modified, v.size // 9,
                v.stored_size,
            )
            for v in versions[::-1]
        )  # fmt: skip

    async def stored_bytes(self, folder_id: int | None) -> StoredBytes:
        self._check()
        return StoredBytes(1_900_000_000_000, 1_700_000_000_000, 3_400_000_000_000, 812_000_000)

    async def would_free(self, folder_id: int, versions: Sequence[int]) -> ForgetPreview:
        self._check()
        listed = {v.version: v for v in self.version_list}
        return ForgetPreview(
            folder="photos",
            versions=tuple(VersionSpace(v, listed[v].started_at, v * 1_000_000) for v in versions),
            freed_bytes=sum(versions) * 1_200_000,
            unread_bytes=0,
            repacked_bytes=40_000,
            packed_bytes=0,
            files=len(versions) * 300,
        )

    async def articles(
        self, object_id: int, start: tuple[int, int], limit: int
    ) -> tuple[ArticleRow, ...]:
        self._check()
        count = await self.article_count(object_id)
        every = (article(n, object_id) for n in range(start[0], count))
        return tuple(row for row, _ in zip(every, range(limit), strict=False))

    async def article_count(self, object_id: int) -> int:
        return 1 + (object_id - 1) * 7 % 43

    async def history(
        self, before: int | None, limit: int, folder_id: int | None = None
    ) -> tuple[PastJob, ...]:
        self._check()
        rows = [p for p in self.past if before is None or p.job.id < before]
        return tuple(p for p in rows if folder_id in (None, p.job.folder_id))[:limit]

    async def notices(self, job_id: int, after: int, limit: int) -> tuple[tuple[int, Notice], ...]:
        self._check()
        return tuple((n, notice) for n, notice in enumerate(self.notice_list, 1) if n > after)[
            :limit
        ]

    async def causes(self, folder_id: int, limit: int) -> tuple[Cause, ...]:
        self._check()
        return self.cause_list[:limit]

    async def affected_paths(
        self, folder_id: int, cause: Cause, after: bytes | None, limit: int
    ) -> tuple[bytes, ...]:
        self._check()
        names = (b"private/%s/key_%03d" % (cause.kind.name.lower().encode(), n) for n in range(80))
        shown = [n for n in names if after is None or n > after][: min(limit, cause.count)]
        return tuple(shown)

    async def database(self) -> DatabaseFigures:
        self._check()
        shards = tuple(210_000_000 + 9_000_000 * (n * 7 % 16) for n in range(16))
        return DatabaseFigures(
            "PostgreSQL 18.0",
            9_412_000_000,
            9,
            (
                TableSize("segments", sum(shards), 30_000_000, shards),
                TableSize("files", 1_204_000_000, 3_000_512),
                TableSize("objects", 311_000_000, 91_422),
                TableSize("articles", 16 * 8192, 0, (8192,) * 16),
                TableSize("notices", 98_304, 37),
            ),
        )


def _matches(row: FileRow, wanted: FileFilter) -> bool:
    if wanted.view is not None and row.state is not wanted.view:
        return False
    if wanted.min_size is not None and row.size < wanted.min_size:
        return False
    if wanted.max_size is not None and row.size > wanted.max_size:
        return False
    name = row.path.rsplit(b"/", 1)[-1]
    if not all(fnmatch(name.lower(), glob.lower()) for glob in wanted.globs):
        return False
    return all(word.lower() in row.path.lower() for word in wanted.words)


def found(path: bytes, number: int) -> FoundFile:
    """A file of the photos in some versions, every third one gone."""
    gone = number % 3 == 2
    versions = ((1, 4), (7, 9)) if gone else ((1 + number % 5, 12),)
    key = FindKey(1, versions[-1][1] if gone else None, path)
    size, mtime = 1_000 * number * number, (1_700_000_000 + number) * 10**9
    return FoundFile(
        1, "photos", path, FileKind.REGULAR, size, mtime, versions, 1 + number % 4, gone, key
    )


def past_states(path: bytes) -> Iterator[PastState]:
    """A file that came, changed in every way, went, and came back; newest first."""
    kinds: tuple[tuple[Change, tuple[ChangeKind, ...]], ...] = (
        (Change.MODIFIED, (ChangeKind.MODE, ChangeKind.OWNER)),
        (Change.ADDED, ()),
        (Change.EXCLUDED, ()),
        (Change.MODIFIED, (ChangeKind.CONTENT, ChangeKind.TIME)),
        (Change.MODIFIED, (ChangeKind.TYPE,)),
        (Change.ADDED, ()),
    )
    for number, (change, how) in enumerate(kinds):
        version = 11 - 2 * number
        at = NOON - timedelta(days=12 - version)
        if change is Change.EXCLUDED:
            rule = Rule("*.CR3", ".usenetsyncignore:3")
            yield PastState(version, at, change, how, path, *[None] * 6, rule=rule)
        else:
            mtime = int(at.timestamp()) * 10**9
            yield PastState(
                version, at, change, how, path, FileKind.REGULAR, 7_000 * version, mtime, 0o644,
                version + 1, None,
            )  # fmt: skip


def snapshot(version: int, **changes: object) -> Snapshot:
    """A finished version, one a day, the twelfth at noon."""
    at = NOON - timedelta(days=12 - version)
    base = Snapshot(
        folder_id=1,
        version=version,
        state=SnapshotState.COMPLETE if version % 5 else SnapshotState.INCOMPLETE,
        started_at=at - timedelta(minutes=7 * version),
        finished_at=at,
        files=2_900_000 + 9_000 * version,
        directories=41_000,
        symlinks=12,
        size=2_100_000_000_000 + 9_000_000_000 * version,
        added=9_012 if version > 1 else 2_909_000,
        modified=77 * (version - 1),
        removed=12 * (version - 1),
        stored_size=8_100_000_000,
        errors=0 if version % 5 else 3,
        indexed=True,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def article(number: int, object_id: int) -> ArticleRow:
    """One in nine is missing yet, one in eleven has failed."""
    status, error = SegmentStatus.VERIFIED, None
    if number % 11 == 7:
        status, error = SegmentStatus.FAILED, "441 posting failed: \x1b[31mno such group"
    elif number % 9 == 5:
        status = SegmentStatus.PLANNED
    there = status.is_there
    return ArticleRow(
        index=number,
        redundancy=0,
        size=768_000,
        payload_size=741_000 - number,
        wire_size=765_400 if there else 0,
        status=status,
        tries=1 if there else 3 if error else 0,
        checks=0,
        reposts=0,
        error=error,
        server="first" if there else "",
        message_id=f"{object_id:08x}{number:08x}.part@example.invalid",
        aliases=("adopted.by.the.server@news.example",) if number == 1 else (),
        hash=b"%032d" % number,
        algorithm=DigestAlgorithm.BLAKE3,
        posted_at=NOON if there else None,
        verified_at=NOON + timedelta(seconds=8) if there else None,
    )


CAUSES = (
    Cause(NoticeKind.UNPOSTED, "441 posting failed: not authorised to post", "spare", 31),
    Cause(NoticeKind.UNREADABLE, "Permission denied", "", 4),
    Cause(NoticeKind.CHANGED, "it kept changing while it was read, 3 times", "", 2),
)
