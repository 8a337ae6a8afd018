"""A database that falls silent behind a proxy that stops forwarding."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import anyio
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from usenetsync_tui.errors import DatabaseUnavailableError
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.postgres import pool as pool_module
from usenetsync_tui.postgres import silence
from usenetsync_tui.postgres.pool import mapped_errors, open_pool

pytestmark = pytest.mark.anyio

SAID = "waiting for the database: no answer yet, for 0 s"


class Wire:
    """Forwards to a server's socket, unless `cut` is set: then it forwards nothing."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.flows = threading.Event()
        self.flows.set()

    def serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._carry, args=(near,)).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            far.connect(self._path)
            back = threading.Thread(target=self._pump, args=(far, near))
            back.start()
            self._pump(near, far)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self.flows.wait()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(database: str) -> Iterator[tuple[Wire, str]]:
    given = conninfo_to_dict(database)
    wire = Wire(f"{given['host']}/.s.PGSQL.{given['port']}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=wire.serve, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        yield wire, make_conninfo(database, host="127.0.0.1", port=port, sslmode="disable")
        wire.flows.set()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_PATIENCE", 0.5)
    monkeypatch.setattr(silence, "_WORTH_A_WORD", 0.2)


async def until(waits: Waits, text: str | None) -> None:
    with anyio.fail_after(60):
        while (None if waits.current is None else str(waits.current)) != text:  # noqa: ASYNC110
            await anyio.sleep(0.02)


async def test_waiting_calls_continue_when_the_database_answers(wire: tuple[Wire, str]) -> None:
    between, conninfo = wire
    waits, answers = Waits(), []

    async def ask(number: int) -> None:
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT %s::int", (number,))
            answers.append(await cursor.fetchone())

    async with open_pool(conninfo, max_size=2, application_name="x", waits=waits) as pool:
        await ask(0)
        assert waits.current is None
        between.flows.clear()
        async with anyio.create_task_group() as group:
            for number in range(1, 6):
                group.start_soon(ask, number)
            await until(waits, SAID)
            await anyio.sleep(1.5)  # three times the wait for a connection
            assert answers == [(0,)]
            between.flows.set()
        await until(waits, None)
    assert sorted(answers) == [(n,) for n in range(6)]


async def test_a_waiting_caller_can_be_stopped(wire: tuple[Wire, str]) -> None:
    between, conninfo = wire
    waits = Waits()
    async with open_pool(conninfo, max_size=1, application_name="x", waits=waits) as pool:
        between.flows.clear()
        began = anyio.current_time()
        with anyio.move_on_after(0.5):
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
        assert anyio.current_time() - began < 2
        assert waits.current is None
        between.flows.set()
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")


async def test_a_database_that_answers_is_not_silent(wire: tuple[Wire, str]) -> None:
    """A caller that gets no connection, because others keep them, gets that as its reason."""
    waits = Waits()
    async with open_pool(wire[1], max_size=1, application_name="x", waits=waits) as pool:
        async with pool.connection():
            with pytest.raises(DatabaseUnavailableError, match="couldn't get"), mapped_errors():
                await pool.getconn()
            assert waits.current is None
        async with pool.connection() as connection, anyio.create_task_group() as group:
            group.start_soon(connection.execute, "SELECT pg_sleep(0.6)")
            await until(waits, SAID)  # as far as the pool knows
        assert waits.current is None
