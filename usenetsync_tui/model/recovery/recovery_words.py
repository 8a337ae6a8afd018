"""What a recovery string brings back, in words, for the command and the screen."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.model.folders import Snapshot, SnapshotState
from usenetsync_tui.model.text.figures import plural, size, when


def newest_indexed(versions: Sequence[Snapshot]) -> Snapshot | None:
    """The newest version that a recovery string brings back."""
    return max((v for v in versions if v.indexed), key=_number, default=None)


def brings_back(name: str, versions: Sequence[Snapshot]) -> list[str]:
    """Sentences about the versions of a folder; `name` is safe to show."""
    finished = [v for v in versions if v.state is not SnapshotState.BUILDING]
    newest, latest = newest_indexed(finished), max(finished, key=_number, default=None)
    if latest is None:
        return [f"It brings nothing back yet: {name} has no version. Upload it first."]
    if newest is None:
        return [f"It brings nothing back yet: no version of {name} has its index in the store."]
    at = when(newest.finished_at or newest.started_at)
    words = (
        f"It brings back {name}: version {newest.version} of {at}, "
        f"{plural(newest.files, 'file')}, {size(newest.size)}"
    )
    older = sum(v.indexed for v in finished) - 1
    words += f", and {plural(older, 'older version')}." if older else "."
    left = latest.version > newest.version
    return [words, f"Version {latest.version} is not in it yet."] if left else [words]


def _number(snapshot: Snapshot) -> int:
    return snapshot.version
