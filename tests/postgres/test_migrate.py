"""Migrations: each once, in order, by one process at a time, and never changed."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import anyio
import psycopg
import pytest
from psycopg.rows import TupleRow

from usenetsync_tui.errors import CatalogueVersionError
from usenetsync_tui.postgres.migrate import migrate, read_migrations

pytestmark = pytest.mark.anyio

ONE = "CREATE TABLE one (a int);\nINSERT INTO one VALUES (1);\n-- 100 % sure\n"
TWO = "ALTER TABLE one ADD COLUMN b text DEFAULT 'x%y';\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_one.sql").write_text(ONE)
    (tmp_path / "README").write_text("not a migration")
    return tmp_path


async def connect(address: str) -> psycopg.AsyncConnection[TupleRow]:
    return await psycopg.AsyncConnection.connect(address, autocommit=True)


async def test_applies_only_missing_migrations(empty_database: str, folder: Path) -> None:
    async with await connect(empty_database) as conn:
        assert await migrate(conn, folder) == 1
        assert await migrate(conn, folder) == 1
        (folder / "0002_two.sql").write_text(TWO)
        assert await migrate(conn, folder) == 2
        cursor = await conn.execute("SELECT a, b FROM one")
        assert await cursor.fetchall() == [(1, "x%y")]
        cursor = await conn.execute("SELECT version, name FROM schema_migrations ORDER BY 1")
        assert await cursor.fetchall() == [(1, "one"), (2, "two")]


async def test_two_at_once(empty_database: str, folder: Path) -> None:
    (folder / "0002_two.sql").write_text(TWO + "SELECT pg_sleep(0.3);")

    async def run() -> None:
        async with await connect(empty_database) as conn:
            assert await migrate(conn, folder) == 2

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(run)


async def test_a_failing_one_leaves_no_trace(empty_database: str, folder: Path) -> None:
    (folder / "0002_two.sql").write_text(TWO + "SELECT nonsense;")
    async with await connect(empty_database) as conn:
        with pytest.raises(psycopg.errors.UndefinedColumn):
            await migrate(conn, folder)
        cursor = await conn.execute("SELECT * FROM one")
        assert await cursor.fetchall() == [(1,)]
        cursor = await conn.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert await cursor.fetchone() == (0,)
        (folder / "0002_two.sql").write_text(TWO)
        assert await migrate(conn, folder) == 2


async def test_a_newer_catalogue_is_refused(empty_database: str, folder: Path) -> None:
    (folder / "0002_two.sql").write_text(TWO)
    async with await connect(empty_database) as conn:
        await migrate(conn, folder)
        (folder / "0002_two.sql").unlink()
        with pytest.raises(CatalogueVersionError, match=r"at version 2 \(two\).* knows 1"):
            await migrate(conn, folder)


async def test_a_changed_one_is_refused(empty_database: str, folder: Path) -> None:
    async with await connect(empty_database) as conn:
        await migrate(conn, folder)
        (folder / "0001_one.sql").write_text(ONE + "\n")
        with pytest.raises(CatalogueVersionError, match=r"version 1 \(one\) differs from"):
            await migrate(conn, folder)


@pytest.mark.parametrize("name", ["0003_gap.sql", "0001_twice.sql", "2_short.sql", "0002.sql"])
async def test_numbers_and_names_are_checked(folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(ValueError, match=r"should be 000\d_some_name\.sql"):
        read_migrations(folder)


async def test_needs_autocommit(empty_database: str, folder: Path) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database) as conn:
        with pytest.raises(ValueError, match="autocommit"):
            await migrate(conn, folder)


async def test_the_schema_is_the_sum_of_the_migrations(
    database: str, empty_database: str, tmp_path: Path
) -> None:
    """Migrated one release at a time or all at once, a catalogue has the same schema."""
    shipped = files("usenetsync_tui.catalogue") / "migrations"
    scripts = sorted(f.name for f in shipped.iterdir() if f.name.endswith(".sql"))
    async with await connect(empty_database) as stepwise:
        for name in scripts:
            (tmp_path / name).write_bytes((shipped / name).read_bytes())
            await migrate(stepwise, tmp_path)
        async with await connect(database) as whole:
            assert await shape(stepwise) == await shape(whole)


async def shape(conn: psycopg.AsyncConnection[TupleRow]) -> list[TupleRow]:
    cursor = await conn.execute("""
        SELECT 'column', table_name::text, column_name::text, data_type::text,
               is_nullable::text, column_default::text
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT 'index', tablename::text, indexname::text, indexdef::text, '', ''
          FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT 'constraint', conrelid::regclass::text, conname::text,
               pg_get_constraintdef(oid), '', ''
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'function', proname::text, pg_get_functiondef(oid), '', '', ''
          FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
        ORDER BY 1, 2, 3, 4
    """)
    return await cursor.fetchall()
