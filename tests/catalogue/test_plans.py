"""The hot statements use their indexes, however large the tables are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

import psycopg
import pytest

from usenetsync_tui.catalogue.lookups import listing
from usenetsync_tui.catalogue.lookups.differences import with_kinds
from usenetsync_tui.catalogue.session import load
from usenetsync_tui.catalogue.tables import vanished
from usenetsync_tui.catalogue.tables.matching import matching
from usenetsync_tui.catalogue.tables.segments import MARK_POSTED
from usenetsync_tui.model.lists.files import FileKey, FileQuery
from usenetsync_tui.postgres.queries import Queries

ROWS = 200_000
_FILL = f"""
INSERT INTO files (folder_id, path_key, first_version, last_version, kind, state, mode, size,
                   mtime_ns, ctime_ns, inode, object_id, object_offset)
SELECT 1 + n % 2, convert_to(format('%s/%s', lpad((n / 500)::text, 6, '0'), n), 'utf8'),
       1, CASE WHEN n % 10 = 0 THEN 1 END, 0, CASE WHEN n % 1000 = 1 THEN 0 ELSE 1 END, 420, 10,
       1, 1, n, n / 100, 0
  FROM generate_series(1, {ROWS}) AS n;
INSERT INTO objects (id, folder_id, realm_id, kind, size, segment_size, segments, copies, files,
                     first_key, last_key, complete)
SELECT n, 1 + n % 2, 1, 0, 1, 1, 100, 1, 1, '', '', n % 500 <> 0
  FROM generate_series(1, {ROWS} / 10) AS n;
INSERT INTO segments (object_id, segment_index, redundancy, realm_id, size, payload_size, hash,
                      codec, message_id, status)
SELECT n / 10, n % 10, 0, 1, 1, 1, sha256(n::text::bytea), 1,
       substr(sha256((n + 1)::text::bytea), 1, 16), CASE WHEN n % 5000 = 0 THEN 1 ELSE 2 END
  FROM generate_series(1, {ROWS}) AS n;
INSERT INTO vanished (folder_id, path_key)
SELECT folder_id, path_key FROM files WHERE folder_id = 2;
INSERT INTO vanished (folder_id, path_key)
SELECT folder_id, path_key FROM files WHERE folder_id = 1 LIMIT 99;
INSERT INTO articles (message_id, payload)
SELECT substr(sha256(n::text::bytea), 1, 16), 'x' FROM generate_series(1, {ROWS} / 10) AS n;
"""

_KEYS = [b"%06d/%d" % (n // 500, n) for n in range(1_000, 2_000)]
_IDS = [b"%016d" % n for n in range(256)]
_PAGE = {"folder": 1, "after": b"000100/", "limit": 1_000}
_VERSION = {"folder": 1, "version": 2, "start": b"000100/", "until": None, "limit": 1_000}

_DELTA = {"folder": 1, "version": 6, "since": 5, "base": 1, "last_run": "2100-01-01"}

_POSTED = {"message_ids": _IDS, "servers": ["a"] * 256, "wire_sizes": [9] * 256,
           "headers": [None] * 256, "check_after": 8.0}  # fmt: skip
_ROWS = {"objects": [7] * 256, "indexes": list(range(256)), "redundancies": [0] * 256,
         "first": 0, "last": 255}  # fmt: skip
_ROWS_OF_NONE = {"objects": [], "indexes": [], "redundancies": [], "first": 0, "last": 0}

STATEMENTS: dict[str, tuple[str, str, Mapping[str, object]]] = {
    "delta_rows": ("files", "index_rows.sql", {**_DELTA, "long": False}),
    "long_base_rows": ("files", "index_rows.sql", _DELTA),
    "delta_objects": ("files", "index_rows.sql", _DELTA),
    "current_page": ("files", "files.sql", _PAGE),
    "pending_page": ("files", "files.sql", {
        **_PAGE, "until": b"000300/", "realm": 1, "copies": 1}),
    "version_page": ("files", "version_files.sql", _VERSION),
    "version_directories": ("files", "version_files.sql", _VERSION),
    "close_superseded": ("files", "files.sql", {"folder": 1, "version": 2, "keys": _KEYS}),
    "members": (
        "files", "files.sql", {"folder": 1, "object": 5, "first": _KEYS[0], "last": _KEYS[-1]}),
    "incomplete_page": ("objects", "objects.sql", {**_PAGE, "after": 5_000, "limit": 100}),
    "add_posted": ("objects", "objects.sql", {"ids": list(range(50)), "counts": [1] * 50}),
    "by_hash": ("segments", "segments.sql", {"realm": 1, "hashes": [i * 2 for i in _IDS[:32]],
                                             "copies": 2}),
    "by_slice": ("segments", "segments.sql", {"objects": list(range(32)), "indexes": [3] * 32}),
    "every_row": ("segments", "segments.sql", {**_POSTED, **_ROWS_OF_NONE}),
    "known_row": ("segments", "segments.sql", {**_POSTED, **_ROWS}),
    "mark_sending": ("segments", "segments.sql", {"message_ids": _IDS[:1], "nonces": [None]}),
    "mark_failed": ("segments", "segments.sql", {
        "message_id": _IDS[0], "tries": 1, "error": "refused"}),
    "mark_stale": ("segments", "segments.sql", {"object": 77}),
    "count_repost": ("segments", "segments.sql", {"message_id": _IDS[0]}),
    "mark_missing": ("segments", "segments.sql", {
        "message_ids": _IDS[:9], "error": "gone", "by_body": False, "rename": False}),
    "rename": ("segments", "segments.sql", {"old": _IDS[0], "new": _IDS[1], "nonce": None}),
    "due": ("segments", "checks.sql", {"realm": 1, "longest": 900.0, "limit": 1_000}),
    "next_due": ("segments", "checks.sql", {"realm": 1, "longest": 900.0}),
    "waits": ("segments", "checks.sql", {"realm": 1, "seconds": 1.0}),
    "postpone": ("segments", "checks.sql", {
        "message_ids": _IDS, "delays": [30.0] * 256, "longest": 900.0}),
    "check_later": ("segments", "checks.sql", {"message_ids": _IDS, "delay": 1.0}),
    "bring_forward": ("segments", "checks.sql", {"realm": 1, "seconds": 60.0}),
    "unverified": ("segments", "checks.sql", {"folder": 1, "realm": 1}),
    "lost_articles": ("segments", "checks.sql", {"folder": 1, "damaged": "damaged"}),
    "missing": ("segments", "checks.sql", {"folder": 1, "realm": 1}),
    "files_page": ("files", "nzb.sql", _VERSION),
    "articles": ("segments", "nzb.sql", {"object": 77, "after": -1, "limit": 1_000}),
    "continue_keys": ("files", "vanished.sql", {"folder": 1, "version": 2, "keys": _KEYS}),
    "misplaced": ("files", "moves.sql", {**_PAGE, "realm": 1, "copies": 1}),
    "read_again": ("files", "moves.sql", {"folder": 1, "version": 2, "keys": _KEYS}),
    "posted_articles": ("segments", "sweeps.sql", {
        "objects": list(range(1, 1_001)), "object": 7, "index": 2, "redundancy": 0,
        "limit": 1_000, "sample": 1, "part": 0}),
    "unposted": (
        "segments", "segments.sql", {"object": 77, "index": -1, "redundancy": 0, "limit": 1_000}),
    "of_object": ("segments", "segments.sql", {"object": 77, "first": 0, "last": 256}),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(server: str, template: str) -> Iterator[psycopg.Connection]:
    """A database with many rows, for all tests of this module."""
    name = "test_plans"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            address = psycopg.conninfo.make_conninfo(server, dbname=name)
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(_FILL)
                connection.execute("ANALYZE")
                connection.execute("SET plan_cache_mode = force_custom_plan")
                yield connection
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _sql(source: str) -> Queries:
    """The statements of a file, from whichever of the two packages it is in."""
    rooms = ("usenetsync_tui.catalogue.tables", "usenetsync_tui.catalogue.lookups")
    return load(next(room for room in rooms if (files(room) / source).is_file()), source)


@pytest.mark.slow
@pytest.mark.parametrize("name", STATEMENTS)
def test_goes_by_an_index(filled: psycopg.Connection, name: str) -> None:
    table, source, values = STATEMENTS[name]
    sql = MARK_POSTED[name] if name in MARK_POSTED else _sql(source)[name]
    rows = filled.execute("EXPLAIN " + sql, values).fetchall()
    plan = "\n".join(r[0] for r in rows)
    assert f"Seq Scan on {table}" not in plan, plan
    assert name != "known_row" or len(set(re.findall(r"segments_\d\d", plan))) == 1, plan
    # An incremental sort orders one object after another, and ends with the page.
    sorts = re.findall(r"(?<!Incremental )Sort  \(.*? rows=(\d+)", plan)
    sorted_rows = [int(n) for n in sorts]
    assert all(n <= 1_000 for n in sorted_rows), f"sorts more than a page:\n{plan}"


@pytest.mark.slow
def test_a_new_folder_is_read_page_by_page_before_the_planner_knows_it(
    filled: psycopg.Connection,
) -> None:
    sql = _sql("files.sql")
    with filled.transaction(force_rollback=True):
        filled.execute(
            "INSERT INTO files (folder_id, path_key, first_version, kind, state, mode, size,"
            " mtime_ns, ctime_ns, inode)"
            " SELECT 9, convert_to(format('%s', n), 'utf8'), 1, 0, 1, 420, 10, 1, 1, n"
            "  FROM generate_series(10000, 20000) AS n"
        )
        filled.execute(sql["in_order"])
        values = {"folder": 9, "after": b"1", "limit": 100}
        rows = filled.execute("EXPLAIN " + sql["current_page"], values).fetchall()
    plan = "\n".join(r[0] for r in rows)
    assert "Index Scan using files_pkey" in plan, plan
    assert "Sort" not in plan, plan


_MANY = [b"%06d/%d" % (n // 500, n) for n in range(6_000)]
"""Keys of the files of some packs: so many that scanning the table seems cheaper."""
_ONES = [1] * len(_MANY)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("set_planned", {
            "objects": _ONES, "offsets": _ONES, "sizes": _ONES, "digests": _MANY,
            "digest_kinds": _ONES, "racy": [False] * len(_MANY)}),
        ("set_failed", {"reasons": ["it is bad"] * len(_MANY)}),
        ("refresh", {
            "ctimes": _ONES, "inodes": _ONES, "uids": _ONES, "gids": _ONES}),
    ],
)  # fmt: skip
def test_however_many_rows_a_batch_has_they_are_looked_up_by_their_keys(
    filled: psycopg.Connection, name: str, values: Mapping[str, object]
) -> None:
    statement = "EXPLAIN " + _sql("files.sql")[name]
    rows = filled.execute(statement, {"folder": 1, "keys": _MANY, **values}).fetchall()
    plan = "\n".join(r[0] for r in rows)
    assert "Seq Scan on files" not in plan, plan
    assert "Scan using files_pkey on files f" in plan, plan


@pytest.mark.slow
@pytest.mark.parametrize("name", ["end", "delete_new", "missing", "skip", "keep", "continue"])
def test_what_vanished_is_looked_up_by_its_keys(filled: psycopg.Connection, name: str) -> None:
    sql = _sql("vanished.sql")
    part = vanished.VanishedPart(1, b"000100/", [b"000100/50010/"]).values()
    statement = sql[name].replace("{within}", sql["within"].rstrip(";"))
    rows = filled.execute("EXPLAIN " + statement, {**part, "version": 2}).fetchall()
    plan = "\n".join(r[0] for r in rows)
    assert "Seq Scan on files" not in plan, plan


@pytest.mark.slow
def test_however_many_are_gone_a_page_to_read_costs_the_same(filled: psycopg.Connection) -> None:
    values = {**_PAGE, "folder": 2, "until": None, "realm": 1, "copies": 1}
    rows = filled.execute("EXPLAIN " + _sql("files.sql")["pending_page"], values).fetchall()
    plan = "\n".join(r[0] for r in rows)
    assert "Scan using vanished_pkey" in plan, plan


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [False, True])
def test_a_page_of_a_list_goes_by_the_primary_key(
    filled: psycopg.Connection, reverse: bool
) -> None:
    query = FileQuery(1, 2, reverse=reverse)
    start = FileKey(b"000200/")
    statement, values = listing.statement("page", query, start, matching(1, 2, query.filter))
    rows = filled.execute(f"EXPLAIN {statement}", {**values, "limit": 1_000}).fetchall()
    plan = "\n".join(r[0] for r in rows)
    assert "Index Scan " + "Backward " * reverse + "using files_pkey" in plan, plan
    assert "Seq Scan on files" not in plan, plan


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "source", "table", "values"),
    [
        ("waiting", "listing.sql", "files", {"folder": 1, "limit": 10_001}),
        ("page", "differences.sql", "files", {**_PAGE, "older": 1, "newer": 2, "head": 1_800}),
        ("page", "articles.sql", "segments", {
            "object": 77, "index": 3, "redundancy": 0, "limit": 1_000}),
        ("count", "articles.sql", "segments", {"object": 77}),
        ("fail", "bulk.sql", "files", {
            "folder": 1, "version": 2, "keys": _KEYS, "reason": "held"}),
        ("revive", "bulk.sql", "files", {"folder": 1, "keys": _KEYS, "version": 2}),
        ("plan_again", "bulk.sql", "segments", {"object": 77}),
    ],
)  # fmt: skip
def test_what_the_screen_asks_goes_by_an_index(
    filled: psycopg.Connection, name: str, source: str, table: str, values: Mapping[str, object]
) -> None:
    sql = MARK_POSTED[name] if name in MARK_POSTED else _sql(source)[name]
    rows = filled.execute("EXPLAIN " + with_kinds(sql), values).fetchall()
    plan = "\n".join(r[0] for r in rows)
    assert f"Seq Scan on {table}" not in plan, plan
    assert name != "known_row" or len(set(re.findall(r"segments_\d\d", plan))) == 1, plan


@pytest.mark.slow
def test_by_hash_and_by_message_id_use_their_index_in_every_shard(
    filled: psycopg.Connection,
) -> None:
    for name, index in (("by_hash", "hash"), ("mark_missing", "message_id")):
        _, source, values = STATEMENTS[name]
        rows = filled.execute("EXPLAIN " + _sql(source)[name], values).fetchall()
        plan = "\n".join(r[0] for r in rows)
        for shard in range(16):
            lines = [s for s in plan.splitlines() if f"segments_{shard:02}" in s and index in s]
            assert lines, f"{name} does not use its index in shard {shard}:\n{plan}"
