"""The pool, and the translation of psycopg's errors to ours."""

from __future__ import annotations

import traceback

import psycopg
import pytest

from usenetsync_tui.errors import DatabaseUnavailableError, SettingsError
from usenetsync_tui.postgres.pool import Pool, mapped_errors, open_pool
from usenetsync_tui.postgres.redaction import redacted

pytestmark = pytest.mark.anyio


async def test_connections_are_set_up(pool: Pool) -> None:
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "SELECT current_setting('jit'), current_setting('client_min_messages'),"
            " current_setting('application_name')"
        )
        assert await cursor.fetchone() == ("off", "warning", "usenetsync tests")
        assert conn.autocommit


async def test_a_lost_connection_is_replaced(pool: Pool) -> None:
    async with pool.connection() as conn:
        pid = conn.info.backend_pid
        other = await psycopg.AsyncConnection.connect(pool.conninfo, autocommit=True)
        async with other:
            await other.execute("SELECT pg_terminate_backend(%s)", (pid,))
            with pytest.raises(DatabaseUnavailableError), mapped_errors():
                await conn.execute("SELECT 1")
    async with pool.connection() as conn:
        assert conn.info.backend_pid != pid
        await conn.execute("SELECT 1")


@pytest.mark.parametrize("size", [0, 41])
async def test_the_number_of_connections_is_bounded(database: str, size: int) -> None:
    with pytest.raises(ValueError, match="1 to 40"):
        async with open_pool(database, max_size=size, application_name="x"):
            pass


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("postgresql://me:hunter2@127.0.0.1:1/x", DatabaseUnavailableError),
        ("postgresql://me:hunter2@127.0.0.1:none/x", SettingsError),
        ("postgres:/me:hunter2@127.0.0.1/x", SettingsError),
        ("postgresql://me:hunter2@127.0.0.1/x?nonsense=1", SettingsError),
        ("host=127.0.0.1 port=1 user=me password=hunter2", DatabaseUnavailableError),
        ("host=127.0.0.1 port=1 user=me password='hunter2", SettingsError),
    ],
)
async def test_no_error_shows_the_password(address: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        async with open_pool(address, max_size=1, application_name="x"):
            pass
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_errors_about_the_statement_pass() -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), mapped_errors():
        raise psycopg.errors.UniqueViolation("twice")


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql://me:hunter2@host/db",
        "cannot reach postgresql://me:hunter2@with@signs@host/db",
        "cannot reach postgresql://:hunter2@host/db",
        "host=h password=hunter2 dbname=d",
        "host=h PASSWORD = 'hunter2 with \\' quote' dbname=d",
        "host=h password='hunter2 with an open quote",
        r"host=h password=hunter2\ with\ signs dbname=d",
        "cannot reach postgres//me:hunter2@host/db",
        "cannot reach postgresql:/me:hunter2@host/db",
        "cannot reach me:hunter2@host",
        '"me:hunter2@host" is no address',
        "postgresql://host/db?user=me&password=hunter2",
        "PGPASSWORD=hunter2 psql",
        "sslpassword=hunter2",
        "passphrase = hunter2",
        "oauth_client_secret=hunter2",
    ],
)
def test_redacted(text: str) -> None:
    words = redacted(text)
    for secret in ("hunter2", "signs", "quote"):
        assert secret not in words
    assert "***" in words


@pytest.mark.parametrize(
    "text",
    [
        'connection to server at "127.0.0.1", port 1 failed: Connection refused',
        'FATAL: password authentication failed for user "me"',
        "2026-11-08 12:00:01,123 42 psycopg WARNING error connecting in 'usenetsync pid 42 on vm'",
    ],
)
def test_text_without_a_password_is_unchanged(text: str) -> None:
    assert redacted(text) == text


def test_a_server_that_refuses_is_not_one_that_does_not_answer() -> None:
    refused = 'connection to server at "db" failed: FATAL:  password authentication failed'
    silent = "connection timeout expired"
    for words, begin in ((refused, "The database refused"), (silent, "The database does not ans")):
        with pytest.raises(DatabaseUnavailableError, match=f"^{begin}") as caught, mapped_errors():
            raise psycopg.OperationalError(words)
        assert str(caught.value).endswith(words.replace("  ", " "))
