"""A folder, a store with faults and a catalogue: the fixtures for tests of the verbs.

Files and database are real. Only the store is a fake, because the tests need one that refuses,
loses or damages articles at a chosen moment.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
from rows import Rows
from trees import compare_trees

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, jobs, snapshots
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.folders import Folder, FolderDefaults, Realm, Snapshot
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Outcome, Verified
from usenetsync_tui.model.ports.stores import Opener, OpenRealm, Presence, Store
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.restores.plans import PlannedPath
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.model.servers.servers import ServerStatus
from usenetsync_tui.model.status.engine import Limits
from usenetsync_tui.pipeline.restore.plan import plan
from usenetsync_tui.pipeline.restore.restore import restore
from usenetsync_tui.pipeline.restore.target_parts import TargetParts
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.upload.upload import upload
from usenetsync_tui.pipeline.verify.verify import finished, verify
from usenetsync_tui.postgres.pool import Pool
from usenetsync_tui.store.memory import MemoryStore

DEFAULTS = RestoreChoices()

Hook = Callable[[Article], Awaitable[None] | None]


class FaultyStore(MemoryStore):
    """A memory store whose hooks run before and after an article is kept, and may raise."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[bytes] = []
        self.fetches: list[bytes] = []
        self.before: Hook | None = None
        self.after: Hook | None = None

    async def post(self, article: Article) -> Receipt:
        article = replace(article, payload=article.leaving(), seal=None)
        self.posts.append(article.message_id)
        await _call(self.before, article)
        receipt = await super().post(article)
        await _call(self.after, article)
        return receipt

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        self.fetches.append(message_id)
        return await super().fetch(message_id, wait=wait, opened=opened)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        await anyio.lowlevel.checkpoint()
        return await super().present(message_ids)


async def _call(hook: Hook | None, article: Article) -> None:
    if hook is not None and (waiting := hook(article)) is not None:
        await waiting


async def until(condition: Callable[[], bool]) -> None:
    """Return when a condition is true. `TimeoutError` when that takes too long."""
    with anyio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await anyio.sleep(0.01)


def refuse(words: str = "441 posting failed") -> Hook:
    def hook(article: Article) -> None:
        raise StoreError(words)

    return hook


@dataclass
class World:
    """One folder backed up in one catalogue."""

    catalogue: Catalogue
    rows: Rows
    root: Path
    scratch: Path
    store: Store
    choices: FolderChoices = field(default_factory=FolderChoices)
    limits: Limits = field(
        default_factory=lambda: Limits(4, 16, 1000, 768_000, 4 << 30)  # as the settings say
    )
    run: JobRun | None = None
    checks: tuple[float, ...] = ()
    padded_to: int = 0
    digest: DigestAlgorithm = DigestAlgorithm.BLAKE3
    """Of a folder that is new."""
    reposts: int = 2
    copies_made: int = 0

    def small(self, **changes: int) -> World:
        """The same world with other limits."""
        self.limits = replace(self.limits, **changes)
        return self

    async def folder(self) -> Folder:
        async with self.catalogue.transaction() as tx:
            defaults = FolderDefaults(digest=self.digest)
            path = os.fsencode(self.root)
            return await folders.keep(tx, path, self.choices, defaults, lambda: bytes(range(32)))

    async def new_run(self) -> JobRun:
        folder = await self.folder()
        async with self.catalogue.transaction() as tx:
            job = await jobs.queue_upload(tx, folder.id, folder.priority)
        self.run = await self.run_of(folder, job)
        return self.run

    statuses: tuple[ServerStatus, ...] = ()

    async def of(self, realm: Realm) -> OpenRealm:
        """The place of any realm: the one store, with a key where it is sealed."""
        key = realm.wrapped_key  # not wrapped: how keys are wrapped is not what is tested here
        if realm.is_index and key is not None:
            key = IndexKeys(key).sealing
        more = {"padded_to": self.padded_to, "reposts": self.reposts}
        return OpenRealm(realm, self.store, key, self.checks, **more)

    async def run_of(self, folder: Folder, job: int, version: int = 0) -> JobRun:
        place = await self.of(folder.realm)
        return JobRun(self.catalogue, self, place, folder, job, self.limits, version=version)

    async def upload(self, *, allow_shrink: bool = False, own: Collection[OwnPath] = ()) -> Outcome:
        """One upload to its end, its outcome written down as the engine would."""
        run = await self.new_run()
        run.allow_shrink = allow_shrink
        outcome = await upload(run, own)
        await self.end(run, outcome)
        return outcome

    async def end(self, run: JobRun, outcome: Outcome) -> None:
        async with self.catalogue.transaction() as tx:
            await jobs.set_state(tx, run.job_id, outcome.state, outcome.message, outcome.refusal)

    async def completed(self, *, allow_shrink: bool = False) -> int:
        """An upload that must be complete, with correct figures; returns the version."""
        outcome = await self.upload(allow_shrink=allow_shrink)
        assert outcome.state is JobState.COMPLETED, (outcome, await self.notices())
        assert self.run is not None
        p = self.run.progress
        assert (p.done_files, p.done_bytes) == (p.total_files, p.total_bytes)
        assert p.in_flight == 0
        assert self.run.budget.held == 0
        self.check_ledger()
        return outcome.version

    async def notices(self) -> list[Notice]:
        """The notices of the last job."""
        assert self.run is not None
        async with self.catalogue.transaction() as tx:
            return [n for _, n in await jobs.notices(tx, self.run.job_id, 0, 10_000)]

    async def snapshots(self) -> list[Snapshot]:
        folder = await self.folder()
        async with self.catalogue.transaction() as tx:
            return await snapshots.of_folder(tx, folder.id)

    async def restore(
        self,
        version: int,
        target: Path | None = None,
        prefix: bytes = b"",
        *,
        owns: bool = True,
        paths: Sequence[bytes] = (),
        choices: RestoreChoices = DEFAULTS,
        own: Collection[OwnPath] = (),
    ) -> Path:
        """Restore a version, or a part of it, or several, into a target."""
        if target is None:
            self.copies_made += 1
            target = self.scratch / f"restored {self.copies_made}"
        folder = await self.folder()
        async with self.catalogue.transaction() as tx:
            job = await jobs.queue_upload(tx, folder.id, folder.priority)
        self.run = await self.run_of(folder, job, version)
        paths = paths or ([prefix] if prefix else [])
        parts = TargetParts(os.fsencode(target), paths, choices, filters=folder.filters, own=own)
        with TargetTree(os.fsencode(target), parts.overwriting) as tree:
            tree.prepare()
            await restore(self.run, tree, paths, parts, owns_target=owns)
        assert self.run.budget.held == 0
        return target

    async def plan(
        self,
        version: int,
        target: Path,
        choices: RestoreChoices = DEFAULTS,
        paths: Sequence[bytes] = (),
    ) -> list[PlannedPath]:
        """What a restore would do."""
        folder = await self.folder()
        parts = TargetParts(os.fsencode(target), paths, choices, filters=folder.filters)
        return [
            row
            async for batch in plan(self.catalogue, folder, version, paths, parts)
            for row in batch.rows
        ]

    async def connect(self) -> None:
        """Open all connections now: as another user (`trees.as_nobody`) it would be impossible."""
        everyone, count = anyio.Event(), 0

        async def one() -> None:
            nonlocal count
            async with self.catalogue.transaction():
                count += 1
                if count == self.catalogue.pool.max_size:
                    everyone.set()
                await everyone.wait()

        async with anyio.create_task_group() as group:
            for _ in range(self.catalogue.pool.max_size):
                group.start_soon(one)

    async def verify(self, *, bodies: bool = False) -> Verified:
        run = await self.new_run()
        found = await verify(run, bodies=bodies)
        await finished(run, bodies=bodies)
        return found

    def keep_copy(self) -> Path:
        """A copy of the folder, to compare a restored version with."""
        self.copies_made += 1
        copy = self.scratch / f"copy {self.copies_made}"
        subprocess.run(["cp", "-a", os.fspath(self.root), os.fspath(copy)], check=True)
        return copy

    async def assert_restores(self, version: int, expected: Path) -> None:
        """Check that a version is the tree it was made from, to the byte and the nanosecond."""
        restored = await self.restore(version)
        assert await self.notices() == []
        assert compare_trees(expected, restored) == []

    @property
    def conninfo(self) -> str:
        """The address of its database."""
        return self.rows.conninfo

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of a statement, committed by itself, on a connection apart from the catalogue's."""
        return self.rows(sql, *values)

    def check_ledger(self) -> None:
        """Check the ledger's invariants while no job runs."""
        for words, sql in LEDGER.items():
            assert self.query(sql) == [], words
        if isinstance(self.store, MemoryStore):
            posted = self.query("SELECT DISTINCT message_id FROM segments WHERE status IN (2, 3)")
            lost = [m for (m,) in posted if m not in self.store.articles]
            assert not lost, "posted, but the store never had it"


LEDGER = {
    "a segment has two Message-IDs": """
        SELECT s.realm_id, s.hash, s.redundancy FROM segments s JOIN realms r ON r.id = s.realm_id
         WHERE s.status <> 6 AND r.profile <> 'plain' AND NOT r.is_index
         GROUP BY 1, 2, 3 HAVING count(DISTINCT s.message_id) > 1""",  # each base has its own pages
    "a Message-ID has two contents": """
        SELECT message_id FROM segments WHERE status <> 6
         GROUP BY 1 HAVING count(DISTINCT (hash, codec, payload_size)) > 1""",
    "a Message-ID has two states": """
        SELECT message_id FROM segments WHERE status <> 6
         GROUP BY 1 HAVING count(DISTINCT status IN (2, 3)) > 1""",
    "an object's count is not that of its rows": """
        SELECT o.id, o.posted, count(s.object_id) FROM objects o
          LEFT JOIN segments s ON s.object_id = o.id AND s.status IN (2, 3)
         GROUP BY o.id, o.posted HAVING o.posted <> count(s.object_id)""",
    "an object is complete or not, and says otherwise": """
        SELECT id FROM objects WHERE complete <> (posted >= segments::bigint * copies)""",
    "a file lies in an object that is not there": """
        SELECT f.path_key, f.object_id FROM files f LEFT JOIN objects o ON o.id = f.object_id
         WHERE f.object_id IS NOT NULL AND o.id IS NULL""",
    "a planned file has no object or no digest": """
        SELECT path_key FROM files WHERE kind = 0 AND size > 0 AND state = 1
           AND last_version IS NULL AND (object_id IS NULL OR digest IS NULL)""",
    "a file without content has an object": """
        SELECT path_key FROM files WHERE (kind <> 0 OR size = 0) AND object_id IS NOT NULL""",
    "two rows of a path are true at once": """
        SELECT a.path_key FROM files a JOIN files b USING (folder_id, path_key)
         WHERE a.first_version < b.first_version
           AND (a.last_version IS NULL OR a.last_version >= b.first_version)""",
    "a complete version holds what is not whole": """
        SELECT s.version, f.path_key FROM snapshots s
          JOIN files f ON f.folder_id = s.folder_id AND f.first_version <= s.version
               AND (f.last_version IS NULL OR f.last_version >= s.version)
          LEFT JOIN objects o ON o.id = f.object_id
         WHERE s.state = 1 AND (f.state <> 1 OR (f.object_id IS NOT NULL
               AND o.complete IS NOT TRUE))""",
}


def make_world(pool: Pool, rows: Rows, tmp_path: Path, store: Store | None = None) -> World:
    root = tmp_path / "folder"
    root.mkdir()
    return World(Catalogue(pool), rows, root, tmp_path, store or FaultyStore())
