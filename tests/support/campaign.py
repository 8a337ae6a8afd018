"""A campaign: changes a tree, uploads it under attack, and checks the program's promises.

One `Campaign` has a home, a random generator and a store. Each cycle changes a tree and uploads it
with the real command, while it kills or stops the command, its database or its news server. Then it
checks: the restored version is identical (content, modes, times, links, owners), older versions
still are, no copy of a segment has two names, `verify` is clean, and the catalogue's sums agree
with its rows.

Every few cycles a new folder follows, with other settings, choices and number of files: they decide
which code stores it (`campaign_tree.MANY`).
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from pathlib import Path

import trees
from acceptance_command import Command, Ended
from campaign_attacks import Attacks
from campaign_tree import FEW, MANY, ChangingTree
from inn import Inn
from worlds import LEDGER

CYCLES = 4
"""Those of each folder."""
# Each query must return no row while no job runs.
INVARIANTS = LEDGER | {
    "an object with other segments than it says": """
        SELECT o.id FROM objects o LEFT JOIN segments s ON s.object_id = o.id AND s.status <> 6
         WHERE o.complete GROUP BY o.id
        HAVING count(s.object_id) <> o.segments::bigint * o.copies
            OR sum(s.size) FILTER (WHERE s.redundancy = 0) <> o.size""",
    "an object that will never be whole and that no file lies in": """
        SELECT o.id FROM objects o
         WHERE NOT o.complete AND NOT EXISTS (SELECT FROM files f WHERE f.object_id = o.id)""",
    "segments of no object": """
        SELECT s.object_id FROM segments s LEFT JOIN objects o ON o.id = s.object_id
         WHERE o.id IS NULL AND s.status <> 6""",
    "an article not posted": "SELECT message_id FROM segments WHERE status NOT IN (2, 3, 6)",
    "an object not complete": "SELECT id FROM objects WHERE NOT complete",
    "a file not planned": "SELECT path_key FROM files WHERE state <> 1 AND last_version IS NULL",
    "a job still running": "SELECT id FROM jobs WHERE state = 'running' AND queued",
    "a version that counts wrongly": """
        SELECT s.version, s.files, s.directories, s.symlinks, s.size FROM snapshots s
          JOIN LATERAL (
               SELECT count(*) FILTER (WHERE kind = 0) AS files,
                      count(*) FILTER (WHERE kind = 1) AS directories,
                      count(*) FILTER (WHERE kind = 2) AS symlinks,
                      coalesce(sum(size) FILTER (WHERE kind = 0), 0) AS size
                 FROM files f WHERE f.folder_id = s.folder_id AND f.first_version <= s.version
                  AND (f.last_version IS NULL OR f.last_version >= s.version)) AS n ON true
         WHERE (s.files, s.directories, s.symlinks, s.size)
            <> (n.files, n.directories, n.symlinks, n.size)""",
    "a version not whole": "SELECT version FROM snapshots WHERE state <> 1",
}
IN_SHARDS = {
    "posted, but not in the store": """
        SELECT s.message_id FROM segments s LEFT JOIN articles a USING (message_id)
         WHERE s.status IN (2, 3) AND a.message_id IS NULL""",
    "in the store, but not in the ledger": """
        SELECT a.message_id FROM articles a LEFT JOIN segments s USING (message_id)
         WHERE s.message_id IS NULL""",
}


class Campaign:
    """One home under attack; `report` records the attacks."""

    def __init__(self, command: Command, place: Path, seed: int, inn: Inn | None = None) -> None:
        self._rng = random.Random(seed)
        self._command = command
        self._place = place
        self._inn = inn
        self._seed = seed
        self._kept: dict[int, Path] = {}
        """Copies of the tree at some versions."""
        self._folders: list[str] = []
        self.cycles = 0
        self._folder, self._tree = self._new_folder()
        self._attacks = Attacks(command, inn, self._rng)
        self._seconds = 2.0
        """About as long as a command takes: the range of moments for an attack."""

    @property
    def report(self) -> str:
        """The counts in one line, for the log of a long run."""
        counts = ", ".join(f"{n} × {name}" for name, n in sorted(self._attacks.counts.items()))
        folders = "; ".join(self._folders)
        return f"seed {self._seed}: {self.cycles} cycles; {counts}; folders: {folders}"

    def run(self, seconds: float) -> None:
        """Run cycles until the time is over; at least one."""
        end = time.monotonic() + seconds
        while not self.cycles or time.monotonic() < end:
            if self.cycles and self.cycles % CYCLES == 0:
                self._folder, self._tree = self._new_folder()
            self._cycle()
            self.cycles += 1

    def _new_folder(self) -> tuple[str, ChangingTree]:
        """Name and tree of the next folder. The old one stays in the catalogue."""
        choose, number = self._rng.choice, self.cycles // CYCLES
        for copy in self._kept.values():
            shutil.rmtree(copy)
        self._kept.clear()
        files = FEW if number % 2 else MANY
        settings = {
            "DIGEST": choose(["blake3", "sha256"]),
            "BATCH_SIZE": choose(["7", "1000"]),
            "CHUNK_SIZE": choose(["50000", "768000"]),
            "MAX_WORKERS": choose(["1", "8"]),
        }
        for name, value in settings.items():
            self._command.environment[f"USENETSYNC_{name}"] = value
        profiles = [
            "sealed",
            *(["packed"] if self._inn is None else []),
            *(["plain"] if files == FEW else []),
        ]
        self._choices = {
            "--profile": choose(profiles),
            "--copies": choose(["1", "2"]),
        }
        values = [str(files), *settings.values(), *self._choices.values()]
        self._folders.append(" ".join(values))
        name = f"tree{number}"
        return name, ChangingTree(self._place / name, self._rng, files)

    def _cycle(self) -> None:
        self._tree.change(self._rng.randrange(1, 60))
        for _ in range(self._rng.randrange(1, 4)):
            self._attack(*self._upload)
            if self._rng.random() < 0.3:
                self._tree.change(self._rng.randrange(10))  # between kill and resume
        ended = self._finished(*self._upload)
        version = ended.event("summary")["version"]
        self._keep(version)
        self._restore_and_compare(version)
        if self._rng.random() < 0.3:
            self._restore_and_compare(self._rng.choice(sorted(self._kept)))
        self._verify()
        self._look()

    @property
    def _upload(self) -> tuple[str | Path, ...]:
        choices = [word for choice in self._choices.items() for word in choice]
        # A directory with most files may be renamed; the guard of the source is not tested here.
        return "upload", self._tree.root, *choices, "--allow-shrink", "--json"

    def _attack(self, *words: str | Path) -> None:
        self._attacks.strike(self._command.start(*words), self._seconds)

    def _finished(self, *words: str | Path) -> Ended:
        begun = time.monotonic()
        ended = self._command(*words, expect=None)
        self._seconds = 1.2 * (time.monotonic() - begun)
        assert ended.code == 0, f"{self.report}\n{words}: {ended}"
        return ended

    def _keep(self, version: int) -> None:
        copy = self._place / f"as version {version}"
        if copy.exists():
            return  # no changes since then
        subprocess.run(["cp", "-a", self._tree.root, copy], check=True)
        self._kept[version] = copy
        if len(self._kept) > 6:
            gone = self._rng.choice(sorted(self._kept)[:-1])
            shutil.rmtree(self._kept.pop(gone))

    def _restore_and_compare(self, version: int) -> None:
        out = self._place / "out"
        words = ("restore", self._folder, out, "--version", str(version), "--json")
        if self._rng.random() < 0.4:
            self._attack(*words)
        self._finished(*words)
        differences = trees.compare_trees(self._kept[version], out, owners=True)
        assert differences == [], f"{self.report}\nversion {version}: {differences[:10]}"
        shutil.rmtree(out)

    def _verify(self) -> None:
        """`verify` is clean; a news server that was killed may have lost acknowledged articles."""
        bodies = ["--body"] if self._rng.random() < 0.3 else []
        if self._inn is not None:
            self._finished("verify", self._folder, "--json", *bodies)
        found = self._finished("verify", self._folder, "--json", *bodies).event("verified")
        bad = {name: found.get(name, 0) for name in ("missing", "damaged", "unknown")}
        assert not any(bad.values()), f"{self.report}\n{found}"

    def _look(self) -> None:
        for what, sql in (INVARIANTS | ({} if self._inn else IN_SHARDS)).items():
            rows = self._command.query(sql)
            assert rows == [], f"{self.report}\n{what}: {rows[:5]}"
