"""`kill -9` of `forget` and of PostgreSQL at any moment: every kept version stays whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import LiteralString

import anyio
import psycopg
import pytest
import trees
from acceptance_command import Command, Ended
from engine_ground import new_engine

from usenetsync_tui.model.commands.command import Command as Wish
from usenetsync_tui.model.commands.jobs import Restore, Upload, Verify
from usenetsync_tui.model.jobs import JobState

_ROUNDS, _DAYS = 1, 4
_MANY_ROUNDS, _MANY_DAYS = 20, 60
_LAST_DAY = datetime(2026, 3, 2, 12)  # a Monday


class Days:
    """A folder that is backed up every day, and what it was like."""

    def __init__(self, usenetsync: Command, root: Path, copies: Path) -> None:
        self.usenetsync, self.root, self.copies = usenetsync, root, copies
        self.kept: dict[int, Path] = {}
        root.mkdir()

    def asked(self, wish: Wish) -> None:
        """Have an engine in this process do a job, which must be completed."""
        server = self.usenetsync.server
        engine = new_engine(server.acquire(), self.usenetsync.home)
        engine.submit(wish)
        try:
            anyio.run(partial(engine.run, until_idle=True))
        finally:
            server.release()
        (summary,) = engine.summaries.values()
        assert summary.outcome.state is JobState.COMPLETED, summary

    def version(self, day: int, days: int, rng: random.Random) -> None:
        """The version of a day: small files change, a large one is another."""
        for _ in range(3):
            (self.root / f"small {rng.randrange(30):02}").write_bytes(rng.randbytes(2_000))
        (self.root / "large").write_bytes(rng.randbytes(42_000_000 // days))
        self.asked(Upload(os.fsencode(self.root)))
        self.kept[day] = self.copies / str(day)
        shutil.copytree(self.root, self.kept[day])
        shutil.copystat(self.root, self.kept[day])
        self.usenetsync.query(
            f"UPDATE snapshots SET started_at = '{_began(day, days)}'"
            f" WHERE version = {day} RETURNING version"
        )

    def assert_whole(self, scratch: Path) -> None:
        for version, copy in self.kept.items():
            target = scratch / str(version)
            self.asked(Restore(1, os.fsencode(target), version))
            assert trees.compare_trees(copy, target) == [], version
        self.asked(Verify(1, bodies=True))

    def killed_once(
        self, rules: list[str], rng: random.Random, *, database: bool, late: bool
    ) -> int:
        """Begin to forget, and kill the program, or the database, some transactions later.

        `late`: not before packs are written again. Returns how many of the forgotten versions are
        not erased yet.
        """
        server = self.usenetsync.server
        conninfo = server.acquire()
        try:
            process = self.usenetsync.start("forget", "tree", *rules, "--yes", **_ROW_BY_ROW)
            with psycopg.connect(conninfo, autocommit=True) as connection:
                waits = late
                while waits and process.poll() is None:
                    waits = connection.execute(_NOT_REPACKED).fetchone() == (True,)
                for _ in range(1 if late else rng.randrange(1, 4)):
                    _wait_for_a_change(connection, process)
            if database:
                pid_file = server.folders[0] / "postgresql" / "postmaster.pid"
                os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
            process.kill()
            process.communicate()
        finally:
            server.release()
        ((left,),) = self.usenetsync.query(
            "SELECT count(*) FROM forgotten_versions WHERE NOT erased"
        )
        return int(left)


_ROW_BY_ROW = {"USENETSYNC_BATCH_SIZE": "1"}
_STATE: LiteralString = """
    SELECT (SELECT count(*) FROM snapshots), (SELECT count(*) FROM files),
           (SELECT count(*) FROM objects), (SELECT count(*) FROM segments),
           (SELECT count(*) FROM worn_packs)
"""
_NOT_REPACKED: LiteralString = (
    "SELECT NOT EXISTS (SELECT FROM objects WHERE rewritten_at IS NOT NULL)"
)


def _wait_for_a_change(
    connection: psycopg.Connection[tuple[int, ...]], process: Popen[str]
) -> None:
    before = connection.execute(_STATE).fetchone()
    while process.poll() is None and connection.execute(_STATE).fetchone() == before:
        time.sleep(0.005)


@pytest.mark.slow
def test_what_only_forgotten_versions_need_is_freed_and_nothing_else(
    usenetsync: Command, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rounds, rng = request.config.getoption("--kill-rounds") or _ROUNDS, random.Random(15)
    days = _MANY_DAYS if rounds >= _MANY_ROUNDS else _DAYS
    (tmp_path / "copies").mkdir()
    tree = Days(usenetsync, tmp_path / "tree", tmp_path / "copies")
    for day in range(1, days + 1):
        tree.version(day, days, rng)
    daily, weekly = (1, 2) if days == _DAYS else (7, 4)
    rules = ["--keep-daily", str(daily), "--keep-weekly", str(weekly)]
    gone = sorted(tree.kept.keys() - _kept(days, daily, weekly))
    for day in gone:
        del tree.kept[day]
    preview = told(usenetsync("forget", "tree", *rules, "--dry-run", "--json"))
    assert preview["versions"] == gone and preview["freed_bytes"] > len(gone) * 600_000
    for number in range(rounds):
        late = number >= rounds // 2  # so the last kills, or the only one
        left = tree.killed_once(rules, rng, database=number % 3 == 1, late=late)
        assert left or late, "killed in between"
    ended = usenetsync("forget", "tree", *rules, "--yes", "--json")
    assert ended.event("summary")["state"] == "completed"
    status = usenetsync("db", "status", "--json").event("db")
    assert preview["repacked_bytes"] > 0 == preview["packed_bytes"]
    assert status["freed_bytes"] >= 0.9 * (preview["freed_bytes"] + preview["repacked_bytes"])
    assert status["freed"][0]["disk_after"] < status["freed"][-1]["disk_before"]
    tree.assert_whole(tmp_path / "out")
    there = usenetsync.query("SELECT version FROM snapshots ORDER BY 1")
    assert [version for (version,) in there] == sorted(tree.kept)
    found = [e for e in usenetsync("doctor", "--json", expect=None).events if "check" in e]
    (catalogue,) = [e for e in found if e["check"] == "catalogue"]
    assert catalogue["grade"] == "good", catalogue
    string = usenetsync("share", "tree", "--json").event("share")["string"]
    url = usenetsync("db", "url", "--json").event("url")["url"]
    for version, copy in tree.kept.items():
        target = tmp_path / f"{version} by string"
        usenetsync("restore", string, target, "--database", url, "--version", str(version))
        assert trees.compare_trees(copy, target) == [], version


def _began(day: int, days: int) -> datetime:
    return _LAST_DAY - timedelta(days=days - day)


def _kept(days: int, daily: int, weekly: int) -> set[int]:
    """The versions of the last days, and the last one of each of the last weeks."""
    last_of_week = {_began(day, days).isocalendar()[:2]: day for day in range(1, days + 1)}
    return {*range(days - daily + 1, days + 1), *sorted(last_of_week.values())[-weekly:]}


def told(ended: Ended) -> dict[str, object]:
    """What `forget --dry-run` says of all versions together."""
    return ended.event("forget_preview")
