"""`usenetsync db backup` and `db restore`: whole, checked before it is used, or not at all."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_process import InProcess
from psycopg.conninfo import make_conninfo
from trees import compare_trees, small_files

from usenetsync_tui.catalogue.backup import restore as restoring
from usenetsync_tui.catalogue.backup.layout import layout
from usenetsync_tui.catalogue.backup.restore import examine
from usenetsync_tui.codec.catalogue_backup import BackupWriter, FrameKind
from usenetsync_tui.errors import BackupUnusableError
from usenetsync_tui.postgres import lock


def address() -> str:
    return os.environ["USENETSYNC_DATABASE_URL"]


def query(sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(address(), autocommit=True) as conn:
        cursor = conn.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def everything(*, articles: bool = True) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the catalogue, the sequences, the references and the owners of tables."""
    tables = layout() if articles else layout().without_articles()
    found = {t: sorted(query(f"SELECT * FROM {t}"), key=repr) for t in tables.tables}
    found["sequences"] = query("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
    found["schema"] = query(
        "SELECT c.relname, c.relkind::text, pg_get_indexdef(c.oid) FROM pg_class c"
        " WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    found["constraints"] = query(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
    )
    return found


@pytest.fixture
def kept(run: InProcess, tmp_path: Path) -> InProcess:
    """A sealed and a packed folder in shards, two versions, a verify and a failed job."""
    run.configure()
    for name in ("one", "two"):
        small_files(tmp_path / name, 12)
    run("upload", "-q", "--profile", "sealed", tmp_path / "one")
    run("upload", "-q", "--profile", "packed", tmp_path / "two")
    (tmp_path / "two" / "more").write_text("more")
    run("upload", "-q", tmp_path / "two")
    run("verify", "-q", "two")
    return run


_NAMES = """SELECT relname FROM pg_class
             WHERE relnamespace = 'public'::regnamespace ORDER BY 1"""


def test_the_layout_is_the_whole_schema(kept: InProcess) -> None:
    """A table that a later migration adds in another way would be missing from backups."""
    there = query(
        "SELECT c.relname, c.relkind FROM pg_class c WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'S') AND NOT relispartition"
        " AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend d"
        " WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'))"
    )
    made = layout()
    assert {name for name, _ in there} == {*made.tables, *made.sequences, "schema_migrations"}


def test_backup_and_restore(kept: InProcess, tmp_path: Path, server: str) -> None:
    file = tmp_path / "backup"
    ended = kept("db", "backup", file)
    assert "2 folders with 3 versions" in ended.out and "--with-articles" in ended.out
    assert "key file" in ended.out and stat.S_IMODE(file.stat().st_mode) == 0o600
    before, names = everything(), query(_NAMES)
    refused = kept("db", "backup", file, expect=1)
    assert str(file) in refused.err and "--force" in refused.err
    (event,) = kept("db", "backup", file, "--force", "--json").of("db_backup")
    assert event["bytes"] == file.stat().st_size and event["with_articles"] is False
    assert os.listdir(file.parent).count(file.name) == 1
    # What happens after the backup is undone by it; the articles stay.
    small_files(tmp_path / "three", 3)
    kept("upload", "-q", "--profile", "packed", tmp_path / "three")
    later = everything()
    refused = kept("db", "restore", file, expect=2)
    assert "3 folders with 4 versions" in refused.err and "--replace" in refused.err
    refused = kept("db", "restore", file, "--replace", expect=2)
    assert "--yes" in refused.err and everything() == later
    ended = kept("db", "restore", file, "--replace", "--yes")
    assert "key show" in ended.out and str(file) in ended.out
    now = everything()
    assert now.pop("articles") == later["articles"]
    assert now == {k: v for k, v in before.items() if k != "articles"}
    assert query(_NAMES) == names
    for name in ("one", "two"):
        kept("restore", "-q", name, tmp_path / "out" / name)
        assert compare_trees(tmp_path / name, tmp_path / "out" / name) == []
    # It goes on: new rows get new ids, and nothing collides.
    kept("upload", "-q", "--profile", "packed", tmp_path / "three")
    kept("restore", "-q", "three", tmp_path / "out" / "three")
    assert compare_trees(tmp_path / "three", tmp_path / "out" / "three") == []


def test_with_articles_into_an_empty_catalogue(
    kept: InProcess,
    tmp_path: Path,
    server: str,
    template: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On another server of another user: everything is in the one file."""
    file, before = tmp_path / "backup", everything()
    kept("db", "backup", "--with-articles", file)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS elsewhere WITH (FORCE)")
        conn.execute("CREATE DATABASE elsewhere")
    try:
        monkeypatch.setenv("USENETSYNC_DATABASE_URL", make_conninfo(server, dbname="elsewhere"))
        kept("db", "restore", file)
        assert everything() == before
        kept("restore", "-q", "two", tmp_path / "out")
        assert compare_trees(tmp_path / "two", tmp_path / "out") == []
        refused = kept("db", "restore", file, expect=2)
        assert "the articles in the database" in refused.err
        # A backup without rows at all replaces everything.
        kept("db", "restore", "--replace", "--yes", "-q", file)
        assert everything() == before
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute("DROP DATABASE elsewhere WITH (FORCE)")


def test_while_others_work(
    kept: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup needs no lock and sees one state; a restore waits for its turn."""
    monkeypatch.setattr("usenetsync_tui.cli.errand.request.SHORTEST_PATIENCE", 0.1)
    file, before = tmp_path / "backup", everything()
    with psycopg.connect(address()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (lock.KEY,))
        other.execute("UPDATE jobs SET message = 'changed'")
        other.execute("DELETE FROM snapshots")
        kept("db", "backup", file)
        refused = kept("db", "restore", file, "--replace", "--yes", expect=1)
        assert "Another usenetsync is using this catalogue" in refused.err
        other.rollback()
    assert everything() == before
    # What is committed between two of its tables is not in it.
    original, changes = BackupWriter.end_table, ["UPDATE jobs SET message = 'meanwhile'"]

    def end_table(self: BackupWriter, rows: int) -> None:
        original(self, rows)
        while changes:
            query(changes.pop())

    with monkeypatch.context() as patch:
        patch.setattr(BackupWriter, "end_table", end_table)
        kept("db", "backup", "--force", file)
    assert not changes and everything() != before
    kept("db", "restore", "-q", file, "--replace", "--yes")
    assert everything() == before
    with psycopg.connect(address()) as reader:
        reader.execute("SELECT count(*) FROM files")
        monkeypatch.setitem(
            restoring._SQL.statements,  # type: ignore[index]
            "patience",
            "SET LOCAL lock_timeout = '100ms';",
        )
        refused = kept("db", "restore", file, "--replace", "--yes", expect=1)
        assert "Close the other programs" in refused.err
    assert everything() == before
    kept("db", "restore", "-q", file, "--replace", "--yes")
    assert everything() == before


class FullDiskError(Exception):
    """Stands in for a defect or a kill in the middle."""


def test_a_backup_that_fails_leaves_nothing(
    kept: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, names = tmp_path / "backups", {"old"}
    there.mkdir()
    (there / "old").write_text("an older one")
    original, count = BackupWriter._put, 0

    def full(self: BackupWriter, data: bytes) -> None:
        nonlocal count
        count += 1
        if count % 7 == 0:
            raise OSError(28, "No space left on device")
        original(self, data)

    monkeypatch.setattr(BackupWriter, "_put", full)
    for arguments in (("new",), ("old", "--force")):
        name, *options = arguments
        ended = kept("db", "backup", there / name, *options, expect=1)
        assert "No space left on device" in ended.err and str(there / name) in ended.err
    assert set(os.listdir(there)) == names and (there / "old").read_text() == "an older one"
    monkeypatch.undo()


def test_killed_at_every_statement(
    kept: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore that ends anywhere leaves the old state, to the last row."""
    file = tmp_path / "backup"
    kept("db", "backup", file)
    query("UPDATE jobs SET message = 'later'")
    before, number = everything(), 0
    execute = psycopg.AsyncConnection.execute

    class KilledError(BaseException):
        pass

    count = 0

    async def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += "usync" not in str(arguments)
        if count == number:
            raise KilledError
        return await execute(self, *arguments, **named)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", counted)
    for number in range(14, 80, 13):
        count = 0
        with pytest.raises((KilledError, BaseExceptionGroup)):
            kept("db", "restore", file, "--replace", "--yes")
        assert everything() == before, f"statement {number}"
    number = 0
    kept("db", "restore", "-q", file, "--replace", "--yes")
    assert everything() != before


_PROGRAM = """
import os, signal, psycopg
from usenetsync_tui.cli.command import root
from usenetsync_tui.codec import catalogue_backup
count = 0
owner, name, number = {place}
original = getattr(owner, name)
def counted(*arguments, **named):
    global count
    count += 1
    if count == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **named)
setattr(owner, name, counted)
root.main({arguments!r})
"""


def test_processes_killed(kept: InProcess, tmp_path: Path) -> None:
    """SIGKILL leaves no half file under the name, and no half catalogue."""
    file, out = tmp_path / "backup", tmp_path / "out"
    out.mkdir()
    kept("db", "backup", "-q", file)
    query("UPDATE jobs SET message = 'later'")
    before = everything()
    restore = ["db", "restore", "--replace", "--yes", str(file)]
    commit = len(restoring.layout.known_migrations()) + 2
    """After the question what is there, and the migrations."""
    for place, arguments in (
        ("catalogue_backup.BackupWriter, '_put', 20", ["db", "backup", str(out / "new")]),
        ("psycopg.AsyncCopy, 'write', 9", restore),
        (f"psycopg.AsyncTransaction, '__aexit__', {commit}", restore),
    ):
        program = _PROGRAM.format(place=place, arguments=arguments)
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
        assert ended.returncode == -signal.SIGKILL, (place, ended.stdout, ended.stderr)
        assert os.listdir(out) == [] and everything() == before, place
    kept("db", "restore", "-q", *restore[2:])
    assert everything() != before


# --- damaged, hostile and foreign files ---------------------------------------------------


@pytest.fixture(scope="module")
def sample() -> bytes:
    """A small backup: the format does not depend on what the tables hold."""
    written: list[bytes] = []
    writer = BackupWriter(written.append)
    head = {"program": "1", "made_at": "2026-11-28T00:00:00+00:00", "with_articles": False}
    writer.fields(FrameKind.HEAD, migrations=restoring.layout.known_migrations(), **head)
    for table in layout().without_articles().tables:
        writer.fields(FrameKind.TABLE, name=table, columns=[["a", "bigint"]])
        writer.data(os.urandom(40))
        writer.end_table(1)
    writer.fields(FrameKind.SEQUENCES, object_ids=7)
    writer.end()
    return b"".join(written)


def reader(data: bytes) -> Callable[[int], bytes]:
    return io.BytesIO(data).read


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_flip_and_no_cut_goes_unnoticed(sample: bytes, data: st.DataObject) -> None:
    assert examine(reader(sample)).rows == len(layout().without_articles().tables)
    place = data.draw(st.integers(0, len(sample) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "insert", "drop", "more"])):
        case "flip":
            changed = bytearray(sample)
            changed[place] ^= data.draw(st.integers(1, 255))
        case "cut":
            changed = bytearray(sample[:place])
        case "insert":
            extra = data.draw(st.binary(min_size=1, max_size=8))
            changed = bytearray(sample[:place] + extra + sample[place:])
        case "drop":
            changed = bytearray(sample[:place] + sample[place + 1 :])
        case _:
            changed = bytearray(sample + b"\0")
    if bytes(changed) == sample:
        return
    with pytest.raises(BackupUnusableError):
        examine(reader(bytes(changed)))


def forged(**changes: Any) -> bytes:
    """A backup with a right checksum and a wrong part."""
    written: list[bytes] = []
    writer = BackupWriter(written.append)
    head = {
        "program": "9.9",
        "made_at": "2026-11-28T00:00:00+00:00",
        "with_articles": False,
        "migrations": restoring.layout.known_migrations(),
    }
    writer.fields(FrameKind.HEAD, **{**head, **changes.get("head", {})})
    for table in changes.get("tables", layout().without_articles().tables):
        columns = changes.get("columns") or [["id", "bigint"]]
        writer.fields(FrameKind.TABLE, name=table, columns=columns)
        writer.data(b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff")
        writer.end_table(changes.get("rows", 0))
    writer.fields(FrameKind.SEQUENCES, **changes.get("sequences", {}))
    writer.end()
    return b"".join(written)


def test_files_that_are_refused(kept: InProcess, tmp_path: Path) -> None:
    """Each has a sentence with the file's name, and changes nothing."""
    file = tmp_path / "backup"
    kept("db", "backup", "-q", file)
    whole, before = file.read_bytes(), everything()
    newer = [*restoring.layout.known_migrations(), (99, "later", "00")]
    strange = [(v, n, "00") for v, n, _ in restoring.layout.known_migrations()]
    cases = (
        (b"", "not a backup"),
        (b"-- PostgreSQL database dump\n", "not a backup"),
        (b"USYNCDB\n\x00\x02" + whole[10:], "Its format is 2"),
        (whole[: len(whole) // 2], "ends in the middle"),
        (whole[:-1], "ends in the middle"),
        (whole + b"x", "bytes follow"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "checksum is wrong"),
        (forged(head={"migrations": newer}), "Use UsenetSync 9.9 or a newer one"),
        (forged(head={"migrations": strange}), "Another program"),
        (forged(head={"migrations": []}), "no tables"),
        (forged(head={"made_at": 3}), "HEAD frame is incomplete"),
        (forged(tables=["pg_authid"]), "other tables"),
        (forged(tables=()), "other tables"),
        (forged(), "other columns"),
        (forged(columns=[["id) FROM STDIN; DROP TABLE x; --", "bigint"]]), "other columns"),
        (forged(sequences={"object_ids": "1; DROP"}), "a sequence has no number"),
    )
    for data, words in cases:
        file.write_bytes(data)
        ended = kept("db", "restore", file, "--replace", "--yes", expect=1)
        assert words in ended.err and str(file) in ended.err, (words, ended.err)
        (error,) = kept("db", "restore", file, "--replace", "--yes", "--json", expect=1).of("error")
        assert "nothing was changed" in error["message"]
    assert everything() == before
    assert "is a folder" in kept("db", "restore", tmp_path, expect=2).err
    assert "No such file" in kept("db", "restore", tmp_path / "none", expect=2).err
    file.write_bytes(whole)
    kept("db", "restore", file, "--replace", "--yes", "-q")
    assert everything() == before


def test_an_older_schema_is_migrated(
    run: InProcess, tmp_path: Path, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup from before a migration comes back as it was, and is then brought up to date."""
    every = files("usenetsync_tui.catalogue") / "migrations"
    names = sorted(path.name for path in every.iterdir())
    for number in (1, 5):
        folder = tmp_path / f"old{number}" / "migrations"
        folder.mkdir(parents=True)
        for name in names[:number]:
            (folder / name).write_bytes((every / name).read_bytes())
        with psycopg.connect(empty_database, autocommit=True) as conn:
            conn.execute("DROP SCHEMA public CASCADE")
            conn.execute("CREATE SCHEMA public")
        file = tmp_path / f"backup{number}"
        with monkeypatch.context() as patch:
            patch.setenv("USENETSYNC_DATABASE_URL", empty_database)
            patch.setattr("usenetsync_tui.catalogue.backup.layout.MIGRATIONS", folder)
            there = {"usenetsync_tui.catalogue": folder.parent}
            patch.setattr("usenetsync_tui.catalogue.session.resources", there.__getitem__)
            run("db", "backup", "-q", file)  # makes the tables as that program did
            query("INSERT INTO realms (store, profile, domain) VALUES ('shards', 'packed', 'x')")
            query(
                "INSERT INTO folders (path, name, realm_id, priority, compression, copies)"
                " VALUES ('/srv/old', 'old', 1, 3, 'lz4', 1)"
            )
            run("db", "backup", "-q", "--force", file)
        run("db", "restore", "-q", "--replace", "--yes", file)
        assert query("SELECT name, own_files FROM folders") == [("old", False)]
        assert query("SELECT digest FROM realms") == [("sha256",)]
        assert query("SELECT count(*) FROM schema_migrations") == [(len(names),)]
        run("folders")
