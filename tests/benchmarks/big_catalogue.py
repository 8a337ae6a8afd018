"""A catalogue of millions of files, and how long the screen waits for what it looks up in it.

Run ``python -m tests.benchmarks.big_catalogue HOME [--files N] [--segments N] [--figures]``. The
embedded server of that home is filled by COPY and left stopped; a home that is filled already is
only measured. One folder: nested names, some of them hostile, sizes log-normal (a mean of ten
segments a file), small files in packs; a finished version and one under construction in which 1 %
changed, half of that still to be read; 1 % failed, a job that is paused. With ``--segments`` there
are about so many rows behind it: those the server makes itself, for it can do that faster than COPY
can bring them.

With ``--figures`` it prints one JSON object: p50 and p95 in milliseconds, asked one after the other
over one browser, the server's and the system's caches warm.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import psycopg

from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.engine.opening import OpenCatalogue, open_catalogue
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm, kind_of
from usenetsync_tui.model.folders import FolderDefaults, Profile, StoreKind
from usenetsync_tui.model.segments import PACK_LIMIT, SEGMENT_SIZE
from usenetsync_tui.settings.settings import Settings

from .big_figures import figures
from .measuring import fresh_home, stop_database

_EVENTS_A_YEAR, _FILES_AN_EVENT = 150, 500
_SIGMA = 2.5
_NS = 1_000_000_000
_HOSTILE = (
    b"\x1b]0;gone\x07.txt", b"\xff\xfe\x80", "‮gpj.exe".encode(), b"[@click=app.quit]x[/]",
    b"new\nline", "日本語🏳️‍🌈".encode(), b"\xc2\x9b31m", b" trailing ",
)  # fmt: skip
_PLACES = ("Urlaub 日本", "Küche", "Grandma's 80th", "scans", "raw [01]", "été à Paris")
_REASONS = (
    "Permission denied",
    "Input/output error",
    "Stale file handle",
    "Structure needs cleaning",
)
_FILES = ("int8", "bytea", "int4", "int4", "int2", "int2", "int4", "int8", "int8", "int8", "int8",
          "int8", "int8", "bytea", "int2", "text")  # fmt: skip
_COPY_FILES = """COPY files (folder_id, path_key, first_version, last_version, kind, state, mode,
    size, mtime_ns, ctime_ns, inode, object_id, object_offset, digest, digest_kind, reason)
    FROM STDIN (FORMAT BINARY)"""
_OBJECTS = ("int8", "int8", "int8", "int2", "int8", "int4", "int4", "int2", "int8", "int4",
            "bytea", "bytea", "bool")  # fmt: skip
_COPY_OBJECTS = """COPY objects (id, folder_id, realm_id, kind, size, segment_size, segments,
    copies, posted, files, first_key, last_key, complete) FROM STDIN (FORMAT BINARY)"""
_SEGMENTS = """
INSERT INTO segments (object_id, segment_index, redundancy, realm_id, size, payload_size, hash,
                      codec, nonce, message_id, server, status, tries, posted_at, wire_size, error)
SELECT o.id, i, 0, o.realm_id, least(o.size - i * o.segment_size::int8, o.segment_size),
       (0.9 * least(o.size - i * o.segment_size::int8, o.segment_size))::int4,
       sha256(int8send(o.id) || int4send(i)), 1, substr(uuid_send(gen_random_uuid()), 1, 12),
       uuid_send(gen_random_uuid()), 'server' || o.id % 3,
       CASE WHEN i >= o.posted THEN 5 ELSE 3 END, 1, now(), 790000,
       CASE WHEN i >= o.posted
            THEN 'The store refused. server' || o.id % 3 || ': 441 posting failed' END
  FROM objects o CROSS JOIN LATERAL generate_series(0, o.segments - 1) AS i
"""


@dataclass(slots=True)
class Pack:
    """Small files on their way into one object."""

    id: int = 0
    size: int = 0
    keys: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Filler:
    """Rows of files and their objects, in path order."""

    folder: int
    realm: int
    count: int
    random: random.Random
    objects: list[tuple[object, ...]] = field(default_factory=list)
    """Finished since they were last taken."""
    ids: int = 0
    pack: Pack = field(default_factory=Pack)
    failed: int = 0
    changed: int = 0
    pending: int = 0
    size: int = 0

    def rows(self) -> Iterator[tuple[object, ...]]:
        """A row for each file and each folder, two for what changed."""
        yield self._directory(b"")
        made = year = 0
        while made < self.count:
            parent = b"%04d/" % (1900 + year)
            yield self._directory(parent)
            for event in range(_EVENTS_A_YEAR):
                if made >= self.count:
                    break
                place = _PLACES[event % len(_PLACES)].encode()
                directory = parent + b"%03d %s/" % (event, place)
                yield self._directory(directory)
                for _ in range(min(_FILES_AN_EVENT, self.count - made)):
                    yield from self._file(directory, made)
                    made += 1
            year += 1
        self._close_pack()

    def _directory(self, path: bytes) -> tuple[object, ...]:
        return (self.folder, path, 1, None, 1, 1, 0o755, 0, _NS, 0, 0, *([None] * 5))

    def _file(self, directory: bytes, number: int) -> Iterator[tuple[object, ...]]:
        tail = _HOSTILE[number // 997 % len(_HOSTILE)] if number % 997 == 5 else b".CR3"
        path = directory + b"IMG_%07d" % number + tail
        if number % 100 == 37:
            yield self._row(path, number, 1, 1)
            yield self._row(path, number, 2, None, pending=number % 200 == 37)
            self.changed += 1
        else:
            yield self._row(path, number, 1, None)

    def _row(
        self, path: bytes, number: int, first: int, last: int | None, *, pending: bool = False
    ) -> tuple[object, ...]:
        size = min(int(self.random.lognormvariate(_mu(), _SIGMA)), 200_000_000_000)
        mtime = (1_000_000_000 + number * 37 + first) * _NS
        head = self.folder, path, first, last, 0
        stat = 0o644, size, mtime, mtime, number + 100
        self.size += size
        if number % 100 == 11:
            self.failed += 1
            return (*head, 2, *stat, None, None, None, None, _REASONS[number // 100 % 4])
        if pending:
            self.pending += 1
            return (*head, 0, *stat, *([None] * 5))
        if not size:
            return (*head, 1, *stat, *([None] * 5))
        made, offset = self._place(path, size)
        kind = kind_of(DigestAlgorithm.BLAKE3, of_segments=size > PACK_LIMIT)
        return (*head, 1, *stat, made, offset, self.random.randbytes(32), kind, None)

    def _place(self, path: bytes, size: int) -> tuple[int, int]:
        if size > PACK_LIMIT:
            self.ids += 1
            segments = -(-size // SEGMENT_SIZE)
            posted = segments - (self.ids % 5_000 == 7)
            self._object(self.ids, 0, size, segments, posted, [path])
            return self.ids, 0
        if self.pack.size + size > SEGMENT_SIZE:
            self._close_pack()
        if not self.pack.id:
            self.ids += 1
            self.pack.id = self.ids
        offset = self.pack.size
        self.pack.size += size
        self.pack.keys.append(path)
        return self.pack.id, offset

    def _close_pack(self) -> None:
        if self.pack.id:
            self._object(self.pack.id, 1, self.pack.size, 1, 1, self.pack.keys)
        self.pack = Pack()

    def _object(
        self, made: int, kind: int, size: int, segments: int, posted: int, keys: list[bytes]
    ) -> None:
        self.objects.append(
            (made, self.folder, self.realm, kind, size, SEGMENT_SIZE, segments, 1, posted,
             len(keys), min(keys), max(keys), posted == segments)
        )  # fmt: skip


def _mu() -> float:
    """So that files have ten segments on average, about half of them less than one."""
    return math.log(10 * SEGMENT_SIZE) - _SIGMA * _SIGMA / 2


@contextmanager
def timed(what: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    print(f"{what:52}{time.perf_counter() - begin:9.1f} s", file=sys.stderr)


@contextmanager
def bulk(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Fill an empty table inside the block: its indexes are made at the end, and no log written."""
    with connection.transaction():
        connection.execute(f"TRUNCATE {table}")
        keys = connection.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype = 'p'", (table,)
        ).fetchall()  # fmt: skip
        for name, _ in keys:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        indexes = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = %s::regclass", (table,)
        ).fetchall()  # fmt: skip
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        yield
        connection.execute("SET LOCAL maintenance_work_mem = '1GB'")
        for name, definition in keys:
            with timed(f"  {table}: primary key"):
                connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for name, definition in indexes:
            with timed(f"  {table}: {name}"):
                connection.execute(definition.replace(" ON ONLY ", " ON "))


def copy_files(conninfo: str, filler: Filler) -> None:
    with (
        psycopg.connect(conninfo, autocommit=True) as one,
        psycopg.connect(conninfo, autocommit=True) as two,
        bulk(two, "objects"),
        bulk(one, "files"),
        one.cursor().copy(_COPY_FILES) as files,
        two.cursor().copy(_COPY_OBJECTS) as objects,
    ):
        files.set_types(_FILES)
        objects.set_types(_OBJECTS)
        for row in filler.rows():
            files.write_row(row)
            if len(filler.objects) >= 1_000:
                for made in filler.objects:
                    objects.write_row(made)
                filler.objects.clear()
        for made in filler.objects:
            objects.write_row(made)


def tell(connection: psycopg.Connection, filler: Filler) -> None:
    """The versions, a paused job, and the reasons of what failed."""
    values = {"folder": filler.folder, "realm": filler.realm}
    connection.execute("SELECT setval('object_ids', %s)", (filler.ids + 1,))
    connection.execute(
        """INSERT INTO snapshots (folder_id, version, state, finished_at, files, directories, size,
               added, errors, stored_size, realm_id, copies)
           SELECT %(folder)s, 1, 2, now(), count(*) FILTER (WHERE kind = 0),
                  count(*) FILTER (WHERE kind = 1), sum(size), count(*) FILTER (WHERE kind = 0),
                  count(*) FILTER (WHERE state = 2), (0.9 * sum(size))::int8, %(realm)s, 1
             FROM files WHERE folder_id = %(folder)s AND first_version = 1""", values
    )  # fmt: skip
    connection.execute(
        """INSERT INTO snapshots (folder_id, version, realm_id, copies)
           VALUES (%(folder)s, 2, %(realm)s, 1)""", values
    )  # fmt: skip
    values |= {"done": filler.changed - filler.pending, "total": filler.changed}
    values |= {"failed": filler.failed}
    connection.execute(
        """INSERT INTO jobs (folder_id, verb, priority, state, version, done_files, total_files,
               errors)
           VALUES (%(folder)s, 'upload', 2, 'paused', 2, %(done)s, %(total)s, %(failed)s)""",
        values,
    )
    connection.execute(
        """INSERT INTO notices (job_id, kind, path, reason)
           SELECT (SELECT max(id) FROM jobs), 1, path_key, reason
             FROM files WHERE folder_id = %(folder)s AND state = 2""", values
    )  # fmt: skip


async def fill(opened: OpenCatalogue, files: int, segments: int) -> None:
    catalogue = opened.catalogue
    place = FolderDefaults(StoreKind.USENET, ("alt.binaries.test",), "us <us@example.invalid>")
    async with catalogue.transaction() as tx:
        choices = FolderChoices(profile=Profile.PLAIN)
        folder = await folders.keep(tx, b"/data/archive", choices, place)
    filler = Filler(folder.id, folder.realm.id, files, random.Random(1))
    with timed(f"{files:,} files"):
        copy_files(opened.conninfo, filler)
    with psycopg.connect(opened.conninfo, autocommit=True) as connection:
        with timed("versions, a job, reasons"):
            tell(connection, filler)
        if segments:
            with timed("segments"):
                make_segments(connection, segments)
        with timed("VACUUM ANALYZE"):
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")


def make_segments(connection: psycopg.Connection, wanted: int) -> None:
    with bulk(connection, "segments"):
        with timed("  segments: rows"):
            made = connection.execute(f"{_SEGMENTS} LIMIT {wanted}").rowcount  # type: ignore[arg-type]
        print(f"  {made:,} rows of segments", file=sys.stderr)


async def run(args: argparse.Namespace) -> dict[str, float]:
    """Fill it unless it is filled; the figures, if they are wanted."""
    locations = Locations.find({"USENETSYNC_HOME": str(args.home)})
    locations.create()
    async with open_catalogue(Settings(), locations, "benchmark") as opened:
        async with opened.catalogue.transaction() as tx:
            filled = await folders.every(tx)
        if not filled:
            with timed("all of it"):
                await fill(opened, args.files, args.segments)
        return await figures(opened.catalogue, opened.conninfo) if args.figures else {}


def main() -> None:
    """Fill and ask."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("home", type=Path, metavar="HOME", help="USENETSYNC_HOME to fill")
    parser.add_argument("--files", type=int, default=3_000_000)
    parser.add_argument("--segments", type=int, default=0, help="rows behind them, at most")
    parser.add_argument("--figures", action="store_true", help="ask, and print what that took")
    args = parser.parse_args()
    args.home = args.home.absolute()
    if not args.home.exists():
        fresh_home(args.home)
    try:
        print(json.dumps(anyio.run(run, args)))
    finally:
        stop_database(args.home)


if __name__ == "__main__":
    main()
