"""Folders on Usenet, with the real command: against a server that fails in every way."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from news_home import configure, server_table
from scripted_server import Fault, ScriptedServer

from usenetsync_tui.codec.index.keys import ATTEMPTS, IndexKeys
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.locations import Locations
from usenetsync_tui.settings.settings import load_settings

LEDGER = {
    "a copy of a segment under two Message-IDs": """
        SELECT realm_id, hash, redundancy FROM segments WHERE status <> 6
        GROUP BY 1, 2, 3 HAVING count(DISTINCT message_id) > 1""",
    "an object that counts wrongly": """
        SELECT o.id, o.posted FROM objects o
        LEFT JOIN (SELECT object_id, count(*) AS n FROM segments WHERE status IN (2, 3)
                   GROUP BY 1) AS s ON s.object_id = o.id
        WHERE o.posted <> coalesce(s.n, 0)
           OR o.complete <> (o.posted >= o.segments::bigint * o.copies)""",
}
ARTICLES = "SELECT count(DISTINCT message_id) FROM segments WHERE status <> 6"
INDEX_ARTICLES = """
    SELECT count(DISTINCT message_id) FROM segments s JOIN realms r ON r.id = s.realm_id
     WHERE r.is_index"""


def _tree(root: Path, rng: random.Random, generation: int = 0) -> None:
    small = root / f"small{generation}"
    small.mkdir(parents=True)
    for number in range(400):
        (small / f"{number:04}.txt").write_bytes(rng.randbytes(rng.randrange(6000)))
    for number in range(12):
        size = rng.randrange(500_000, 3_000_000)
        (small / f"large{number:02}").write_bytes(rng.randbytes(size))
    (root / "same").write_bytes(bytes(3_000_000))


def _faults(rng: random.Random) -> list[Fault]:
    """Two at most: an article that fails three times in a run is given up, and if it is one of a
    root, the version gets another root, and the server keeps the other article of the first."""
    kinds = [
        Fault.drop_before_340(),
        Fault.drop_in_body(),
        Fault.drop_after_body(keep=True),
        Fault.drop_after_body(keep=False),
        Fault.session_over_in_body(),
        Fault.duplicate(keep=True),
        Fault.login_needed("POST"),
        Fault.garbage("POST"),
        Fault("POST", reply="440 Posting not permitted right now, retry later"),
        Fault("article", reply="441 Posting failed"),
    ]
    return rng.choices(kinds, k=rng.randrange(3))


@pytest.mark.slow
@pytest.mark.parametrize("digest", ["blake3", "sha256"])
def test_kill_9_while_posting(
    usenetsync: Command, home: Path, tmp_path: Path, digest: str, request: pytest.FixtureRequest
) -> None:
    rounds = request.config.getoption("--kill-rounds") or 6
    usenetsync.environment["USENETSYNC_DIGEST"] = digest
    seed = int(os.environ.get("USENETSYNC_TEST_SEED", time.time_ns() % 1_000_000))
    rng = random.Random(seed)
    root, generation, killed, in_the_middle = tmp_path / "tree", 0, 0, 0
    _tree(root, rng)
    with ScriptedServer(login=("me", "hush")) as server:
        server.latency = 0.005
        account = {"username": "me", "password": "hush"}
        configure(home, server_table(server, **account, timeout=5), check_delays=[0.2, 0.5])
        while killed < rounds:
            server.forget()  # those that a kill has left would hit one article together
            server.script(*_faults(rng))
            process = usenetsync.start("upload", root, "--json")
            before = len(server.posted)
            deadline = time.monotonic() + 60
            while len(server.posted) == before and process.poll() is None:
                assert time.monotonic() < deadline, f"seed {seed}: nothing is posted"
                time.sleep(0.01)
            # How long all of it takes depends on the machine: count articles, not only time.
            enough, deadline = before + rng.randrange(30), time.monotonic() + 0.3
            while len(server.posted) < enough and time.monotonic() < deadline:
                time.sleep(0.002)
            if process.poll() is not None:
                out, err = process.communicate()
                assert process.returncode == 0, f"seed {seed}: {out}\n{err}"
                generation += 1
                _tree(root, rng, generation)
                continue
            process.kill()
            process.communicate()
            killed += 1
            pending = usenetsync.query("SELECT count(*) FROM segments WHERE status IN (0, 1)")
            in_the_middle += pending[0][0] > 0
        assert in_the_middle >= rounds // 4, f"seed {seed}"
        server.forget()
        usenetsync("upload", root)
        for what, sql in LEDGER.items():
            assert usenetsync.query(sql) == [], f"{what} (seed {seed})"
        assert usenetsync.query("SELECT FROM segments WHERE status NOT IN (3, 6)") == []
        assert usenetsync.query(ARTICLES) == [(len(server.articles),)], f"seed {seed}"
        assert len(server.posted) == len(set(server.posted)), f"seed {seed}"
        usenetsync("restore", "tree", tmp_path / "out")
        assert trees.compare_trees(root, tmp_path / "out") == [], f"seed {seed}"
        checked = usenetsync("verify", "tree", "--body", "--json").event("verified")
        assert checked["missing"] == checked["damaged"] == 0
        assert usenetsync.query("SELECT DISTINCT digest FROM realms WHERE NOT is_index") == [
            (digest,)
        ]


AT_REST = "SELECT count(*) FROM index_roots r JOIN segments s USING (object_id) WHERE status <> 3"


@pytest.mark.slow
def test_kill_9_between_the_last_data_article_and_the_index(
    usenetsync: Command, home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Never two roots of a version, nor a version that claims an index whose root is not there."""
    rounds = request.config.getoption("--kill-rounds") or 2
    seed = int(os.environ.get("USENETSYNC_TEST_SEED", time.time_ns() % 1_000_000))
    rng, root, killed = random.Random(seed), tmp_path / "tree", 0
    root.mkdir()
    with ScriptedServer() as server:
        configure(home, server_table(server, timeout=5), check_delays=[0.05, 0.2])
        (root / "file").write_bytes(b"first")
        usenetsync("upload", root)
        server.latency, unfinished = 0.02, 0
        while killed < rounds:
            (root / "file").write_bytes(rng.randbytes(2_000))
            before = len(server.posted)
            place = rng.randrange(1, 8)  # one article of data, four of pages, two of the root
            process = usenetsync.start("upload", root, "--json")
            deadline = time.monotonic() + 120
            while len(server.posted) < before + place and process.poll() is None:
                assert time.monotonic() < deadline, f"seed {seed}: nothing is posted"
                time.sleep(0.002)
            time.sleep(rng.uniform(0.0, 0.1))
            killed += process.poll() is None
            process.kill()
            process.communicate()
            unfinished += _check_roots(usenetsync, home, server, f"seed {seed}")
        assert unfinished >= rounds // 4, f"seed {seed}"
        usenetsync("upload", root)
        assert _check_roots(usenetsync, home, server, f"seed {seed}") == 0
        assert usenetsync.query(AT_REST) == [(0,)]
        assert usenetsync.query(ARTICLES) == [(len(server.articles),)], f"seed {seed}"
        assert len(server.posted) == len(set(server.posted)), f"seed {seed}"


def _check_roots(usenetsync: Command, home: Path, server: ScriptedServer, why: str) -> int:
    """Check that the roots on the server are those of the catalogue; returns how many finished
    versions have none yet."""
    (row,) = usenetsync.query("SELECT wrapped_key FROM realms WHERE is_index") or [None]
    if row is None:
        return 0
    locations = Locations.find({"USENETSYNC_HOME": str(home)})
    keys = IndexKeys(KeyRing(load_settings(locations.config_dir), locations).unwrap(bytes(row[0])))
    wire_id = keys.headers(("alt.binaries.test",)).wire_id
    versions = usenetsync.query("SELECT version, indexed FROM snapshots WHERE state > 0")
    newest = max((version for version, _ in versions), default=0)
    there = {
        (version, attempt, copy)
        for version in range(1, newest + 2)
        for attempt in range(ATTEMPTS)
        for copy in range(2)
        if wire_id(keys.root_name(version, attempt, copy)) in server.articles
    }
    for version, indexed in versions:
        copies = {place for place in there if place[0] == version}
        assert copies <= {(version, 0, 0), (version, 0, 1)}, why
        assert not indexed or len(copies) == 2, f"version {version} claims an index, {why}"
    assert {place[0] for place in there} <= {version for version, _ in versions}, why
    return sum(not indexed for _, indexed in versions)


def test_two_copies_on_two_servers(usenetsync: Command, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    _tree(root, random.Random(1))
    with ScriptedServer() as first, ScriptedServer() as second:
        configure(home, server_table(first, "first"), server_table(second, "second"))
        usenetsync("upload", root, "--copies", "2")
        assert len(first.articles) == len(second.articles) > 10
        assert not set(first.articles) & set(second.articles)
        lost = len(first.articles)
        first.articles.clear()
        restored = usenetsync("restore", "tree", tmp_path / "out", "--json").event("summary")
        assert restored["from_copies"] > 10
        assert trees.compare_trees(root, tmp_path / "out") == []
        # The next upload posts again, from the folder, what the first server has lost.
        found = usenetsync("verify", "tree", "--json").event("verified")
        assert found == found | {"missing": lost, "reposted": lost}
        assert usenetsync("verify", "tree", "--json").event("verified")["missing"] == 0


def test_a_server_that_is_gone_is_reported(usenetsync: Command, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    _tree(root, random.Random(2))
    with ScriptedServer() as server:
        configure(home, server_table(server), server_patience=1)
        server.stop()
        ended = usenetsync("upload", root, expect=1)
        assert "main (127.0.0.1)" in ended.out
        assert "refused" in ended.out.lower()
        with server:
            usenetsync("upload", root)
            usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(root, tmp_path / "out") == []


def test_a_refused_login_stops_and_keeps_the_secret(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    _tree(root, random.Random(3))
    with ScriptedServer(login=("me", "right")) as server:
        configure(home, server_table(server, username="me", password="wrong-secret"))
        ended = usenetsync("upload", root, expect=1)
        assert "481" in ended.out
        assert "wrong-secret" not in ended.out + ended.err
        for log in (home / "log").rglob("*"):
            assert not log.is_file() or b"wrong-secret" not in log.read_bytes()
        usenetsync("upload", root, USENETSYNC_PASSWORD_MAIN="right")


def test_plain_says_who_can_read_and_packed_is_refused(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    _tree(root, random.Random(4))
    with ScriptedServer() as server:
        configure(home, server_table(server))
        ended = usenetsync("upload", root, "--profile", "packed", expect=2)
        assert "not encrypted" in ended.err
        ended = usenetsync("upload", root, "--profile", "plain")
        assert "everybody can read" in ended.err
        assert any(b"large00" in article for article in server.articles.values())
        ended = usenetsync("nzb", "tree", "-o", tmp_path / "tree.nzb", "--json")
        of_index = usenetsync.query(INDEX_ARTICLES)[0][0]
        assert ended.event("nzb")["articles"] == len(server.articles) - of_index


def test_from_the_shards_to_usenet(usenetsync: Command, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    _tree(root, random.Random(5))
    usenetsync("upload", root)
    with ScriptedServer() as server:
        configure(home, server_table(server))
        assert "nothing changed" in usenetsync("upload", root).out, "a folder stays where it is"
        usenetsync("upload", root, "--store", "usenet")
        assert len(server.articles) > 10
        for version in ("1", "2"):
            usenetsync("restore", "tree", tmp_path / version, "--version", version)
            assert trees.compare_trees(root, tmp_path / version) == []
    names = b"".join(server.articles.values())
    assert b"large00" not in names
    assert b"usenetsync" not in names.lower()


def test_a_copy_is_enough_when_a_server_is_dead(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    _tree(root, random.Random(6))
    with ScriptedServer() as first, ScriptedServer() as second:
        tables = server_table(first, "first"), server_table(second, "second")
        configure(home, *tables, server_patience=600)
        usenetsync("upload", root, "--copies", "2")
        first.stop()
        usenetsync("restore", "tree", tmp_path / "out")
        assert trees.compare_trees(root, tmp_path / "out") == []
        with first:
            pass


def test_what_is_lost_for_good_is_reported_every_time(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "file").write_bytes(trees.content(100_000, 1))
    with ScriptedServer() as server:
        configure(home, server_table(server))
        usenetsync("upload", root)
        (root / "file").write_bytes(trees.content(100_000, 2))
        old = set(server.articles)
        usenetsync("upload", root)
        for name in old:
            del server.articles[name]
        for _ in range(2):
            ended = usenetsync("verify", "tree", expect=3)
            assert "version 1 still lacks 1" in ended.out
        usenetsync("restore", "tree", tmp_path / "2")
        assert trees.compare_trees(root, tmp_path / "2") == []
        usenetsync("restore", "tree", tmp_path / "1", "--version", "1", expect=3)


def test_files_already_present_are_restored_without_the_servers(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    _tree(root, random.Random(7))
    usenetsync("upload", root)
    with ScriptedServer() as server:
        configure(home, server_table(server))
        usenetsync("upload", root, "--store", "usenet")
    configure(home)
    usenetsync("restore", "tree", tmp_path / "1", "--version", "1")
    assert trees.compare_trees(root, tmp_path / "1") == []
    ended = usenetsync("restore", "tree", tmp_path / "2", expect=3)
    assert "There is no server" in ended.out
    assert "There is no server" in usenetsync("upload", root, expect=1).out
