"""A real PostgreSQL for all tests, and a fresh database for each test that needs one.

One embedded server per session, in a folder of its own; the schema is migrated once, into a
template, and each test gets a copy.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from pathlib import Path

import anyio
import psycopg
import pytest
from data_folder import data_folder
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
from usenetsync_tui.postgres.migrate import migrate
from usenetsync_tui.postgres.pool import Pool, open_pool

_TEMPLATE = "usenetsync_template"
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the campaign runs, how often is killed, how much of `test_stopping.py` is tried."""
    parser.addoption("--campaign-minutes", type=float, default=1.0, help="of both stores together")
    parser.addoption("--filter-patterns", type=int, default=150, help="so many, compared with git")
    parser.addoption("--kill-rounds", type=int, help="kill -9 so often while something is posted")
    parser.addoption("--way", type=int, help="of all tests of the pipeline: see support/ways.py")
    parser.addoption("--campaign-seed", type=int, default=9, help="of its random numbers")
    parser.addoption(
        "--every-stop", action="store_true", help="each signal in each wait of each verb"
    )


def pytest_configure() -> None:
    """Prepare what the processes of the tests inherit.

    No ignored signal (`nohup`, `cmd &`), and the modules' compiled forms: some thousand processes
    would else compile all modules again.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if os.environ.get("CI"):  # half of the usual examples, for the sake of its time
        settings.register_profile("short", settings.get_profile("ci"), max_examples=50)
        settings.load_profile("short")
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            ours = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, ours)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path, which the server's user can enter when we are root."""
    with data_folder("us-", in_memory=False) as folder:
        yield folder


@pytest.fixture(scope="session")
def server(short_folder: Path) -> Iterator[str]:
    """The session's server; yields the conninfo of its first database."""
    with data_folder("us-") as folder:
        yield from _session_server(folder, short_folder / "system")


def _session_server(folder: Path, system_folder: Path) -> Iterator[str]:
    locations = Locations.find({"USENETSYNC_HOME": str(folder / "session")})
    embedded = EmbeddedServer(locations, system_folder=system_folder)
    conninfo = embedded.acquire()
    try:
        with psycopg.connect(conninfo, autocommit=True) as conn:
            # The data is temporary; creating and dropping a database is much faster this way.
            conn.execute("ALTER SYSTEM SET fsync = off")
            conn.execute("SELECT pg_reload_conf()")
        yield conninfo
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a database with the catalogue's schema and nothing in it."""

    async def make() -> None:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
        address = make_conninfo(server, dbname=_TEMPLATE)
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as conn:
            await migrate(conn, files("usenetsync_tui.catalogue") / "migrations")

    anyio.run(make)
    return _TEMPLATE


@pytest.fixture
def database(server: str, template: str) -> Iterator[str]:
    """The conninfo of a fresh copy of the catalogue, dropped after the test."""
    yield from _copied(server, template)


@pytest.fixture
def empty_database(server: str) -> Iterator[str]:
    """The conninfo of a database without any table, dropped after the test."""
    yield from _copied(server, "template1")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A pool on a fresh copy of the catalogue."""
    async with open_pool(database, max_size=8, application_name="usenetsync tests") as opened:
        yield opened


def _copied(server: str, template: str) -> Iterator[str]:
    name = sql.Identifier(f"test_{next(_numbers)}")
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                name, sql.Identifier(template)
            )
        )
        yield make_conninfo(server, dbname=name.as_string(conn).strip('"'))
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
