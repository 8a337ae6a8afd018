"""A database's address: shown without its secrets, and not at all if it cannot be parsed (B8)."""

from __future__ import annotations

import traceback
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.postgres.address import UNREADABLE, readable, shown
from usenetsync_tui.postgres.pool import named_conninfo


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://me:hunter2@db.example:5433/x", "postgresql://me:***@db.example:5433/x"),
        ("postgres://me:hunter2@h/x", "postgresql://me:***@h/x"),
        ("postgresql://me@h/x", "postgresql://me@h/x"),
        ("postgresql://h", "postgresql://h/"),
        ("postgresql:///x", "postgresql:///x"),
        ("postgresql://me:hun%40ter%2F2@h/x", "postgresql://me:***@h/x"),
        ("postgresql://me:hunter2@[2001:db8::1]:1/x", "postgresql://me:***@[2001:db8::1]:1/x"),
        ("postgresql://me:hunter2@a,b/x", "postgresql://me:***@a,b/x"),
        ("postgresql://h/x?user=me&password=hunter2", "postgresql://me:***@h/x"),
        ("postgresql://h/x?sslpassword=hunter2&sslkey=k", "postgresql://h/x"),
        ("postgresql://me@%2Fvar%2Frun/x", "user=me host=/var/run dbname=x"),
        ("host=h password='hunter2 b' user=me", "user=me host=h password=***"),
        (r"host=h password=hunter2\ b user=me", "user=me host=h password=***"),
        ("host = h password = hunter2 dbname = x", "host=h dbname=x password=***"),
        ("host=h passfile=/home/me/hunter2 dbname=x", "host=h dbname=x"),
        ("host=h oauth_client_secret=hunter2", "host=h"),
        ("", ""),
    ],
)
def test_the_shown_parts_of_an_address(address: str, words: str) -> None:
    assert shown(address) == words


MALFORMED = [
    "postgres//me:hunter2@h/x",
    "postgresql:/me:hunter2@h/x",
    "postgresql//me:hunter2@h",
    "postgresql:me:hunter2@h",
    "https://me:hunter2@h/x",
    "me:hunter2@h",
    "hunter2",
    "postgresql://me:hun@ter2@h/x",
    "postgresql://me:hun/ter2@h/x",
    "postgresql://me:hun?ter2@h/x",
    "postgresql://me:hun#ter2@h/x",
    "postgresql://me:hun ter2@h/x",
    "postgresql://me:hunter2",
    "postgresql://me:hunter2/x",
    "postgresql://me:hunter2@h:hunter2/x",
    "postgresql://me:hun%zzter2@h/x",
    "postgresql://me:hunter2@h/x?pasword=hunter2",
    "postgresql://me:hunter2@h/x?password",
    "postgresql://[me:hunter2@h/x",
    "host=h password=hun ter2",
    "host=h password='hunter2",
    "host=h pasword=hunter2",
    "host=h password=hunter2 port=hunter2",
    "host=h;password=hunter2",
    "host=h dbname='postgresql://me:hunter2@h/x'",
    "user='me:hunter2' host=h",
    "host='me:hunter2@h'",
    "dbname=me/hunter2",
    "jdbc:postgresql://h/x?password=hunter2",
    "Server=h;Password=hunter2;",
    "\ud800hunter2",
]


@pytest.mark.parametrize("address", MALFORMED)
def test_an_invalid_address_is_not_shown(address: str) -> None:
    assert shown(address) == UNREADABLE
    assert "hunter2" not in shown(address) and "ter2" not in shown(address)


@pytest.mark.parametrize("address", [a for a in MALFORMED if readable(a) is None])
def test_no_error_quotes_it(address: str) -> None:
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        named_conninfo(address, "test")
    words = "".join(traceback.format_exception(caught.value)) + str(caught.value)
    for part in ("hunter2", "ter2", "hun@", "me:"):
        assert part not in words


def test_most_of_them_are_refused_before_connecting() -> None:
    """A server name made of half a password would appear in the error."""
    assert len([a for a in MALFORMED if readable(a) is None]) >= len(MALFORMED) - 4


_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=8)


@given(_TEXT)
@example("p@ss/w:rd?#%20 '")
def test_any_password_that_is_escaped_is_read_and_not_shown(password: str) -> None:
    secret = f"Q{password}Q"
    for address in (
        f"postgresql://me:{quote(secret, safe='')}@h/x",
        make_conninfo("", host="h", user="me", dbname="x", password=secret),
    ):
        fields = readable(address)
        assert fields is not None and fields["password"] == secret
        assert secret not in shown(address)
        assert "***" in shown(address)


@given(_TEXT)
@example("a@b@c/d")
@example("5432/")
def test_any_password_that_is_not_escaped_is_not_shown(password: str) -> None:
    words = shown(f"postgresql://me:Q{password}Q@host/base")
    assert words in (UNREADABLE, "postgresql://me:***@host/base")
