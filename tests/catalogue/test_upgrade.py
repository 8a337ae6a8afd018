"""An upgrade of a catalogue that an earlier program filled: its rows afterwards."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

from usenetsync_tui.postgres.migrate import migrate

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
