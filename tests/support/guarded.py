"""Functions that the tests of the source guard share."""

from __future__ import annotations

import subprocess
from pathlib import Path

from worlds import World

from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.model.sources import Refusal


def fill(folder: Path, count: int, word: str = "file") -> None:
    """Create so many small files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{word}{number:04}").write_bytes(b"%d of " % number + word.encode())


def copy_all(tree: Path, to: Path, *, over: bool = True) -> None:
    """Copy the content of a tree with its times; existing files are replaced, or stay."""
    subprocess.run(["cp", "-a" if over else "-an", f"{tree}/.", to], check=True)


def rows(world: World) -> set[tuple[object, ...]]:
    """The columns of all rows that say which version contains which file."""
    return set(
        world.query(
            "SELECT path_key, first_version, last_version, size, mtime_ns, object_id FROM files"
        )
    )


async def refused(world: World, outcome: Outcome | None = None) -> Refusal:
    """Check that an upload is refused and creates no version; returns the refusal."""
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
    """Check that an upload reads no file and finds no change."""
    outcome = await world.upload()
    assert outcome.message == f"nothing changed since version {version}", outcome
    assert outcome.state is JobState.COMPLETED
    assert world.run is not None
    assert (world.run.progress.total_files, world.run.progress.done_files) == (0, 0)
    assert [s.version for s in await world.snapshots()][-1] == version


async def guarded(world: World, *paths: bytes) -> list[str]:
    """Check that only these mount points make an upload incomplete; returns the reasons."""
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
