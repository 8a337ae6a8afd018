"""The command of DESIGN §9: exit codes, messages, JSON, and two commands at once."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from pathlib import Path

import trees
from acceptance_command import Command
from blake3 import blake3
from news_home import configure, server_table
from slow_news import SlowServer


def test_wrong_use(usenetsync: Command, tmp_path: Path) -> None:
    assert "no such folder" in usenetsync("restore", "nothing", tmp_path, expect=2).err.lower()
    assert usenetsync("upload", expect=2).err
    missing = usenetsync("upload", tmp_path / "nowhere", expect=1).err
    assert "The folder is not there" in missing
    assert "/nowhere" in missing
    told = usenetsync("snapshots", "nothing", "--json", expect=2).event("error")
    assert told["kind"] == "UnknownFolderError"
    assert usenetsync("files", "1", expect=2).err


def test_settings_are_checked(usenetsync: Command, home: Path) -> None:
    assert "max_workers" in usenetsync("folders", expect=2, USENETSYNC_MAX_WORKERS="0").err
    (home / "config" / "config.toml").write_text("max_wrokers = 3\n")
    assert "max_wrokers" in usenetsync("folders", expect=2).err
    (home / "config" / "config.toml").write_text("database_url = 'postgresql://u:geheim@/x'\n")
    (home / "config" / "config.toml").chmod(0o644)
    refused = usenetsync("folders", expect=2).err
    assert "chmod 600" in refused and "geheim" not in refused


def test_an_unreachable_database_keeps_its_password(usenetsync: Command) -> None:
    url = "postgresql://user:geheim@127.0.0.1:1/x"
    for arguments in (("folders",), ("db", "status"), ("db", "url"), ("upload", "/")):
        process = usenetsync.start(*arguments, USENETSYNC_DATABASE_URL=url)
        out, err = process.communicate(timeout=60)
        assert "geheim" not in out + err
        assert "Traceback" not in err


def test_every_listing_as_text_and_as_json(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 20)
    os.mkfifo(source / "fifo")
    summary = usenetsync("upload", source).out
    for words in ("version 1", "tui /", "restore tree TARGET"):
        assert words in summary
    assert " 20 " in usenetsync("folders").out
    assert usenetsync("folders", "--json").event("folder")["versions"] == [1]
    assert "complete" in usenetsync("snapshots", "tree").out
    assert usenetsync("snapshots", "tree", "--json").event("snapshot")["files"] == 20
    listed = [e for e in usenetsync("files", "tree", "--json").events if e["kind"] == "file"]
    for each in listed:
        data = (source / each["path"]).read_bytes()
        assert (each["digest"], each["sha256"]) == (f"blake3:{blake3(data).hexdigest()}", None)
    assert usenetsync("folders", "--json").event("folder")["digest"] == "blake3"
    table = usenetsync("files", "tree", "--digests").out.splitlines()
    assert table[0].split() == ["Mode", "Size", "Modified", "State", "Digest", "Path"]
    assert len(listed) == 20 and all(any(e["digest"] in row for row in table) for e in listed)
    assert "blake3" not in usenetsync("files", "tree").out
    job = usenetsync("jobs", "--json").event("job")
    assert job["state"] == "completed"
    assert "prw-" in usenetsync("files", "tree").out
    assert usenetsync("db", "status", "--json").event("db")["running"] is True
    assert usenetsync("db", "url").out.startswith("postgresql://")


def test_a_folder_with_the_other_digest(usenetsync: Command, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    trees.small_files(twin, 1)
    (twin / "large").write_bytes(trees.content(2_000_000))
    usenetsync("upload", twin, USENETSYNC_DIGEST="sha256")
    twins = [e for e in usenetsync("files", "twin", "--json").events if e["kind"] == "file"]
    digests = {e["path"]: (e["digest"].partition(":")[0], e["sha256"]) for e in twins}
    assert digests.pop("large") == ("segments-sha256", None)
    ((name, (kind, sha256)),) = digests.items()
    assert (kind, sha256) == ("sha256", hashlib.sha256((twin / name).read_bytes()).hexdigest())


def test_progress_has_every_field(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    source.mkdir()
    (source / "large").write_bytes(os.urandom(6_000_000))
    done = usenetsync("upload", source, "--json", "--compression", "lzma")
    progress = [e for e in done.events if e["event"] == "progress"]
    assert progress
    for field in ("current", "total", "file", "phase", "throughput", "eta"):
        assert field in progress[-1]
    assert [e["current"] for e in progress] == sorted(e["current"] for e in progress)


def test_two_at_once(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    source.mkdir()
    (source / "large").write_bytes(os.urandom(3_000_000))
    with SlowServer() as news:
        configure(usenetsync.home, server_table(news))
        news.slow_down(soon=0)
        first = usenetsync.start("upload", source, "--json")
        assert first.stdout is not None
        assert json.loads(first.stdout.readline())["event"] == "progress"
        # A command that only reads is let in; another upload is handed to the first one's engine.
        assert usenetsync("jobs", "--json").event("job")["state"] == "running"
        other = usenetsync.start("upload", source)
        assert other.stderr is not None
        assert f"upload (pid {first.pid}) does the work: job 1." in other.stderr.readline()
        news.hurry.set()
        assert "version 1" in other.communicate(timeout=120)[0]
        first.communicate(timeout=120)
    assert (first.returncode, other.returncode) == (0, 0)


def test_interrupted_and_resumed(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    source.mkdir()
    (source / "large").write_bytes(os.urandom(15_000_000))
    usenetsync("folders")  # creates the tables that the test queries below
    process = usenetsync.start(
        "upload", source, "--compression", "lzma", USENETSYNC_MAX_WORKERS="1"
    )
    posted = "SELECT count(*) FROM segments WHERE status IN (2, 3)"
    while usenetsync.query(posted) == [(0,)]:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "run the same command again to continue" in out + err
    resumed = usenetsync("upload", source, "--json").event("summary")
    assert resumed["state"] == "completed"
    assert resumed["posted_bytes"] < 15_250_000, "what was posted is not posted again"
    assert resumed["files"] == 1
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(source, tmp_path / "out") == []


def test_choices_are_remembered(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 5)
    usenetsync("upload", source, "--profile", "plain", "--copies", "2", "--priority", "low")
    (source / "new").write_text("new")
    usenetsync("upload", source)
    folder = usenetsync("folders", "--json").event("folder")
    assert (folder["profile"], folder["copies"], folder["priority"]) == ("plain", 2, "low")
    assert usenetsync.query(
        "SELECT count(*), count(DISTINCT message_id) FROM segments s JOIN objects o"
        " ON o.id = s.object_id WHERE o.kind <> 2"
    ) == [(12, 12)]


def test_ignoring_inode_numbers_is_remembered_until_changed(
    usenetsync: Command, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    for words, ignored in (
        ((), False),
        (("--ignore-inode",), True),
        ((), True),
        (("--compare-inode",), False),
    ):
        assert usenetsync("upload", tmp_path / "kept", *words).code == 0
        shown = usenetsync("folders", "--json").event("folder")
        assert shown["ignore_inode"] is ignored


def test_a_full_or_hostile_target(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    (source / "dir").mkdir(parents=True)
    (source / "dir" / "file").write_text("inside")
    usenetsync("upload", source)
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "dir").symlink_to(elsewhere)
    assert "symlink" in usenetsync("restore", "tree", out, expect=3).out
    assert list(elsewhere.iterdir()) == []


def test_a_folder_by_any_path_to_it(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 3)
    (tmp_path / "link").symlink_to(source)
    usenetsync("upload", tmp_path / "link")
    usenetsync("restore", tmp_path / "link", tmp_path / "out")
    usenetsync("restore", "1", tmp_path / "again")
    assert trees.compare_trees(source, tmp_path / "out") == []
    assert trees.compare_trees(source, tmp_path / "again") == []


def test_a_reader_that_closes_the_pipe(usenetsync: Command, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    trees.small_files(source, 3000)
    usenetsync("upload", source)
    process = usenetsync.start("files", "tree")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == ""
    process.stderr.close()
