"""What a backup contains: the tables and sequences that the migrations make, by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from typing import NamedTuple

from psycopg import sql

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.postgres.migrate import Migration, read_migrations

ARTICLES = "articles"
"""The table of the shards store: in a backup only if the user asks for it."""
MIGRATIONS = resources("usenetsync_tui.catalogue") / "migrations"

_SQL = load(__package__, "layout.sql")
_MADE = re.compile(r"^CREATE (TABLE|SEQUENCE) (\w+)", re.MULTILINE)

Columns = tuple[tuple[str, str], ...]
"""The name and type of each column."""


class Applied(NamedTuple):
    """A migration that a catalogue has; field order is that of the query."""

    version: int
    name: str
    checksum: str


class Contents(NamedTuple):
    """What a catalogue holds; field order is that of the query."""

    folders: int
    versions: int
    jobs: int


@value_object
class Layout:
    """The tables and sequences of a catalogue with some migrations."""

    tables: tuple[str, ...]
    sequences: tuple[str, ...]
    """Those that belong to no column."""

    def without_articles(self) -> Layout:
        """The same without the articles of the shards store."""
        return Layout(tuple(t for t in self.tables if t != ARTICLES), self.sequences)


def known_migrations() -> list[Applied]:
    """All migrations of this program."""
    return [Applied(m.version, m.name, m.checksum) for m in read_migrations(MIGRATIONS)]


def layout(upto: int | None = None) -> Layout:
    """The layout after this migration; None: after all."""
    return layout_of(read_migrations(MIGRATIONS)[:upto])


def layout_of(migrations: Sequence[Migration]) -> Layout:
    """The tables and sequences that migrations make."""
    made = [found for migration in migrations for found in _MADE.findall(migration.script)]
    return Layout(
        tuple(name for kind, name in made if kind == "TABLE"),
        tuple(name for kind, name in made if kind == "SEQUENCE"),
    )


async def columns_of(tx: Transaction, tables: Sequence[str]) -> dict[str, Columns]:
    """The columns of each table, without those that the database computes."""
    found: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind in await tx.fetch(_SQL["columns"], {"tables": [*tables]}):
        found.setdefault(table, []).append((name, kind))
    return {table: tuple(columns) for table, columns in found.items()}


async def applied_migrations(tx: Transaction) -> list[Applied]:
    """The migrations of the open catalogue."""
    return [Applied(*row) for row in await tx.fetch(_SQL["applied"])]


async def every_sequence(tx: Transaction, made: Layout) -> Mapping[str, int | None]:
    """The last value of each sequence; None for one that was never used."""
    values = {"tables": [*made.tables], "sequences": [*made.sequences]}
    return dict(await tx.fetch(_SQL["sequences"], values))


async def contents(tx: Transaction) -> Contents:
    """What the catalogue holds."""
    return Contents(*await tx.one(_SQL["contents"]))


async def tables_with_rows(tx: Transaction, tables: Sequence[str]) -> list[str]:
    """The tables that are not empty."""
    return [t for t in tables if await _has_rows(tx, t)]


def _composed(name: str, **names: str) -> sql.Composed:
    """A statement of `layout.sql` about some tables."""
    return sql.SQL(_SQL[name]).format(**{key: sql.Identifier(n) for key, n in names.items()})


def copy_out(table: str, columns: Columns) -> sql.Composed:
    """The statement that reads all rows of a table."""
    listed = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    return sql.SQL(_SQL["copy_out"].rstrip(";")).format(columns=listed, table=sql.Identifier(table))


async def begin_snapshot(tx: Transaction) -> None:
    """Let all that follows see the same state, and change nothing; the first statement."""
    await tx.run(_SQL["snapshot"])


async def size_on_disk(tx: Transaction, tables: Sequence[str]) -> int:
    """About how many bytes tables have, without indexes; for the progress."""
    return int((await tx.one(_SQL["estimate"], {"tables": [*tables]}))[0])


async def _has_rows(tx: Transaction, table: str) -> bool:
    cursor = await tx.connection.execute(_composed("has_rows", table=table))
    row = await cursor.fetchone()
    return bool(row and row[0])
