"""Only one engine uses a catalogue."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import anyio
import psycopg
import pytest

from usenetsync_tui.errors import CatalogueHeldError, DatabaseUnavailableError
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.postgres.lock import EngineLock

pytestmark = pytest.mark.anyio

HOLDER = "usenetsync upload pid 1234 host h"


async def test_the_error_names_the_holder(database: str) -> None:
    async with EngineLock(database, application_name=HOLDER):
        with pytest.raises(CatalogueHeldError, match=f"It is {HOLDER}, since 20") as caught:
            async with EngineLock(database, application_name="other", patience=0):
                pass
        assert str(caught.value).startswith("Another usenetsync is using this catalogue.")
    # The server ends the first session in its own time.
    async with EngineLock(database, application_name="other"):
        pass


async def test_it_is_one_lock_a_database(database: str, empty_database: str) -> None:
    async with EngineLock(database, application_name="a", patience=0):
        async with EngineLock(empty_database, application_name="b", patience=0):
            pass


async def test_a_holder_that_leaves_is_waited_for(database: str) -> None:
    async def hold(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        async with EngineLock(database, application_name="a"):
            task_status.started()
            await anyio.sleep(0.3)

    async with anyio.create_task_group() as group:
        await group.start(hold)
        async with EngineLock(database, application_name="b", patience=10):
            pass


async def test_the_loss_of_the_lock_is_noticed(database: str) -> None:
    async with EngineLock(database, application_name="lost engine") as lock:
        with anyio.move_on_after(0.2) as scope:
            await lock.lost()
        assert scope.cancelled_caught
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'lost engine'"
            )
        with anyio.fail_after(60):
            await lock.lost()
        async with EngineLock(database, application_name="next"):
            pass


async def test_without_a_server_it_says_so() -> None:
    with pytest.raises(DatabaseUnavailableError):
        async with EngineLock("host=127.0.0.1 port=1 user=x", application_name="x"):
            pass


async def test_a_wait_names_the_holder_and_can_be_stopped(database: str) -> None:
    waits = Waits()

    async def end_when_told(scope: anyio.CancelScope) -> None:
        while waits.current is None or "another usenetsync" not in waits.current.reason:  # noqa: ASYNC110
            await anyio.sleep(0.02)
        scope.cancel()

    async with EngineLock(database, application_name=HOLDER):
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(end_when_told, group.cancel_scope)
                async with EngineLock(
                    database, application_name="other", patience=600, waits=waits
                ):
                    pytest.fail("two hold it")
    assert waits.current is None


WRITES_AND_DIES = """
import os, signal, sys, psycopg
from usenetsync_tui.engine.opening import application_name
conn = psycopg.connect(sys.argv[1], application_name=application_name("upload"), autocommit=True)
conn.execute("CREATE TABLE late (n int)")
print(conn.info.backend_pid, flush=True)
conn.pgconn.send_query(b"BEGIN; INSERT INTO late VALUES (1); SELECT pg_sleep(5); COMMIT")
while conn.pgconn.flush():
    pass
sys.stdin.read(1)
os.kill(os.getpid(), signal.SIGKILL)
"""


AT_WORK = "SELECT state = 'active' FROM pg_stat_activity WHERE pid = %s"


@pytest.fixture
def program(database: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program with a transaction under way; it kills itself when it reads a byte."""
    argv = [sys.executable, "-c", WRITES_AND_DIES, database]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process


@pytest.mark.slow
async def test_nothing_of_a_killed_program_is_committed_later(
    database: str, program: subprocess.Popen[bytes]
) -> None:
    """The server goes on with what it was sent, and would commit it."""
    assert program.stdout is not None
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        session = (int(program.stdout.readline()),)
        while await (await conn.execute(AT_WORK, session)).fetchall() != [(True,)]:  # noqa: ASYNC110
            await anyio.sleep(0.05)
        async with EngineLock(database, application_name="beside"):  # a living one is left alone
            assert await (await conn.execute(AT_WORK, session)).fetchall() == [(True,)]
        program.communicate(b"x")
        async with EngineLock(database, application_name="next"):
            assert await (await conn.execute(AT_WORK, session)).fetchall() == []
            assert await (await conn.execute("SELECT FROM late")).fetchall() == []
