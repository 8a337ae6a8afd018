"""A transaction of the catalogue, and the catalogue itself.

`Catalogue` owns the pool; `Transaction` is what every function of the tables takes first.
Rows come back as tuples in binary form; SQL comes from the `.sql` files beside the modules.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import files as resources
from typing import Any, LiteralString, TypeVar

import anyio
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus as _Status

from usenetsync_tui.catalogue.columns import LISTS
from usenetsync_tui.catalogue.state_names import CONSTANTS
from usenetsync_tui.model.status.engine import PoolStatus
from usenetsync_tui.postgres.migrate import migrate
from usenetsync_tui.postgres.pool import Pool, mapped_errors
from usenetsync_tui.postgres.queries import Queries, load_queries
from usenetsync_tui.postgres.silence import HeardConnection

T = TypeVar("T")

_CONSTANTS = {**CONSTANTS, **LISTS}
_DURABLE: LiteralString = "SET LOCAL synchronous_commit = on"


def load(package: str | None, name: str) -> Queries:
    """The named queries of one `.sql` file of the catalogue."""
    return load_queries(package, name, _CONSTANTS)


class Transaction:
    """One transaction; commits when its block ends."""

    __slots__ = ("_cursors", "connection")

    def __init__(self, connection: AsyncConnection[tuple[Any, ...]]) -> None:
        self.connection = connection
        self._cursors = 0

    async def run(self, sql: LiteralString, values: Mapping[str, object] | None = None) -> None:
        """Execute a statement and ignore its rows."""
        await self.connection.execute(sql, values)

    async def fetch(
        self, sql: LiteralString, values: Mapping[str, object] | None = None
    ) -> list[tuple[Any, ...]]:
        """All rows; the statement itself must limit their number."""
        async with self.connection.cursor(binary=True) as cursor:
            await cursor.execute(sql, values)
            return await cursor.fetchall()

    async def pages(
        self, sql: LiteralString, values: Mapping[str, object], size: int
    ) -> AsyncIterator[list[tuple[Any, ...]]]:
        """The rows of a statement, `size` at a time, however many: a cursor of the server.

        Several can be read in turn, with other statements between them.
        """
        self._cursors += 1
        name = f"pages_{self._cursors}"
        async with self.connection.cursor(name, binary=True) as cursor:
            await cursor.execute(sql, values)
            while page := await cursor.fetchmany(size):
                yield page

    async def one(
        self, sql: LiteralString, values: Mapping[str, object] | None = None
    ) -> tuple[Any, ...]:
        """The only row of a statement that always has one."""
        row = await self.maybe(sql, values)
        assert row is not None, sql
        return row

    async def maybe(
        self, sql: LiteralString, values: Mapping[str, object] | None = None
    ) -> tuple[Any, ...] | None:
        """The first row, if there is one."""
        async with self.connection.cursor(binary=True) as cursor:
            await cursor.execute(sql, values)
            return await cursor.fetchone()


class Catalogue:
    """What the program remembers: a pool of connections to a migrated database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.ledger_lock = anyio.Lock()
        """Held while articles are planned, confirmed or marked: jobs that run at the same time may
        share articles, and their transactions would lock the same rows in different order."""
        self._query_ms = 0.0

    async def migrate(self) -> int:
        """Bring the schema up to this program's version and return that."""
        async with self.pool.connection() as connection:
            return await migrate(connection, resources("usenetsync_tui.catalogue") / "migrations")

    @asynccontextmanager
    async def transaction(self, *, durable: bool = False) -> AsyncIterator[Transaction]:
        """One transaction.

        `durable` waits for the disk. A crash may lose the latest other transactions, but only in
        order: the log is written in order, so all that precede a durable one are durable too.
        """
        with self._timed(), mapped_errors():
            async with self.pool.connection() as connection, _begun(connection, durable) as begun:
                yield begun

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[Transaction]:
        """A connection whose statements are each a transaction of their own: for VACUUM."""
        with mapped_errors():
            async with self.pool.connection() as connection:
                yield Transaction(connection)

    async def in_thread(
        self,
        work: Callable[[Transaction], Coroutine[Any, Any, T]],
        *,
        durable: bool = False,
        pipelined: bool = False,
    ) -> T:
        """The result of `work` in one transaction, which a thread carries out: for batches.

        `work` may await nothing but the transaction's statements, and runs in the thread.
        `pipelined`: statements whose rows nobody reads do not wait for their answers; an error of
        one is raised by a later one, or at the end. Such a transaction can use no COPY.
        """
        with self._timed(), mapped_errors():
            async with self.pool.connection() as connection:

                async def whole() -> T:
                    async with begun(connection, durable) as tx:
                        return await work(tx)

                begun = _pipelined if pipelined else _begun

                return await connection.run_in(self.pool.threads, whole)

    async def aside(self, tx: Transaction, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of statements of an open transaction, which a thread carries out."""
        connection = tx.connection
        assert isinstance(connection, HeardConnection)
        return await connection.run_in(self.pool.threads, work)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.monotonic()
        yield
        took = (time.monotonic() - started) * 1000
        self._query_ms += (took - self._query_ms) * 0.1

    async def flush(self) -> None:
        """Return when everything committed so far is on disk."""
        async with self.transaction(durable=True) as tx:
            await tx.run("SELECT pg_current_xact_id()")

    @property
    def is_silent(self) -> bool:
        """Whether the database has not answered for a while, though a statement waits."""
        return self.pool.silence.waiting() is not None

    def pool_status(self) -> PoolStatus:
        """The pool's own statistics and the moving mean of a transaction's milliseconds."""
        stats = self.pool.get_stats()
        size = stats.get("pool_size", 0)
        return PoolStatus(
            size=size,
            in_use=size - stats.get("pool_available", 0),
            waiting=stats.get("requests_waiting", 0),
            limit=self.pool.max_size,
            query_ms=self._query_ms,
        )


@asynccontextmanager
async def _begun(
    connection: AsyncConnection[tuple[Any, ...]], durable: bool
) -> AsyncIterator[Transaction]:
    async with connection.transaction():
        if durable:
            await connection.execute(_DURABLE)
        yield Transaction(connection)


@asynccontextmanager
async def _pipelined(
    connection: AsyncConnection[tuple[Any, ...]], durable: bool
) -> AsyncIterator[Transaction]:
    """The same in pipeline mode, where `connection.transaction()` waits for BEGIN and COMMIT."""
    try:
        async with connection.pipeline():
            await connection.execute("BEGIN")
            if durable:
                await connection.execute(_DURABLE)
            yield Transaction(connection)
            await connection.execute("COMMIT")
    except BaseException:
        if connection.info.transaction_status in (_Status.INTRANS, _Status.INERROR):
            await connection.execute("ROLLBACK")
        raise


def text(words: str) -> str:
    """Foreign text in a form that the database accepts: no NUL, no lone surrogate."""
    return words.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def column(rows: Sequence[tuple[Any, ...]], index: int = 0) -> list[Any]:
    """One column of some rows."""
    return [r[index] for r in rows]
