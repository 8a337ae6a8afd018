"""What the tests of the source guard have in common."""

from __future__ import annotations

import subprocess
from pathlib import Path

from worlds import World

from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.pipeline.run.outcome import Outcome


def fill(folder: Path, count: int, word: str = "file") -> None:
    """So many small files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{word}{number:04}").write_bytes(b"%d of " % number + word.encode())


def copy_all(tree: Path, to: Path, *, over: bool = True) -> None:
    """What is in a tree, with its times; what is there already is replaced, or stays."""
    subprocess.run(["cp", "-a" if over else "-an", f"{tree}/.", to], check=True)


def rows(world: World) -> set[tuple[object, ...]]:
    """All rows of finished versions, as far as they say which file is in which version."""
    return set(
        world.query(
            "SELECT path_key, first_version, last_version, size, mtime_ns, object_id FROM files"
        )
    )


async def refused(world: World, outcome: Outcome | None = None) -> Refusal:
    """An upload that is refused, and of which no version has come."""
    before = [s for s in await world.snapshots() if s.state]
    if outcome is None:
        outcome = await world.upload()
    assert outcome.state is JobState.FAILED, outcome
    assert outcome.refusal is not None
    assert [s for s in await world.snapshots() if s.state] == before
    assert "Nothing was removed" in outcome.message
    assert world.query("SELECT count(*) FROM vanished") == [(0,)]
    return outcome.refusal


async def nothing_new(world: World, version: int) -> None:
    """An upload that reads nothing and finds nothing changed."""
    outcome = await world.upload()
    assert outcome.message == f"nothing changed since version {version}", outcome
    assert outcome.state is JobState.COMPLETED
    assert world.run is not None
    assert (world.run.progress.total_files, world.run.progress.done_files) == (0, 0)
    assert [s.version for s in await world.snapshots()][-1] == version


async def guarded(world: World, *paths: bytes) -> list[str]:
    """An upload that is incomplete for these mount points and nothing else; the reasons."""
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE, (outcome, await world.notices())
    notices = await world.notices()
    assert [(n.kind, n.path) for n in notices] == [(NoticeKind.GUARDED, p) for p in paths]
    return [n.reason for n in notices]


def files(world: World, version: int) -> set[bytes]:
    """The paths of a version."""
    found = world.query(
        "SELECT path_key FROM files WHERE first_version <= %s"
        " AND (last_version IS NULL OR last_version >= %s)",
        version,
        version,
    )
    return {path for (path,) in found if isinstance(path, bytes)}
