"""An upgrade of a catalogue that an earlier program filled: its rows afterwards."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import anyio
import psycopg
import pytest

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, version_files
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.disk.content import content_of
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm, DigestKind, FileDigest
from usenetsync_tui.model.folders import FolderDefaults, StoreKind
from usenetsync_tui.postgres.migrate import migrate
from usenetsync_tui.postgres.pool import open_pool

USENET = FolderDefaults(StoreKind.USENET, ("alt.test",), "a@b.invalid")

BEFORE = 3
"""The last migration before files had owners, sizes of two kinds and racy times."""

_FILL = """
INSERT INTO realms (store, profile, domain) VALUES ('shards', 'packed', 'x.invalid');
INSERT INTO folders (path, name, realm_id, priority, compression, copies)
VALUES ('/kept', 'kept', 1, 2, 'lz4', 1);
INSERT INTO snapshots (folder_id, version, state, started_at)
VALUES (1, 1, 1, '2024-01-01 12:00:00+00'), (1, 2, 1, '2024-02-01 12:00:00+00');
INSERT INTO files (folder_id, path_key, first_version, last_version, kind, state, mode, size,
                   mtime_ns, ctime_ns, inode)
SELECT 1, name::bytea, first, last, kind, state, 420, size,
       (extract(epoch FROM at::timestamptz) * 1000000000)::bigint,
       (extract(epoch FROM changed::timestamptz) * 1000000000)::bigint, 7
  FROM (VALUES
    ('old', 1, NULL, 0, 1, 5, '2023-12-01 00:00:00+00', '2023-12-01 00:00:00+00'),
    ('seconds before', 1, NULL, 0, 1, 5, '2024-01-01 11:59:58+00', '2024-01-01 11:59:58+00'),
    ('while it was made', 1, NULL, 0, 1, 5, '2024-01-01 12:00:30+00', '2024-01-01 12:00:30+00'),
    ('its ctime only', 1, NULL, 0, 1, 5, '2020-01-01 00:00:00+00', '2024-01-01 12:00:30+00'),
    ('in version 2', 2, NULL, 0, 1, 5, '2024-02-01 12:00:30+00', '2024-02-01 12:00:30+00'),
    ('old in version 2', 2, NULL, 0, 1, 5, '2024-01-20 00:00:00+00', '2024-01-20 00:00:00+00'),
    ('empty', 1, NULL, 0, 1, 0, '2023-12-01 00:00:00+00', '2023-12-01 00:00:00+00'),
    ('gone', 1, 1, 0, 1, 5, '2024-01-01 12:00:30+00', '2024-01-01 12:00:30+00'),
    ('failed', 1, NULL, 0, 2, 5, '2024-01-01 12:00:30+00', '2024-01-01 12:00:30+00'),
    ('folder/', 1, NULL, 1, 1, 0, '2024-01-01 12:00:30+00', '2024-01-01 12:00:30+00'),
    ('link', 1, NULL, 2, 1, 5, '2024-01-01 12:00:30+00', '2024-01-01 12:00:30+00')
  ) AS rows (name, first, last, kind, state, size, at, changed);
"""


@pytest.mark.anyio
async def test_files_that_may_be_racy_are_read_again(empty_database: str, tmp_path: Path) -> None:
    now = files("usenetsync_tui.catalogue") / "migrations"
    before = tmp_path / "before"
    before.mkdir()
    for path in sorted(Path(str(now)).glob("*.sql"))[:BEFORE]:
        shutil.copy(path, before)
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        assert await migrate(conn, before) == BEFORE
        await conn.execute(_FILL)
        assert await migrate(conn, now) > BEFORE
        rows = await conn.execute("SELECT path_key FROM files WHERE racy ORDER BY 1")
        racy = [key.decode() for (key,) in await rows.fetchall()]
    assert racy == ["empty", "in version 2", "its ctime only", "seconds before",
                    "while it was made"]  # fmt: skip


BEFORE_BLAKE3 = 5
"""The last migration before realms said which digest they use."""

_FILL_5 = """
INSERT INTO realms (store, profile, domain) VALUES ('shards', 'packed', 'x.invalid');
INSERT INTO realms (store, profile, domain, owner, wrapped_key)
VALUES ('usenet', 'sealed', 'y.invalid', '/sealed', 'key');
INSERT INTO folders (path, name, realm_id, priority, compression, copies)
VALUES ('/kept', 'kept', 1, 2, 'lz4', 1);
INSERT INTO snapshots (folder_id, version, state) VALUES (1, 1, 1);
INSERT INTO objects (id, folder_id, realm_id, kind, size, segment_size, segments, copies, posted,
                     files, first_key, last_key, complete)
VALUES (1, 1, 1, 0, 10, 4, 3, 1, 3, 1, 'large', 'large', true);
INSERT INTO files (folder_id, path_key, first_version, kind, state, mode, size, mtime_ns, ctime_ns,
                   inode, object_id, object_offset, sha256, xxh3)
VALUES (1, 'empty', 1, 0, 1, 420, 0, 1, 1, 7, NULL, NULL, NULL, NULL),
       (1, 'large', 1, 0, 1, 420, 10, 1, 1, 7, 1, 0, sha256('abcdefghij'), 'weak');
"""

_MIGRATE = """
import asyncio, sys
from pathlib import Path
import psycopg
from usenetsync_tui.postgres.migrate import migrate

async def main():
    async with await psycopg.AsyncConnection.connect(sys.argv[1], autocommit=True) as connection:
        await migrate(connection, Path(sys.argv[2]))

asyncio.run(main())
"""


def _shape(conn: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return conn.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2"
    ).fetchall()


def _killed_in_the_middle(address: str, now: Path) -> None:
    """Another process migrates, has changed `realms`, waits for `files`, and is killed."""
    with psycopg.connect(address) as holder, psycopg.connect(address, autocommit=True) as looker:
        holder.execute("LOCK TABLE files IN ACCESS SHARE MODE")
        program = [sys.executable, "-c", _MIGRATE, address, str(now)]
        with subprocess.Popen(program) as process:
            waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            held = (
                "SELECT EXISTS (SELECT FROM pg_locks WHERE granted"
                " AND relation = 'realms'::regclass AND mode = 'AccessExclusiveLock')"
            )
            until = time.monotonic() + 60
            while not all(looker.execute(sql).fetchone() == (True,) for sql in (waits, held)):
                assert process.poll() is None and time.monotonic() < until
                time.sleep(0.02)
            process.kill()
        holder.rollback()


def test_realms_and_digests_from_before_blake3(empty_database: str, tmp_path: Path) -> None:
    """Killed and applied again: SHA-256 realms go on, and digests are what they were."""
    now = Path(str(files("usenetsync_tui.catalogue") / "migrations"))
    before = tmp_path / "before"
    before.mkdir()
    for path in sorted(now.glob("*.sql"))[:BEFORE_BLAKE3]:
        shutil.copy(path, before)
    with psycopg.connect(empty_database, autocommit=True) as conn:
        for path in (before, now):
            if path is now:
                conn.execute(_FILL_5)
                shape = _shape(conn)
                _killed_in_the_middle(empty_database, now)
                assert _shape(conn) == shape, "a killed migration leaves nothing"
            program = [sys.executable, "-c", _MIGRATE, empty_database, str(path)]
            subprocess.run(program, check=True, timeout=60)
    anyio.run(_look_at_them, empty_database)


async def _look_at_them(address: str) -> None:
    whole = FileDigest(DigestKind.SHA256, hashlib.sha256(b"abcdefghij").digest())
    sealed = FolderChoices(store=StoreKind.USENET)
    async with open_pool(address, max_size=4, application_name="tests") as pool:
        async with Catalogue(pool).transaction() as tx:
            old = await folders.keep(tx, b"/kept", FolderChoices())
            owned = await folders.keep(tx, b"/sealed", sealed, USENET)
            new = await folders.keep(tx, b"/new", FolderChoices())
            other = FolderDefaults(digest=DigestAlgorithm.SHA256)
            like_old = await folders.keep(tx, b"/like old", FolderChoices(), other)
            rows = await version_files.version_page(tx, Span(old.id, 1), 9)
    assert [f.realm.id for f in (old, owned, like_old)] == [1, 2, 1]
    assert new.realm.id > 2
    assert [f.realm.digest for f in (old, owned, new)] == ["sha256", "sha256", "blake3"]
    assert [(r.path, r.file_digest) for r in rows] == [(b"empty", None), (b"large", whole)]
    for row, data in zip(rows, (b"", b"abcdefghij"), strict=True):
        content = content_of(row.size, row.file_digest, row.segment_size)
        assert content is not None and content.is_of(data) and not content.is_of(b"0123456789")
