"""A transaction in a thread does what it does on the event loop, and can be left at any moment."""

from __future__ import annotations

import threading
import time

import anyio
import anyio.lowlevel
import psycopg
import pytest

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.errors import DatabaseUnavailableError
from usenetsync_tui.postgres.copy import copy_rows
from usenetsync_tui.postgres.pool import Pool

pytestmark = pytest.mark.anyio


async def kept(pool: Pool) -> list[int]:
    async with Catalogue(pool).transaction() as tx:
        return [row[0] for row in await tx.fetch("SELECT n FROM kept ORDER BY n")]


@pytest.fixture
async def catalogue(pool: Pool) -> Catalogue:
    catalogue = Catalogue(pool)
    async with catalogue.transaction() as tx:
        await tx.run("CREATE TABLE kept (n int)")
    return catalogue


async def test_statements_copies_and_results(catalogue: Catalogue) -> None:
    loop = threading.get_ident()

    async def work(tx: Transaction) -> tuple[list[int], int, str]:
        copy = "COPY kept (n) FROM STDIN (FORMAT BINARY)"
        await copy_rows(tx.connection, copy, ["int4"], [(n,) for n in range(5_000)])
        rows = await tx.fetch("SELECT n FROM kept WHERE n > 4990 ORDER BY n")
        durable = await tx.one("SHOW synchronous_commit")
        return [row[0] for row in rows], threading.get_ident(), durable[0]

    rows, thread, durable = await catalogue.in_thread(work, durable=True)
    assert rows == list(range(4991, 5000))
    assert thread != loop
    assert durable == "on"
    assert len(await kept(catalogue.pool)) == 5_000


async def test_an_error_rolls_back_and_the_connection_stays_usable(catalogue: Catalogue) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run("INSERT INTO kept VALUES (1)")
        raise ValueError("words")

    with pytest.raises(ValueError, match="words"):
        await catalogue.in_thread(work)
    assert await kept(catalogue.pool) == []


async def test_a_lost_server_is_the_error_of_every_transaction(catalogue: Catalogue) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseUnavailableError):
        await catalogue.in_thread(work)
    assert await kept(catalogue.pool) == []


async def test_whoever_waits_for_something_else_is_told(catalogue: Catalogue) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run("INSERT INTO kept VALUES (1)")
        await anyio.lowlevel.checkpoint()

    with pytest.raises(RuntimeError):
        await catalogue.in_thread(work)
    assert await kept(catalogue.pool) == []


async def test_cancelled_while_answers_come_it_goes_on_to_its_end(catalogue: Catalogue) -> None:
    async def work(tx: Transaction) -> None:
        for n in range(40):
            await tx.run("INSERT INTO kept VALUES (%(n)s)", {"n": n})
            await tx.run("SELECT pg_sleep(0.005)")

    with anyio.move_on_after(0.05) as scope:
        await catalogue.in_thread(work)
    assert scope.cancelled_caught
    assert len(await kept(catalogue.pool)) == 40


async def test_cancelled_without_an_answer_it_ends_soon_and_changes_nothing(
    catalogue: Catalogue,
) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run("INSERT INTO kept VALUES (1)")
        await tx.run("SELECT pg_sleep(60)")

    began = time.monotonic()
    with anyio.move_on_after(0.05) as scope:
        await catalogue.in_thread(work)
    assert scope.cancelled_caught
    assert time.monotonic() - began < 4
    assert await kept(catalogue.pool) == []


async def test_a_pipelined_error_is_raised_at_the_end_at_the_latest(catalogue: Catalogue) -> None:
    """No statement waits for its answer, yet nothing is kept of a transaction that has an error."""

    async def work(tx: Transaction) -> None:
        await tx.run("INSERT INTO kept VALUES (1)")
        await tx.run("INSERT INTO kept VALUES (%(n)s::int / 0)", {"n": 1})

    with pytest.raises(psycopg.errors.DivisionByZero):
        await catalogue.in_thread(work, pipelined=True)
    assert await kept(catalogue.pool) == []


async def test_a_pipelined_transaction_is_durable_and_reads_what_it_wrote(
    catalogue: Catalogue,
) -> None:
    async def work(tx: Transaction) -> tuple[str, int]:
        await tx.run("INSERT INTO kept VALUES (1), (2)")
        durable = (await tx.one("SHOW synchronous_commit"))[0]
        return durable, (await tx.one("SELECT sum(n)::int FROM kept"))[0]

    assert await catalogue.in_thread(work, durable=True, pipelined=True) == ("on", 3)
    assert await kept(catalogue.pool) == [1, 2]


async def test_a_pipelined_transaction_that_is_cancelled_without_an_answer_changes_nothing(
    catalogue: Catalogue,
) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run("INSERT INTO kept VALUES (1)")
        await tx.run("SELECT pg_sleep(60)")

    with anyio.move_on_after(0.05) as scope:
        await catalogue.in_thread(work, pipelined=True)
    assert scope.cancelled_caught
    assert await kept(catalogue.pool) == []
