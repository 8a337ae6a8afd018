"""Promise 2: killed at any moment, nothing is lost or posted twice; with both digests."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trees
from acceptance_command import Command

ROUNDS = 14
"""Rounds in all: half of them in each of two homes, at once."""

# Each query must return no row, whatever happened.
INVARIANTS = {
    "a copy of a segment under two Message-IDs": """
        SELECT realm_id, hash, redundancy FROM segments WHERE status <> 6
        GROUP BY 1, 2, 3 HAVING count(DISTINCT message_id) > 1""",
    "posted, but not in the store": """
        SELECT s.message_id FROM segments s LEFT JOIN articles a USING (message_id)
        WHERE s.status IN (2, 3) AND a.message_id IS NULL""",
    "in the store, but not in the ledger": """
        SELECT a.message_id FROM articles a LEFT JOIN segments s USING (message_id)
        WHERE s.message_id IS NULL""",
    "an object that counts wrongly": """
        SELECT o.id, o.posted FROM objects o
        LEFT JOIN (SELECT object_id, count(*) AS n FROM segments WHERE status IN (2, 3)
                   GROUP BY 1) AS s ON s.object_id = o.id
        WHERE o.posted <> coalesce(s.n, 0)
           OR o.complete <> (o.posted >= o.segments::bigint * o.copies)""",
    "a file whose object is unknown": """
        SELECT f.path_key FROM files f LEFT JOIN objects o ON o.id = f.object_id
        WHERE f.object_id IS NOT NULL AND o.id IS NULL AND f.last_version IS NULL""",
    "two rows of a path at one version": """
        SELECT a.path_key FROM files a JOIN files b USING (folder_id, path_key)
        WHERE a.first_version < b.first_version
          AND (a.last_version IS NULL OR a.last_version >= b.first_version)""",
}
UNDER_WAY = """
    SELECT (EXISTS (SELECT FROM segments WHERE status IN (0, 1))
            OR EXISTS (SELECT FROM files WHERE state = 0))::int"""
POSTED = "SELECT count(*) FROM segments WHERE status IN (2, 3)"
FINISHED = {
    "an article not posted": "SELECT message_id FROM segments WHERE status NOT IN (2, 3, 6)",
    "an object not complete": "SELECT id FROM objects WHERE NOT complete",
    "a file not planned": "SELECT path_key FROM files WHERE state <> 1",
    "a job still running": "SELECT id FROM jobs WHERE state = 'running'",
}


def _grow(root: Path, rng: random.Random, generation: int) -> None:
    """New and changed files: some seconds of work for an upload."""
    small = root / f"small{generation % 5}"
    small.mkdir(parents=True, exist_ok=True)
    for _ in range(1500):
        (small / f"{rng.randrange(4000):04}.txt").write_bytes(rng.randbytes(rng.randrange(6000)))
    for _ in range(60):
        size = rng.randrange(500_000, 4_000_000)
        (root / f"large{rng.randrange(90):02}").write_bytes(rng.randbytes(size))
    (root / "same").write_bytes(bytes(3_000_000))


def _kill_server(pid: int | None) -> None:
    """Kill the embedded server and all its processes, at once."""
    if pid is None:
        return
    children = Path(f"/proc/{pid}/task/{pid}/children")
    family = [pid, *map(int, children.read_text().split())] if children.exists() else [pid]
    for member in family:
        try:
            os.kill(member, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it had ended by itself


@pytest.mark.slow
def test_kill_9_at_random_moments(
    usenetsync: Command, another_usenetsync: Command, tmp_path: Path
) -> None:
    seed = int(os.environ.get("USENETSYNC_TEST_SEED", time.time_ns() % 1_000_000))
    usenetsync.environment["USENETSYNC_DIGEST"] = "blake3"
    another_usenetsync.environment["USENETSYNC_DIGEST"] = "sha256"
    with ThreadPoolExecutor(2) as both:
        loops = [
            both.submit(_kill_and_resume, command, tmp_path / str(number), seed + number)
            for number, command in enumerate((usenetsync, another_usenetsync))
        ]
        in_the_middle = sum(loop.result() for loop in loops)
    # The test counts for nothing if all kills came before the work began or after it ended.
    assert in_the_middle >= ROUNDS // 4, f"seed {seed}"


def _kill_and_resume(usenetsync: Command, folder: Path, seed: int) -> int:
    """Half of the rounds in one home; returns how many kills interrupted work."""
    rng = random.Random(seed)
    root = folder / "tree"
    generation, killed, in_the_middle = 0, 0, 0
    usenetsync("folders")  # creates the tables that the checks query
    _grow(root, rng, generation)
    while killed < ROUNDS // 2:
        process = usenetsync.start("upload", root, "--json")
        # Some kills come during the start, most during the work.
        if rng.random() < 0.3:
            time.sleep(rng.uniform(0.0, 1.5))
        else:
            _wait_for_articles(usenetsync, process)
            time.sleep(rng.uniform(0.0, 1.0) ** 2)
        if process.poll() is not None:
            out, err = process.communicate()
            assert process.returncode == 0, f"seed {seed}: {out}\n{err}"
            generation += 1
            _grow(root, rng, generation)
            continue
        with_server = killed % 4 == 3
        pid = usenetsync.server.status().pid if with_server else None
        process.kill()
        process.communicate()
        _kill_server(pid)
        killed += 1
        in_the_middle += usenetsync.query(UNDER_WAY)[0][0]
        if killed % 5 == 0:
            _check(usenetsync, INVARIANTS, seed)
    usenetsync("upload", root)
    _check(usenetsync, INVARIANTS | FINISHED, seed)
    usenetsync("restore", "tree", folder / "out")
    assert trees.compare_trees(root, folder / "out") == [], f"seed {seed}"
    checked = usenetsync("verify", "tree", "--body", "--json").event("verified")
    assert checked["missing"] == checked["damaged"] == 0
    digest = usenetsync.environment["USENETSYNC_DIGEST"]
    of_files = "SELECT DISTINCT digest FROM realms WHERE NOT is_index"
    assert usenetsync.query(of_files) == [(digest,)]
    return in_the_middle


def _wait_for_articles(usenetsync: Command, upload: subprocess.Popen[str]) -> None:
    """Wait until an upload has posted more articles, or has ended."""
    before = usenetsync.query(POSTED)
    while upload.poll() is None and usenetsync.query(POSTED) == before:
        time.sleep(0.02)


def _check(usenetsync: Command, invariants: dict[str, str], seed: int) -> None:
    for what, sql in invariants.items():
        assert usenetsync.query(sql) == [], f"{what} (seed {seed})"
