"""`usenetsync adopt`: the catalogue and the key are lost, the recovery string is not."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from in_process import InProcess
from trees import compare_trees, content


def lose_all_but_articles(database: str, home: Path) -> None:
    """Everything that only the catalogue and the configuration folder know is gone."""
    with psycopg.connect(database, autocommit=True) as connection:
        rows: list[tuple[str]] = connection.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition"
        ).fetchall()
        names = [name for (name,) in rows if not name.startswith(("articles", "schema", "migr"))]
        connection.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE".encode())
        connection.execute("ALTER SEQUENCE object_ids RESTART")
    for key in (home / "config").glob("*key*"):
        key.unlink()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for number in range(20):
        (folder / f"small {number}").write_bytes(content(100 + number))
    (folder / "large").write_bytes(content(2_000_000))
    (folder / "sub" / "link").symlink_to("../large")
    return folder


def test_the_folder_goes_on_where_the_lost_machine_ended(
    run: InProcess, database: str, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[Path] = []
    for number in range(3):
        (tree / f"new {number}").write_bytes(b"%d" % number)
        copies.append(tmp_path / f"copy {number}")
        run("upload", tree, "--profile", "sealed", "--copies", "2", "--quiet")
        subprocess.run(["cp", "-a", tree, copies[-1]], check=True)
    string = run("share", "photos", "--json").of("share")[0]["string"]
    lose_all_but_articles(database, run.home)

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(string.encode())))
    adopted = run("adopt", "-", "--json").of("adopted")[0]
    assert adopted["versions"] == [1, 2, 3] and adopted["left_out"] == []
    assert adopted["path"] == str(tree) and adopted["files"] == 24

    again = run("adopt", string, expect=2)
    assert "backed up here already" in again.err and str(tree) in again.err
    elsewhere = run("adopt", string, "--path", tmp_path / "elsewhere", expect=2)
    assert "backed up here already" in elsewhere.err

    before = articles(database)
    unchanged = summary(run, tree)
    assert unchanged["version"] == 3 and unchanged["files"] == 0
    assert articles(database) == before
    for number, copy in enumerate(copies, 1):
        target = tmp_path / f"target {number}"
        run("restore", "photos", target, "--version", str(number), "--quiet")
        assert compare_trees(copy, target) == []
    run("verify", "photos", "--body", "--quiet")


def articles(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM articles").fetchone()
    assert row is not None
    return int(row[0])


def summary(run: InProcess, tree: Path) -> dict[str, Any]:
    return run("upload", tree, "--json").of("summary")[0]


def test_a_moved_tree_is_read_where_it_differs(
    run: InProcess, database: str, tree: Path, tmp_path: Path
) -> None:
    """Restored elsewhere: other inodes and change times, which are no reason to read."""
    (tree / "left out").write_bytes(b"never")
    filters = ("--exclude", "left *", "--exclude-caches", "--exclude-larger-than", "1GB")
    run("upload", tree, "--quiet", *filters)
    string = run("share", "photos", "--json").of("share")[0]["string"]
    moved = tmp_path / "moved"
    subprocess.run(["cp", "-a", tree, moved], check=True)
    shutil.rmtree(tree)
    lose_all_but_articles(database, run.home)
    told = run("adopt", string, "--path", moved).out
    assert "adopted version 1 from" in told and "25 files" not in told
    (kept,) = (each["filters"] for each in run("folders", "--json").of("folder"))
    assert (kept["exclude"], kept["exclude_caches"]) == (["left *"], True)
    assert kept["exclude_larger_than"] == 1_000_000_000
    (moved / "small 3").write_bytes(b"changed")
    first = summary(run, moved)
    assert first["version"] == 2 and first["files"] == 1
    status = (moved / "small 4").stat()
    (moved / "small 4").write_bytes(content(104)[::-1])  # as large as before
    os.utime(moved / "small 4", ns=(status.st_atime_ns, status.st_mtime_ns))
    second = summary(run, moved)
    assert second["version"] == 3 and second["files"] == 1  # its change time is compared again


def test_a_restored_backup_goes_on_from_the_versions_after_it(
    run: InProcess, database: str, tree: Path, tmp_path: Path
) -> None:
    """Their articles stay in the database when the catalogue becomes what it was before."""
    run("upload", tree, "--profile", "sealed", "--quiet")
    string = run("share", "photos", "--json").of("share")[0]["string"]
    run("db", "backup", tmp_path / "backup", "--quiet")
    (tree / "small 3").write_bytes(b"changed")
    run("upload", tree, "--quiet")
    run("db", "restore", tmp_path / "backup", "--replace", "--yes", "--quiet")
    refused = run("upload", tree, expect=1)
    assert "Another machine has continued photos" in refused.out
    elsewhere = run("adopt", string, "--path", tmp_path / "elsewhere", expect=2)
    assert "backed up here already" in elsewhere.err
    brought = run("adopt", string, "--json").of("adopted")[0]
    assert (brought["before"], brought["versions"], brought["path"]) == (1, [2], str(tree))
    assert summary(run, tree)["version"] == 2
    run("restore", "photos", tmp_path / "target", "--quiet")
    assert compare_trees(tree, tmp_path / "target") == []


def test_what_cannot_be_adopted_is_named(run: InProcess, tmp_path: Path) -> None:
    from usenetsync_tui.codec.recovery_string import recovery_string

    assert "begins with" in run("adopt", "photos", expect=2).err
    string = recovery_string(bytes(32))
    assert "was found" in run("adopt", string, expect=2).err
    mistyped = string[:20] + ("q" if string[20] != "q" else "p") + string[21:]
    assert "group 6" in run("adopt", mistyped, expect=2).err


def test_a_lost_article_of_the_index_is_found_and_posted_again(
    run: InProcess, database: str, tree: Path
) -> None:
    """Also in the shards: verify covers the index, and the string leads to all again."""
    run("upload", tree, "--copies", "2", "--quiet")
    string = run("share", "photos", "--json").of("share")[0]["string"]
    with psycopg.connect(database, autocommit=True) as connection:
        lost = connection.execute(
            "DELETE FROM articles WHERE message_id IN (SELECT s.message_id FROM segments s"
            " JOIN objects o ON o.id = s.object_id WHERE o.kind = 2)"
        ).rowcount
    assert lost == 6
    before = articles(database)
    run("verify", "photos", "--quiet", expect=None)
    assert articles(database) == before + lost
    lose_all_but_articles(database, run.home)
    assert run("adopt", string, "--json").of("adopted")[0]["versions"] == [1]
