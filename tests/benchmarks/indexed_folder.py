"""A folder of millions of files in a real catalogue, and what its index takes.

Run ``python -m tests.benchmarks.indexed_folder HOME fill FILES [VERSIONS [CHANGES]]``, then ``HOME
write`` (plan the runs of all versions; posts nothing), ``HOME post`` (into `shards`, and read from
there with the secret alone), ``HOME adopt`` (into a home beside it). Each prints its figures as one
JSON object. The embedded server of that home is left stopped. Content is nowhere, except of the one
file that is read.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import psycopg

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, jobs
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.cli import collector
from usenetsync_tui.cli.command import tune_interpreter
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.index.objects_page import read_objects
from usenetsync_tui.engine.opening import OpenCatalogue, open_catalogue
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import FolderDefaults, Profile, Realm, StoreKind
from usenetsync_tui.model.index.entries import IndexEntry
from usenetsync_tui.model.index.roots import LEAF, IndexRoot
from usenetsync_tui.model.ports.stores import Opener, OpenRealm
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.status.engine import Limits
from usenetsync_tui.pipeline.index.adoption.adopt import adopt
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.pipeline.index.pages_of_run import pages_of_run
from usenetsync_tui.pipeline.index.plan_run import plan_run
from usenetsync_tui.pipeline.index.post_index import index_run, post_index
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.settings.settings import Settings
from usenetsync_tui.store.shards import ShardsStore

from .big_catalogue import bulk
from .measuring import fresh_home, stop_database

SECRET = bytes(range(32))
KEYS = IndexKeys(SECRET)
_FILLED = Path(__file__).with_suffix(".sql")
_LIMITS = Limits(4, 16, 1000, 768_000, 4 << 30)
_TABLES = ("files", "objects", "segments")
_WANTED = range(9_000, 11_000)
"""Bytes of a file that has some 10 KB."""


def fill(conninfo: str, folder: int, realm: int, numbers: tuple[int, int, int]) -> None:
    """The rows of a folder. `numbers`: files, versions, changes of each version but the first."""
    files, versions, changes = numbers
    values = {"folder": folder, "realm": realm, "files": files}
    script = _FILLED.read_text().format(**values, versions=versions, changes=changes)
    with psycopg.connect(conninfo, autocommit=True) as one:
        one.execute("SET work_mem = '256MB'")
        with bulk(one, "files"), bulk(one, "objects"), bulk(one, "segments"):
            one.execute(script.encode())
        one.execute("VACUUM (ANALYZE)")
        one.execute("CHECKPOINT")


class CountingStore(ShardsStore):
    """A store that counts the articles that are fetched from it."""

    fetched = 0

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        self.fetched += 1
        return await super().fetch(message_id, wait=wait, opened=opened)


@dataclass(slots=True)
class Ground:
    """A catalogue with one folder, and the store of its index."""

    catalogue: Catalogue
    store: CountingStore
    secret: bytes = field(default=SECRET)

    async def of(self, realm: Realm) -> OpenRealm:
        """The place of any realm: the one store."""
        sealed = KEYS.sealing if realm.is_index else None
        return OpenRealm(realm, self.store, sealed, (), secret=self.secret)

    async def run(self) -> JobRun:
        """A run of the folder."""
        async with self.catalogue.transaction() as tx:
            (folder,) = await folders.every(tx)
            job = await jobs.queue_upload(tx, folder.id, folder.priority)
        return JobRun(self.catalogue, self, await self.of(folder.realm), folder, job, _LIMITS)

    async def realm(self, run: JobRun) -> OpenRealm:
        """The realm of the folder's index."""
        async with self.catalogue.transaction() as tx:
            realm = await posted.realm_of(tx, run.folder.id)
            if realm is None:
                realm = await posted.add_realm(tx, run.folder.id, SECRET)
            return await self.of(await folders.realm_by_id(tx, realm))


async def filled(opened: OpenCatalogue, words: list[str]) -> dict[str, float]:
    """Make the folder."""
    numbers = [int(word) for word in words]
    files, versions, changes = numbers + [10, 100][len(numbers) - 1 :]
    place = FolderDefaults(StoreKind.SHARDS, ("alt.binaries.test",), "us <us@example.invalid>")
    async with opened.catalogue.transaction() as tx:
        choices = FolderChoices(profile=Profile.PACKED, store=StoreKind.SHARDS)
        folder = await folders.keep(tx, b"/", choices, place)
    began = time.perf_counter()
    fill(opened.conninfo, folder.id, folder.realm.id, (files, versions, changes))
    return {"catalogue made [s]": time.perf_counter() - began}


async def written(opened: OpenCatalogue, words: list[str]) -> dict[str, float]:
    """Plan the runs of all versions."""
    ground = Ground(opened.catalogue, CountingStore(opened.catalogue.pool))
    run = await ground.run()
    run = index_run(run, await ground.realm(run))
    begin, seconds, cpu = _memory(), [], time.process_time()
    async with opened.catalogue.transaction() as tx:
        versions = await posted.to_index(tx, run.folder.id, run.open_realm.realm.id)
        every = await tx.fetch("SELECT version FROM snapshots ORDER BY version")
    for (version,) in every:
        began = time.perf_counter()
        await plan_run(run, version)
        seconds.append(time.perf_counter() - began)
        if version == 1:
            base_memory, base_cpu = _memory(), time.process_time() - cpu
    assert versions
    async with opened.catalogue.transaction() as tx:
        realm = run.open_realm.realm.id
        rows = await posted.runs(tx, run.folder.id, realm, every[-1][0])
    deltas = sorted(seconds[1:])
    sizes = sorted(row.size for row in rows[1:])
    return {
        "base: time [s]": seconds[0],
        "base: CPU time of the process [s]": base_cpu,
        "peak memory of the process [MB]": base_memory,
        "of that before it began [MB]": begin,
        "base: bytes a file [B]": rows[0].size / rows[0].files,
        "delta of 100 changes: time [s]": deltas[len(deltas) // 2],
        "delta of 100 changes: bytes [B]": sizes[len(sizes) // 2],
        "delta of 100 changes, share of the base [%]": 100 * sizes[-1] / rows[0].size,
    }


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


async def posted_and_read(opened: OpenCatalogue, words: list[str]) -> dict[str, float]:
    """Post what `written` planned; read one file, then all that the index says."""
    store = CountingStore(opened.catalogue.pool)
    ground = Ground(opened.catalogue, store)
    run = await ground.run()
    began = time.perf_counter()
    async with opened.catalogue.transaction(durable=True) as tx:
        # So that each version gets its index, not the newest one alone.
        await tx.run("UPDATE snapshots SET indexed = true WHERE version = 1")
    left = await post_index(run, await ground.realm(run))
    assert not left, left
    figures = {"posted [s]": time.perf_counter() - began}
    path = await _some_file(opened.catalogue)
    store.fetched, began = 0, time.perf_counter()
    root = (await newest_root(store, KEYS)).root
    await _read(ground, root, path)
    figures["one file of 10 KB by string: articles"] = store.fetched
    figures["one file of 10 KB by string [s]"] = time.perf_counter() - began
    figures |= await _as_json(store, root)
    return figures


async def adopted(home: Path) -> dict[str, float]:
    """Adopt what was posted into a catalogue beside it. Reads the store of the first one."""
    other = home.with_name("adopted")
    fresh_home(other)
    try:
        async with opened_home(home) as first, opened_home(other) as second:
            store, began = ShardsStore(first.catalogue.pool), time.perf_counter()
            root = (await newest_root(store, KEYS)).root
            await adopt(second.catalogue, store, KEYS, root, b"/adopted", lambda key: key)
            return {
                "adopted [s]": time.perf_counter() - began,
                "adopting: peak memory of the process [MB]": _memory(),
            }
    finally:
        stop_database(other)


async def _some_file(catalogue: Catalogue) -> bytes:
    """A file of some 10 KB that was there from the first version on."""
    async with catalogue.transaction() as tx:
        found = await tx.one(
            "SELECT path_key FROM files WHERE first_version = 1 AND last_version IS NULL"
            " AND size BETWEEN %(low)s AND %(high)s AND kind = 0 ORDER BY sha256(path_key) LIMIT 1",
            {"low": _WANTED.start, "high": _WANTED.stop},
        )
    return bytes(found[0])


async def _read(ground: Ground, root: IndexRoot, path: bytes) -> None:
    """Find a file, and fetch the articles that have its bytes."""
    reader = VersionReader(ground.store, KEYS, root, root.current.version)
    entry = await reader.entry(path)
    assert entry is not None and entry.object is not None
    part = await reader.part(entry.object)
    first, last = entry.offset, entry.offset + entry.size - 1
    for index in range(first // part.segment_size, last // part.segment_size + 1):
        article = part.segments[index].articles[0]
        await ground.store.post(Article(article.message_id, bytes(part.segment_bytes(index))))
        await ground.store.fetch(article.message_id)


async def _as_json(store: ShardsStore, root: IndexRoot) -> dict[str, float]:
    """The base as JSON with zlib 9."""
    reader = VersionReader(store, KEYS, root, root.runs[0].version)
    packed, size, count = zlib.compressobj(9), 0, 0
    began = time.process_time()
    async for entry in reader.entries():
        row = _texts(entry)
        size += len(packed.compress(json.dumps(row._asdict(), default=bytes.hex).encode()))
        count += 1
    async for line, data in pages_of_run(reader.page, root.runs[0], of_objects=True):
        for part in read_objects(data, len(root.realms)) if line.level == LEAF else ():
            size += len(packed.compress(json.dumps(part, default=bytes.hex).encode()))
    size += len(packed.flush())
    return {
        "base as JSON with zlib 9: bytes a file [B]": size / count,
        "base read, and written as JSON: CPU time [s]": time.process_time() - began,
    }


def _texts(entry: IndexEntry) -> IndexEntry:
    words = {"path": entry.path.decode(), "user": entry.user.decode()}
    return entry._replace(**words, group=entry.group.decode())  # type: ignore[arg-type]


@asynccontextmanager
async def opened_home(home: Path) -> AsyncIterator[OpenCatalogue]:
    """The catalogue of a home."""
    locations = Locations.find({"USENETSYNC_HOME": str(home)})
    locations.create()
    async with open_catalogue(Settings(), locations, "benchmark") as opened:
        yield opened


async def _figures(home: Path, verb: str, words: list[str]) -> dict[str, float]:
    if verb == "adopt":
        return await adopted(home)
    async with opened_home(home) as opened:
        return await {"fill": filled, "write": written, "post": posted_and_read}[verb](
            opened, words
        )


def main() -> None:
    """Do one of it."""
    home, verb = Path(sys.argv[1]).absolute(), sys.argv[2]
    home.parent.mkdir(parents=True, exist_ok=True)
    tune_interpreter()  # as the command does
    collector.resume()
    if verb == "fill":
        fresh_home(home)
    try:
        print(json.dumps(anyio.run(_figures, home, verb, sys.argv[3:])))
    finally:
        stop_database(home)


if __name__ == "__main__":
    main()
